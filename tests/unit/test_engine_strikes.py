"""Lightning strikes: rungs that hold for a while after each, steps of their clock, and deafness."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.alerts.engine import Engine, EngineMessage, SiteChange
from services.alerts.reach import never_met
from services.observation.messages import GatewayState
from services.observation.site import Site, SourceDecl
from tests.support.derivations import STRIKES, only
from tests.support.engine_world import (
    MINUTE,
    SECOND,
    T0,
    city,
    engine_of,
    play,
    readings,
    rules_of,
    sensor,
    strike,
    strikes,
    tick,
    told,
)

NEAR: dict[str, Any] = {
    "id": "near",
    "hazard": "flood",
    "property": "strike_far",
    "direction": "down",
    "watch": 16,
    "warning": 10,
    "hysteresis": 2,
    "off_delay_s": 1800,
}
MANY: dict[str, Any] = {
    "id": "many",
    "hazard": "flood",
    "property": "strike_count",
    "advisory": 3,
    "off_delay_s": 120,
}
NET = SourceDecl("net", gateway="net")
WHO = "p.strike_far"


@pytest.fixture(autouse=True)
def _strikes() -> Iterator[None]:
    with only((), STRIKES):
        yield


def place(
    *rules: dict[str, Any],
    sources: Sequence[SourceDecl] = (NET,),
    more: Sequence[str] = (),
    version: str = "v1",
) -> Site:
    """A place that is guarded, in a city with a gauge."""
    names = ["p", *more]
    return city(
        [sensor("n.water_level", 600)],
        rules,
        places=names,
        gateways={"n": "net"},
        areas={"q": "other", "r": "site"},
        attributes={name: {"guard": 1.0} for name in names},
        sources=sources,
        version=version,
    )


def minutes(start: int, end: int, **more: Any) -> list[EngineMessage]:
    """Ticks of each minute; the network is there."""
    return [tick(T0 + at * MINUTE, {"net": T0 + at * MINUTE}, 0, **more) for at in range(start, end + 1)]


def test_a_strike_raises_at_once_and_each_further_one_starts_the_clock_of_the_all_clear_again() -> None:
    said = play(
        place(NEAR),
        strikes(strike(T0, 15), strike(T0 + MINUTE, 8)),
        *minutes(1, 20),
        strikes(strike(T0 + 20 * MINUTE, 11)),
        *minutes(20, 60),
    )
    # The strike at 11 keeps the warning, by the hysteresis.
    assert said == [
        f"raised watch {WHO} @0",
        f"escalated warning {WHO} @1",
        f"cleared warning {WHO} @50",
    ]


def test_rungs_end_one_after_the_other_by_their_own_clocks() -> None:
    said = play(
        place({**NEAR, "off_delay_s": {"watch": 1800, "warning": 600}}),
        strikes(strike(T0, 5)),
        strikes(strike(T0 + 5 * MINUTE, 15)),
        *minutes(6, 60),
    )
    assert said == [f"raised warning {WHO} @0", f"eased watch {WHO} @10", f"cleared watch {WHO} @35"]


def test_when_it_ends_does_not_depend_on_where_ticks_fall() -> None:
    start = strikes(strike(T0, 5))
    assert play(place(NEAR), start, *minutes(1, 40)) == play(place(NEAR), start, *minutes(38, 40))


def test_strikes_far_away_matter_to_nobody_and_their_event_says_what_made_it() -> None:
    engine = engine_of(place(NEAR))
    assert engine.apply([strikes(strike(T0, 50))]) == []
    (event,) = engine.apply([strikes(strike(T0 + SECOND, 12))])
    assert (event.data.value, event.data.threshold, event.data.station) == (12.0, 16.0, "p")
    assert set(engine.take_derived().sensors) == {WHO, "p.strike_count"}


@pytest.mark.parametrize("how", ["gateway", "broker"])
def test_the_clock_of_the_all_clear_stands_still_while_no_detector_is_heard(how: str) -> None:
    gone: list[EngineMessage] = [GatewayState(T0, "net", "offline")]
    back: list[EngineMessage] = [GatewayState(T0, "net", "online")]
    if how == "broker":
        gone, back = [tick(T0 + 11 * MINUTE, sources=[])], []
    said = play(
        place(NEAR),
        strikes(strike(T0, 5)),
        *minutes(1, 10),
        *gone,
        *[tick(T0 + at * MINUTE, {}, 0, sources=["other"]) for at in range(12, 60)],
        *back,
        *minutes(60, 90),
    )
    # Ten minutes of thirty had passed; from minute 60 on there are twenty left.
    assert said == [
        f"raised warning {WHO} @0",
        f"blind warning {WHO} @10",
        f"sighted warning {WHO} @10",
        f"cleared warning {WHO} @80",
    ]


def test_our_own_absence_counts_for_no_all_clear() -> None:
    said = play(
        place(NEAR),
        strikes(strike(T0, 5)),
        *minutes(1, 10),
        tick(T0, {}, 0, resumed=["broker"]),
        *minutes(60, 90),
    )
    assert said[-1] == f"cleared warning {WHO} @80"


def test_the_same_strike_again_is_one_strike_and_two_at_one_instant_are_two() -> None:
    site = place(MANY)
    twice = [strikes(strike(T0, 5, name="a")), strikes(strike(T0 + SECOND, 6, name="a"))]
    assert play(site, *twice, *twice, strikes(strike(T0, 5)), strikes(strike(T0, 5)), *minutes(1, 2)) == []
    both = strikes(strike(T0, 5), strike(T0, 5), strike(T0, 6), strike(T0 + 1, 5))
    assert play(site, both, *minutes(1, 1)) == ["raised advisory p.strike_count @1"]


def test_each_full_minute_looks_back_over_its_window_before_the_message_that_passes_it() -> None:
    three = [strike(T0 + at * SECOND, 30) for at in range(3)]
    later = strikes(strike(T0 + 90 * SECOND, 30))
    site = place(MANY)
    assert play(site, strikes(*three), later) == ["raised advisory p.strike_count @1"]
    # One that comes late counts from then on, and changes no minute that is over.
    assert play(site, strikes(*three[:2]), later, strikes(three[2]), *minutes(2, 2)) == [
        "raised advisory p.strike_count @2"
    ]
    # The window of ten minutes is over at minute 11, and two minutes later the alert.
    assert play(site, strikes(*three), *minutes(1, 20)) == [
        "raised advisory p.strike_count @1",
        "cleared advisory p.strike_count @12",
    ]


def test_a_strike_that_comes_late_raises_unless_it_would_be_over_by_now() -> None:
    site = place(NEAR)
    first = [strikes(strike(T0, 5)), *minutes(1, 30)]
    assert play(site, *first, strikes(strike(T0 + 29 * MINUTE, 5))) == [
        f"raised warning {WHO} @0",
        f"cleared warning {WHO} @30",
        f"raised warning {WHO} @30",
    ]
    short = place({**NEAR, "off_delay_s": 60})
    assert play(short, strikes(strike(T0 + 5 * MINUTE, 5)), *minutes(6, 9), strikes(strike(T0, 5))) == [
        f"raised warning {WHO} @5",
        f"cleared warning {WHO} @6",
    ]


def test_a_step_reads_what_is_held_of_a_sensor_near_by() -> None:
    site = place({**MANY, "advisory": 7})
    level = readings(("n.water_level", T0, 5.0))
    assert play(site, level, strikes(strike(T0, 30), strike(T0 + 1, 30)), *minutes(1, 1)) == [
        "raised advisory p.strike_count @1"
    ]


def test_without_a_declared_source_a_place_never_raises_and_the_check_says_so() -> None:
    site = place(NEAR, sources=())
    assert play(site, strikes(strike(T0, 5)), *minutes(1, 40)) == []
    (problem,) = never_met(site, rules_of(site))
    assert problem.level == "warning"
    assert "1 place" in problem.what.en
    assert never_met(place(NEAR), rules_of(place(NEAR))) == []


def test_a_closing_schedule_ends_what_a_strike_raised_and_outside_it_no_strike_raises() -> None:
    site = place({**NEAR, "schedule": {"from": "05:00", "to": "05:20"}})  # T0 is 05:14
    assert play(site, strikes(strike(T0, 5)), *minutes(1, 10), strikes(strike(T0 + 10 * MINUTE, 5))) == [
        f"raised warning {WHO} @0",
        f"cleared warning {WHO} @6",
    ]


def test_a_strike_rule_whose_last_day_is_over_says_so() -> None:
    midnight = T0 + 1126 * MINUTE  # T0 is 05:14 of 15 November
    site = place({**NEAR, "valid_to": "2023-11-15"})
    late = [tick(midnight + at * MINUTE, {"net": midnight + at * MINUTE}) for at in (-1, 2)]
    events = engine_of(site).apply([strikes(strike(midnight - 2 * MINUTE, 5)), *late])
    assert events[-1].data.reason.en == "The rule is no longer in force (valid_to)."


def story() -> list[EngineMessage]:
    """A storm that passes, with a gap in what is heard of it."""
    found: list[EngineMessage] = [readings(("n.water_level", T0, 1.0))]
    for at in range(12):
        some = [strike(T0 + at * MINUTE + part * 7 * SECOND, 4 + abs(at - 5) * 3 + part) for part in range(4)]
        found += [strikes(*some[:3]), strikes(*some[1:]), *minutes(at + 1, at + 1)]
    found += [GatewayState(T0, "net", "offline"), tick(T0, {}, 0), GatewayState(T0, "net", "online")]
    return [*found, *minutes(30, 80)]


def test_strikes_go_on_from_a_snapshot_at_any_message_and_partitions_tell_the_same() -> None:
    site = place(NEAR, MANY, more=["q", "r"])
    whole = engine_of(site).apply(story())
    assert len(whole) > 12
    for at in range(0, len(story()) + 1, 3):
        first = engine_of(site)
        events = first.apply(story()[:at])
        second = Engine.restore(site, rules_of(site), first.snapshot())
        assert second.snapshot() == first.snapshot()
        assert events + second.apply(story()[at:]) == whole
    split = [line for part in range(16) for line in told(engine_of(site, part).apply(story()))]
    assert sorted(split) == sorted(told(whole))


def test_a_site_change_keeps_what_is_remembered_and_ends_what_no_rule_says_any_more() -> None:
    engine = engine_of(place(NEAR, MANY))
    assert len(engine.apply([strikes(strike(T0, 15), strike(T0, 14), strike(T0, 13))])) == 1
    closer = place({**NEAR, "watch": 12, "warning": 10}, MANY, version="v2")
    said = told(engine.apply([SiteChange(closer, rules_of(closer), T0), *minutes(1, 1)]))
    assert said == [f"cleared watch {WHO} @0", "raised advisory p.strike_count @0"]
    assert engine.strikes_open
    engine.apply(minutes(2, 30))
    assert not engine.strikes_open


def said_of(storm: Sequence[tuple[int, float]], off: dict[str, int]) -> list[str]:
    """What NEAR tells of (seconds, distance) in ascending order, one strike and one rung at a time."""
    reach, order = {"watch": 16, "warning": 10}, ["", "watch", "warning"]
    kept: dict[str, int] = {}
    found: list[str] = []

    def level() -> int:
        return max((order.index(rung) for rung in kept), default=0)

    def say(before: int, t: int) -> None:
        now = level()
        if now != before:
            verb = (
                "cleared" if not now else "raised" if not before else "eased" if now < before else "escalated"
            )
            found.append(f"{verb} {order[now or before]} {WHO} @{t / 60:g}")

    def run_out(upto: int) -> None:
        while kept and (due := min(kept[rung] + off[rung] for rung in kept)) <= upto:
            before = level()
            for rung in [rung for rung in kept if kept[rung] + off[rung] == due]:
                del kept[rung]
            say(before, due)

    for t, far in storm:
        run_out(t - 1)
        before = level()
        for rung, limit in reach.items():
            if far <= (limit + 2 if rung in kept else limit):
                kept[rung] = t
        say(before, t)
    run_out(1 << 40)
    return found


_PAUSES = st.sampled_from([61, 301, 601, 1100, 1801, 2500])
_STORMS = st.lists(st.tuples(_PAUSES, st.sampled_from([3, 10, 11, 12, 13, 16, 17, 18, 19, 40])), max_size=12)


@settings(max_examples=80, deadline=None)
@given(_STORMS, st.sampled_from([600, 1800]), st.sampled_from([600, 1800]), st.booleans())
def test_any_storm_is_told_as_one_would_tell_it_strike_by_strike(
    pauses: list[tuple[int, int]],
    watch: int,
    warning: int,
    ticking: bool,  # noqa: FBT001  drawn
) -> None:
    with only((), STRIKES):
        site = place({**NEAR, "off_delay_s": {"watch": watch, "warning": warning}})
        t = 0
        storm: list[tuple[int, float]] = []
        for pause, far in pauses:
            t += pause
            storm.append((t, far))
        messages: list[EngineMessage] = []
        for at, distance in storm:
            if ticking:
                messages += [tick(T0 + at * SECOND - 1, {"net": T0 + at * SECOND - 1}, 0)]
            messages.append(strikes(strike(T0 + at * SECOND, distance)))
        end = T0 + (t + 4000) * SECOND
        assert play(site, *messages, tick(end, {"net": end}, 0)) == said_of(
            storm, {"watch": watch, "warning": warning}
        )
