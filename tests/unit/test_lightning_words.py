"""The sentences of lightning alerts: distance, direction, count, arrival, evidence, and what is missing."""

from typing import Any

import pytest

from services.alerts.hazard import Facts
from services.alerts.hazards import _lightning_rings as rings
from services.alerts.hazards._lightning_reasons import reason
from services.alerts.hazards._lightning_texts import COMPASS, compass
from services.alerts.hazards.lightning import HAZARD
from services.observation.event import SEVERITIES
from services.observation.instants import micros
from services.observation.text import Text

NOON = micros("2025-11-20T05:00:00Z")  # 12:00 in Việt Nam


def facts(**changed: Any) -> Facts:
    given: dict[str, Any] = {
        "verb": "raised",
        "severity": "warning",
        "rule": "lightning",
        "kind": "threshold",
        "property": "lightning_phase",
        "place": Text("Bãi Sau", "Back Beach"),
        "value": 3.0,
        "unit": "1",
        "threshold": 3.0,
        "since": NOON,
        "time": NOON,
        "measured": NOON,
        "zone": "Asia/Ho_Chi_Minh",
        "attributes": {},
    }
    return Facts(**(given | changed))


def said(**changed: Any) -> Text:
    found = reason(facts(**changed))
    assert found is not None
    return found


def test_a_strike_is_told_with_its_time_distance_and_direction() -> None:
    told = said(
        beside={
            "strike_distance": 9.24,
            "strike_bearing": 130.0,
            "lightning_phase": 3.0,
            "lightning_evidence": float(rings.BY_STRIKE),
        }
    )
    assert (
        told.vi == "Cảnh báo sét tại Bãi Sau. Lúc 12:00, sét cách 9,2 km về phía đông nam, trong vòng 10 km."
    )
    assert told.en == (
        "Lightning warning at Back Beach. At 12:00, a strike 9.2 km away to the south-east, "
        "within the ring of 10 km."
    )
    assert "trong vòng" not in said(beside={"strike_distance": 19.0}).vi  # a warning by a mill and a strike


def test_a_coming_cell_is_told_with_a_clock_time_and_how_much_it_strikes() -> None:
    told = said(
        severity="watch",
        beside={
            "strikes_10min": 7.0,
            "storm_eta": 14.6,
            "storm_bearing": 225.0,
            "lightning_evidence": float(rings.BY_CELL),
        },
    )
    assert told.vi == (
        "Chuẩn bị tránh sét tại Bãi Sau. 7 lần sét trong vòng 20 km trong 10 phút qua. Ổ dông phía tây nam "
        "đang tới; nếu cứ thế, vào vòng 10 km khoảng 12:15."
    )
    assert told.en == (
        "Lightning: prepare at Back Beach. 7 strikes within 20 km in the last 10 min. A storm cell in the "
        "south-west is coming; if it goes on like this it is within 10 km at about 12:15."
    )


def test_the_rings_in_the_sentence_are_those_of_the_place() -> None:
    beside = {"strikes_10min": 1.0, "storm_eta": 3.0}
    told = said(attributes={"lightning_monitor_km": 25.0, "lightning_warning_km": 12.5}, beside=beside)
    assert "trong vòng 25 km" in told.vi
    assert "vào vòng 12,5 km" in told.vi
    assert "1 strike within 25 km" in told.en


def test_what_a_mill_says_is_told_and_that_none_can_be_read() -> None:
    mill = said(severity="watch", beside={"lightning_evidence": float(rings.BY_MILL)})
    assert "chưa có sét trong vòng theo dõi" in mill.vi
    assert "no strike in the rings yet" in mill.en
    both = said(
        beside={"strike_distance": 15.0, "lightning_evidence": float(rings.BY_STRIKE + rings.BY_MILL)}
    )
    assert "A field mill nearby says so too." in both.en
    none = said(beside={"strike_distance": 9.0, "lightning_evidence": float(rings.BY_STRIKE + rings.NO_MILL)})
    assert none.vi.endswith("Không có số đo điện trường: chỉ dựa vào sét.")
    assert none.en.endswith("No field mill can be read: this rests on strikes alone.")


def test_a_jump_is_named_beside_the_phase_and_in_an_alert_of_its_own() -> None:
    assert "vừa tăng vọt" in said(beside={"strikes_10min": 40.0, "flash_jump": 3.2}).vi
    own = said(property="flash_jump", rule="flash-jump", severity="advisory", value=3.2, threshold=1.0)
    assert "gấp 3,2 lần" in own.vi
    assert "3.2 times" in own.en


def test_the_all_clear_says_that_the_waiting_time_is_over() -> None:
    told = said(verb="cleared", value=3.0)
    assert told.vi.startswith("Hết cảnh báo sét tại Bãi Sau")
    assert "Dấu hiệu cuối lúc 12:00." in told.vi
    assert "All clear at Back Beach" in told.en


def test_what_eases_names_the_phase_that_is_left() -> None:
    told = said(verb="eased", severity="watch")
    assert told.vi == (
        "Bãi Sau: đã đủ thời gian chờ mà không có sét gần hơn, còn mức chuẩn bị tránh sét. "
        "Dấu hiệu cuối lúc 12:00."
    )
    assert "the phase is prepare" in told.en


def test_without_data_nobody_reads_an_all_clear() -> None:
    told = said(verb="blind")
    assert "Không coi là an toàn" in told.vi
    assert "no all-clear" in told.en
    assert "chạy tiếp" in said(verb="sighted").vi


@pytest.mark.parametrize(
    ("degrees", "vi"), [(0, "bắc"), (22, "bắc"), (23, "đông bắc"), (270, "tây"), (350, "bắc")]
)
def test_a_direction_is_an_eighth_of_the_compass(degrees: float, vi: str) -> None:
    assert compass(degrees).vi == vi
    assert len({word.vi for word in COMPASS}) == len({word.en for word in COMPASS}) == 8


def test_every_phase_has_a_word_and_advice_in_both_languages_and_no_risk_level() -> None:
    for severity in SEVERITIES:
        texts = [
            HAZARD.words[severity], HAZARD.advice[severity].operator, HAZARD.advice[severity].public,
        ]  # fmt: skip
        for text in texts:
            assert text.vi
            assert text.en
            assert "cấp độ rủi ro" not in text.vi


def test_every_default_rule_has_a_source_and_a_status() -> None:
    assert {rule["id"]: rule["status"] for rule in HAZARD.rules} == {
        "lightning": "default",
        "field-mills": "default",
        "field-mill": "default",
        "strike-rings": "default",
        "flash-jump": "guideline",
    }
    assert all(rule["source"] for rule in HAZARD.rules)


def test_a_mill_alone_is_told_with_its_mean_and_its_two_ways() -> None:
    told = said(
        property="field_step", rule="field-mill", severity="watch", value=1.0, beside={"field_mean": -1230.0}
    )
    assert told.vi.startswith("Điện trường tại Bãi Sau vượt ngưỡng 1 kV/m hoặc vừa đổi dấu.")
    assert "Mean of a minute: -1.2 kV/m." in told.en
    assert "calm for long enough" in said(property="field_step", verb="cleared").en
