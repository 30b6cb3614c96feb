"""Domain notes 3, 7.4 and 9 (L1 to L4): numbers and rows that no other test of lightning quotes.

Rings, holds and reversals: `test_lightning_rings`, `_field`; the jump's vector and arrivals: `_cells`;
clocks and outages through the engine: `test_lightning`.
"""

import numpy as np
import pytest

from services.alerts.hazards import _lightning_cells as cells
from services.alerts.hazards import _lightning_field as mill
from services.alerts.hazards import _lightning_rings as rings
from services.alerts.hazards import system
from services.alerts.hazards._lightning_flashes import JUMP, jumps
from services.alerts.hazards.lightning import HAZARD
from services.alerts.scoring.lightning import score
from services.observation.event import SEVERITIES
from tests.support.strikes import T0
from tests.unit.test_lightning import beach, clock, levels, run, strikes
from tests.unit.test_lightning_field import at_mill

RULES = {rule["id"]: rule for rule in HAZARD.rules}
MINUTE_S = 60


# --- 3.1 [design default from published trials]
def test_3_1_steps_of_a_mill() -> None:
    """1, 2 and 4 kV/m, clear below 0.5 for 15 min, reversal 0.5 within 10 min, smoothing 60 and 30 s."""
    assert dict(mill.LEVELS) == {
        "field_calm": 500, "field_watch": 1000, "field_warning": 2000, "field_danger": 4000
    }  # fmt: skip
    assert (mill.WATCH, mill.WARNING, mill.DANGER) == (1, 2, 3)
    assert RULES["field-mills"]["off_delay_s"] == RULES["field-mill"]["off_delay_s"] == 15 * MINUTE_S
    assert RULES["field-mills"]["k"] == 2
    assert "warning" not in RULES["field-mill"]  # a single mill may raise a watch and no more


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_3_1_the_sign_of_a_mill_decides_nothing(sign: float) -> None:
    """Sign conventions differ between systems; rules use |E| but for the reversal, which has both."""
    noise = np.random.default_rng(1).normal(0, 20, 300)
    assert at_mill(sign * (2500.0 + noise))[1, -1] == mill.WARNING


def test_3_1_a_mill_that_says_the_very_same_for_nine_minutes_says_nothing() -> None:
    """Section 8: |E| exactly equal is a flat line; here nine minutes of readings by the second."""
    broken = np.full(700, 1500.0)
    found = at_mill(broken)[1]
    assert found[300] == mill.WATCH
    assert np.isnan(found[600:]).all()
    assert at_mill(np.full(700, 0.0))[1, -1] == 0  # calm may be even
    broken[650] = 1501.0
    assert at_mill(broken)[1, -1] == mill.WATCH  # it moves again
    cut = at_mill(np.full(700, 1500.0), cut=640, past=660)
    assert np.isnan(cut[1]).all()


# --- 3.2 [verified: 45WS, 30-30; rings design default]
def test_3_2_numbers_behind_the_rings() -> None:
    """5 NM = 9.26 km, 6 NM = 11.11 km, 30 s of thunder at 343 m/s = 10.3 km: 10 km is of these."""
    assert [round(km, 2) for km in (5 * 1.852, 6 * 1.852, 30 * 0.343)] == [9.26, 11.11, 10.29]
    assert [radius for _, radius in rings.RINGS] == [20, 16, 10, 8]
    off = RULES["lightning"]["off_delay_s"]
    assert [off[word] / MINUTE_S for word in SEVERITIES] == [15, 30, 30, 30]


def test_3_2_a_storm_that_passes_at_9_9_km_is_a_warning_and_one_at_10_1_is_not() -> None:
    """Told at the one strike that is within, and over 30 min after it."""
    for closest, expected in ((9.9, ["raised warning @20", "cleared warning @50"]), (10.1, [])):
        found = run(beach(), strikes((20, closest)), clock(90))
        assert [line for line in levels(found) if "warning" in line] == expected


