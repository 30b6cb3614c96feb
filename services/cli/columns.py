"""The fast reader of recorded readings: CSV bytes to numpy columns, without Python per row.

Equal to `simulators.recording.read_readings` in everything, errors included: a row in a form that
the fast path does not know goes through the slow reader's own functions, a file with quotes or
ragged rows through the slow reader as a whole.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.cli import columns_text as text
from services.cli.columns_names import Names
from simulators.recording import READINGS_COLUMNS, opened, parse, read_readings

BLOCK = 1 << 19
"""Bytes per step: the columns of a step stay in the processor's cache."""

_COMMA, _NEWLINE, _RETURN = 44, 10, 13


class Columns(msgspec.Struct):
    """Readings as columns, in order of time; readings of the same time stay in file order.

    Attributes:
        channels: (sensor, unit) pairs that `channel` indexes; unit None: the sensor's own.
        time: (n,) int64 µs UTC.
        channel: (n,) uint32 index into `channels`.
        value: (n,) float64 as recorded.
        skipped: rows without a value (empty or NaN), counted by file.
    """

    channels: list[tuple[str, str | None]]
    time: NDArray[np.int64]
    channel: NDArray[np.uint32]
    value: NDArray[np.float64]
    skipped: dict[str, int]

    def __len__(self) -> int:
        """How many readings."""
        return len(self.time)


class _IrregularError(Exception):
    """This file is for the slow reader."""


