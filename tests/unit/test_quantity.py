"""The vocabulary of observed properties."""

import pytest

from services.observation import units
from services.observation.flags import Flag, worst
from services.observation.quantity import PROPERTIES, Property
from services.observation.topics import is_property


@pytest.mark.parametrize("prop", PROPERTIES.values(), ids=str)
def test_each_property_can_be_named_measured_and_read_in_both_languages(prop: Property) -> None:
    assert is_property(prop.name)
    assert units.known(prop.unit), f"{prop.unit} has no meaning in units.py"
    assert prop.text.vi.strip()
    assert prop.text.en.strip()
    assert prop.interval_s > 0


@pytest.mark.parametrize("prop", PROPERTIES.values(), ids=str)
def test_limits_are_in_order(prop: Property) -> None:
    limits = [prop.fail_min, prop.suspect_min, prop.suspect_max, prop.fail_max]
    given = [limit for limit in limits if limit is not None]
    assert given == sorted(given)


def test_no_property_is_listed_twice() -> None:
    assert all(name == prop.name for name, prop in PROPERTIES.items())


def test_codes_are_whole_numbers_and_a_coded_property_reports_on_change() -> None:
    coded = [prop for prop in PROPERTIES.values() if prop.codes]
    assert {prop.name for prop in coded} == {"lamp_state", "door"}
    assert all(prop.reports == "on_change" for prop in coded)
    assert all(isinstance(code, int) for prop in coded for code in (prop.codes or {}).values())


@pytest.mark.parametrize("name", ["water_level", "tide_level"])
def test_a_water_level_may_be_that_of_any_place_on_land_and_of_no_other(name: str) -> None:
    """Every station has its own datum; codes of error are of none."""
    prop = PROPERTIES[name]
    assert prop.fail_min is not None
    assert prop.fail_max is not None
    assert -450 <= prop.fail_min <= -430  # the Dead Sea
    assert 5000 < prop.fail_max < 9999


def test_flags_are_the_numbers_of_qartod() -> None:
    assert [int(flag) for flag in Flag] == [1, 2, 3, 4, 9]


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ((), Flag.NOT_EVALUATED),
        ((Flag.PASS,), Flag.PASS),
        ((Flag.PASS, Flag.NOT_EVALUATED), Flag.PASS),
        ((Flag.SUSPECT, Flag.PASS), Flag.SUSPECT),
        ((Flag.FAIL, Flag.SUSPECT), Flag.FAIL),
        ((Flag.MISSING, Flag.NOT_EVALUATED), Flag.NOT_EVALUATED),
        ((Flag.MISSING,), Flag.MISSING),
    ],
)
def test_the_worst_flag_is_by_rank_and_not_by_number(flags: tuple[Flag, ...], expected: Flag) -> None:
    assert worst(*flags) is expected
