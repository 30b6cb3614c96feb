"""Replaying recordings through the agents that would have sent them. Times stay the recording's own.

At a given speed, what falls into a slice of wall time is sent together; at full speed packs are cut
by size alone. Either way a gateway's packs go in order of time, on one lane.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from edge.protocol import Settings
from edge.sender import Sender
from services.observation.senml import Record
from simulators.recording import (
    Readings,
    RecordedMessage,
    RecordedStrike,
    RecordingError,
    kind_of,
    read_messages,
    read_readings,
    read_strikes,
)
from simulators.routes import Route, Routes, unrouted

PACK = (50, 200)
"""A pack ends at the first change of time after so many readings, and at so many at the latest."""

SLICE_S = 0.2
MAX_UNSTORED = 2_000
CONNECT_S = 15.0
_SECOND = 1_000_000


class ReplayError(RuntimeError):
    """A replay that cannot go on; says what to do."""


class StrikeRecord(msgspec.Struct, omit_defaults=True):
    """A strike as it goes over the wire; seconds since 1970, degrees, kA."""

    t: float
    lat: float
    lon: float
    type: str | None = None
    ka: float | None = None


class Recording(NamedTuple):
    """Everything the files hold, each kind in order of time."""

    readings: Readings
    strikes: list[RecordedStrike]
    messages: list[RecordedMessage]

    def span(self) -> tuple[int, int] | None:
        """First and last time in µs; None when nothing is recorded."""
        firsts = [kind[0] for kind in (self.readings.time, _times(self.strikes), _times(self.messages)) if len(kind)]
        lasts = [kind[-1] for kind in (self.readings.time, _times(self.strikes), _times(self.messages)) if len(kind)]
        return (min(firsts), max(lasts)) if firsts else None


def _times(timed: list[RecordedStrike] | list[RecordedMessage]) -> list[int]:
    return [timed[0].time, timed[-1].time] if timed else []


def load(files: list[Path]) -> Recording:
    """Read recordings of any kind.

    Raises:
        RecordingError: the first thing that cannot be read.
    """
    kinds: dict[str, list[Path]] = {"readings": [], "strikes": [], "messages": []}
    for file in files:
        kinds[kind_of(file)].append(file)
    return Recording(
        read_readings(kinds["readings"]), read_strikes(kinds["strikes"]), read_messages(kinds["messages"])
    )


class Progress(msgspec.Struct):
    """How far a replay is. `at` is recording time in µs."""

    total: int = 0
    sent: int = 0
    skipped: int = 0
    at: int = 0
    packs: int = 0
    stored: int = 0
    unstored: int = 0


class Replay:
    """One agent per gateway, fed in order of time."""

    def __init__(  # noqa: PLR0913  where to, as whom, how fast
        self,
        recording: Recording,
        routes: Routes,
        host: str,
        port: int,
        *,
        speed: float | None = None,
        plain: bool = False,
        username: str | None = None,
        password: str | None = None,
        notice: Callable[[str], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is sent before `run`. `speed` None is as fast as it goes."""
        self._recording = recording
        self._routes = routes
        self._speed = speed
        self._monotonic = monotonic
        self._stopping = threading.Event()
        self._senders: dict[Route | None, Sender] = {}
        self._open: dict[Route, list[Record]] = {}
        self.progress = Progress(
            total=len(recording.readings) + len(recording.strikes) + len(recording.messages)
        )

        def make(route: Route, *, bare: bool) -> Sender:
            return Sender(
                host,
                port,
                route.area,
                route.gateway,
                username=username,
                password=password,
                plain=bare,
                # A replay has no backlog: what waits is as new as the recording's own present.
                settings=Settings(backlog_after_s=None),
                max_unstored=MAX_UNSTORED,
                notice=lambda text: notice(f"{route.gateway}: {text}"),
            )

        self._make: Callable[[Route], Sender] = lambda route: make(route, bare=plain)
        self._make_bare: Callable[[], Sender] = lambda: make(Route("replay", "replay"), bare=True)

    def unknown(self) -> Mapping[str, list[str]]:
        """What nobody in the site speaks for: `stations` and strike `networks`, sorted."""
        networks = {strike.source for strike in self._recording.strikes} - set(self._routes.networks)
        sensors = (sensor for sensor, _ in self._recording.readings.channels)
        return {"stations": unrouted(sensors, self._routes), "networks": sorted(networks)}

    def run(self) -> None:
        """Send everything, then wait until it is stored.

        Raises:
            ReplayError: no broker.
        """
        try:
            for until in self._pace():
                self._send(until)
                if self._stopping.is_set():
                    return
            while not self._stopping.is_set() and not all(s.wait_all_stored(0.2) for s in self._senders.values()):
                self._count()
        finally:
            self._count()

    def stop(self) -> None:
        """End early; `close` is still to be called."""
        self._stopping.set()
        for sender in list(self._senders.values()):
            threading.Thread(target=sender.close, daemon=True).start()

    def close(self) -> None:
        """End all agents."""
        for sender in self._senders.values():
            sender.close()

    def _pace(self) -> Iterator[int | None]:
        """Recording times up to which to send now; None is everything there is."""
        span = self._recording.span()
        if span is None:
            return
        self._readings, self._strikes, self._messages = self._read(), self._storm(), self._talk()
        if self._speed is None:
            yield None
            return
        first, last = span
        begun = self._monotonic()
        while True:
            until = first + round((self._monotonic() - begun) * self._speed * _SECOND)
            yield until
            if until >= last or self._stopping.wait(SLICE_S):
                return

    def _send(self, until: int | None) -> None:
        """Send what was recorded up to a time; the three kinds keep their own order."""
        for step in (self._messages, self._strikes, self._readings):
            step.send(until)
        for route in list(self._open):
            self._flush(route)
        self._count()

    # -- readings ------------------------------------------------------------------------------

    def _read(self) -> "_Step":
        return _Step(self._send_readings)

    def _storm(self) -> "_Step":
        return _Step(self._send_strikes)

    def _talk(self) -> "_Step":
        return _Step(self._send_messages)
