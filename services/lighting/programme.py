"""The nouns of street lighting: groups of lamps, programmes, calendars, and what brightens a street.

Names are those of the TALQ data model (2.7) where it has one: a calendar chooses a programme for each night;
a programme has active periods, outside of which it is dark, and controls that change the level within them;
a lamp without a programme is in its default state. Levels are per cent of full light.
"""

from typing import Literal

import msgspec

from services.observation.text import Text

FULL = 100.0
"""Per cent: full light, and TALQ's default light state."""

Anchor = Literal["clock", "sunset", "sunrise", "dusk", "dawn"]
PeriodKind = Literal["AbsoluteActivePeriod", "AstroClockActivePeriod"]
ControlKind = Literal["FixedTimeControl", "AstroClockTimeControl"]
NEEDS_A_SENSOR = ("SensorActivePeriod", "AstroAndSensorActivePeriod", "DynamicControl")
"""TALQ names of what a controller does by a sensor of its own: it can't be planned ahead."""


class Edge(msgspec.Struct, frozen=True):
    """An instant of a night. `minutes`: of the local day where the anchor is the clock, else an offset.

    Dusk and dawn are civil: the sun 6° below the horizon.
    """

    anchor: Anchor
    minutes: int = 0


class Period(msgspec.Struct, frozen=True):
    """When lamps burn, and how bright where no control says otherwise."""

    kind: PeriodKind
    on: Edge
    off: Edge
    level: float = FULL


class Control(msgspec.Struct, frozen=True):
    """From an instant on another level, until the next control or the end of the period."""

    kind: ControlKind
    at: Edge
    level: float


class Programme(msgspec.Struct, frozen=True):
    """What a lamp does in one night. `ramp_s`: seconds that a change of level takes."""

    id: str
    name: Text
    periods: tuple[Period, ...]
    controls: tuple[Control, ...] = ()
    ramp_s: float = 0.0

    def dims(self) -> bool:
        """Whether it ever asks for less than full light while it burns."""
        levels = [one.level for one in self.periods] + [one.level for one in self.controls]
        return any(0 < level < FULL for level in levels)


class CalendarRule(msgspec.Struct, frozen=True):
    """On which nights a programme is chosen: all that is given must hold.

    Attributes:
        days: of the week, Monday is 0. dates: first and last day, ISO. yearly: first and last, MM-DD; a last
            before the first is of the year after.
    """

    programme: str
    days: tuple[int, ...] | None = None
    dates: tuple[tuple[str, str], ...] | None = None
    yearly: tuple[tuple[str, str], ...] | None = None


class Calendar(msgspec.Struct, frozen=True):
    """Which programme runs on which night: the first rule that fits, else the default programme.

    `starts_h`: the local hour at which a day of it begins: 12 (noon to noon, a night is one day) or 0.
    """

    id: str
    default: str | None = None
    rules: tuple[CalendarRule, ...] = ()
    starts_h: int = 12


class Group(msgspec.Struct, frozen=True):
    """Lamps that do the same.

    Attributes:
        lamps: stations by gateway, the controller that speaks for them. areas: where they stand.
        lat, lon: degrees, from which the sun is reckoned.
        calendar: None: its lamps are in their default state, `default_level`, day and night.
        never_dim: a junction, a crossing, the approach of a bridge: on is full light.
    """

    id: str
    name: Text
    lamps: dict[str, tuple[str, ...]]
    areas: tuple[str, ...]
    lat: float
    lon: float
    calendar: str | None = None
    default_level: float = FULL
    never_dim: bool = False


class Fallback(msgspec.Struct, frozen=True):
    """What a controller does whose clock is not synchronised: minutes of its own local day."""

    on_min: int = 17 * 60 + 45
    off_min: int = 5 * 60 + 45
    level: float = FULL


class Brighten(msgspec.Struct, frozen=True):
    """An alert that brightens streets.

    Attributes:
        hazard: of the alert. severity: the lowest that counts.
        areas: of the alert; None is any. groups: which; None is those with lamps in the area of the alert.
        level: at least this while it is dark. lease_s: how long from the newest news of the alert.
    """

    id: str
    hazard: str
    severity: str
    level: float = FULL
    lease_s: float = 3_600.0
    areas: tuple[str, ...] | None = None
    groups: tuple[str, ...] | None = None


class Lighting(msgspec.Struct, frozen=True):
    """Everything `lighting.toml` says, checked and with defaults applied. `version` names its content."""

    zone: str
    programmes: dict[str, Programme]
    calendars: dict[str, Calendar]
    groups: dict[str, Group]
    brighten: tuple[Brighten, ...]
    fallback: Fallback
    version: str
