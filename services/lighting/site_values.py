"""Values of `lighting.toml` that several of its tables have: instants of a night, levels, days."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, get_args

from services.lighting.programme import FULL, Anchor, Edge
from services.observation.site_problems import Findings
from services.observation.site_values import is_number

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_SUN = re.compile(r"(sunset|sunrise|dusk|dawn)(?:\s*([+-])\s*(\d{1,3}))?")
SUN = tuple(anchor for anchor in get_args(Anchor) if anchor != "clock")
EDGE = rf"^({_CLOCK.pattern}|{_SUN.pattern})$"
"""What an instant looks like, for the schema."""
CLOCK = rf"^{_CLOCK.pattern}$"


class Table:
    """One table of the file: its values by key, each checked as it is read, and the line it starts on."""

    def __init__(self, findings: Findings, table: Mapping[str, Any], line: int) -> None:
        """Of a table that starts on a line."""
        self.findings, self.table, self.line = findings, table, line

    def error(self, key: str, what: tuple[str, str], remedy: tuple[str, str]) -> None:
        """Note what is wrong with a key."""
        self.findings.error(self.findings.line_of_key(key, self.line), what, remedy)

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

    def number(
        self, key: str, default: float | None, least: float, most: float, unit: tuple[str, str]
    ) -> float:
        """A number within limits; without a default it must be given."""
        value = self.table.get(key, default)
        if is_number(value) and least <= value <= most:
            return float(value)
        self.error(
            key,
            (f"{key} = {value!r} không hợp lệ", f"{key} = {value!r} is out of range"),
            (
                f"ghi một số từ {least:g} đến {most:g} {unit[0]}",
                f"give a number from {least:g} to {most:g} {unit[1]}",
            ),
        )
        return least if default is None else default

    def level(self, key: str = "level", default: float | None = FULL) -> float:
        """A level, %; without a default it must be given."""
        return self.number(key, default, 0, FULL, ("%", "%"))

    def flag(self, key: str) -> bool:
        """True or false; false where it is absent."""
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            self.error(
                key,
                (f"{key} = {value!r} không hợp lệ", f"{key} = {value!r} is not understood"),
                ("viết true hoặc false", "write true or false"),
            )
        return value is True

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str | None:
        """One of some words; None when it is none of them."""
        value = self.table.get(key, default)
        if isinstance(value, str) and value in allowed:
            return value
        listed = ", ".join(allowed) or "–"
        self.error(
            key,
            (f"{key} = {value!r} không có", f"{key} = {value!r} is not known"),
            (f"dùng một trong: {listed}", f"use one of: {listed}"),
        )
        return None

    def names(self, key: str, allowed: Mapping[str, Any], noun: tuple[str, str]) -> tuple[str, ...] | None:
        """A list of names that are declared elsewhere; None where the key is absent."""
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
            self.error(
                key,
                (f"{key} phải là danh sách chữ", f"{key} must be a list of texts"),
                (f'ví dụ {key} = ["…"]', f'for example {key} = ["…"]'),
            )
            return None
        for one in value:
            if one not in allowed:
                self.error(
                    key,
                    (f"{key}: không có {noun[0]} {one!r}", f"{key}: no {noun[1]} {one!r}"),
                    (
                        f"sửa tên, hoặc khai báo {noun[0]} này",
                        f"correct the name, or declare this {noun[1]}",
                    ),
                )
        return tuple(one for one in dict.fromkeys(value) if one in allowed)

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
