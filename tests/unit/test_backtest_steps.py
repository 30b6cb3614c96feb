"""How a recording is cut into steps tells nothing: long ones give the events of a tick each minute."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.cli.backtest import judge, steps
from services.cli.backtest.recorded import read
from services.observation.event import CloudEvent
from services.observation.instants import iso
from services.observation.site import Site
from tests.support.engine_world import MINUTE, T0, city, sensor, told, without_detection

NAMES = [f"s{at}.water_level" for at in range(5)]
LEVEL = {"id": "level", "hazard": "flood", "property": "water_level", "advisory": 2.0, "on_delay_s": 1200}
SILENT = {"id": "sensor-silent", "hazard": "system", "kind": "silent", "severity": "advisory"}
TWO = {"id": "two", "kind": "k_of_n", "hazard": "flood", "property": "water_level", "advisory": 1.0, "k": 2}


def site() -> Site:
    of = {"s0": "gw", "s1": "gw", "s2": "gw", "s3": "other", "s4": "other"}
    return city([sensor(name) for name in NAMES], [LEVEL, SILENT, TWO], gateways=of, reporting_s=900)


def events(file: Path) -> list[CloudEvent]:
    return judge(site(), read([file], site(), {}), None, everyone=False).events


def recording(folder: Path, rows: list[tuple[int, int, float]]) -> Path:
    file = folder / "rows.csv"
    lines = [
        f"{iso(T0 + at * MINUTE)},{NAMES[name]},{value}"
        for name, at, value in sorted(set(rows), key=lambda r: r[1])
    ]
    file.write_text("\n".join(["time,sensor,value", *lines]) + "\n", encoding="utf-8")
    return file


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.integers(0, 40).map(lambda n: n * 5), st.sampled_from([0.0, 1.0, 1.5, 2.5])
        ),
        max_size=60,
    )
)
def test_long_steps_give_the_events_of_a_tick_each_minute(
    tmp_path: Path, rows: list[tuple[int, int, float]]
) -> None:
    file = recording(tmp_path, rows)
    long = without_detection(events(file))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(steps, "CHUNK", 0)
        patch.setattr(steps, "PER_SENSOR", 0)
        assert without_detection(events(file)) == long


def test_who_fell_silent_within_a_step_helps_no_longer_to_raise(tmp_path: Path) -> None:
    told_once = [(0, 0, 1.5), (1, 0, 0.5)]
    goes_on = [(1, at, 0.5) for at in range(10, 100, 10)]
    file = recording(tmp_path, [*told_once, *goes_on, (1, 100, 1.5)])
    assert not [line for line in told(events(file)) if "raised advisory city" in line]
    file = recording(tmp_path, [*told_once, *goes_on[:2], (1, 25, 1.5)])
    assert [line for line in told(events(file)) if "raised advisory city" in line]
