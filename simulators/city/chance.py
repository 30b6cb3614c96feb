"""Random numbers without memory: one for each key and count, so any moment can be asked for in any order.

Arrays broadcast; keys are uint64, counts whole numbers (int64), results float64.
"""

from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def key(*parts: object) -> int:
    """64 bits that name these parts."""
    return int.from_bytes(blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest())


def keys(seed: int, names: list[str]) -> Keys:
    """One key for each name."""
    return np.array([key(seed, name) for name in names], np.uint64)


def generator(*parts: object) -> np.random.Generator:
    """A generator for what is drawn once, as the showers of an afternoon. Philox: the same everywhere."""
    return np.random.Generator(np.random.Philox(key(*parts)))


def _mixed(number: Keys) -> Keys:
    """SplitMix64 (Steele, Lea, Flood 2014): spreads neighbouring numbers over all 64 bits."""
    number = number + _GOLDEN
    number = (number ^ (number >> np.uint64(30))) * _FIRST
    number = (number ^ (number >> np.uint64(27))) * _SECOND
    return number ^ (number >> np.uint64(31))


def uniform(key_of: ArrayLike, count: ArrayLike) -> Floats:
    """Above 0, below 1."""
    start = np.atleast_1d(np.asarray(key_of, np.uint64))
    counted = np.atleast_1d(np.asarray(count, np.int64)).view(np.uint64)
    drawn = _mixed(_mixed(start) + _GOLDEN * counted)
    return ((drawn >> np.uint64(11)).astype(np.float64) + 0.5) / 2.0**53


def normal(key_of: ArrayLike, count: ArrayLike) -> Floats:
    """Standard normal (Box and Muller 1958)."""
    twice = np.atleast_1d(np.asarray(count, np.int64)) * 2
    radius = np.sqrt(-2.0 * np.log(uniform(key_of, twice)))
    return np.asarray(radius * np.cos(2.0 * np.pi * uniform(key_of, twice + 1)), np.float64)


def smooth(key_of: ArrayLike, seconds: ArrayLike, period_s: float) -> Floats:
    """Noise that wanders: standard normal at every moment, and forgets within about `period_s` seconds.

    Normal numbers at every multiple of the period, eased from one to the next and scaled so that the
    spread is 1 in between as well.
    """
    at = np.atleast_1d(np.asarray(seconds, np.float64)) / period_s
    whole = np.floor(at)
    part = at - whole
    eased = part * part * (3.0 - 2.0 * part)
    before, after = normal(key_of, whole.astype(np.int64)), normal(key_of, whole.astype(np.int64) + 1)
    return np.asarray((before * (1 - eased) + after * eased) / np.hypot(1 - eased, eased), np.float64)
