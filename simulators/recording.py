"""Recordings: readings and strikes as CSV, MQTT messages as JSON lines. Base dependencies only.

    time,sensor,value[,unit]           2015-12-26T10:15:00Z,armley.water_level,3.905
    time,source,lat,lon[,type,ka]      2023-12-24T00:56:59.217Z,goes-glm,29.311,-103.2
    {"t": 1786149104, "topic": "…", "payload": "…"}     one a line; or "payload_b64"

Times are ISO 8601 with a zone. Any of them may be gzip. Files need not be sorted.

Over 250 lines: three kinds of recording, one reader each, one way of saying what is wrong.
"""

import csv
import gzip
import math
from array import array
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import IO, Literal, NamedTuple, cast

import msgspec

from services.observation.instants import micros

Kind = Literal["readings", "strikes", "messages"]

READINGS_COLUMNS = ("time", "sensor", "value")
STRIKES_COLUMNS = ("time", "source", "lat", "lon")


class RecordingError(ValueError):
    """A recording that cannot be read: `file:line: what → remedy`."""

    def __init__(self, file: Path, line: int, what: str, remedy: str) -> None:
        """Say where, what, and what to do."""
        super().__init__(f"{file}:{line}: {what} → {remedy}")


class Readings(msgspec.Struct):
    """Readings as columns, in order of time; readings of the same time stay in file order.

    Attributes:
        channels: (sensor, unit) pairs that `channel` indexes; unit None: the sensor's own.
        time: µs UTC.
        channel: index into `channels`.
        value: as recorded.
        skipped: rows without a value (empty or NaN), counted by file.
    """

    channels: list[tuple[str, str | None]]
    time: "array[int]"
    channel: "array[int]"
    value: "array[float]"
    skipped: dict[str, int]

    def __len__(self) -> int:
        """How many readings."""
        return len(self.time)


class RecordedStrike(NamedTuple):
    """A strike: µs UTC, degrees, kA."""

    time: int
    source: str
    lat: float
    lon: float
    type: str | None = None
    ka: float | None = None


class RecordedMessage(NamedTuple):
    """An MQTT message as it was published; µs UTC."""

    time: int
    topic: str
    payload: bytes


@contextmanager
def opened(file: Path) -> Iterator[IO[bytes]]:
    """A recording's bytes, unpacked where it is gzip (told by its first bytes, not by its name)."""
    try:
        with file.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if packed:
                with gzip.open(raw) as plain:
                    yield cast("IO[bytes]", plain)
            else:
                yield raw
    except (EOFError, gzip.BadGzipFile) as error:
        raise RecordingError(file, 1, f"gzip is broken: {error}", "copy the file again") from error
    except OSError as error:
        raise RecordingError(
            file, 1, f"cannot be opened: {error.strerror}", "check the path and the rights"
        ) from error


def kind_of(file: Path) -> Kind:
    """What a recording holds, told by its first line.

    Raises:
        RecordingError: it is none of the three.
    """
    with opened(file) as stream:
        first = stream.readline().removeprefix(b"\xef\xbb\xbf").strip()
    if first.startswith(b"{"):
        return "messages"
    columns = tuple(column.strip() for column in first.decode("utf-8", "replace").split(","))
    if columns[:3] == READINGS_COLUMNS:
        return "readings"
    if columns[:4] == STRIKES_COLUMNS:
        return "strikes"
    heads = " or ".join(f"`{','.join(head)}`" for head in (READINGS_COLUMNS, STRIKES_COLUMNS))
    remedy = f"begin a CSV with {heads}, or give JSON lines"
    raise RecordingError(file, 1, f"not a recording: {first[:60]!r}", remedy)


