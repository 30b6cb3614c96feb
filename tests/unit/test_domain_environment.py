"""Domain notes 5 and 9 (E1 to E4), row by row, through the engine where a clock or a date decides.

Breakpoints, the Decision's example, Table 1, units: `test_env_aqi`, `test_env_hours`, `test_env_water`.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from services.alerts.hazards._env_noise import by_day
from services.alerts.hazards._env_water import OXYGEN, PH, TABLE_2
from services.alerts.hazards.environment import CLASSES, HAZARD
from services.observation.event import CloudEvent
from services.observation.instants import iso, micros
from tests.support.engine_world import city, engine_of, readings, sensor

MINUTE, HOUR = 60_000_000, 3_600_000_000
RULES = {rule["id"]: rule for rule in HAZARD.rules}


def local(text: str) -> int:
    """µs UTC of a wall clock in Việt Nam."""
    return micros(f"{text}:00Z".replace(" ", "T")) - 7 * HOUR


def told(
    name: str, start: str, minutes: int, level: Callable[[int], float | None], step: int = 1, **more: Any
) -> list[CloudEvent]:
    """Events of one sensor whose reading after so many minutes is `level`; None: it is missing."""
    begin = local(start)
    rows = [
        (name, begin + at * MINUTE, value)
        for at in range(step, minutes + 1, step)
        for value in [level(at)]
        if value is not None
    ]
    site = city([sensor(name, step * 60)], bare=False, **more)
    found = engine_of(site, t=begin).apply([readings(*rows)])
    return [event for event in found if event.data.hazard == "environment"]


def lines(events: list[CloudEvent]) -> list[str]:
    """`verb severity rule day.month hour:minute` by the clock of Việt Nam."""
    clocks = [iso(micros(event.time) + 7 * HOUR) for event in events]
    return [
        f"{event.type.split('.')[3]} {event.data.severity} {event.data.rule} {at[8:10]}.{at[5:7]} {at[11:16]}"
        for event, at in zip(events, clocks, strict=True)
    ]


def enabled(*names: str) -> list[dict[str, Any]]:
    """Default rules that are switched off, switched on."""
    return [{**RULES[name], "hazard": "environment", "enabled": True} for name in names]


# --- 5.1 classes [verified: Decision 1459/QĐ-TCMT]
def test_5_1_classes_colours_and_rgb() -> None:
    assert [(one.least, one.text.vi, one.colour.vi, one.rgb) for one in CLASSES] == [
        (0, "Tốt", "xanh", (0, 228, 0)),
        (51, "Trung bình", "vàng", (255, 255, 0)),
        (101, "Kém", "da cam", (255, 126, 0)),
        (151, "Xấu", "đỏ", (255, 0, 0)),
        (201, "Rất xấu", "tím", (143, 63, 151)),
        (301, "Nguy hại", "nâu", (126, 0, 35)),
    ]


# --- 5.2 validity of an hour [recalled: 75 %]
@pytest.mark.parametrize(("readings_of_60", "valid"), [(44, False), (45, True), (46, True)])
def test_5_2_an_hour_is_valid_from_75_percent_on(readings_of_60: int, *, valid: bool) -> None:
    events = told("a.pm2_5", "2026-03-01 00:00", 541, lambda at: _gap(at, readings_of_60))
    assert [line for line in lines(events) if line.startswith("raised")] == (
        ["raised advisory vn-aqi 01.03 07:01"] if valid else []
    )


def _gap(at: int, known: int) -> float | None:
    if not 360 < at <= 420:
        return 20.0
    return 90.0 if at <= 360 + known else None


# --- 5.3 QCVN 05:2023/BTNMT [verified; PM10 and TSP of 2023 recalled]
LIMITS = {
    "so2_1h": 350, "so2_24h": 125, "co_1h": 30_000, "co_8h": 10_000, "no2_1h": 200, "no2_24h": 100,
    "o3_1h": 200, "o3_8h": 120, "pm2_5_24h": 45, "pm10_24h": 100, "tsp_1h": 300, "tsp_24h": 200,
}  # fmt: skip


def test_5_3_every_limit_of_an_hour_of_eight_and_of_a_day_has_its_rule() -> None:
    found = {r["property"]: round(r["advisory"], 3) for r in HAZARD.rules if r["id"].startswith("air-")}
    assert found == LIMITS
    recalled = [RULES[f"air-{name}"]["source"] for name in ("pm10-24h", "tsp-1h", "tsp-24h")]
    assert all("recalled" in source for source in recalled)


def test_5_3_a_day_is_judged_by_the_limit_of_that_day_at_the_turn_of_2026() -> None:
    """50 µg/m³ up to 31 December 2025, 45 from 1 January 2026; each day is told at its 24:00."""
    doses = [47, 52, 47, 40]  # 30 and 31 December, 1 and 2 January
    events = told(
        "a.pm2_5", "2025-12-30 00:00", 4 * 1440, lambda at: doses[(at - 1) // 1440], 60,
        rules=enabled("air-pm2-5-24h-to-2025", "air-pm2-5-24h"),
    )  # fmt: skip
    assert [line for line in lines(events) if "vn-aqi" not in line] == [
        "raised advisory air-pm2-5-24h-to-2025 01.01 00:00",
        "cleared advisory air-pm2-5-24h-to-2025 02.01 00:00",
        "raised advisory air-pm2-5-24h 02.01 00:00",
        "cleared advisory air-pm2-5-24h 03.01 00:00",
    ]
    first = next(event for event in events if event.data.rule == "air-pm2-5-24h-to-2025")
    assert "ngày 31/12 52,0 µg/m³ vượt giới hạn 50 µg/m³" in first.data.reason.vi


# --- 5.4 noise [verified: QCVN 26:2010/BTNMT]
@pytest.mark.parametrize(("zone", "day", "night"), [(1.0, 55.0, 45.0), (2.0, 70.0, 55.0)])
def test_5_4_a_limit_is_met_when_just_met_and_night_ends_at_six_and_begins_at_21(
    zone: float, day: float, night: float
) -> None:
    """Readings stamped 05:59 and 06:00 are of the night, 20:59 and 21:00 of the day."""
    place: dict[str, Any] = {"attributes": {"a": {"noise_zone": zone}}}
    name, start = "a.sound_level", "2025-11-10 04:00"

    def just(at: int) -> float:
        return night if at <= 120 or at > 17 * 60 else day

    assert told(name, start, 1200, just, **place) == []
    loud = told(name, start, 1200, lambda at: just(at) + 0.1, **place)
    assert lines(loud) == ["raised advisory noise-limit 10.11 05:00"]
    late = told(name, start, 1200, lambda at: just(at) + (1.0 if at > 17 * 60 else 0.0), **place)
    assert lines(late) == ["raised advisory noise-limit 10.11 22:00"]
    assert [bool(by_day(hour)) for hour in (6, 7, 21, 22)] == [False, True, True, False]  # type: ignore[arg-type]


def test_5_4_no_legal_verdict_from_14_november_2025_on() -> None:
    place: dict[str, Any] = {"attributes": {"a": {"noise_zone": 1.0}}}
    events = told("a.sound_level", "2025-11-13 20:00", 420, lambda _: 60.0, **place)
    assert lines(events)[-2:] == [
        "cleared watch noise-limit 14.11 00:00",
        "raised watch noise-guideline 14.11 00:00",
    ]
    last = date.fromisoformat(RULES["noise-limit"]["valid_to"])
    assert last + timedelta(days=1) == date.fromisoformat(RULES["noise-guideline"]["valid_from"])
    assert (RULES["noise-limit"]["status"], RULES["noise-guideline"]["status"]) == ("legal", "guideline")


# --- 5.5 surface water
def test_5_5_table_2_as_the_notes_print_it() -> None:
    """[verified; DO of A, TOC of C, TSS of B reconstructed]."""
    assert {name: row[0] for name, row in TABLE_2.items()} == {
        "bod5": (4, 6, 10), "cod": (10, 15, 20), "toc": (4, 6, 8), "tss": (25, 100, 100),
        "total_phosphorus": (0.1, 0.3, 0.5), "total_nitrogen": (0.6, 1.5, 2.0),
        "coliform": (1000, 5000, 7500), "heat_coliform": (200, 1000, 1500),
    }  # fmt: skip
    assert list(OXYGEN) == [6, 5, 4, 2]
    assert list(PH) == [(6.5, 8.5), (6.0, 8.5), (6.0, 8.5)]


@pytest.mark.parametrize(
    ("name", "bad", "just", "minutes", "line"),
    [
        ("dissolved_oxygen", 3.9, 4.0, 60, "raised watch water-oxygen"),
        ("dissolved_oxygen", 1.9, 4.0, 30, "raised warning water-oxygen"),
        ("ph", 5.9, 6.0, 30, "raised advisory water-ph-low"),
        ("ph", 8.6, 8.5, 30, "raised advisory water-ph-high"),
        ("ammonium", 0.31, 0.3, 60, "raised advisory water-ammonium"),
        ("turbidity", 30.2, 30.0, 60, "raised advisory water-turbidity"),
    ],
)
def test_5_5_probes_warn_after_their_delay_and_not_on_the_number_itself(
    name: str, bad: float, just: float, minutes: int, line: str
) -> None:
    """[design default]: DO < 4 for 1 h, < 2 for 30 min; pH outside 6.0–8.5, 30 min; turbidity > 3 medians."""
    good = {"dissolved_oxygen": 6.0, "ph": 7.0, "ammonium": 0.1, "turbidity": 10.0}[name]
    start = 30 * 60  # a day of turbidity

    def level(at: int, than: float) -> float:
        return than if at > start else good

    first = lines(told(f"a.{name}", "2026-03-01 00:00", start + 120, lambda at: level(at, bad), 15))[0]
    assert first.startswith(line)
    hours, rest = divmod(start + 15 + minutes, 60)
    assert first.endswith(f"{hours - 24:02}:{rest:02}")
    assert told(f"a.{name}", "2026-03-01 00:00", start + 120, lambda at: level(at, just), 15) == []


def test_5_5_a_probe_lifted_out_of_fresh_water_is_told_by_its_conductivity() -> None:
    """EC step > 30 % in 1 h [design default]; in the air oxygen looks fine, and nothing else would tell."""
    fresh: dict[str, Any] = {"attributes": {"a": {"fresh_water": 1.0}}}
    level = lambda at: 0.0001 if 300 < at <= 420 else 0.045  # noqa: E731  S/m
    events = told("a.conductivity", "2026-03-01 00:00", 600, level, 15, **fresh)
    assert lines(events)[0] == "raised advisory water-conductivity 01.03 05:15"
    assert "đầu dò ra khỏi nước" in events[0].data.reason.vi


# --- 9, rows E1 to E4
@pytest.mark.parametrize(
    ("row", "prefix", "status"),
    [
        ("E1", "vn-aqi", "legal"),
        ("E2", "air-", "legal"),
        ("E3", "noise-limit", "legal"),
        ("E3 after 13 Nov 2025", "noise-guideline", "guideline"),
        ("E4 Table 1", "water-nitrite", "legal"),
        ("E4 Table 2", "water-grade-", "legal"),
        ("E4 probes", "water-oxygen", "default"),
    ],
)
def test_9_every_row_has_rules_with_source_and_status(row: str, prefix: str, status: str) -> None:
    found = [rule for rule in HAZARD.rules if rule["id"].startswith(prefix)]
    assert found, row
    assert all(rule["source"] for rule in found)
    assert {rule["status"] for rule in found} == {status}
