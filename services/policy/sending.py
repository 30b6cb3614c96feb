"""Who gets the reports that are made on schedule, and by which road: `[[reporting.send]]`."""

from typing import Any

import msgspec

from services.observation.roles import ROLES
from services.observation.site_table import Table
from services.observation.site_values import LANGUAGES, tables, texts
from services.policy.given import Given
from services.policy.keeping_nouns import ROLE, ROTA
from services.policy.road_nouns import NEED_TO, PEOPLE

ENCLOSING = ("email",)
"""Kinds of roads that carry files; the others say where the report lies."""
LARGEST_MB = 7.0
"""Written for mail, a file grows by 37 %: this fits where 10 MB are taken. Design default."""
_OF_SEND = ("road", "to", "areas", "reports", "languages", "formats", "largest_mb")
_EXAMPLE = '["rota:night", "huong"]'


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """Reports to some people by a road.

    Attributes:
        road: its id. to: accounts, `rota:<name>`, `role:<role>`; empty: whom the road itself names.
        areas: of which the report is, sorted; empty: of the whole site. Who may not see all of it gets none.
        reports: kinds. languages: of the files; empty: the language that each reader's account has.
        formats: of the files. largest_mb: of all files of a letter together; beyond it only the address goes.
    """

    road: str
    to: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    reports: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    formats: tuple[str, ...] = ("pdf",)
    largest_mb: float = LARGEST_MB


def named(given: Given) -> frozenset[str]:
    """Roads that some `[[reporting.send]]` names, whatever else it says."""
    part = given.table.get("reporting")
    entries = part.get("send") if isinstance(part, dict) else None
    found = entries if isinstance(entries, list) else []
    return frozenset(str(one["road"]) for one in found if isinstance(one, dict) and "road" in one)


def read(
    given: Given, part: Table, made: tuple[str, ...], languages: tuple[str, ...], formats: tuple[str, ...]
) -> tuple[Sending, ...]:
    """Read the entries of `[reporting]`; `made`, `languages`, `formats`: what the schedule makes."""
    out = []
    for nth, entry in enumerate(tables(given.findings, dict(part.table), "send")):
        line = given.findings.line_of_table("reporting.send", nth)
        line = part.line if line == 1 else line
        given.findings.unknown_keys(entry, _OF_SEND, line)
        table = Table(given.findings, entry, line)
        one = Sending(
            road=str(entry.get("road", "")),
            to=texts(table.findings, entry, "to", line, _EXAMPLE),
            areas=tuple(sorted(table.names("areas", dict.fromkeys(given.site.areas), _AREA) or ())),
            reports=table.names("reports", dict.fromkeys(made), _MADE) or made,
            languages=table.names("languages", dict.fromkeys(languages), _MADE) or (),
            formats=table.names("formats", dict.fromkeys(formats), _MADE) or formats[:1],
            largest_mb=table.number("largest_mb", LARGEST_MB, 0.1, 100, ("MB", "MB")),
        )
        if "formats" not in entry and "pdf" in formats:
            one = msgspec.structs.replace(one, formats=("pdf",))
        _check(given, table, one)
        out.append(one)
    return tuple(out)


_MADE = ("báo cáo được lập", "report that is made")
_AREA = ("khu vực", "area")


def _check(given: Given, table: Table, one: Sending) -> None:
    """Whether the road is there, is for people, and has somebody at its end."""
    road = _road_of(given, one.road)
    if road is None:
        table.error(
            "road",
            (f"không có đường gửi {one.road!r}", f"there is no road {one.road!r}"),
            ("khai báo [[road]] này, hoặc sửa tên", "declare this [[road]], or correct the name"),
        )
        return
    if road.get("kind") not in PEOPLE:
        table.error(
            "road",
            (f"đường {one.road!r} không gửi cho người", f"road {one.road!r} is not for people"),
            (
                "dùng đường email; webhook tự nhận sự kiện report.made",
                "use a road of e-mail; a webhook gets the event report.made by itself",
            ),
        )
    if road.get("areas"):
        table.error(
            "road",
            (
                f"đường {one.road!r} chỉ dành cho vài khu vực, báo cáo gồm toàn địa bàn",
                f"road {one.road!r} is for some areas only, and a report is of the whole site",
            ),
            ("khai báo một đường không có areas", "declare a road without areas"),
        )
    group = road.get("kind") not in NEED_TO and not road.get("to")
    if (group and one.to) or (not group and not one.to and not road.get("to")):
        table.error(
            "to",
            (
                f"đường {one.road!r} là của một nhóm, không có người nhận riêng"
                if group
                else f"không ai nhận báo cáo qua đường {one.road!r}",
                f"road {one.road!r} leads to a group, not to persons"
                if group
                else f"nobody gets the reports of road {one.road!r}",
            ),
            (
                "bỏ to" if group else f"ghi to = {_EXAMPLE}",
                "leave out to" if group else f"write to = {_EXAMPLE}",
            ),
        )
    _check_names(given, table, one)


def _check_names(given: Given, table: Table, one: Sending) -> None:
    rotas = given.table.get("rota")
    known = {ROTA + str(rota.get("id")) for rota in rotas or () if isinstance(rota, dict)}
    known |= {ROLE + role for role in ROLES}
    for name in one.to:
        if name.startswith((ROTA, ROLE)) and name not in known:
            table.error(
                "to",
                (f"không có {name!r}", f"{name!r} is not known"),
                ("khai báo [[rota]] này, hoặc sửa tên", "declare this [[rota]], or correct the name"),
            )


def _road_of(given: Given, name: str) -> dict[str, Any] | None:
    roads = given.table.get("road")
    found = roads if isinstance(roads, list) else []
    return next((one for one in found if isinstance(one, dict) and one.get("id") == name), None)


def schema(kinds: tuple[str, ...], formats: tuple[str, ...]) -> dict[str, Any]:
    """This part of the JSON Schema."""

    def some(*values: str) -> dict[str, Any]:
        item: dict[str, Any] = {"enum": list(values)} if values else {"type": "string"}
        return {"type": "array", "items": item, "minItems": 1, "uniqueItems": True}

    return {
        "type": "array",
        "description": "who gets the reports that are made on schedule",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["road"],
            "properties": {
                "road": {"type": "string", "description": "a road for people; e-mail carries the files"},
                "to": {**some(), "description": "accounts, rota:<name>, role:<role>; absent: the road's own"},
                "areas": {
                    **some(), "description": "areas of which the report is; absent: the whole site",
                },
                "reports": {**some(*kinds), "description": "absent: all that are made"},
                "languages": {**some(*LANGUAGES), "description": "absent: that of each reader's account"},
                "formats": {**some(*formats), "default": ["pdf"]},
                "largest_mb": {
                    "type": "number", "minimum": 0.1, "maximum": 100, "default": LARGEST_MB,
                    "description": "of all files together; beyond it only the address is sent",
                },
            },
        },
    }  # fmt: skip
