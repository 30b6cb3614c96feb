"""VN_AQI against Decision 1459/QĐ-TCMT: its table, on and beside each breakpoint, and its worked example."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.hazards._env_aqi import (
    BREAKPOINTS,
    CLASSES,
    LEVELS,
    class_of,
    index,
    nowcast,
    raw_index,
    rounded,
)
from services.alerts.hazards._env_units import micrograms, micrograms_of_ppm

# The table again, by hand, as domain.md 5.1 prints it (verified there against the signed text).
TABLE = """
o3     0 160   200   300   400   800   1000   1200
o3_8h  0 100   120   170   210   400
co     0 10000 30000 45000 60000 90000 120000 150000
so2    0 125   350   550   800   1600  2100   2630
no2    0 100   200   700   1200  2350  3100   3850
pm10   0 50    150   250   350   420   500    600
pm2_5  0 25    50    80    150   250   350    500
"""
STEPS = [
    (row.split()[0], at, float(number))
    for row in TABLE.strip().splitlines()
    for at, number in enumerate(row.split()[1:])
]


def of(concentration: float, row: str) -> float:
    return float(index(np.array([concentration]), row)[0])


@pytest.mark.parametrize(("row", "at", "step"), STEPS)
def test_every_breakpoint_of_every_pollutant_at_and_on_both_sides(row: str, at: int, step: float) -> None:
    level = LEVELS[at]
    assert raw_index(np.array([step]), row)[0] == pytest.approx(level, abs=1e-12)
    assert of(step, row) == level
    points = BREAKPOINTS[row]
    if at > 0:
        slope = (LEVELS[at] - LEVELS[at - 1]) / (points[at] - points[at - 1])
        below = step - 1 / slope
        assert of(below, row) == level - 1
        assert of(step - 0.51 / slope, row) == level - 1
        assert of(step - 0.49 / slope, row) == level
    if at + 1 < len(points):
        slope = (LEVELS[at + 1] - LEVELS[at]) / (points[at + 1] - points[at])
        assert of(step + 1 / slope, row) == level + 1
        assert of(step + 0.49 / slope, row) == level
        assert of(step + 0.51 / slope, row) == level + 1


@pytest.mark.parametrize("row", BREAKPOINTS)
def test_every_tenth_of_a_microgram_is_rounded_as_by_hand(row: str) -> None:
    """In fractions, without a binary digit: a half is a half and goes up."""
    points = BREAKPOINTS[row]
    tenths = range(1, min(int(points[-1]) * 10, 6000), 1)
    found = index(np.array(tenths) / 10, row)
    for tenth, ours in zip(tenths, found.tolist(), strict=True):
        c = Fraction(tenth, 10)
        at = next(at for at in range(1, len(points)) if c <= points[at])
        low, high = Fraction(points[at - 1]), Fraction(points[at])
        exact = (c - low) * (Fraction(LEVELS[at]) - Fraction(LEVELS[at - 1])) / (high - low)
        assert ours == math.floor(exact + Fraction(LEVELS[at - 1]) + Fraction(1, 2))


@pytest.mark.parametrize("row", ["o3", "co", "so2", "no2", "pm10", "pm2_5"])
def test_above_the_last_breakpoint_the_index_is_500(row: str) -> None:
    """Design default of domain.md 5.1: the table says "≥ 1200" and no more."""
    assert of(BREAKPOINTS[row][-1] * 1.001, row) == of(BREAKPOINTS[row][-1] * 50, row) == 500


def test_ozone_of_eight_hours_has_no_index_above_400() -> None:
    assert of(400.0, "o3_8h") == 300
    assert math.isnan(of(400.1, "o3_8h"))


def test_what_is_missing_has_no_index() -> None:
    assert math.isnan(of(math.nan, "pm2_5"))


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "Tốt"), (50, "Tốt"), (51, "Trung bình"), (100, "Trung bình"), (101, "Kém"), (150, "Kém"),
     (151, "Xấu"), (200, "Xấu"), (201, "Rất xấu"), (300, "Rất xấu"), (301, "Nguy hại"), (500, "Nguy hại")],
)  # fmt: skip
def test_the_six_classes_begin_where_the_decision_says(number: int, text: str) -> None:
    assert class_of(number).text.vi == text


def test_the_index_is_rounded_before_it_is_given_a_class() -> None:
    """50.4 is 50 and good; 50.5 is 51 and moderate: there is nothing between two classes."""
    assert class_of(float(rounded(np.array([50.4]))[0])).text.en == "Good"
    assert class_of(float(rounded(np.array([50.5]))[0])).text.en == "Moderate"


def test_colours_are_those_of_the_decision() -> None:
    assert [one.rgb for one in CLASSES] == [
        (0, 228, 0), (255, 255, 0), (255, 126, 0), (255, 0, 0), (143, 63, 151), (126, 0, 35)
    ]  # fmt: skip
    assert CLASSES[4].hex == "#8f3f97"


# --- the worked example of the Decision (domain.md 5.1), old to new
HOURS = [26.9, 24.7, 20.5, 23.5, 19.5, 16.5, 19.0, 16.5, 20.3, 22.4, 19.6, 20.6]


def newest_first(*hours: float) -> np.ndarray:
    return np.array([[*hours, *[math.nan] * (12 - len(hours))]])


def test_the_decisions_own_nowcast() -> None:
    """w* = 0.61, Nowcast = 20.3 → AQI 41 (computed 20.266, 40.53)."""
    assert round(min(HOURS) / max(HOURS), 2) == 0.61
    found = nowcast(np.array([HOURS[::-1]]))
    assert found[0] == pytest.approx(20.266, abs=5e-4)
    assert round(float(found[0]), 1) == 20.3
    assert index(found, "pm2_5")[0] == 41


def test_the_decisions_own_hour() -> None:
    """O₃ 136.1 → 43; NO₂ 118.7 → 59.35, for which the document prints 60.

    Our choice: 59, what its formula and "rounded to an integer" give; 60 would need rounding upward, by which
    O₃ 42.53 → 43 and PM2.5 40.53 → 41 would come out as they do, but O₃-1h 35.81 → 36 and NO₂ 65.40 → 65 of
    the daily example would not: 65.40 is printed 65.
    """
    assert of(136.1, "o3") == 43
    assert raw_index(np.array([118.7]), "no2")[0] == pytest.approx(59.35)
    assert of(118.7, "no2") == 59
    assert max(of(136.1, "o3"), of(118.7, "no2"), 41) == 59  # the document: 60


def test_the_decisions_own_day() -> None:
    """O₃-8h 89.3 → 45; O₃-1h 114.6 → 36; NO₂ 130.8 → 65; PM2.5 55.7 → 110, a half upward."""
    found = [of(89.3, "o3_8h"), of(114.6, "o3"), of(130.8, "no2"), of(55.7, "pm2_5")]
    assert found == [45, 36, 65, 110]
    raw = [float(raw_index(np.array([c]), row)[0]) for c, row in
           ((89.3, "o3_8h"), (114.6, "o3"), (130.8, "no2"), (55.7, "pm2_5"))]  # fmt: skip
    assert raw == pytest.approx([44.65, 35.81, 65.40, 109.50], abs=6e-3)


# --- Nowcast: the rest of the text
def test_with_the_weight_of_a_half_the_sum_is_not_normalised() -> None:
    """w* ≤ 1/2: Σ (1/2)^i c_i, as the law has it: two hours of a constant would be 3/4 of it."""
    assert nowcast(newest_first(100.0, 10.0))[0] == 55.0 - 2.5
    steady = [100.0, *[40.0] * 11]
    assert nowcast(np.array([steady]))[0] == pytest.approx(50 + 40 * (0.5 - 2**-12))


def test_with_a_greater_weight_it_is_and_a_missing_hour_counts_in_neither_sum() -> None:
    assert nowcast(newest_first(50.0, math.nan, 50.0))[0] == pytest.approx(50.0)
    assert nowcast(newest_first(80.0, math.nan, 60.0))[0] == pytest.approx(
        (80 + 60 * 0.75**2) / (1 + 0.75**2)
    )


def test_exactly_a_half_is_the_form_of_a_half() -> None:
    assert nowcast(newest_first(100.0, 50.0, 100.0))[0] == 50 + 12.5 + 12.5
    assert nowcast(newest_first(100.0, 50.001, 100.0))[0] > 80


@pytest.mark.parametrize(
    ("newest", "valid"),
    [
        ("111", True),
        ("110", True),
        ("101", True),
        ("011", True),
        ("100", False),
        ("010", False),
        ("000", False),
    ],
)
def test_two_of_the_newest_three_hours_are_needed(newest: str, valid: bool) -> None:  # noqa: FBT001  a table
    hours = [20.0 if there == "1" else math.nan for there in newest] + [20.0] * 9
    assert bool(np.isfinite(nowcast(np.array([hours])))[0]) is valid


def test_clean_air_is_zero_and_no_division_by_it() -> None:
    assert nowcast(np.zeros((1, 12)))[0] == 0.0


@given(st.lists(st.floats(0, 1000) | st.just(math.nan), min_size=12, max_size=12))
def test_nowcast_is_what_the_text_says_word_by_word(hours: list[float]) -> None:
    known = [c for c in hours if not math.isnan(c)]
    found = float(nowcast(np.array([hours]))[0])
    if sum(not math.isnan(c) for c in hours[:3]) < 2:
        assert math.isnan(found)
        return
    w = max(min(known) / max(known) if max(known) else 0.0, 0.5)
    terms = [(w**i, c) for i, c in enumerate(hours) if not math.isnan(c)]
    plain = (
        math.fsum(p * c for p, c in terms) / math.fsum(p for p, _ in terms)
        if w > 0.5
        else math.fsum(p / 2 * c for p, c in terms)
    )
    assert found == pytest.approx(plain, rel=1e-12, abs=1e-12)


def test_units_at_25_degrees_and_one_atmosphere() -> None:
    """domain.md 5.2 (computed): O₃ 1.963, NO₂ 1.882, SO₂ 2.620 per ppb; CO 1145.6 per ppm."""
    assert [round(micrograms(1, gas), 3) for gas in ("o3", "no2", "so2")] == [1.963, 1.882, 2.620]
    assert round(micrograms_of_ppm(1, "co"), 1) == 1145.6
    assert micrograms(50, "o3", celsius=0) / micrograms(50, "o3") == pytest.approx(298.15 / 273.15)
