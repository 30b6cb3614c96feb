"""Reading `lighting.toml`, the optional file of a site that says how its streets are lit.

Everything wrong is told with its line and a remedy, in both languages, as of every other file of a site.
"""

from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

from services.lighting.programme import Brighten, Fallback, Lighting
from services.lighting.site_groups import is_lamp, read_group
from services.lighting.site_programmes import Lines, read_calendar, read_programme
from services.lighting.site_values import Table
from services.observation.event import SEVERITIES
from services.observation.site import FORMAT, LIGHTING, Problem, Site
from services.observation.site_problems import Findings
from services.observation.site_toml import load
from services.observation.site_values import slug, tables

FILE = LIGHTING
TOP = ("format", "fallback", "programme", "calendar", "group", "brighten")
FALLBACK = ("on", "off", "level")
BRIGHTEN = ("id", "hazard", "from", "areas", "groups", "level", "lease_min")
LONGEST_LEASE_MIN = 24 * 60.0
_FEW = 5


def read_lighting(
    content: bytes | None, site: Site, hazards: Collection[str] | None = None
) -> tuple[Lighting | None, list[Problem]]:
    """Read the file against its site.

    Args:
        content: of `lighting.toml`; None where a site has none.
        site: that it belongs to.
        hazards: names that a `[[brighten]]` may have; None is any.

    Returns:
        What it says (None without a file or with an error in it), and every problem found.
    """
    if content is None:
        return None, []
    findings = Findings(FILE, content)
    table = load(findings, content)
    if table is None:
        return None, findings.problems
    findings.unknown_keys(table, TOP, 1)
    _format(findings, table.get("format"))
    made = Lighting(site.zone, {}, {}, {}, (), _fallback(findings, table), _version(content))
    lines = Lines(findings)
    for line, entry in _entries(findings, table, "programme"):
        read_programme(findings, lines, made.programmes, entry, line)
    for line, entry in _entries(findings, table, "calendar"):
        read_calendar(findings, lines, made.calendars, made.programmes, entry, line)
    members: dict[str, str] = {}
    for line, entry in _entries(findings, table, "group"):
        read_group(findings, made, members, site, entry, line)
    _leftover(findings, site, members)
    brighten = [
        _read_brighten(Table(findings, entry, line), made, site, hazards)
        for line, entry in _entries(findings, table, "brighten")
    ]
    if any(problem.level == "error" for problem in findings.problems):
        return None, findings.problems
    found = tuple(one for one in brighten if one is not None)
    return Lighting(
        made.zone, made.programmes, made.calendars, made.groups, found, made.fallback, made.version
    ), findings.problems


def _version(content: bytes) -> str:
    return sha256(content).hexdigest()[:32]


def _format(findings: Findings, value: object) -> None:
    if value != FORMAT:
        findings.error(
            findings.line_of_key("format", 1),
            (f"format phải là {FORMAT}", f"format must be {FORMAT}"),
            (f"viết `format = {FORMAT}`", f"write `format = {FORMAT}`"),
        )


def _entries(findings: Findings, table: dict[str, Any], key: str) -> Iterable[tuple[int, dict[str, Any]]]:
    for nth, entry in enumerate(tables(findings, table, key)):
        yield findings.line_of_table(key, nth), entry


def _fallback(findings: Findings, top: Mapping[str, Any]) -> Fallback:
    given = top.get("fallback", {})
    line = findings.line_of_key("fallback", 1)
    if not isinstance(given, dict):
        findings.error(
            line,
            ("fallback phải là một bảng", "fallback must be a table"),
            ('viết [fallback], on = "17:45", off = "05:45"', 'write [fallback], on = "17:45", off = "05:45"'),
        )
        return Fallback()
    findings.unknown_keys(given, FALLBACK, line)
    table = Table(findings, {"on": "17:45", "off": "05:45", **given}, line)
    on, off, level = table.edge("on"), table.edge("off"), table.level()
    for key, edge in (("on", on), ("off", off)):
        if edge is not None and edge.anchor != "clock":
            table.error(
                key,
                (
                    "đồng hồ sai thì không tính được mặt trời",
                    "without a right clock there is no sun to go by",
                ),
                ("dùng giờ cố định, ví dụ 17:45", "use a fixed time such as 17:45"),
            )
    if on is None or off is None:
        return Fallback()
    return Fallback(on.minutes, off.minutes, level)


def _leftover(findings: Findings, site: Site, members: Mapping[str, str]) -> None:
    left = [
        one for one, it in site.stations.items() if it.gateway and one not in members and is_lamp(site, one)
    ]
    if not left:
        return
    shown = ", ".join(left[:_FEW]) + (" …" if len(left) > _FEW else "")
    are = "lamp is" if len(left) == 1 else "lamps are"
    findings.warning(
        1,
        (f"{len(left)} đèn không thuộc nhóm nào: {shown}", f"{len(left)} {are} in no group: {shown}"),
        (
            "thêm chúng vào một [[group]], nếu không sẽ không ai điều khiển",
            "put them into a [[group]], or nobody controls them",
        ),
    )


def _read_brighten(
    table: Table, made: Lighting, site: Site, hazards: Collection[str] | None
) -> Brighten | None:
    table.findings.unknown_keys(table.table, BRIGHTEN, table.line)
    identity = slug(table.findings, dict(table.table), "id", table.line)
    named = table.table.get("hazard")
    if hazards is not None:
        hazard = table.choice("hazard", tuple(sorted(hazards)))
    else:
        hazard = named if isinstance(named, str) else None
    severity = table.choice("from", SEVERITIES)
    areas = table.names("areas", site.areas, ("khu vực", "area"))
    groups = table.names("groups", made.groups, ("nhóm", "group"))
    lease = table.number("lease_min", 60.0, 1, LONGEST_LEASE_MIN, ("phút", "minutes"))
    level = table.level()
    if identity is None or hazard is None or severity is None:
        return None
    return Brighten(identity, hazard, severity, level, lease * 60, areas, groups)
