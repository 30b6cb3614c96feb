"""How sure a score of few cases is, and the scores of rare events. Pure.

A rate of 1.00 from one flood and from a hundred are different news. Wilson's interval says which: it stays
within 0 and 1, and is honest at both ends and for a handful of cases, where the textbook's normal one is not
(Wilson 1927; Brown, Cai, DasGupta 2001).
"""

import math
from collections.abc import Sequence

import msgspec

_Z = 1.959963984540054
"""95 % of a normal distribution lies within so many standard deviations."""
_LEAST_LEADS = 6
"""Of fewer, not even the extremes span 95 % for the median: 1 - 2 × 0.5⁵ is 94 %."""

Interval = tuple[float, float]


class Leads(msgspec.Struct):
    """How early the hits were, s; None where there is no hit, or too few to say.

    `late`: the share below zero. `median_95`: distribution-free interval of the median, from six hits on.
    """

    n: int
    median: float | None
    p10: float | None
    p90: float | None
    late: float | None
    median_95: Interval | None


class Rare(msgspec.Struct):
    """The WMO's scores of rare events: they need the cases in which rightly nothing was told.

    Frequency bias stands in `Score`. PC proportion correct, POFD false detection, PSS Peirce, ETS equitable
    threat, HSS Heidke, EDI extremal dependence. None where a denominator or a logarithm is not there.
    """

    correct_negatives: int
    pc: float | None
    pofd: float | None
    pss: float | None
    ets: float | None
    hss: float | None
    edi: float | None


def wilson(part: int, whole: int) -> Interval | None:
    """95 % interval of a proportion; None of nothing."""
    if not whole:
        return None
    share, z2 = part / whole, _Z * _Z
    middle = (share + z2 / (2 * whole)) / (1 + z2 / whole)
    half = _Z * math.sqrt(share * (1 - share) / whole + z2 / (4 * whole * whole)) / (1 + z2 / whole)
    low = 0.0 if part == 0 else max(0.0, middle - half)
    return low, 1.0 if part == whole else min(1.0, middle + half)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Quantile of an ascending, not empty sequence, linear between its members."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def leads(found: Sequence[float]) -> Leads:
    """Leads of hits, s, by their quantiles."""
    if not found:
        return Leads(0, None, None, None, None, None)
    ordered = sorted(found)
    middle, p10, p90 = (quantile(ordered, share) for share in (0.5, 0.1, 0.9))
    late = sum(x < 0 for x in ordered) / len(ordered)
    return Leads(len(ordered), middle, p10, p90, late, _median_95(ordered))


def _median_95(ordered: Sequence[float]) -> Interval | None:
    """The narrowest pair of order statistics that holds the median with at least 95 % (binomial ranks)."""
    n = len(ordered)
    if n < _LEAST_LEADS:
        return None
    below, total = 0, 0.0
    for k in range(n // 2):
        total += math.comb(n, k) * 0.5**n if n <= 1000 else _normal_step(n, k)  # noqa: PLR2004  floats overflow
        if 2 * total > 0.05:  # noqa: PLR2004
            break
        below = k
    return ordered[below], ordered[n - 1 - below]


def _normal_step(n: int, k: int) -> float:
    """Chance of k of n heads, where n is large."""
    return math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1) - n * math.log(2))


def rare(hits: int, misses: int, false: int, negatives: int) -> Rare:
    """Scores of rare events from the four counts."""
    h, m, f, z = hits, misses, false, negatives
    n = h + m + f + z
    pod, pofd = _ratio(h, h + m), _ratio(f, f + z)
    by_chance = (h + m) * (h + f) / n if n else 0.0
    return Rare(
        correct_negatives=z,
        pc=_ratio(h + z, n),
        pofd=pofd,
        pss=None if pod is None or pofd is None else pod - pofd,
        ets=_ratio(h - by_chance, h + m + f - by_chance),
        hss=_ratio(2 * (h * z - f * m), (h + m) * (m + z) + (h + f) * (f + z)),
        edi=_edi(pod, pofd),
    )


def _edi(pod: float | None, pofd: float | None) -> float | None:
    """Extremal dependence; without a false alarm or without a hit its logarithm is not there."""
    if not pod or not pofd or pod * pofd == 1:
        return None
    return (math.log(pofd) - math.log(pod)) / (math.log(pofd) + math.log(pod))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None
