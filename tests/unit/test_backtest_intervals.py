"""How sure a score is: Wilson's interval, quantiles of leads, the scores of rare events."""

import pytest

from services.alerts.scoring.intervals import leads, rare, wilson


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [
        (10, 10, 0.722, 1.0),
        (0, 10, 0.0, 0.278),
        (5, 10, 0.237, 0.763),
        (1, 1, 0.207, 1.0),
        (0, 1, 0.0, 0.793),
    ],
)
def test_an_interval_is_wilsons(part: int, whole: int, low: float, high: float) -> None:
    assert wilson(part, whole) == pytest.approx((low, high), abs=0.0006)


def test_of_nothing_there_is_no_interval() -> None:
    assert wilson(0, 0) is None


def test_leads_are_told_by_quantiles_and_the_median_has_an_interval_from_six_on() -> None:
    five = leads([0.0, 10.0, 20.0, 30.0, -10.0])
    assert (five.n, five.median, five.p10, five.late, five.median_95) == (5, 10.0, -6.0, 0.2, None)
    assert leads([float(x) for x in range(6)]).median_95 == (0.0, 5.0)
    assert leads([float(x) for x in range(10)]).median_95 == (1.0, 8.0)  # ranks 2 and 9 of 10
    assert leads([]).median is None


def test_a_thousand_and_more_leads_have_an_interval_too() -> None:
    low, high = leads([float(x) for x in range(4000)]).median_95 or (0.0, 0.0)
    assert (low, high) == pytest.approx((1937, 2062), abs=3)


def test_finleys_tornadoes_have_the_scores_the_books_give() -> None:
    """Finley 1884, as in every text on rare events: H 28, M 23, F 72, Z 2680 (formulas: domain.md 7.4)."""
    found = rare(28, 23, 72, 2680)
    assert found.pc == pytest.approx(0.966, abs=0.001)
    assert found.pss == pytest.approx(0.523, abs=0.001)
    assert found.hss == pytest.approx(0.355, abs=0.001)
    assert found.ets == pytest.approx(0.216, abs=0.001)
    assert found.edi == pytest.approx(0.716, abs=0.002)


def test_a_score_without_denominator_or_logarithm_is_none() -> None:
    assert rare(0, 0, 0, 5).pss is None
    assert rare(3, 0, 0, 100).edi is None
    assert rare(0, 0, 0, 0).pc is None
