"""A storm passes a beach: one alert that rises, eases and ends by its own clock, frozen without data."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from services.alerts.engine import Engine, EngineMessage, Readings
from services.alerts.hazards.lightning import HAZARD
from services.alerts.scoring.lightning import Alarm, alarms_of
from services.observation.event import CloudEvent
from services.observation.messages import GatewayState, Strike, StrikeBatch, Tick
from services.observation.site import BROKER, Site, SourceDecl
from services.observation.sources import Source
from tests.support.engine_world import MINUTE, SECOND, T0, batch, city, rules_of, sensor, told

ON: list[dict[str, Any]] = [
    rule for rule in ({"hazard": "lightning", **rule} for rule in HAZARD.rules) if rule.get("enabled", True)
]
NETWORK = "detectors"


def beach(*, rules: Sequence[dict[str, Any]] = ON, mills: int = 0, **attributes: float) -> Site:
    """A beach that is a place, a network of detectors, mills beside it."""
    fields = [sensor(f"mill-{at}.electric_field", 1.0, unit="V/m") for at in range(mills)]
    site = city(
        [sensor("beach.current_speed", unit="m/s"), *fields],
        rules,
        attributes={"beach": {"lightning_place": 1, **attributes}},
    )
    from services.observation.site import Gateway

    gateways = {**site.gateways, NETWORK: Gateway(NETWORK, "city", 60.0, ())}
    source = SourceDecl(id=NETWORK, gateway=NETWORK)
    return msgspec.structs.replace(site, gateways=gateways, sources=(source,))


def strikes(*seen: tuple[float, float]) -> StrikeBatch:
    """Strikes at (minute, km south of the beach)."""
    found = [
        Strike(source=NETWORK, time=T0 + round(at * MINUTE), lat=10.3 - km / 111.195, lon=107.1, type="cg")
        for at, km in seen
    ]
    return StrikeBatch([], found)


def clock(minute: float, **clocks: float) -> Tick:
    """All that is connected has been heard up to a minute."""
    at = T0 + round(minute * MINUTE)
    return Tick(
        at, 0, [BROKER, NETWORK], {NETWORK: at} | {k: T0 + round(v * MINUTE) for k, v in clocks.items()}
    )


def run(site: Site, *messages: EngineMessage) -> list[CloudEvent]:
    engine = Engine(site, rules_of(site), None, T0)
    events: list[CloudEvent] = []
    for message in messages:
        events += engine.apply([message])
    return events


def levels(events: Sequence[CloudEvent]) -> list[str]:
    """`verb severity @minute`."""
    return [" ".join([*line.split()[:2], line.split()[-1]]) for line in told(events)]


PASSING = [(1, 25), (3, 19), (6, 15), (9, 9.5), (11, 7), (14, 7.5), (17, 9), (20, 14), (22, 18), (24, 26)]


def test_a_storm_that_passes_is_one_alert_through_all_four_phases_and_back() -> None:
    """Each phase ends 30 min after the last strike in its ring, monitor 15: domain notes 3.2."""
    messages: list[EngineMessage] = []
    for minute in range(1, 90):
        now = [one for one in PASSING if minute - 1 < one[0] <= minute]
        messages += [strikes(*now), clock(minute)] if now else [clock(minute)]
    events = run(beach(), *messages)
    assert levels(events) == [
        "raised advisory @3",
        "escalated watch @6",
        "escalated warning @9",
        "escalated emergency @11",
        "eased warning @44",
        "eased watch @47",
        "cleared watch @50",
    ]
    assert len({event.data.alert_id for event in events}) == 1
    assert alarms_of(events, "beach", "warning") == [Alarm(T0 + 9 * MINUTE, T0 + 47 * MINUTE)]
    assert "sét cách 7,0 km về phía nam" in events[3].data.reason.vi
    assert "All clear" in events[-1].data.reason.en


def test_every_strike_in_the_ring_starts_the_clock_again() -> None:
    events = run(beach(), strikes((1, 9)), strikes((20, 9)), strikes((40, 9.9)), clock(71))
    assert levels(events) == ["raised warning @1", "cleared warning @70"]


def test_monitor_ends_after_a_quarter_of_an_hour() -> None:
    assert levels(run(beach(), strikes((1, 18)), clock(40))) == ["raised advisory @1", "cleared advisory @16"]


def test_a_strike_in_the_all_clear_ring_of_the_place_keeps_the_warning() -> None:
    given = (strikes((1, 9)), strikes((25, 15)), clock(90))
    assert levels(run(beach(), *given)) == ["raised warning @1", "eased watch @31", "cleared watch @55"]
    far = run(beach(lightning_all_clear_km=16), *given)
    assert levels(far) == ["raised warning @1", "cleared warning @55"]


def test_a_dwell_is_the_rules_of_the_site() -> None:
    own = {**ON[0], "off_delay_s": {"advisory": 600, "watch": 600, "warning": 600, "emergency": 600}}
    assert levels(run(beach(rules=[own]), strikes((1, 9)), clock(20)))[-1] == "cleared warning @11"


def test_without_data_the_clock_stands_still_and_nobody_is_told_all_clear() -> None:
    """Ten minutes after a strike the detectors are gone for two hours: 20 more minutes when they are back."""
    off = GatewayState(T0 + 11 * MINUTE, NETWORK, "offline")
    dark = [Tick(T0 + minute * MINUTE, 0, [BROKER], {}) for minute in range(12, 132, 5)]
    on = GatewayState(T0 + 131 * MINUTE, NETWORK, "online")
    light = [clock(minute) for minute in range(132, 160)]
    given: list[EngineMessage] = [strikes((1, 9)), clock(11), off, *dark, on, *light]
    events = run(beach(), *given)
    verbs = [line.split()[0] for line in told(events) if "beach" in line]
    assert verbs == ["raised", "blind", "sighted", "cleared"]
    end = float(levels(events)[-1].rsplit("@", 1)[1])
    assert 151 <= end <= 153
    assert "Không coi là an toàn" in next(e for e in events if e.data.blind).data.reason.vi


@pytest.mark.parametrize("says", [True, False])
def test_a_network_without_a_detector_at_work_sees_nothing_and_clears_nothing(*, says: bool) -> None:
    """It goes on reporting every minute that none of its detectors works, or says no more how many do."""
    place = beach()
    net = sensor("net.strike_detectors", 60.0, unit="1")
    station = msgspec.structs.replace(
        place.stations["beach"], id="net", area="site", gateway=NETWORK, attributes={}
    )
    place = msgspec.structs.replace(
        place,
        stations={**place.stations, "net": station},
        sensors={**place.sensors, net.id: net},
        gateways={
            **place.gateways,
            NETWORK: msgspec.structs.replace(place.gateways[NETWORK], stations=("net",)),
        },
    )

    def minute(at: int, detectors: float) -> list[EngineMessage]:
        return [Readings(batch([("net.strike_detectors", T0 + at * MINUTE, detectors)])), clock(at)]

    working = [one for at in (1, 2) for one in minute(at, 8)]
    blind = [one for at in range(3, 120) for one in (minute(at, 0) if says else [clock(at)])]
    again = [one for at in range(120, 160) for one in minute(at, 8)]
    events = [
        e for e in run(place, strikes((1, 9)), *working, *blind, *again) if e.data.hazard == "lightning"
    ]
    assert [line.split()[0] for line in told(events)] == ["raised", "blind", "sighted", "cleared"]
    assert float(levels(events)[-1].rsplit("@", 1)[1]) > 145


def test_a_strike_stamped_ahead_of_its_arrival_ends_nothing_early() -> None:
    ahead = StrikeBatch(
        [Source(NETWORK, "", 0, 0, 1, T0 + 28 * MINUTE, 1)],
        [Strike(source=NETWORK, time=T0 + 32 * MINUTE, lat=12.0, lon=107.1, type="cg")],
    )
    assert levels(run(beach(), strikes((1, 9)), clock(27), ahead)) == ["raised warning @1"]


def test_a_gateway_that_leaves_does_not_make_the_detectors_unheard() -> None:
    """Before it does, a tick that names no source brings the clocks."""
    last = Tick(T0 + 12 * MINUTE, 0, [], {NETWORK: T0 + 12 * MINUTE})
    events = run(beach(), strikes((1, 9)), clock(11), last, clock(13), clock(40))
    assert [line.split()[0] for line in told(events)] == ["raised", "cleared"]


def at_mill(number: int, minute: int, volts: float) -> Readings:
    """A minute of a mill, one reading a second."""
    begin = T0 + (minute - 1) * MINUTE
    return Readings(batch([(f"mill-{number}.electric_field", begin + s * SECOND, volts) for s in range(60)]))


def minutes(*volts: tuple[float, ...]) -> list[EngineMessage]:
    """Minute after minute, what each mill reads."""
    found: list[EngineMessage] = []
    for minute, of_mills in enumerate(volts, 1):
        found += [at_mill(number, minute, value) for number, value in enumerate(of_mills)]
        found.append(clock(minute, gw=minute))
    return found


def test_one_mill_is_a_watch_of_the_place_and_two_that_agree_warn_the_area() -> None:
    """A single mill may raise watch; warning needs a second mill or a strike (domain notes 3.1)."""
    alone = run(beach(mills=1), *minutes(*[(100.0,)] * 3, *[(3000.0,)] * 4))
    assert [line.split()[:2] for line in told(alone)] == [["raised", "watch"]]
    assert "Máy đo điện trường" in alone[0].data.reason.vi
    both = run(beach(mills=2), *minutes(*[(100.0, 100.0)] * 3, *[(3000.0, 2500.0)] * 4))
    area = next(event for event in both if event.data.rule == "field-mills")
    assert "2 máy đo cùng báo điện trường từ 2 kV/m (mill-0, mill-1)" in area.data.reason.vi
    assert {(e.data.rule, e.data.severity) for e in both} == {
        ("lightning", "watch"),
        ("field-mills", "warning"),
    }


def test_a_mill_and_a_strike_together_are_a_warning() -> None:
    given = minutes(*[(2500.0,)] * 4)
    events = run(beach(mills=1), *given, strikes((4, 18)))
    assert events[-1].data.severity == "warning"
    assert "Máy đo điện trường gần đó cũng báo" in events[-1].data.reason.vi


def test_a_cell_on_its_way_raises_the_phase_before_its_first_strike_in_the_rings() -> None:
    """Five strikes a minute from 45 km south at 60 km/h: 30 min and 15 min before the ring of 10 km."""
    messages: list[EngineMessage] = []
    for minute in range(1, 26):
        seen = [
            (minute - 1 + k / 5, 45 - (minute - 1 + k / 5) + math.sin(7 * k + minute)) for k in range(1, 6)
        ]
        messages += [strikes(*seen), clock(minute)]
    events = run(beach(), *messages)
    first = next(event for event in events if event.data.severity == "watch")
    assert "Ổ dông phía nam đang tới" in events[0].data.reason.vi + first.data.reason.vi
    assert first.data.time < min(
        (e.data.time for e in events if "sét cách" in e.data.reason.vi), default="9999"
    )


@pytest.mark.parametrize("cut", [1, 3, 7])
def test_wherever_the_messages_are_cut_the_events_are_the_same(cut: int) -> None:
    messages: list[EngineMessage] = []
    for minute in range(1, 70):
        now = [one for one in PASSING if minute - 1 < one[0] <= minute]
        messages += [strikes(*now), clock(minute)] if now else [clock(minute)]
    whole = run(beach(), *messages)
    site = beach()
    engine = Engine(site, rules_of(site), None, T0)
    parts: list[CloudEvent] = []
    for at in range(0, len(messages), cut):
        parts += engine.apply(messages[at : at + cut])
    assert [(e.id, e.data.reason) for e in parts] == [(e.id, e.data.reason) for e in whole]
