"""The fast reader of recorded readings: CSV bytes to numpy columns, without Python per row.

Equal to `simulators.recording.read_readings` in everything, errors included: a row in a form that
the fast path does not know goes through the slow reader's own functions, a file with quotes or
ragged rows through the slow reader as a whole.

Over 250 lines: the fast path, and each door through which it leaves for the slow one.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.cli.backtest import columns_text as text
from services.cli.backtest.columns_names import Names
from services.cli.backtest.columns_numbers import numbers
from services.cli.backtest.columns_times import times
from simulators.recording import READINGS_COLUMNS, opened, parse, read_readings

BLOCK = 1 << 20
"""Bytes per step: long enough that a call of numpy costs little, short enough for the processor's cache."""

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

    def __init__(self, names: dict[tuple[str, str | None], int] | None = None) -> None:
        self.names = dict(names or {})
        self._sensors, self._units = Names(), Names()
        self._sensor_names: dict[str, int] = {}
        self._unit_names: dict[str, int] = {}
        self._pairs = np.full((1, 1), -1, dtype=np.int64)  # by number of the sensor, number of the unit

    def number(self, sensor: tuple[str, str | None]) -> int:
        return self.names.setdefault(sensor, len(self.names))

    def find(self, data: text.Text, first: text.Ints, last: text.Ints) -> text.Ints:
        """Channels of sensors without a unit."""
        return self._sensors.find(data, first, last, lambda cell: self.number((_decoded(cell), None)))

    def find_pairs(
        self, data: text.Text, sensor: tuple[text.Ints, text.Ints], unit: tuple[text.Ints, text.Ints]
    ) -> text.Ints:
        """Channels of sensors and units: they are apart, the value stands between them."""
        sensors = self._sensors.find(data, *sensor, lambda cell: _numbered(self._sensor_names, cell))
        units = self._units.find(data, *unit, lambda cell: _numbered(self._unit_names, cell))
        shape = (len(self._sensor_names), len(self._unit_names))
        if shape != self._pairs.shape:
            more = [(0, new - old) for new, old in zip(shape, self._pairs.shape, strict=True)]
            self._pairs = np.pad(self._pairs, [(0, max(0, n)) for _, n in more], constant_values=-1)
        channel = self._pairs[sensors, units]
        new = np.flatnonzero(channel < 0)
        if len(new):  # numbers are given in order of appearance, as the slow reader does
            names, unit_names = list(self._sensor_names), list(self._unit_names)
            for s, u in dict.fromkeys(zip(sensors[new].tolist(), units[new].tolist(), strict=True)):
                self._pairs[s, u] = self.number((names[s], unit_names[u] or None))
            channel = self._pairs[sensors, units]
        return channel


def _decoded(cell: bytes) -> str:
    try:
        return cell.decode()
    except UnicodeDecodeError as error:
        raise _IrregularError from error


def _numbered(names: dict[str, int], cell: bytes) -> int:
    return names.setdefault(_decoded(cell), len(names))


