"""What environment alerts say, and what their rules rest on."""

from typing import Any

import pytest

from services.alerts.hazard import Facts
from services.alerts.hazards import hazards
from services.alerts.hazards._env_reasons import reason
from services.alerts.hazards._env_texts import HEALTH
from services.alerts.hazards.environment import CLASSES, HAZARD
from services.observation.event import SEVERITIES
from services.observation.instants import micros
from services.observation.text import Text

ONE = micros("2026-01-10T06:00:00Z")  # 13:00 in Việt Nam
RULES = {rule["id"]: rule for rule in HAZARD.rules}


def facts(**changed: Any) -> Facts:
    given: dict[str, Any] = {
        "verb": "raised",
        "severity": "watch",
        "rule": "vn-aqi",
        "kind": "k_of_n",
        "property": "aqi_pm2_5",
        "place": Text("Phường Vũng Tàu", "Vung Tau ward"),
        "value": 1.0,
        "unit": "",
        "threshold": 1.0,
        "since": ONE,
        "time": ONE,
        "measured": ONE,
        "zone": "Asia/Ho_Chi_Minh",
        "attributes": {},
        "members": {"a.aqi_pm2_5": Text("Trạm A", "Station A")},
        "total": 6,
    }
    return Facts(**(given | changed))


def said(**changed: Any) -> Text:
    found = reason(facts(**changed))
    assert found is not None
    return found


BESIDE = {"aqi_pm2_5": 163.0, "pm2_5_nowcast": 98.24, "pm2_5_hours": 11.0, "pm2_5_1h": 120.0}


def test_an_alert_of_the_air_names_all_that_the_decision_asks_for() -> None:
    """Class and colour, station, dominant pollutant, method, source (Tables 3 to 5), and the hours used."""
    text = said(beside=BESIDE)
    assert text.vi == (
        "Lúc 13:00, Phường Vũng Tàu: chất lượng không khí mức Xấu (màu đỏ) tại Trạm A, "
        "AQI giờ 163 do PM2.5 (mức này từ 151). Nowcast 98,2 µg/m³ từ 11/12 giờ có số liệu. "
        "Cách tính: VN_AQI giờ, Quyết định 1459/QĐ-TCMT."
    )
    assert text.en == (
        "At 13:00, Vung Tau ward: air quality Bad (Xấu, red) at Station A, hourly AQI 163 by PM2.5 "
        "(class from 151). Nowcast 98.2 µg/m³ of 11 of 12 hours with data. "
        "Method: hourly VN_AQI, Decision 1459/QĐ-TCMT."
    )


def test_a_gas_is_told_by_the_mean_of_its_hour() -> None:
    text = said(members={"b.aqi_o3": Text("Trạm B", "Station B")}, beside={"aqi_o3": 155.0, "o3_1h": 310.0})
    assert "AQI giờ 155 do O₃" in text.vi
    assert "Trung bình 1 giờ: 310 µg/m³." in text.vi


def test_other_places_in_the_same_class_are_named_up_to_three() -> None:
    places = {f"s{k}.aqi_pm10": Text(f"Trạm {k}", f"Station {k}") for k in range(6)}
    text = said(members=places | {"a.aqi_pm2_5": Text("Trạm A", "Station A")}, beside=BESIDE)
    assert "Cùng mức: Trạm 0 (PM10), Trạm 1 (PM10), Trạm 2 (PM10) và 3 nơi khác." in text.vi
    assert "and 3 more" in text.en


def test_what_is_not_known_is_not_said() -> None:
    text = said()
    assert "AQI giờ do PM2.5" in text.vi
    assert "Nowcast" not in text.vi
    assert said(members={}).vi.endswith("chất lượng không khí mức Xấu (màu đỏ), AQI giờ từ 151.")


def test_better_air_is_told_as_better_and_the_end_as_the_end() -> None:
    assert "đã bớt ô nhiễm, mức Kém" in said(verb="eased", severity="advisory").vi
    assert "AQI giờ của mọi trạm đã xuống dưới 101" in said(verb="cleared", severity="advisory").vi


@pytest.mark.parametrize("verb", ["raised", "escalated", "eased", "cleared"])
@pytest.mark.parametrize("severity", SEVERITIES)
def test_both_languages_at_every_turn(verb: str, severity: str) -> None:
    text = said(verb=verb, severity=severity, beside=BESIDE)
    assert "Phường Vũng Tàu" in text.vi
    assert "Vung Tau ward" in text.en
    assert "None" not in text.vi + text.en


def of(prop: str, value: float, **more: Any) -> Text:
    given = {"kind": "threshold", "property": prop, "value": value, "members": {}, "threshold": 0.1}
    return said(**(given | more))


def test_an_exceedance_is_told_as_a_finding_and_not_as_a_class() -> None:
    text = of("o3_8h", 131.26, threshold=120.000001, severity="advisory")
    assert text.vi == (
        "Lúc 13:00, Phường Vũng Tàu: ôzôn (O₃) trung bình 8 giờ 131,3 µg/m³ vượt giới hạn 120 µg/m³ "
        "(QCVN 05:2023/BTNMT)."
    )
    assert "is back within the limit of 120" in of("o3_8h", 90.0, threshold=120.000001, verb="cleared").en


