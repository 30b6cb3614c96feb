"""Reading the `[[area]]`, `[[gateway]]` and `[[source]]` entries of `site.toml`."""

from collections.abc import Mapping
from typing import Any

from services.observation.site import BROKER, Area, AreaCode, Gateway, SourceDecl
from services.observation.site_outlines import Bounds, read_outlines
from services.observation.site_problems import Findings
from services.observation.site_values import RESERVED, is_number, name, slug, text, texts

AREA = ("id", "name", "codes", "polygon")
CODE = ("scheme", "code", "from", "to")
GATEWAY = ("id", "area", "reporting_s", "stations")
SOURCE = ("id", "url", "topics", "adapter", "credentials_file", "gateway")

_CODE_EXAMPLE = '{ scheme = "VN-2025", code = "26506" }'


def read_area(
    findings: Findings, areas: dict[str, Area], entry: dict[str, Any], line: int, bounds: Bounds | None = None
) -> None:
    """Add one area; its outlines lie within `bounds`."""
    findings.unknown_keys(entry, AREA, line)
    named = name(findings, entry.get("name"), findings.line_of_key("name", line))
    codes = _codes(findings, entry.get("codes", []), line)
    outlines = read_outlines(findings, entry.get("polygon"), line, bounds)
    area = slug(findings, entry, "id", line)
    if area is None:
        return
    if area in areas or area in RESERVED:
        findings.error(
            findings.line_of_key("id", line),
            (
                f"khu vực {area!r} bị trùng hoặc là tên dành riêng",
                f"area {area!r} is declared twice or reserved",
            ),
            ("đặt một id khác", "give it another id"),
        )
        return
    areas[area] = Area(area, named, codes, outlines)


def _codes(findings: Findings, value: object, line: int) -> tuple[AreaCode, ...]:
    line = findings.line_of_key("codes", line)
    codes = []
    for code in value if isinstance(value, list) else [value]:
        if not isinstance(code, dict) or not all(
            isinstance(code.get(key), str) for key in ("scheme", "code")
        ):
            findings.error(
                line,
                (
                    "mã hành chính phải có scheme và code dạng chữ",
                    "a code needs scheme and code, both as text",
                ),
                (f"codes = [{_CODE_EXAMPLE}]", f"codes = [{_CODE_EXAMPLE}]"),
            )
            continue
        findings.unknown_keys(code, CODE, line)
        codes.append(AreaCode(code["scheme"], code["code"], _day(code.get("from")), _day(code.get("to"))))
    return tuple(codes)


def _day(value: object) -> str | None:
    return None if value is None else str(value)


def read_gateway(
    findings: Findings,
    gateways: dict[str, Gateway],
    areas: Mapping[str, Area],
    entry: dict[str, Any],
    line: int,
) -> None:
    """Add one gateway."""
    findings.unknown_keys(entry, GATEWAY, line)
    area = text(findings, entry, "area", line)
    if area not in areas:
        findings.error(
            findings.line_of_key("area", line),
            (f"không có khu vực {area!r}", f"no area {area!r}"),
            ("khai báo [[area]] trước", "declare it under [[area]]"),
        )
    reporting = entry.get("reporting_s")
    if reporting is not None and (not is_number(reporting) or reporting <= 0):
        findings.error(
            findings.line_of_key("reporting_s", line),
            (f"reporting_s = {reporting!r} không hợp lệ", f"reporting_s = {reporting!r} is not a duration"),
            ("số giây lớn hơn 0", "give seconds above 0"),
        )
        reporting = None
    stations = texts(findings, entry, "stations", line, '["vt-flood-001"]')
    gateway = slug(findings, entry, "id", line)
    if gateway is None:
        return
    if gateway in gateways or gateway in RESERVED:
        findings.error(
            findings.line_of_key("id", line),
            (
                f"gateway {gateway!r} bị trùng hoặc là tên dành riêng",
                f"gateway {gateway!r} is declared twice or reserved",
            ),
            ("đặt một id khác", "give it another id"),
        )
        return
    gateways[gateway] = Gateway(gateway, area, None if reporting is None else float(reporting), stations)


def read_source(
    findings: Findings,
    sources: list[SourceDecl],
    gateways: Mapping[str, Gateway],
    entry: dict[str, Any],
    line: int,
) -> None:
    """Add one foreign source; without an id it is numbered."""
    findings.unknown_keys(entry, SOURCE, line)
    gateway = text(findings, entry, "gateway", line) or None
    if gateway is not None and gateway not in gateways:
        findings.error(
            findings.line_of_key("gateway", line),
            (f"không có gateway {gateway!r}", f"no gateway {gateway!r}"),
            ("khai báo [[gateway]] trước", "declare it under [[gateway]]"),
        )
    given = slug(findings, entry, "id", line) if "id" in entry else None
    identity = given or f"source-{len(sources) + 1}"
    if identity == BROKER or identity in {source.id for source in sources}:
        findings.error(
            findings.line_of_key("id", line),
            (
                f"nguồn {identity!r} bị trùng hoặc là tên dành riêng",
                f"source {identity!r} is declared twice or reserved",
            ),
            ("đặt một id khác", "give it another id"),
        )
    sources.append(
        SourceDecl(
            id=identity,
            url=text(findings, entry, "url", line),
            topics=texts(findings, entry, "topics", line, '["application/#"]'),
            adapter=text(findings, entry, "adapter", line),
            credentials_file=text(findings, entry, "credentials_file", line),
            gateway=gateway,
        )
    )
