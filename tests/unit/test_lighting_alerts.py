"""Lamps in the thousands make one alert a cabinet. Through the engine, from readings to events."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest

from services.alerts.engine import Engine
from services.observation.event import CloudEvent, verb_of
from services.observation.instants import micros
from services.observation.site import Site
from tests.support.engine_world import MINUTE, SECOND, city, engine_of, readings, sensor, tick

NIGHT = micros("2026-09-23T13:00:00Z")  # 20:00 at Vũng Tàu
NOON = micros("2026-09-23T05:00:00Z")
EVERY = 5 * MINUTE


def street(lamps: int = 10, cabinets: int = 1) -> Site:
    """Cabinets `gw-0` … with lamps of 100 W; a cabinet measures its supply, its leak and its door."""
    sensors, gateways, attributes = [], {}, {}
    for c in range(cabinets):
        box = f"cabinet-{c}"
        gateways[box] = f"gw-{c}"
        sensors += [
            sensor(f"{box}.supply_voltage", 300, unit="V"),
            sensor(f"{box}.leakage_current", 60, unit="A"),
            sensor(f"{box}.door", 60, reports="on_change", unit="1"),
        ]
        for n in range(lamps):
            name = f"lamp-{c}-{n:04}"
            gateways[name] = f"gw-{c}"
            attributes[name] = {"lamp_wattage": 100.0}
            sensors += [
                sensor(f"{name}.dimming", 300, unit="%"),
                sensor(f"{name}.active_power", 300, unit="W"),
            ]
    return city(sensors, gateways=gateways, attributes=attributes, bare=False)


def report(
    site: Site,
    t: int,
    dark: Iterable[str] = (),
    *,
    level: float = 100.0,
    volts: float | None = 225.0,
    **power: float,
) -> Any:
    """What all cabinets say at an instant; `dark` lamps take nothing, the others what they should."""
    off, each = set(dark), power.get("each", level)
    said = {"dimming": level} if volts is None else {"dimming": level, "supply_voltage": volts}
    known = site.sensors.values()
    rows = [(one.id, t, said[one.property]) for one in known if one.property in said]
    rows += [
        (one.id, t, 0.0 if one.station in off else each) for one in known if one.property == "active_power"
    ]
    return readings(*rows)


def run(engine: Engine, *messages: Any) -> list[CloudEvent]:
    """Events of street lighting; that sensors of a street are silent is told elsewhere."""
    return [event for event in engine.apply(messages) if event.data.hazard == "lighting"]


def told(events: Iterable[CloudEvent]) -> list[str]:
    """Verb, severity, rule, cabinet."""
    return [
        f"{verb_of(event.type)} {event.data.severity} {event.data.rule} {event.data.gateway}"
        for event in events
    ]


def night(site: Site, dark: Sequence[Iterable[str]], start: int = NIGHT, **more: Any) -> list[CloudEvent]:
    """Reports every five minutes with ticks after each; `dark` says who is dark at each."""
    engine = engine_of(site, t=start)
    events: list[CloudEvent] = []
    for nth, off in enumerate(dark):
        t = start + nth * EVERY
        events += run(engine, report(site, t, off, **more))
        events += run(engine, tick(t + SECOND))
    return events


LAMP = "lamp-0-0003"
OTHER = "lamp-0-0007"


def test_one_lamp_that_fails_is_an_advisory_of_its_cabinet_after_ten_minutes() -> None:
    events = night(street(), [[], [LAMP], [LAMP], [LAMP]])
    assert told(events) == ["raised advisory lamp-failure gw-0"]
    alert = events[0].data
    assert micros(alert.time) == NIGHT + 3 * EVERY
    assert alert.value == 1
    assert LAMP in alert.reason.vi
    assert "1 trong 10 đèn không sáng dù có lệnh bật" in alert.reason.vi
    assert "1 of 10 lamps dark although told to burn: lamp-0-0003" in alert.reason.en


def test_a_second_lamp_joins_the_same_alert_and_both_must_burn_before_it_is_over() -> None:
    dark = [[LAMP]] * 3 + [[LAMP, OTHER]] * 3 + [[OTHER]] * 3 + [[]] * 4
    assert told(night(street(), dark)) == [
        "raised advisory lamp-failure gw-0",
        "cleared advisory lamp-failure gw-0",
    ]


def test_a_third_of_a_cabinet_is_a_mass_outage_and_still_one_alert() -> None:
    three = [f"lamp-0-{n:04}" for n in range(3)]
    events = night(street(), [three] * 4)
    assert told(events)[-1:] in (["raised watch lamp-failure gw-0"], ["escalated watch lamp-failure gw-0"])
    assert len({event.data.alert_id for event in events}) == 1


def test_a_cabinet_whose_lamps_all_burn_again_is_told_so_at_each_step_down() -> None:
    # Six lamps are a watch; three of them burn again first, so the watch ends before the advisory.
    six = [f"lamp-0-{n:04}" for n in range(6)]
    events = night(street(), [six] * 4 + [six[:2]] + [[]] * 4)
    assert told(events)[-2:] == ["eased advisory lamp-failure gw-0", "cleared advisory lamp-failure gw-0"]
    assert all("all lamps burn as told again" in event.data.reason.en for event in events[-2:])


def test_a_thousand_lamps_that_fail_are_one_alert() -> None:
    site = street(1_000)
    everyone = [name for name in site.stations if name.startswith("lamp")]
    events = night(site, [[], everyone, everyone, everyone])
    assert len({event.data.alert_id for event in events}) == 1
    assert {event.data.rule for event in events} == {"lamp-failure"}
    assert events[-1].data.severity == "warning"
    assert "1000 of 1000 lamps" in events[-1].data.reason.en
    assert "and 995 more" in events[-1].data.reason.en


def test_two_cabinets_are_two_alerts() -> None:
    events = night(street(cabinets=2), [["lamp-0-0001", "lamp-1-0001"]] * 4)
    assert sorted(told(events)) == [
        "raised advisory lamp-failure gw-0",
        "raised advisory lamp-failure gw-1",
    ]


def test_a_lost_supply_is_one_alert_and_no_lamp_is_at_fault() -> None:
    site = street()
    everyone = [name for name in site.stations if name.startswith("lamp")]
    events = night(site, [everyone] * 4, volts=3.0)
    assert told(events) == ["raised watch supply-loss gw-0"]
    assert events[0].data.reason.en == "gw-0 (city): supply lost at cabinet-0."
    assert events[0].data.reason.vi == "gw-0 (city): mất điện cấp tại cabinet-0."


def test_a_lamp_goes_by_its_own_command_and_by_the_supply_of_its_own_cabinet() -> None:
    # The cabinets stand in one place: the supply of the first is lost, the second has a dark lamp. A lamp
    # without a command says nothing, though its neighbours have one.
    site = street(2, cabinets=2)
    mute = {name: one for name, one in site.sensors.items() if name != "lamp-1-0001.dimming"}
    site = msgspec.structs.replace(site, sensors=mute)
    engine = engine_of(site, t=NIGHT)
    events: list[CloudEvent] = []
    for nth in range(4):
        t = NIGHT + nth * EVERY
        volts = (("cabinet-0.supply_voltage", t, 0.0), ("cabinet-1.supply_voltage", t, 225.0))
        events += run(engine, readings(*volts))
        dark = [name for name in site.stations if name.startswith("lamp")]
        events += run(engine, report(site, t + SECOND, dark, volts=None))
    assert told(events)[0] == "raised watch supply-loss gw-0"
    assert {(event.data.rule, event.data.gateway) for event in events[1:]} == {("lamp-failure", "gw-1")}
    assert events[-1].data.value == 1


def test_a_day_burner_is_told_by_day_only() -> None:
    assert night(street(), [[]] * 5, level=100.0) == []
    events = night(street(), [[]] * 5, start=NOON, level=100.0)
    assert told(events)[-1].split()[1:] == ["watch", "lamp-unexpected-on", "gw-0"]
    assert len({event.data.alert_id for event in events}) == 1
    assert night(street(), [[]] * 5, start=NOON, level=0.0) == []


def test_a_lamp_that_burns_without_a_command_is_told_at_night_too() -> None:
    events = night(street(2), [["lamp-0-0001"]] * 5, level=0.0, each=100.0)
    assert {event.data.rule for event in events} == {"lamp-unexpected-on"}


def test_a_lamp_that_does_not_dim_is_told_once_and_by_its_own_name() -> None:
    events = night(street(1), [[]] * 5, level=50.0, each=100.0)
    assert told(events) == ["raised advisory lamp-dimming-failure gw-0"]


@pytest.mark.parametrize(("volts", "rule"), [(245.0, "supply-voltage-high"), (190.0, "supply-voltage-low")])
def test_a_voltage_that_stays_wrong_is_told(volts: float, rule: str) -> None:
    assert told(night(street(2), [[]] * 3, volts=volts)) == [f"raised advisory {rule} gw-0"]
    assert night(street(2), [[]] * 3, volts=241.0) == []
    assert night(street(2), [[]] * 3, volts=199.0) == []


def test_a_leak_is_told_at_once_and_does_not_end_with_the_breaker() -> None:
    engine = engine_of(street(1), t=NIGHT)
    leak = "cabinet-0.leakage_current"
    assert run(engine, readings((leak, NIGHT, 0.029))) == []
    raised = run(engine, readings((leak, NIGHT + MINUTE, 0.030)))
    assert [event.data.severity for event in raised] == ["warning"]
    assert "30 mA" in raised[0].data.reason.en
    quiet: list[CloudEvent] = []
    for minute in range(2, 23 * 60, 2):
        quiet += run(engine, readings((leak, NIGHT + minute * MINUTE, 0.0)))
    assert quiet == []
    late = [run(engine, readings((leak, NIGHT + minute * MINUTE, 0.0))) for minute in range(23 * 60, 1500, 2)]
    assert [verb_of(event.type) for events in late for event in events] == ["cleared"]


def test_an_open_door_is_told_after_a_minute_and_over_when_it_is_shut() -> None:
    engine = engine_of(street(1), t=NIGHT)
    door = "cabinet-0.door"
    assert (
        run(engine, readings((door, NIGHT, 1)), tick(NIGHT + 59 * SECOND, {"gw-0": NIGHT + 59 * SECOND}))
        == []
    )
    raised = run(engine, tick(NIGHT + 61 * SECOND, {"gw-0": NIGHT + 61 * SECOND}))
    assert [event.data.rule for event in raised] == ["cabinet-door"]
    assert "no work orders" in raised[0].data.reason.en
    shut = run(engine, readings((door, NIGHT + 2 * MINUTE, 0)))
    assert [verb_of(event.type) for event in shut] == ["cleared"]
    assert shut[0].data.reason.vi == "Cửa tủ điện tại cabinet-0 đã đóng."


def test_a_lamp_that_goes_off_and_on_without_a_command_is_cycling() -> None:
    site = street(2)
    state = sensor("lamp-0-0001.lamp_state", 300, reports="on_change", unit="1")
    engine = engine_of(msgspec.structs.replace(site, sensors={**site.sensors, state.id: state}), t=NIGHT)
    events: list[CloudEvent] = []
    for minute, on in enumerate((1, 0, 1, 0, 1, 1)):
        t = NIGHT + minute * EVERY
        events += run(engine, report(site, t), readings((state.id, t + SECOND, on)))
    assert told(events) == ["raised advisory lamp-cycling gw-0"]
    assert micros(events[0].data.time) == NIGHT + 3 * EVERY + SECOND


def test_a_lamp_that_reports_its_power_before_its_command_is_not_told_at_dusk_nor_at_dawn() -> None:
    """Every fifteen minutes, all lamps of a cabinet: neither burning without a command nor dark."""
    site = street(3)
    slow = {
        name: msgspec.structs.replace(one, interval_s=900.0) if one.station.startswith("lamp") else one
        for name, one in site.sensors.items()
    }
    site = msgspec.structs.replace(site, sensors=slow)
    engine = engine_of(site, t=NIGHT)
    events: list[CloudEvent] = []
    lamps = [name for name in site.stations if name.startswith("lamp")]
    for nth, level in enumerate([0, 0, 100, 100, 100, 0, 0]):
        t = NIGHT + nth * 3 * EVERY
        rows = [(f"{name}.{what}", t, float(level)) for name in lamps for what in ("active_power", "dimming")]
        events += run(engine, readings(*rows, ("cabinet-0.supply_voltage", t, 225.0)))
    assert events == []


def test_a_lamp_with_a_voltmeter_and_a_blown_fuse_is_a_dark_lamp_and_no_lost_supply() -> None:
    site = street(4)
    own = sensor(f"{LAMP}.supply_voltage", 300, unit="V")
    site = msgspec.structs.replace(site, sensors={**site.sensors, own.id: own})
    engine = engine_of(site, t=NIGHT)
    events: list[CloudEvent] = []
    for nth in range(4):
        t = NIGHT + nth * EVERY
        events += run(engine, readings((own.id, t - SECOND, 0.0)), report(site, t, [LAMP], volts=None))
        events += run(engine, readings(("cabinet-0.supply_voltage", t, 225.0)))
    assert [event.data.rule for event in events] == ["lamp-failure"]


def test_what_is_stored_of_a_lamp_that_is_well_is_one_row_and_of_one_that_is_not_its_fault() -> None:
    site = street(2)
    engine = engine_of(site, t=NIGHT)
    for nth in range(6):
        run(engine, report(site, NIGHT + nth * EVERY, ["lamp-0-0001"] if nth > 1 else []))
    derived = engine.take_derived()
    stored = [derived.sensors[which] for which in derived.sensor]
    assert stored.count("lamp-0-0000.lamp_failure") == 1
    assert stored.count("lamp-0-0001.lamp_failure") == 1 + 4
    assert not [name for name in stored if "~" in name]


def test_one_of_two_lamps_is_no_mass_outage() -> None:
    assert told(night(street(2), [["lamp-0-0001"]] * 6)) == ["raised advisory lamp-failure gw-0"]
