"""What is told of a lamp of the codes of its reports: five faults, of which it has one at a time. Pure."""

import numpy as np

from services.alerts.derive import Computed, Series

FAULTS = ("failure", "unexpected", "high", "low", "dimming")
CODES = {name: float(at) for at, name in enumerate(FAULTS, 1)}
"""What is the matter with a lamp: 0 nothing, else one of these."""
NOT_BY_DAY, BY_DAY = 6.0, 7.0
"""No command is known, and it does not, or does, burn by day."""
_UNHEARD = 8
_RARE = 600_000_000


def told(series: Series) -> Computed:
    """Of the codes of a lamp: failure, unexpected on, power high, power low, dimming failure; (5, m).

    1 where it has the fault, 0 where that has just ended or is the first that is known of it, infinite (none,
    which is not stored) where it goes on without. A lamp that reports every ten minutes or more rarely has a
    fault when two reports in a row say so: a delay shorter than its interval takes no single report out,
    neither a spike nor the one of the minute in which it was switched.
    """
    now, was = series.new_value.astype(np.int64), np.full(len(series.new_value), _UNHEARD)
    last = np.maximum(series.upto - 1, 0)
    if len(series.value):
        recent = (series.upto > 0) & (series.time[last] >= series.new_time - series.window)
        was[recent] = series.value[last[recent]].astype(np.int64)
    return Computed(_TOLD[int(series.interval >= _RARE)][:, now, was])


def _of_pair(fault: float, now: float, was: float, *, rare: bool) -> float:
    """What is told of a fault by the code of a report and that of the one before."""
    has, had = (_has(code, fault) for code in (now, was))
    if np.isnan(has):
        return np.nan
    if has:
        return 1.0 if had == 1 or not rare else np.nan
    return np.inf if had == 0 else 0.0


def _has(code: float, fault: float) -> float:
    """1 where a code says that fault, 0 where it says another or none, NaN where it says nothing of it."""
    if code == _UNHEARD or (code >= NOT_BY_DAY and fault != CODES["unexpected"]):
        return np.nan
    return float(code in (fault, BY_DAY) if fault == CODES["unexpected"] else code == fault)


_TOLD = [
    np.array(
        [
            [
                [_of_pair(CODES[name], now, was, rare=rare) for was in range(_UNHEARD + 1)]
                for now in range(_UNHEARD)
            ]
            for name in FAULTS
        ]
    )
    for rare in (False, True)
]
"""By fault, code now and code before; of lamps that report often, and of those that do so rarely."""