def test_3_2_strikes_twice_and_out_of_order_are_told_once_and_count_from_the_last() -> None:
    late, early = strikes((10, 9.0)), strikes((3, 9.5))
    assert levels(run(beach(), late, late, early, late, clock(60))) == [
        "raised warning @10",
        "cleared warning @40",
    ]


def test_3_2_a_detector_network_that_is_down_to_nothing_is_told() -> None:
    """No clear without data: a network may be connected and see nothing."""
    rule = next(rule for rule in system.HAZARD.rules if rule["id"] == "strike-detectors")
    assert (rule["direction"], rule["advisory"], rule["warning"]) == ("down", 3, 0)


# --- 3.3 [recalled: IEC 62793]
def test_3_3_pod_ftwr_and_far() -> None:
    """Three effective, one false, one failure: POD = EA/(EA+FTW) = 0.75, FTWR = 1 - POD, FAR = FA/(EA+FA)."""
    minute = 60_000_000
    at = np.array([20, 120, 220, 420]) * minute
    alarms = [(k * minute, (k + 40) * minute) for k in (10, 110, 210, 310)]
    found = score(alarms, at, np.full(4, 5.0), target_km=10, monitored_km=20, span=(0, 500 * minute))
    assert (found.ea, found.fa, found.ftw) == (3, 1, 1)
    assert (found.pod, found.ftwr, found.far) == (0.75, 0.25, 0.25)
    assert (found.lead_s, found.tiw_s) == ([600.0] * 3, 4 * 2400.0)


# --- 3.4 [verified: Schultz et al. 2009; divisor and five values recalled]
def test_3_4_sigma_and_change_of_the_worked_vector() -> None:
    rates = np.array([4, 6, 9, 11, 12, 14, 15, 17, 30, 52, 60, 50.0])
    change = np.diff(rates) / JUMP.minutes
    assert change.tolist() == [1, 1.5, 1, 0.5, 1, 0.5, 1, 6.5, 11, 4, -5]
    sigma = [change[at - 5 : at].std() for at in (7, 8, 9)]
    assert sigma == pytest.approx([0.245, 2.311, 4.136], abs=1e-3)
    strength = jumps(rates)
    assert np.isnan(strength[10])  # 4 < 8.27
    assert np.isnan(strength[11])  # -5: the end
    assert (JUMP.sigmas, JUMP.rate, JUMP.minutes, JUMP.prior, JUMP.floor) == (2, 10, 2, 5, 0.5)
    assert RULES["flash-jump"]["off_delay_s"] == 6 * MINUTE_S


# --- 3.5 [design default]
def test_3_5_numbers_of_cells() -> None:
    """Strikes of 10 min, at least 3, on a 2 km grid; 15 km in 5 min; 120 km/h; residual 5 km."""
    assert (cells.GRID_KM, cells.LEAST, cells.DEEP * cells.BIN) == (2.0, 3, 10 * 60_000_000)
    assert (cells._LINK_KM, cells._FASTEST, cells._RESIDUAL) == (15 / 5 * 2, 120, 5)
    assert T0 % 60_000_000 == 0


# --- 9
@pytest.mark.parametrize(
    ("row", "rule", "rungs", "status"),
    [
        ("L1", "field-mills", {"warning": 2.0, "emergency": 3.0}, "default"),
        ("L1", "field-mill", {"watch": 1.0}, "default"),
        ("L2", "lightning", {"advisory": 1, "watch": 2, "warning": 3, "emergency": 4}, "default"),
        ("L2", "strike-rings", {"advisory": 20, "watch": 16, "warning": 10, "emergency": 8}, "default"),
        ("L3", "flash-jump", {"advisory": 1}, "guideline"),
    ],
)
def test_9_every_row_has_a_rule_with_source_and_status(
    row: str, rule: str, rungs: dict[str, float], status: str
) -> None:
    found = RULES[rule]
    assert {word: found[word] for word in rungs} == rungs, row
    assert found["status"] == status
    assert found["source"]


def test_9_l4_arrivals_are_30_and_15_minutes() -> None:
    assert rings._AHEAD == ((15.0, rings.PREPARE), (30.0, rings.MONITOR))
