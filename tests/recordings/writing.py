"""Writing recordings and small sites: what every converter has in common."""

import csv
import json
import os
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from services.observation.instants import iso

GMT = UTC
VIET_NAM = timezone(timedelta(hours=7))
BEIJING = timezone(timedelta(hours=8))
MINUTE, HOUR = 60_000_000, 3_600_000_000


class Recording(NamedTuple):
    """A converted recording.

    Attributes:
        site: folder of a small site that owns the sensors.
        files: recordings.
        truth: when which threshold was exceeded, if a threshold is known.
        counts: what was read, written and left out, and why.
    """

    site: Path
    files: list[Path]
    truth: Path | None
    counts: dict[str, int]


class Station(NamedTuple):
    """A station of a small site; `sensors` are (property, unit, interval_s)."""

    id: str
    vi: str
    en: str
    area: str
    lon: float
    lat: float
    sensors: Sequence[tuple[str, str, float]]
    attributes: Mapping[str, float] = {}


class Gateway(NamedTuple):
    """A gateway of a small site; its area is its first station's unless given."""

    id: str
    stations: Sequence[Station]
    area: str = ""


class Row(NamedTuple):
    """A reading: µs UTC, sensor, value as text, unit where it is not the sensor's."""

    time: int
    sensor: str
    value: str
    unit: str = ""


def data() -> Path:
    """The folder of real recordings beside the project, or where HAIDANG_TEST_DATA says."""
    given = os.environ.get("HAIDANG_TEST_DATA")
    return Path(given) if given else Path(__file__).resolve().parents[3] / "shared" / "data"


def micros(when: datetime) -> int:
    """An aware time in µs."""
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def local(text: str, form: str, zone: timezone) -> int:
    """A local time text in µs UTC."""
    return micros(datetime.strptime(text, form).replace(tzinfo=zone))


def slug(text: str) -> str:
    """`Củng Sơn` → `cung-son`."""
    plain = unicodedata.normalize("NFD", text.replace("Đ", "D").replace("đ", "d"))
    kept = "".join(c if c.isascii() and c.isalnum() else "-" if c in " -_" else "" for c in plain.lower())
    return "-".join(part for part in kept.split("-") if part)


def write_rows(file: Path, rows: Iterable[Row]) -> int:
    """Write a recording of readings; returns the number of rows."""
    rows = list(rows)
    units = any(row.unit for row in rows)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time", "sensor", "value", "unit"] if units else ["time", "sensor", "value"])
        writer.writerows(
            [iso(r.time), r.sensor, r.value, r.unit] if units else [iso(r.time), r.sensor, r.value]
            for r in rows
        )
    return len(rows)


def write_strikes(file: Path, strikes: Iterable[tuple[int, str, str, str, str]]) -> int:
    """Write a recording of strikes: µs, source, lat, lon, type."""
    strikes = list(strikes)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time", "source", "lat", "lon", "type"])
        writer.writerows([iso(time), *rest] for time, *rest in strikes)
    return len(strikes)


def write_truth(file: Path, rows: Iterable[tuple[int, int, str, str, str]]) -> Path:
    """Write a truth file: start and end in µs, area, hazard, severity."""
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["start", "end", "area", "hazard", "severity"])
        writer.writerows([iso(start), iso(end), *rest] for start, end, *rest in sorted(rows))
    return file


def exceedances(
    series: Sequence[tuple[int, float]], threshold: float, apart: int = 6 * HOUR
) -> list[tuple[int, int]]:
    """First and last reading at or above a threshold, per event.

    Dips shorter than `apart` do not end an event: a truth row reaches six hours back, so two rows
    closer than that could not be told apart by their alerts. Nor does a pause in which nothing was read.
    """
    events: list[tuple[int, int]] = []
    dipped = True
    for time, value in sorted(series):
        if value < threshold:
            dipped = True
        elif events and (not dipped or time - events[-1][1] < apart):
            events[-1] = (events[-1][0], time)
            dipped = False
        else:
            events.append((time, time))
            dipped = False
    return events


def write_site(
    folder: Path,
    site: str,
    name: tuple[str, str],
    zone: str,
    gateways: Sequence[Gateway],
    *,
    areas: Mapping[str, tuple[str, str]],
    sources: Sequence[Mapping[str, Any]] = (),
    rules: str = "",
) -> Path:
    """Write the four files of a small site."""
    folder.mkdir(parents=True, exist_ok=True)
    stations = [station for gateway in gateways for station in gateway.stations]
    lines = [
        "format = 1",
        f'id = "{site}"',
        f"name = {_name(*name)}",
        f'zone = "{zone}"',
        'languages = ["vi", "en"]',
    ]
    lines.append(f"bounds = {_bounds(stations)}")
    for area, texts in areas.items():
        lines += ["", "[[area]]", f'id = "{area}"', f"name = {_name(*texts)}"]
    for gateway in gateways:
        area = gateway.area or gateway.stations[0].area
        names = json.dumps([station.id for station in gateway.stations])
        lines += ["", "[[gateway]]", f'id = "{gateway.id}"', f'area = "{area}"', f"stations = {names}"]
    for source in sources:
        lines += ["", "[[source]]", *(f"{key} = {json.dumps(value)}" for key, value in source.items())]
    (folder / "site.toml").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "stations.geojson").write_text(_geojson(stations), "utf-8")
    rows = [f"{s.id}.{prop},{unit},{interval:g}" for s in stations for prop, unit, interval in s.sensors]
    (folder / "sensors.csv").write_text("\n".join(["sensor,unit,interval_s", *rows]) + "\n", "utf-8")
    (folder / "rules.toml").write_text(rules, "utf-8")
    return folder


def _name(vi: str, en: str) -> str:
    return f"{{ vi = {json.dumps(vi, ensure_ascii=False)}, en = {json.dumps(en, ensure_ascii=False)} }}"


def _bounds(stations: Sequence[Station]) -> list[float]:
    lons, lats = [s.lon for s in stations] or [0.0], [s.lat for s in stations] or [0.0]
    return [round(x, 3) for x in (min(lons) - 0.5, min(lats) - 0.5, max(lons) + 0.5, max(lats) + 0.5)]


def _geojson(stations: Sequence[Station]) -> str:
    features = [
        {
            "type": "Feature",
            "id": s.id,
            "geometry": {"type": "Point", "coordinates": [s.lon, s.lat]},
            "properties": {"name_vi": s.vi, "name_en": s.en, "area": s.area, **s.attributes},
        }
        for s in stations
    ]
    return (
        json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, indent=1) + "\n"
    )