class _Channels:
    """Numbers for (sensor, unit), found by the bytes between the commas."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str | None], int] = {}
        self._cells = Names()

    def number(self, sensor: tuple[str, str | None]) -> int:
        return self.names.setdefault(sensor, len(self.names))

    def find(self, data: text.Text, first: text.Ints, last: text.Ints) -> NDArray[np.uint32]:
        return self._cells.find(data, first, last, self._name)

    def _name(self, cells: bytes) -> int:
        try:
            sensor, _, unit = cells.decode().partition(",")
        except UnicodeDecodeError as error:
            raise _IrregularError from error
        return self.number((sensor, unit or None))


def read(files: Iterable[Path]) -> Columns:
    """Read recordings of readings and merge them by time.

    Raises:
        RecordingError: the first thing that cannot be read.
    """
    channels = _Channels()
    skipped: dict[str, int] = {}
    parts: list[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]] = []
    for file in files:
        known = dict(channels.names)
        try:
            found = list(_fast(file, channels))
        except _IrregularError:
            channels.names = known
            channels = _copy(channels)
            found = [_slow(file, channels, skipped)]
        for time, channel, value in found:
            keep = ~np.isnan(value)
            if keep.all():
                parts.append((time, channel, value))
                continue
            skipped[str(file)] = skipped.get(str(file), 0) + int(len(keep) - keep.sum())
            parts.append((time[keep], channel[keep], value[keep]))
    return _merged(channels, parts, skipped)


def _copy(channels: _Channels) -> _Channels:
    """Channels without what a file that broke off has taught them."""
    fresh = _Channels()
    fresh.names = channels.names
    return fresh


def _slow(
    file: Path, channels: _Channels, skipped: dict[str, int]
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]:
    readings = read_readings([file])
    skipped.update(readings.skipped)
    lookup = np.array([channels.number(pair) for pair in readings.channels], dtype=np.uint32)
    channel = (
        lookup[np.frombuffer(readings.channel, dtype=np.uint32)] if len(readings) else np.empty(0, np.uint32)
    )
    return np.array(readings.time, dtype=np.int64), channel, np.array(readings.value, dtype=np.float64)


def _merged(
    channels: _Channels,
    parts: list[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]],
    skipped: dict[str, int],
) -> Columns:
    if not parts:
        return Columns([], np.empty(0, np.int64), np.empty(0, np.uint32), np.empty(0, np.float64), skipped)
    time, channel, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    if len(time) and not (time[1:] >= time[:-1]).all():
        order = np.argsort(time, kind="stable")
        time, channel, value = time[order], channel[order], value[order]
    return Columns(list(channels.names), time, channel, value, skipped)


def _fast(
    file: Path, channels: _Channels
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]]:
    with opened(file) as stream:
        header = stream.readline().removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
        names = tuple(header.decode("ascii", "replace").split(","))
        if names not in (READINGS_COLUMNS, (*READINGS_COLUMNS, "unit")):
            raise _IrregularError
        line = 2
        rest = b""
        while block := stream.read(BLOCK):
            whole, newline, rest = (rest + block).rpartition(b"\n")
            if newline:
                time, channel, value = _block(file, line, whole + newline, len(names), channels)
                line += len(time)
                yield time, channel, value
        if rest.strip():
            yield _block(file, line, rest + b"\n", len(names), channels)


def _block(
    file: Path, line: int, raw: bytes, width: int, channels: _Channels
) -> tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.float64]]:
    """Columns of whole lines; NaN where a row has no value."""
    if b'"' in raw or b"\0" in raw or (b"\r" in raw and raw.count(b"\r") != raw.count(b"\r\n")):
        raise _IrregularError
    data = text.Text(raw)
    cuts = data.where(_COMMA, _NEWLINE)
    if len(cuts) % width:
        raise _IrregularError
    # One contiguous array per column: every later step walks along them.
    columns = [np.ascontiguousarray(cuts[nth::width]) for nth in range(width)]
    ends = columns[-1]
    if any((data.bytes[c] != _COMMA).any() for c in columns[:-1]) or (data.bytes[ends] != _NEWLINE).any():
        raise _IrregularError
    starts = np.empty_like(ends)
    starts[0] = 0
    np.add(ends[:-1], 1, out=starts[1:])
    if b"\r" in raw:
        ends = ends - (data.bytes[ends - 1] == _RETURN)
    time_ends, name_ends = columns[0], columns[1]
    value_ends = ends if width == len(READINGS_COLUMNS) else columns[2]
    time, good = text.times(data, starts, time_ends)
    value, good_values = text.numbers(data, name_ends + 1, value_ends)
    good &= good_values
    for row in np.flatnonzero(~good):  # per row: only what the fast path does not know
        when, reading = raw[starts[row] : time_ends[row]], raw[name_ends[row] + 1 : value_ends[row]]
        time[row], value[row] = _parse(file, line + int(row), when, reading)
    if width == len(READINGS_COLUMNS):
        return time, channels.find(data, time_ends + 1, name_ends), value
    sensor, unit = (time_ends + 1, name_ends), (value_ends + 1, ends)
    return time, _with_unit(data, sensor, unit, channels), value


def _parse(file: Path, line: int, time: bytes, value: bytes) -> tuple[int, float]:
    try:
        return parse(file, line, time.decode(), value.decode())
    except UnicodeDecodeError as error:
        raise _IrregularError from error


def _with_unit(
    data: text.Text,
    sensor_cells: tuple[text.Ints, text.Ints],
    unit_cells: tuple[text.Ints, text.Ints],
    channels: _Channels,
) -> NDArray[np.uint32]:
    """Channels of rows with a unit: sensor and unit are apart, the value stands between them."""
    sensors, units = _Channels(), _Channels()
    sensor = sensors.find(data, *sensor_cells)
    unit = units.find(data, *unit_cells)
    pairs = sensor.astype(np.uint64) * len(units.names) + unit
    distinct, first, inverse = np.unique(pairs, return_index=True, return_inverse=True)
    names, unit_names = list(sensors.names), list(units.names)
    lookup = np.zeros(len(distinct), dtype=np.uint32)
    for at in np.argsort(first):  # numbers are given in order of appearance, as the slow reader does
        row = first[at]
        lookup[at] = channels.number((names[sensor[row]][0], unit_names[unit[row]][0] or None))
    numbers: NDArray[np.uint32] = lookup[inverse.reshape(-1)]
    return numbers
