"""What makes a situation: families of alerts, and kinds of situations made of them. Data and lookups. Pure.

Every number here is a design default: no published authority says how alerts are to be grouped
(docs/situations.md).
"""

from collections.abc import Iterable
from hashlib import sha256
from typing import Literal, NamedTuple

from services.observation.instants import SECOND
from services.observation.text import Text


class Family(NamedTuple):
    """Alerts that tell of one phenomenon.

    `stems`: the alert's property, or its rule's id when it has no sensor, is one of these or begins with
    one; none: every alert of the hazard. `hazard` None: of whichever hazard.
    """

    name: str
    text: Text
    hazard: str | None
    stems: tuple[str, ...] = ()


class Kind(NamedTuple):
    """One kind of situation.

    Attributes:
        core: families that make it, by the group they count as; also: families that join it and never make
            it. consequences: those of `also` that follow from it.
        by: whether `least` counts different groups, or alerts.
        wide_by: whether areas count for a site-wide one when they have a situation, or an open core alert.
        spreads: families of which an open alert is enough for an area to count, though others are not.
        absorbs: kinds that go up in this one when it opens in their area.
        local: whether it can be of one area; areas, window: its own where the site's do not fit it.
    """

    name: str
    text: Text
    core: dict[str, str]
    also: tuple[str, ...] = ()
    consequences: tuple[str, ...] = ()
    least: int = 2
    by: Literal["group", "alert"] = "group"
    wide_by: Literal["situation", "alert"] = "situation"
    spreads: tuple[str, ...] = ()
    absorbs: tuple[str, ...] = ()
    local: bool = True
    areas: int | None = None
    window: int | None = None

    def takes(self, family: str) -> bool:
        """Whether alerts of a family belong to it."""
        return family in self.core or family in self.also


class Grouping(NamedTuple):
    """How a site groups: the kinds, the gap that ends one in µs, how many areas make it site-wide.

    A kind may have a gap and a number of areas of its own.
    """

    kinds: tuple[Kind, ...]
    window: int = 3600 * SECOND
    areas: int = 3

    def window_of(self, kind: Kind) -> int:
        """How long nothing may be open, in µs, before a situation of that kind has ended."""
        return self.window if kind.window is None else kind.window

    def areas_for(self, kind: Kind) -> int:
        """In how many areas it is one of the whole site."""
        return self.areas if kind.areas is None else kind.areas

    @property
    def version(self) -> str:
        """12 hex of what decides; another one regroups what is open."""
        return sha256(repr((FAMILIES, self)).encode()).hexdigest()[:12]

    def kind(self, name: str) -> Kind | None:
        """A kind by name; None when it is gone."""
        return next((kind for kind in self.kinds if kind.name == name), None)


# The first that fits is the alert's.
FAMILIES = (
    Family("wind", Text("gió mạnh", "strong wind"), None, ("wind",)),
    Family("waves", Text("sóng lớn", "high waves"), None, ("wave",)),
    Family("rain", Text("mưa lớn", "heavy rain"), "flood", ("rain", "rainfall")),
    Family("street", Text("ngập đường", "flooded streets"), "flood", ("street",)),
    Family("tide", Text("triều cường", "high tide"), "flood", ("tide",)),
    Family("outfall", Text("cửa xả bị triều chặn", "outfalls locked by the tide"), "flood", ("outfall",)),
    Family("reservoir", Text("hồ chứa", "reservoir"), "flood", ("reservoir", "outflow", "inflow", "storage")),
    Family("river", Text("lũ trên sông", "river flood"), "flood"),
    Family("lightning", Text("sét", "lightning"), "lightning"),
    Family("rip", Text("dòng rip", "rip currents"), "rip_current"),
    # Not what a drought does to them.
    Family("tree", Text("cây nghiêng, đổ", "leaning trees"), "tree", ("tree_danger", "tree_fall", "tilt")),
    Family(
        "lamps",
        Text("đèn đường tắt hoặc rò điện", "street lamps out or leaking"),
        "lighting",
        ("lamp_failure", "lamp_power_low", "lamp_gear", "supply_loss", "supply_voltage_low", "leakage"),
    ),
    Family("aqi", Text("không khí ô nhiễm", "polluted air"), "environment", ("vn_aqi", "aqi")),
    Family(
        "air",
        Text("vượt quy chuẩn không khí", "air above the regulation"),
        "environment",
        ("air", "pm2_5", "pm10", "o3", "no2", "so2", "co", "tsp"),
    ),
    Family("noise", Text("tiếng ồn", "noise"), "environment", ("noise", "sound")),
    Family("water", Text("nước ô nhiễm", "polluted water"), "environment"),
    Family("eyes", Text("mất tín hiệu", "sensors silent"), "system", ("sensor_silent", "gateway_silent")),
)

