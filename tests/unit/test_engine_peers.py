"""What users of other systems have asked for over years: one test each."""

from services.alerts.engine import Engine, Readings, SiteChange
from services.observation.messages import GatewayState
from tests.support.engine_world import (
    MINUTE,
    SECOND,
    T0,
    batch,
    city,
    engine_of,
    play,
    readings,
    rules_of,
    sensor,
    tick,
    told,
    without_detection,
)

LEVEL = {
    "id": "level",
    "hazard": "flood",
    "property": "water_level",
    "advisory": 1.0,
    "warning": 3.0,
    "hysteresis": 0.2,
}
SILENT = {"id": "sensor-silent", "hazard": "system", "kind": "silent", "severity": "advisory"}
A, B, C = "a.water_level", "b.water_level", "c.water_level"
INTERVAL = 10 * MINUTE


def steady(name: str, start: int, count: int, value: float = 0.5) -> list[tuple[str, int, float]]:
    return [(name, start + at * INTERVAL, value) for at in range(count)]


def test_a_measurement_that_stops_while_its_gateway_lives_is_told_after_three_intervals() -> None:
    site = city([sensor(A), sensor(B)], [SILENT])
    rows = sorted([(A, T0, 0.5), *steady(B, T0, 6)], key=lambda row: row[1])
    before = tick(T0 + 29 * MINUTE, {"gw": T0 + 29 * MINUTE})
    at = tick(T0 + 30 * MINUTE, {"gw": T0 + 30 * MINUTE})
    engine = engine_of(site)
    assert told(engine.apply([readings(*rows[:4]), before])) == []
    assert told(engine.apply([readings(*rows[4:]), at])) == [f"raised advisory {A} @30"]
    assert told(engine.apply([readings((A, T0 + 55 * MINUTE, 0.5))])) == [f"cleared advisory {A} @55"]


def test_a_sensor_that_never_spoke_is_told_three_intervals_after_its_gateway_did() -> None:
    site = city([sensor(A), sensor(B)], [SILENT])
    rows = steady(B, T0 + 7 * MINUTE, 4)
    assert play(site, readings(*rows), tick(T0 + 36 * MINUTE, {"gw": T0 + 36 * MINUTE})) == []
    assert play(site, readings(*rows), tick(T0 + 37 * MINUTE, {"gw": T0 + 37 * MINUTE})) == [
        f"raised advisory {A} @37"
    ]


def test_a_rule_edit_keeps_the_state_and_raises_nothing_old_again() -> None:
    site = city([sensor(A)], [LEVEL])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 2.0))])
    other = {"id": "other", "hazard": "flood", "property": "tide_level", "advisory": 1.0}
    same = city([sensor(A)], [LEVEL, other], version="v2")
    assert told(engine.apply([SiteChange(same, rules_of(same), T0 + MINUTE)])) == []
    lower = city([sensor(A)], [{**LEVEL, "warning": 1.5}], version="v3")
    escalated = engine.apply([SiteChange(lower, rules_of(lower), T0 + 2 * MINUTE)])
    assert told(escalated) == [f"escalated warning {A} @2"]
    assert "rule changed" in escalated[0].data.reason.en
    higher = city([sensor(A)], [{**LEVEL, "advisory": 2.5}], version="v4")
    assert told(engine.apply([SiteChange(higher, rules_of(higher), T0 + 3 * MINUTE)])) == [
        f"cleared warning {A} @3"
    ]
    gone = city([sensor(A)], [{**LEVEL, "enabled": False}], version="v5")
    assert told(engine.apply([SiteChange(gone, rules_of(gone), T0 + 4 * MINUTE)])) == []


def test_a_rule_that_is_removed_ends_its_alerts_and_says_why() -> None:
    site = city([sensor(A)], [LEVEL])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 2.0))])
    gone = city([sensor(A)], [], version="v2")
    events = engine.apply([SiteChange(gone, rules_of(gone), T0 + MINUTE)])
    assert told(events) == [f"cleared advisory {A} @1"]
    assert "removed" in events[0].data.reason.en


