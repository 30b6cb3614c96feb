"""Findings: what the doctor says. Pure.

A finding is one sentence in both languages with a level; a bad or doubtful one says what to do, and since
when it is so where that is known.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from services.observation.instants import iso
from services.observation.text import Text, in_vietnamese

Figures = Mapping[str, float | str]


class Level(StrEnum):
    """How much it matters."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


GROUPS: dict[str, Text] = {
    "service": Text("dịch vụ", "services"),
    "gateway": Text("gateway", "gateways"),
    "broker": Text("broker", "broker"),
    "reading": Text("số đo", "readings"),
    "site": Text("địa bàn", "site"),
    "stream": Text("luồng", "streams"),
    "history": Text("lịch sử", "history"),
    "disk": Text("đĩa", "disk"),
    "clock": Text("đồng hồ", "clock"),
    "machine": Text("máy", "machine"),
    "version": Text("phiên bản", "versions"),
}
"""What a finding is about, in the order in which they are shown."""


class Finding(NamedTuple):
    """One thing that was looked at. `since` in µs UTC; `figures` are for a script."""

    level: Level
    group: str
    code: str
    what: Text
    remedy: Text | None = None
    since: int | None = None
    figures: Figures = {}  # noqa: RUF012  a mapping, never changed

    def document(self) -> dict[str, Any]:
        """As JSON says it."""
        return {
            "level": str(self.level),
            "group": self.group,
            "code": self.code,
            "what": _both(self.what),
            "remedy": _both(self.remedy),
            "since": None if self.since is None else iso(self.since),
            "figures": dict(self.figures),
        }


def ok(group: str, code: str, vi: str, en: str, figures: Figures | None = None) -> Finding:
    """All is well here."""
    return Finding(Level.OK, group, code, Text(vi, en), figures=figures or {})


def wrong(  # noqa: PLR0913  a finding has as many parts
    level: Level,
    group: str,
    code: str,
    what: Text,
    remedy: Text,
    since: int | None = None,
    figures: Figures | None = None,
) -> Finding:
    """Something that a person should look at."""
    return Finding(level, group, code, what, remedy, since, figures or {})


def worst(findings: Iterable[Finding]) -> Level:
    """The level of the whole."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.BAD, Level.WARN) if level in levels), Level.OK)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """What is bad first, then what is doubtful; within a level by what it is about."""
    rank, places = [Level.BAD, Level.WARN, Level.OK], list(GROUPS)
    return sorted(findings, key=lambda f: (rank.index(f.level), places.index(f.group)))


def named(names: Iterable[str], most: int = 6) -> str:
    """Some names of many: `a, b, c +12`."""
    listed = list(names)
    more = f" +{len(listed) - most}" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def size(count: float) -> str:
    """Bytes for a person: `1.4 GB`."""
    for unit in ("B", "kB", "MB"):
        if abs(count) < 1000:  # noqa: PLR2004  decimal units, as disks are sold
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.3g} {unit}"
        count /= 1000
    return f"{count:.3g} GB" if count < 1000 else f"{count / 1000:.3g} TB"  # noqa: PLR2004


def size_vi(count: float) -> str:
    """The same in Vietnamese: `1,4 GB`."""
    return in_vietnamese(size(count))


def lasting(seconds: float) -> Text:
    """A span of time for a person, one figure and one unit."""
    for limit, unit, vi, en in (
        (120, 1, "giây", "s"),
        (7_200, 60, "phút", "min"),
        (172_800, 3_600, "giờ", "h"),
        (float("inf"), 86_400, "ngày", "days"),
    ):
        if seconds < limit:
            return Text(f"{seconds / unit:.0f} {vi}", f"{seconds / unit:.0f} {en}")
    return Text("?", "?")


def _both(text: Text | None) -> dict[str, str] | None:
    return None if text is None else {"vi": text.vi, "en": text.en}
