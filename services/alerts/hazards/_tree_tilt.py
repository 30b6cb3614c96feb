"""The tilt of a tree's root collar: from accelerometers or axes, at rest between winds, and on the move.

Everything that is a number here is a design default (domain: anchored on the 0.25° of static pulling tests,
Forests 2023 14(3):533, and the 1.6-2.9° of the root plate at the largest moment, Forests 2025 16(12):1780).
"""

from collections import defaultdict
from collections.abc import Sequence
from math import nan

import numpy as np

from services.alerts.derive import Bools, Computed, Floats, Points, Series

SECOND = 1_000_000
HOUR = 3_600 * SECOND
GRAVITY = 9.81
MOVING = 0.3
"""m/s²: a sample whose length is further from gravity was taken in motion."""
CALM = 5.0
"""m/s, mean wind; `tilt_calm_wind` of the station replaces it."""
STILL_S = 21_600.0
_FEW = 3
_LEANS = 0.1
_ALIKE = 0.01
QUIET = 0.2
"""Degrees from the lowest to the highest of an hour, but for a tenth at each end: where no wind is known and
no hour is as quiet, there was no calm air."""
_SIGMA = 1.4826

# On the move: the last readings against the hour before them.
_NEW_LEAST, _NEW_MOST = 150 * SECOND, 1_500 * SECOND
_WINDY_LEAST = 900 * SECOND
_SPREADS = 2.0
_GLITCHES = 6
MOVING_S = 7_200.0
_SLOWEST = 600 * SECOND
_SWAY_READINGS = 12
_JUMP = [0, 3, 4]
ROCKED = 3.0
"""Degrees: from here on three readings that agree are no sway; `tree_sway_peak` replaces it."""


def angle_between(sample: Floats, baseline: Floats) -> tuple[Floats, Bools]:
    """Tilt between accelerometer vectors: θ = arccos(g·g0 / |g||g0|), degrees.

    Args:
        sample: (n, 3) m/s², axes of the sensor.
        baseline: (3,) or (n, 3) m/s², taken when it was installed.

    Returns:
        (n,) degrees, NaN for a rejected sample; and (n,) whether the sample was at rest:
        | |g| - 9.81 | <= 0.3 m/s².
    """
    sample, baseline = np.atleast_2d(sample), np.atleast_2d(baseline)
    length = np.sqrt((sample**2).sum(axis=1))
    rest = np.abs(length - GRAVITY) <= MOVING
    return np.where(rest, _angle(sample, baseline), np.nan), rest


def _angle(a: Floats, b: Floats) -> Floats:
    """Angle between rows of vectors, degrees: arccos, clipped."""
    lengths = np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.degrees(np.arccos(np.clip((a * b).sum(axis=1) / lengths, -1.0, 1.0))))


def vector(x: Floats, y: Floats) -> Floats:
    """Unit vector of gravity from the tilts of two axes, degrees: (n, 3)."""
    east, north = np.sin(np.radians(x)), np.sin(np.radians(y))
    return np.stack([east, north, np.sqrt(np.clip(1.0 - east**2 - north**2, 0.0, 1.0))], axis=1)


def two_axes(points: Points) -> Computed:
    """Tilt against the baseline of both axes: all of it, that of calm air, and where it leans to; (3, m).

    Source is `tilt_y`, `tilt_x` is held. The bearing is told from 0.1° on where `tilt_x_azimuth`, the
    bearing of the x axis, is given; y points 90° to the right of it.
    """
    base = [points.attribute(f"tilt_{axis}_baseline", np.nan) for axis in "xy"]
    raw = [points.held["tilt_x"], points.value]
    lean = _angle(vector(*raw), vector(*base))
    drift = [_drift(points, f"tilt_{axis}_temp_coef") for axis in "xy"]
    corrected = _angle(vector(raw[0] - drift[0], raw[1] - drift[1]), vector(*base))
    bearing = np.degrees(np.arctan2(raw[1] - base[1], raw[0] - base[0]))
    bearing = (bearing + points.attribute("tilt_x_azimuth", np.nan)) % 360.0
    return Computed(np.stack([lean, _in_calm(points, corrected), np.where(lean >= _LEANS, bearing, np.nan)]))


def one_axis(points: Points) -> Computed:
    """Tilt against the baseline, signed: all of it, and that of calm air; (2, m). No baseline: as it is."""
    lean = points.value - np.nan_to_num(points.attribute("tilt_baseline", 0.0))
    return Computed(np.stack([lean, _in_calm(points, lean - _drift(points, "tilt_temp_coef"))]))


def _drift(points: Points, name: str) -> Floats:
    """What the temperature makes of a tilt: coefficient × (now - `tilt_temp_ref`), degrees.

    Nothing where the station knows no coefficient; NaN where it does and the temperature is not known.
    """
    rate = points.attribute(name, 0.0)
    warmer = points.held["air_temperature"] - points.attribute("tilt_temp_ref", np.nan)
    return np.asarray(np.where(rate == 0.0, 0.0, rate * warmer))


def _in_calm(points: Points, lean: Floats) -> Floats:
    """NaN while the mean wind is too strong; where no wind is known all of it stays, and `still` picks."""
    return np.where(points.held["wind_speed"] >= points.attribute("tilt_calm_wind", CALM), np.nan, lean)


