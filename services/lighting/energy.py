"""Energy, burning hours and the other figures that a lighting office answers for. Pure.

The figures are design defaults; that a lamp is on from 2 W up, and the energy it should take in a night, come
from a public utility's project (verified there). What can't be said is None, never 0: a share of nothing is
no share.
"""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import pairwise

from services.lighting.astro import MINUTE, sun
from services.lighting.plan import Plan, Step
from services.lighting.programme import FULL

HOUR = 60 * MINUTE
ON_W = 2.0
"""A lamp that takes more is on."""
DAY_BURNING_KWH = 0.1
"""A day's excess from here on tells a lamp that burns by day; 0.2 for lamps with a coarse meter."""

Sample = tuple[int, float]
"""µs UTC and W."""


def night_minutes(lat: float, lon: float, day: date, zone: str) -> float | None:
    """Minutes from the sunset of a local day to the next sunrise; None where there is none."""
    down, up = sun(lat, lon, day, zone).sunset, sun(lat, lon, day + timedelta(days=1), zone).sunrise
    return None if down is None or up is None else (up - down) / MINUTE


def expected_kwh(wattage: float, minutes: float) -> float:
    """Energy of a lamp in full light: W x minutes / 60 / 1000."""
    return wattage * minutes / 60 / 1000


def day_burning_kwh(actual: float, wattage: float, minutes: float) -> float:
    """What a lamp took in a day beyond its night in full light, kWh; 0 where it took less."""
    return max(actual - expected_kwh(wattage, minutes), 0.0)


def burns_by_day(actual: float, wattage: float, minutes: float, excess: float = DAY_BURNING_KWH) -> bool:
    """Whether a day's energy (kWh) tells a lamp that burns by day: more than `excess` above its night."""
    return actual - expected_kwh(wattage, minutes) > excess


def burning_hours(samples: Sequence[Sample], longest_s: float) -> float:
    """Hours during which a lamp was on, from its power: each sample holds until the next.

    A gap longer than `longest_s` counts so long and no longer: nobody saw what it did then.
    """
    return sum(held for held, power in _held(samples, longest_s) if power > ON_W) / HOUR


def energy_kwh(samples: Sequence[Sample], longest_s: float) -> float:
    """Energy of a lamp without a meter of energy, from its power; gaps as in `burning_hours`."""
    return sum(held * power for held, power in _held(samples, longest_s)) / HOUR / 1000


def _held(samples: Sequence[Sample], longest_s: float) -> Iterable[tuple[int, float]]:
    longest = round(longest_s * 1e6)
    ordered = sorted(samples)
    for (at, power), (then, _) in pairwise(ordered):
        yield min(then - at, longest), power


def metered_kwh(readings: Sequence[Sample]) -> float:
    """Energy between the first and the last reading of a meter (kWh); a meter that was replaced starts anew.

    A reading below the one before is a new meter, or one set to zero: what it shows counts from there.
    """
    ordered = sorted(readings)
    return sum(now - before if now >= before else now for (_, before), (_, now) in pairwise(ordered))


def planned_hours(plan: Plan) -> float:
    """Hours that a plan lets its lamps burn."""
    return sum(span for span, level in _spans(plan) if level > 0) / HOUR


def planned_kwh(plan: Plan, wattage: float, gradient: float = 1.0) -> float:
    """Energy that a plan takes for one lamp: `wattage (1 - gradient (1 - level/100))` while it burns."""
    return sum(
        span * wattage * (1 - gradient * (1 - level / FULL)) for span, level in _spans(plan) if level > 0
    ) / (HOUR * 1000)


def full_kwh(plan: Plan, wattage: float) -> float:
    """The same hours in full light: the baseline of `saving`."""
    return planned_hours(plan) * wattage / 1000


def _spans(plan: Plan) -> Iterable[tuple[int, float]]:
    steps = (*plan.steps, Step(plan.end, 0.0))
    for now, then in pairwise(steps):
        yield then.time - now.time, now.level


def saving(energy: float, baseline: float) -> float | None:
    """Share saved against the baseline: 1 - E / E(100 %); None without a baseline."""
    return 1 - energy / baseline if baseline > 0 else None


def availability(healthy_h: Iterable[float], scheduled_h: Iterable[float]) -> float | None:
    """Hours on and healthy over hours scheduled, of all lamps; None where none was scheduled."""
    scheduled = sum(scheduled_h)
    return sum(healthy_h) / scheduled if scheduled > 0 else None


def per_kilometre(energy: float, metres: float) -> float | None:
    """Energy of a street per kilometre; None without a length."""
    return energy / metres * 1000 if metres > 0 else None


def time_to_repair_h(faults: Iterable[tuple[int, int | None]]) -> float | None:
    """Mean hours from the beginning to the end of faults that have ended; None where none has."""
    spans = [end - start for start, end in faults if end is not None]
    return sum(spans) / len(spans) / HOUR if spans else None


def reporting_share(heard: int, lamps: int) -> float | None:
    """Share of lamps that report; None where there are none."""
    return heard / lamps if lamps > 0 else None
