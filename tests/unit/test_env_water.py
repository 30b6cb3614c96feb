"""Surface water: grades of QCVN 08:2023, and the early warnings of probes."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.derive import Points
from services.alerts.hazards import _env_water as water
from services.alerts.hazards.environment import HAZARD
from tests.support.air_series import one_by_one, series, told


def points(values: list[float], **attributes: float) -> Points:
    m = len(values)
    return Points(
        np.arange(m),
        np.array(values),
        np.zeros(m, np.int64),
        np.zeros(1),
        np.zeros(1),
        lambda name, default: np.full(m, attributes.get(name, default)),
        {},
        lambda t: t,
    )


# domain.md 5.5, Table 2, by hand: the most of A, B, C; on the limit it is met, above it is worse.
TABLE_2 = """
bod5 4 6 10
cod 10 15 20
toc 4 6 8
total_phosphorus 0.1 0.3 0.5
total_nitrogen 0.6 1.5 2.0
coliform 1000 5000 7500
heat_coliform 200 1000 1500
"""


@pytest.mark.parametrize(
    ("name", "at", "limit"),
    [(line.split()[0], at, float(x)) for line in TABLE_2.strip().splitlines()
     for at, x in enumerate(line.split()[1:])],
)  # fmt: skip
def test_a_grade_is_met_on_its_limit_and_not_above(name: str, at: int, limit: float) -> None:
    assert water.grade(name, np.array([limit, limit * 1.001])).tolist() == [at + 1, at + 2]


def test_suspended_solids_part_a_b_and_the_rest() -> None:
    """C and D differ by floating trash, which no probe sees: above 100 it is D here, the worse."""
    assert water.grade("tss", np.array([25.0, 25.1, 100.0, 100.1])).tolist() == [1, 2, 2, 4]


def test_oxygen_and_ph_are_graded_by_what_is_needed() -> None:
    oxygen = np.array([6.0, 5.9, 5.0, 4.9, 4.0, 3.9, 2.0, 1.9])
    assert water.grade("dissolved_oxygen", oxygen).tolist() == [1, 2, 2, 3, 3, 4, 4, 5]
    ph = np.array([6.5, 6.4, 6.0, 5.9, 8.5, 8.6])
    assert water.grade("ph", ph).tolist() == [1, 2, 2, 4, 1, 4]


def test_how_many_grades_worse_than_the_station_is_to_be() -> None:
    found = water.worse_by("cod")(points([8.0, 12.0, 18.0, 50.0], water_class=2.0))
    assert found.values[0].tolist() == [0.0, 0.0, 1.0, 2.0]


# domain.md 5.5, Table 1, by hand: mg/L.
TABLE_1 = {
    "nitrite": 0.05, "ammonium": 0.3, "chloride": 250, "fluoride": 1, "cyanide": 0.01, "arsenic": 0.01,
    "cadmium": 0.005, "lead": 0.02, "chromium_6": 0.01, "chromium": 0.05, "copper": 0.1, "zinc": 0.5,
    "nickel": 0.1, "manganese": 0.1, "mercury": 0.001, "iron": 0.5, "oil_grease": 5.0, "phenol": 0.005,
}  # fmt: skip


def test_the_limits_for_health_are_those_of_table_1() -> None:
    assert {name: limit for name, (limit, _) in water.TABLE_1.items()} == TABLE_1
    rules = {rule["property"]: rule for rule in HAZARD.rules}
    for name, limit in TABLE_1.items():
        assert limit < rules[name]["advisory"] < limit * 1.0001
        assert rules[name]["status"] == "legal"
        assert HAZARD.properties[name].unit == "mg/l"


def test_oxygen_and_ph_warn_as_the_defaults_say() -> None:
    """DO < 4 for 1 h, < 2 for 30 min; pH outside 6.0 to 8.5 for 30 min (domain.md 5.5, design default)."""
    rules = {rule["id"]: rule for rule in HAZARD.rules}
    oxygen, low, high = (rules[name] for name in ("water-oxygen", "water-ph-low", "water-ph-high"))
    assert (oxygen["watch"], oxygen["warning"]) == pytest.approx((4, 2), abs=1e-5)
    assert (oxygen["watch"] < 4, oxygen["warning"] < 2) == (True, True)  # just met is met
    assert oxygen["on_delay_s"] == {"watch": 3600, "warning": 1800}
    assert (low["advisory"] < 6.0, high["advisory"] > 8.5) == (True, True)
    assert (low["advisory"], high["advisory"]) == pytest.approx((6.0, 8.5), abs=1e-5)
    assert low["on_delay_s"] == high["on_delay_s"] == 1800
    assert (oxygen["direction"], low["direction"], high["direction"]) == ("down", "down", "up")


def test_turbidity_is_measured_against_its_own_week() -> None:
    rows = [(120.0 * at, 10.0 + (at % 3)) for at in range(84)]
    found = water.over_median(series([*rows, (120.0 * 84, 33.0)], 120, 604_800.0))
    assert found.values[0, -1] == 3.0
    assert told(found)[0] == pytest.approx(10 / 11)
    assert math.isnan(found.values[0, 11])  # less than a day of it
    assert not math.isnan(found.values[0, 12])


def test_a_step_is_against_an_hour_ago_either_way_and_not_against_what_is_gone() -> None:
    rows = [(0.0, 2.0), (15.0, 2.0), (30.0, 2.1), (45.0, 2.2), (60.0, 2.7), (75.0, 1.2)]
    found = water.step(series(rows, 15, 3600.0)).values[0]
    assert found[4] == pytest.approx(35.0)
    assert found[5] == pytest.approx(40.0)
    assert np.isnan(found[:2]).all()  # nothing older than half an hour
    after_a_pause = water.step(series([(0.0, 2.0), (200.0, 9.0)], 15, 3600.0))
    assert told(after_a_pause) == []


def test_a_step_of_salt_is_a_warning_only_where_water_is_to_be_fresh() -> None:
    """In a tidal creek conductivity swings by more than that with every tide."""
    steps = [one for one in water.DERIVES if one.outputs[0].endswith("_step")]
    assert [one.needs for one in steps] == [("fresh_water",)] * 2


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 3000), st.floats(0.01, 900)),
        min_size=1,
        max_size=40,
        unique_by=lambda row: row[0],
    )
)
def test_they_are_the_same_to_the_last_bit_wherever_a_batch_is_cut(rows: list[tuple[int, float]]) -> None:
    ordered = [(float(at), x) for at, x in sorted(rows)]
    for compute, window in ((water.over_median, 604_800.0), (water.step, 3600.0)):
        whole = compute(series(ordered, 15, window)).values
        assert np.array_equal(whole, one_by_one(compute, ordered, 15, window), equal_nan=True)
