"""Hours and days of the legal clock, and what an air station says at their end."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.derive import Compute
from services.alerts.hazards import _env_air as air
from services.alerts.hazards import _env_noise as noise
from services.alerts.hazards._env_aqi import POLLUTANTS, nowcast
from services.alerts.hazards._env_hours import (
    GAS_REFERENCE,
    KEPT_S,
    ends,
    energy_mean,
    label,
    mean,
    mean_of_gas,
)
from tests.support.air_series import HOUR, MIDNIGHT, one_by_one, series, told

DAYS = 35 * 3600.0


def minutes(first: int, last: int, value: float = 10.0, step: int = 1) -> list[tuple[float, float]]:
    return [(float(at), value) for at in range(first, last + 1, step)]


def test_a_reading_stamped_at_the_full_hour_is_the_last_of_that_hour() -> None:
    """13:00:00 speaks of the minute before: 60 readings, 12:01 to 13:00, are the hour 12 to 13."""
    rows = [*minutes(721, 779, 10.0), (780.0, 70.0), *minutes(781, 800, 500.0)]
    found = mean(series(rows, 1, KEPT_S))
    assert told(found) == [11.0]
    assert found.values[0, 59] == 11.0  # told by the reading of 13:00 itself


def test_an_hourly_reading_is_the_hour_that_it_is_stamped_with() -> None:
    rows = [(60.0 * at, float(at)) for at in range(1, 5)]
    assert mean(series(rows, 60, KEPT_S)).values[0].tolist() == [1.0, 2.0, 3.0, 4.0]


@pytest.mark.parametrize("late", [-1.5, -0.2, 0.2, 12.0, 29.0])
def test_a_clock_that_is_off_by_less_than_half_an_interval_moves_no_hour(late: float) -> None:
    rows = [(60.0 * at + late, float(at)) for at in range(1, 5)]
    found = series(rows, 60, KEPT_S)
    assert mean(found).values[0].tolist() == [1.0, 2.0, 3.0, 4.0]
    assert ((ends(found, found.new_time) - MIDNIGHT) // HOUR).tolist() == [1, 2, 3, 4]


def test_where_nothing_comes_at_the_full_hour_the_next_reading_tells() -> None:
    """Every 145 s, as the node in Nhà Bè: once an hour, and the number of readings is right."""
    rows = [(at * 145 / 60, 5.0) for at in range(1, 100)]
    found = mean(series(rows, 2.5, KEPT_S))
    assert told(found) == [5.0] * 4  # the last, at 03:59:15, is nearer to four than the next will be


def test_an_hour_needs_three_quarters_of_its_readings() -> None:
    good = [*minutes(1, 44), (60.0, 10.0)]
    bad = [*minutes(1, 43), (60.0, 10.0)]
    assert told(mean(series(good, 1, KEPT_S))) == [10.0]
    assert told(mean(series(bad, 1, KEPT_S))) == []
    assert told(mean(series([(20.0, 1.0), (40.0, 1.0), (60.0, 1.0)], 20, KEPT_S))) == [1.0]
    assert told(mean(series([(40.0, 1.0), (60.0, 1.0)], 20, KEPT_S))) == []


def test_after_a_pause_only_an_hour_that_was_measured_is_told() -> None:
    rows = [*minutes(1, 60), *minutes(200, 245), *minutes(246, 300)]
    assert told(mean(series(rows, 1, KEPT_S))) == [10.0, 10.0]  # hours 1 and 5; 4 had 41 of 60


def test_a_station_slower_than_the_hour_has_no_hours() -> None:
    assert told(mean(series([(180.0, 1.0), (360.0, 1.0)], 180, KEPT_S))) == []
    assert told(mean(series([(60.0, 1.0)], 0, KEPT_S))) == []


def test_hours_are_named_1_to_24_of_the_legal_clock() -> None:
    """Legal aggregates are of local time (domain.md 0.1): 24:00 ends the day that began at 00:00."""
    rows = [(60.0 * at, 0.0) for at in range(1, 26)]
    found = series(rows, 60, KEPT_S)
    assert label(found, ends(found, found.new_time)).tolist() == [*range(1, 25), 1]
    half = series(rows, 60, KEPT_S, zone=5 * HOUR + HOUR // 2)
    assert ((ends(half, half.new_time) + 5 * HOUR + HOUR // 2) % HOUR == 0).all()


def test_a_gas_at_another_temperature_is_brought_to_25_degrees() -> None:
    rows = [(60.0, 293.15)]
    found = mean_of_gas(series(rows, 60, KEPT_S, attributes={GAS_REFERENCE: 20.0}))
    assert told(found) == pytest.approx([293.15 * 293.15 / 298.15])
    assert told(mean_of_gas(series(rows, 60, KEPT_S))) == [293.15]


# --- noise
def test_decibels_are_never_averaged() -> None:
    """domain.md 5.4: half an hour at 80 and half at 40 dB is 77.0 dB, not 60."""
    rows = [*minutes(1, 30, 80.0), *minutes(31, 60, 40.0)]
    assert told(energy_mean(series(rows, 1, KEPT_S))) == pytest.approx([76.99], abs=0.01)
    assert told(energy_mean(series(minutes(1, 60, 61.5), 1, KEPT_S))) == pytest.approx([61.5], abs=1e-12)


@pytest.mark.parametrize(
    ("hour", "special", "ordinary"),
    [(6, 45, 55), (7, 55, 70), (21, 55, 70), (22, 45, 55), (24, 45, 55), (1, 45, 55), (14, 55, 70)],
)
def test_the_limit_of_noise_is_that_of_the_hour_and_the_zone(
    hour: int, special: float, ordinary: float
) -> None:
    """06–21 h and 21–06 h: the hour that ends at six is of the night, that which ends at 21 of the day."""
    for zone, limit in ((1.0, special), (2.0, ordinary)):
        rows = [(60.0 * hour, 60.0)]
        found = noise.excess(series(rows, 60, 0, attributes={"noise_zone": zone}))
        assert told(found) == [60.0 - limit]
    assert told(noise.excess(series([(60.0, 60.0)], 60, 0, attributes={"noise_zone": 3.0}))) == []


# --- from hours to indices
def hourly(values: list[float], start: int = 1) -> list[tuple[float, float]]:
    return [(60.0 * (start + at), x) for at, x in enumerate(values) if not math.isnan(x)]


PM = air.particles("pm2_5")
EXAMPLE = [26.9, 24.7, 20.5, 23.5, 19.5, 16.5, 19.0, 16.5, 20.3, 22.4, 19.6, 20.6]


def test_the_decisions_example_comes_out_of_a_series_too() -> None:
    found = PM(series(hourly(EXAMPLE), 60, DAYS))
    index, now, used = (found.values[at, -1] for at in range(3))
    assert (index, round(float(now), 1), used) == (41.0, 20.3, 12.0)


def test_the_hours_used_are_told_with_every_index() -> None:
    holes = [math.nan if at in (3, 4, 10) else 20.0 for at in range(12)]
    found = PM(series(hourly(holes), 60, DAYS))
    assert found.values[2, -1] == 9.0


def test_the_day_of_particles_is_the_mean_of_hours_1_to_24() -> None:
    """55.7 µg/m³ → 110 (domain.md 5.1); told at 24:00 and at no other hour."""
    yesterday, day = [500.0] * 24, [55.7] * 24
    found = PM(series(hourly(yesterday + day + [0.0] * 3), 60, DAYS))
    assert told(found, 3) == [500.0, 55.7]
    assert told(found, 4) == [500.0, 110.0]
    assert not math.isnan(found.values[3, 47])


@pytest.mark.parametrize(("known", "valid"), [(18, True), (17, False)])
def test_a_day_needs_eighteen_hours(known: int, valid: bool) -> None:  # noqa: FBT001  a table
    day = [math.nan] * (24 - known) + [40.0] * known
    for compute, at in ((PM, 3), (air.gas("no2", eight=False), 1), (air.dust, 0)):
        assert bool(told(compute(series(hourly(day), 60, DAYS)), at)) is valid


def test_ozone_of_the_day_is_the_worse_of_its_hour_and_its_eight_hours() -> None:
    """O₃-8h 89.3 → 45, O₃-1h 114.6 → 36 → 45 (domain.md 5.1)."""
    day = [60.0] * 8 + [89.3] * 8 + [30.0] * 8
    day[9], day[10] = 114.6, 2 * 89.3 - 114.6
    found = air.ozone(series(hourly([0.0] * 24 + day), 60, DAYS))
    assert max(told(found, 1)) == pytest.approx(89.3)
    assert told(found, 2)[-1] == 45.0


def test_above_400_the_eight_hours_of_ozone_are_left_out() -> None:
    found = air.ozone(series(hourly([450.0] * 24), 60, DAYS))
    assert told(found, 2) == [213.0]  # of the hour: 200 + 50 / 4 = 212.5, a half upward


def test_eight_hours_need_six() -> None:
    for known, count in ((6, 1), (5, 0)):
        row = [math.nan] * (8 - known) + [50.0] * known
        assert len([x for x in air.ozone(series(hourly(row), 60, DAYS)).values[1, -1:] if x == x]) == count  # noqa: PLR0124


def test_carbon_monoxide_has_a_mean_of_eight_hours_and_nitrogen_dioxide_one_of_the_day() -> None:
    co = air.gas("co", eight=True)(series(hourly([8000.0] * 24), 60, DAYS))
    no2 = air.gas("no2", eight=False)(series(hourly([130.8] + [20.0] * 23), 60, DAYS))
    assert len(told(co, 1)) == 19
    assert told(no2, 1) == pytest.approx([(130.8 + 23 * 20) / 24])
    assert told(no2, 2) == [65.0]  # of the maximum: domain.md 5.1


# --- the station
def station(at: float, **held: float) -> tuple[float, bool]:
    """VN_AQI of hour 10 and whether it is only known at least; `pm10=3` is index 3 of this hour."""
    row = [(600.0, 20.0)]
    hour = (MIDNIGHT + 10 * HOUR) / HOUR
    given = {form.format(name): [math.nan] for name in POLLUTANTS for form in
             (air.AQI, air.AQI_DAY, "~{}_hour")}  # fmt: skip
    for name, value in held.items():
        given[air.AQI.format(name)] = [value]
        given[f"~{name}_hour"] = [hour - at if name == "o3" else hour]
    found = air.station(series(row, 60, 0, held=given))
    assert found.lower_bound is not None
    return float(found.values[0, 0]), bool(found.lower_bound[0, 0])


def test_the_station_is_as_bad_as_its_worst_pollutant() -> None:
    assert station(0, pm2_5=41.0, o3=43.0, no2=59.0) == (59.0, False)


def test_without_particles_there_is_no_vn_aqi() -> None:
    assert math.isnan(station(0, o3=160.0, no2=59.0)[0])
    assert station(0, o3=160.0, pm10=20.0)[0] == 160.0


def test_two_hours_are_never_mixed() -> None:
    """Ozone of an hour ago does not count; and as this hour's may still come, the rest is "at least"."""
    assert station(1, pm2_5=41.0, o3=160.0) == (41.0, True)
    assert station(2, pm2_5=41.0, o3=160.0) == (41.0, False)


