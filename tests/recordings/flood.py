"""Floods: the Aire at Armley, the Vietnamese November of 2025, the Calder as negative control."""

import csv
import gzip
from collections import defaultdict
from pathlib import Path

from tests.recordings.writing import (
    GMT,
    VIET_NAM,
    Gateway,
    Recording,
    Row,
    Station,
    data,
    exceedances,
    local,
    slug,
    write_rows,
    write_site,
    write_truth,
)

AIRE_RULES = """\
# One threshold is published for Armley; the national ladder (BĐ) does not apply in Leeds.
[[rule]]
id = "aire-armley-flood"
hazard = "flood"
property = "water_level"
warning = 3.9
hysteresis = 0.05
off_delay_s = 1800
status = "guideline"
source = "Bokhove et al. (2020), Water 12, 652: flood threshold 3.9 m at Armley"
"""

VNDMS_RULES = """\
# Nothing of its own: the ladder of the flood hazard reads bd1, bd2, bd3 and historic_max of each station.
"""


def aire(out: Path) -> Recording:
    """EA, River Aire at Armley, 2015-11-01 to 2016-01-31, 15 min, GMT; Latin-1, 21 header lines.

    All 8,832 rows of each file are kept, whatever their state: none is marked missing.
    """
    sensors = {"stage": "armley.water_level", "flow": "armley.discharge"}
    rows: list[Row] = []
    for name, sensor in sensors.items():
        rows += _ea_kiwis(data() / f"flood/ea_aire_armley_F1707_{name}_15min_20151101-20160131.csv", sensor)
    rows.sort(key=lambda row: row.time)
    station = Station(
        "armley",
        "Armley, sông Aire",
        "Armley, River Aire",
        "leeds",
        -1.5737,
        53.8017,
        [("water_level", "m", 900), ("discharge", "m3/s", 900)],
    )
    site = write_site(
        out / "site",
        "aire",
        ("Sông Aire", "River Aire"),
        "Europe/London",
        [Gateway("ea-armley", [station])],
        areas={"leeds": ("Leeds", "Leeds")},
        rules=AIRE_RULES,
    )
    start, end = (local(t, "%d/%m/%Y %H:%M", GMT) for t in ("26/12/2015 10:15", "27/12/2015 18:00"))
    truth = write_truth(out / "truth.csv", [(start, end, "leeds", "flood", "warning")])
    file = out / "aire.csv"
    return Recording(site, [file], truth, {"written": write_rows(file, rows), "left_out": 0})


def _ea_kiwis(file: Path, sensor: str) -> list[Row]:
    lines = file.read_text("latin-1").splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith("Time stamp")) + 1
    return [
        Row(local(cells[0], "%d/%m/%Y %H:%M:%S", GMT), sensor, cells[1])
        for cells in csv.reader(lines[begin:])
    ]


LAKE = (
    ("water_level", "m", "Mực nước (m)"),
    ("inflow", "m3/s", "Q đến (m3/s)"),
    ("outflow", "m3/s", "Q xả (m3/s)"),
    # The header says m3; the values are millions of cubic metres (a lake of 200 is not a bucket).
    ("storage", "hm3", "Dung tích (m3)"),
)
RUNGS = (
    ("advisory", "bd1", 0.0),
    ("watch", "bd2", 0.0),
    ("warning", "bd3", 0.0),
    ("emergency", "historic_max", 0.0),
)
LAKE_RUNGS = (
    ("advisory", "normal_level", 0.1),
    ("watch", "raised_level", 0.0),
    ("warning", "raised_level", 0.0),
)


def vndms(out: Path) -> Recording:
    """VNDMS and the reservoir service, Ba and Hương-Bồ basins, 2025-11-13 to 2025-12-04.

    The header says UTC, the values are local (UTC+7). Alert levels stand in every row and become
    attributes of the station. Phú Ốc's record in the file is of 2025 itself (5.31 m, not reached again
    in this period). One lake has no coordinates in the file; those of its dam are filled in.
    """
    source = data() / "flood/vndms_ba_huong_202511.csv"
    stations: dict[str, Station] = {}
    rows: list[Row] = []
    levels: dict[str, list[tuple[int, float]]] = defaultdict(list)
    empty = 0
    with source.open(encoding="utf-8-sig", newline="") as stream:
        for line in csv.DictReader(stream):
            river = line["type"] == "River"
            name = slug(line["Trạm/Hồ"]) if river else f"ho-{slug(line['Trạm/Hồ'])}"
            station = stations.setdefault(name, _vndms_station(name, line, river=river))
            time = local(line["Thời gian (UTC)"], "%Y-%m-%d %H:%M", VIET_NAM)
            for prop, unit, column in LAKE[:1] if river else LAKE:
                if line[column]:
                    rows.append(Row(time, f"{station.id}.{prop}", line[column], unit))
                else:
                    empty += 1
            if line["Mực nước (m)"]:
                levels[name].append((time, float(line["Mực nước (m)"])))
    rows.sort(key=lambda row: row.time)
    truth = [
        (start, end, name, "flood", severity)
        for name, series in levels.items()
        for severity, attribute, more in (RUNGS if "bd1" in stations[name].attributes else LAKE_RUNGS)
        if attribute in stations[name].attributes
        for start, end in exceedances(series, stations[name].attributes[attribute] + more)
    ]
    gateways = [Gateway(f"vndms-{name}", [station]) for name, station in stations.items()]
    areas = {s.area: (s.vi, s.en) for s in stations.values()}
    site = write_site(
        out / "site",
        "vndms",
        ("Lũ tháng 11 năm 2025", "Floods of November 2025"),
        "Asia/Ho_Chi_Minh",
        gateways,
        areas=areas,
        rules=VNDMS_RULES,
    )
    file = out / "vndms.csv"
    counts = {"written": write_rows(file, rows), "empty_cells": empty, "truth_rows": len(truth)}
    return Recording(site, [file], write_truth(out / "truth.csv", truth), counts)


