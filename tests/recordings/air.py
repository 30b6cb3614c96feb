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
    local,
    write_rows,
    write_site,
)

HOUR_S = timedelta(hours=1).total_seconds()
MISSING = -999.0


def airnow(out: Path) -> Recording:
    """US Embassy Hà Nội, PM2.5, 2018 and 2020, hourly, local time at the end of the hour.

    Raw concentrations marked Valid; Missing (-999) and Invalid are left out and counted.
    """
    rows: list[Row] = []
    seen: Counter[str] = Counter()
    for year in (2018, 2020):
        with (data() / f"air/airnow_hanoi_pm25_hourly_{year}.csv").open(
            encoding="utf-8", newline=""
        ) as stream:
            for line in csv.DictReader(stream):
                seen[line["QC Name"].lower()] += 1
                if line["QC Name"] == "Valid" and float(line["Raw Conc."]) > MISSING:
                    time = local(line["Date (LT)"], "%Y-%m-%d %I:%M %p", VIET_NAM)
                    rows.append(Row(time, "us-embassy.pm2_5", line["Raw Conc."]))
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
    return Recording(site, [file], None, {"written": write_rows(file, rows), **seen})


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
COMPASS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW", "NW", "NNW")


def beijing(out: Path) -> Recording:
    """Dongsi, Beijing, 2014, hourly, UTC+8; NA is missing. Wind directions are compass points."""
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
    return Recording(site, [file], None, {"written": write_rows(file, rows), "missing": missing})
