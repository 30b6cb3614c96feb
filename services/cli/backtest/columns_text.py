"""Times and numbers out of bytes, a column at a time. What is not understood is marked, not guessed.

Cells are taken as 8-byte words at any offset, and the arithmetic is done on all bytes of a word at
once: a gather per word and row instead of one per byte is what makes this fast.

Over 250 lines: times and numbers share the buffer and its tricks with words.
"""

from collections.abc import Iterable
from typing import IO

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]

WORD = 8
LONGEST_CELL = 64
_EDGE = LONGEST_CELL + WORD
_SECOND = 1_000_000


def u64(number: int) -> np.uint64:
    """A word as numpy has it: arithmetic with Python's integers would leave the 64 bits."""
    return np.uint64(number)


def _all(byte: int) -> np.uint64:
    """The byte in each place of a word."""
    return u64(byte * 0x0101010101010101)


def _at(pattern: str, places: dict[str, int]) -> np.uint64:
    """A word with a byte where the pattern has a letter of `places`, first letter lowest."""
    return u64(sum(places.get(letter, 0) << (8 * at) for at, letter in enumerate(pattern)))


_ZEROS, _SIXES, _HIGH, _LOW, _NIBBLE = _all(0x30), _all(0x06), _all(0x80), _all(0x01), _all(0x0F)
_EIGHT = u64(8)


class Text:
    """A buffer of bytes, and the words that begin at each of them; a few bytes more on either side.

    One buffer serves all blocks of a file: fresh memory is what costs most here.

    Attributes:
        raw, bytes: the buffer; the block lies from `begin` on.
        words: (…,) uint64, the eight bytes from each place on, first byte lowest.
    """

    begin = _EDGE

    def __init__(self, size: int) -> None:
        """Room for `size` bytes."""
        self.raw = bytearray(size + 2 * _EDGE)
        self.bytes = np.frombuffer(self.raw, dtype=np.uint8)
        self.words: Words = np.ndarray(
            (len(self.raw) - WORD + 1,), dtype="<u8", buffer=self.raw, strides=(1,)
        )
        self._size = size
        self._filled = self._used = _EDGE
        self._cut, self._other = np.empty(size + 1, dtype=bool), np.empty(size + 1, dtype=bool)

    def fill(self, stream: IO[bytes]) -> bool:
        """Keep what was not used, read more behind it; False at the end of the stream."""
        rest = self._filled - self._used
        self.raw[_EDGE : _EDGE + rest] = self.raw[self._used : self._filled]
        self._used, self._filled = _EDGE, _EDGE + rest
        with memoryview(self.raw) as view:
            count: int = stream.readinto(view[self._filled : _EDGE + self._size])  # type: ignore[attr-defined]
        self._filled += count
        return count > 0

    def lines(self) -> int:
        """Where the last whole line of what was read ends; `begin` when there is none. They are used up."""
        self._used = max(self.raw.rfind(b"\n", _EDGE, self._filled) + 1, _EDGE)
        return self._used

    def full(self) -> bool:
        """Whether there is no room to read more."""
        return self._filled - self._used >= self._size

    def last_line(self) -> int:
        """The same for what is left at the end of a stream, without a newline."""
        end = self._filled
        if end > _EDGE:
            self.raw[end] = ord("\n")
            end += 1
        self._used = self._filled = end
        return end

    def has(self, byte: bytes, end: int) -> bool:
        """Whether the block holds this byte."""
        return self.raw.find(byte, _EDGE, end) >= 0

    def count(self, what: bytes, end: int) -> int:
        """How often it stands in the block."""
        return self.raw.count(what, _EDGE, end)

    def where(self, one: int, other: int, end: int) -> Ints:
        """Positions of two bytes in the block, in order."""
        data, size = self.bytes[_EDGE:end], end - _EDGE
        cut = np.equal(data, one, out=self._cut[:size])
        cut |= np.equal(data, other, out=self._other[:size])
        return np.flatnonzero(cut) + _EDGE

    def cell(self, first: int, last: int) -> bytes:
        """One cell."""
        return bytes(self.raw[first:last])


