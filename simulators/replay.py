"""Replaying recordings through the agents that would have sent them. Times stay the recording's own.

At a given speed, what falls into a slice of wall time is sent together; at full speed packs are cut
by size alone. Either way a gateway's packs go in order of time, on one lane.

Over 250 lines: reading, pacing and waiting for `stored` of one command.
"""

import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from services.observation.instants import SECOND
from services.observation.senml import Record
from simulators.agents import AgentError, Agents, Target
from simulators.recording import (
    Readings,
    RecordedMessage,
    RecordedStrike,
    kind_of,
    read_messages,
    read_readings,
    read_strikes,
)
from simulators.routes import Route, Routes, unrouted

PACK = (50, 200)
"""A pack ends at the first change of time after so many readings, and at so many at the latest."""

WINDOW = 10_000
"""At full speed the kinds of recording take turns after so many."""

SLICE_S = 0.2
MINUTE = 60 * SECOND

ReplayError = AgentError
"""A replay that cannot go on; the text says why."""

__all__ = ["Progress", "Recording", "Replay", "ReplayError", "StrikeRecord", "Target", "load"]


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
    """How far a replay is. `at` is recording time in µs; `skipped` has nobody to send it."""

    total: int = 0
    sent: int = 0
    skipped: int = 0
    at: int = 0


class _Bucket:
    """The pack a gateway is filling."""

    __slots__ = ("last", "records", "route")

    def __init__(self, route: Route) -> None:
        self.route = route
        self.records: list[Record] = []
        self.last = 0


class Replay:
    """One agent per gateway, fed in order of time."""

    def __init__(  # noqa: PLR0913  what, where to, how fast, and the seams
        self,
        recording: Recording,
        routes: Routes,
        target: Target,
        *,
        speed: float | None = None,
        notice: Callable[[str], None] = lambda _: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is sent before `run`. `speed` None is as fast as it goes."""
        self._recording = recording
        self._routes = routes
        self._agents = Agents(target, notice)
        self._speed = speed
        self._monotonic = monotonic
        self._stopping = threading.Event()
        buckets: dict[Route, _Bucket] = {}
        self._bucket_of: list[_Bucket | None] = []
        for sensor, _ in recording.readings.channels:
            route = routes.of_sensor(sensor)
            self._bucket_of.append(buckets.setdefault(route, _Bucket(route)) if route else None)
        self._buckets = list(buckets.values())
        self._times = (
            recording.readings.time,
            [strike.time for strike in recording.strikes],
            [message.time for message in recording.messages],
        )
        self.progress = Progress(total=sum(len(times) for times in self._times))

    def unknown(self) -> tuple[list[str], list[str]]:
        """Stations, and strike networks, for which no gateway of the site speaks."""
        sensors = [sensor for sensor, _ in self._recording.readings.channels]
        networks = {strike.source for strike in self._recording.strikes} - set(self._routes.networks)
        return unrouted(sensors, self._routes), sorted(networks)

    @property
    def stored(self) -> int:
        """Packs stored so far (plain: PUBACKed)."""
        return self._agents.stored

    @property
    def unstored(self) -> int:
        """Packs handed to agents and not yet stored."""
        return self._agents.unstored

    @property
    def problem(self) -> str | None:
        """Why an agent has no connection now; None while all have."""
        return self._agents.problem

    def run(self) -> bool:
        """Send everything and wait until all of it is stored; False when stopped before.

        Raises:
            ReplayError: no broker.
        """
        at = [0, 0, 0]
        for until in self._pace():
            ends = [bisect_right(times, until) for times in self._times]
            self._send_messages(at[2], ends[2])
            self._send_in_order(at, ends)
            at = ends
            self.progress.at = until
            if self._speed is not None:
                self._flush_all()
            if self._stopping.is_set():
                return False
        self._flush_all()
        while not self._agents.wait_all_stored(SLICE_S):
            if self._stopping.is_set():
                return False
        return True

    def stop(self) -> None:
        """Make `run` return soon; from any thread."""
        self._stopping.set()
        self._agents.stop()

    def close(self) -> None:
        """End all agents."""
        self._agents.close()

    def _pace(self) -> Iterator[int]:
        """Recording times, in µs, up to which to send next."""
        spans = [times for times in self._times if len(times)]
        if not spans:
            return
        first, last = min(times[0] for times in spans), max(times[-1] for times in spans)
        if self._speed is None:
            longest = max(spans, key=len)
            yield from (longest[n] for n in range(WINDOW, len(longest), WINDOW))
            yield last
            return
        begun = self._monotonic()
        until = first
        while until < last:
            yield until
            if self._stopping.wait(SLICE_S):
                return
            until = first + round((self._monotonic() - begun) * self._speed * SECOND)
        yield last

    def _send_in_order(self, at: Sequence[int], ends: Sequence[int]) -> None:
        """Readings, and the strikes between them by the minute: no network's clock overtakes its strikes."""
        first, reading = at[1], at[0]
        while first < ends[1]:
            minute = -(-self._times[1][first] // MINUTE) * MINUTE
            last = min(bisect_right(self._times[1], minute), ends[1])
            upto = max(reading, min(bisect_right(self._times[0], minute), ends[0]))
            self._send_readings(reading, upto)
            self._flush_all()
            self._send_strikes(first, last)
            first, reading = last, upto
        self._send_readings(reading, ends[0])

    def _send_readings(self, first: int, last: int) -> None:
        """Fill packs. Per reading in Python: a record each, nothing more."""
        readings, buckets, (enough, most) = self._recording.readings, self._bucket_of, PACK
        names, skipped = readings.channels, 0
        columns = readings.time[first:last], readings.channel[first:last], readings.value[first:last]
        for us, channel, value in zip(*columns, strict=True):
            bucket = buckets[channel]
            if bucket is None:
                skipped += 1
                continue
            records = bucket.records
            if len(records) >= enough and (us != bucket.last or len(records) >= most):
                self._flush(bucket)
            name, unit = names[channel]
            records.append(Record(name, us / SECOND, value, unit))
            bucket.last = us
        self.progress.skipped += skipped

    def _flush(self, bucket: _Bucket) -> None:
        if bucket.records and not self._stopping.is_set():
            self._agents.of(bucket.route).submit(bucket.records)
            self.progress.sent += len(bucket.records)
        bucket.records.clear()

    def _flush_all(self) -> None:
        for bucket in self._buckets:
            self._flush(bucket)

    def _send_strikes(self, first: int, last: int) -> None:
        packs: dict[Route, list[StrikeRecord]] = {}
        for strike in self._recording.strikes[first:last]:
            route = self._routes.networks.get(strike.source)
            if route is None:
                self.progress.skipped += 1
                continue
            pack = packs.setdefault(route, [])
            pack.append(StrikeRecord(strike.time / SECOND, strike.lat, strike.lon, strike.type, strike.ka))
        for route, pack in packs.items():
            for start in range(0, len(pack), PACK[1]):
                part = pack[start : start + PACK[1]]
                self._agents.of(route).submit_strikes(part)
                self.progress.sent += len(part)

    def _send_messages(self, first: int, last: int) -> None:
        for message in self._recording.messages[first:last]:
            self._agents.of(None).publish(message.topic, message.payload)
            self.progress.sent += 1