# --- the promise of derive.py
def readings(draw_from: st.SearchStrategy[float]) -> st.SearchStrategy[list[tuple[float, float]]]:
    return st.lists(
        st.tuples(st.integers(1, 4 * 60 * 10).map(lambda tenths: tenths / 10), draw_from),
        min_size=1, max_size=60, unique_by=lambda row: row[0],
    ).map(sorted)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(readings(st.floats(0, 900)), st.sampled_from([1.0, 2.5, 7.0, 60.0]))
def test_hours_are_the_same_to_the_last_bit_wherever_a_batch_is_cut(
    rows: list[tuple[float, float]], interval: float
) -> None:
    for compute in (mean, energy_mean):
        whole = compute(series(rows, interval, KEPT_S)).values
        assert np.array_equal(whole, one_by_one(compute, rows, interval, KEPT_S), equal_nan=True)


HOURLY: list[tuple[Compute, float]] = [
    (PM, 90_000.0), (air.ozone, 118_800.0), (air.gas("so2", eight=False), 90_000.0),
    (air.gas("co", eight=True), 90_000.0), (air.dust, 90_000.0),
]  # fmt: skip


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(0, 900) | st.just(math.nan), min_size=1, max_size=60), st.integers(0, 29))
def test_indices_are_the_same_to_the_last_bit_wherever_a_batch_is_cut(values: list[float], late: int) -> None:
    rows = [(at + late, x) for at, x in hourly(values)]
    for compute, window in HOURLY:
        if rows:
            whole = compute(series(rows, 60, window)).values
            assert np.array_equal(whole, one_by_one(compute, rows, 60, window), equal_nan=True)


def test_the_index_by_the_minute_is_that_by_the_hour() -> None:
    """A station by the minute through both levels, against Nowcast of the means of its hours."""
    rng = np.random.default_rng(5)
    truth = rng.uniform(20, 200, 30)
    rows = [(60.0 * h + m, float(truth[h] + (m % 2) * 4 - 2)) for h in range(30) for m in range(1, 61)]
    first = mean(series(rows, 1, KEPT_S)).values[0]
    at = [(rows[k][0], first[k]) for k in np.flatnonzero(~np.isnan(first))]
    assert len(at) == 30
    found = PM(series(at, 1, 90_000.0))
    assert found.values[1, -1] == pytest.approx(nowcast(truth[:-13:-1][None])[0], rel=1e-7)
