"""A small street with its lighting, for tests."""

import json
from collections.abc import Mapping

from services.lighting.programme import Lighting
from services.lighting.site_lighting import read_lighting
from services.observation.site import Problem, Site
from tests.support.site_folder import STATIONS, parsed

PLACE = (10.346, 107.084)
"""Vũng Tàu, as the table of sunrises on the domain page has it: latitude, longitude."""

SITE_TOML = """\
format = 1
id = "vung-tau"
name = { vi = "Vũng Tàu", en = "Vung Tau" }
bounds = [106.9, 10.2, 107.7, 10.8]

[[area]]
id = "thang-tam"
name = { vi = "Thắng Tam", en = "Thang Tam" }

[[area]]
id = "rach-dua"
name = { vi = "Rạch Dừa", en = "Rach Dua" }

[[gateway]]
id = "gw-01"
area = "thang-tam"
reporting_s = 60
stations = ["lamp-1", "lamp-2", "vt-flood-001", "vt-sea-001"]

[[gateway]]
id = "gw-02"
area = "rach-dua"
stations = ["lamp-3", "vt-flood-002"]
"""

STREET = """\
format = 1

[[programme]]
id = "quiet"
name = { vi = "đường ít xe", en = "quiet street" }
ramp_s = 30

[[programme.period]]
type = "AstroClockActivePeriod"
on = "dusk"
off = "sunrise"

[[programme.control]]
type = "FixedTimeControl"
at = "22:00"
level = 70

[[programme.control]]
type = "FixedTimeControl"
at = "00:00"
level = 50

[[programme.control]]
type = "FixedTimeControl"
at = "04:30"
level = 80

[[programme]]
id = "feast"
name = { vi = "lễ", en = "feast" }

[[programme.period]]
type = "AstroClockActivePeriod"
on = "sunset"
off = "sunrise"

[[calendar]]
id = "city"
default = "quiet"

[[calendar.rule]]
programme = "feast"
dates = ["2027-02-04/2027-02-10"]

[[calendar.rule]]
programme = "feast"
days = ["sat"]

[[group]]
id = "street"
name = { vi = "đường A", en = "A street" }
gateways = ["gw-01"]
calendar = "city"
position = [107.084, 10.346]

[[group]]
id = "junction"
name = { vi = "nút giao B", en = "B junction" }
stations = ["lamp-3"]
calendar = "city"
never_dim = true
position = [107.084, 10.346]

[[brighten]]
id = "flood"
hazard = "flood"
from = "watch"
"""


def street_site() -> Site:
    """Two cabinets with three lamps."""
    made = json.loads(STATIONS)
    for nth, area in enumerate(("thang-tam", "thang-tam", "rach-dua"), 1):
        properties = {
            "name_vi": f"đèn {nth}",
            "name_en": f"lamp {nth}",
            "area": area,
            "lamp_wattage": 100,
        }
        made["features"].append(
            {
                "type": "Feature",
                "id": f"lamp-{nth}",
                "geometry": {"type": "Point", "coordinates": [107.08 + nth / 1000, 10.35]},
                "properties": properties,
            }
        )
    return parsed(site_toml=SITE_TOML, stations_geojson=json.dumps(made))


def lit(toml: str = STREET) -> Lighting:
    """Read a file that must be right."""
    lighting, problems = read_lighting(toml.encode(), street_site(), ("flood", "lighting"))
    assert lighting is not None, [str(problem) for problem in problems]
    return lighting


def problems_of(changes: Mapping[str, str] | None = None, added: str = "") -> list[Problem]:
    """What is wrong with the street after some words are replaced and some lines added."""
    toml = STREET
    for old, new in (changes or {}).items():
        assert old in toml, old
        toml = toml.replace(old, new, 1)
    return read_lighting((toml + added).encode(), street_site(), ("flood", "lighting"))[1]
