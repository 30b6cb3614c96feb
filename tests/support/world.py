"""A small made-up site, its readings, and what the database says of them."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import psycopg

from services.observation.instants import SECOND, micros
from services.observation.senml import Record, record

T0 = micros("2025-11-18T00:00:00Z")
Reading = tuple[str, int, float]


def write_site(
    folder: Path,
    *,
    gateways: int = 4,
    stations: int = 5,
    interval_s: float = 60,
    reporting_s: float | None = None,
    attributes: dict[str, float] | None = None,
    rules: str = "",
) -> Path:
    """Write a site with water levels under several gateways; stations are `g<i>-s<j>`, areas `area-<i>`."""
    folder.mkdir(parents=True, exist_ok=True)
    toml = [
        "format = 1",
        'id = "thu-nghiem"',
        'name = { vi = "Thử nghiệm", en = "Trial" }',
        "bounds = [107, 10, 108, 11]",
    ]
    features, rows = [], ["sensor,unit,interval_s"]
    for g in range(gateways):
        names = [f"g{g}-s{s}" for s in range(stations)]
        toml += ["[[area]]", f'id = "area-{g}"', f'name = {{ vi = "Khu {g}", en = "Area {g}" }}']
        toml += ["[[gateway]]", f'id = "gw-{g}"', f'area = "area-{g}"', f"stations = {json.dumps(names)}"]
        if reporting_s is not None:
            toml.append(f"reporting_s = {reporting_s}")
        for s, name in enumerate(names):
            properties = {"name_vi": f"Trạm {name}", "name_en": f"Station {name}", "area": f"area-{g}"}
            at = [107.1 + g / 100, 10.3 + s / 100]
            features.append(
                {
                    "type": "Feature",
                    "id": name,
                    "geometry": {"type": "Point", "coordinates": at},
                    "properties": {**properties, **(attributes or {})},
                }
            )
            rows.append(f"{name}.water_level,m,{interval_s}")
    # Areas first: a TOML table ends where the next begins, so the order of tables is free.
    (folder / "site.toml").write_text("\n".join(toml) + "\n", "utf-8")
    (folder / "stations.geojson").write_text(
        json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1), "utf-8"
    )
    (folder / "sensors.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "rules.toml").write_text(rules, "utf-8")
    return folder


def packs(
    gateway: int, count: int, *, stations: int = 5, start: int = T0, step_s: float = 60
) -> list[list[Record]]:
    """`count` packs of one gateway, one reading per station each; no two values are alike."""
    return [
        [
            record(
                f"g{gateway}-s{s}.water_level",
                start + int(n * step_s * SECOND),
                gateway * 1000 + s * 100 + n / 1024,
            )
            for s in range(stations)
        ]
        for n in range(count)
    ]


def readings_of(sent: Iterable[Sequence[Record]]) -> set[Reading]:
    """What the packs say, as (sensor, µs, value)."""
    return {(str(r.n), round((r.t or 0) * 1e6), float(r.v or 0)) for pack in sent for r in pack}


def rows_of(database: str) -> list[Reading]:
    """Every observation in the database, as (sensor, µs, value)."""
    query = """
        SELECT s.name, (extract(epoch FROM o.time) * 1000000)::bigint, o.value
        FROM observation o JOIN sensor s ON s.id = o.sensor_id WHERE NOT s.derived
    """
    with psycopg.connect(database) as connection:
        return [(name, time, value) for name, time, value in connection.execute(query).fetchall()]
