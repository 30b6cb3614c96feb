"""The sentences of flood and rain alerts: what is known is said, what is not is left out."""

import math
from typing import Any

import pytest

from services.alerts.hazard import Facts
from services.alerts.hazards._flood_reasons import reason as flood
from services.alerts.hazards._flood_words import danger_in_still_water, people_hazard, span
from services.alerts.hazards._flood_shower import class_of_12h, class_of_24h
from services.alerts.hazards._flood_shower import reason as rain
from services.observation.text import Text

LEVELS = {"bd1": 1.0, "bd2": 2.0, "bd3": 3.0}


def facts(**changed: Any) -> Facts:
    given: dict[str, Any] = {
        "verb": "raised",
        "severity": "advisory",
        "rule": "flood-level",
        "kind": "threshold",
        "property": "water_level",
        "place": Text("Rạch Dừa", "Rach Dua"),
        "value": 1.4,
        "unit": "m",
        "threshold": 1.0,
        "since": 0,
        "time": 0,
        "attributes": LEVELS,
    }
    return Facts(**(given | changed))


def test_a_rise_is_told_with_the_time_to_the_next_level_and_its_band() -> None:
    beside = {
        "water_level_rate": 0.45, "water_level_eta": 80.0, "water_level_eta_low": 50.0,
        "water_level_eta_high": 130.0,
    }  # fmt: skip
    said = flood(facts(beside=beside))
    assert said is not None
    assert said.vi.endswith(
        "Nước đang lên 0,45 m/giờ. Nếu cứ thế, tới Báo động 2 sau khoảng 1 giờ 20 phút "
        "(50 phút – 2 giờ 10 phút)."
    )
    assert "Alert level 2 (BĐ2) in about 1 h 20 (50 min – 2 h 10) if it goes on like this." in said.en


def test_a_band_without_a_late_end_says_that_it_may_not_come() -> None:
    beside = {"water_level_rate": 0.3, "water_level_eta": 120.0, "water_level_eta_low": 61.0}
    for late in ({}, {"water_level_eta_high": 900.0}, {"water_level_eta_high": math.inf}):
        said = flood(facts(beside=beside | late))
        assert said is not None
        assert "sớm nhất 1 giờ, có thể không tới" in said.vi
        assert "1 h at the earliest, or not at all" in said.en


def test_what_is_not_known_is_not_said() -> None:
    said = flood(facts())
    assert said is not None
    assert "m/giờ" not in said.vi
    assert "Nếu cứ thế" not in said.vi


@pytest.mark.parametrize("verb", ["eased", "cleared"])
def test_a_recession_says_how_fast_the_water_falls(verb: str) -> None:
    said = flood(facts(verb=verb, value=0.9, beside={"water_level_rate": -0.12}))
    assert said is not None
    assert "Nước đang rút 0,12 m/giờ." in said.vi
    assert "The water falls 0.12 m/h." in said.en
    assert "Nếu cứ thế" not in said.vi


def test_above_all_levels_there_is_no_next_one() -> None:
    said = flood(facts(value=3.2, threshold=3.0, severity="warning", beside={"water_level_eta": 30.0}))
    assert said is not None
    assert "Nếu cứ thế" not in said.vi


def test_an_extrapolation_is_not_called_a_forecast() -> None:
    said = flood(
        facts(rule="flood-ahead", property="water_level_eta", value=45.0, upward=False, threshold=60.0)
    )
    assert said is not None
    assert "không phải dự báo" in said.vi
    assert "45 phút" in said.vi


def test_a_downward_rule_of_the_site_is_not_told_as_a_flood() -> None:
    for prop in ("street_depth", "tide_level", "reservoir_level", "outflow"):
        assert flood(facts(property=prop, upward=False)) is None


def test_blindness_is_told_in_general_words() -> None:
    for verb in ("blind", "sighted"):
        assert flood(facts(verb=verb)) is None
        assert rain(facts(verb=verb, property="rain_severity", beside={"rain_1h": 50.0})) is None


@pytest.mark.parametrize(
    "prop",
    ["water_level_rate", "street_depth", "street_depth_rate", "street_backflow", "tide_level",
     "tide_residual", "reservoir_level", "outflow", "outflow_rise"],
)  # fmt: skip
def test_every_kind_speaks_both_languages_at_every_turn_and_names_no_risk_level(prop: str) -> None:
    for verb in ("raised", "escalated", "eased", "cleared"):
        said = flood(facts(property=prop, verb=verb, severity="watch", value=0.42, threshold=0.4))
        assert said is not None
        assert "Rạch Dừa" in said.vi
        assert "Rach Dua" in said.en
        assert "rủi ro" not in said.vi
        assert "risk" not in said.en


def test_when_there_is_no_value_any_more_the_end_is_still_told() -> None:
    for prop in ("street_backflow", "outflow_rise", "water_level_rate"):
        said = flood(facts(property=prop, verb="cleared", value=None))
        assert said is not None
        assert "—" not in said.vi
    said = flood(facts(property="water_level_eta", verb="cleared", value=None, upward=False))
    assert said is not None


@pytest.mark.parametrize(
    ("minutes", "vi", "en"),
    [
        (7.4, "7 phút", "7 min"),
        (29.6, "30 phút", "30 min"),
        (58, "1 giờ", "1 h"),
        (133, "2 giờ 15 phút", "2 h 15"),
    ],
)
def test_times_are_told_as_people_do(minutes: float, vi: str, en: str) -> None:
    assert (span(minutes).vi, span(minutes).en) == (vi, en)


@pytest.mark.parametrize(
    ("mm", "half_day", "day"),
    [
        (0.2, 0, 1), (0.3, 1, 1), (3.0, 2, 1), (6.0, 2, 2), (8.0, 3, 2), (15.0, 3, 2), (15.1, 3, 3),
        (25.0, 3, 3), (25.1, 4, 3), (50.0, 4, 3), (50.1, 5, 4), (100.0, 5, 4), (100.1, 5, 5),
    ],
)  # fmt: skip
def test_the_classes_of_the_national_service(mm: float, half_day: int, day: int) -> None:
    names = ["mưa nhỏ không đáng kể", "mưa nhỏ", "mưa", "mưa vừa", "mưa to", "mưa rất to"]
    assert (class_of_12h(mm).vi, class_of_24h(mm).vi) == (names[half_day], names[day])


def test_rain_says_its_window_and_without_sums_says_nothing_of_its_own() -> None:
    heavy = facts(property="rain_severity", severity="watch", value=2.1, attributes={})
    assert rain(heavy) is None
    said = rain(
        facts(
            property="rain_severity",
            severity="watch",
            value=2.1,
            attributes={},
            beside={"rain_10min": 9.0, "rain_1h": 52.0, "rain_3h": 60.0, "rain_24h": 80.0},
        )
    )
    assert said is not None
    assert said.vi == (
        "Mưa rất lớn tại Rạch Dừa: 52,0 mm trong 1 giờ (ngưỡng 50 mm). 24 giờ qua: 80,0 mm, mưa to."
    )


def test_still_water_and_people() -> None:
    assert people_hazard(0.5) == 0.25
    assert people_hazard(1.0, speed=1.5, debris=0.5) == 2.5
    assert danger_in_still_water(0.3).en == "generally safe"
    assert danger_in_still_water(0.31).en == "unsafe for small vehicles"
    assert "children" in danger_in_still_water(1.2).en