def _vndms_station(name: str, line: dict[str, str], *, river: bool) -> Station:
    vi = line["Trạm/Hồ"]
    basin = slug(line["Tên sông/Lưu vực"])
    # Bình Điền has no coordinates in the file.
    lon, lat = float(line["x"] or 107.5167), float(line["y"] or 16.3333)
    if not river:
        sensors = [(prop, unit, 43_200.0) for prop, unit, _ in LAKE]
        marks = {"normal_level": line["Mực nước BT (m)"], "raised_level": line["Mực nước GC (m)"]}
        attributes = {mark: float(text) for mark, text in marks.items() if text}
        return Station(name, f"Hồ {vi}", f"{vi} reservoir", name, lon, lat, sensors, attributes)
    columns = ("BĐ1 (m)", "BĐ2 (m)", "BĐ3 (m)", "Mực nước lịch sử (m)")
    attributes = {mark: float(line[c]) for (_, mark, _), c in zip(RUNGS, columns, strict=True)}
    # Hourly on the Hương and Bồ; on the Ba every 1 to 6 hours.
    interval = 3_600.0 if basin == "huong-bo" else 21_600.0
    return Station(
        name, f"Trạm {vi}", f"{vi} gauge", name, lon, lat, [("water_level", "m", interval)], attributes
    )


CALDER_PLACES = {
    "hebden-bridge": (-2.0115, 53.7409),
    "mytholmroyd": (-1.9816, 53.7300),
    "mytholmroyd-dauber-bridge": (-1.9750, 53.7290),
    "nutclough": (-2.0089, 53.7455),
    "todmorden-callis-bridge": (-2.0420, 53.7370),
    "bacup": (-2.2010, 53.7040),
    "gorple": (-2.0900, 53.7830),
    "gorpley": (-2.1060, 53.6950),
    "walshaw-dean-lodge": (-2.0490, 53.7870),
}
"""Longitude and latitude, approximate: the files carry none."""


def calder_near(out: Path) -> Recording:
    """The same with a level at each gauge 5 cm above the month's highest water: a near miss at every one."""
    return calder(out, near=0.05)


def calder(out: Path, near: float | None = None) -> Recording:
    """EA Hydrology API, Upper Calder, 2025-08-16 to 2025-09-13, 15 min, GMT. Negative control: no flood."""
    rows: list[Row] = []
    stations = []
    for file in sorted((data() / "flood/calder_2025").glob("*.csv.gz")):
        name, kind = file.name.removesuffix("-15min-Qualified.csv.gz").rsplit("-", 1)
        prop, unit = ("water_level", "m") if kind == "level" else ("rainfall", "mm")
        station = Station(
            slug(name),
            name.replace("-", " "),
            name.replace("-", " "),
            "calderdale",
            *CALDER_PLACES[slug(name)],
            [(prop, unit, 900)],
        )
        stations.append(station)
        with gzip.open(file, "rt", encoding="utf-8", newline="") as stream:
            mine = [
                Row(local(line["dateTime"], "%Y-%m-%dT%H:%M:%S", GMT), f"{station.id}.{prop}", line["value"])
                for line in csv.DictReader(stream)
            ]
        rows += mine
        if near is not None and kind == "level":
            level = round(max(float(row.value) for row in mine) + near, 3)
            stations[-1] = station._replace(attributes={"bd1": level})
    rows.sort(key=lambda row: row.time)
    site = write_site(
        out / "site",
        "calder",
        ("Thượng nguồn sông Calder", "Upper Calder"),
        "Europe/London",
        [Gateway("ea-calder", stations)],
        areas={"calderdale": ("Calderdale", "Calderdale")},
    )
    file = out / "calder.csv"
    truth = write_truth(out / "truth.csv", [])
    return Recording(site, [file], truth, {"written": write_rows(file, rows), "left_out": 0})
