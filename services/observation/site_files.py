"""From a site's four files to a `Site`, or to a list of everything that is wrong with them."""

from collections.abc import Mapping

from services.observation.quantity import PROPERTIES, Property
from services.observation.sensor import Station
from services.observation.site import FILES, Problem, Site, version_of
from services.observation.site_problems import Findings
from services.observation.site_sensors import read_sensors
from services.observation.site_stations import read_stations
from services.observation.site_toml import SiteToml, read_rules, read_site

_REQUIRED = ("site.toml", "stations.geojson", "sensors.csv")


def parse(
    files: Mapping[str, bytes], extra_properties: Mapping[str, Property] | None = None
) -> tuple[Site | None, list[Problem]]:
    """Read a site's files.

    Args:
        files: content by file name; `rules.toml` may be absent, the hazards' default rules apply.
        extra_properties: properties that hazards add to the vocabulary.

    Returns:
        The site (None when any problem is an error), and every problem found, each with its line.
    """
    findings = {name: Findings(name, files.get(name, b"")) for name in FILES}
    absent = [name for name in _REQUIRED if name not in files]
    for name in absent:
        findings[name].error(
            1,
            ("không có tệp này", "the file is missing"),
            (f"tạo tệp {name} trong thư mục địa bàn", f"put a {name} into the site's folder"),
        )
    if absent:
        return None, _all(findings)
    site = read_site(findings["site.toml"], files["site.toml"])
    stations = read_stations(findings["stations.geojson"], files["stations.geojson"], site)
    placed = not findings["stations.geojson"].unreadable
    if placed:
        _check_gateways(findings["site.toml"], site, stations)
    if site.known:
        _check_spoken_for(findings["stations.geojson"], stations)
    properties = {**PROPERTIES, **(extra_properties or {})}
    sensors = read_sensors(
        findings["sensors.csv"], files["sensors.csv"], stations if placed else None, properties
    )
    rules = read_rules(findings["rules.toml"], files["rules.toml"]) if "rules.toml" in files else ()
    problems = _all(findings)
    if any(problem.level == "error" for problem in problems):
        return None, problems
    return (
        Site(
            id=site.id,
            name=site.name,
            zone=site.zone,
            languages=site.languages,
            bounds=site.bounds,
            areas=site.areas,
            gateways=site.gateways,
            sources=site.sources,
            stations=stations,
            sensors=sensors,
            rules=rules,
            version=version_of(files),
        ),
        problems,
    )


def _all(findings: Mapping[str, Findings]) -> list[Problem]:
    """Of files that could not be read at all first."""
    names = sorted(FILES, key=lambda name: not findings[name].unreadable)
    return [problem for name in names for problem in findings[name].problems]


def _check_gateways(findings: Findings, site: SiteToml, stations: Mapping[str, Station]) -> None:
    spoken: dict[str, str] = {}
    for nth, gateway in enumerate(site.gateways.values()):
        line = findings.line_of_key("stations", findings.line_of_table("gateway", nth))
        for station in gateway.stations:
            if station not in stations:
                findings.error(
                    line,
                    (
                        f"gateway {gateway.id}: không có trạm {station!r}",
                        f"gateway {gateway.id}: no station {station!r}",
                    ),
                    (
                        "thêm trạm vào stations.geojson hoặc xóa khỏi danh sách",
                        "add it to stations.geojson or take it off the list",
                    ),
                )
            if station in spoken:
                findings.error(
                    line,
                    (
                        f"trạm {station!r} thuộc cả {spoken[station]} và {gateway.id}",
                        f"station {station!r} is under both {spoken[station]} and {gateway.id}",
                    ),
                    ("mỗi trạm chỉ có một gateway", "one gateway speaks for a station"),
                )
            spoken[station] = gateway.id


def _check_spoken_for(findings: Findings, stations: Mapping[str, Station]) -> None:
    """Warn of stations that no gateway lists: every reading under their names would be a reject."""
    for station in stations.values():
        if station.gateway is None:
            findings.warning(
                station.line,
                (
                    f"trạm {station.id}: chưa gateway nào khai báo; mọi số đo của trạm sẽ bị loại",
                    f"station {station.id}: no gateway lists it; all its readings will be rejected",
                ),
                (
                    "thêm trạm vào stations của một [[gateway]] trong site.toml",
                    "add it to the stations of a [[gateway]] in site.toml",
                ),
            )
