"""Values of `lighting.toml` that several of its tables have: instants of a night, levels, days."""

import re
from collections.abc import Callable
from datetime import date
from typing import get_args

from services.lighting.programme import FULL, Anchor, Edge
from services.observation import site_table

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_SUN = re.compile(r"(sunset|sunrise|dusk|dawn)(?:\s*([+-])\s*(\d{1,3}))?")
EDGE = rf"^({_CLOCK.pattern}|{_SUN.pattern})$"
"""What an instant looks like, for the schema."""
CLOCK = rf"^{_CLOCK.pattern}$"


class Table(site_table.Table):
    """One table of the file, with instants, levels and days besides."""

    def edge(self, key: str) -> Edge | None:
        """An instant: "22:00", "sunset", "dusk+10"."""
        value = self.table.get(key)
        found = edge(value)
        if found is None:
            self.error(
                key,
                (f"{key} = {value!r} không phải là một thời điểm", f"{key} = {value!r} is no instant"),
                (
                    'viết giờ "22:00", hoặc "sunset", "dusk+10", "sunrise-15" (phút)',
                    'write a time "22:00", or "sunset", "dusk+10", "sunrise-15" (minutes)',
                ),
            )
        return found

    def level(self, key: str = "level", default: float | None = FULL) -> float:
        """A level, %; without a default it must be given."""
        return self.number(key, default, 0, FULL, ("%", "%"))

    def spans(self, key: str, day: Callable[[str], str | None], example: str) -> tuple[tuple[str, str], ...]:
        """Days or spans of days, "first/last"; TOML dates are understood too."""
        value = self.table.get(key)
        entries = value if isinstance(value, list) else [value]
        found = []
        for entry in entries:
            text = entry.isoformat() if isinstance(entry, date) else entry
            ends = text.split("/") if isinstance(text, str) else []
            days = [day(end.strip()) for end in ends]
            if len(days) in (1, 2) and all(days):
                found.append((str(days[0]), str(days[-1])))
                continue
            self.error(
                key,
                (f"{key}: {entry!r} không phải là ngày", f"{key}: {entry!r} is no day"),
                (f"ví dụ {key} = {example}", f"for example {key} = {example}"),
            )
        return tuple(found)


def edge(value: object) -> Edge | None:
    """Read an instant; None when it is none."""
    if not isinstance(value, str):
        return None
    clock = _CLOCK.fullmatch(value.strip())
    if clock:
        return Edge("clock", int(clock[1]) * 60 + int(clock[2]))
    found = _SUN.fullmatch(value.strip())
    if found is None:
        return None
    anchor = next(one for one in get_args(Anchor) if one == found[1])
    return Edge(anchor, int((found[2] or "+") + (found[3] or "0")))


def iso_day(text: str) -> str | None:
    """A day of a year: "2027-02-05"."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return None


def yearly_day(text: str) -> str | None:
    """A day of every year: "12-24"."""
    try:
        return date.fromisoformat(f"2024-{text}").isoformat()[5:]
    except ValueError:
        return None
