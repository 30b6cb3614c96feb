"""A typhoon over any site: its story for the simulator, and what must be told of it.

Bands of rain travel over the site from the sea, wind and surge grow and wane, and what storms break is
broken: a cabinet's lamps and single ones, trees, a gateway that dies and comes back, a door contact that
chatters, waste in a creek. All of it follows from the site and a seed. No number here is an authority's;
wind, rain and surge are of the size of a tropical storm that passes Vũng Tàu closely.

Over 250 lines: one story; what it does and what must be told of it stand side by side.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeVar

import msgspec
import numpy as np

from services.observation.site import Site
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE
from simulators.city.chance import generator
from simulators.city.script import Chapter, FaultAt, Shower, Story
from simulators.city.script import Storm as Wind

Part = TypeVar("Part", bound=msgspec.Struct)

MINUTES = 240.0
_SEA_DEG = 130.0
"""Where it comes from."""
_BANDS = 14
_TREES, _LAMPS = 6, 20
_MOST_OF_A_CABINET = 12


class Injected(NamedTuple):
    """Something that happens, and by when it must have been told.

    Attributes:
        name: what it is.
        hazard: of the alerts that tell it; rules: which of them, all where none is named.
        minute: when it happens, after the start; within: minutes until it must be told.
        areas, station, gateway: where; empty and None where that says nothing.
    """

    name: Text
    hazard: str
    minute: float
    within: float
    rules: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    station: str | None = None
    gateway: str | None = None


class Typhoon(NamedTuple):
    """The story, and what it does."""

    story: Story
    injected: tuple[Injected, ...]


def typhoon(site: Site, seed: int, minutes: float = MINUTES) -> Typhoon:
    """Write the storm of a seed over a site; a shorter one is the same storm, faster."""
    pace = minutes / MINUTES
    showers, rain = _bands(site, seed)
    wind = Wind(minute=10, minutes=220, wind_m_s=21, from_deg=_SEA_DEG, surge_m=0.9, swell_m=2.4, rain_mm_h=5)
    faults, broken = _breakage(site, seed)
    story = Story(
        minutes=minutes,
        shower=tuple(_paced(showers, pace)),
        storm=tuple(_paced([wind], pace)),
        fault=tuple(_paced(faults, pace)),
        chapter=tuple(_paced(_CHAPTERS, pace)),
    )
    injected = [*rain, *_sea(site), *broken]
    return Typhoon(story, tuple(one._replace(minute=one.minute * pace) for one in injected))


_CHAPTERS = (
    Chapter(minute=0, vi="Trước bão", en="Before the storm"),
    Chapter(minute=25, vi="Dải mưa đầu tiên vào bờ", en="The first band of rain comes ashore"),
    Chapter(minute=70, vi="Một gateway chết", en="A gateway dies"),
    Chapter(minute=105, vi="Gió giật: cây nghiêng, đèn tắt", en="Gusts: trees lean, lamps fail"),
    Chapter(minute=190, vi="Bão đi qua", en="The storm has passed"),
)


def _paced(parts: Iterable[Part], pace: float) -> list[Part]:
    changed = []
    for part in parts:
        given = {"minute": part.minute * pace}  # type: ignore[attr-defined]
        lasts = getattr(part, "minutes", None)
        if lasts is not None:
            given["minutes"] = lasts * pace
        changed.append(msgspec.structs.replace(part, **given))
    return changed


def _bands(site: Site, seed: int) -> tuple[list[Shower], list[Injected]]:
    """Bands of rain, one after the other from the sea inland, each over a rain gauge."""
    gauges = sorted(_with(site, "rainfall"))
    if not gauges:
        return [], []
    luck = generator(seed, "typhoon", "bands")
    angle = np.radians(_SEA_DEG + 180.0)
    way = {
        name: site.stations[name].lon * np.sin(angle) + site.stations[name].lat * np.cos(angle)
        for name in gauges
    }
    low, high = np.percentile(list(way.values()), [5, 95])
    showers, told = [], []
    for number in range(_BANDS):
        along = low + (high - low) * number / (_BANDS - 1)
        near = sorted(gauges, key=lambda name: abs(way[name] - along))[: max(1, len(gauges) // 12)]
        over = near[int(luck.integers(len(near)))]
        minute = 35.0 + 125.0 * number / (_BANDS - 1) + luck.uniform(-4, 4)
        peak = float(luck.uniform(95, 150))
        showers.append(
            Shower(
                minute=round(minute, 1),
                over=over,
                peak_mm_h=round(peak),
                radius_km=round(luck.uniform(5, 9), 1),
                minutes=round(luck.uniform(55, 85)),
                from_deg=_SEA_DEG,
                speed_m_s=round(luck.uniform(3, 6), 1),
            )
        )
        area = site.stations[over].area
        told.append(
            Injected(
                Text(f"mưa trên {over}", f"rain over {over}"), "flood", minute - 25, 45, ("rain",), (area,)
            )
        )
    return showers, told


def _sea(site: Site) -> list[Injected]:
    """What wind and swell do to the coast."""
    found = []
    if _with(site, "current_speed"):
        found.append(Injected(Text("sóng lừng vào bờ", "swell runs in"), "rip_current", 10, 90))
    if any("tide_m2_amp" in station.attributes for station in site.stations.values()):
        found.append(
            Injected(Text("nước biển dâng", "the surge"), "flood", 30, 80, ("tide-surge", "tide-band"))
        )
    if site.sources and any("lightning_place" in one.attributes for one in site.stations.values()):
        found.append(Injected(Text("dông sét đến gần", "lightning comes near"), "lightning", 10, 80))
    if _with(site, "street_depth"):
        found.append(
            Injected(Text("đường ngập", "streets fill"), "flood", 25, 90, ("street-depth", "street-backflow"))
        )
    return found


def _breakage(site: Site, seed: int) -> tuple[list[FaultAt], list[Injected]]:
    """What the storm breaks, and what breaks by itself while it passes."""
    luck = generator(seed, "typhoon", "broken")
    faults: list[FaultAt] = []
    told: list[Injected] = []
    gateway = _dying(site)
    if gateway is not None:
        faults.append(FaultAt(kind="dead", target=gateway, minute=70, minutes=60))
        told.append(
            Injected(Text(f"{gateway} mất kết nối", f"{gateway} dies"), "system", 70, 20, gateway=gateway)
        )
    cabinet = _cabinet(site, gateway)
    if cabinet is not None:
        lamps = _lamps_of(site, cabinet)[:_MOST_OF_A_CABINET]
        faults += [FaultAt(kind="lamp", target=lamp, minute=115, minutes=125) for lamp in lamps]
        told.append(
            Injected(
                Text(f"đèn của {cabinet} tắt", f"lamps of {cabinet} fail"),
                "lighting",
                115,
                50,
                gateway=cabinet,
            )
        )
    others = [name for name in sorted(_lit(site)) if site.stations[name].gateway not in (cabinet, gateway)]
    for lamp in _some(luck, others, _LAMPS):
        minute = float(luck.uniform(100, 180))
        faults.append(FaultAt(kind="lamp", target=lamp, minute=round(minute, 1), minutes=240))
        own = site.stations[lamp].gateway
        told.append(Injected(Text(f"{lamp} hỏng", f"{lamp} fails"), "lighting", minute, 50, gateway=own))
    for tree in _some(luck, _elsewhere(site, _with(site, "tilt"), gateway), _TREES):
        minute = float(luck.uniform(95, 150))
        amount = round(float(luck.uniform(4.0, 8.0)), 2)
        faults.append(
            FaultAt(kind="spike", target=f"{tree}.tilt", minute=round(minute, 1), minutes=240, amount=amount)
        )
        told.append(Injected(Text(f"{tree} nghiêng", f"{tree} moves"), "tree", minute, 60, station=tree))
    for creek in _some(luck, _elsewhere(site, _with(site, "ph"), gateway), 2):
        faults.append(FaultAt(kind="spike", target=f"{creek}.ph", minute=60, minutes=100, amount=2.2))
        told.append(
            Injected(
                Text(f"nước thải ở {creek}", f"waste in the creek at {creek}"),
                "environment",
                60,
                60,
                station=creek,
            )
        )
    for door in _some(luck, _elsewhere(site, _with(site, "door"), gateway), 1):
        faults.append(FaultAt(kind="chatter", target=f"{door}.door", minute=80, minutes=90, amount=1.0))
        told.append(
            Injected(
                Text(f"tiếp điểm cửa {door} chập chờn", f"the door contact of {door} chatters"),
                "lighting",
                80,
                25,
                ("cabinet-door",),
                station=door,
            )
        )
    return faults, told


def _with(site: Site, name: str) -> set[str]:
    """Stations with a sensor of a property that a gateway can send."""
    return {
        s.station for s in site.sensors.values() if s.property == name and site.stations[s.station].gateway
    }


def _elsewhere(site: Site, stations: Iterable[str], gateway: str | None) -> list[str]:
    return [name for name in sorted(stations) if gateway is None or site.stations[name].gateway != gateway]


def _lit(site: Site) -> set[str]:
    """Lamps, each by itself."""
    return {n for n in _with(site, "lamp_state") if "lamp_wattage" in site.stations[n].attributes}


def _lamps_of(site: Site, gateway: str) -> list[str]:
    lit = _lit(site)
    return [name for name in site.gateways[gateway].stations if name in lit]


def _dying(site: Site) -> str | None:
    """The gateway with most streets and rain gauges behind it, and nothing that serves the whole site."""
    watched = _with(site, "street_depth") | _with(site, "rainfall")
    counts = {
        name: len(watched.intersection(gateway.stations))
        for name, gateway in site.gateways.items()
        if gateway.area not in (SITE_SCOPE, SITE_AREA)
        and all(site.stations[one].area != SITE_SCOPE for one in gateway.stations)
    }
    best = max(sorted(counts), key=lambda name: counts[name], default=None)
    return best if best is not None and counts[best] else None


def _cabinet(site: Site, other_than: str | None) -> str | None:
    counts = {name: len(_lamps_of(site, name)) for name in sorted(site.gateways) if name != other_than}
    best = max(counts, key=lambda name: counts[name], default=None)
    return best if best is not None and counts[best] else None


def _some(luck: np.random.Generator, names: Sequence[str], many: int) -> list[str]:
    return [names[at] for at in luck.permutation(len(names))[:many].tolist()]
