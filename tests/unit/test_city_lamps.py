"""Lamps do what their controllers hold, once somebody commands them; flashes have strokes."""

from collections import defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest

from services.observation import command as nouns
from services.observation.command import Command, Override
from services.observation.instants import SECOND, micros
from services.observation.site import Site
from simulators.agents import Target
from simulators.city import cells, strikes
from simulators.city.city import Simulation
from simulators.city.place import read_site
from simulators.city.script import Script, Shower
from simulators.controllers import Controllers
from simulators.publisher import Publisher

SITE = Path(__file__).resolve().parents[2] / "sites" / "vung-tau"
NIGHT, DAY = micros("2026-07-10T20:00:00+07:00"), micros("2026-07-10T12:00:00+07:00")
LAMP, HOUR = "vt-lamp-003", 3600 * SECOND


@cache
def site() -> Site:
    return read_site(SITE)


def told(start: int, levels: dict[str, float], *, by_day: bool = False) -> dict[str, float]:
    """What a lamp measures after half an hour under a command: the last value of each property."""
    simulation = Simulation(site(), Script(), 1, start)
    simulation.command(levels, by_day=by_day)
    rows = simulation.until(start + HOUR // 2)
    found = {}
    for name in ("dimming", "active_power", "lamp_state", "power_factor"):
        mine = rows.sensor == simulation.sensors.row[f"{LAMP}.{name}"]
        found[name] = float(rows.value[mine][-1])
    return found


def test_a_commanded_lamp_measures_what_it_was_told() -> None:
    before, after = told(NIGHT, {}), told(NIGHT, {LAMP: 40.0})
    assert (before["dimming"], after["dimming"]) == (100, 40)
    assert abs(after["active_power"] - 0.4 * 120) < 5
    assert after["power_factor"] < before["power_factor"] - 0.1
    off = told(NIGHT, {LAMP: 0.0})
    assert (off["dimming"], off["lamp_state"]) == (0, 0)
    assert off["active_power"] < 2


def test_an_order_of_another_hour_lights_no_lamp_by_day_and_one_of_the_present_does() -> None:
    assert told(DAY, {LAMP: 100.0})["active_power"] < 2
    assert told(DAY, {LAMP: 60.0}, by_day=True)["dimming"] == 60


def test_energy_and_burning_hours_follow_the_command() -> None:
    lit = []
    for level in (100.0, 0.0):
        simulation = Simulation(site(), Script(), 1, NIGHT)
        simulation.command({LAMP: level}, by_day=False)
        rows = simulation.until(NIGHT + 2 * HOUR)
        mine = rows.sensor == simulation.sensors.row[f"{LAMP}.burning_hours"]
        lit.append(float(np.ptp(rows.value[mine])))
    assert lit[0] > 0.9
    assert lit[1] < 0.1


def an_order(level: float | None, *, brighten: bool = False, ordered: int = 0) -> bytes:
    body = Override(ordered=ordered, level=level, start=0, until=10 * HOUR, brighten=brighten)
    made = Command(
        id=f"o{level}-{brighten}",
        kind="override",
        targets=[LAMP],
        issued_at=0,
        expires_at=HOUR,
        body=msgspec.to_builtins(body),
    )
    return nouns.encode(made)


def test_what_changes_the_programme_is_held_only_while_it_is_in_force() -> None:
    controllers = Controllers({"gw": [LAMP, "other"]})
    assert controllers.held(0, programme=False) == {}
    controllers.hear("gw", an_order(60.0), 0)
    assert controllers.held(HOUR, programme=False) == {LAMP: 60.0}
    assert controllers.held(10 * HOUR, programme=False) == {}
    controllers.hear("gw", an_order(90.0, brighten=True, ordered=5), 0)
    assert controllers.held(HOUR, programme=False) == {LAMP: 60.0}  # a person's word stands
    controllers = Controllers({"gw": [LAMP]})
    controllers.hear("gw", an_order(90.0, brighten=True), 0)
    assert controllers.held(HOUR, programme=False) == {LAMP: 90.0}


def test_a_flash_to_ground_has_strokes_close_in_time_and_place() -> None:
    cell = cells.told(Shower(minute=30, over="x", peak_mm_h=120, minutes=60), 0, DAY / SECOND, 107.1, 10.4)
    ground = [one for one in strikes.within(1, [cell], cell.born, cell.ends) if one.type == "cg"]
    flashes: dict[int, list[strikes.Strike]] = defaultdict(list)
    number = 0
    for before, after in pairwise(ground):
        near = abs(after.lat - before.lat) < 0.03 and abs(after.lon - before.lon) < 0.03
        number += not (after.time - before.time < 0.4 * SECOND and near)
        flashes[number].append(after)
    counts = [len(some) for some in flashes.values()]
    assert 1.4 < np.mean(counts) < 3.5
    pauses = [b.time - a.time for some in flashes.values() for a, b in pairwise(some)]
    assert 0.03 < np.median(pauses) / SECOND < 0.15


@pytest.mark.parametrize(("ahead_s", "by_day"), [(10.0, True), (36_000.0, False)])
def test_a_publisher_lets_orders_act_by_day_only_at_the_present(ahead_s: float, by_day: bool) -> None:  # noqa: FBT001
    simulation = Simulation(site(), Script(), 1, DAY)
    now = DAY / SECOND + ahead_s
    publisher = Publisher(simulation, Target("127.0.0.1", 1), wall=lambda: now)
    publisher._send_readings = lambda rows: None  # type: ignore[method-assign]
    publisher._send_strikes = lambda strikes: None  # type: ignore[method-assign]
    assert publisher.commanded is not None
    gateway = site().stations[LAMP].gateway or ""
    body = Override(ordered=0, level=60.0, start=0, until=2**60)
    order = Command(
        id="o",
        kind="override",
        targets=[LAMP],
        issued_at=0,
        expires_at=2**60,
        body=msgspec.to_builtins(body),
    )
    publisher.commanded.controllers.hear(gateway, nouns.encode(order), 0)
    publisher._send(DAY + SECOND)
    told_now = simulation.city.told
    assert told_now.level == {simulation.stations.row[LAMP]: 60.0}
    assert told_now.by_day is by_day
