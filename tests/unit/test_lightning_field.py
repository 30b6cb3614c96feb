"""Field mills: means, steps, reversals; cut anywhere, the same. Domain notes 3.1."""

from collections.abc import Mapping

import numpy as np
import pytest

from services.alerts.derive import Floats, Series
from services.alerts.hazards import _lightning_field as mill
from tests.support.strikes import SECOND, T0


def at_mill(
    values: Floats,
    attributes: Mapping[str, float] = {},
    *,
    step_s: float = 1.0,
    cut: int = 0,
    past: int | None = None,
) -> Floats:
    """Answer for readings from `cut` on, with those before it (at most `past` of them) remembered: (2, m)."""
    time = T0 + (np.arange(len(values)) * step_s * SECOND).astype(np.int64)
    first = 0 if past is None else max(cut - past, 0)
    count = len(values) - cut
    series = Series(
        time[first:], values[first:], np.arange(cut - first, cut - first + count), time[cut:], values[cut:],
        round(mill.WINDOW_S * SECOND), round(step_s * SECOND), attributes, {}, lambda t: t,
    )  # fmt: skip
    return mill.field(series).values


def steps(*parts: tuple[float, int], step_s: float = 1.0, **attributes: float) -> list[float]:
    """The steps at the end of each stretch of (V/m, readings)."""
    values = np.concatenate([np.full(count, volts, np.float64) for volts, count in parts])
    answer = at_mill(values, attributes, step_s=step_s)[1]
    return [float(answer[at - 1]) for at in np.cumsum([count for _, count in parts])]


def test_one_two_and_four_kilovolts_for_a_minute() -> None:
    """Watch |E| >= 1.0 kV/m for 1 min, warning >= 2.0, danger >= 4.0 (30-s mean), clear < 0.5 (3.1)."""
    assert steps((100, 60), (499, 60), (500, 60), (999, 60), (1000, 60), (2000, 60), (4000, 60)) == [
        0, 0, 0.5, 0.5, 1, 2, 3,
    ]  # fmt: skip
    assert steps((-1000, 60), (-2000, 60), (-4000, 60)) == [1, 2, 3]


def test_danger_is_a_mean_of_thirty_seconds_and_the_rest_of_sixty() -> None:
    assert steps((1500, 120), (4000, 29), (4000, 1)) == [1, 2, 3]
    assert steps((900, 120), (1100, 30), (1100, 30)) == [0.5, 1, 1]
    assert steps((900, 120), (1100, 29)) == [0.5, 0.5]


def test_a_reversal_beyond_half_a_kilovolt_on_both_sides_within_ten_minutes_is_a_watch() -> None:
    assert steps((600, 60), (-600, 60)) == [0.5, 1]
    assert steps((600, 60), (-499, 60)) == [0.5, 0]
    assert steps((600, 60), (100, 570), (-600, 60)) == [0.5, 0, 0.5]
    assert steps((600, 60), (100, 400), (-600, 60)) == [0.5, 0, 1]


def test_nothing_is_said_of_a_minute_of_which_half_is_missing() -> None:
    answer = at_mill(np.full(60, 1500.0))
    assert np.isnan(answer[:, :29]).all()
    assert (answer[1, 29:] == 1).all()


def test_a_mill_that_reports_every_ten_seconds_or_every_minute_is_read_too() -> None:
    assert steps((1000, 6), (2000, 6), step_s=10)[1] == 2
    assert steps((1000, 2), (4000, 2), step_s=60) == [1, 3]


def test_the_sign_of_a_mill_that_counts_downward_is_turned_for_show_only() -> None:
    values = np.full(60, -150.0)
    assert at_mill(values, {"field_sign": -1.0})[0, -1] == pytest.approx(150)
    assert at_mill(values)[0, -1] == pytest.approx(-150)


def test_thresholds_are_the_stations_where_it_has_them() -> None:
    assert steps((1200, 60), field_watch=1500.0) == [0.5]
    assert steps((1600, 60), field_watch=1500.0, field_warning=1600.0) == [2]


def test_wherever_a_batch_is_cut_the_answer_is_the_same_to_the_bit() -> None:
    rng = np.random.default_rng(3)
    values = np.cumsum(rng.normal(0, 120, 1500)) + rng.normal(0, 50, 1500)
    whole = at_mill(values)
    for cut in (1, 59, 700, 1499):
        for past in (660, 661, None):
            assert np.array_equal(at_mill(values, cut=cut, past=past), whole[:, cut:], equal_nan=True)