def test_a_number_of_the_sites_own_is_not_called_law() -> None:
    assert "QCVN" not in of("pm2_5_24h", 41.0, threshold=30.0, severity="advisory").vi
    assert "QCVN" not in of("ammonium", 0.7, threshold=0.5, severity="advisory").vi


def test_a_daily_mean_names_its_day() -> None:
    """It is told at 24:00, when the clock shows the next day."""
    midnight = micros("2025-12-31T17:00:00Z")
    text = of("pm2_5_24h", 52.0, threshold=50.000001, severity="advisory", measured=midnight, time=midnight)
    assert "trung bình 24 giờ ngày 31/12 52,0 µg/m³ vượt giới hạn 50 µg/m³" in text.vi
    assert "mean of 24 h on 31 Dec, 52.0" in text.en


def test_the_index_of_a_gas_alone_is_not_called_the_stations_vn_aqi() -> None:
    """VN_AQI is published only with PM2.5 or PM10 (domain.md 5.1)."""
    gas = {"members": {"a.aqi_o3": Text("Trạm A", "Station A")}, "beside": {"aqi_o3": 160.0, "o3_1h": 320.0}}
    assert "chỉ số của riêng chất khí này" in said(**gas).vi
    assert "riêng chất khí" not in said(beside=BESIDE).vi


EARLY = ", từ 12:30. Ngưỡng cảnh báo sớm của đầu dò, không phải kết luận pháp lý."
O2, TURB = "dissolved_oxygen", "turbidity_ratio"


@pytest.mark.parametrize(
    ("prop", "value", "threshold", "verb", "vi"),
    [
        ("ph", 5.434, 5.999999, "raised", f"nước có tính axit, pH 5,43, thấp hơn ngưỡng 6{EARLY}"),
        ("ph", 9.066, 8.500001, "raised", f"nước có tính kiềm, pH 9,07, cao hơn ngưỡng 8,5{EARLY}"),
        ("ph", 9.1, 5.999999, "cleared", "pH 9,10, không còn thấp hơn ngưỡng."),
        ("ph", 8.2, 8.500001, "cleared", "pH 8,20, đã trở lại khoảng 6,0–8,5."),
        (O2, 2.773, 3.999999, "raised", f"oxy hòa tan chỉ còn 2,77 mg/l, dưới ngưỡng 4 mg/l{EARLY}"),
        (O2, 2.4, 3.999999, "eased", "oxy hòa tan đã tăng lên 2,40 mg/l, còn thấp (ngưỡng 4 mg/l)."),
        (O2, 5.1, 1.999999, "cleared", "oxy hòa tan 5,10 mg/l, đã trở lại bình thường."),
        (TURB, 3.51, 3.000001, "raised", f"độ đục gấp 3,5 lần trung vị 7 ngày qua (ngưỡng 3 lần){EARLY}"),
        ("salinity_step", 41.2, 30.000001, "cleared", "độ mặn đã ổn định trở lại."),
        (
            "ammonium", 0.4512, 0.3000003, "raised",
            "amoni (tính theo N) 0,451 mg/l, vượt giới hạn 0,3 mg/l (QCVN 08:2023/BTNMT, Bảng 1), từ 12:30.",
        ),
        (
            "chloride", 19_345.6, 250.00025, "cleared",
            "clorua 19346 mg/l, đã về trong giới hạn 250 mg/l (QCVN 08:2023/BTNMT, Bảng 1).",
        ),
    ],
)  # fmt: skip
def test_water_says_what_was_measured_against_which_number_and_since_when(
    prop: str, value: float, threshold: float, verb: str, vi: str
) -> None:
    given = {"upward": prop != O2 and threshold != 5.999999, "since": ONE - 1_800_000_000}
    assert of(prop, value, threshold=threshold, verb=verb, **given).vi == f"Lúc 13:00, Phường Vũng Tàu: {vi}"


def test_a_step_of_conductivity_asks_whether_the_probe_is_out_of_the_water() -> None:
    """A probe in the air reads full oxygen and no conductivity."""
    text = of("conductivity_step", 99.78, threshold=30.000001, severity="advisory")
    assert "độ dẫn điện thay đổi 100 % trong 1 giờ (ngưỡng 30 %). Có thể do nước mặn" in text.vi
    assert "đầu dò ra khỏi nước" in text.vi


