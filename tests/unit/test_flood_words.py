"""The sentences of flood and rain alerts: what is known is said, what is not is left out."""

import math
from typing import Any

import pytest

from services.alerts.hazard import Facts
from services.alerts.hazards._flood_reasons import reason as flood
from services.alerts.hazards._flood_shower import class_of_12h, class_of_24h
from services.alerts.hazards._flood_shower import reason as rain
from services.alerts.hazards._flood_words import clock, danger_in_still_water, people_hazard
from services.observation.instants import micros
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


MORNING = micros("2025-11-20T01:10:00Z")  # 08:10 in Việt Nam
ETA = {"water_level_eta": 40.0, "water_level_eta_low": 35.0, "water_level_eta_high": 50.0}


def in_vietnam(**changed: Any) -> Facts:
    return facts(**({"time": MORNING, "measured": MORNING, "zone": "Asia/Ho_Chi_Minh"} | changed))


def test_a_rise_is_told_with_the_clock_time_of_the_next_level_and_its_band() -> None:
    """An alert keeps its text for hours: "in forty minutes" would be wrong by then."""
    said = flood(in_vietnam(beside={"water_level_rate": 0.45} | ETA))
    assert said is not None
    assert said.vi == (
        "Lúc 08:10, mực nước tại Rạch Dừa là 1,40 m, cao hơn Báo động 1 (1,00 m) là 0,40 m. Lũ bắt đầu. "
        "Nước đang lên 0,45 m/giờ. Nếu cứ thế, tới Báo động 2 vào khoảng 08:50 (08:45–09:00)."
    )
    assert said.en == (
        "At 08:10 the stage at Rach Dua is 1.40 m, 0.40 m above alert level 1 (BĐ1, 1.00 m). "
        "The flood begins. The water rises 0.45 m/h. "
        "If it goes on like this it reaches alert level 2 (BĐ2) at about 08:50 (08:45–09:00)."
    )


def test_a_level_that_is_reached_on_another_day_is_told_with_the_day() -> None:
    late = MORNING + 15 * 3_600_000_000 + 20 * 60_000_000  # 23:30
    said = flood(in_vietnam(time=late, measured=late, beside=ETA))
    assert said is not None
    assert "vào khoảng 00:10 ngày 21/11 (00:05 ngày 21/11–00:20 ngày 21/11)" in said.vi
    assert "at about 00:10 on 21 Nov (00:05 on 21 Nov–00:20 on 21 Nov)" in said.en


def test_a_band_without_a_late_end_says_that_it_may_not_come() -> None:
    beside = {"water_level_rate": 0.3, "water_level_eta": 120.0, "water_level_eta_low": 61.0}
    for late in ({}, {"water_level_eta_high": 900.0}, {"water_level_eta_high": math.inf}):
        said = flood(in_vietnam(beside=beside | late))
        assert said is not None
        assert "10:10 (sớm nhất 09:10, có thể không tới)" in said.vi
        assert "10:10 (09:10 at the earliest, or not at all)" in said.en


def test_a_text_without_a_reading_names_no_time() -> None:
    said = flood(facts())
    assert said is not None
    assert said.vi.startswith("Mực nước tại Rạch Dừa là 1,40 m")
    assert said.en.startswith("The stage at Rach Dua is 1.40 m")


def test_an_eased_alert_says_what_the_water_fell_to_and_below_which_level() -> None:
    """Held by its delay at a class that the water has left: the sentence must not name it."""
    river = flood(in_vietnam(verb="eased", severity="watch", threshold=2.0, value=1.78))
    assert river is not None
    assert "đã xuống còn 1,78 m, thấp hơn Báo động 2 (2,00 m) là 0,22 m. Lũ xuống." in river.vi
    assert "is down to 1.78 m, 0.22 m below alert level 2 (BĐ2, 2.00 m). The flood falls." in river.en
    road = flood(in_vietnam(verb="eased", property="street_depth", value=0.03, threshold=0.1))
    assert road is not None
    assert road.vi == "Lúc 08:10, Rạch Dừa: nước đã rút còn 3 cm, dưới mức 10 cm của ngập đường."
    assert road.en == "At 08:10, Rach Dua: the water is down to 3 cm, below 10 cm."
    for prop in ("tide_level", "tide_residual", "reservoir_level", "outflow"):
        said = flood(in_vietnam(verb="eased", property=prop, value=0.1, threshold=0.3))
        assert said is not None
        assert "dưới ngưỡng 0,3" in said.vi
        assert "below the threshold 0.3" in said.en
    rise = flood(in_vietnam(verb="eased", property="water_level_rate", value=-0.1, threshold=0.3))
    assert rise is not None
    assert "less fast" in rise.en


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
    assert "00:45" in said.vi


