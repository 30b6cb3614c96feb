"""Times out of bytes, a column at a time. What is not understood is marked, not guessed."""

from collections.abc import Iterable

import numpy as np

from services.cli.backtest.columns_text import WORD, ZEROS, Flags, Ints, Text, Words, all_bytes, u64, word_of

_SECOND = 1_000_000
_SIXES, _NIBBLE = all_bytes(0x06), all_bytes(0x0F)
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
    digits = word_of(pattern, {"d": 0xFF})
    marks = {letter: ord(letter) for letter in pattern if letter not in "d *"}
    places = word_of(pattern, dict.fromkeys(marks, 0xFF))
    fits = (word & places) == word_of(pattern, marks)
    as_digits = (word & digits) | (ZEROS & ~digits)
    found: Flags = fits & ~_not_digits(as_digits)
    return found


def _not_digits(word: Words) -> Flags:
    """Whether any byte of a word is no digit."""
    tens = (word ^ ZEROS) + _SIXES  # 0…9 become 6…15; all others show in the high half of their byte
    other: Flags = (((word ^ ZEROS) | tens) & ~_NIBBLE) != 0
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
