"""The sea: the tide at Vlissingen, the waves off Oregon."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from services.alerts.hazards._flood_tide import fit, predicted
from services.observation.instants import micros as to_micros
from tests.recordings.writing import (
    GMT,
    Gateway,
    Recording,
    Row,
    Station,
    data,
    exceedances,
    local,
    write_rows,
    write_site,
    write_truth,
)

PHASES = {"watch": 3.30, "warning": 3.70}
VLISSINGEN_RULES = f"""\
[[rule]]
id = "vlissingen-surge"
hazard = "flood"
property = "tide_level"
watch = {PHASES["watch"]}
warning = {PHASES["warning"]}
hysteresis = 0.05
off_delay_s = 1800
status = "guideline"
source = "Waterschap Scheldestromen: phase 1 from NAP +3.30 m, phase 2 (dike watch) from +3.70 m"
"""


CALM = ("2018-02-01T00:00:00Z", "2018-04-01T00:00:00Z")
"""Without the storms of January: what the tide is fitted to."""


def vlissingen_tide(out: Path) -> Recording:
    """The same with the predicted tide of its calm part, and no rule but the defaults: surge alone.

    The truth is a residual of half a metre or more by the same prediction: it can't prove the prediction.
    """
    rows, series = _vlissingen()
    time, level = (np.array(column) for column in zip(*series, strict=True))
    calm = (time >= to_micros(CALM[0])) & (time < to_micros(CALM[1]))
    tide = fit(time[calm], level[calm])
    residual = level - predicted(time, tide)
    site = _vlissingen_site(out, tide.attributes(), "")
    surge = list(zip(time.tolist(), residual.tolist(), strict=True))
    truth = [
        (start, end, "vlissingen", "flood", severity)
        for severity, limit in (("advisory", 0.3), ("watch", 0.5))
        for start, end in exceedances(surge, limit)
    ]
    file = out / "vlissingen.csv"
    counts = {"written": write_rows(file, rows), "left_out": 0, "truth_rows": len(truth)}
    return Recording(site, [file], write_truth(out / "truth.csv", truth), counts)


def vlissingen(out: Path) -> Recording:
    """Rijkswaterstaat, 2018-01-01 to 2018-04-01, 10 min, GMT, m to NAP; a real outage on 17 January."""
    rows, series = _vlissingen()
    site = _vlissingen_site(out, {}, VLISSINGEN_RULES)
    truth = [
        (start, end, "vlissingen", "flood", severity)
        for severity, level in PHASES.items()
        for start, end in exceedances(series, level)
    ]
    file = out / "vlissingen.csv"
    counts = {"written": write_rows(file, rows), "left_out": 0, "truth_rows": len(truth)}
    return Recording(site, [file], write_truth(out / "truth.csv", truth), counts)


def _vlissingen() -> tuple[list[Row], list[tuple[int, float]]]:
    source = data() / "tide/rws_vlissingen_waterlevel_10min_20180101-20180401.noos"
    rows, series = [], []
    for line in source.read_text("ascii").splitlines():
        if not line.startswith("#"):
            when, value = line.split()
            rows.append(Row(local(when, "%Y%m%d%H%M", GMT), "vlissingen.tide_level", value))
            series.append((rows[-1].time, float(value)))
    return rows, series


def _vlissingen_site(out: Path, attributes: Mapping[str, float], rules: str) -> Path:
    station = Station(
        "vlissingen",
        "Vlissingen",
        "Vlissingen",
        "vlissingen",
        3.597577,
        51.443861,
        [("tide_level", "m", 600)],
        attributes,
    )
    return write_site(
        out / "site",
        "vlissingen",
        ("Vlissingen, sông Schelde", "Vlissingen, Scheldt"),
        "Europe/Amsterdam",
        [Gateway("rws-vlissingen", [station])],
        areas={"vlissingen": ("Vlissingen", "Vlissingen")},
        rules=rules,
    )


BUOY = {
    "WDIR": ("wind_direction", "deg"),
    "WSPD": ("wind_speed", "m/s"),
    "WVHT": ("wave_height", "m"),
    "DPD": ("wave_period", "s"),
    "MWD": ("wave_direction", "deg"),
    "PRES": ("air_pressure", "hPa"),
    "ATMP": ("air_temperature", "Cel"),
    "WTMP": ("water_temperature", "Cel"),
}
"""Columns that hold values; GST, APD, DEWP, VIS and TIDE are MM throughout, PTDY is a tendency."""


NEWPORT_BEACH = {"shore_normal_deg": 270.0}
"""The coast of Oregon runs north to south; the bearing is to the sea. The buoy has no tide."""


def ndbc(out: Path) -> Recording:
    """NDBC buoy 46097, 2019-02-16 to 2019-04-02, 10 min, UTC, newest first; MM is missing."""
    source = data() / "waves/ndbc_46097_stdmet_10min_20190216-20190402.txt"
    lines = source.read_text("ascii").splitlines()
    columns = lines[0].lstrip("#").split()
    rows, missing = [], 0
    for line in lines[2:]:
        cells = line.split()
        time = local(" ".join(cells[:5]), "%Y %m %d %H %M", GMT)
        for name, (prop, _) in BUOY.items():
            value = cells[columns.index(name)]
            if value == "MM":
                missing += 1
            else:
                rows.append(Row(time, f"ndbc-46097.{prop}", value))
    rows.sort(key=lambda row: row.time)
    waves = ("wave_height", "wave_period", "wave_direction")
    sensors = [(prop, unit, 3_600.0 if prop in waves else 600.0) for prop, unit in BUOY.values()]
    station = Station("ndbc-46097", "Phao 46097", "Buoy 46097", "newport", -124.95, 44.62, sensors)
    # Nobody measured there: the nearest open beach, so that the waves of the buoy say something of a rip.
    beach = Station("agate-beach", "Bãi Agate", "Agate Beach", "newport", -124.06, 44.66, [], NEWPORT_BEACH)
    site = write_site(
        out / "site",
        "newport",
        ("Ngoài khơi Newport", "Off Newport, Oregon"),
        "America/Los_Angeles",
        [Gateway("ndbc", [station, beach])],
        areas={"newport": ("Newport", "Newport")},
    )
    file = out / "ndbc.csv"
    return Recording(site, [file], None, {"written": write_rows(file, rows), "missing": missing})
