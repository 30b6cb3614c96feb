"""Derivations for tests of the engine, told twice: in columns, and plainly for the reference."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np

import services.alerts.rule.tables  # noqa: F401  it must know the real hazards before others are put in their place
from services.alerts import hazards as room
from services.alerts.columns.slope import theil_sen
from services.alerts.derive import Computed, Series, Strikes, Struck
from services.alerts.derive import Points as At_once
from services.alerts.hazard import Derivation, Hazard, StrikeDerivation
from services.alerts.rule.expression import parse
from services.observation.quantity import Property
from services.observation.text import Text

Points = Sequence[tuple[int, float]]
Slow = Callable[[Points, int, float, Mapping[str, float]], list[tuple[float, bool]]]
"""Readings in [t - window, t), t, value, held values → each output, and whether it is a lower bound."""

_HOUR = 3_600_000_000
_SUM_S, _RISE_S, _AGAIN_S = 2400, 2400, 1800


def _hundredths(value: float) -> int:
    return round(value * 100)


def sums(series: Series) -> Computed:
    """Sum of the window in hundredths, "at least" of fewer than three readings; and that times the tide."""
    hundredths = np.rint(np.concatenate([[0.0], series.value]) * 100).astype(np.int64)
    total = np.cumsum(hundredths)
    first = np.searchsorted(series.time, series.new_time - series.window)
    now = np.rint(series.new_value * 100).astype(np.int64)
    found = (total[series.upto] - total[first] + now) / 100
    few = series.upto - first < 2
    return Computed(np.stack([found, found * series.held["tide_level"]]), np.stack([few, few]))


def slow_sums(points: Points, t: int, x: float, held: Mapping[str, float]) -> list[tuple[float, bool]]:
    """As `sums`."""
    del t
    found = (sum(_hundredths(value) for _, value in points) + _hundredths(x)) / 100
    few = len(points) < 2
    return [(found, few), (found * held["tide_level"], few)]


def rise(series: Series) -> Computed:
    """Robust slope per hour."""
    return Computed(theil_sen(series, series.window)[0][None])


def slow_rise(window_s: float) -> Slow:
    """As `rise`, and as the rules of kind rate."""

    def found(points: Points, t: int, x: float, held: Mapping[str, float]) -> list[tuple[float, bool]]:
        del held
        if len(points) < 3 or 2 * (t - points[0][0]) < round(window_s * 1_000_000):
            return [(math.nan, False)]
        row = [*points, (t, x)]
        slopes = sorted((b - a) / (v - u) for at, (v, b) in enumerate(row) for u, a in row[:at])
        half = len(slopes) // 2
        middle = slopes[half] if len(slopes) % 2 else slopes[half - 1] * 0.5 + slopes[half] * 0.5
        return [(middle * _HOUR, False)]

    return found


def again(series: Series) -> Computed:
    """How far above the lowest of the window, and what is held on top; none where it is the lowest."""
    found = np.full(len(series.new_time), np.nan)
    for at, (t, x, upto) in enumerate(zip(series.new_time, series.new_value, series.upto, strict=True)):
        past = series.value[:upto][series.time[:upto] >= t - series.window]
        if len(past):
            found[at] = x - past.min() if x > past.min() else np.inf
    for held in series.held.values():
        found = found + np.where(np.isnan(held), 0.0, held)
    return Computed(found[None])


def slow_again(points: Points, t: int, x: float, held: Mapping[str, float]) -> list[tuple[float, bool]]:
    """As `again`."""
    del t
    if not points:
        return [(math.nan, False)]
    lowest = min(value for _, value in points)
    found = x - lowest if x > lowest else math.inf
    for value in held.values():
        found = found + (0.0 if math.isnan(value) else value)
    return [(found, False)]


class At(dict[str, float]):
    """Held values, and attributes of the station."""

    def __init__(self, held: Mapping[str, float], attributes: Mapping[str, float]) -> None:
        """Keep both."""
        super().__init__(held)
        self.attributes = attributes


def beyond(points: At_once) -> Computed:
    """Twice the value less what is held, and an attribute; none below one."""
    found = points.value * 2 + points.attribute("far", 0.25) - points.held["rain_least"]
    low = np.where(points.value < 1, np.inf, points.value + points.lat[points.place])
    return Computed(np.stack([found, low]), np.stack([points.value > 3, points.value > 100]))


def slow_beyond(points: Points, t: int, x: float, held: Mapping[str, float]) -> list[tuple[float, bool]]:
    """As `beyond`; all stations lie at 10.3° N."""
    del points, t
    assert isinstance(held, At)
    found = x * 2 + held.attributes.get("far", 0.25) - held["rain_least"]
    return [(found, x > 3), (math.inf if x < 1 else x + 10.3, False)]


DERIVATIONS: tuple[tuple[Derivation, Slow], ...] = (
    (
        Derivation(("rain_least", "rain_tide"), "rainfall", sums, _SUM_S, inputs=("tide_level",), alike=()),
        slow_sums,
    ),
    (
        Derivation(("level_rise",), "water_level", rise, _RISE_S, 16, above=parse("station.bd1 - 0.5")),
        slow_rise(_RISE_S),
    ),
    (
        Derivation(
            ("rain_over",),
            "rain_tide",
            again,
            _AGAIN_S,
            3,
            inputs=("rain_least", "level_rise"),
            needs=("bd1",),
        ),
        slow_again,
    ),
    (Derivation(("rise_over",), "level_rise", again, _AGAIN_S, alike=()), slow_again),
    (
        Derivation(
            ("tide_over",), "tide_level", again, 600, inputs=("rain_least",), window_intervals=2, alike=()
        ),
        slow_again,
    ),
    (
        Derivation(
            ("level_over", "level_low"),
            "water_level",
            inputs=("rain_least",),
            points=beyond,
            above=parse("station.bd1 or 0.75"),
        ),
        slow_beyond,
    ),
    (
        Derivation(
            ("far_over", "far_low"),
            "tide_level",
            inputs=("rain_least",),
            needs=("far",),
            anywhere=True,
            points=beyond,
        ),
        slow_beyond,
    ),
    (
        Derivation(
            ("far_rise",),
            "level_over",
            again,
            _AGAIN_S,
            anywhere=True,
            needs=("far",),
            inputs=("far_low",),
            alike=(),
        ),
        slow_again,
    ),
)
NAMES = tuple(name for one, _ in DERIVATIONS for name in one.outputs)


def near(strikes: Strikes) -> Struck:
    """Hundredths of a degree between each new strike and each place; no count."""
    far = np.hypot(strikes.lat[:, None] - strikes.place_lat, strikes.lon[:, None] - strikes.place_lon)
    strike, place = np.nonzero(far < 1)
    values = np.stack([np.rint(far[strike, place] * 100), np.full(len(strike), np.nan)])
    return Struck(place, strikes.time[strike], values)


def step(strikes: Strikes) -> Struck:
    """How many strikes are in the window, and the level held, at each place where there are any."""
    places = np.arange(len(strikes.place_lat))
    count = np.full(len(places), float(len(strikes.time)))
    for held in strikes.held.values():
        count = count + np.where(np.isnan(held), 0.0, held)
    values = np.stack([np.full(len(places), np.nan), np.where(count > 0, count, np.nan)])
    return Struck(places, np.full(len(places), strikes.now), values)


STRIKES = (
    StrikeDerivation(
        ("strike_far", "strike_count"), ("guard",), near, step, 60.0, 600.0, inputs=("water_level",)
    ),
)


@contextmanager
def only(
    derivations: Sequence[Derivation] = tuple(one for one, _ in DERIVATIONS),
    strikes: Sequence[StrikeDerivation] = (),
) -> Iterator[None]:
    """Within, these are all derivations there are, and their outputs are known properties."""
    real = room.hazards
    names = {name for one in derivations for name in one.outputs}
    made = {
        name: Property(name=name, unit="m", text=Text(name, f"the {name}"), derived=True) for name in names
    }
    made |= {
        name: Property(
            name=name, unit="km", text=Text(name, f"the {name}"), derived=True, reports="momentary"
        )
        for one in strikes
        for name in one.outputs
    }
    text = Text("thử", "test")
    hazard = Hazard(
        name="flood", text=text, properties=made, derives=tuple(derivations), strikes=tuple(strikes)
    )
    caches = (room.properties, room.extra_properties, room.derivations)
    room.hazards = lambda: {"flood": hazard, "system": real()["system"]}  # type: ignore[assignment]
    try:
        for cached in caches:
            cached.cache_clear()
        yield
    finally:
        room.hazards = real
        for cached in caches:
            cached.cache_clear()
