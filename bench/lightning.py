"""Lightning in a storm: 10,000 strikes a minute against 1,000 protected places, beside a plain loop.

`near` is what each message of strikes costs, `step` what each full minute costs over the half hour that is
remembered (300,000 strikes: cells, tracks, arrivals, jumps, counts, and a mill at every place that is not
calm). The peer does for each strike and place what `near` does, with `math` alone; it is given a part of the
strikes and taken as proportional. Time is the processor's.
"""

import math
import statistics
import sys
import time
from typing import Any

import numpy as np

from bench._given import Given
from services.alerts.derive import Floats, Strikes
from services.alerts.engine import Engine, EngineMessage
from services.alerts.hazards import _lightning_rings as rings
from services.alerts.hazards._lightning_geo import EARTH_KM, KM_PER_DEGREE
from services.alerts.rule import parse_rules
from services.observation.messages import Strike, StrikeBatch, Tick
from services.observation.sensor import Station
from services.observation.site import BROKER, Area, Site, SourceDecl
from services.observation.text import Text

MINUTE = 60_000_000
T0 = 1_763_600_400_000_000
PER_MINUTE, PLACES, CELLS = 10_000, 1_000, 20
KEPT = 30
_LAT, _LON = 10.4, 107.1
_WIDE_KM, _CITY_KM = 100.0, 20.0
_TURNS = 5
_SHARE = 50
"""The plain loop is given one strike in so many."""


def measure(given: Given) -> dict[str, Any]:
    """Milliseconds for a minute of strikes, in one message and in sixty; for a step; for the plain loop."""
    per_minute, places = (200, 20) if given.quick else (PER_MINUTE, PLACES)
    given.say(f"lightning: {per_minute:,} strikes a minute, {places:,} places")
    window = storm(per_minute * KEPT, places)
    last = _part(window, window.time > window.now - MINUTE)
    near = _median(lambda: rings.near(last))
    seconds = (last.time - last.now + MINUTE) // 1_000_000
    parts = [_part(last, seconds == second) for second in np.unique(seconds).tolist()]
    by_second = _median(lambda: [rings.near(part) for part in parts])
    step = _median(lambda: rings.step(window))
    whole = through_engine(window, parts)
    few = _part(last, np.arange(len(last.time)) % (1 if given.quick else _SHARE) == 0)
    began = time.process_time()
    nearest = plain(few)
    plainly = (time.process_time() - began) * len(last.time) / max(len(few.time), 1)
    _agree(few, nearest)
    return {
        "strikes_per_minute": len(last.time),
        "places": places,
        "readings": len(rings.near(last).place),
        "near_ms": near * 1e3,
        "near_by_second_ms": by_second * 1e3,
        "step_ms": step * 1e3,
        "engine_ms": whole * 1e3,
        "share_of_a_core": whole / 60,
        "plain_ms": plainly * 1e3,
        "plain_ratio": plainly / near,
    }


def storm(count: int, places: int) -> Strikes:
    """Half an hour of strikes in cells that move over 200 km by 200 km; places in a city in its middle."""
    rng = np.random.default_rng(7)
    when = np.sort(T0 - rng.integers(0, KEPT * MINUTE, count))
    cell = rng.integers(0, CELLS, count)
    middle, speed = rng.uniform(-_WIDE_KM, _WIDE_KM, (2, CELLS)), rng.uniform(-50, 50, (2, CELLS))
    hours = (when - T0) / 3.6e9
    east, north = (middle[k][cell] + speed[k][cell] * hours + rng.normal(0, 5, count) for k in (0, 1))
    place_lat, place_lon = _at(*rng.uniform(-_CITY_KM, _CITY_KM, (2, places)))
    lat, lon = _at(east, north)

    def attribute(_name: str, default: float) -> Floats:
        return np.full(places, default)

    return Strikes(
        when, lat, lon, np.full(count, np.nan), np.zeros(count, bool), np.ones(count, bool), T0, place_lat,
        place_lon, attribute, {"field_step": np.full(places, 0.5)},
    )  # fmt: skip


