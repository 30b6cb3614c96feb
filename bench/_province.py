"""A province of two thousand stations: the pattern site, laid down as often as it takes, close together.

Unlike `city_day`, which sets whole cities side by side, the copies stand among each other, as a province
grows: every commune of the pattern becomes three neighbouring ones, and in each the stations multiply.
Stations share gateways, some ten to one, lamps more. What is of scope `site` stays one, and so do
reservoirs, offshore buoys and the island.
"""

import copy
import csv
import io
import json
import tomllib
from pathlib import Path
from typing import Any

from bench.city_day import write_toml
from services.observation.topics import SITE_SCOPE

PATTERN = Path(__file__).resolve().parents[1] / "sites" / "vung-tau"
STATIONS = 2_000
COMMUNES = 3
"""Communes made of each of the pattern."""
TOGETHER = 3
"""Copies whose stations share a gateway."""
_APART_DEG = 0.07
_WITHIN_DEG = 0.011
_WIDER_DEG = 0.3
_ONCE = ("lake", "wave", "tide", "strikes", "mill")
"""Kinds that a province has few of: a mill says something each second."""
_ISLAND = "con-dao"


def lay_out(folder: Path, stations: int = STATIONS) -> Path:
    """Write the site's folder, with about so many stations; the same number gives the same bytes."""
    folder.mkdir(parents=True)
    toml = tomllib.loads((PATTERN / "site.toml").read_text("utf-8"))
    places = json.loads((PATTERN / "stations.geojson").read_text("utf-8"))
    rows = list(csv.DictReader(io.StringIO((PATTERN / "sensors.csv").read_text("utf-8"))))
    every = {feature["id"]: feature for feature in places["features"]}
    many = [feature for feature in places["features"] if _multiplies(feature)]
    areas = {area["id"]: area for area in toml["area"]}
    gateways = {gateway["id"]: {**gateway, "stations": []} for gateway in toml["gateway"]}
    of_station = {name: gateway for gateway in toml["gateway"] for name in gateway.get("stations", ())}
    for name, gateway in of_station.items():
        gateways[gateway["id"]]["stations"].append(name)
    own = {name: [row for row in rows if row["sensor"].split(".")[0] == name] for name in every}
    features, kept, number = list(places["features"]), list(rows), 0
    while len(features) < stations:
        number += 1
        for feature in many[: stations - len(features)]:
            name, area = feature["id"], feature["properties"]["area"]
            commune = _variant(area, number % COMMUNES)
            areas.setdefault(commune, _commune(areas[area], number % COMMUNES))
            gateway = of_station[name]
            shared = f"{_variant(gateway['id'], number % COMMUNES)}-g{number // COMMUNES // TOGETHER}"
            theirs = {**gateway, "id": shared, "area": commune, "stations": []}
            gateways.setdefault(shared, theirs)["stations"].append(f"{name}-n{number}")
            features.append(_station(feature, number, commune, shared))
            kept += [{**row, "sensor": f"{name}-n{number}.{_property(row)}"} for row in own[name]]
    west, south, east, north = toml["bounds"]
    toml["bounds"] = [west, south, east + _WIDER_DEG, north + _WIDER_DEG]
    write_toml(folder / "site.toml", toml, list(areas.values()), list(gateways.values()))
    (folder / "stations.geojson").write_text(json.dumps({**places, "features": features}), "utf-8")
    with (folder / "sensors.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(kept)
    (folder / "rules.toml").write_text("", "utf-8")
    return folder


def _multiplies(feature: dict[str, Any]) -> bool:
    kind = feature["id"].split("-")[1] if "-" in feature["id"] else feature["id"]
    area = feature["properties"].get("area")
    return area not in (SITE_SCOPE, _ISLAND, None) and kind not in _ONCE


def _property(row: dict[str, str]) -> str:
    return row["sensor"].partition(".")[2]


def _variant(name: str, number: int) -> str:
    return name if number == 0 else f"{name}-{'abcdefgh'[number - 1]}"


def _commune(area: dict[str, Any], number: int) -> dict[str, Any]:
    name = area["name"]
    return {
        "id": _variant(area["id"], number),
        "name": {language: f"{text} {number + 1}" for language, text in name.items()},
        "codes": [],
    }


def _station(feature: dict[str, Any], number: int, area: str, gateway: str) -> dict[str, Any]:
    moved = copy.deepcopy(feature)
    moved["id"] = f"{feature['id']}-n{number}"
    properties = moved["properties"]
    properties["area"] = area
    if "gateway" in properties:
        properties["gateway"] = gateway
    lon, lat = feature["geometry"]["coordinates"][:2]
    commune, row = number % COMMUNES, number // COMMUNES
    east = commune * _APART_DEG * 0.6 + (row % 3) * _WITHIN_DEG
    north = commune * _APART_DEG + (row // 3) * _WITHIN_DEG
    moved["geometry"]["coordinates"] = [round(lon + east, 5), round(lat + north, 5)]
    return moved
