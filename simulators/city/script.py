"""`simulate.toml`: what only the simulator needs to know of a site: climate, rivers, faults and a story.

Minutes are simulated ones after the start. Directions are where wind and showers come from, in degrees.
"""

import tomllib
from typing import Literal

import msgspec

from services.observation.site import Site
from services.observation.text import Text

FILE = "simulate.toml"
FORMAT = 1

# Vũng Tàu, mm a month, rounded; recalled climatology, for show.
RAIN_MM = (2.0, 1.0, 5.0, 33.0, 190.0, 210.0, 215.0, 190.0, 215.0, 220.0, 75.0, 25.0)

FaultKind = Literal[
    "gap", "stuck", "spike", "drift", "vandal", "lamp", "duplicate", "late", "dead", "skew", "chatter"
]


class ScriptError(ValueError):
    """A script that cannot be played; the text says where and what to do."""


class _Strict(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A misspelt key must not pass in silence."""


class Climate(_Strict, frozen=True):
    """Rain of each month in mm; a site elsewhere gives its own."""

    rain_mm: tuple[float, ...] = RAIN_MM

    def __post_init__(self) -> None:
        if len(self.rain_mm) != 12 or min(self.rain_mm) < 0:  # noqa: PLR2004  months
            msg = "climate.rain_mm needs twelve numbers, none below 0"
            raise ValueError(msg)


class River(_Strict, frozen=True):
    """Stations on one river, from its head to its mouth, and the water's way between them.

    Attributes:
        stations: gauges and reservoirs.
        km: distance of each from the first, along the river.
        wave_m_s: how fast a flood wave travels.
    """

    stations: tuple[str, ...]
    km: tuple[float, ...]
    wave_m_s: float = 1.2

    def __post_init__(self) -> None:
        climbing = all(a <= b for a, b in zip(self.km, self.km[1:], strict=False))
        if len(self.km) != len(self.stations) or not climbing or self.wave_m_s <= 0:
            msg = "river: km needs one distance for each station, growing, and wave_m_s above 0"
            raise ValueError(msg)


class Chance(_Strict, frozen=True):
    """Faults by chance: how many a day. The first five per sensor, `lamp` per lamp, the rest per gateway."""

    gap: float = 0.0
    stuck: float = 0.0
    spike: float = 0.0
    drift: float = 0.0
    vandal: float = 0.0
    lamp: float = 0.0
    duplicate: float = 0.0
    late: float = 0.0
    dead: float = 0.0
    skew: float = 0.0
    chatter: float = 0.0


class Chapter(_Strict, frozen=True):
    """A heading of the story, and what to look at. `show`: sensors, and sources of strikes, to read live."""

    minute: float
    vi: str
    en: str
    look_vi: str = ""
    look_en: str = ""
    show: tuple[str, ...] = ()

    @property
    def title(self) -> Text:
        """In both languages."""
        return Text(self.vi, self.en)


class Shower(_Strict, frozen=True):
    """A rain cell whose centre is over a station at a minute.

    Attributes:
        over: station.
        peak_mm_h: at its centre, at the height of its life.
        radius_km: where the rain is down to 61 % of that (one standard deviation).
        minutes: from birth to end.
    """

    minute: float
    over: str
    peak_mm_h: float = 80.0
    radius_km: float = 3.0
    minutes: float = 60.0
    from_deg: float = 90.0
    speed_m_s: float = 4.0


class Storm(_Strict, frozen=True):
    """Wind over the whole site, and what comes with it: surge at the coast, swell from afar, steady rain."""

    minute: float
    minutes: float
    wind_m_s: float = 16.0
    from_deg: float = 90.0
    surge_m: float = 0.3
    swell_m: float = 1.0
    rain_mm_h: float = 0.0


class Haze(_Strict, frozen=True):
    """Smoke or stagnant air over the whole site: fine dust besides the streets' own, µg/m³ at its height."""

    minute: float
    minutes: float = 180.0
    pm2_5: float = 120.0


class FaultAt(_Strict, frozen=True):
    """A fault on demand. `minutes` None: as long as the kind is used to; `amount` likewise."""

    kind: FaultKind
    target: str
    minute: float = 0.0
    minutes: float | None = None
    amount: float | None = None


class OrderAt(_Strict, frozen=True):
    """What a person orders of a group of street lights: a level for so many minutes of the wall's clock.

    Only the demonstration gives orders: a simulation speaks to a broker alone.
    """

    minute: float
    group: str
    level: float = 100.0
    minutes: float = 10.0
    vi: str = "trình diễn"
    en: str = "demonstration"

    @property
    def reason(self) -> Text:
        """In both languages."""
        return Text(self.vi, self.en)


class ControllerIs(_Strict, frozen=True):
    """A controller of street lights is dead (hears nothing), mute, slow or well, from a minute on."""

    minute: float
    gateway: str
    how: Literal["dead", "mute", "slow", "well"]


class Story(_Strict, frozen=True):
    """What happens, for people to watch. `speed`: how many times real time the demonstration plays it."""

    speed: float = 60.0
    minutes: float = 600.0
    chapter: tuple[Chapter, ...] = ()
    shower: tuple[Shower, ...] = ()
    storm: tuple[Storm, ...] = ()
    haze: tuple[Haze, ...] = ()
    fault: tuple[FaultAt, ...] = ()
    order: tuple[OrderAt, ...] = ()
    controller: tuple[ControllerIs, ...] = ()


class Script(_Strict, frozen=True):
    """All of it; everything may be left out."""

    format: int = FORMAT
    climate: Climate = Climate()
    river: tuple[River, ...] = ()
    chance: Chance = Chance()
    story: Story | None = None


def read_script(name: str, content: bytes, site: Site) -> Script:
    """Read a script and check the names it uses.

    Raises:
        ScriptError: not TOML, an unknown key, a value out of range, a name the site does not have.
    """
    try:
        script = msgspec.convert(tomllib.loads(content.decode("utf-8")), Script, strict=False)
    except (ValueError, msgspec.ValidationError) as error:
        msg = f"{name}: {error} → mend this place / sửa chỗ này"
        raise ScriptError(msg) from error
    if script.format != FORMAT:
        msg = f"{name}: format {script.format} → this release reads {FORMAT} / bản này đọc format {FORMAT}"
        raise ScriptError(msg)
    story = script.story or Story()
    stations = {station for river in script.river for station in river.stations}
    stations |= {shower.over for shower in story.shower}
    known = {*site.stations, *site.sensors, *site.gateways}
    strange = sorted(stations - set(site.stations)) + [
        fault.target for fault in story.fault if fault.target not in known
    ]
    readable = {*site.sensors, *(source.id for source in site.sources)}
    strange += [one.gateway for one in story.controller if one.gateway not in site.gateways]
    strange += [name for chapter in story.chapter for name in chapter.show if name not in readable]
    if strange:
        msg = (
            f"{name}: the site has no {', '.join(strange)} → use ids of its files"
            " / dùng mã có trong tệp của địa bàn"
        )
        raise ScriptError(msg)
    return script
