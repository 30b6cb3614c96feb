"""A reason to be quiet: the alert comes again and again, and says nothing new. Pure.

Counted is how often each rung was reached from below, by the alerts' own time: a storm that rises rung by
rung reaches each once; a door, or a gauge at its threshold, the same one many times. An episode has an end by
the wall clock; each that follows on another lasts twice as long, up to a bound. A rung that is not chattering
breaks through, and an emergency of public safety is never quiet for this reason.
"""

from collections import deque
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from services.alerts.lifecycle import Life, rank_of
from services.observation.act import Quiet
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.policy.keeping import Chattering

WORST = len(SEVERITIES) - 1
STATED = ("manual", "official_bulletin")
BACK_US = 10 * SECOND
"""Clocks of server and keeper may differ by less."""
PRUNE_AT = 2_000
"""Keys beyond which those without a recent word are dropped."""


class _Reached(NamedTuple):
    """Rungs `above` < r ≤ `to` were reached at `at`, µs UTC by the alert's own time."""

    at: int
    above: int
    to: int


class _Episode(msgspec.Struct):
    """Quiet up to rung `covers` until an instant of the wall clock; `level` counts episodes on end."""

    until: int
    lasts: int
    covers: int
    level: int
    count: int
    span_s: float


class _Key(msgspec.Struct):
    reached: deque[_Reached]
    last: int
    episode: _Episode | None = None


def key_of(life: Life) -> str:
    """What chatters: a rule at a sensor, or what else it is about; of each status for itself."""
    return f"{life.status}/{what_of(life)}"


def what_of(life: Life) -> str:
    """The same, as people read it."""
    return f"{life.rule}/{life.sensor or life.gateway or life.area}"


class Chatters:
    """What was annunciated lately, and what is quiet for it."""

    def __init__(self, limits: Chattering, public_safety: Iterable[str]) -> None:
        """Know nothing yet."""
        self._limits, self._safety = limits, frozenset(public_safety)
        self._span = round(max(limits.within_s, limits.again_within_s) * SECOND)
        self._longest = round(limits.longest_s * SECOND)
        self._keys: dict[str, _Key] = {}
        self._prune_at = PRUNE_AT

    def reached(self, life: Life, above: int, at: int, stored_us: int) -> bool:
        """Take that an alert was raised or rose.

        Args:
            life: as it stands after it.
            above: the rung it came from, -1: from none.
            at: by its own time, µs UTC.
            stored_us: by the wall clock.

        Returns:
            Whether it is quiet for it from now on, and was not before.
        """
        if life.origin in STATED:
            return False
        known = self._keys.get(key_of(life))
        if known is None:
            known = self._keys[key_of(life)] = _Key(deque(maxlen=self._most()), stored_us)
        known.last = stored_us
        known.reached.append(_Reached(at, above, rank_of(life.severity)))
        while known.reached and known.reached[0].at < at - self._span:
            known.reached.popleft()
        self._prune(stored_us)
        return self._judge(known, at, stored_us)

    def quiet(self, life: Life, now: int) -> list[Quiet]:
        """Whether it is quiet for chattering at an instant, µs UTC of the wall clock."""
        known = self._keys.get(key_of(life))
        episode = None if known is None else known.episode
        rank = rank_of(life.severity)
        if episode is not None and episode.until > now + episode.lasts + BACK_US:
            episode.until = now + episode.lasts  # the clock was set back: nothing is quiet for longer by that
        if episode is None or now >= episode.until or rank > episode.covers:
            return []
        if rank == WORST and life.hazard in self._safety:
            return []
        return [Quiet("chattering", what_of(life), iso(episode.until), _why(episode))]

    def _judge(self, known: _Key, at: int, stored_us: int) -> bool:
        found = self._covers(known, at)
        if found is None:
            return False
        covers, count, span_s = found
        before = known.episode
        if before is not None and stored_us < before.until:
            before.covers = max(before.covers, covers)
            return False
        on_end = before is not None and stored_us < before.until + self._longest
        level = before.level + 1 if before is not None and on_end else 0
        lasts = min(round(self._limits.first_s * SECOND) << min(level, 20), self._longest)
        known.episode = _Episode(stored_us + lasts, lasts, covers, level, count, span_s)
        return True

    def _covers(self, known: _Key, at: int) -> tuple[int, int, float] | None:
        """The highest rung that chatters, how often it was reached, and in how many seconds."""
        limits = self._limits
        for rung in range(WORST, -1, -1):
            times = [one.at for one in known.reached if one.above < rung <= one.to]
            bounds = ((limits.times, limits.within_s), (limits.again_times, limits.again_within_s))
            for least, span_s in bounds:
                count = sum(time > at - span_s * SECOND for time in times)
                if count >= least:
                    return rung, count, span_s
        return None

    def _most(self) -> int:
        return 4 * max(self._limits.times, self._limits.again_times)

    def _prune(self, now: int) -> None:
        if len(self._keys) <= self._prune_at:
            return
        old = [key for key, one in self._keys.items() if one.last < now - self._span - 2 * self._longest]
        for key in old:
            del self._keys[key]
        self._prune_at = max(PRUNE_AT, 2 * len(self._keys))


def _why(episode: _Episode) -> Text:
    minutes = max(1, round(episode.span_s / 60))
    return Text(
        f"báo lặp {episode.count} lần trong {minutes} phút; tạm ngăn tiếng báo",
        f"it came {episode.count} times in {minutes} min; its sound is held back for a while",
    )