def test_one_late_reading_does_not_satisfy_a_duration() -> None:
    for late in ("ignore", "reevaluate"):
        site = city([sensor(A)], [{**LEVEL, "on_delay_s": 600, "late": late}])
        assert play(site, readings((A, T0 + INTERVAL, 0.5), (A, T0, 2.0))) == []
        pending = readings((A, T0, 0.5), (A, T0 + INTERVAL, 2.0), (A, T0 + INTERVAL // 2, 2.0))
        assert play(site, pending) == []
        assert play(site, pending, readings((A, T0 + 2 * INTERVAL, 2.0))) == [f"raised advisory {A} @20"]


def test_a_late_reading_moves_no_ladder() -> None:
    site = city([sensor(A)], [LEVEL])
    assert play(site, readings((A, T0 + INTERVAL, 0.5), (A, T0, 2.0))) == []
    raised = readings((A, T0 + INTERVAL, 2.0), (A, T0, 0.1), (A, T0 + INTERVAL, 0.1))
    assert play(site, raised) == [f"raised advisory {A} @10"]


def test_a_rule_may_ask_for_late_readings_and_its_alert_says_that_it_is_late() -> None:
    site = city([sensor(A)], [{**LEVEL, "late": "reevaluate", "max_late_s": 3600}])
    engine = engine_of(site)
    events = engine.apply([readings((A, T0 + 2 * INTERVAL, 0.5), (A, T0, 2.0), (A, T0 + 3 * INTERVAL, 0.5))])
    assert told(events) == [f"raised advisory {A} @0", f"cleared advisory {A} @30"]
    assert [event.data.late for event in events] == [True, False]
    assert events[0].data.value == 2.0
    assert told(engine.apply([readings((A, T0 + MINUTE, 2.0))])) == []  # told already, up to minute 30
    assert play(site, readings((A, T0 + 61 * MINUTE, 0.5), (A, T0, 2.0))) == []  # too old


def test_late_and_batched_data_are_judged_by_their_own_time() -> None:
    """A day's backlog in one batch, received at once, raises and clears at the minutes it was measured."""
    site = city([sensor(A)], [{**LEVEL, "on_delay_s": 1200}])
    values = [0.5, 2.0, 2.0, 2.0, 0.5, 2.0, 0.5, 0.5]
    rows = [(A, T0 + at * INTERVAL, value) for at, value in enumerate(values)]
    assert play(site, readings(*rows)) == [f"raised advisory {A} @30", f"cleared advisory {A} @40"]


def test_a_gap_in_the_data_does_not_satisfy_a_duration() -> None:
    site = city([sensor(A)], [{**LEVEL, "on_delay_s": 1200}])
    assert play(site, readings((A, T0, 2.0), (A, T0 + 31 * MINUTE, 2.0))) == []
    assert play(site, readings((A, T0, 2.0), (A, T0 + 30 * MINUTE, 2.0))) == [f"raised advisory {A} @30"]


def test_two_readings_milliseconds_apart_make_one_alert() -> None:
    site = city([sensor(A)], [LEVEL])
    rows = [(A, T0, 2.0), (A, T0 + 3000, 2.1), (A, T0 + 3000, 2.1)]
    assert play(site, readings(*rows)) == [f"raised advisory {A} @0"]
    assert play(site, *(readings(row) for row in rows)) == [f"raised advisory {A} @0"]


def test_a_schedule_window_that_opens_while_the_value_is_already_high_raises() -> None:
    # T0 is 05:14 in Việt Nam.
    scheduled = {**LEVEL, "schedule": {"from": "05:30", "to": "06:00"}}
    site = city([sensor(A)], [scheduled])
    opens, closes = f"raised advisory {A} @16", f"cleared advisory {A} @46"
    high = readings((A, T0, 2.0))
    assert play(site, high) == []
    assert play(site, high, tick(T0 + 16 * MINUTE, {"gw": T0 + 16 * MINUTE})) == [opens]
    rows = [(A, T0 + at * INTERVAL, 2.0) for at in range(6)]
    assert play(site, readings(*rows)) == [opens, closes]
    # What the sensor said long ago is not what it says now.
    assert play(site, high, tick(T0 + 16 * MINUTE, {"gw": T0 - 30 * MINUTE})) == []


def test_a_dead_gateway_raises_one_alert_and_no_storm() -> None:
    names = [f"s{at}.water_level" for at in range(20)]
    site = city([sensor(name) for name in names], [SILENT])
    engine = engine_of(site)
    engine.apply([readings(*[(name, T0, 0.5) for name in names]), tick(T0, {"gw": T0})])
    events = []
    for second in range(0, 7200, 2):
        events += engine.apply([tick(T0 + second * SECOND, dt=2 * SECOND)])
    assert told(events) == ["raised watch gw @20"]
    assert events[0].data.area == "city"
    assert events[0].data.sensor is None
    assert events[0].data.station is None
    back = T0 + 120 * MINUTE
    heard = tick(back, {"gw": back}, dt=0)
    events = engine.apply([readings(*[(name, back, 0.5) for name in names[:19]]), heard])
    assert told(events) == ["cleared watch gw @120"]
    # The one that stays away has three intervals from now on, and is then told by itself.
    later = [
        message
        for at in range(1, 4)
        for message in (
            readings(*[(name, back + at * INTERVAL, 0.5) for name in names[:19]]),
            tick(back + at * INTERVAL, {"gw": back + at * INTERVAL}),
        )
    ]
    assert told(engine.apply(later)) == [f"raised advisory {names[19]} @150"]


def test_a_gateway_that_returns_with_a_backlog_raises_no_storm() -> None:
    """A plain device sends what it kept, oldest first, while the clock is already hours ahead."""
    site = city([sensor(A), sensor(B)], [SILENT])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 0.5), (B, T0, 0.5)), tick(T0, {"gw": T0}), tick(T0, dt=120 * MINUTE)])
    events = []
    for at in range(1, 13):
        old = T0 + at * INTERVAL
        events += engine.apply([readings((A, old, 0.5), (B, old, 0.5)), tick(old, {"gw": old})])
    assert [line.split(" @")[0] for line in told(events)] == ["cleared watch gw"]