def test_noise_names_its_zone_and_after_the_old_law_says_that_it_is_no_verdict() -> None:
    given = {"attributes": {"noise_zone": 1.0}, "beside": {"noise_laeq": 61.24}}
    legal = of("noise_excess", 16.2, rule="noise-limit", **given)
    assert legal.vi == (
        "Lúc 13:00, Phường Vũng Tàu: LAeq 1 giờ 61,2 dBA, vượt 16,2 dB so với giới hạn 45 dBA "
        "(khu vực đặc biệt, 21–06 giờ). QCVN 26:2010/BTNMT."
    )
    guide = of("noise_excess", 16.2, rule="noise-guideline", **given)
    assert "không phải kết luận pháp lý" in guide.vi
    assert "no legal verdict" in guide.en
    day = of(
        "noise_excess", -3.0, rule="noise-limit", verb="cleared", attributes={}, beside={"noise_laeq": 67.0}
    )
    assert "không còn vượt giới hạn 70 dBA (khu vực thông thường, 06–21 giờ)" in day.vi
    assert "QCVN" not in of("noise_excess", 16.2, rule="of-the-site", **given).vi


def test_water_names_the_grade_it_is_in_and_the_one_it_should_have() -> None:
    text = of("cod_grades_worse", 2.0, attributes={"water_class": 1.0})
    assert text.vi.endswith("COD ở mức C, mục tiêu mức A (QCVN 08:2023/BTNMT, Bảng 2).")
    worst = of("dissolved_oxygen_grades_worse", 3.0, attributes={"water_class": 2.0})
    assert "kém hơn D" in worst.vi
    assert "meets grade B again" in of("cod_grades_worse", 0.0, attributes={"water_class": 2.0}).en


def test_what_has_no_words_of_its_own_is_told_in_general_ones() -> None:
    assert reason(facts(verb="blind")) is None
    assert reason(facts(kind="threshold", property="sound_level")) is None
    assert reason(facts(rule="of-the-site")) is None


# --- the rules
def test_the_four_rungs_are_the_four_classes_above_moderate() -> None:
    rule = RULES["vn-aqi"]
    assert [rule[word] for word in SEVERITIES] == [one.least for one in CLASSES[2:]]
    assert rule["status"] == "legal"
    assert [HAZARD.words[word].vi for word in SEVERITIES] == [
        "Không khí kém", "Không khí xấu", "Không khí rất xấu", "Không khí nguy hại"
    ]  # fmt: skip


def test_every_class_has_advice_for_the_public() -> None:
    assert list(HEALTH) == [one.least for one in CLASSES]
    for word, one in zip(SEVERITIES, CLASSES[2:], strict=True):
        assert HAZARD.advice[word].public == HEALTH[one.least]


# domain.md 5.3, by hand: µg/Nm³.
LIMITS = {
    "so2_1h": 350, "co_1h": 30_000, "no2_1h": 200, "o3_1h": 200, "tsp_1h": 300, "co_8h": 10_000,
    "o3_8h": 120, "so2_24h": 125, "no2_24h": 100, "pm10_24h": 100, "tsp_24h": 200,
}  # fmt: skip


@pytest.mark.parametrize(("name", "limit"), LIMITS.items())
def test_a_limit_of_the_air_is_that_of_qcvn_05_and_is_met_when_just_met(name: str, limit: float) -> None:
    rule = RULES[f"air-{name.replace('_', '-')}"]
    assert rule["property"] == name
    assert limit < rule["advisory"] < limit + 0.001
    begins = "2023-09-13" if name.endswith("_24h") else "2023-09-12"  # a day is told at its 24:00
    assert (rule["status"], rule["valid_from"]) == ("legal", begins)


def test_the_limit_of_fine_particles_falls_on_new_years_day_2026() -> None:
    """The mean of a day is told at 24:00; `test_domain_environment` has it through the engine."""
    before, after = RULES["air-pm2-5-24h-to-2025"], RULES["air-pm2-5-24h"]
    assert (round(before["advisory"]), before["valid_to"]) == (50, "2026-01-01")  # the mean of 31 December
    assert (round(after["advisory"]), after["valid_from"]) == (45, "2026-01-02")


def test_there_is_no_legal_verdict_on_noise_without_a_table_that_is_law() -> None:
    legal, guide = RULES["noise-limit"], RULES["noise-guideline"]
    assert (legal["status"], legal["valid_to"]) == ("legal", "2025-11-13")
    assert (guide["status"], guide["valid_from"]) == ("guideline", "2025-11-14")


def test_a_limit_that_the_index_tells_first_is_switched_off_and_says_so() -> None:
    for rule in HAZARD.rules:
        assert ("switched off" in rule["source"]) == (rule.get("enabled") is False)
    assert not {"air-o3-8h", "air-co-8h", "noise-limit", "water-oxygen"} & {
        name for name, rule in RULES.items() if rule.get("enabled") is False
    }


def test_every_rule_says_what_it_rests_on_and_speaks_both_languages() -> None:
    for rule in HAZARD.rules:
        assert rule["status"] in ("legal", "guideline", "default")
        assert rule["source"]
        part = HAZARD.of_property.get(rule["property"])
        names = part.words if part is not None and part.words else HAZARD.words
        for word in SEVERITIES:
            if word in rule:
                assert names[word].vi
                assert names[word].en


def test_rule_ids_are_of_this_hazard_alone() -> None:
    others = {rule["id"] for name, one in hazards().items() if name != "environment" for rule in one.rules}
    assert not others & set(RULES)
    assert len(RULES) == len(HAZARD.rules)
