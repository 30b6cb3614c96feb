"""Signals: what a place would measure at a time. Pure functions of seconds; noise comes from a seed.

They look like their originals and are nothing more: a demonstration is not a forecast.
"""

import math
from typing import NamedTuple

_DAY = 86_400.0
_MASK = 2**64 - 1


class Constituent(NamedTuple):
    """One partial tide: amplitude in m, period in hours, phase in radians."""

    amplitude: float
    period_h: float
    phase: float


# Mixed, mainly semidiurnal, as at Vũng Tàu; rounded amplitudes, arbitrary phases.
VUNG_TAU = (
    Constituent(0.79, 12.4206, 0.9),  # M2
    Constituent(0.31, 12.0, 2.1),  # S2
    Constituent(0.60, 23.9345, 4.0),  # K1
    Constituent(0.45, 25.8193, 1.3),  # O1
)


def tide(seconds: float, mean: float, constituents: tuple[Constituent, ...] = VUNG_TAU) -> float:
    """Height of the tide: a mean and its partial tides."""
    hours = seconds / 3600.0
    return mean + sum(c.amplitude * math.cos(math.tau * hours / c.period_h + c.phase) for c in constituents)


class Wave(NamedTuple):
    """A flood: when it begins, how long it rises, stays and falls (seconds), and how high it gets."""

    begin_s: float
    rise_s: float
    hold_s: float
    fall_s: float
    height: float

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.begin_s + self.rise_s + self.hold_s + self.fall_s


def flood(seconds: float, wave: Wave) -> float:
    """How much a flood adds at a time: smooth up, flat, smooth down; 0 before and after."""
    since = seconds - wave.begin_s
    if since <= 0:
        return 0.0
    if since < wave.rise_s:
        return wave.height * _ease(since / wave.rise_s)
    since -= wave.rise_s
    if since <= wave.hold_s:
        return wave.height
    since -= wave.hold_s
    return wave.height * _ease(1.0 - since / wave.fall_s) if since < wave.fall_s else 0.0


def _ease(part: float) -> float:
    """0 to 1 without a corner."""
    return 0.5 - 0.5 * math.cos(math.pi * part)


def daily(seconds: float, mean: float, swing: float, peak_h: float, offset_h: float = 7.0) -> float:
    """What follows the sun: highest at `peak_h` local time."""
    hour = (seconds / 3600.0 + offset_h) % 24.0
    return mean + swing * math.cos(math.tau * (hour - peak_h) / 24.0)


def night(seconds: float, offset_h: float = 7.0) -> bool:
    """Whether lamps burn: 18 h to 5 h 30 local time."""
    hour = (seconds % _DAY) / 3600.0 + offset_h
    hour %= 24.0
    return hour >= 18.0 or hour < 5.5  # noqa: PLR2004  lighting hours


def noise(seed: int, step: int) -> float:
    """A standard normal number for a step, the same for the same seed: Box-Muller over a mixed counter."""
    first = (_mix(seed * 0x9E3779B97F4A7C15 + 2 * step) + 1) / 2**64
    second = _mix(seed * 0x9E3779B97F4A7C15 + 2 * step + 1) / 2**64
    return math.sqrt(-2.0 * math.log(first)) * math.cos(math.tau * second)


def _mix(number: int) -> int:
    """SplitMix64 (Steele, Lea, Flood 2014): spreads neighbouring counters over all 64 bits."""
    number = (number + 0x9E3779B97F4A7C15) & _MASK
    number = ((number ^ (number >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    number = ((number ^ (number >> 27)) * 0x94D049BB133111EB) & _MASK
    return number ^ (number >> 31)


def alive(seconds: float, dies_at_s: float | None) -> bool:
    """Whether a sensor still speaks; one that dies does so for good."""
    return dies_at_s is None or seconds < dies_at_s
