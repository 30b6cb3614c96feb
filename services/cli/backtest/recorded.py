"""Recordings on their way to the engine: identified, converted, flagged, in order, with ticks between.

The same identification, quality control and units as in ingest. A CSV says when things were measured and
not when they came: its readings are taken to come at that time. MQTT messages come at their `t`.
"""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.cli.backtest import columns
from services.cli.backtest.recorded_strikes import Came, of_messages, of_tables
from services.ingest import decode
from services.ingest.identify import SiteIndex, Taken, identify
from services.observation import topics, units
from services.observation.quantity import Property
from services.observation.site import Site
from simulators.recording import RecordedMessage, kind_of, read_messages

Ints = NDArray[np.int64]
Rows = NDArray[np.uint32]


class Recorded(msgspec.Struct):
    """Readings of a site in the order they came.

    Attributes:
        time: (n,) µs UTC.
        row: (n,) the sensor's place in `site.sensors`.
        value: (n,) canonical unit.
        arrival: (n,) µs UTC, ascending; the very array `time` where each came when it was measured.
        gateway: of each sensor.
        unused: what was left out, and how many.
        strikes: lightning, with when each came (µs UTC), in that order.
    """

    time: Ints
    row: Rows
    value: NDArray[np.float64]
    arrival: Ints
    gateway: list[str | None]
    unused: dict[str, int]
    strikes: list[Came] = []

    def __len__(self) -> int:
        """How many readings."""
        return len(self.time)

    def span(self) -> tuple[int, int]:
        """When the first and the last thing came, µs UTC; (0, 0) when there is nothing."""
        ends = [int(self.arrival[0]), int(self.arrival[-1])] if len(self) else []
        ends += [self.strikes[0].at, self.strikes[-1].at] if self.strikes else []
        return (min(ends), max(ends)) if ends else (0, 0)

    def until(self, at: int) -> "Recorded":
        """What had come at an instant, µs UTC, that instant included."""
        end = int(np.searchsorted(self.arrival, at, side="right"))
        time = self.time[:end]
        arrival = time if self.at_once() else self.arrival[:end]
        strikes = [one for one in self.strikes if one.at <= at]
        return Recorded(time, self.row[:end], self.value[:end], arrival, self.gateway, self.unused, strikes)

    def at_once(self) -> bool:
        """Whether each reading came when it was measured, so that they are in order of time."""
        return self.arrival is self.time or bool((self.arrival == self.time).all())

    def heard(self, sensors: int) -> NDArray[np.bool_]:
        """Which of so many sensors have a reading."""
        heard = np.zeros(sensors, dtype=bool)
        heard[self.row] = True
        return heard


def read(files: Sequence[Path], site: Site, extra: dict[str, Property]) -> Recorded:
    """Read recordings of any form, strikes among them.

    Raises:
        simulators.recording.RecordingError: the first thing that cannot be read.
    """
    kinds = {file: kind_of(file) for file in files}
    unused: dict[str, int] = {}
    time, row, value = _readings([file for file in files if kinds[file] == "readings"], site, unused)
    arrival = time
    index = SiteIndex(site, extra)
    struck = of_tables([file for file in files if kinds[file] == "strikes"], index, unused)
    messages = [file for file in files if kinds[file] == "messages"]
    if messages:
        recorded = read_messages(messages)
        struck += of_messages(recorded, index, unused)
        others = _messages(recorded, index, unused)
        time = np.concatenate([time, others[0]])
        row, value = np.concatenate([row, others[1]]), np.concatenate([value, others[2]])
        arrival = np.concatenate([arrival, others[3]])
        order = np.argsort(arrival, kind="stable")
        time, row, value, arrival = time[order], row[order], value[order], arrival[order]
    gateways = [site.stations[sensor.station].gateway for sensor in site.sensors.values()]
    struck.sort(key=lambda one: one.at)
    return Recorded(time, row, value, arrival, gateways, unused, struck)


def _readings(
    files: Sequence[Path], site: Site, unused: dict[str, int]
) -> tuple[Ints, Rows, NDArray[np.float64]]:
    found = columns.read(files)
    row_of = {name: at for at, name in enumerate(site.sensors)}
    rows, scales, offsets = [], [], []
    strange: list[tuple[int, str]] = []
    for at, (name, unit) in enumerate(found.channels):
        sensor = site.sensors.get(name)
        factor = None
        why = f"{name}: not a sensor of the site"
        if sensor is not None:
            factor = units.converter(sensor.raw_unit if unit is None else unit, sensor.unit)
            why = f"{name}: unit {unit!r} is not one of {sensor.unit!r}"
        if factor is None:
            strange.append((at, why))
        rows.append(row_of[name] if factor is not None else 0)
        scales.append(factor[0] if factor is not None else 1.0)
        offsets.append(factor[1] if factor is not None else 0.0)
    time, value, channel = found.time, found.value, found.channel
    if strange:
        count = np.bincount(channel, minlength=len(found.channels))
        for at, why in strange:
            unused[why] = unused.get(why, 0) + int(count[at])
        known = np.ones(len(found.channels), dtype=bool)
        known[[at for at, _ in strange]] = False
        keep = known[channel]
        time, value, channel = time[keep], value[keep], channel[keep]
    if set(scales) - {1.0} or set(offsets) - {0.0}:
        value = value * np.array(scales)[channel] + np.array(offsets)[channel]
    row = np.array(rows, dtype=np.uint32)[channel] if rows else np.empty(0, dtype=np.uint32)
    return time, row, value


_Part = tuple[Ints, Rows, NDArray[np.float64], Ints]


def _messages(recorded: Sequence[RecordedMessage], index: SiteIndex, unused: dict[str, int]) -> _Part:
    """Per message in Python, as ingest does it; only bare packs and the agent's envelopes."""
    taken: list[Taken] = []
    for message in recorded:
        topic = topics.parse(message.topic)
        if topic is not None and topic.kind is topics.Kind.STRIKES:
            continue
        if topic is None or topic.kind is not topics.Kind.READINGS:
            unused["messages on other topics"] = unused.get("messages on other topics", 0) + 1
            continue
        pack = decode.decode(message.payload).pack
        if pack is None or index.gateway(topic.area, topic.gateway) is not None:
            unused["messages that ingest would reject"] = (
                unused.get("messages that ingest would reject", 0) + 1
            )
            continue
        taken.append(Taken(topic.gateway, pack, message.time))
    found = identify(index, taken)
    refused = sum(len(rejects) for rejects in found.rejects.values())
    if refused:
        unused["records that ingest would reject"] = refused
    arrival = np.repeat(np.array([one.received_at for one in taken], np.int64), found.counts)
    row, time, value = found.row, found.time, found.value
    own = row < len(index.site.sensors)  # the canary has a row of its own
    return time[own], row[own], value[own], arrival[own]
