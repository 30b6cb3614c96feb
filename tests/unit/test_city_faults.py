"""Faults do what they say, to whom they are meant, and nothing else."""

from pathlib import Path

import numpy as np
import pytest

from services.observation.instants import SECOND, micros
from simulators.city.city import Rows, Simulation
from simulators.city.orders import parse
from simulators.city.place import read_site
from simulators.city.script import Chance, FaultAt, Script, ScriptError
from tests.support.world import write_site

START = micros("2026-03-10T08:00:00+07:00")
MINUTE = 60 * SECOND
LASTS = 60 * MINUTE
ALL = "g0-s0.water_level"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    levels = {"bd1": 1.0, "bd2": 1.3, "bd3": 1.6}
    return write_site(tmp_path, gateways=2, stations=2, attributes=levels)


def readings(folder: Path, *orders: str, chance: Chance | None = None) -> Simulation:
    faults = tuple(parse(order, START) for order in orders)
    return Simulation(read_site(folder), Script(chance=chance or Chance()), 1, START, faults)


def told(folder: Path, *orders: str) -> dict[str, list[tuple[float, float]]]:
    """Minutes after the start and value of each reading, by sensor, in the order sent."""
    simulation = readings(folder, *orders)
    rows = simulation.until(START + LASTS)
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in simulation.sensors.names}
    for time, sensor, value in zip(*(column.tolist() for column in rows), strict=True):
        found[simulation.sensors.names[sensor]].append(((time - START) / MINUTE, value))
    return found


def within(rows: list[tuple[float, float]], first: float, last: float) -> list[float]:
    return [value for at, value in rows if first <= at < last]


def test_a_gap_silences_its_sensor_for_its_time_and_no_other(folder: Path) -> None:
    clean, found = told(folder), told(folder, f"gap:{ALL}@10m+20m")
    assert found[ALL] == [row for row in clean[ALL] if not 10 <= row[0] < 30]
    assert {name: rows for name, rows in found.items() if name != ALL} == {
        name: rows for name, rows in clean.items() if name != ALL
    }


def test_stuck_repeats_the_first_value_and_lets_go(folder: Path) -> None:
    clean, found = told(folder)[ALL], told(folder, f"stuck:{ALL}@10m+20m")[ALL]
    assert len(found) == len(clean)
    assert set(within(found, 10, 30)) == {within(clean, 10, 30)[0]}
    assert within(found, 30, 60) == within(clean, 30, 60)


def test_a_spike_is_one_reading_unless_told_otherwise(folder: Path) -> None:
    clean, found = told(folder)[ALL], told(folder, f"spike:{ALL}@10m=0.5")[ALL]
    leaps = [(a, b) for a, b in zip(clean, found, strict=True) if a != b]
    assert len(leaps) == 1
    assert leaps[0][1][1] - leaps[0][0][1] == pytest.approx(0.5)
    assert sum(a != b for a, b in zip(clean, told(folder, f"spike:{ALL}@10m+5m")[ALL], strict=True)) == 5


def test_a_drift_grows_to_its_amount(folder: Path) -> None:
    clean, found = told(folder)[ALL], told(folder, f"drift:{ALL}@0m+60m=0.6")[ALL]
    off = [b[1] - a[1] for a, b in zip(clean, found, strict=True)]
    assert off == pytest.approx([0.6 * at / 60 for at, _ in clean], abs=1e-6)


def test_a_vandalised_sensor_speaks_nonsense_three_times_and_falls_silent(folder: Path) -> None:
    found = told(folder, f"vandal:{ALL}@10m+30m")[ALL]
    assert len(within(found, 10, 40)) == 3
    assert min(within(found, 10, 40)) > 100
    assert max(within(found, 40, 60)) < 5


def test_duplicates_are_the_same_readings_again(folder: Path) -> None:
    clean, found = told(folder), told(folder, "duplicate:gw-0@10m+20m")
    for name in ("g0-s0.water_level", "g0-s1.water_level"):
        twice = [row for row in clean[name] for _ in range(2 if 10 <= row[0] < 30 else 1)]
        assert found[name] == twice
    assert found["g1-s0.water_level"] == clean["g1-s0.water_level"]


