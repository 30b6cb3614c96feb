"""Street lighting: the tables of domain page 4 that no other test holds, row by row, with tags."""

import math
import tomllib
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from services.alerts.hazards._lighting_talq import EVENTS
from services.alerts.hazards.lighting import HAZARD
from services.lighting import energy
from services.lighting.astro import micros, sun

RULES = {rule["id"]: rule for rule in HAZARD.rules}
MINUTE, HOUR = 60, 3_600

# 4.2, default rule set [design default]: on-delay and off-delay, s.
DELAYS = {
    "lamp-failure": (10 * MINUTE, 10 * MINUTE),
    "lamp-unexpected-on": (15 * MINUTE, 15 * MINUTE),
    "lamp-power-high": (15 * MINUTE, 15 * MINUTE),
    "lamp-power-low": (15 * MINUTE, 15 * MINUTE),
    "lamp-dimming-failure": (15 * MINUTE, 15 * MINUTE),
    "lamp-power-factor": (30 * MINUTE, 30 * MINUTE),
    "lamp-cycling": (0, 120 * MINUTE),
    "supply-voltage-high": (5 * MINUTE, 5 * MINUTE),
    "supply-voltage-low": (5 * MINUTE, 5 * MINUTE),
    "supply-loss": (30, 2 * MINUTE),
    "cabinet-door": (60, 0),
}
# 4.1 [verified: TALQ 2.7.1, public specification].
LAMP_MONITOR = (
    "absoluteLampPowerTooHigh", "absoluteLampPowerTooLow", "dimmingFailure", "powerFactorTooLow",
    "lampFailure", "invalidLampType", "highTemperature", "relayFailure", "lampPowerTooHigh",
    "lampPowerTooLow", "controlGearCommFailure", "cyclingFailure", "supplyLoss", "supplyVoltageTooHigh",
    "supplyVoltageTooLow", "contactorError", "lampUnexpectedOn", "leakageDetected", "currentTooHigh",
    "currentTooLow", "lampVoltageTooHigh", "lampVoltageTooLow",
)  # fmt: skip
KNOWN = {
    "LampMonitor": set(LAMP_MONITOR),
    "CabinetMonitor": {"cabinetDoorOpen", "leakageDetected"},
    "ElectricalMeter": {"supplyLoss", "supplyVoltageTooHigh", "supplyVoltageTooLow"},
    "Communication": {"communicationFailure"},
}


@pytest.mark.parametrize("rule", DELAYS)
def test_a_rule_waits_as_long_as_the_table_says(rule: str) -> None:
    found = RULES[rule]
    assert (found.get("on_delay_s", 0), found.get("off_delay_s", 0)) == DELAYS[rule]


def test_limits_are_those_of_the_table() -> None:
    # U > 242, U < 198 V (220 ± 10 %) [recalled: IEC 60038, EN 50160], here both included; residual current
    # ≥ 30 mA; mass from 30 % of a segment, of three lamps at least.
    assert (RULES["supply-voltage-high"]["at_least"], RULES["supply-voltage-low"]["at_most"]) == (242, 198)
    assert RULES["leakage"]["warning"] == 0.03
    assert RULES["lamp-failure"]["watch"] == "30%"
    assert (RULES["lamp-failure"]["advisory"], RULES["lamp-failure"]["k"]) == (1, 3)


def test_a_leak_is_kept_since_nobody_can_reset_it_by_hand() -> None:
    assert RULES["leakage"]["off_delay_s"] >= 86_400
    assert "reset it by hand" in RULES["leakage"]["source"]


def test_every_event_bears_a_name_of_talq() -> None:
    for event in EVENTS:
        assert event.event in KNOWN[event.function], event


def test_day_burners_by_energy_are_those_of_the_page() -> None:
    # [verified: public utility project code]: W·minutes/60/1000; more than 0.1 (or 0.2) kWh above; on: > 2 W.
    assert energy.expected_kwh(100, 690) == pytest.approx(1.15)
    assert not energy.burns_by_day(1.2499, 100, 690)
    assert energy.burns_by_day(1.2501, 100, 690)
    assert not energy.burns_by_day(1.34, 100, 690, 0.2)
    assert energy.burning_hours([(0, 2.0), (HOUR * 1_000_000, 2.1), (2 * HOUR * 1_000_000, 0.0)], 7200) == 1


def test_sunrise_and_sunset_are_the_formula_of_the_page() -> None:
    # 4.4: cos ω = (cos z - sin φ sin δ)/(cos φ cos δ), z = 90.833° or 96°; at an equinox δ ≈ 0 and both
    # spans follow from φ alone: 12 h 6.8 min of sun, 21.0 min more to the civil dusk at 10.346°.
    phi = math.radians(10.346)
    spans = [8 * math.degrees(math.acos(math.cos(math.radians(z)) / math.cos(phi))) for z in (90.833, 96)]
    zone = "Asia/Ho_Chi_Minh"
    found = sun(10.346, 107.084, date(2026, 9, 23), zone)
    dawn, rise, down, dusk = (instant or 0 for instant in found)
    assert (down - rise) / 6e7 == pytest.approx(spans[0], abs=1.5)
    assert (dusk - dawn) / 6e7 == pytest.approx(spans[1], abs=1.5)
    noon = micros(datetime(2026, 9, 23, 11, 44, tzinfo=ZoneInfo(zone)))
    assert abs((rise + down) / 2 - noon) < 2 * 6e7


def test_the_example_site_dims_by_the_template_and_brightens_on_storm_and_flood() -> None:
    # 4.4, template [design default]: 100 % to 22:00, 70 to 24:00, 50 to 04:30, 80 to sunrise, ramps 30 s;
    # lightning, flood or storm force 100 % with an expiration; fallback 17:45-05:45.
    path = Path(__file__).parents[2] / "sites" / "vung-tau" / "lighting.toml"
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    quiet = next(one for one in table["programme"] if one["id"] == "quiet-street")
    assert quiet["ramp_s"] == 30
    assert [(one["at"], one["level"]) for one in quiet["control"]] == [
        ("22:00", 70),
        ("00:00", 50),
        ("04:30", 80),
    ]
    brightens = {one["hazard"]: one for one in table["brighten"]}
    assert {"flood", "lightning"} <= brightens.keys()
    assert all(one["level"] == 100 and 0 < one["lease_min"] <= 1440 for one in brightens.values())
    assert (table["fallback"]["on"], table["fallback"]["off"]) == ("17:45", "05:45")
