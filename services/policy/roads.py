"""Roads out: reading `[[road]]`, where alerts are sent and which; each key with its check and its word."""

import re
from typing import Any, Literal
from urllib.parse import urlsplit

from services.observation.event import SEVERITIES
from services.observation.site_table import Table
from services.observation.site_values import LANGUAGES, slug, text, texts
from services.policy.given import Given
from services.policy.road_nouns import (
    KINDS,
    MACHINES,
    MOST_BATCH,
    MOST_ROADS,
    NEED_SECRET,
    NEED_TO,
    OF_RETRY,
    PEOPLE,
    SCHEMA,
    SPEAKERS,
    STATUSES,
    QuietHours,
    Retry,
    Road,
    Roads,
)
from services.policy.sending import named

__all__ = ["KEYS", "SCHEMA", "read"]

_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")
_SECRET_WORD = re.compile(r"[a-z0-9-]{1,64}\Z")
KEYS: tuple[str, ...] = ("road",)
"""Top-level keys of the file that are read here."""
_OF_ROAD = (
    "id", "kind", "to", "url", "device", "baud", "secret", "hazards", "areas", "severity", "status", "nouns",
    "batch", "format", "languages", "letters", "sms_mode", "quiet", "escalation", "children", "alarm_after_s",
    "timeout_s", "retry", "longest",
)  # fmt: skip
_OF_QUIET = ("from", "to", "below")


def read(given: Given) -> Roads:
    """Read this part of the file; what is wrong is noted in `given.findings`."""
    found: dict[str, Road] = {}
    for table in given.several("road", _OF_ROAD):
        road = _road(given, table)
        if road is None:
            continue
        if road.id in found:
            table.error(
                "id",
                (f"đường {road.id!r} khai báo hai lần", f"road {road.id!r} is declared twice"),
                ("đặt tên khác cho một trong hai", "give one of them another name"),
            )
        found[road.id] = road
    if len(found) > MOST_ROADS:
        given.findings.error(
            given.findings.line_of_table("road", MOST_ROADS),
            (f"nhiều hơn {MOST_ROADS} đường gửi", f"more than {MOST_ROADS} roads"),
            ("gộp người nhận vào chung đường", "let receivers share roads"),
        )
    return Roads(roads=tuple(found.values()))


def _road(given: Given, table: Table) -> Road | None:
    name = slug(given.findings, dict(table.table), "id", table.line)
    kind = table.choice("kind", KINDS)
    if name is None or kind is None:
        return None
    machine = kind in MACHINES
    lowest = "warning" if kind in SPEAKERS else "advisory"
    areas = dict.fromkeys((*given.site.areas, "_"))
    languages = _chosen(table, "languages", LANGUAGES) or ("vi",)
    road = Road(
        id=name,
        kind=kind,
        to=_texts(table, "to", '["truc-ban", "rota:flood"]'),
        url=_text(table, "url"),
        device=_text(table, "device"),
        baud=int(table.number("baud", 115_200, 1_200, 921_600, ("baud", "baud"))),
        secret=_text(table, "secret"),
        hazards=table.names("hazards", dict.fromkeys(given.hazards), ("hiểm họa", "hazard")) or (),
        areas=table.names("areas", areas, ("khu vực", "area")) or (),
        severity=table.choice("severity", SEVERITIES, lowest) or lowest,
        status=_chosen(table, "status", STATUSES) or (STATUSES if machine else ("Actual",)),
        nouns=_texts(table, "nouns", '["alert", "situation"]'),
        batch=int(table.number("batch", 1, 1, MOST_BATCH, ("sự kiện", "events"))),
        format=table.choice("format", ("cloudevents", "lgsp"), "cloudevents") or "cloudevents",
        languages=languages,
        letters=_letters(table, kind),
        sms_mode="text" if table.choice("sms_mode", ("pdu", "text"), "pdu") == "text" else "pdu",
        quiet=_quiet(table, machine=machine),
        escalation=table.flag("escalation") if "escalation" in table.table else _names_people(table, kind),
        children=table.flag("children"),
        alarm_after_s=table.number("alarm_after_s", 300, 1, 86_400, ("giây", "seconds")),
        timeout_s=table.number("timeout_s", 15, 0.1, 120, ("giây", "seconds")),
        retry=_retry(table),
        longest=int(table.number("longest", 400, 100, 2_000, ("ký tự", "characters"))),
    )
    _check(table, road, reports=name in named(given))
    return road


def _names_people(table: Table, kind: str) -> bool:
    """Whether an overdue step can reach whom it names, and nobody else: a group chat is no person."""
    return kind in PEOPLE and "to" in table.table


def _letters(table: Table, kind: str) -> Literal["plain", "full"]:
    default = "plain" if kind in ("sms", "modem") else "full"
    return "plain" if table.choice("letters", ("plain", "full"), default) == "plain" else "full"


