"""Reading `site.toml` and the raw tables of `rules.toml`."""

import re
import tomllib
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from services.observation.site import FORMAT, Area, AreaCode, Gateway, RawRule, SourceDecl
from services.observation.site_problems import Findings
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE, is_slug

LANGUAGES = ("vi", "en")
_TOP = ("format", "id", "name", "zone", "languages", "bounds", "area", "gateway", "source")
_AREA = ("id", "name", "codes")
_CODE = ("scheme", "code", "from", "to")
_GATEWAY = ("id", "area", "reporting_s", "stations")
_SOURCE = ("id", "url", "topics", "adapter", "credentials_file", "gateway")
_AT_LINE = re.compile(r"at line (\d+)")


class SiteToml(msgspec.Struct):
    """What `site.toml` declares, with defaults applied."""

    id: str = "site"
    name: Text = Text("", "")
    zone: str = "Asia/Ho_Chi_Minh"
    languages: tuple[str, ...] = LANGUAGES
    bounds: tuple[float, float, float, float] | None = None
    areas: dict[str, Area] = {}
    gateways: dict[str, Gateway] = {}
    sources: tuple[SourceDecl, ...] = ()


def load(findings: Findings, content: bytes) -> dict[str, Any] | None:
    """Parse TOML; a syntax error becomes a problem with its line."""
    if not findings.utf8(content):
        return None
    try:
        return tomllib.loads(content.decode())
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        findings.error(
            int(found[1]) if found else 1,
            (f"không đọc được TOML: {error}", f"not valid TOML: {error}"),
            ("sửa cú pháp ở dòng này", "mend the syntax on this line"),
        )
        return None


def read_site(findings: Findings, content: bytes) -> SiteToml:
    """Read `site.toml`; whatever is wrong is noted and the rest read on."""
    table = load(findings, content)
    if table is None:
        return SiteToml()
    findings.unknown_keys(table, _TOP, 1)
    if table.get("format") != FORMAT:
        findings.error(
            findings.line_of_key("format", 1),
            (f"format phải là {FORMAT}", f"format must be {FORMAT}"),
            (f"viết `format = {FORMAT}`", f"write `format = {FORMAT}`"),
        )
    site = SiteToml(
        id=_slug(findings, table, "id", 1),
        name=_name(findings, table.get("name"), findings.line_of_key("name", 1)),
        zone=_zone(findings, table.get("zone", "Asia/Ho_Chi_Minh")),
        languages=_languages(findings, table.get("languages", list(LANGUAGES))),
        bounds=_bounds(findings, table.get("bounds")),
    )
    for nth, entry in enumerate(_tables(findings, table, "area")):
        _read_area(findings, site, entry, findings.line_of_table("area", nth))
    for nth, entry in enumerate(_tables(findings, table, "gateway")):
        _read_gateway(findings, site, entry, findings.line_of_table("gateway", nth))
    site.sources = tuple(
        _read_source(findings, site, entry, findings.line_of_table("source", nth), nth)
        for nth, entry in enumerate(_tables(findings, table, "source"))
    )
    return site


def read_rules(findings: Findings, content: bytes) -> tuple[RawRule, ...]:
    """Read the raw `[[rule]]` tables with the line each starts on."""
    table = load(findings, content)
    if table is None:
        return ()
    findings.unknown_keys(table, ("format", "rule"), 1)
    return tuple(
        RawRule(entry, findings.line_of_table("rule", nth))
        for nth, entry in enumerate(_tables(findings, table, "rule"))
    )


def _tables(findings: Findings, table: dict[str, Any], name: str) -> list[dict[str, Any]]:
    found = table.get(name, [])
    if isinstance(found, list) and all(isinstance(entry, dict) for entry in found):
        return found
    findings.error(
        findings.line_of_key(name, 1),
        (f"{name} phải là các bảng [[{name}]]", f"{name} must be [[{name}]] tables"),
        (f"bắt đầu mỗi mục bằng [[{name}]]", f"begin each entry with [[{name}]]"),
    )
    return []


def _slug(findings: Findings, table: dict[str, Any], key: str, line: int) -> str:
    value = table.get(key)
    if isinstance(value, str) and is_slug(value):
        return value
    findings.error(
        findings.line_of_key(key, line),
        (f"{key} = {value!r} không hợp lệ", f"{key} = {value!r} is not a slug"),
        ("chỉ dùng a-z, 0-9 và dấu gạch nối", "use a-z, 0-9 and hyphens only"),
    )
    return "site"


