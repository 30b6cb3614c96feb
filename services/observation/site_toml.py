"""Reading `site.toml` and the raw tables of `rules.toml`."""

import re
import tomllib
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from services.observation.site import FORMAT, Area, Gateway, RawRule, SourceDecl
from services.observation.site_gateways import read_area, read_gateway, read_source
from services.observation.site_problems import Findings
from services.observation.site_values import LANGUAGES, is_number, name, slug, tables
from services.observation.text import Text

TOP = ("format", "id", "name", "zone", "languages", "bounds", "area", "gateway", "source")
_AT_LINE = re.compile(r"at line (\d+)")


class SiteToml(msgspec.Struct):
    """What `site.toml` declares, with defaults applied; not `known` where it can't be read."""

    id: str = "site"
    name: Text = Text("", "")
    zone: str = "Asia/Ho_Chi_Minh"
    languages: tuple[str, ...] = LANGUAGES
    bounds: tuple[float, float, float, float] | None = None
    areas: dict[str, Area] = {}
    gateways: dict[str, Gateway] = {}
    sources: tuple[SourceDecl, ...] = ()
    known: bool = True


def load(findings: Findings, content: bytes) -> dict[str, Any] | None:
    """Parse TOML; a syntax error becomes a problem with its line."""
    if not findings.utf8(content):
        return None
    try:
        return tomllib.loads(findings.text)
    except (ValueError, RecursionError) as error:
        found = _AT_LINE.search(str(error))
        findings.syntax(
            int(found[1]) if found else findings.last_line(),
            (f"không đọc được TOML: {error}", f"not valid TOML: {error}"),
            ("sửa cú pháp ở dòng này", "mend the syntax on this line"),
        )
        return None


def read_site(findings: Findings, content: bytes) -> SiteToml:
    """Read `site.toml`; whatever is wrong is noted and the rest read on."""
    table = load(findings, content)
    if table is None:
        return SiteToml(known=False)
    findings.unknown_keys(table, TOP, 1)
    _format(findings, table.get("format"))
    site = SiteToml(
        id=slug(findings, table, "id", 1) or "site",
        name=name(findings, table.get("name"), findings.line_of_key("name", 1)),
        zone=_zone(findings, table.get("zone", "Asia/Ho_Chi_Minh")),
        languages=_languages(findings, table.get("languages", list(LANGUAGES))),
        bounds=_bounds(findings, table.get("bounds")),
    )
    for nth, entry in enumerate(tables(findings, table, "area")):
        read_area(findings, site.areas, entry, findings.line_of_table("area", nth), site.bounds)
    for nth, entry in enumerate(tables(findings, table, "gateway")):
        read_gateway(findings, site.gateways, site.areas, entry, findings.line_of_table("gateway", nth))
    sources: list[SourceDecl] = []
    for nth, entry in enumerate(tables(findings, table, "source")):
        read_source(findings, sources, site.gateways, entry, findings.line_of_table("source", nth))
    site.sources = tuple(sources)
    return site


def read_rules(findings: Findings, content: bytes) -> tuple[RawRule, ...]:
    """Read the raw `[[rule]]` tables with the line each starts on."""
    table = load(findings, content)
    if table is None:
        return ()
    findings.unknown_keys(table, ("format", "rule"), 1)
    _format(findings, table.get("format", FORMAT))
    return tuple(
        RawRule(entry, findings.line_of_table("rule", nth))
        for nth, entry in enumerate(tables(findings, table, "rule"))
    )


def _format(findings: Findings, value: object) -> None:
    if value == FORMAT:
        return
    findings.error(
        findings.line_of_key("format", 1),
        (f"format phải là {FORMAT}", f"format must be {FORMAT}"),
        (f"viết `format = {FORMAT}`", f"write `format = {FORMAT}`"),
    )


def _zone(findings: Findings, value: object) -> str:
    try:
        ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        findings.error(
            findings.line_of_key("zone", 1),
            (f"múi giờ lạ {value!r}", f"unknown time zone {value!r}"),
            ('ví dụ zone = "Asia/Ho_Chi_Minh"', 'for example zone = "Asia/Ho_Chi_Minh"'),
        )
        return "UTC"
    return str(value)


def _languages(findings: Findings, value: object) -> tuple[str, ...]:
    if isinstance(value, list) and value and all(item in LANGUAGES for item in value):
        return tuple(value)
    findings.error(
        findings.line_of_key("languages", 1),
        (f"languages = {value!r} không hợp lệ", f"languages = {value!r} is not understood"),
        ('viết languages = ["vi", "en"]', 'write languages = ["vi", "en"]'),
    )
    return LANGUAGES


def _bounds(findings: Findings, value: object) -> tuple[float, float, float, float] | None:
    line = findings.line_of_key("bounds", 1)
    remedy = (
        "viết bounds = [tây, nam, đông, bắc] theo độ",
        "write bounds = [west, south, east, north] in degrees",
    )
    if value is None:
        findings.warning(1, ("không có bounds", "no bounds given"), remedy)
        return None
    if isinstance(value, list) and len(value) == 4 and all(is_number(item) for item in value):  # noqa: PLR2004
        west, south, east, north = (float(item) for item in value)
        if -180 <= west < east <= 180 and -90 <= south < north <= 90:  # noqa: PLR2004  degrees
            return west, south, east, north
    findings.error(line, (f"bounds = {value!r} không hợp lệ", f"bounds = {value!r} is not a box"), remedy)
    return None
