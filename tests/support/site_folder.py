"""A small site that is right, for tests to break one thing at a time."""

from services.observation.site import Problem, Site
from services.observation.site_files import parse

SITE = """\
format = 1
id = "vung-tau"
name = { vi = "Vũng Tàu", en = "Vung Tau" }
zone = "Asia/Ho_Chi_Minh"
languages = ["vi", "en"]
bounds = [106.9, 10.2, 107.7, 10.8]

[[area]]
id = "thang-tam"
name = { vi = "Thắng Tam", en = "Thang Tam" }
codes = [{ scheme = "VN-2025", code = "26506", from = 2025-07-01 }]

[[area]]
id = "rach-dua"
name = { vi = "Rạch Dừa", en = "Rach Dua" }

[[gateway]]
id = "gw-01"
area = "thang-tam"
reporting_s = 60
stations = ["vt-flood-001", "vt-sea-001"]

[[gateway]]
id = "gw-02"
area = "rach-dua"
stations = ["vt-flood-002"]

[[source]]
id = "lora"
url = "mqtt://chirpstack.local:1883"
topics = ["application/#"]
adapter = "chirpstack"
gateway = "gw-02"
"""

STATIONS = """\
{
  "type": "FeatureCollection",
  "features": [
    {
      "type": "Feature",
      "id": "vt-flood-001",
      "geometry": { "type": "Point", "coordinates": [107.08, 10.35] },
      "properties": { "name_vi": "Cầu A", "name_en": "Bridge A", "area": "thang-tam", "bd1": 1.2, "bd2": 1.6 }
    },
    {
      "type": "Feature",
      "id": "vt-flood-002",
      "geometry": { "type": "Point", "coordinates": [107.11, 10.38] },
      "properties": { "name_vi": "Cầu B", "name_en": "Bridge B", "area": "rach-dua" }
    },
    {
      "type": "Feature",
      "id": "vt-sea-001",
      "geometry": { "type": "Point", "coordinates": [107.07, 10.33] },
      "properties": { "name_vi": "Trạm triều", "name_en": "Tide gauge", "area": "site" }
    }
  ]
}
"""

SENSORS = """\
sensor,unit,interval_s,reports,clock,fail_min,fail_max,suspect_min,suspect_max,rate_per_s,spike
vt-flood-001.water_level,cm,300,,,-50,800,0,500,1,40
vt-flood-001.rainfall,,,,,,,,,,
vt-flood-002.street_depth,,,,received,,,,,,
vt-sea-001.tide_level,m,600,periodic,measured,,,,,,
"""

RULES = """\
format = 1

[[rule]]
id = "bridge-a"
hazard = "flood"
property = "water_level"
kind = "threshold"
advisory = "station.bd1"
watch = "station.bd2"
"""


def good_site(**changed: str | bytes | None) -> dict[str, bytes]:
    """Return the four files; `site_toml=…`, `sensors_csv=…` replace one, None leaves it out."""
    files: dict[str, str | bytes | None] = {
        "site.toml": SITE,
        "stations.geojson": STATIONS,
        "sensors.csv": SENSORS,
        "rules.toml": RULES,
    }
    files.update({name.replace("_", "."): content for name, content in changed.items()})
    return {
        name: content.encode() if isinstance(content, str) else content
        for name, content in files.items()
        if content is not None
    }


def parsed(**changed: str | bytes | None) -> Site:
    """Parse a site that must be right."""
    site, problems = parse(good_site(**changed))
    if site is None:
        raise AssertionError("\n".join(map(str, problems)))
    return site


def problems_of(**changed: str | bytes | None) -> list[Problem]:
    """Parse a site and return what is wrong with it."""
    return parse(good_site(**changed))[1]
