"""Numbers out of bytes, a column at a time. What is not understood is marked, not guessed."""

import numpy as np
from numpy.typing import NDArray

from services.cli.backtest.columns_text import WORD, ZEROS, Flags, Ints, Text, Words, all_bytes, u64

_HIGH, _LOW, _EIGHT = all_bytes(0x80), all_bytes(0x01), u64(8)
_POWERS = 10.0 ** np.arange(16)
_MAX_DIGITS = 15  # below 2**53: mantissa and power of ten are exact, and their quotient is correctly rounded
_MAX_NUMBER = 17
_LAST = np.array([((1 << (8 * n)) - 1) << (64 - 8 * n) for n in range(WORD + 1)], dtype=np.uint64)
"""The last n bytes of a word."""

_DOT = ord(".") ^ ord("0")
_DOTS, _TO_TEN = all_bytes(_DOT), all_bytes(0x80 - 10)


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
    word = (word ^ ZEROS) & _LAST[np.clip(lengths, 0, WORD) if bad.any() else lengths]
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
