"""Snapshots of earlier releases are read, and the engine goes on as that release would have."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from services.alerts.engine import Engine, EngineMessage
from services.alerts.snapshot import FORMAT, SnapshotError
from services.observation.site import Site
from tests.support.engine_world import MINUTE, T0, city, engine_of, readings, rules_of, sensor, tick, told

PREVIOUS = Path(__file__).parents[1] / "support" / "previous"
A, B, C, RISE = "a.water_level", "b.water_level", "c.water_level", "a.water_level_rate"
STEP = 10 * MINUTE


def site() -> Site:
    """Three gauges: one in flood, one that fails in the middle of it, one that falls silent."""
    rules: list[dict[str, Any]] = [
        {"id": "level", "hazard": "flood", "property": "water_level", "watch": 1.0, "on_delay_s": 1800},
        {"id": "rise", "hazard": "flood", "property": "water_level_rate", "watch": 0.3, "off_delay_s": 600},
        {
            "id": "rate",
            "kind": "rate",
            "hazard": "flood",
            "property": "water_level",
            "window_s": 3600,
            "advisory": 0.2,
            "on_delay_s": 1200,
        },
        {"id": "k", "kind": "k_of_n", "hazard": "flood", "property": "water_level", "watch": 1.0, "k": 2},
        {"id": "sensor-silent", "kind": "silent", "hazard": "system", "severity": "advisory"},
    ]
    return city([sensor(A), sensor(B), sensor(C)], rules, attributes={"a": {"bd1": 1.0}, "b": {"bd1": 0.5}})


def before() -> list[EngineMessage]:
    """Until minute 60."""
    rows: list[tuple[Any, ...]] = [(A, T0 + at * STEP, 0.6 + at * 0.1) for at in range(7)]
    rows += [(B, T0 + at * STEP, 0.6 + at * 0.2, 1 if at < 5 else 4) for at in range(7)]
    rows += [(C, T0 + at * STEP, 0.5) for at in range(3)]
    rows.sort(key=lambda row: row[1])
    return [readings(*rows), tick(T0 + 6 * STEP, {"gw": T0 + 6 * STEP})]


def after() -> list[EngineMessage]:
    """From minute 70 on."""
    rows = [(A, T0 + at * STEP, value) for at, value in enumerate([1.3, 1.3, 1.28, 1.2, 1.0, 0.4, 0.3], 7)]
    rows += [(B, T0 + at * STEP, 1.4) for at in range(7, 12)]
    rows += [(C, T0 + 9 * STEP, 0.5)]
    return [readings(*sorted(rows, key=lambda row: row[1]))]


@pytest.mark.parametrize("number", [1, 2])
def test_a_snapshot_of_an_earlier_format_is_gone_on_from(number: int) -> None:
    """Release 0.1.0 (commit 397205a) and commit 529dd6b wrote the files, and told what stands here then.

    file.write_bytes((engine := engine_of(site()), engine.apply(before()))[0].snapshot())
    """
    data = (PREVIOUS / f"engine-{number}.msgpack").read_bytes()
    engine = Engine.restore(site(), rules_of(site()), data)
    assert sorted(told(engine.apply(after()))) == TOLD.split("\n")[1:-1]
    again = Engine.restore(site(), rules_of(site()), engine.snapshot())
    assert again.snapshot() == engine.snapshot()
    assert set(engine.take_derived().sensors) == {RISE, "b.water_level_rate"}


def test_what_is_written_names_its_format_and_newer_ones_are_refused() -> None:
    data = engine_of(site()).snapshot()
    assert msgspec.msgpack.decode(data)["format"] == FORMAT == 3
    newer = msgspec.msgpack.encode({**msgspec.msgpack.decode(data), "format": FORMAT + 1})
    with pytest.raises(SnapshotError, match="newer release"):
        Engine.restore(site(), rules_of(site()), newer)


TOLD = """
cleared advisory a.water_level @110
cleared advisory b.water_level @90
cleared advisory c.water_level @90
cleared watch a.water_level @120
cleared watch a.water_level_rate @110
cleared watch b.water_level_rate @100
cleared watch city @120
raised advisory b.water_level @70
raised watch a.water_level @70
raised watch b.water_level @70
sighted watch b.water_level_rate @70
"""