def through_engine(window: Strikes, parts: list[Strikes]) -> float:
    """Seconds for the last minute of a storm, second by second, in an engine that knows what was before."""
    stations = {
        f"place-{at}": Station(
            f"place-{at}", Text("", ""), "city", float(lon), float(lat), None, {"lightning_place": 1.0}
        )
        for at, (lat, lon) in enumerate(zip(window.place_lat, window.place_lon, strict=True))
    }
    site = Site(
        id="bench", name=Text("", ""), zone="UTC", languages=("en",), bounds=None,
        areas={"city": Area("city", Text("", ""))}, gateways={}, sources=(SourceDecl(id=_NETWORK),),
        stations=stations, sensors={}, rules=(), version="v1",
    )  # fmt: skip
    engine = Engine(site, parse_rules(site)[0], t=T0 - KEPT * MINUTE)
    before = _part(window, window.time <= window.now - MINUTE)
    engine.apply([StrikeBatch([], _messages(before)), _tick(window.now - MINUTE)])
    given: list[list[EngineMessage]] = [
        [StrikeBatch([], _messages(part)), _tick(-(-int(part.time[-1]) // 1_000_000) * 1_000_000)]
        for part in parts
    ]
    began = time.process_time()
    for messages in given:
        engine.apply(messages)
        engine.take_derived()
    return time.process_time() - began


_NETWORK = "detectors"


def _messages(of: Strikes) -> list[Strike]:
    columns = zip(of.time.tolist(), of.lat.tolist(), of.lon.tolist(), strict=True)
    return [Strike(source=_NETWORK, time=t, lat=lat, lon=lon) for t, lat, lon in columns]


def _tick(now: int) -> Tick:
    return Tick(now, 0, [BROKER, _NETWORK], {_NETWORK: now})


def _at(east: Floats, north: Floats) -> tuple[Floats, Floats]:
    scale = KM_PER_DEGREE * math.cos(math.radians(_LAT))
    return _LAT + north / KM_PER_DEGREE, _LON + east / scale


def _part(of: Strikes, which: Any) -> Strikes:
    return Strikes(
        of.time[which], of.lat[which], of.lon[which], of.ka[which], of.cloud[which], of.new[which], of.now,
        of.place_lat, of.place_lon, of.attribute, of.held,
    )  # fmt: skip


def plain(given: Strikes) -> dict[int, tuple[float, int]]:
    """The nearest strike of each place within 20 km, and the highest phase: strike by strike."""
    places = list(zip(given.place_lat.tolist(), given.place_lon.tolist(), strict=True))
    found: dict[int, tuple[float, int]] = {}
    for lat, lon in zip(given.lat.tolist(), given.lon.tolist(), strict=True):
        for at, (y, x) in enumerate(places):
            a, b = math.radians(lat), math.radians(y)
            half = math.sin((b - a) / 2) ** 2
            half += math.cos(a) * math.cos(b) * math.sin(math.radians(x - lon) / 2) ** 2
            km = 2 * EARTH_KM * math.asin(math.sqrt(half))
            phase = sum(km <= radius for _, radius in rings.RINGS)
            if phase:
                nearest, most = found.get(at, (math.inf, 0))
                found[at] = min(km, nearest), max(phase, most)
    return found


def _agree(given: Strikes, nearest: dict[int, tuple[float, int]]) -> None:
    answer = rings.near(given)
    highest: dict[int, int] = {}
    for place, phase in zip(answer.place.tolist(), answer.values[rings.PHASE].tolist(), strict=True):
        highest[place] = max(highest.get(place, 0), int(phase))
    if highest != {place: most for place, (_, most) in nearest.items()}:
        msg = "the plain loop finds other phases"
        raise AssertionError(msg)


def _median(work: Any) -> float:
    took = []
    for _ in range(_TURNS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return statistics.median(took)


if __name__ == "__main__":
    for name, value in measure(Given(folder=None)).items():  # type: ignore[arg-type]  # it writes nothing
        sys.stdout.write(f"{name:<20}{value:,.4g}\n")