# --- times ---------------------------------------------------------------------------------------

_DATE = "dddd-dd-"  # YYYY-MM-
_DAY = "d-dd-dd*"  # Y-MM-DDT, at 3
_CLOCK = "dd:dd:dd"  # HH:MM:SS, at 11
_DAYS_IN_MONTH = np.array([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31, 0, 0, 0], dtype=np.int64)
_DAYS_BEFORE = np.array([0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 0, 0, 0], dtype=np.int64)
_SHORTEST = 20  # YYYY-MM-DDTHH:MM:SSZ
_LONGEST = 32  # …SS.ffffff+07:00


def times(text: Text, first: Ints, last: Ints) -> tuple[Ints, Flags]:
    """`2015-12-26T10:15:00[.25](Z|+07:00)` to µs UTC; the second array says which rows were understood."""
    lengths = last - first
    shortest, longest = (int(lengths.min()), int(lengths.max())) if len(lengths) else (0, 0)
    if shortest == longest:
        return _times_in_runs(text, first, shortest)
    out, good = np.zeros(len(first), dtype=np.int64), np.zeros(len(first), dtype=bool)
    for length in range(max(shortest, _SHORTEST), min(longest, _LONGEST) + 1):
        rows = np.flatnonzero(lengths == length)
        if len(rows):
            out[rows], good[rows] = _times_of(text, first[rows], length)
    return out, good


def _times_in_runs(text: Text, first: Ints, length: int) -> tuple[Ints, Flags]:
    """Times of one length. What a whole city measures at one time is worked out once."""
    if not _SHORTEST <= length <= _LONGEST:
        return np.zeros(len(first), dtype=np.int64), np.zeros(len(first), dtype=bool)
    # The last word first: where that changes with each row, there is nothing to save.
    found = _runs(text, first, (length - WORD, *range(0, length - WORD, WORD)))
    if found is None:
        return _times_of(text, first, length)
    starts, lengths = found
    micros, good = _times_of(text, first[starts], length)
    return np.repeat(micros, lengths), np.repeat(good, lengths)


def _runs(text: Text, first: Ints, offsets: Iterable[int]) -> tuple[Ints, Ints] | None:
    """Where cells begin that differ from the one before in words at these offsets, and how many are equal.

    None when most of them differ.
    """
    changed = np.zeros(len(first), dtype=bool)
    changed[:1] = True
    for at in offsets:
        word = text.words[first + at]
        changed[1:] |= word[1:] != word[:-1]
        if 2 * np.count_nonzero(changed) > len(first):
            return None
    starts = np.flatnonzero(changed)
    return starts, np.diff(np.append(starts, len(first)))


def _times_of(text: Text, first: Ints, length: int) -> tuple[Ints, Flags]:
    """Times of one length."""
    if not _SHORTEST <= length <= _LONGEST:
        return np.zeros(len(first), dtype=np.int64), np.zeros(len(first), dtype=bool)
    days, good = _dates(text, first)
    clock = text.words[first + 11]
    good &= _fits(clock, _CLOCK)
    hour, minute, second = _pair(clock, 0), _pair(clock, 3), _pair(clock, 6)
    good &= (hour < 24) & (minute < 60) & (second < 60)  # noqa: PLR2004
    seconds = days * 86400 + hour * 3600 + minute * 60 + second
    return _tails(text, first, length, seconds, good)


def _dates(text: Text, first: Ints) -> tuple[Ints, Flags]:
    """Days since 1970 of `YYYY-MM-DDT`; a date that stands in many rows is worked out once."""
    found = _runs(text, first, (3, 0))
    if found is None:
        return _days(text, first)
    starts, lengths = found
    days, good = _days(text, first[starts])
    return np.repeat(days, lengths), np.repeat(good, lengths)


