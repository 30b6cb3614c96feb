"""What of an open situation was told to the operator, and what is news within it. Pure.

A situation at its worst severity never rises again. What is new inside it must still be heard: another
phenomenon, an area that it reaches or that gets worse. Such news is gathered, so that a storm over fifty
areas says one thing every few minutes; danger to life that nobody sees from the storm itself is told at once.
"""

from collections.abc import Iterable, Mapping

import msgspec

from services.alerts.lifecycle import Life, rank_of
from services.alerts.situation import Member, Unfolding
from services.alerts.situation.kinds import family_texts
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND
from services.observation.text import Text
from services.observation.topics import SITE_AREA

GATHER_US = 300 * SECOND
"""Between two things about one situation that did not become more severe [design default]."""
WORSE_FROM = SEVERITIES.index("warning")
"""From here on an area that gets worse is news."""
AT_ONCE = ("leakage", "tree-fall")
"""Rules whose first warning in an area waits for nothing: current in a street, a tree about to fall."""
NAMED = 4
"""Areas that a sentence names."""


_LEVELS = {"advisory": "chú ý", "watch": "theo dõi", "warning": "cảnh báo", "emergency": "khẩn cấp"}
"""The ladder in Vietnamese sentences, as roads and public messages have it."""


class Whole(msgspec.Struct):
    """An open situation as an operator knows it.

    Attributes:
        unfolding: its events, folded.
        marks: phenomena that were told.
        areas: the worst severity that was told of each area, 0 to 3.
        news: alerts gathered to be told, each with its mark.
        back: those of them that are no news: time brought them back, and somebody must look again.
        rise_at, spread_at: when it will be told for its severity, and for its news; µs UTC, None: not.
        last: when it was told last. sequence: of the event that its next thing rests on.
    """

    unfolding: Unfolding
    marks: set[str] = set()
    areas: dict[str, int] = {}
    news: dict[str, str] = {}
    back: set[str] = set()
    rise_at: int | None = None
    spread_at: int | None = None
    last: int = 0
    rise_sequence: int = 0
    spread_sequence: int = 0

    def know(self, lives: Iterable[Life]) -> None:
        """What was told of these alerts is told of it."""
        for life in lives:
            self.marks.add(self.mark(life))
            self.areas[life.area] = max(rank_of(life.severity), self.areas.get(life.area, -1))

    def take_up(self, other: "Whole") -> None:
        """What was told of one that goes on in this one."""
        self.marks |= other.marks
        self.last = max(self.last, other.last)
        for area, rank in other.areas.items():
            self.areas[area] = max(rank, self.areas.get(area, -1))
        self.news |= other.news
        self.back |= other.back

    def mark(self, life: Life) -> str:
        """What phenomenon an alert stands for."""
        if self.at_once(life):
            return f"{life.rule}@{life.area}"
        member: Member | None = self.unfolding.open.get(life.alert_id)
        return member.family if member is not None else life.hazard

    @staticmethod
    def at_once(life: Life) -> bool:
        """Whether it waits for nothing, if it is news."""
        return life.rule in AT_ONCE and rank_of(life.severity) >= WORSE_FROM

    def is_news(self, life: Life) -> bool:
        """Whether an operator who heard of this situation does not know this yet."""
        rank = rank_of(life.severity)
        worse = rank >= WORSE_FROM and rank > self.areas.get(life.area, -1)
        return worse or self.mark(life) not in self.marks

    def gather(self, life: Life, at: int, sequence: int, *, back: bool = False) -> int | None:
        """Keep an alert's news; when it will be told, where that was not known yet."""
        self.news[life.alert_id] = self.mark(life)
        (self.back.add if back else self.back.discard)(life.alert_id)
        self.spread_sequence = sequence
        due = at if self.at_once(life) else max(at, self.last + GATHER_US)
        if self.rise_at is not None and not self.at_once(life):
            return None  # what is told for its severity tells this too
        if self.spread_at is not None and self.spread_at <= due:
            return None
        self.spread_at = due
        return due

    def told(self, at: int) -> None:
        """An operator knows all of it now."""
        self.news, self.back, self.rise_at, self.spread_at, self.last = {}, set(), None, None, at


def spreads(name: Text, severity: str, lives: list[Life], whole: Whole, names: Mapping[str, Text]) -> Text:
    """Say what is new within a situation: phenomena, areas reached or worse; and what time brought back."""
    still = {life.area for life in lives if life.alert_id in whole.back}
    lives = [life for life in lives if life.alert_id not in whole.back]
    fresh = [whole.mark(life) for life in lives if whole.mark(life) not in whole.marks]
    families = family_texts(mark.partition("@")[0] for mark in fresh)
    told = {life.rule for life in lives if Whole.at_once(life)}
    worst: dict[str, int] = {}
    for life in lives:
        worst[life.area] = max(rank_of(life.severity), worst.get(life.area, -1))
    listed = [area for area in sorted(worst, key=lambda area: -worst[area]) if area != SITE_AREA]
    parts_vi, parts_en = [], []
    if families.vi:
        parts_vi.append(f"thêm {families.vi}")
        parts_en.append(f"now also {families.en}")
    if "leakage" in told:
        parts_vi.append("có tủ đèn rò điện, không cho người đến gần")
        parts_en.append("a cabinet leaks current, keep people away")
    if "tree-fall" in told:
        parts_vi.append("có cây nguy cơ đổ")
        parts_en.append("a tree may fall")
    if listed:
        places = _named(listed, names)
        parts_vi.append(f"lan tới hoặc nặng thêm tại {places.vi}")
        parts_en.append(f"reaching or worse in {places.en}")
    if still:
        places = _named(sorted(still - {SITE_AREA}), names)
        parts_vi.append(f"vẫn còn, cần xem lại {places.vi}".rstrip())
        parts_en.append(f"still going on, look again {places.en}".rstrip())
    level = _LEVELS.get(severity, severity)
    return Text(
        f"{name.vi} (mức {level}): " + "; ".join(parts_vi or ["có cảnh báo mới"]) + ".",
        f"{name.en} ({severity}): " + "; ".join(parts_en or ["new alerts"]) + ".",
    )


def _named(areas: list[str], names: Mapping[str, Text]) -> Text:
    """The first few areas by name, and how many more there are."""
    vi = ", ".join(names.get(area, Text(area, area)).vi for area in areas[:NAMED])
    en = ", ".join(names.get(area, Text(area, area)).en for area in areas[:NAMED])
    more = len(areas) - NAMED
    if more <= 0:
        return Text(vi, en)
    return Text(f"{vi} và {more} khu vực nữa", f"{en} and {more} more areas")