def _name(findings: Findings, value: object, line: int) -> Text:
    given = value if isinstance(value, dict) else {}
    texts = {language: given.get(language) for language in LANGUAGES}
    for language, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            findings.error(
                line,
                (f"thiếu bản dịch name.{language}", f"missing translation name.{language}"),
                ('viết name = { vi = "…", en = "…" }', 'write name = { vi = "…", en = "…" }'),
            )
    return Text(str(texts["vi"] or ""), str(texts["en"] or ""))


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


def is_number(value: object) -> bool:
    """Whether a TOML or JSON value is a number (true and false are not)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _read_area(findings: Findings, site: SiteToml, entry: dict[str, Any], line: int) -> None:
    findings.unknown_keys(entry, _AREA, line)
    area = _slug(findings, entry, "id", line)
    if area in site.areas or area in (SITE_SCOPE, SITE_AREA):
        findings.error(
            line,
            (f"trùng khu vực {area!r}", f"area {area!r} is declared twice or reserved"),
            ("đặt một id khác", "give it another id"),
        )
        return
    codes = []
    for code in entry.get("codes", []):
        if (
            not isinstance(code, dict)
            or not isinstance(code.get("scheme"), str)
            or not isinstance(code.get("code"), str)
        ):
            findings.error(
                findings.line_of_key("codes", line),
                (
                    "mã hành chính phải có scheme và code dạng chữ",
                    "a code needs scheme and code, both as text",
                ),
                ('{ scheme = "VN-2025", code = "79/26506" }', '{ scheme = "VN-2025", code = "79/26506" }'),
            )
            continue
        findings.unknown_keys(code, _CODE, line)
        codes.append(AreaCode(code["scheme"], code["code"], _day(code.get("from")), _day(code.get("to"))))
    name = _name(findings, entry.get("name"), findings.line_of_key("name", line))
    site.areas[area] = Area(area, name, tuple(codes))


def _day(value: object) -> str | None:
    return None if value is None else str(value)


def _read_gateway(findings: Findings, site: SiteToml, entry: dict[str, Any], line: int) -> None:
    findings.unknown_keys(entry, _GATEWAY, line)
    gateway = _slug(findings, entry, "id", line)
    area = entry.get("area")
    reporting = entry.get("reporting_s")
    stations = entry.get("stations", [])
    if gateway in site.gateways:
        findings.error(
            line,
            (f"trùng gateway {gateway!r}", f"gateway {gateway!r} is declared twice"),
            ("xóa một", "remove one"),
        )
    if area not in site.areas:
        findings.error(
            findings.line_of_key("area", line),
            (f"không có khu vực {area!r}", f"no area {area!r}"),
            ("khai báo [[area]] trước", "declare it under [[area]]"),
        )
    if reporting is not None and (not is_number(reporting) or reporting <= 0):
        findings.error(
            findings.line_of_key("reporting_s", line),
            (f"reporting_s = {reporting!r} không hợp lệ", f"reporting_s = {reporting!r} is not a duration"),
            ("số giây lớn hơn 0", "give seconds above 0"),
        )
        reporting = None
    if not isinstance(stations, list) or not all(isinstance(station, str) for station in stations):
        findings.error(
            findings.line_of_key("stations", line),
            ("stations phải là danh sách id trạm", "stations must be a list of station ids"),
            ('stations = ["vt-flood-001"]', 'stations = ["vt-flood-001"]'),
        )
        stations = []
    site.gateways[gateway] = Gateway(
        gateway, str(area), None if reporting is None else float(reporting), tuple(stations)
    )


def _read_source(
    findings: Findings, site: SiteToml, entry: dict[str, Any], line: int, nth: int
) -> SourceDecl:
    findings.unknown_keys(entry, _SOURCE, line)
    gateway = entry.get("gateway")
    if gateway is not None and gateway not in site.gateways:
        findings.error(
            findings.line_of_key("gateway", line),
            (f"không có gateway {gateway!r}", f"no gateway {gateway!r}"),
            ("khai báo [[gateway]] trước", "declare it under [[gateway]]"),
        )
    topics = entry.get("topics", [])
    return SourceDecl(
        id=_slug(findings, entry, "id", line) if "id" in entry else f"source-{nth + 1}",
        url=str(entry.get("url", "")),
        topics=tuple(str(topic) for topic in topics) if isinstance(topics, list) else (str(topics),),
        adapter=str(entry.get("adapter", "")),
        credentials_file=str(entry.get("credentials_file", "")),
        gateway=gateway,
    )