# In the order in which an alert finds its kind: what explains more stands first.
KINDS = (
    Kind(
        "storm",
        Text("Mưa dông", "Storm"),
        # Water in a river and water in a street are one group: a flood alone is no storm.
        core={
            "rain": "rain",
            "lightning": "lightning",
            "wind": "wind",
            "street": "flood",
            "river": "flood",
            "tree": "tree",
        },
        also=("outfall", "tide", "reservoir", "lamps"),
        consequences=("lamps",),
        # Thunder comes before the rain: over several areas it is one storm already, told once.
        spreads=("rain", "lightning", "wind"),
        absorbs=("flood",),
    ),
    Kind(
        "flood",
        Text("Ngập lụt", "Flood"),
        core={name: name for name in ("street", "river", "tide", "outfall", "reservoir")},
        also=("lamps",),
        consequences=("lamps",),
    ),
    Kind(
        "sea",
        Text("Biển nguy hiểm", "Dangerous sea"),
        core={name: name for name in ("rip", "waves", "tide")},
        also=("wind",),
        # One swell reaches every beach.
        wide_by="alert",
    ),
    # A municipal episode is told once, not per station. One area alone is none: its index says it all. Haze
    # thins in the afternoon and is back at night.
    Kind(
        "air",
        Text("Đợt ô nhiễm không khí", "Air pollution episode"),
        core={"aqi": "aqi"},
        also=("air",),
        wide_by="alert",
        local=False,
        areas=2,
        window=6 * 3600 * SECOND,
    ),
    # One discharge shows in several probes.
    Kind(
        "water",
        Text("Ô nhiễm nguồn nước", "Water pollution"),
        core={"water": "water"},
        by="alert",
        window=2 * 3600 * SECOND,
    ),
    # Our own eyes: a cable or a power cut silences many at once.
    Kind(
        "outage",
        Text("Mất quan sát diện rộng", "Loss of observation"),
        core={"eyes": "eyes"},
        least=3,
        by="alert",
    ),
)
DEFAULT = Grouping(KINDS)
_BY_NAME = {family.name: family for family in FAMILIES}


def family_of(hazard: str, rule: str, sensor: str | None) -> str | None:
    """The family of an alert; None: it belongs to no kind of situation.

    Alerts about ourselves are told by their rule: a silent rain gauge is no rain.
    """
    prop = (sensor or "").partition(".")[2]
    stem = rule.replace("-", "_") if hazard == "system" or not prop else prop
    for family in FAMILIES:
        if family.hazard not in (None, hazard) or (family.hazard is None and hazard == "system"):
            continue
        if not family.stems or any(stem == one or stem.startswith(f"{one}_") for one in family.stems):
            return family.name
    return None


def family_texts(names: Iterable[str]) -> Text:
    """Families as a list in words, each once, in the order of the table."""
    wanted = set(names)
    listed = [family.text for family in FAMILIES if family.name in wanted]
    return Text(_listed([text.vi for text in listed], "và"), _listed([text.en for text in listed], "and"))


def _listed(words: list[str], last: str) -> str:
    return " ".join((", ".join(words[:-1]), last, words[-1])) if len(words) > 1 else "".join(words)
