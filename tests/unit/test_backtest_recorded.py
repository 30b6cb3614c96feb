"""Recordings on their way to the engine: CSV and MQTT messages, units, order, ticks, what is left out."""

import json
from pathlib import Path

import pytest
from msgspec import structs

from services.alerts.scoring.score import Happened
from services.cli.backtest import judge, judge_bare
from services.cli.backtest.recorded import read
from services.observation.event import CloudEvent
from services.observation.instants import iso
from services.observation.quantity import PROPERTIES
from services.observation.site import Site
from tests.support.engine_world import MINUTE, T0, city, sensor, told, without_detection

A, B = "a.water_level", "b.water_level"
LEVEL = {"id": "level", "hazard": "flood", "property": "water_level", "advisory": 1.0}
SILENT = {"id": "sensor-silent", "hazard": "system", "kind": "silent", "severity": "advisory"}
ROWS = [(A, at * 10, 0.5 + at % 7) for at in range(40) if not 20 <= at < 25] + [
    (B, at * 10, 0.1) for at in range(41)
]


def site() -> Site:
    return city([sensor(A), sensor(B), sensor("c.water_level")], [LEVEL, SILENT])


def csv(
    folder: Path, rows: list[tuple[str, int, float]], unit: str | None = None, factor: float = 1.0
) -> Path:
    file = folder / "rows.csv"
    lines = [
        f"{iso(T0 + at * MINUTE)},{name},{value * factor!r}{f',{unit}' if unit else ''}"
        for name, at, value in rows
    ]
    file.write_text(
        "\n".join([f"time,sensor,value{',unit' if unit else ''}", *lines]) + "\n", encoding="utf-8"
    )
    return file


def messages(folder: Path, rows: list[tuple[str, int, float]], delay: int = 0) -> Path:
    file = folder / "messages.jsonl"
    lines = []
    for name, at, value in sorted(rows, key=lambda row: row[1]):
        seconds = (T0 + at * MINUTE) / 1e6
        pack = [{"n": name, "t": seconds, "v": value, "u": "m"}]
        topic = "haidang/v1/city/gw/readings"
        lines.append(json.dumps({"t": seconds + delay, "topic": topic, "payload": json.dumps(pack)}))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


def events(file: Path, *, everyone: bool = False) -> list[CloudEvent]:
    return judge(site(), read([file], site(), {}), None, everyone=everyone).events


def test_readings_of_a_csv_are_judged_in_order_of_time_wherever_they_stand(tmp_path: Path) -> None:
    expected = events(csv(tmp_path, ROWS))
    assert f"raised advisory {A} @10" in told(expected)
    silence = [line for line in told(expected) if line.endswith(("@220", "@250"))]
    assert f"raised advisory {A} @220" in silence
    assert events(csv(tmp_path, ROWS[::-1])) == expected
    assert events(csv(tmp_path, sorted(ROWS, key=lambda row: row[1]))) == expected


def test_mqtt_messages_give_the_events_of_the_csv(tmp_path: Path) -> None:
    expected = without_detection(events(csv(tmp_path, ROWS)))
    assert without_detection(events(messages(tmp_path, ROWS))) == expected
    assert without_detection(events(messages(tmp_path, ROWS, delay=30))) == expected


def test_units_are_converted_at_the_door_and_unknown_ones_are_told(tmp_path: Path) -> None:
    assert told(events(csv(tmp_path, ROWS, "mm", 1000.0))) == told(events(csv(tmp_path, ROWS)))
    found = read([csv(tmp_path, ROWS, "Cel")], site(), {})
    assert len(found) == 0
    assert sum(found.unused.values()) == len(ROWS)


def test_sensors_the_recordings_do_not_name_are_left_out_unless_asked_for(tmp_path: Path) -> None:
    file = csv(tmp_path, ROWS)
    assert not [line for line in told(events(file)) if "c.water_level" in line]
    assert [line for line in told(events(file, everyone=True)) if "c.water_level" in line] == [
        "raised advisory c.water_level @30"
    ]


def test_an_empty_recording_has_no_events(tmp_path: Path) -> None:
    assert events(csv(tmp_path, [])) == []


def test_bare_thresholds_are_told_beside_ours(tmp_path: Path) -> None:
    found = read([csv(tmp_path, ROWS)], site(), {})
    # Below its level in one reading of seven; one of these fell into the gap.
    truth = [Happened(T0 + 10 * MINUTE, T0 + 60 * MINUTE, "city", "flood", "advisory")]
    bare = judge_bare(site(), found, truth)
    assert bare.alerts == 5
    assert bare.scores["flood"]["advisory"].hits == 1


def gauges(folder: Path, *third: float) -> list[CloudEvent]:
    """Five gauges side by side; four stay at 0.5 m, the third says this."""
    names = [f"s{at}.water_level" for at in range(5)]
    rows = [
        (name, at * 10, third[at] if nth == 2 else 0.5)
        for at in range(len(third))
        for nth, name in enumerate(names)
    ]
    site = city([sensor(name) for name in names], [LEVEL])
    return judge(site, read([csv(folder, rows)], site, {}), None, everyone=False).events


def one_gauge(folder: Path, *values: float) -> list[CloudEvent]:
    """One gauge of the default limits, every five minutes from 0.5 m on."""
    limits = PROPERTIES["water_level"]
    declared = structs.replace(
        sensor(A, 300), fail_min=limits.fail_min, fail_max=limits.fail_max, rate_per_s=limits.rate_per_s
    )
    site = city([declared], [LEVEL | {"emergency": 4.0}])
    rows = [(A, at * 5, value) for at, value in enumerate((0.5, 0.5, *values))]
    return judge(site, read([csv(folder, rows)], site, {}), None, everyone=False).events


@pytest.mark.parametrize("absurd", [9999.0, -9999.0, 1e12])
def test_a_level_no_water_can_have_raises_nothing_without_a_limit_of_the_site(
    tmp_path: Path, absurd: float
) -> None:
    """No neighbour stands by, and the site says nothing: codes of error are known by themselves."""
    assert not [e for e in one_gauge(tmp_path, absurd, 0.5, 0.5, 0.5) if e.data.rule == "level"]
    assert not [e for e in one_gauge(tmp_path, absurd) if e.data.rule == "level"]


def test_a_gauge_without_neighbours_and_limits_is_believed_at_once(tmp_path: Path) -> None:
    """Who tries a rule by hand sends in seconds what a river takes hours for: the alert must come."""
    assert told(one_gauge(tmp_path, 4.5)) == [f"raised emergency {A} @10"]


def test_a_lone_leap_raises_nothing_and_one_that_stays_is_told_one_reading_later(tmp_path: Path) -> None:
    assert gauges(tmp_path, 0.5, 0.5, 1.5, 0.5, 0.5) == []
    found = gauges(tmp_path, 0.5, 0.5, 1.5, 1.5, 1.5)
    assert told(found) == ["raised advisory s2.water_level @30"]
    assert found[0].data.flag == 3