def test_a_late_burst_brings_everything_at_once_after_its_time(folder: Path) -> None:
    clean, found = told(folder), told(folder, "late:gw-0@10m+20m")
    name = "g0-s0.water_level"
    assert sorted(found[name]) == clean[name]
    simulation = readings(folder, "late:gw-0@10m+20m")
    of_gateway = [simulation.sensors.row[f"g0-s{n}.water_level"] for n in range(2)]
    before = simulation.until(START + 30 * MINUTE)
    assert not np.isin(before.sensor[before.time >= START + 10 * MINUTE], of_gateway).any()
    burst = simulation.until(START + 31 * MINUTE)
    held = burst.time < START + 30 * MINUTE
    assert held.sum() == 40
    assert (np.diff(burst.time[held]) >= 0).all()


def test_a_dead_gateway_sends_nothing_and_is_known_to_be_off(folder: Path) -> None:
    found = told(folder, "dead:gw-0@10m+20m")
    assert within(found["g0-s1.water_level"], 10, 30) == []
    assert len(within(found["g1-s1.water_level"], 10, 30)) == 20
    faults = readings(folder, "dead:gw-0@10m+20m").faults
    assert [faults.dead(START + minute * MINUTE) for minute in (9, 10, 29, 30)] == [
        set(),
        {"gw-0"},
        {"gw-0"},
        set(),
    ]


def test_a_wrong_clock_shifts_the_times_and_leaves_the_values(folder: Path) -> None:
    clean, found = told(folder), told(folder, "skew:g0-s0@10m+20m=-600")
    shifted = [(at - 10 if 10 <= at < 30 else at, value) for at, value in clean[ALL]]
    assert [at for at, _ in found[ALL]] == pytest.approx([at for at, _ in shifted])
    assert [value for _, value in found[ALL]] == [value for _, value in shifted]


def test_two_faults_at_once_both_count(folder: Path) -> None:
    clean, found = told(folder), told(folder, f"spike:{ALL}@5m+1m=1", "skew:gw-0@0m+60m=60")
    five = next(value for at, value in clean[ALL] if 5 <= at < 6)
    assert [value for at, value in found[ALL] if 6 <= at < 7] == [pytest.approx(five + 1)]


def test_faults_by_chance_are_as_many_as_asked_for_and_the_same_for_a_seed(folder: Path) -> None:
    day = 12 * 60 * MINUTE
    clean = readings(folder).until(START + day)
    found = [readings(folder, chance=Chance(gap=8.0)).until(START + day) for _ in range(2)]
    missing = 1 - len(found[0].time) / len(clean.time)
    assert 0.04 < missing < 0.35  # eight gaps of half an hour a day are a sixth of it
    for a, b in zip(*found, strict=True):
        assert (a == b).all()


def test_faults_are_the_same_however_the_time_is_cut(folder: Path) -> None:
    orders = ("late:gw-0@10m+20m", f"stuck:{ALL}@25m+20m", "duplicate:gw-1@3m+7m", "skew:g1-s1@20m+5m")
    whole = readings(folder, *orders).until(START + LASTS)
    simulation = readings(folder, *orders)
    parts = [simulation.until(START + at * MINUTE) for at in (9, 10, 26, 30, 31, 60)]
    for name, columns in zip(Rows._fields, zip(*parts, strict=True), strict=True):
        assert (np.concatenate(columns) == getattr(whole, name)).all(), name


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("gap:g0-s0", FaultAt(kind="gap", target="g0-s0")),
        ("dead:gw-0@90s", FaultAt(kind="dead", target="gw-0", minute=1.5)),
        ("late:gw-0@2h+10m", FaultAt(kind="late", target="gw-0", minute=120.0, minutes=10.0)),
        ("stuck:x@2026-03-10T08:30:00+07:00", FaultAt(kind="stuck", target="x", minute=30.0)),
        (
            "drift:x@2026-03-10T01:30:00Z+1d=2.5",
            FaultAt(kind="drift", target="x", minute=30.0, minutes=1440.0, amount=2.5),
        ),
    ],
)
def test_a_fault_can_be_ordered_in_a_word(text: str, fault: FaultAt) -> None:
    assert parse(text, START) == fault


@pytest.mark.parametrize("text", ["gap", "storm:g0-s0", "gap:x@soon", "gap:x@5m=much", ""])
def test_an_order_that_is_not_understood_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(ScriptError, match="--fault"):
        parse(text, START)


def test_a_fault_of_nobody_is_refused_by_name(folder: Path) -> None:
    with pytest.raises(ScriptError, match="atlantis"):
        readings(folder, "gap:atlantis")
    with pytest.raises(ScriptError, match="no gateway"):
        readings(folder, "dead:g0-s0")
