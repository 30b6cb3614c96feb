"""From strokes to flashes, and the jump of a cell's flash rate that goes before severe weather.

Grouping as the NLDN does it (recalled, to be checked): a stroke belongs to a flash if it comes within
0.5 s of its last stroke, 1 s of its first and 10 km of that. The two-sigma jump is that of Schultz, Petersen
and Carey 2009 and 2011 (verified: abstracts and slides; the divisor and the five values are recalled).
"""

import math
from typing import NamedTuple

import numpy as np

from services.alerts.derive import Floats, Ints
from services.alerts.hazards._lightning_geo import KM_PER_DEGREE

_GAP, _LENGTH, _KM = 500_000, 1_000_000, 10.0
"""µs between strokes, µs from the first to the last, km from the first."""


def flashes(time: Ints, lat: Floats, lon: Floats) -> Ints:
    """Number of the flash that each of (n,) strokes, ascending by time, belongs to; the first has 0.

    Strokes of the very same µs are never joined: a time that many share is that of a product (a satellite's
    20 s), and what it names are flashes already.
    """
    found = np.empty(len(time), np.int64)
    open_ones: list[list[float]] = []  # first stroke, last stroke, place, number; ascending by the first
    count = 0
    wide = _KM / KM_PER_DEGREE
    for at, (t, y, x) in enumerate(zip(time.tolist(), lat.tolist(), lon.tolist(), strict=True)):
        while open_ones and t - open_ones[0][0] > _LENGTH:
            del open_ones[0]
        joined = None
        for flash in open_ones:
            if 0 < t - flash[1] <= _GAP and t > flash[0] and abs(y - flash[2]) <= wide:
                close = math.hypot(y - flash[2], (x - flash[3]) * math.cos(math.radians(y))) <= wide
                if close and (joined is None or flash[1] > joined[1]):
                    joined = flash
        if joined is None:
            open_ones.append([t, t, y, x, count])
            found[at] = count
            count += 1
        else:
            joined[1] = t
            found[at] = int(joined[4])
    return found


class Jump(NamedTuple):
    """Numbers of the two-sigma jump.

    Attributes:
        sigmas, rate: published: twice the deviation, and at least ten flashes a minute.
        floor: of the deviation, flashes/min²: steady growth would make any change a jump (design default).
        minutes: length of a bin. prior: how many changes the deviation is of.
    """

    sigmas: float = 2.0
    rate: float = 10.0
    floor: float = 0.5
    minutes: float = 2.0
    prior: int = 5


JUMP = Jump()


def jumps(rates: Floats, numbers: Jump = JUMP) -> Floats:
    """Strength of a jump at each bin, (..., n) for flash rates (..., n) a minute, oldest first; NaN: none.

    DFRDT(t) = (FR(t) - FR(t - 2 min)) / 2 min; a jump where it is above twice the deviation of the
    five before it and
    FR(t) >= 10; its strength DFRDT by that limit. NaN in the rates: nothing is known, and no jump.
    """
    change = np.diff(rates, axis=-1) / numbers.minutes
    strength = np.full(rates.shape, np.nan)
    if change.shape[-1] <= numbers.prior:
        return strength
    before = np.lib.stride_tricks.sliding_window_view(change, numbers.prior, axis=-1)[..., :-1, :]
    limit = numbers.sigmas * np.maximum(before.std(axis=-1), numbers.floor)
    now, rate = change[..., numbers.prior :], rates[..., numbers.prior + 1 :]
    with np.errstate(invalid="ignore"):
        jump = (now > limit) & (rate >= numbers.rate)
    strength[..., numbers.prior + 1 :] = np.where(jump, now / limit, np.nan)
    return strength