def test_a_short_goodbye_of_a_gateway_is_no_alert() -> None:
    site = city([sensor(A), sensor(B)], [SILENT])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 0.5), (B, T0, 0.5)), tick(T0, {"gw": T0})])
    events = engine.apply([GatewayState(T0, "gw", "offline"), tick(T0 + MINUTE, dt=19 * MINUTE)])
    events += engine.apply([GatewayState(T0, "gw", "online"), tick(T0 + MINUTE, {"gw": T0 + 19 * MINUTE})])
    assert told(events) == []


def test_an_offline_gateway_is_told_once_and_its_sensors_are_not() -> None:
    site = city([sensor(A), sensor(B)], [SILENT])
    engine = engine_of(site)
    engine.apply(
        [readings((A, T0, 0.5), (B, T0, 0.5)), tick(T0, {"gw": T0}), GatewayState(T0, "gw", "offline")]
    )
    assert told(engine.apply([tick(T0, dt=100 * MINUTE)])) == ["raised watch gw @20"]


def test_a_gateway_of_one_sensor_leaves_the_alert_to_the_sensor() -> None:
    site = city([sensor(A)], [SILENT])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 0.5)), tick(T0, {"gw": T0}), GatewayState(T0, "gw", "offline")])
    assert told(engine.apply([tick(T0, dt=100 * MINUTE)])) == [f"raised advisory {A} @30"]


def test_a_sensor_destroyed_at_the_height_of_a_flood_keeps_its_alert() -> None:
    site = city([sensor(A), sensor(B)], [LEVEL, SILENT])
    engine = engine_of(site)
    rows = [(A, T0, 3.5), (A, T0 + INTERVAL, 4.0), *steady(B, T0, 10)]
    events = engine.apply(
        [readings(*sorted(rows, key=lambda row: row[1])), tick(T0, {"gw": T0 + 90 * MINUTE})]
    )
    assert told(events) == [f"raised warning {A} @0", f"raised advisory {A} @40", f"blind warning {A} @40"]
    assert events[-1].data.blind
    assert events[-1].data.alert_id == events[0].data.alert_id
    # Weeks later somebody mounts a new one. It sees the alert, and ends it.
    weeks = T0 + 30_000 * MINUTE
    events = engine.apply([readings((A, weeks, 0.5))])
    assert told(events) == [
        f"cleared advisory {A} @30000",
        f"sighted warning {A} @30000",
        f"cleared warning {A} @30000",
    ]


def test_a_sensor_that_fails_while_its_alert_is_active_is_blind_and_not_cleared() -> None:
    site = city([sensor(A)], [LEVEL])
    rows = [
        (A, T0, 2.0),
        (A, T0 + INTERVAL, -99.0, 4),
        (A, T0 + 2 * INTERVAL, float("nan"), 9),
        (A, T0 + 3 * INTERVAL, 0.1, 3),
    ]
    blind = [f"raised advisory {A} @0", f"blind advisory {A} @10"]
    assert play(site, readings(*rows)) == blind
    good = readings((A, T0 + 40 * MINUTE, 2.0))
    assert play(site, readings(*rows), good) == [*blind, f"sighted advisory {A} @40"]


def test_a_dead_gateway_blinds_the_alerts_of_its_sensors() -> None:
    site = city([sensor(A), sensor(B)], [LEVEL])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 2.0), (B, T0, 0.1)), tick(T0, {"gw": T0})])
    assert told(engine.apply([tick(T0, dt=60 * MINUTE)])) == [
        "raised watch gw @20",
        f"blind advisory {A} @20",
    ]