def _check(table: Table, road: Road, *, reports: bool) -> None:
    """What a kind needs; a road that reports go out by may have nobody besides."""
    if road.kind in NEED_SECRET and not _SECRET_WORD.match(road.secret):
        table.error(
            "secret",
            (
                f"đường {road.kind} cần secret là tên trong tệp bí mật, không phải chính bí mật",
                f"a road of kind {road.kind} needs secret: a name in the private file, not the secret itself",
            ),
            (
                f'viết secret = "{road.id}" và khai báo [{road.id}] trong DATA/secrets.toml',
                f'write secret = "{road.id}" and declare [{road.id}] in DATA/secrets.toml',
            ),
        )
    if road.kind in NEED_TO and not road.to and not reports:
        table.error(
            "to",
            (f"đường {road.kind} cần to", f"a road of kind {road.kind} needs to"),
            ('ghi tên tài khoản hoặc "rota:tên"', 'name accounts, or "rota:name"'),
        )
    if road.kind in SPEAKERS:
        _check_speaker(table, road)
    schemes = {"webhook": ("http", "https"), "loudspeaker": ("http", "https", "file")}.get(road.kind)
    if schemes is not None and (urlsplit(road.url).scheme not in schemes or len(road.url) < len("file://x")):
        table.error(
            "url",
            (f"url = {road.url!r} không dùng được", f"url = {road.url!r} can't be used"),
            (
                f"viết địa chỉ bắt đầu bằng {', '.join(f'{s}://' for s in schemes)}",
                f"write an address that begins with {', '.join(f'{s}://' for s in schemes)}",
            ),
        )
    if "@" in urlsplit(road.url).netloc:
        table.error(
            "url",
            ("url chứa mật khẩu", "url holds a password"),
            ("để nó trong tệp bí mật", "keep it in the private file"),
        )
    if road.kind == "modem" and not road.device.startswith("/"):
        table.error(
            "device",
            ("modem cần device", "a modem needs device"),
            ('ví dụ device = "/dev/serial/by-id/…"', 'for example device = "/dev/serial/by-id/…"'),
        )


def _check_speaker(table: Table, road: Road) -> None:
    """What a whole commune hears: nothing that is played, nothing that is meant for one person."""
    if "Exercise" in road.status:
        table.error(
            "status",
            ("loa không được phát diễn tập", "a loudspeaker must not carry exercises"),
            (
                'bỏ "Exercise": diễn tập gửi cho người qua đường khác',
                'leave out "Exercise": use another road',
            ),
        )
    for key, given in (("to", bool(road.to)), ("escalation", road.escalation)):
        if given:
            table.error(
                key,
                (f"loa không có người nhận riêng: {key}", f"a loudspeaker has no persons: {key}"),
                ("bỏ khóa này", "leave it out"),
            )


def _quiet(table: Table, *, machine: bool) -> QuietHours | None:
    value = table.table.get("quiet")
    if value is None:
        return None
    inner = dict(value) if isinstance(value, dict) else {}
    minutes = [_minutes(inner.get("from")), _minutes(inner.get("to"))]
    below = inner.get("below", "watch")
    # A warning that waits for the morning is none: only what is below may be held back.
    fits = below in SEVERITIES[1:3] and set(inner) <= set(_OF_QUIET) and minutes[0] != minutes[1]
    if machine or not fits or None in minutes:
        table.error(
            "quiet",
            (f"quiet = {value!r} không hợp lệ", f"quiet = {value!r} is not understood"),
            (
                (
                    'cho người nhận: quiet = { from = "22:00", to = "06:00", below = "watch" }'
                    ' (below: "watch" hoặc "warning")'
                ),
                (
                    'for people: quiet = { from = "22:00", to = "06:00", below = "watch" }'
                    ' (below: "watch" or "warning")'
                ),
            ),
        )
        return None
    return QuietHours(start=minutes[0] or 0, end=minutes[1] or 0, below=str(below))


def _minutes(value: object) -> int | None:
    match = _CLOCK.match(value) if isinstance(value, str) else None
    return None if match is None else int(match[1]) * 60 + int(match[2])


def _retry(table: Table) -> Retry:
    value = table.table.get("retry")
    if value is None:
        return Retry()
    inner: dict[str, Any] = dict(value) if isinstance(value, dict) else {}
    if not isinstance(value, dict) or not set(inner) <= set(OF_RETRY):
        table.error(
            "retry",
            (f"retry = {value!r} không hợp lệ", f"retry = {value!r} is not understood"),
            (
                "viết retry = { first_s = 1, longest_s = 30, give_up_s = 86400 }",
                "write retry = { first_s = 1, longest_s = 30, give_up_s = 86400 }",
            ),
        )
        return Retry()
    part = Table(table.findings, inner, table.line)
    seconds = ("giây", "seconds")
    return Retry(
        first_s=part.number("first_s", 1, 0.01, 3_600, seconds),
        longest_s=part.number("longest_s", 30, 0.01, 3_600, seconds),
        give_up_s=part.number("give_up_s", 86_400, 0.1, 30 * 86_400, seconds),
    )


def _text(table: Table, key: str) -> str:
    return text(table.findings, dict(table.table), key, table.line)


def _texts(table: Table, key: str, example: str) -> tuple[str, ...]:
    return texts(table.findings, dict(table.table), key, table.line, example)


def _chosen(table: Table, key: str, allowed: tuple[str, ...]) -> tuple[str, ...] | None:
    return table.names(key, dict.fromkeys(allowed), ("giá trị", "value"))
