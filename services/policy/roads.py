"""Roads out: where alerts are sent, and which ones.

Over 250 lines: one table with many keys, each with its check and its word in both languages.
"""

import re
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import msgspec

from services.observation.event import SEVERITIES
from services.observation.site_table import Table
from services.observation.site_values import LANGUAGES, slug, text, texts

if TYPE_CHECKING:
    from services.policy.alerting import Given

MACHINES = ("webhook",)
"""Roads for programs: every event, as it stands on the stream."""
PEOPLE = ("email", "sms", "telegram", "zalo", "apprise", "modem")
"""Roads for people: what deserves their attention, in words."""
SPEAKERS = ("loudspeaker",)
NEVER_SPOKEN = ("system", "outage")
"""What is no business of a commune's: our own sensors and roads. Not carried by loudspeakers."""
SPOKEN_IF_NAMED = ("lighting",)
KINDS = (*MACHINES, *PEOPLE, *SPEAKERS)
STATUSES = ("Actual", "Exercise", "Test")
NEED_SECRET = ("webhook", "email", "sms", "telegram", "zalo", "apprise")
NEED_TO = ("email", "sms", "telegram", "zalo", "modem")
MOST_BATCH, MOST_ROADS = 500, 50
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
_OF_RETRY = ("first_s", "longest_s", "give_up_s")


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of the site's day (over midnight too) in which what is `below` waits for their end."""

    start: int
    end: int
    below: str = "watch"


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How a road waits: seconds before the second attempt, at the most, and until a letter is given up."""

    first_s: float = 1.0
    longest_s: float = 300.0
    give_up_s: float = 86_400.0


class Road(msgspec.Struct, frozen=True, kw_only=True):
    """One road.

    Attributes:
        to: accounts, or `rota:<name>`. secret: a name in the private file; never the secret itself.
        severity: the lowest that is carried. nouns: of events, for machines; empty: all.
        letters: `plain` without Vietnamese marks, so that an SMS holds 160 characters; `full` with them: 70.
        escalation: whether overdue steps go out here, to the persons whom they name.
        children: whether events of the sites below are carried too.
        alarm_after_s: so long without a way through, and it is an alert. longest: characters read aloud.
    """

    id: str
    kind: str
    to: tuple[str, ...] = ()
    url: str = ""
    device: str = ""
    baud: int = 115_200
    secret: str = ""
    hazards: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    severity: str = "advisory"
    status: tuple[str, ...] = STATUSES
    nouns: tuple[str, ...] = ()
    batch: int = 1
    format: str = "cloudevents"
    languages: tuple[str, ...] = ("vi",)
    letters: Literal["plain", "full"] = "full"
    sms_mode: Literal["pdu", "text"] = "pdu"
    quiet: QuietHours | None = None
    escalation: bool = True
    children: bool = False
    alarm_after_s: float = 300.0
    timeout_s: float = 15.0
    retry: Retry = Retry()
    longest: int = 400

    @property
    def for_machines(self) -> bool:
        """Whether it carries events and not words."""
        return self.kind in MACHINES


class Roads(msgspec.Struct, frozen=True, kw_only=True):
    """The roads of a site."""

    roads: tuple[Road, ...] = ()


def read(given: "Given") -> Roads:
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


def _road(given: "Given", table: Table) -> Road | None:
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
    _check(table, road)
    return road


def _names_people(table: Table, kind: str) -> bool:
    """Whether an overdue step can reach whom it names, and nobody else: a group chat is no person."""
    return kind in NEED_TO or (kind in PEOPLE and "to" in table.table)


def _letters(table: Table, kind: str) -> Literal["plain", "full"]:
    default = "plain" if kind in ("sms", "modem") else "full"
    return "plain" if table.choice("letters", ("plain", "full"), default) == "plain" else "full"


def _check(table: Table, road: Road) -> None:
    """What a kind needs."""
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
    if road.kind in NEED_TO and not road.to:
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
    if not isinstance(value, dict) or not set(inner) <= set(_OF_RETRY):
        table.error(
            "retry",
            (f"retry = {value!r} không hợp lệ", f"retry = {value!r} is not understood"),
            (
                "viết retry = { first_s = 1, longest_s = 300, give_up_s = 86400 }",
                "write retry = { first_s = 1, longest_s = 300, give_up_s = 86400 }",
            ),
        )
        return Retry()
    part = Table(table.findings, inner, table.line)
    seconds = ("giây", "seconds")
    return Retry(
        first_s=part.number("first_s", 1, 0.01, 3_600, seconds),
        longest_s=part.number("longest_s", 300, 0.01, 3_600, seconds),
        give_up_s=part.number("give_up_s", 86_400, 0.1, 30 * 86_400, seconds),
    )


def _text(table: Table, key: str) -> str:
    return text(table.findings, dict(table.table), key, table.line)


def _texts(table: Table, key: str, example: str) -> tuple[str, ...]:
    return texts(table.findings, dict(table.table), key, table.line, example)


def _chosen(table: Table, key: str, allowed: tuple[str, ...]) -> tuple[str, ...] | None:
    return table.names(key, dict.fromkeys(allowed), ("giá trị", "value"))


def _list_of(*allowed: str) -> dict[str, Any]:
    item: dict[str, Any] = {"enum": list(allowed)} if allowed else {"type": "string"}
    return {"type": "array", "items": item, "minItems": 1}


SCHEMA: dict[str, Any] = {
    "road": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["id", "kind"],
            "properties": {
                "id": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                "kind": {"enum": list(KINDS)},
                "to": {**_list_of(), "description": "accounts by name, or rota:<name>"},
                "url": {"type": "string", "description": "http://, https://; loudspeakers also file://"},
                "device": {"type": "string", "description": "the modem's line, /dev/serial/by-id/…"},
                "baud": {"type": "integer", "default": 115_200},
                "secret": {"type": "string", "description": "a name in DATA/secrets.toml"},
                "hazards": {**_list_of(), "description": "absent: all"},
                "areas": {
                    **_list_of(),
                    "description": "absent: all; what concerns the whole site always passes",
                },
                "severity": {"enum": list(SEVERITIES), "default": "advisory"},
                "status": {**_list_of(*STATUSES), "description": "people: Actual; machines: all"},
                "nouns": {**_list_of(), "description": "machines: alert, situation, …; absent: all"},
                "batch": {"type": "integer", "minimum": 1, "maximum": MOST_BATCH, "default": 1},
                "format": {"enum": ["cloudevents", "lgsp"], "default": "cloudevents"},
                "languages": {**_list_of(*LANGUAGES), "default": ["vi"]},
                "letters": {"enum": ["plain", "full"], "description": "plain: SMS without Vietnamese marks"},
                "sms_mode": {"enum": ["pdu", "text"], "default": "pdu"},
                "quiet": {
                    "type": "object",
                    "properties": {
                        "from": {"type": "string", "pattern": r"^\d\d:\d\d$"},
                        "to": {"type": "string", "pattern": r"^\d\d:\d\d$"},
                        "below": {"enum": ["watch", "warning"], "default": "watch"},
                    },
                    "required": ["from", "to"],
                    "additionalProperties": False,
                },
                "escalation": {"type": "boolean", "description": "overdue steps to the persons they name"},
                "children": {"type": "boolean", "default": False},
                "alarm_after_s": {"type": "number", "minimum": 1, "default": 300},
                "timeout_s": {"type": "number", "exclusiveMinimum": 0, "default": 15},
                "retry": {
                    "type": "object",
                    "properties": {key: {"type": "number", "exclusiveMinimum": 0} for key in _OF_RETRY},
                    "additionalProperties": False,
                },
                "longest": {"type": "integer", "minimum": 100, "maximum": 2_000, "default": 400},
            },
        },
    }
}
"""This part of the JSON Schema of the file."""
