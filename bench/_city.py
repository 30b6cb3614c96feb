"""Cities of any size in memory, and batches of their readings; for parts that need no broker."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.observation.batch import Batch
from services.observation.sensor import Sensor, Station
from services.observation.site import Area, Gateway, RawRule, Site
from services.observation.sources import Source
from services.observation.text import Text

T0 = 1_700_000_040_000_000
STEP = 600_000_000
"""Between two readings of a sensor: ten minutes."""

THRESHOLDS = (1.0, 2.0, 3.0)
HYSTERESIS, OFF_DELAY_S = 0.1, 1800.0
LADDER: dict[str, Any] = {
    "id": "level", "hazard": "flood", "property": "tide_level",
    "advisory": THRESHOLDS[0], "watch": THRESHOLDS[1], "warning": THRESHOLDS[2],
    "hysteresis": HYSTERESIS, "off_delay_s": OFF_DELAY_S,
}  # fmt: skip
"""Three rungs with hysteresis; silence is watched as always."""


def site_of(count: int, areas: Sequence[str] = ("city",)) -> Site:
    """A city of `count` level gauges under LADDER, spread over areas in turn."""
    text = Text("x", "x")
    names = [f"vt-flood-{at:07d}" for at in range(count)]
    where = {name: areas[at % len(areas)] for at, name in enumerate(names)}
    members: dict[str, list[str]] = {area: [] for area in areas}
    for name, area in where.items():
        members[area].append(name)
    return Site(
        id="bench",
        name=text,
        zone="Asia/Ho_Chi_Minh",
        languages=("vi", "en"),
        bounds=None,
        areas={area: Area(area, text) for area in areas},
        gateways={f"gw-{area}": Gateway(f"gw-{area}", area, 600.0, tuple(members[area])) for area in areas},
        sources=(),
        stations={
            name: Station(name, text, area, 107.0, 10.0, f"gw-{area}", {}) for name, area in where.items()
        },
        sensors={f"{name}.tide_level": _gauge(name) for name in names},
        rules=(RawRule(LADDER, 1),),
        version="bench",
    )


def _gauge(station: str) -> Sensor:
    return Sensor(
        id=f"{station}.tide_level", station=station, property="tide_level", unit="m", raw_unit="m",
        interval_s=600.0, reports="periodic", clock="measured", fail_min=None, fail_max=None,
        suspect_min=None, suspect_max=None, rate_per_s=None, spike=None,
    )  # fmt: skip


def batch_of(  # noqa: PLR0913  the columns of a batch
    names: list[str],
    sensor: NDArray[Any],
    t: NDArray[np.int64],
    value: NDArray[np.float64],
    gateway: str = "gw-city",
    pack: int | None = None,
) -> Batch:
    """One message: (n,) index into names, µs, metres; all good. `pack`: readings of a pack; None: all."""
    sizes = [min(pack or len(t), len(t) - at) for at in range(0, len(t), pack or len(t))]
    sources = [Source(gateway, "", 0, 0, 1, int(t.max()), size) for size in sizes]
    return Batch(sources, names, t, sensor.astype(np.uint32), value, np.ones(len(t), np.uint8))


def turns(count: int, number: int, crossing: float) -> list[NDArray[np.float64]]:
    """Values of so many turns, one per sensor; in each a share of them, chosen anew, is above two rungs."""
    rng = np.random.default_rng(1)
    out = []
    for _ in range(number):
        value = rng.uniform(0.0, 0.9, count)
        value[rng.random(count) < crossing] = 2.5
        out.append(value)
    return out
