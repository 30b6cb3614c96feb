"""Reading `[[group]]` of `lighting.toml`: which lamps, under which controllers, where."""

from typing import Any

from services.lighting.programme import Group, Lighting
from services.lighting.site_values import Table
from services.observation.site import Site
from services.observation.site_problems import Findings
from services.observation.site_values import is_number, name, slug

GROUP = (
    "id", "name", "gateways", "stations", "areas", "calendar", "default_level", "never_dim", "position",
)  # fmt: skip
_WEST_EAST, _SOUTH_NORTH = 180, 90


def is_lamp(site: Site, station: str) -> bool:
    """Whether a station is a lamp: it has a wattage."""
    return "lamp_wattage" in site.stations[station].attributes


def read_group(  # noqa: PLR0913  what a reader of this file is given
    findings: Findings, made: Lighting, members: dict[str, str], site: Site, entry: dict[str, Any], line: int
) -> None:
    """Add one group; `members` says of each lamp read so far which group it is in."""
    findings.unknown_keys(entry, GROUP, line)
    table = Table(findings, entry, line)
    named = name(findings, entry.get("name"), findings.line_of_key("name", line))
    chosen = _members(table, site)
    calendar = table.choice("calendar", tuple(made.calendars)) if "calendar" in entry else None
    level, never_dim = table.level("default_level"), table.flag("never_dim")
    if "calendar" not in entry:
        findings.warning(
            line,
            (f"nhóm không có lịch: đèn sáng {level:g} % cả ngày lẫn đêm",
             f"the group has no calendar: its lamps burn at {level:g} % day and night"),
            ('thêm calendar = "…"', 'add calendar = "…"'),
        )  # fmt: skip
    identity = slug(findings, entry, "id", line)
    if identity is None:
        return
    if identity in made.groups:
        table.error("id", (f"nhóm {identity!r} bị trùng", f"group {identity!r} is declared twice"),
                    ("đặt một id khác", "give it another id"))  # fmt: skip
    for station in chosen:
        if station in members:
            findings.error(
                line,
                (f"đèn {station!r} thuộc cả {members[station]} và {identity}",
                 f"lamp {station!r} is in both {members[station]} and {identity}"),
                ("mỗi đèn chỉ thuộc một nhóm", "a lamp is in one group"),
            )  # fmt: skip
        members[station] = identity
    if not chosen:
        findings.error(
            line,
            (f"nhóm {identity} không có đèn nào", f"group {identity} has no lamp"),
            ('ghi lamp_wattage cho các trạm là đèn trong stations.geojson, hoặc stations = ["…"] ở đây',
             'give the stations that are lamps a lamp_wattage in stations.geojson, or name stations = ["…"]'),
        )  # fmt: skip
        return
    lon, lat = _position(table, site, chosen)
    lamps: dict[str, tuple[str, ...]] = {}
    for station in chosen:
        gateway = str(site.stations[station].gateway)
        lamps[gateway] = (*lamps.get(gateway, ()), station)
    areas = tuple(dict.fromkeys(site.stations[station].area for station in chosen))
    made.groups[identity] = Group(identity, named, lamps, areas, lat, lon, calendar, level, never_dim)


def _members(table: Table, site: Site) -> list[str]:
    """Stations of a group in the site's order: lamps of its gateways and areas, and those it names itself."""
    gateways = table.names("gateways", site.gateways, ("gateway", "gateway")) or ()
    areas = table.names("areas", site.areas, ("khu vực", "area")) or ()
    own = table.names("stations", site.stations, ("trạm", "station")) or ()
    for station in own:
        if site.stations[station].gateway is None:
            table.error(
                "stations",
                (f"trạm {station} không thuộc gateway nào: không ai nhận lệnh cho nó",
                 f"station {station} has no gateway: nobody takes orders for it"),
                ("thêm trạm vào stations của một [[gateway]]", "list it under a [[gateway]]"),
            )  # fmt: skip
    return [
        one.id
        for one in site.stations.values()
        if one.gateway is not None
        and (one.id in own or ((one.gateway in gateways or one.area in areas) and is_lamp(site, one.id)))
    ]


def _position(table: Table, site: Site, chosen: list[str]) -> tuple[float, float]:
    """Longitude and latitude of a group: as given, else the middle of its lamps."""
    value = table.table.get("position")
    if value is None:
        places = [site.stations[station] for station in chosen]
        return sum(one.lon for one in places) / len(places), sum(one.lat for one in places) / len(places)
    if (
        isinstance(value, list)
        and len(value) == 2  # noqa: PLR2004  longitude, latitude
        and all(is_number(one) for one in value)
        and abs(value[0]) <= _WEST_EAST
        and abs(value[1]) <= _SOUTH_NORTH
    ):
        return float(value[0]), float(value[1])
    table.error(
        "position",
        (f"position = {value!r} không hợp lệ", f"position = {value!r} is no place"),
        ("viết position = [kinh độ, vĩ độ]", "write position = [longitude, latitude]"),
    )
    return 0.0, 0.0
