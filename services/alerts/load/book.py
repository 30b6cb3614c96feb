"""The duty's book: alerts with their past, what was new to look at, and what else happened. Pure; no clock.

Fed with the events of ALERTS in stream order, live or out of the history. Live it keeps what is open and the
last days; what is older is in the history.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from services.alerts.attention.annunciation import Attention, Thing
from services.alerts.load import case as load_case
from services.alerts.load.case import Case, Did
from services.alerts.load.late import Late, late_of
from services.observation.event import noun_and_verb
from services.observation.instants import micros

_T = TypeVar("_T")
KEEP_US = 3 * 86_400_000_000
OWED_KEPT_US = 30 * 86_400_000_000
"""What ended and nobody acknowledged is shown for so long."""
KEEP_CASES = 20_000
KEEP_LINES = 50_000
"""Acts, things and other events each: a bound, not a wish."""


class Affair(msgspec.Struct, frozen=True):
    """An event that is not of an alert: a situation, a window of maintenance, a road, an exercise."""

    at: int
    noun: str
    verb: str
    id: str
    site: str
    data: dict[str, Any]


class LoadBook:
    """What was told, to whom it was new, and what people did; `since`: from when on it is whole, µs UTC."""

    def __init__(self, keep_us: int | None = KEEP_US) -> None:
        """Empty; `keep_us` None keeps everything."""
        self._keep_us = keep_us
        self.clear()

    def clear(self) -> None:
        """Forget everything: the stream is read from its beginning again."""
        self.cases: dict[str, Case] = {}
        self._things: list[tuple[str, Thing]] = []
        self.acts: list[Did] = []
        self.affairs: list[Affair] = []
        self.late: list[Late] = []
        self._minds: dict[str, Attention] = {}
        # Cases that may be forgotten, in the order of their last event: done with; owed an acknowledgement.
        self._over: dict[str, None] = {}
        self._owed: dict[str, None] = {}
        self.since = 0
        self.last = 0

    def take(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> None:
        """Take one event in stream order; the same sequence again changes nothing."""
        if sequence <= self.last:
            return
        self.last = sequence
        site = str(event.get("source", "")).removeprefix("/sites/")
        # One mind per site: a parent's stream holds children's events, and each site has its own operators.
        mind = self._minds.get(site)
        if mind is None:
            mind = self._minds[site] = Attention(None)
        self._note(site, mind.take(sequence, stored_us, event))
        found = noun_and_verb(event.get("type"))
        if found is None:
            return
        subject = str(event.get("subject"))
        if found[0] == "alert":
            self._alert(subject, sequence, stored_us, event)
        else:
            data = event.get("data")
            data = data if isinstance(data, dict) else {}
            self._happened(Affair(stored_us, *found, subject, site, data))
        self._forget(stored_us)

    def whole_since(self, gap_us: int) -> None:
        """It was fed without some of what was stored up to then, µs UTC; 0: nothing was left out."""
        if gap_us:
            self.since = max(self.since, gap_us + 1)

    def due(self, now: int) -> None:
        """What became a thing up to now; µs UTC."""
        for site, mind in self._minds.items():
            self._note(site, mind.due(now))

    def things_of(self, site: str) -> list[Thing]:
        """What was new to look at, at one site, in order."""
        return [thing for source, thing in self._things if source == site]

    def _alert(self, subject: str, sequence: int, stored_us: int, event: Mapping[str, Any]) -> None:
        known = self.cases.get(subject)
        case = load_case.take(known, sequence, stored_us, event)
        if case is None:
            return
        if known is None:
            name = case.life.alert_id
            self.cases[name if name == subject else subject] = case
        self._done(case, stored_us, event)
        if self._keep_us is None:
            return
        self._over.pop(subject, None)
        self._owed.pop(subject, None)
        if not case.life.open:
            (self._owed if case.life.attention else self._over)[subject] = None

    # What is kept; a book that holds a month keeps less.

    def _note(self, site: str, things: list[Thing]) -> None:
        for thing in things:
            self._things.append((site, thing))

    def _happened(self, affair: Affair) -> None:
        self.affairs.append(affair)

    def _done(self, _case: Case, stored_us: int, event: Mapping[str, Any]) -> None:
        act = load_case.did(stored_us, event)
        if act is not None:
            self.acts.append(act)
        late = late_of(stored_us, event)
        if late is not None:
            self.late.append(late)

    def _forget(self, now: int) -> None:
        if self._keep_us is None:
            return
        horizon = now - self._keep_us
        for waiting, oldest_kept in ((self._over, horizon), (self._owed, now - OWED_KEPT_US)):
            while waiting:
                oldest = next(iter(waiting))
                changed = self.cases[oldest].life.changed_us
                if changed > oldest_kept and len(waiting) <= KEEP_CASES:
                    break
                del waiting[oldest], self.cases[oldest]
                self.since = max(self.since, changed + 1)
        self.since = max(
            self.since,
            _shed(self._things, lambda pair: pair[1].at, horizon),
            _shed(self.acts, lambda act: act.at, horizon),
            _shed(self.affairs, lambda affair: affair.at, horizon),
            _shed(self.late, lambda late: late.heard, horizon),
        )


def _shed(lines: list[_T], at: Callable[[_T], int], horizon: int) -> int:
    """Drop the oldest lines, in place; from when on what is left is whole."""
    gone = since = 0
    while gone < len(lines) and (at(lines[gone]) <= horizon or len(lines) - gone > KEEP_LINES):
        since = at(lines[gone]) + 1
        gone += 1
    del lines[:gone]
    return since


def heard_us(event: Mapping[str, Any], otherwise: int) -> int:
    """When an event of the history was stored, as near as that is known: when it could be known, or its time.

    The history keeps no time of storing; what people and the keeper do has the wall clock in `time`.
    """
    data = event.get("data")
    said = data.get("detected_at") if isinstance(data, dict) and "act" not in data else None
    for text in (said, event.get("time")):
        try:
            if isinstance(text, str):
                return micros(text)
        except (ValueError, OverflowError):
            continue
    return otherwise