def still(series: Series) -> Computed:
    """Median tilt of calm air of the last six hours, and whether the wind was known; (2, m).

    Where the wind is not known, that of the calmest hours of the six: those whose readings stray least; NaN
    where these stray too. NaN until half of the six hours are spanned: a shorter window would see another
    hour of the day.
    """
    values = np.full((2, len(series.new_time)), np.nan)
    first = np.searchsorted(series.time, series.new_time - series.window)
    wind = ~np.isnan(series.held["wind_speed"])
    for at, (begin, end) in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        part = [*series.value[begin:end].tolist(), float(series.new_value[at])]
        if len(part) < _FEW or 2 * (series.new_time[at] - series.time[begin]) < series.window:
            continue
        if wind[at]:
            values[:, at] = median(part), 1.0
        else:
            age = (series.new_time[at] - series.time[begin:end]) // HOUR
            values[:, at] = _calmest(part, [*age.tolist(), 0]), 0.0
    return Computed(values)


def _calmest(value: Sequence[float], hour: Sequence[int]) -> float:
    """Median of the hours whose readings stray at most twice as far as the calmest; of all without any.

    NaN where no hour is quiet: the wind never ceased.
    """
    hours: dict[int, list[float]] = defaultdict(list)
    for which, one in zip(hour, value, strict=True):
        hours[which].append(one)
    full = [sorted(part) for part in hours.values() if len(part) >= _FEW]
    strays = [(spread(part, median(part)), part) for part in full if _width(part) <= QUIET]
    if not strays:
        return nan if full else median(value)
    limit = 2.0 * min(far for far, _ in strays) + _ALIKE
    return median([one for far, part in strays if far <= limit for one in part])


def _width(ranked: Sequence[float]) -> float:
    """From the lowest to the highest, but for a tenth of them at each end."""
    tenth = len(ranked) // 10
    return ranked[-tenth - 1] - ranked[tenth]


def median(value: Sequence[float]) -> float:
    """Median of a few numbers; of lists, which are quicker to sort than arrays of so few."""
    ranked, half = sorted(value), len(value) // 2
    return ranked[half] if len(ranked) % 2 else ranked[half - 1] * 0.5 + ranked[half] * 0.5


def spread(value: Sequence[float], middle: float) -> float:
    """Robust deviation: 1.4826 times the median distance from the middle."""
    return _SIGMA * median([abs(one - middle) for one in value])


Jump = tuple[float, float, float]
"""How far, from where, and to where, degrees."""


def _jump(before: Sequence[float], recent: Sequence[float]) -> Jump:
    """How far two groups of readings lie apart beyond their spread, and their middles.

    What swung far before and now stays beyond all of that has moved, however far it swung: sway comes back.
    Only away from upright, for what stands still when a gale ends stands at one end of its sway too.
    """
    was, now = median(before), median(recent)
    apart, swung, swings = abs(now - was), _SPREADS * spread(before, was), _SPREADS * spread(recent, now)
    far = apart - max(swung, swings)
    if swung > swings and apart > swings:
        far = max(far, min(apart - swings, _beyond(before, recent)))
    return max(far, 0.0), was, now


def _beyond(before: Sequence[float], recent: Sequence[float]) -> float:
    """From the largest lean before to the smallest now, degrees; a sixth at these ends may be glitches."""
    largest, smallest = (sorted(abs(one) for one in part) for part in (before, recent))
    return smallest[len(smallest) // _GLITCHES] - largest[-1 - len(largest) // _GLITCHES]


def _far(past: Sequence[float], since: int, series: Series, first: int, own: float) -> Jump:
    """How far the few newest readings lie from all before them; 0 where there are too few of either."""
    split = int(np.searchsorted(series.time[first : first + len(past)], since))
    before, recent = past[:split], [*past[split:], own]
    return _jump(before, recent) if min(len(before), len(recent)) >= _FEW else (0.0, nan, nan)


def moving(series: Series) -> Computed:
    """Jump within an hour, 95th percentile and peak of the sway, where it jumped from and to: (5, m) degrees.

    The jump is how far the median of the last readings lies from that of the hour before, less twice the
    larger of their robust spreads: sway is no jump. Or how far all of the last lie beyond all of that hour,
    less twice their own spread: sway comes back. The last readings are those of two and a half intervals;
    in the wind, and where no wind is known, three may agree by chance: there of fifteen, but of an hour at
    most, unless the three lie further off than any sway does. Of sensors that report every ten minutes or
    more often. Sway is |tilt - median| of the last hour, of twelve readings at least: rarer ones do not see
    it. Its peak is what two readings reach: one alone may be a glitch.
    """
    values = np.full((5, len(series.new_time)), np.nan)
    if series.interval > _SLOWEST:
        return Computed(values)
    windy = ~(series.held["wind_speed"] < series.attributes.get("tilt_calm_wind", CALM))
    rocked = series.attributes.get("tree_sway_peak", ROCKED)
    calm = min(max(5 * series.interval // 2, _NEW_LEAST), _NEW_MOST)
    span = np.where(windy, min(max(15 * series.interval, _WINDY_LEAST), HOUR), calm)
    now = series.new_time
    turn, start, hour = (np.searchsorted(series.time, now - back) for back in (span, span + HOUR, HOUR - 1))
    for at, end in enumerate(series.upto.tolist()):
        past = series.value[start[at] : end].tolist()
        split, own = int(turn[at] - start[at]), float(series.new_value[at])
        before, recent = past[:split], [*past[split:], own]
        if len(recent) >= _FEW and len(before) >= _FEW:
            values[_JUMP, at] = _jump(before, recent)
        if windy[at]:
            far = _far(past, now[at] - calm, series, int(start[at]), own)
            if far[0] > rocked and not values[0, at] > far[0]:
                values[_JUMP, at] = far
        swing = [*past[int(hour[at] - start[at]) :], own]
        if len(swing) >= _SWAY_READINGS:
            middle = median(swing)
            away = sorted(abs(one - middle) for one in swing)
            values[1:3, at] = away[-(-19 * len(away) // 20) - 1], away[-2]
    return Computed(values)