class _Sink:
    """Columns that grow: long arrays, written once. `size` rows are in use, in order of time or not."""

    def __init__(self) -> None:
        self.size = 0
        self.ordered = True
        self._time = np.empty(0, np.int64)
        self._channel = np.empty(0, np.uint32)
        self._value = np.empty(0, np.float64)

    def expect(self, rows: int) -> None:
        """Make room for so many more rows."""
        wanted = self.size + rows
        if wanted > len(self._time):
            wanted = max(wanted, len(self._time) * 3 // 2)
            for name in ("_time", "_channel", "_value"):
                column = getattr(self, name)
                longer = np.empty(wanted, column.dtype)
                longer[: self.size] = column[: self.size]
                setattr(self, name, longer)

    def add(self, time: text.Ints, channel: NDArray[np.integer[Any]], value: NDArray[np.float64]) -> None:
        """Put rows behind the others."""
        if not len(time):
            return
        self.expect(len(time))
        part = slice(self.size, self.size + len(time))
        self.ordered &= not self.size or bool(time[0] >= self._time[self.size - 1])
        self.ordered &= bool((time[1:] >= time[:-1]).all())
        self._time[part], self._channel[part], self._value[part] = time, channel, value
        self.size = part.stop

    def columns(self, channels: _Channels, skipped: dict[str, int]) -> Columns:
        """What came, in order of time."""
        used = slice(self.size)
        time, channel, value = self._time[used], self._channel[used], self._value[used]
        if not self.ordered:
            order = np.argsort(time, kind="stable")
            time, channel, value = time[order], channel[order], value[order]
        return Columns(list(channels.names), time, channel, value, skipped)


def read(files: Iterable[Path]) -> Columns:
    """Read recordings of readings and merge them by time.

    Raises:
        RecordingError: the first thing that cannot be read.
    """
    channels = _Channels()
    skipped: dict[str, int] = {}
    sink = _Sink()
    for file in files:
        known, before, ordered = dict(channels.names), sink.size, sink.ordered
        try:
            _fast(file, channels, sink, skipped)
        except _IrregularError:
            # Forget what the file has taught: the slow reader begins it again.
            channels = _Channels(known)
            sink.size, sink.ordered = before, ordered
            skipped.pop(str(file), None)
            _slow(file, channels, sink, skipped)
    return sink.columns(channels, skipped)


def _slow(file: Path, channels: _Channels, sink: _Sink, skipped: dict[str, int]) -> None:
    readings = read_readings([file])
    skipped.update(readings.skipped)
    lookup = np.array([channels.number(pair) for pair in readings.channels], dtype=np.uint32)
    if len(readings):
        channel = lookup[np.frombuffer(readings.channel, dtype=np.uint32)]
        sink.add(np.array(readings.time, np.int64), channel, np.array(readings.value, np.float64))


def _fast(file: Path, channels: _Channels, sink: _Sink, skipped: dict[str, int]) -> None:
    with opened(file) as stream:
        header = stream.readline().removeprefix(b"\xef\xbb\xbf").rstrip(b"\r\n")
        names = tuple(header.decode("ascii", "replace").split(","))
        if names not in (READINGS_COLUMNS, (*READINGS_COLUMNS, "unit")):
            raise _IrregularError
        data = text.Text(BLOCK)
        begin, rows = sink.size, 0
        blocks = _Blocks(file, data, len(names), channels)
        for end in _ends(stream, data):
            time, channel, value = blocks.read(end)
            rows += len(time)
            if blocks.doubtful and np.isnan(value).any():
                keep = ~np.isnan(value)
                skipped[str(file)] = skipped.get(str(file), 0) + int(len(keep) - keep.sum())
                time, channel, value = time[keep], channel[keep], value[keep]
            if begin == sink.size:  # a guess that holds for a file that is not packed, and harms no other
                sink.expect(file.stat().st_size * rows // (end - data.begin) + len(time))
            sink.add(time, channel, value)


def _ends(stream: IO[bytes], data: text.Text) -> Iterator[int]:
    """Ends of blocks of whole lines, until all is read."""
    while data.fill(stream):
        end = data.lines()
        if end > data.begin:
            yield end
        elif data.full():
            raise _IrregularError  # a line longer than the buffer
    end = data.last_line()
    if end > data.begin:
        yield end


class _Blocks:
    """Block after block of one file.

    Attributes:
        doubtful: the last block had rows that were read one by one; the others all have values.
    """

    def __init__(self, file: Path, data: text.Text, width: int, channels: _Channels) -> None:
        self._file, self._data, self._width, self._channels = file, data, width, channels
        self._line = 2
        self.doubtful = False

    def read(self, end: int) -> tuple[text.Ints, text.Ints, NDArray[np.float64]]:
        """Columns of whole lines; NaN where a row has no value."""
        data, width = self._data, self._width
        starts, *commas, ends = self._cells(end)
        time_ends, name_ends = commas[0], commas[1]
        value_starts, value_ends = name_ends + 1, ends if width == len(READINGS_COLUMNS) else commas[2]
        # Names first: what stands in them may send the whole file to the slow reader.
        sensors = (time_ends + 1, name_ends)
        if width == len(READINGS_COLUMNS):
            channel = self._channels.find(data, *sensors)
        else:
            channel = self._channels.find_pairs(data, sensors, (value_ends + 1, ends))
        time, good = times(data, starts, time_ends)
        value, good_values = numbers(data, value_starts, value_ends)
        if good_values is not None:
            good &= good_values
        self.doubtful = not good.all()
        if self.doubtful:
            for row in np.flatnonzero(~good).tolist():  # per row: only what the fast path does not know
                when = data.cell(starts[row], time_ends[row])
                reading = data.cell(value_starts[row], value_ends[row])
                time[row], value[row] = _parse(self._file, self._line + row, when, reading)
        self._line += len(time)
        return time, channel, value

    def _cells(self, end: int) -> list[text.Ints]:
        """Where each row begins, its commas, where it ends."""
        data, width = self._data, self._width
        returns = data.has(b"\r", end)
        if data.has(b'"', end) or data.has(b"\0", end):
            raise _IrregularError
        if returns and data.count(b"\r", end) != data.count(b"\r\n", end):
            raise _IrregularError
        cuts = data.where(_COMMA, _NEWLINE, end)
        if len(cuts) % width:
            raise _IrregularError
        # One contiguous array per column: every later step walks along them.
        columns = [np.ascontiguousarray(cuts[nth::width]) for nth in range(width)]
        ends = columns[-1]
        if any((data.bytes[c] != _COMMA).any() for c in columns[:-1]) or (data.bytes[ends] != _NEWLINE).any():
            raise _IrregularError
        starts = np.empty_like(ends)
        starts[0] = data.begin
        np.add(ends[:-1], 1, out=starts[1:])
        if returns:
            columns[-1] = ends - (data.bytes[ends - 1] == _RETURN)
        return [starts, *columns]


def _parse(file: Path, line: int, time: bytes, value: bytes) -> tuple[int, float]:
    try:
        return parse(file, line, time.decode(), value.decode())
    except UnicodeDecodeError as error:
        raise _IrregularError from error
