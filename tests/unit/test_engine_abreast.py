"""Sources that are computed together say to the bit what each says alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.alerts import hazards as room
from services.alerts.derive import Computed, Series
from services.alerts.engine import Engine, Readings
from services.alerts.hazard import Derivation
from services.observation.batch import Batch
from services.observation.site import Site
from services.observation.sources import Source
from tests.support.engine_world import SECOND, T0, city, engine_of, sensor

_CACHES = (room.properties, room.extra_properties, room.derivations)
PROPERTIES = {
    "electric_field": (10, 400.0), "rainfall": (600, 2.0), "pm2_5": (1800, 40.0), "pm10": (3600, 60.0),
    "o3": (3600, 90.0), "co": (3600, 900.0), "sound_level": (300, 60.0), "tilt": (600, 1.0),
    "wind_speed": (600, 6.0), "soil_moisture": (3600, 0.4), "turbidity": (3600, 20.0),
    "outflow": (1800, 50.0),
    "street_depth": (600, 0.2), "lamp_state": (900, 1.0), "dimming": (900, 100.0),
    "active_power": (900, 80.0),
}  # fmt: skip
"""Interval, s, and about how much."""
ALIKE = {
    "lamp_wattage": 80.0, "noise_zone": 1.0, "tilt_baseline": 0.0, "soil_saturation": 0.42,
    "field_capacity": 0.3, "wilting_point": 0.1, "outfall_level": 1.0,
}  # fmt: skip
OTHER = {
    "field_calm": 200.0, "field_sign": -1.0, "rain_1h_watch": 3.0, "tilt_calm_wind": 3.0,
    "gas_reference_celsius": 20.0, "noise_zone": 2.0, "soil_saturation": 0.3,
}  # fmt: skip
STATIONS = ("a", "b", "c", "d")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Within, no derivation takes several sources."""
    real = room.hazards
    changed = {
        name: msgspec.structs.replace(
            one, derives=tuple(msgspec.structs.replace(each, alike=None) for each in one.derives)
        )
        for name, one in real().items()
    }
    room.hazards = lambda: changed  # type: ignore[assignment]
    try:
        for cached in _CACHES:
            cached.cache_clear()
        yield
    finally:
        room.hazards = real
        for cached in _CACHES:
            cached.cache_clear()


def site() -> Site:
    """Four stations with everything; the last two differ in what hazards look at."""
    attributes = {name: ALIKE | (OTHER if name in "cd" else {}) for name in STATIONS}
    found = [
        sensor(f"{name}.{prop}", interval) for name in STATIONS for prop, (interval, _) in PROPERTIES.items()
    ]
    return city(found, attributes=attributes)


def day(seed: int, names: Sequence[str], hours: int) -> Batch:
    """Hours of all sensors, with pauses, doubtful readings, bad ones and late ones."""
    chance = np.random.default_rng(seed)
    parts = []
    for number, name in enumerate(names):
        interval, about = PROPERTIES[name.partition(".")[2]]
        count = max(hours * 3600 // interval, 1)
        time = T0 + (np.arange(count) * interval + chance.integers(0, 3)) * SECOND
        value = about * np.abs(chance.normal(1, 1, count)).round(2)
        if name.endswith("field"):
            value *= np.where(np.sin(np.arange(count) / 70) > 0, 1, -1)
        if name.endswith("lamp_state"):
            value = (value > about).astype(float)
        flag = chance.choice([1, 1, 1, 1, 1, 1, 2, 3, 4], count)
        keep = chance.random(count) > chance.choice([0.0, 0.0, 0.3])
        came = time + np.where(chance.random(count) < 0.02, 900 * SECOND, 0) * chance.integers(0, 2)
        parts.append((came[keep], time[keep], np.full(keep.sum(), number), value[keep], flag[keep]))
    came, time, row, value, flag = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.argsort(came, kind="stable")
    source = Source("gw", "", 0, 0, 1, int(came.max()), len(order))
    columns = (time[order], row[order].astype(np.uint32), value[order], flag[order].astype(np.uint8))
    return Batch([source], list(names), *columns)


def derived(engine: Engine, batch: Batch, cuts: Sequence[int]) -> list[tuple[str, int, bytes, int]]:
    """What is derived of a batch that comes in pieces; values to the bit."""
    found = []
    for begin, end in zip([0, *cuts], [*cuts, len(batch.time)], strict=True):
        part = slice(begin, end)
        sources = [batch.sources[0]._replace(rows=end - begin)]
        columns = (batch.time[part], batch.sensor[part], batch.value[part], batch.flag[part])
        engine.apply([Readings(Batch(sources, batch.sensors, *columns))])
        made = engine.take_derived()
        found += [
            (made.sensors[s], t, v.tobytes(), f)
            for s, t, v, f in zip(
                made.sensor, made.time.tolist(), made.value, made.flag.tolist(), strict=True
            )
        ]
    return sorted(found)


@given(
    seed=st.integers(0, 10_000),
    hours=st.sampled_from([2, 26]),
    shares=st.lists(st.floats(0, 1), max_size=3),
)
@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_sources_computed_together_say_what_each_says_alone(
    seed: int, hours: int, shares: list[float]
) -> None:
    """All hazards; four stations; with pauses, late and doubtful readings."""
    place = site()
    batch = day(seed, list(place.sensors), hours)
    cuts = sorted({round(share * len(batch.time)) for share in shares} - {0, len(batch.time)})
    together = derived(engine_of(place), batch, cuts)
    assert len(together) > 500
    with one_at_a_time():
        assert derived(engine_of(place), batch, cuts) == together


def test_a_source_that_was_silent_for_long_is_computed_too() -> None:
    """Its past lies too far back to stand in one line with others."""

    def seen(series: Series) -> Computed:
        count = series.upto - np.searchsorted(series.time, series.new_time - series.window)
        return Computed(count[None].astype(np.float64))

    place = site()
    names = [f"{name}.rainfall" for name in STATIONS]
    one = Derivation(("rain_count",), "rainfall", seen, window_s=3600.0, alike=())
    flood = room.hazards()["flood"]
    prop = msgspec.structs.replace(flood.properties["rain_1h"], name="rain_count")
    changed = msgspec.structs.replace(flood, derives=(one,), properties={"rain_count": prop})
    real, room.hazards = room.hazards, lambda: {"flood": changed}  # type: ignore[assignment]
    try:
        for cached in _CACHES:
            cached.cache_clear()
        engine = engine_of(place)
        late = T0 + 90 * 86_400 * SECOND
        first, then = np.array([T0, T0 + 600 * SECOND]), np.array([late, late + 600 * SECOND])
        times = np.concatenate([first, first, first, first, then, first + 1800 * SECOND])
        rows = np.repeat([0, 1, 2, 3, 0, 1], 2)
        source = Source("gw", "", 0, 0, 1, late, len(times))
        ones = np.ones(len(times))
        batch = Batch([source], names, times, rows.astype(np.uint32), ones, ones.astype(np.uint8))
        found = derived(engine, batch, [8])
    finally:
        room.hazards = real
        for cached in _CACHES:
            cached.cache_clear()
    counts = [np.frombuffer(value)[0] for name, _, value, _ in found if name.startswith(("a.", "b."))]
    assert counts == [0, 1, 0, 1, 0, 1, 2, 3]
