"""Air: the reference monitor in Hà Nội, a low-cost node in Nhà Bè, a station in Beijing."""

import csv
import gzip
from collections import Counter
from datetime import timedelta
from pathlib import Path

from tests.recordings.writing import (
    BEIJING,
    GMT,
    HOUR,
    VIET_NAM,
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

HOUR_S = timedelta(hours=1).total_seconds()
MISSING = -999.0


CLASSES = {"advisory": 50.0, "watch": 80.0, "warning": 150.0, "emergency": 250.0}
"""PM2.5 at the lower end of the classes of VN_AQI above 100, 150, 200, 300 (Decision 1459/QĐ-TCMT)."""


def airnow(out: Path) -> Recording:
    """US Embassy Hà Nội, PM2.5, 2018 and 2020, hourly, local time at the end of the hour.

    Raw concentrations marked Valid; Missing (-999) and Invalid are left out and counted. The truth is the
    EPA's own NowCast concentration of the same hours, which stands beside them in the file, against the
    breakpoints of VN_AQI: another computation than ours, of the same instrument.
    """
    return _airnow(out, (2018, 2020))


def airnow_2018(out: Path) -> Recording:
    """The year 2018 alone."""
    return _airnow(out, (2018,))


def airnow_2020(out: Path) -> Recording:
    """January to July 2020 alone."""
    return _airnow(out, (2020,))


def _airnow(out: Path, years: tuple[int, ...]) -> Recording:
    rows: list[Row] = []
    nowcast: list[tuple[int, float]] = []
    seen: Counter[str] = Counter()
    for year in years:
        with (data() / f"air/airnow_hanoi_pm25_hourly_{year}.csv").open(
            encoding="utf-8", newline=""
        ) as stream:
            for line in csv.DictReader(stream):
                seen[line["QC Name"].lower()] += 1
                time = local(line["Date (LT)"], "%Y-%m-%d %I:%M %p", VIET_NAM)
                if line["QC Name"] == "Valid" and float(line["Raw Conc."]) > MISSING:
                    rows.append(Row(time, "us-embassy.pm2_5", line["Raw Conc."]))
                if float(line["NowCast Conc."] or MISSING) > MISSING:
                    nowcast.append((time, float(line["NowCast Conc."])))
    rows.sort(key=lambda row: row.time)
    station = Station(
        "us-embassy",
        "Đại sứ quán Hoa Kỳ",
        "US Embassy",
        "ha-noi",
        105.8169,
        21.0217,
        [("pm2_5", "ug/m3", HOUR_S)],
    )
    site = write_site(
        out / "site",
        "ha-noi",
        ("Hà Nội", "Hà Nội"),
        "Asia/Ho_Chi_Minh",
        [Gateway("airnow", [station])],
        areas={"ha-noi": ("Hà Nội", "Hà Nội")},
    )
    file = out / "airnow.csv"
    truth = write_truth(out / "truth.csv", _classes(nowcast, "ha-noi"))
    return Recording(site, [file], truth, {"written": write_rows(file, rows), **seen})


def _classes(series: list[tuple[int, float]], area: str) -> list[tuple[int, int, str, str, str]]:
    """Spells at or above each class; what reached it is told at the end of its hour."""
    return [
        (start, end, area, "environment", severity)
        for severity, limit in CLASSES.items()
        for start, end in exceedances(series, limit)
    ]


def _means(series: list[tuple[int, float]], hours: int) -> list[tuple[int, float]]:
    """Plain mean of the hours up to each, where at least three in four are there."""
    value = dict(series)
    found = []
    for time, _ in series:
        past = [value[t] for back in range(hours) if (t := time - back * HOUR) in value]
        if len(past) * 4 >= hours * 3:
            found.append((time, sum(past) / len(past)))
    return found


def sensor_community(out: Path) -> Recording:
    """An SDS011 in Nhà Bè, October 2018, about every 145 s, UTC; 999.9 is the sensor's ceiling and kept."""
    name = "air/sensor_community_hcmc_nhabe_esp8266-12779556_201810.csv.gz"
    rows, empty = [], 0
    with gzip.open(data() / name, "rt", encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream, delimiter=";"):
            time = local(line["Time"], "%Y/%m/%d %H:%M:%S", GMT)
            for column, prop in (("SDS_P1", "pm10"), ("SDS_P2", "pm2_5")):
                if line[column]:
                    rows.append(Row(time, f"nha-be.{prop}", line[column].replace(",", ".")))
                else:
                    empty += 1
    station = Station(
        "nha-be",
        "Nhà Bè",
        "Nhà Bè",
        "nha-be",
        106.73,
        10.69,
        [("pm10", "ug/m3", 150), ("pm2_5", "ug/m3", 150)],
    )
    site = write_site(
        out / "site",
        "nha-be",
        ("Nhà Bè", "Nhà Bè"),
        "Asia/Ho_Chi_Minh",
        [Gateway("esp8266-12779556", [station])],
        areas={"nha-be": ("Nhà Bè", "Nhà Bè")},
    )
    file = out / "sensor_community.csv"
    return Recording(site, [file], None, {"written": write_rows(file, rows), "empty_cells": empty})


DONGSI = {
    "PM2.5": ("pm2_5", "ug/m3"),
    "PM10": ("pm10", "ug/m3"),
    "SO2": ("so2", "ug/m3"),
    "NO2": ("no2", "ug/m3"),
    "CO": ("co", "ug/m3"),
    "O3": ("o3", "ug/m3"),
    "TEMP": ("air_temperature", "Cel"),
    "PRES": ("air_pressure", "hPa"),
    "DEWP": ("dew_point", "Cel"),
    "RAIN": ("rainfall", "mm"),
    "WSPM": ("wind_speed", "m/s"),
    "wd": ("wind_direction", "deg"),
}
MEAN_HOURS = 12
COMPASS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")


def beijing(out: Path) -> Recording:
    """Dongsi, Beijing, 2014, hourly, UTC+8; NA is missing. Wind directions are compass points.

    The truth is the plain mean of twelve hours of PM2.5 against the breakpoints of VN_AQI: simpler than the
    Nowcast, of the same readings.
    """
    rows, missing = [], 0
    with (data() / "air/beijing_dongsi_hourly_2014.csv").open(encoding="utf-8", newline="") as stream:
        for line in csv.DictReader(stream):
            day = f"{line['year']}-{line['month']}-{line['day']}"
            time = local(day, "%Y-%m-%d", BEIJING) + int(line["hour"]) * HOUR
            for column, (prop, _) in DONGSI.items():
                text = line[column]
                if text == "NA":
                    missing += 1
                    continue
                value = f"{COMPASS.index(text) * 22.5:g}" if column == "wd" else text
                rows.append(Row(time, f"dongsi.{prop}", value))
    sensors = [(prop, unit, HOUR_S) for prop, unit in DONGSI.values()]
    station = Station("dongsi", "Đông Tứ", "Dongsi", "beijing", 116.417, 39.929, sensors)
    site = write_site(
        out / "site",
        "beijing",
        ("Bắc Kinh", "Beijing"),
        "Asia/Shanghai",
        [Gateway("bmemc", [station])],
        areas={"beijing": ("Bắc Kinh", "Beijing")},
    )
    file = out / "beijing.csv"
    series = [(row.time, float(row.value)) for row in rows if row.sensor == "dongsi.pm2_5"]
    truth = write_truth(out / "truth.csv", _classes(_means(sorted(series), MEAN_HOURS), "beijing"))
    return Recording(site, [file], truth, {"written": write_rows(file, rows), "missing": missing})
