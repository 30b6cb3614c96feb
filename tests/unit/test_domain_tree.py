"""Trees: the tables of domain page section 6 that no other test holds, row by row, with their tags."""

import numpy as np
import pytest

from services.alerts.hazards import _tree_danger as fall
from services.alerts.hazards import _tree_tilt as tilt
from services.alerts.hazards import hazards

RULES = {rule["id"]: rule for rule in hazards()["tree"].rules}
LIMITS = fall.limits_of({})

# 6.1 [design default, anchored on 0.25° and 1.6-2.9°]: notice, warning, urgent.
TABLE = [
    ("tilt_change", 1, 0.25), ("tilt_change", 2, 1.0), ("tilt_change", 3, 2.0),
    ("tilt_rate_week", 1, 0.1), ("tilt_rate_day", 2, 0.25), ("tilt_jump", 3, 0.5),
    ("tilt_sway", 1, 1.0), ("tilt_sway", 2, 2.0), ("tilt_peak", 3, 3.0),
]  # fmt: skip
ABOVE = ("tilt_sway", "tilt_peak")  # "> 1°" where the others say "≥"


@pytest.mark.parametrize(("measure", "step", "limit"), TABLE)
def test_each_cell_of_the_table_is_a_step_of_the_scale(measure: str, step: int, limit: float) -> None:
    def of(value: float) -> int:
        return int(fall.step_of(measure, np.array([value]), LIMITS)[0])

    assert of(limit - 0.001) == step - 1 or measure in fall.ONE_STEP
    assert of(limit - 0.001) < step
    assert of(limit) == (step if measure not in ABOVE else of(limit - 0.001))
    assert of(limit + 0.001) == step


def test_the_steps_are_told_as_notice_warning_and_urgent() -> None:
    rule = RULES["tree-fall"]
    assert [rule[word] for word in ("advisory", "warning", "emergency")] == [1, 2, 3]
    assert "design default" in rule["source"]
    for cited in ("Forests 2023", "Forests 2025", "0.25°", "1.6 to 2.9°"):
        assert cited in rule["source"]


@pytest.mark.parametrize(("length", "rest"), [(9.81, True), (10.1, True), (10.12, False), (9.5, False)])
def test_theta_is_the_arc_cosine_and_moving_samples_are_rejected(length: float, rest: bool) -> None:  # noqa: FBT001
    # 6.1: θ = arccos(clip(g·g0/(|g||g0|), -1, 1)); reject | |g| - 9.81 | > 0.3 m/s².
    turn = np.radians(1.6)
    sample = length * np.array([[np.sin(turn), 0.0, np.cos(turn)]])
    angle, still = tilt.angle_between(sample, np.array([0.0, 0.0, 9.81]))
    assert bool(still[0]) is rest
    assert angle[0] == pytest.approx(1.6) if rest else np.isnan(angle[0])


def test_calm_is_below_five_metres_a_second_and_six_hours_long() -> None:
    # 6.1: wind-still median, mean wind < 5 m/s, last 6 h.
    assert tilt.CALM == 5.0
    assert tilt.STILL_S == 6 * 3600


def test_water_is_short_from_half_of_what_plants_can_take() -> None:
    # 6.2 [recalled: FAO-56]: refill when θ < FC - 0.5 (FC - WP); numbers of the site.
    rule = RULES["tree-dry"]
    assert rule["advisory"] == 50
    assert "recalled: FAO-56" in rule["source"]
    assert "site" in rule["source"]


def test_waterlogged_ground_is_72_hours_near_saturation() -> None:
    # 6.2 [design default]: ≥ 72 h raises the step by one with a typhoon's wind.
    assert fall.SOAKED_H == 72.0
    assert 0.9 <= fall.NEAR_SATURATION < 1.0