def test_a_dead_ingest_ages_nothing() -> None:
    """It sends no tick; the first after its return has dt 0."""
    site = city([sensor(A), sensor(B)], [SILENT])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 0.5), (B, T0, 0.5)), tick(T0, {"gw": T0})])
    assert told(engine.apply([tick(T0 + 10_000 * MINUTE, dt=0)])) == []


def test_a_source_that_is_not_connected_ages_nothing() -> None:
    site = city([sensor(A), sensor(B)], [SILENT])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 0.5), (B, T0, 0.5)), tick(T0, {"gw": T0})])
    assert told(engine.apply([tick(T0, dt=100 * MINUTE, sources=["elsewhere"])])) == []


def test_the_next_rise_is_a_new_alert_that_names_the_one_before() -> None:
    site = city([sensor(A)], [LEVEL])
    events = engine_of(site).apply(
        [readings(*[(A, T0 + at * INTERVAL, v) for at, v in enumerate([2.0, 0.5, 2.0, 0.5])])]
    )
    first, second = events[0].data, events[2].data
    assert first.alert_id == events[0].id == events[1].data.alert_id
    assert second.alert_id == events[2].id != first.alert_id
    assert first.previous is None
    assert second.previous == events[3].data.previous == first.alert_id


def test_a_release_that_changes_a_rule_goes_on_from_the_old_snapshot() -> None:
    site = city([sensor(A)], [LEVEL])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 2.0))])
    other = rules_of(city([sensor(A)], [{**LEVEL, "warning": 1.5}]))
    restored = Engine.restore(site, other, engine.snapshot())
    assert told(restored.apply([])) == [f"escalated warning {A} @0"]
    assert told(restored.apply([readings((A, T0 + INTERVAL, 1.6))])) == []


def test_a_rule_edit_elsewhere_does_not_restart_a_delay() -> None:
    site = city([sensor(A)], [{**LEVEL, "on_delay_s": 1200}])
    other = {"id": "other", "hazard": "flood", "property": "tide_level", "advisory": 1.0}
    edited = city([sensor(A)], [{**LEVEL, "on_delay_s": 1200}, other], version="v2")
    before = readings((A, T0, 2.0), (A, T0 + INTERVAL, 2.0))
    change = SiteChange(edited, rules_of(edited), T0 + 11 * MINUTE)
    after = readings((A, T0 + 2 * INTERVAL, 2.0))
    assert play(site, before, change, after) == [f"raised advisory {A} @20"]


def test_when_a_reading_was_received_changes_no_event() -> None:
    site = city([sensor(A)], [LEVEL])
    rows = [(A, T0, 2.0), (A, T0 + INTERVAL, 0.5)]
    early = engine_of(site).apply([Readings(batch(rows, received_at=T0))])
    late = engine_of(site).apply([Readings(batch(rows, received_at=T0 + 99 * MINUTE))])
    assert early != late
    assert without_detection(early) == without_detection(late)


def test_an_edge_that_passed_does_not_pass_again_after_a_restart() -> None:
    site = city([sensor(A, 7200)], [{**LEVEL, "schedule": {"from": "05:30", "to": "06:00"}}])
    engine = engine_of(site)
    events = engine.apply([readings((A, T0, 2.0)), tick(T0, {"gw": T0 + 50 * MINUTE})])
    assert told(events) == [f"raised advisory {A} @16", f"cleared advisory {A} @46"]
    restored = Engine.restore(site, rules_of(site), engine.snapshot())
    assert told(restored.apply([tick(T0, {"gw": T0 + 51 * MINUTE})])) == []


def test_a_suspect_value_that_is_held_raises_nothing_at_an_edge_also_after_a_restart() -> None:
    site = city([sensor(A)], [{**LEVEL, "schedule": {"from": "05:30", "to": "06:00"}}])
    engine = engine_of(site)
    engine.apply([readings((A, T0, 2.0, 3))])
    restored = Engine.restore(site, rules_of(site), engine.snapshot())
    assert told(restored.apply([tick(T0, {"gw": T0 + 16 * MINUTE})])) == []
    assert told(restored.apply([readings((A, T0 + 17 * MINUTE, 2.0))])) == [f"raised advisory {A} @17"]


def test_a_window_that_closes_at_the_instant_of_a_failed_reading_closes() -> None:
    site = city([sensor(A)], [{**LEVEL, "schedule": {"from": "05:00", "to": "05:34"}}])
    rows = readings((A, T0, 2.0), (A, T0 + 20 * MINUTE, -99.0, 4))
    assert play(site, rows) == [
        f"raised advisory {A} @0",
        f"blind advisory {A} @20",
        f"cleared advisory {A} @20",
    ]
