"""Programmes, calendars and the plan that is sent ahead. Vectors: domain page 4.1, 4.4."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from services.lighting.astro import MINUTE, micros, sun, wall
from services.lighting.calendar import fits, programme_of
from services.lighting.plan import Plan, fallback_level, is_dark, level_at, plan, window
from services.lighting.programme import Calendar, CalendarRule, Fallback
from tests.support.lighting import PLACE, STREET, lit

ZONE = "Asia/Ho_Chi_Minh"
NIGHTS = {
    "2026-03-20": ("05:35", "05:56", "18:02", "18:24"),
    "2026-06-21": ("05:09", "05:32", "18:15", "18:38"),
    "2026-09-23": ("05:20", "05:41", "17:47", "18:08"),
    "2026-12-21": ("05:41", "06:04", "17:35", "17:58"),
}
"""Civil dawn, sunrise, sunset, civil dusk at Vũng Tàu: the table of domain page 4.4, ±1 min."""


def at(text: str) -> int:
    """µs UTC of a local instant."""
    return micros(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(ZONE)))


def shown(made: Plan) -> list[tuple[str, float]]:
    """Steps as local times of day."""
    return [(f"{wall(step.time, ZONE):%H:%M}", step.level) for step in made.steps]


@pytest.mark.parametrize("day", NIGHTS)
def test_the_sun_at_vung_tau_is_within_a_minute_of_the_table(day: str) -> None:
    found = sun(*PLACE, date.fromisoformat(day), ZONE)
    for instant, told in zip(found, NIGHTS[day], strict=True):
        assert instant is not None
        assert abs(instant - at(f"{day}T{told}")) <= MINUTE, (day, told, wall(instant, ZONE))


def test_a_night_of_the_template_dims_step_by_step() -> None:
    # Domain page 4.4: dusk to 22:00 100 %, to 24:00 70 %, to 04:30 50 %, to sunrise 80 %, ramps 30 s.
    made = plan(lit(), "street", at("2026-09-23T12:00"), at("2026-09-24T12:00"))
    assert shown(made) == [
        ("12:00", 0), ("18:08", 100), ("22:00", 70), ("00:00", 50), ("04:30", 80), ("05:40", 0),
    ]  # fmt: skip
    assert {step.ramp_s for step in made.steps[1:]} == {30}
    assert made.programmes == {"2026-09-23": "quiet"}


def test_a_junction_is_never_dimmed() -> None:
    made = plan(lit(), "junction", at("2026-09-23T12:00"), at("2026-09-24T12:00"))
    assert [level for _, level in shown(made)] == [0, 100, 0]


def test_a_plan_begins_with_what_is_in_force() -> None:
    made = plan(lit(), "street", at("2026-09-24T01:00"), at("2026-09-24T04:00"))
    assert shown(made) == [("01:00", 50)]
    assert level_at(made, at("2026-09-24T03:59")) == 50


def test_the_same_window_gives_the_same_version_and_another_night_another() -> None:
    lighting = lit()
    noon = window(lighting, at("2026-09-23T12:00"))
    assert noon == window(lighting, at("2026-09-24T11:59")) != window(lighting, at("2026-09-24T12:00"))
    assert noon[1] - noon[0] == 72 * 60 * MINUTE
    made = plan(lighting, "street", *noon)
    assert made == plan(lit(), "street", *noon)
    later = plan(lighting, "street", *window(lighting, at("2026-09-24T12:00")))
    dimmer = plan(lit(STREET.replace("level = 70", "level = 60")), "street", *noon)
    assert len({made.version, later.version, dimmer.version}) == 3


def test_a_feast_takes_its_night_until_the_next_noon() -> None:
    made = plan(lit(), "street", at("2027-02-10T12:00"), at("2027-02-12T12:00"))
    assert made.programmes == {"2027-02-10": "feast", "2027-02-11": "quiet"}
    assert level_at(made, at("2027-02-11T03:00")) == 100
    assert level_at(made, at("2027-02-12T03:00")) == 50


def test_the_upper_rule_of_a_calendar_comes_first() -> None:
    rules = (
        CalendarRule("tet", dates=(("2027-02-06", "2027-02-06"),)),
        CalendarRule("weekend", days=(5, 6)),
        CalendarRule("turn", yearly=(("12-30", "01-02"),)),
    )
    city = Calendar("city", "usual", rules)
    told = {
        "2027-02-06": "tet", "2027-02-07": "weekend", "2027-02-08": "usual", "2026-12-31": "turn",
        "2027-01-01": "turn", "2027-01-04": "usual",
    }  # fmt: skip
    assert {day: programme_of(city, date.fromisoformat(day)) for day in told} == told


def test_all_that_a_rule_gives_must_hold() -> None:
    rule = CalendarRule("x", days=(5,), dates=(("2027-02-01", "2027-02-28"),))
    assert fits(rule, date(2027, 2, 6))
    assert not fits(rule, date(2027, 2, 8))
    assert not fits(rule, date(2027, 3, 6))


def test_a_day_that_begins_at_midnight_has_a_night_at_both_ends() -> None:
    made = plan(
        lit(STREET.replace('default = "quiet"', 'default = "feast"\nstarts_h = 0')),
        "street", at("2026-09-23T00:00"), at("2026-09-24T00:00"),
    )  # fmt: skip
    assert shown(made) == [("00:00", 100), ("05:41", 0), ("17:47", 100)]


def test_an_offset_of_the_sun_counts_in_minutes() -> None:
    toml = STREET.replace('on = "sunset"\noff = "sunrise"', 'on = "sunset-15"\noff = "dawn + 5"')
    toml = toml.replace('default = "quiet"', 'default = "feast"')
    assert toml != STREET
    made = plan(lit(toml), "street", at("2026-09-23T12:00"), at("2026-09-24T12:00"))
    assert shown(made) == [("12:00", 0), ("17:32", 100), ("05:24", 0)]


def test_without_a_calendar_lamps_are_in_their_default_state() -> None:
    toml = STREET.replace(
        'gateways = ["gw-01"]\ncalendar = "city"', 'gateways = ["gw-01"]\ndefault_level = 60'
    )
    made = plan(lit(toml), "street", at("2026-09-23T12:00"), at("2026-09-24T12:00"))
    assert shown(made) == [("12:00", 60)]


def test_it_is_dark_from_sunset_to_sunrise() -> None:
    made = plan(lit(), "street", at("2026-09-23T12:00"), at("2026-09-24T12:00"))
    told = {"12:00": False, "17:46": False, "17:48": True, "23:59": True}
    assert {hour: is_dark(made, at(f"2026-09-23T{hour}")) for hour in told} == told
    assert is_dark(made, at("2026-09-24T05:40"))
    assert not is_dark(made, at("2026-09-24T05:42"))


def test_a_plan_says_nothing_outside_its_window() -> None:
    made = plan(lit(), "street", at("2026-09-23T12:00"), at("2026-09-24T12:00"))
    with pytest.raises(LookupError):
        level_at(made, made.end)
    with pytest.raises(ValueError, match="must end later"):
        plan(lit(), "street", made.end, made.start)


def test_a_clock_that_is_not_synchronised_falls_back_on_fixed_times() -> None:
    # Domain page 4.4: 17:45 to 05:45.
    usual = Fallback()
    told = {17 * 60 + 44: 0, 17 * 60 + 45: 100, 0: 100, 5 * 60 + 44: 100, 5 * 60 + 45: 0, 12 * 60: 0}
    assert {minute: fallback_level(usual, minute) for minute in told} == told
    assert fallback_level(Fallback(60, 120, 40), 90) == 40
