"""Maintenance windows: who works on what, from when to when; events of ALERTS and their fold. Pure.

A window keeps alerts of its stations, gateways or areas quiet while it lasts. One of kind `test` says that
what they report is not real: their alerts get status Test.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec

from services.observation.command import identity
from services.observation.instants import micros
from services.observation.text import Text
from services.observation.topics import SITE_AREA

TYPE = "vn.haidang.maintenance."
VERBS = ("planned", "changed", "cancelled", "ended")
WindowKind = Literal["maintenance", "test"]
WindowState = Literal["planned", "cancelled", "ended"]
KEPT_US = 30 * 86_400 * 1_000_000
MOST_KEPT = 500
"""Of windows that are over."""
KEEPER = "keeper"


class Window(msgspec.Struct, kw_only=True):
    """`data` of an event: the window as it stands after it. Times in ISO 8601 UTC.

    Attributes:
        area: of its subject, for as long as it is kept; `_`: several, or none.
        kind: maintenance: what comes from there is not to be believed; test: nor is it real.
        start, end: while it counts; `end` is when the keeper ends it at the latest.
        stations, gateways, areas: what it is about; a gateway with all that it speaks for.
        why: the person's words. by: who planned, changed or cancelled it; `keeper` when its time was up.
        time: of this event.
    """

    window_id: str
    area: str
    kind: WindowKind
    start: str
    end: str
    stations: list[str] = []
    gateways: list[str] = []
    areas: list[str] = []
    why: str
    by: str
    state: WindowState = "planned"
    time: str
    reason: Text

    @property
    def from_us(self) -> int:
        """Its start, µs UTC."""
        return micros(self.start)

    @property
    def to_us(self) -> int:
        """Its end, µs UTC."""
        return micros(self.end)

    def lasts(self, now: int) -> bool:
        """Whether it counts at an instant, µs UTC."""
        return self.state == "planned" and self.from_us <= now < self.to_us


class WindowEvent(msgspec.Struct, kw_only=True):
    """CloudEvents 1.0 of a window; no alert event, so no fold of alerts takes it for one."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Window
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


_encoder = msgspec.json.Encoder()


def window_id(site: str, subject: str, key: str) -> str:
    """32 hex that follow from who asked, and by which idempotency key."""
    return identity(site, subject, key, "window")


def event_id(window: str, verb: str, cause: str) -> str:
    """32 hex; `cause`: the idempotency key, or the instant that was due."""
    return identity(window, verb, cause)


def make(site: str, verb: str, event: str, data: Window) -> WindowEvent:
    """Put a window into its envelope; `event` is the id."""
    return WindowEvent(
        id=event,
        source=f"/sites/{site}",
        type=f"{TYPE}{verb}.v1",
        subject=data.window_id,
        time=data.time,
        data=data,
    )


def encode(event: WindowEvent) -> bytes:
    """As JSON."""
    return _encoder.encode(event)


def read(event: Mapping[str, Any]) -> Window | None:
    """The window of a decoded event; None when it is no event of a window, or of a form we do not know."""
    kind = str(event.get("type"))
    if not kind.startswith(TYPE) or kind[len(TYPE) : -3] not in VERBS:
        return None
    try:
        found = msgspec.convert(event.get("data"), Window)
        real = found.from_us < found.to_us
    except (msgspec.ValidationError, ValueError, OverflowError):
        return None
    return found if real else None


def subject_area(areas: set[str]) -> str:
    """The area of its subject: the only one of `areas`, which hold what it is about; else `_`."""
    return next(iter(areas)) if len(areas) == 1 else SITE_AREA


class Windows:
    """All windows that are planned or last, and those lately over, folded from their events."""

    def __init__(self) -> None:
        """Start with none."""
        self._kept: dict[str, Window] = {}
        self._sequence: dict[str, int] = {}
        self._written: dict[str, tuple[str, str]] = {}

    def __iter__(self) -> Iterator[Window]:
        """Every window that is kept."""
        return iter(self._kept.values())

    def get(self, window: str) -> Window | None:
        """One by id."""
        return self._kept.get(window)

    def sequence(self, window: str) -> int:
        """Of its last event; 0 when it is not known."""
        return self._sequence.get(window, 0)

    def source(self, window: str) -> str:
        """Whose it is, `/sites/<site>`."""
        return self._written.get(window, ("", ""))[0]

    def event(self, window: str) -> str:
        """Id of its last event."""
        return self._written.get(window, ("", ""))[1]

    def clear(self) -> None:
        """Forget everything."""
        for book in (self._kept, self._sequence, self._written):
            book.clear()

    def apply(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> Window | None:
        """Fold one event in stream order; the window after it, None when it says nothing of one."""
        found = read(event)
        if found is None or sequence <= self.sequence(found.window_id):
            return None
        self._kept.pop(found.window_id, None)  # in order of the last change
        self._kept[found.window_id] = found
        self._sequence[found.window_id] = sequence
        self._written[found.window_id] = (str(event.get("source", "")), str(event.get("id", "")))
        over = [one for one in self._kept.values() if one.state != "planned"]
        for nth, old in enumerate(over):
            if old.to_us < stored_us - KEPT_US or nth < len(over) - MOST_KEPT:
                for book in (self._kept, self._sequence, self._written):
                    book.pop(old.window_id, None)
        return found