def _rows(file: Path, columns: tuple[str, ...], optional: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row, filled up to all columns."""
    width = len(columns) + len(optional)
    with opened(file) as stream:
        text = (_decoded(file, number, line) for number, line in enumerate(stream, 1))
        reader = csv.reader(text)
        try:
            header = [cell.strip() for cell in next(reader, [])]
            if tuple(header) != (columns + optional)[: len(header)] or len(header) < len(columns):
                remedy = f"use `{','.join(columns)}` and, if need be, `{','.join(optional)}`"
                raise RecordingError(file, 1, f"columns {','.join(header) or 'are missing'}", remedy)
            for row in reader:
                if not row:
                    continue
                if not len(columns) <= len(row) <= width:
                    what = f"{len(row)} cells, expected {len(columns)} to {width}"
                    raise RecordingError(file, reader.line_num, what, "mend the row")
                yield reader.line_num, row + [""] * (width - len(row))
        except csv.Error as error:
            raise RecordingError(file, reader.line_num, str(error), "mend the quotes of this row") from error


def _decoded(file: Path, number: int, line: bytes) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise RecordingError(file, number, "not UTF-8", "save the file as UTF-8") from error


def _time(file: Path, line: int, text: str) -> int:
    try:
        return micros(text)
    except ValueError as error:
        remedy = "write ISO 8601 with a zone, as 2025-11-20T08:00:00+07:00"
        raise RecordingError(file, line, f"time {text!r}", remedy) from error


def _number(file: Path, line: int, text: str, name: str) -> float:
    """A cell as a number; NaN is one, infinity is not.

    Raises:
        RecordingError: it is not a number.
    """
    try:
        value = float(text)
    except ValueError as error:
        raise RecordingError(file, line, f"{name} {text!r} is not a number", "use a decimal point") from error
    if math.isinf(value):
        raise RecordingError(file, line, f"{name} {text!r} is not finite", "leave the cell empty if unknown")
    return value


def read_readings(files: Iterable[Path]) -> Readings:
    """Read recordings of readings and merge them by time.

    Raises:
        RecordingError: the first thing that cannot be read.
    """
    channels: dict[tuple[str, str | None], int] = {}
    time, channel, value = array("q"), array("I"), array("d")
    skipped: dict[str, int] = {}
    for file in files:
        for line, (when, sensor, text, unit) in _rows(file, READINGS_COLUMNS, ("unit",)):
            moment, reading = parse(file, line, when, text)
            number = channels.setdefault((sensor, unit or None), len(channels))
            if math.isnan(reading):
                skipped[str(file)] = skipped.get(str(file), 0) + 1
                continue
            time.append(moment)
            channel.append(number)
            value.append(reading)
    order = in_order(time)
    if order is not None:
        time = array("q", map(time.__getitem__, order))
        channel = array("I", map(channel.__getitem__, order))
        value = array("d", map(value.__getitem__, order))
    return Readings(list(channels), time, channel, value, skipped)


def parse(file: Path, line: int, time: str, value: str) -> tuple[int, float]:
    """The time in µs and the value of a row; NaN where there is none.

    Raises:
        RecordingError: one of the two cannot be read.
    """
    return _time(file, line, time), _number(file, line, value, "value") if value.strip() else math.nan


def in_order(time: Sequence[int]) -> list[int] | None:
    """The stable order by time; None when it is in order already."""
    if all(a <= b for a, b in pairwise(time)):
        return None
    return sorted(range(len(time)), key=time.__getitem__)


def read_strikes(files: Iterable[Path]) -> list[RecordedStrike]:
    """Read recordings of strikes and merge them by time.

    Raises:
        RecordingError: the first thing that cannot be read.
    """
    strikes = []
    for file in files:
        for line, (when, source, lat, lon, kind, ka) in _rows(file, STRIKES_COLUMNS, ("type", "ka")):
            where = _number(file, line, lat, "lat"), _number(file, line, lon, "lon")
            current = _number(file, line, ka, "ka") if ka.strip() else None
            strikes.append(RecordedStrike(_time(file, line, when), source, *where, kind or None, current))
    return sorted(strikes, key=lambda strike: strike.time)


class _Line(msgspec.Struct):
    t: float | str
    topic: str
    payload: str | None = None
    payload_b64: str | None = None


def read_messages(files: Iterable[Path]) -> list[RecordedMessage]:
    """Read recordings of MQTT messages and merge them by time.

    Raises:
        RecordingError: the first thing that cannot be read.
    """
    decoder = msgspec.json.Decoder(_Line)
    messages = []
    for file in files:
        with opened(file) as stream:
            for at, text in enumerate(stream, 1):
                if text.strip():
                    messages.append(_message(file, at, text, decoder))
    return sorted(messages, key=lambda message: message.time)


def _message(file: Path, line: int, text: bytes, decoder: msgspec.json.Decoder[_Line]) -> RecordedMessage:
    try:
        found = decoder.decode(text)
    except msgspec.MsgspecError as error:
        remedy = 'one {"t", "topic", "payload" or "payload_b64"} a line'
        raise RecordingError(file, line, str(error), remedy) from error
    when = _time(file, line, found.t) if isinstance(found.t, str) else round(found.t * 1_000_000)
    if (found.payload is None) == (found.payload_b64 is None):
        raise RecordingError(file, line, "payload and payload_b64: one of them", "give exactly one")
    if found.payload is not None:
        return RecordedMessage(when, found.topic, found.payload.encode())
    try:
        return RecordedMessage(when, found.topic, b64decode(found.payload_b64 or "", validate=True))
    except Base64Error as error:
        raise RecordingError(file, line, f"payload_b64: {error}", "encode the bytes as base64") from error
