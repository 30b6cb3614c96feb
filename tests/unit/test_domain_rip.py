"""Rip currents: the tables of domain page section 2 that no other test holds, row by row, with their tags."""

import numpy as np
import pytest

from services.alerts.derive import Floats, Points
from services.alerts.hazards import _rip_beach as beach
from services.alerts.hazards import _rip_model as model
from services.alerts.hazards import hazards
from services.observation.instants import micros

NOON = micros("2026-01-10T05:00:00Z")
GUARDED = {"shore_normal_deg": 120.0, "guard_from_h": 6.0, "guard_to_h": 18.0}
RULES = {rule["id"]: rule for rule in hazards()["rip_current"].rules}


def points(value: Floats, **held: float) -> Points:
    """Readings at one guarded beach at noon; what is not held is not known."""
    names = ("wind_speed", "current_direction", "rip_probability_low", "rip_probability_high")
    return Points(
        np.full(len(value), NOON),
        value,
        np.zeros(len(value), np.int64),
        np.zeros(1),
        np.zeros(1),
        lambda name, default: np.full(len(value), GUARDED.get(name, default)),
        {name: np.full(len(value), held.get(name, np.nan)) for name in (*names, "rip_wave_missing")},
        lambda instants: instants + 7 * 3_600_000_000,
    )


# 2.1: map classes of the NOAA plot script 0-25, 25-50, 50-100 % [verified: rip.py]; closure from 80 % (2.5).
CLASSES = [
    (0.0, 0), (24.99, 0), (25.0, 1), (49.99, 1), (50.0, 2), (79.99, 2), (80.0, 3), (100.0, 3),
]  # fmt: skip
# 2.4: >= 0.3 caution, >= 0.5 warning, >= 1.0 m/s danger on the seaward component [design default].
CURRENTS = [(0.29, 0), (0.3, 1), (0.49, 2), (0.5, 3), (0.99, 3), (1.0, 4), (1.9, 4)]


@pytest.mark.parametrize(("percent", "step"), CLASSES)
def test_the_index_falls_into_the_classes_of_noaa(percent: float, step: int) -> None:
    value = np.array([percent])
    assert int(beach.index_of_p(points(value), value)[0] + 1e-9) == step


@pytest.mark.parametrize(("speed", "step"), CURRENTS)
def test_a_current_is_told_at_each_step_of_the_page_and_not_below(speed: float, step: int) -> None:
    """0.4 m/s, a watch, is ours: straight between its neighbours."""
    value = np.array([speed])
    assert int(beach.index_of_u(points(value), value)[0] + 1e-9) == step


def test_a_current_that_does_not_run_out_to_sea_is_none() -> None:
    # 2.4: u_off = U cos(dir - seaward normal).
    speed = np.full(1, 2.0)
    for turn, seaward in ((0, 2.0), (60, 1.0), (90, 0.0), (180, -2.0), (-60, 1.0)):
        found = beach.seaward(points(speed, current_direction=120.0 + turn)).values[0, 0]
        assert found == pytest.approx(seaward, abs=1e-9)
    assert beach.index_of_u(points(speed), np.array([-2.0]))[0] == 0


# 2.5 [design default]: P < 25 green; 25-< 50 yellow; >= 50 red; closure: P >= 80, 1 m/s or Beaufort 7.
FLAGS = [
    (24.9, 0.0, 0.0, 0), (25.0, 0.0, 0.0, 1), (49.9, 0.0, 0.0, 1), (50.0, 0.0, 0.0, 2), (79.9, 0.0, 0.0, 2),
    (80.0, 0.0, 0.0, 3), (10.0, 0.29, 0.0, 0), (10.0, 0.3, 0.0, 1), (10.0, 0.5, 0.0, 2), (10.0, 1.0, 0.0, 3),
    (10.0, 0.0, 13.8, 0), (10.0, 0.0, 13.9, 3),
]  # fmt: skip


@pytest.mark.parametrize(("percent", "speed", "wind", "flag"), FLAGS)
def test_a_flag_is_recommended_as_the_page_maps_it(
    percent: float, speed: float, wind: float, flag: int
) -> None:
    found = beach.by_meter(
        points(np.array([speed]), rip_probability_low=percent, rip_probability_high=percent, wind_speed=wind)
    )
    assert found.values[1, 0] == flag


def test_eta_is_cut_where_the_page_says_it_is_an_extrapolation() -> None:
    # 2.1, caution: eta = -1.5 adds 2.55 to z; clip to ±1.0 m [design default], or scale by the range.
    added = model.score(*(np.array([x]) for x in (1.0, 0.0, 0.0, -1.5)))[0] - 1.046
    assert added == pytest.approx(2.55)
    none = np.full(1, np.nan)
    assert model.tide_term(np.array([-1.5]), none)[0] == -1.0
    assert model.tide_term(np.array([-1.5]), np.array([3.0]))[0] == pytest.approx(-0.5)


def test_the_checklist_is_cut_where_the_page_cuts_it() -> None:
    # 2.2 [verified: public code]: < 3 low; 3-< 7 moderate; 7-11 high; > 11 extreme; sums go by halves.
    rule = RULES["rip-checklist"]
    cuts = [rule[word] for word in ("advisory", "watch", "warning")]
    classes = [sum(total >= cut for cut in cuts) for total in (2.5, 3.0, 6.5, 7.0, 11.0, 11.5)]
    assert classes == [0, 1, 1, 2, 2, 3]
    assert rule["enabled"] is False


def test_every_flag_of_the_page_can_be_reported_by_the_lifeguard() -> None:
    # 2.5 [verified: ILS; local page for black].
    codes = hazards()["rip_current"].properties["flag_set"].codes
    assert codes is not None
    assert {"green", "yellow", "red", "double_red", "purple", "red_yellow", "black"} <= codes.keys()


def test_what_is_not_published_says_that_it_is_a_default() -> None:
    assert "design default" in RULES["rip-current"]["source"]
    assert "not calibrated" in RULES["rip-current"]["source"]
