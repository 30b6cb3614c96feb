"""Strikes in a backtest: checked as by ingest, minute by minute, with ticks while something waits."""

import json
from pathlib import Path

import pytest
from msgspec import structs

from services.alerts.engine import Readings
from services.cli.backtest import judging
from services.cli.backtest.recorded import Recorded, read
from services.cli.backtest.steps import Plan, messages
from services.observation.instants import iso, micros
from services.observation.messages import StrikeBatch, Tick
from services.observation.site import Site, SourceDecl
from tests.support.engine_world import MINUTE, T0, city, sensor, without_detection

A = "a.water_level"


def site() -> Site:
    return structs.replace(city([sensor(A)]), sources=(SourceDecl("net", gateway="gw"),))


def strikes(folder: Path, *minutes: float, source: str = "net", lat: float = 10.3) -> Path:
    file = folder / "strikes.csv"
    rows = [f"{iso(T0 + round(at * MINUTE))},{source},{lat},107.1" for at in minutes]
    file.write_text("\n".join(["time,source,lat,lon", *rows]) + "\n", encoding="utf-8")
    return file


def readings(folder: Path, *minutes: int) -> Path:
    file = folder / "rows.csv"
    rows = [f"{iso(T0 + at * MINUTE)},{A},0.5" for at in minutes]
    file.write_text("\n".join(["time,sensor,value", *rows]) + "\n", encoding="utf-8")
    return file


def order(recorded: Recorded, hold_s: float = 120.0) -> list[str]:
    """What the engine is given, in order: r at a minute, s with so many strikes, t at a minute."""
    found = []
    plan = Plan(together=False, hold_s=hold_s, whole=True)
    for step in messages(recorded, site(), {}, plan, lambda _: None):
        for one in step:
            if isinstance(one, Readings):
                found.append(f"r{(int(one.batch.time[-1]) - T0) // MINUTE}")
            elif isinstance(one, StrikeBatch):
                found.append(f"s{len(one.strikes)}")
            elif isinstance(one, Tick):
                found.append(f"t{(one.t - T0) // MINUTE}")
    return found


def test_strikes_come_with_their_minute_between_the_readings(tmp_path: Path) -> None:
    found = read([readings(tmp_path, 0, 2, 9), strikes(tmp_path, 1.5, 1.7, 3.2)], site(), {})
    assert order(found) == ["r2", "s2", "t2", "t3", "s1", "t4", "t5", "t6", "r9", "t9"]


def test_after_the_last_strike_minutes_go_on_for_as_long_as_something_may_wait(tmp_path: Path) -> None:
    found = read([strikes(tmp_path, 0.5)], site(), {})
    assert order(found, 180.0) == ["s1", "t1", "t2", "t3", "t4"]


def test_a_quiet_month_between_two_storms_has_no_ticks(tmp_path: Path) -> None:
    found = read([strikes(tmp_path, 1, 40_000)], site(), {})
    assert order(found) == ["s1", "t1", "t2", "t3", "s1", "t40000", "t40001", "t40002"]


def test_a_tick_of_a_storm_moves_the_clock_of_the_network(tmp_path: Path) -> None:
    found = read([strikes(tmp_path, 1)], site(), {})
    ticks = [
        one
        for step in messages(found, site(), {}, Plan(together=False), lambda _: None)
        for one in step
        if isinstance(one, Tick)
    ]
    assert ticks[0].clocks == {"net": T0 + MINUTE, "gw": T0 + MINUTE}
    assert "net" in ticks[0].sources


def test_strikes_of_nobody_and_off_the_globe_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read([strikes(tmp_path, 1, 2, source="stranger")], site(), {})
    assert (found.strikes, list(found.unused.values())) == ([], [2])
    found = read([strikes(tmp_path, 1, lat=95.0)], site(), {})
    assert (found.strikes, list(found.unused.values())) == ([], [1])


def test_strikes_of_messages_are_those_of_the_table(tmp_path: Path) -> None:
    table = [one.strike for one in read([strikes(tmp_path, 1, 2)], site(), {}).strikes]
    file = tmp_path / "messages.jsonl"
    packs = [{"t": one.time / 1e6, "lat": one.lat, "lon": one.lon} for one in table]
    lines = [
        json.dumps({"t": pack["t"], "topic": "haidang/v1/city/gw/strikes", "payload": json.dumps([pack])})
        for pack in packs
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    found = read([file], site(), {})
    assert [(one.strike.time, one.strike.lat) for one in found.strikes] == [
        (one.time, one.lat) for one in table
    ]
    assert {one.strike.source for one in found.strikes} == {"gw"}


def test_mills_and_strikes_apart_from_the_other_readings_tell_what_all_in_order_tell(tmp_path: Path) -> None:
    """The quick cut against the exact one: an hour of a storm, a mill that speaks up, a river beside it."""
    mill = sensor("p.electric_field", 10, unit="V/m")
    place = structs.replace(
        city([sensor(A), mill], bare=False, attributes={"p": {"lightning_place": 1.0}, "a": {"bd1": 0.4}}),
        sources=(SourceDecl("net", gateway="gw"),),
    )
    lines = [f"{iso(T0 + at * MINUTE)},{A},{0.3 + at % 30 / 60}" for at in range(0, 180, 10)]
    lines += [
        f"{iso(T0 + at * MINUTE // 6)},p.electric_field,{-3000 if 600 <= at < 720 else 90}"
        for at in range(1080)
    ]
    rows = tmp_path / "rows.csv"
    rows.write_text("\n".join(["time,sensor,value", *lines]) + "\n", encoding="utf-8")
    recorded = read([rows, strikes(tmp_path, 20, 21.5, 22)], place, {})
    found = []
    for whole in (False, True):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(judging, "_with_strikes", lambda _, whole=whole: whole)
            found.append(judging.judge(place, recorded, None, everyone=False).events)
    assert without_detection(found[0]) == without_detection(found[1])
    assert {"flood", "lightning"} <= {event.data.hazard for event in found[0]}
    by_mill = [
        event
        for event in found[0]
        if event.data.rule == "lightning" and micros(event.time) > T0 + 99 * MINUTE
    ]
    assert by_mill  # long after the last strike


@pytest.mark.parametrize("gateway", ["gw", None])
def test_what_a_network_tells_of_itself_hides_none_of_its_strikes(
    tmp_path: Path, gateway: str | None
) -> None:
    """Its detectors report beside the strikes, hours on; source and gateway may bear one name."""
    heartbeat = sensor("p.strike_detectors", 60, unit="1")
    name = "net" if gateway else "gw"
    place = structs.replace(
        city([sensor(A), heartbeat], bare=False, attributes={"p": {"lightning_place": 1.0}}),
        sources=(SourceDecl(name, gateway=gateway),),
    )
    lines = [f"{iso(T0 + at * MINUTE)},p.strike_detectors,8" for at in range(600)]
    rows = tmp_path / "rows.csv"
    rows.write_text("\n".join(["time,sensor,value", *lines]) + "\n", encoding="utf-8")
    recorded = read([rows, strikes(tmp_path, 20, 21.5, 22, source=name)], place, {})
    told = judging.judge(place, recorded, None, everyone=False).events
    verbs = [event.type.split(".")[3] for event in told if event.data.hazard == "lightning"]
    assert verbs[0] == "raised"
    assert verbs[-1] == "cleared"
