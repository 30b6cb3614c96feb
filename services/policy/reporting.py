"""Reports on a schedule: when shifts begin, when days and months are reported, how, for whom."""

import re
from typing import Any, Literal

import msgspec

from services.observation.site_table import Table
from services.observation.site_values import LANGUAGES
from services.policy import sending
from services.policy.given import Given
from services.policy.sending import Sending

KEYS: tuple[str, ...] = ("reporting",)
"""Top-level keys of the file that are read here."""

Kind = Literal["shift", "daily", "monthly"]
KINDS: tuple[Kind, ...] = ("shift", "daily", "monthly")
FORMATS = ("html", "pdf", "xlsx")
MOST_KEPT = 2_000
_MINUTES = 24 * 60
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\Z")
_WEB = re.compile(r"https?://[^\s@?#]+\Z")
_TABLE = (
    "shifts", "operators", "daily", "monthly", "make", "languages", "formats",
    "keep_shift", "keep_daily", "keep_monthly", "address", "send",
)  # fmt: skip


class Reporting(msgspec.Struct, frozen=True, kw_only=True):
    """Of reports.

    Attributes:
        shifts: minutes of the site's day at which a shift begins, ascending; each lasts until the next.
        operators: on duty together in a shift; the load is theirs together.
        daily: minute of the day at which the day before is reported; monthly: of the month's first day.
        make: kinds that are made by themselves.
        languages, formats: of those.
        keep: how many reports of each kind are kept, the oldest go first.
        address: where people open the api, for links in letters; "": none is known.
        send: who gets them, by which road.
    """

    shifts: tuple[int, ...] = (6 * 60, 14 * 60, 22 * 60)
    operators: int = 1
    daily: int = 6 * 60 + 30
    monthly: int = 7 * 60
    make: tuple[Kind, ...] = KINDS
    languages: tuple[str, ...] = LANGUAGES
    formats: tuple[str, ...] = FORMATS
    keep: dict[Kind, int] = msgspec.field(
        default_factory=lambda: {"shift": 280, "daily": 400, "monthly": 120}
    )
    address: str = ""
    send: tuple[Sending, ...] = ()

    def editions(self, kind: str) -> list[tuple[str, ...]]:
        """Areas of which a report of a kind is made, beside that of the whole site: somebody gets it."""
        return list(dict.fromkeys(one.areas for one in self.send if one.areas and kind in one.reports))


def read(given: Given) -> Reporting:
    """Read `[reporting]`; what is wrong is noted in `given.findings`."""
    table = given.one("reporting", _TABLE)
    if table is None:
        return Reporting()
    default = Reporting()
    make = _words(table, "make", KINDS, ("loại báo cáo", "kind of report"), default.make, empty=True)
    languages = _words(table, "languages", LANGUAGES, ("ngôn ngữ", "language"), default.languages)
    formats = _words(table, "formats", FORMATS, ("dạng tệp", "format"), default.formats)
    return Reporting(
        shifts=_shifts(table, default.shifts),
        operators=round(table.number("operators", 1, 1, 50, ("người", "people"))),
        daily=_clock(table, "daily", default.daily),
        monthly=_clock(table, "monthly", default.monthly),
        make=make,
        languages=languages,
        formats=formats,
        keep={
            kind: round(
                table.number(f"keep_{kind}", default.keep[kind], 1, MOST_KEPT, ("báo cáo", "reports"))
            )
            for kind in KINDS
        },
        address=_address(table),
        send=sending.read(given, table, make, languages, formats),
    )


def _address(table: Table) -> str:
    """Without the stroke at its end."""
    value = table.table.get("address", "")
    if isinstance(value, str) and (not value or _WEB.match(value)):
        return value.rstrip("/")
    table.error(
        "address",
        (f"address = {value!r} không dùng được", f"address = {value!r} can't be used"),
        (
            'ghi địa chỉ mà người nhận mở được, ví dụ "https://haidang.example.vn"',
            'write what readers can open, for example "https://haidang.example.vn"',
        ),
    )
    return ""


def _words(  # noqa: PLR0913  a list, and what it may hold
    table: Table,
    key: str,
    allowed: tuple[Any, ...],
    noun: tuple[str, str],
    default: Any,
    *,
    empty: bool = False,
) -> Any:
    """Some of a closed list; `empty`: none at all is a choice, too."""
    if empty and table.table.get(key) == []:
        return ()
    found = table.names(key, dict.fromkeys(allowed), noun)
    return default if found is None else found


def _minute(value: object) -> int | None:
    match = _CLOCK.match(value) if isinstance(value, str) else None
    return None if match is None else int(match[1]) * 60 + int(match[2])


def _clock(table: Table, key: str, default: int) -> int:
    if key not in table.table:
        return default
    found = _minute(table.table[key])
    if found is None:
        table.error(
            key,
            (
                f"{key} = {table.table[key]!r} không phải giờ",
                f"{key} = {table.table[key]!r} is not a time of day",
            ),
            ('viết giờ địa phương như "06:30"', 'write a local time like "06:30"'),
        )
        return default
    return found


def _shifts(table: Table, default: tuple[int, ...]) -> tuple[int, ...]:
    given = table.table.get("shifts")
    if given is None:
        return default
    found = [_minute(one) for one in given] if isinstance(given, list) else [None]
    minutes = sorted({one for one in found if one is not None})
    if not minutes or None in found or len(minutes) != len(found):
        table.error(
            "shifts",
            (
                "shifts phải là các giờ bắt đầu ca, mỗi giờ một lần",
                "shifts must be the times at which shifts begin, each once",
            ),
            (
                'ví dụ shifts = ["06:00", "14:00", "22:00"]',
                'for example shifts = ["06:00", "14:00", "22:00"]',
            ),
        )
        return default
    return tuple(minutes)


_TIME = {
    "type": "string",
    "pattern": r"^([01]\d|2[0-3]):[0-5]\d$",
    "description": 'a local time of day, like "06:30"',
}


def _some(values: tuple[str, ...], least: int = 1) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {"enum": list(values)},
        "minItems": least,
        "uniqueItems": True,
        "default": list(values),
    }


SCHEMA: dict[str, Any] = {
    "reporting": {
        "type": "object",
        "description": "Reports on a schedule",
        "additionalProperties": False,
        "properties": {
            "shifts": {
                "type": "array", "items": _TIME, "minItems": 1, "uniqueItems": True,
                "default": ["06:00", "14:00", "22:00"],
                "description": "when shifts begin; each lasts until the next",
            },
            "operators": {
                "type": "integer", "minimum": 1, "maximum": 50, "default": 1,
                "description": "on duty together",
            },
            "daily": {**_TIME, "default": "06:30"},
            "monthly": {**_TIME, "default": "07:00", "description": "on the first day of the month"},
            "make": {**_some(KINDS, 0), "description": "reports that are made by themselves; [] makes none"},
            "languages": _some(LANGUAGES),
            "formats": _some(FORMATS),
            **{
                f"keep_{kind}": {
                    "type": "integer", "minimum": 1, "maximum": MOST_KEPT, "default": number,
                    "description": "how many are kept; the oldest go first",
                }
                for kind, number in Reporting().keep.items()
            },
            "address": {
                "type": "string", "pattern": "^(https?://.+)?$",
                "description": "where readers open the api, for the links in letters",
            },
            "send": sending.schema(KINDS, FORMATS),
        },
    }
}  # fmt: skip
"""This part of the JSON Schema of `alerting.toml`."""
