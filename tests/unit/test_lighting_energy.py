"""Energy, burning hours and the figures of a lighting office: domain page 4.2 and 4.5."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.lighting import energy
from services.lighting.astro import MINUTE, micros
from services.lighting.plan import plan
from tests.support.lighting import PLACE, STREET, lit

ZONE = "Asia/Ho_Chi_Minh"
HOUR = 60 * MINUTE


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)))


def test_a_night_at_vung_tau_is_longest_in_december() -> None:
    # Table of domain page 4.4: sunset 17:35, sunrise 06:04 in December; 18:15 and 05:32 in June.
    december = energy.night_minutes(*PLACE, date(2026, 12, 21), ZONE)
    june = energy.night_minutes(*PLACE, date(2026, 6, 21), ZONE)
    assert december == pytest.approx(749, abs=2)
    assert june == pytest.approx(677, abs=2)


def test_a_lamp_that_burns_by_day_is_told_by_its_energy() -> None:
    # Domain page 4.2: expected = W x night minutes / 60 / 1000, more than 0.1 kWh above is a day burner.
    assert energy.expected_kwh(100, 720) == pytest.approx(1.2)
    assert not energy.burns_by_day(1.29, 100, 720)
    assert energy.burns_by_day(1.31, 100, 720)
    assert not energy.burns_by_day(1.31, 100, 720, excess=0.2)
    assert energy.day_burning_kwh(2.4, 100, 720) == pytest.approx(1.2)
    assert energy.day_burning_kwh(0.9, 100, 720) == 0


def test_burning_hours_count_from_two_watts_and_not_over_a_gap() -> None:
    samples = [(0, 100.0), (HOUR, 100.0), (2 * HOUR, 2.0), (3 * HOUR, 100.0), (9 * HOUR, 0.0)]
    assert energy.burning_hours(samples, longest_s=3600) == 3
    assert energy.energy_kwh(samples, longest_s=3600) == pytest.approx(0.302)


def test_a_meter_that_is_replaced_starts_anew() -> None:
    readings = [(0, 100.0), (HOUR, 101.5), (2 * HOUR, 0.5), (3 * HOUR, 1.0)]
    assert energy.metered_kwh(readings) == pytest.approx(2.5)


def test_a_plan_says_what_it_takes_and_what_dimming_saves() -> None:
    made = plan(lit(), "street", at("2026-09-23T12:00"), at("2026-09-24T12:00"))
    # 18:08:33 to 22:00 at 100, 2 h at 70, 4.5 h at 50, 04:30 to 05:40:59 at 80.
    full, dim = 3.8575, 1.183
    assert energy.planned_hours(made) == pytest.approx(full + 2 + 4.5 + dim, abs=0.01)
    used = energy.planned_kwh(made, 100)
    assert used == pytest.approx((full + 1.4 + 2.25 + 0.8 * dim) / 10, abs=0.001)
    whole = energy.full_kwh(made, 100)
    assert energy.saving(used, whole) == pytest.approx(0.267, abs=0.005)
    # A lamp that takes 20 % at its dimmest saves less.
    assert energy.planned_kwh(made, 100, gradient=0.8) > used


def test_a_street_without_dimming_saves_nothing() -> None:
    toml = STREET.replace('default = "quiet"', 'default = "feast"')
    made = plan(lit(toml), "street", at("2026-09-23T12:00"), at("2026-09-24T12:00"))
    assert energy.saving(energy.planned_kwh(made, 100), energy.full_kwh(made, 100)) == pytest.approx(0)


def test_figures_without_a_base_are_not_told() -> None:
    assert energy.saving(1, 0) is None
    assert energy.availability([], []) is None
    assert energy.per_kilometre(5, 0) is None
    assert energy.time_to_repair_h([(0, None)]) is None
    assert energy.reporting_share(0, 0) is None


def test_availability_energy_per_kilometre_repair_and_reporting() -> None:
    assert energy.availability([10, 11.5], [11.5, 11.5]) == pytest.approx(21.5 / 23)
    assert energy.per_kilometre(42, 1_200) == pytest.approx(35)
    assert energy.time_to_repair_h([(0, 4 * HOUR), (HOUR, 9 * HOUR), (0, None)]) == pytest.approx(6)
    assert energy.reporting_share(95, 100) == pytest.approx(0.95)