def test_a_downward_rule_of_the_site_is_not_told_as_a_flood() -> None:
    for prop in ("street_depth", "tide_level", "reservoir_level", "outflow"):
        assert flood(facts(property=prop, upward=False)) is None


def test_blindness_is_told_in_general_words() -> None:
    for verb in ("blind", "sighted"):
        assert flood(facts(verb=verb)) is None


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
    ("minutes", "shown"), [(7.4, "08:20"), (27.4, "08:40"), (30.0, "08:45"), (58.0, "09:10")]
)
def test_times_are_told_as_people_do(minutes: float, shown: str) -> None:
    """To the minute within half an hour, in fives beyond."""
    at = MORNING + 3 * 60_000_000
    assert clock(in_vietnam(measured=at), minutes, minutes).vi == shown


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
    assert said.vi == ("Mưa rất lớn tại Rạch Dừa: 52,0 mm trong 1 giờ (ngưỡng 50 mm). 24 giờ qua: 80,0 mm.")


def rainy(verb: str, severity: str, least: tuple[str, ...] = (), **beside: float) -> Text:
    said = flood(
        in_vietnam(
            verb=verb, severity=severity, property="rain_severity", value=1.571, attributes={},
            beside=beside, least=frozenset(least),
        )
    )  # fmt: skip
    assert said is not None
    return said


def test_rain_known_only_at_least_is_told_so_in_each_of_its_sums() -> None:
    said = rainy("raised", "watch", ("rain_12h", "rain_24h"), rain_10min=16.0, rain_12h=18.0, rain_24h=18.0)
    assert said.vi == (
        "Lúc 08:10, mưa rất lớn tại Rạch Dừa: 16,0 mm trong 10 phút (ngưỡng 15 mm). "
        "24 giờ qua: ít nhất 18,0 mm."
    )
    assert said.en.endswith("Last 24 h: at least 18.0 mm.")
    day = rainy("raised", "advisory", ("rain_24h",), rain_10min=1.0, rain_24h=60.0)
    assert "ít nhất 60,0 mm trong 24 giờ (ngưỡng 51 mm). Theo cấp mưa ngày: ít nhất mưa to." in day.vi


def test_rain_that_eased_is_not_called_by_the_class_it_fell_below() -> None:
    said = rainy("eased", "advisory", rain_10min=0.0, rain_1h=26.0)
    assert said.vi == "Lúc 08:10, mưa đã giảm tại Rạch Dừa: 26,0 mm trong 1 giờ (ngưỡng 30 mm)."
    assert said.en == "At 08:10, less rain at Rach Dua: 26.0 mm in 1 h (threshold 30 mm)."


def test_blindness_to_rain_is_told_in_millimetres_or_without_a_number() -> None:
    """The index of the rule is a place on a scale, which nobody has learnt."""
    for said in (rainy("blind", "advisory"), rainy("sighted", "advisory")):
        assert not any(sign.isdigit() for sign in said.vi + said.en)
    assert rainy("sighted", "advisory", rain_1h=12.0).vi.endswith("1 giờ qua: 12,0 mm.")


def test_still_water_and_people() -> None:
    assert people_hazard(0.5) == 0.25
    assert people_hazard(1.0, speed=1.5, debris=0.5) == 2.5
    assert danger_in_still_water(0.3).en == "generally safe"
    assert danger_in_still_water(0.31).en == "unsafe for small vehicles"
    assert "children" in danger_in_still_water(1.2).en
