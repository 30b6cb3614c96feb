"""Floods: the ladder of báo động, the rate of rise, and the words for them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from services.alerts.hazards import hazards
from services.observation.event import CloudEvent, verb_of
from tests.support.engine_world import MINUTE, T0, city, engine_of, readings, sensor, told

A, RATE = "a.water_level", "a.water_level_rate"
LEVELS = {"bd1": 1.0, "bd2": 2.0, "bd3": 3.0}


RISE = {
    "id": "flood-rise",
    "hazard": "flood",
    "property": "water_level_rate",
    "watch": 0.1,
    "warning": 0.3,
    "hysteresis": 0.03,
    "off_delay_s": 1800,
}


def flood(
    values: list[float],
    step: int = 60,
    attributes: dict[str, float] | None = None,
    rules: Sequence[Mapping[str, Any]] = (),
) -> list[CloudEvent]:
    """Events of an hourly series (or any other step in minutes), silence left out."""
    site = city(
        [sensor(A, step * 60)],
        rules,
        attributes={"a": LEVELS if attributes is None else attributes},
        bare=False,
    )
    rows = [(A, T0 + at * step * MINUTE, value) for at, value in enumerate(values)]
    return engine_of(site).apply([readings(*rows)])


def test_an_hourly_series_is_alerted_at_the_very_reading_that_reaches_the_level() -> None:
    events = flood([0.5, 1.0, 2.4, 3.0, 3.99, 4.0])
    assert told(events) == [
        f"raised advisory {A} @60",
        f"escalated watch {A} @120",
        f"escalated warning {A} @180",
        f"escalated emergency {A} @300",
    ]
    assert [event.data.threshold for event in events] == [1.0, 2.0, 3.0, 4.0]


def test_the_highest_rung_is_the_record_where_it_is_known() -> None:
    assert told(flood([5.1, 5.2], attributes={**LEVELS, "historic_max": 5.2})) == [
        f"raised warning {A} @0",
        f"escalated emergency {A} @60",
    ]


def test_a_record_below_the_third_level_makes_no_rung() -> None:
    assert told(flood([2.9, 3.1], attributes={**LEVELS, "historic_max": 2.5})) == [
        f"raised watch {A} @0",
        f"escalated warning {A} @60",
    ]


def test_a_station_without_levels_is_never_in_flood() -> None:
    assert told(flood([0.0, 50.0, 100.0], attributes={})) == []


def test_waves_about_a_level_make_one_alert() -> None:
    assert told(flood([1.0, 0.96, 1.02, 0.97, 1.0, 0.9, 0.9], step=15)) == [f"raised advisory {A} @0"]
    falling = flood([1.0, 0.9, 0.9, 0.9], step=15)
    assert told(falling) == [f"raised advisory {A} @0", f"cleared advisory {A} @45"]


def test_the_rate_of_rise_is_the_median_slope_of_the_window() -> None:
    site = city([sensor(A, 600)], attributes={"a": LEVELS}, bare=False)
    engine = engine_of(site)
    levels = [0.6, 0.7, 5.0, 0.9, 1.0, 1.1, 1.2]  # 0.6 m/h, with one leap
    engine.apply([readings(*[(A, T0 + at * 10 * MINUTE, level) for at, level in enumerate(levels)])])
    derived = engine.take_derived()
    of_rate = derived.sensor == derived.sensors.index(RATE)
    hours = np.arange(7) / 6
    slopes = [(levels[j] - levels[i]) / (hours[j] - hours[i]) for i in range(7) for j in range(i + 1, 7)]
    rate = derived.value[of_rate][-1]
    assert rate == pytest.approx(float(np.median(slopes)))
    assert rate == pytest.approx(0.6, abs=0.05)
    assert len(engine.take_derived()) == 0


def test_a_fast_rise_is_told_before_the_level_is_reached() -> None:
    events = flood([0.51 + at * 0.06 for at in range(10)], step=10, rules=[RISE])
    rise = [event for event in events if event.data.sensor == RATE]
    assert told(rise)[0] == f"raised warning {RATE} @30"
    assert told(events).index(f"raised warning {RATE} @30") < told(events).index(f"raised advisory {A} @90")
    assert rise[0].data.unit == "m/h"


def test_below_its_floor_a_rise_is_noise() -> None:
    assert told(flood([-3 + at * 0.1 for at in range(30)], step=10, rules=[RISE])) == []


def test_a_rise_ends_when_the_water_is_below_the_floor_again() -> None:
    up = [0.5 + at * 0.1 for at in range(5)]
    down = [0.4, 0.3, 0.2, 0.1, 0.0, -0.1]
    verbs = [verb_of(e.type) for e in flood([*up, *down], step=10, rules=[RISE]) if e.data.sensor == RATE]
    assert verbs[0] == "raised"
    assert verbs[-1] == "cleared"


def test_too_few_readings_have_no_rate() -> None:
    assert told(flood([0.6, 0.8, 0.95], step=10, rules=[RISE])) == []
    assert (
        told(flood([0.6, 0.7, 0.8, 0.9], step=9, rules=[RISE])) == []
    )  # 27 minutes: less than half the window


def test_the_reason_speaks_of_bao_dong_in_vietnamese() -> None:
    event = flood([3.25])[0]
    assert "Báo động 3" in event.data.reason.vi
    assert "0,25" in event.data.reason.vi
    assert "BĐ3" in event.data.reason.en
    assert hazards()["flood"].words["watch"].vi == "Báo động 2"
    assert hazards()["flood"].cap is not None


def test_a_threshold_that_is_no_level_of_the_station_is_not_called_one() -> None:
    low = {
        "id": "flood-level",
        "hazard": "flood",
        "property": "water_level",
        "direction": "down",
        "advisory": 0.5,
        "warning": 0.2,
    }
    site = city([sensor(A)], [low], attributes={"a": LEVELS})
    event = engine_of(site).apply([readings(*[(A, T0, 0.2)])])[0]
    assert event.data.severity == "warning"
    for word in ("Báo động", "Ngập", "flood", "historic"):
        assert word not in event.data.reason.vi + event.data.reason.en


def test_three_metres_above_nothing_known_is_no_record() -> None:
    event = flood([4.2], attributes=LEVELS)[0]
    assert event.data.severity == "emergency"
    assert "Báo động 3 + 1 m" in event.data.reason.vi
    assert "lịch sử" not in event.data.reason.vi