def _days(text: Text, first: Ints) -> tuple[Ints, Flags]:
    date, day = text.words[first], text.words[first + 3]
    mark = day >> u64(56)
    good = _fits(date, _DATE) & _fits(day, _DAY) & ((mark == ord("T")) | (mark == ord(" ")))
    year = _pair(date, 0) * 100 + _pair(date, 2)
    month, monthday = _pair(date, 5), _pair(day, 5)
    good &= (month >= 1) & (month <= 12)  # noqa: PLR2004
    month &= 0xF
    leap = (year & 3 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good &= (monthday >= 1) & (monthday <= _DAYS_IN_MONTH[month] + (leap & (month == 2)))  # noqa: PLR2004  February
    good &= year >= 1
    before = year - 1
    days = before * 365 + before // 4 - before // 100 + before // 400 - 719162
    return days + _DAYS_BEFORE[month] + (leap & (month > 2)) + monthday - 1, good  # noqa: PLR2004


def _fits(word: Words, pattern: str) -> Flags:
    """Whether a word has digits at each `d` and the pattern's own marks elsewhere; spaces are anything."""
    digits = _at(pattern, {"d": 0xFF})
    marks = {letter: ord(letter) for letter in pattern if letter not in "d *"}
    places = _at(pattern, dict.fromkeys(marks, 0xFF))
    fits = (word & places) == _at(pattern, marks)
    as_digits = (word & digits) | (_ZEROS & ~digits)
    found: Flags = fits & ~_not_digits(as_digits)
    return found


def _not_digits(word: Words) -> Flags:
    """Whether any byte of a word is no digit."""
    tens = (word ^ _ZEROS) + _SIXES  # 0…9 become 6…15; all others show in the high half of their byte
    other: Flags = (((word ^ _ZEROS) | tens) & ~_NIBBLE) != 0
    return other


def _pair(word: Words, at: int) -> Ints:
    """Two digits of a word as a number."""
    tens = (word >> u64(8 * at)) & u64(0x0F)
    return (tens * u64(10) + ((word >> u64(8 * at + 8)) & u64(0x0F))).astype(np.int64)


def _tails(text: Text, first: Ints, length: int, seconds: Ints, good: Flags) -> tuple[Ints, Flags]:
    """Take in what follows the seconds: a fraction, a zone."""
    last = text.bytes[first + length - 1]
    zulu = last == ord("Z")
    if length == _SHORTEST:
        return seconds * _SECOND, good & zulu
    end = np.full(len(first), length - 1)
    if not zulu.all():
        offset, named = _offsets(text, first, length)
        good &= zulu | named
        seconds = seconds - np.where(zulu, 0, offset)
        end = np.where(zulu, length - 1, length - 6)
    if (end == _SHORTEST - 1).all():
        return seconds * _SECOND, good
    micros = np.zeros(len(first), dtype=np.int64)
    none = end == _SHORTEST - 1
    good &= none | ((text.bytes[first + 19] == ord(".")) & (end > 20) & (end <= 26))  # noqa: PLR2004  1 to 6 digits
    for nth in range(6):
        inside = 20 + nth < end
        digit = text.bytes[first + 20 + nth] ^ np.uint8(0x30)
        good &= ~inside | (digit <= 9)  # noqa: PLR2004  a digit
        micros += np.where(inside, digit, 0).astype(np.int64) * 10 ** (5 - nth)
    return seconds * _SECOND + micros, good


def _offsets(text: Text, first: Ints, length: int) -> tuple[Ints, Flags]:
    """Seconds east of UTC, where the last six bytes are a zone."""
    if length < _SHORTEST + 5:
        return np.zeros(len(first), dtype=np.int64), np.zeros(len(first), dtype=bool)
    zone = text.words[first + length - 6] & u64(0xFFFFFFFFFFFF)
    sign = zone & u64(0xFF)
    named = _fits(zone, " dd:dd  ") & ((sign == ord("+")) | (sign == ord("-")))
    hours, minutes = _pair(zone, 1), _pair(zone, 4)
    named &= (hours < 24) & (minutes < 60)  # noqa: PLR2004
    east = hours * 3600 + minutes * 60
    return np.where(sign == ord("-"), -east, east), named


# --- numbers -------------------------------------------------------------------------------------

_POWERS = 10.0 ** np.arange(16)
_MAX_DIGITS = 15  # below 2**53: mantissa and power of ten are exact, and their quotient is correctly rounded
_MAX_NUMBER = 17
_LAST = np.array([((1 << (8 * n)) - 1) << (64 - 8 * n) for n in range(WORD + 1)], dtype=np.uint64)
"""The last n bytes of a word."""

_DOT = ord(".") ^ ord("0")
_DOTS, _TO_TEN = _all(_DOT), _all(0x80 - 10)


def numbers(text: Text, first: Ints, last: Ints) -> tuple[NDArray[np.float64], Flags | None]:
    """`-12.345` to the nearest double, as `float` gives it; other forms are not understood.

    The second array says which were; None: all.
    """
    negative = text.bytes[first] == ord("-")
    lengths = last - first
    lengths -= negative
    value, bad = _short_numbers(text.words[last - WORD], lengths)
    if bad.any():
        good = ~bad
        long = np.flatnonzero(lengths > WORD)
        if len(long):
            start = last[long] - lengths[long]
            value[long], good[long] = _long_numbers(text, start, lengths[long])
    else:
        good = None
    if negative.any():
        np.negative(value, out=value, where=negative)
    return value, good


def _short_numbers(word: Words, lengths: Ints) -> tuple[NDArray[np.float64], Flags]:
    """Numbers of at most eight bytes, of words that end with them; the second array says which are none.

    All bytes at once: the dot is taken out, what stands before it moves up, pairs of digits are joined.
    """
    bad = (lengths < 1) | (lengths > WORD)
    word = (word ^ _ZEROS) & _LAST[np.clip(lengths, 0, WORD) if bad.any() else lengths]
    difference = word ^ _DOTS
    dot = (difference - _LOW) & ~difference & _HIGH
    dot &= ~dot + u64(1)  # the first one; a second is no digit and is found below
    has = dot != 0
    bad |= lengths == has  # nothing but a dot
    dot >>= u64(7)
    word ^= dot * u64(_DOT)
    word += (word & (dot - has)) * u64(255)
    bad |= (((word + _TO_TEN) | word) & _HIGH) != 0
    word = (word * u64(10) + (word >> _EIGHT)) & u64(0x00FF00FF00FF00FF)
    word = (word * u64(100) + (word >> u64(16))) & u64(0x0000FFFF0000FFFF)
    word = (word * u64(10_000) + (word >> u64(32))) & u64(0xFFFFFFFF)
    decimals = (dot * u64(0x0706050403020100)) >> u64(56)  # the dot's bit picks a byte of the constant
    value = word.astype(np.float64)
    value /= _POWERS[decimals]
    return value, bad


def _long_numbers(text: Text, first: Ints, lengths: Ints) -> tuple[NDArray[np.float64], Flags]:
    """Numbers of any length up to 15 digits, byte after byte."""
    good = (lengths > 0) & (lengths <= _MAX_NUMBER)
    mantissa = np.zeros(len(first), dtype=np.float64)
    count = np.zeros(len(first), dtype=np.int64)
    point = np.full(len(first), -1, dtype=np.int64)
    for nth in range(min(_MAX_NUMBER, int(lengths.max(initial=0)))):
        cell = text.bytes[first + nth]
        digit = cell ^ np.uint8(0x30)
        inside = nth < lengths
        is_digit = (digit <= 9) & inside  # noqa: PLR2004  a digit
        is_dot = (cell == ord(".")) & inside
        good &= is_digit | ~inside | (is_dot & (point < 0))
        mantissa = np.where(is_digit, mantissa * 10.0 + digit, mantissa)
        count += is_digit
        point = np.where(is_dot, count, point)
    good &= (count > 0) & (count <= _MAX_DIGITS)
    decimals = np.where(good & (point >= 0), count - point, 0)
    return mantissa / _POWERS[decimals], good
