"""Rules: what to watch, on which sensors, from when on. Reading them is in `rule/tables`.

A rule is a column of the engine: a ladder of up to four rungs with hysteresis and delays, upward or
downward, or one of the other kinds. Which sensors it is on follows from the site.
"""

import builtins
from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from typing import Literal

import msgspec

from services.alerts.rule.expression import Expression
from services.alerts.rule.schedule import Schedule
from services.observation.event import SEVERITIES
from services.observation.sensor import Sensor
from services.observation.site import Problem, Site
from services.observation.topics import partition

RUNGS = 4
INTERVALS = 3
"""A sensor is silent, and a delay starts again, after this many expected intervals without a reading."""


class Kind(StrEnum):
    """What a rule looks at."""

    THRESHOLD = "threshold"
    RATE = "rate"
    SILENT = "silent"
    STUCK = "stuck"
    AND = "and"
    OR = "or"
    K_OF_N = "k_of_n"
    COUNT = "count"


LADDERS = (Kind.THRESHOLD, Kind.RATE)
"""Kinds that are a ladder on one sensor."""

COMBINED = (Kind.AND, Kind.OR, Kind.K_OF_N, Kind.COUNT)


class Input(msgspec.Struct, frozen=True):
    """A condition: of `and`, `or` on any sensor of a property of the area or scope site; of `count` on all.

    `at_least` or `at_most`, one of them; `hysteresis` as in a rule.
    """

    property: str
    at_least: Expression | None = None
    at_most: Expression | None = None
    hysteresis: float = 0.0
    stations: tuple[str, ...] | None = None


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule after defaults.

    Attributes:
        rungs: advisory, watch, warning, emergency; an absent rung is None.
        hysteresis, on_delay_s, off_delay_s: one number per rung.
        upward: active at or above the threshold; downward at or below.
        late: what a reading does that is not newer than its sensor's last one. "reevaluate": it opens an
            alert when it is above a rung of a normal condition without on-delay, no older than `max_late_s`.
        areas, stations: where; None is everywhere.
        schedule: when it is in force, hours and dates; None is always.
        severity: of the kinds that have no ladder (silent, stuck, and, or), as index of the rung.
        above: kinds rate and stuck are armed at or above this value of the sensor only.
        window_s: of rate; how long of stuck. tolerance: of stuck.
        k, of: of k_of_n: how many; `of` None is every sensor of the property in an area, else these stations.
            Of count, `k` is the least number that a share is; of silent per gateway, how many silent sensors
            are one alert of the gateway.
        also: of k_of_n: further properties whose sensors are members too.
        inputs: of and / or; of count the condition of a member.
        per: of count, whether members are counted by area or by gateway; of silent "gateway" makes one alert
            of many silent sensors (`mass`). shares: rungs of count that are
            percentages of the members that are known, not numbers of them.
        status: what the numbers rest on; `source` names it.
        default: it came with a hazard, not from the site.
    """

    id: str
    hazard: str
    property: str | None = None
    kind: Kind = Kind.THRESHOLD
    rungs: tuple[Expression | None, ...] = (None,) * RUNGS
    hysteresis: tuple[float, ...] = (0.0,) * RUNGS
    on_delay_s: tuple[float, ...] = (0.0,) * RUNGS
    off_delay_s: tuple[float, ...] = (0.0,) * RUNGS
    upward: bool = True
    late: Literal["ignore", "reevaluate"] = "ignore"
    max_late_s: float = 86_400.0
    areas: tuple[str, ...] | None = None
    stations: tuple[str, ...] | None = None
    schedule: Schedule | None = None
    severity: int = 0
    above: Expression | None = None
    window_s: float = 3_600.0
    tolerance: float = 0.0
    k: int = 2
    of: tuple[str, ...] | None = None
    also: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    per: Literal["area", "gateway"] = "area"
    shares: tuple[bool, ...] = ()
    source: str = ""
    status: Literal["legal", "guideline", "local", "default"] = "local"
    default: bool = False
    version: str = ""

    def sensors(self, site: Site) -> Iterator[Sensor]:
        """Sensors of the site that the rule is on, in the site's order."""
        for sensor in site.sensors.values():
            if self.matches(site, sensor):
                yield sensor

    def matches(self, site: Site, sensor: Sensor) -> bool:
        """Whether the rule is on a sensor: property, area and station agree."""
        if self.property is not None and sensor.property != self.property:
            return False
        if self.stations is not None and sensor.station not in self.stations:
            return False
        return self.areas is None or site.area_of(sensor) in self.areas

    @builtins.property  # `property` is a field here
    def sign(self) -> float:
        """+1 upward, -1 downward: times the value, every rule is upward."""
        return 1.0 if self.upward else -1.0

    def share(self, k: int) -> bool:
        """Whether rung k is a share of the known members, in per cent."""
        return bool(self.shares) and self.shares[k]

    @builtins.property
    def valid_from(self) -> str | None:
        """First local day on which it holds."""
        return None if self.schedule is None else self.schedule.first

    @builtins.property
    def valid_to(self) -> str | None:
        """Last local day on which it holds."""
        return None if self.schedule is None else self.schedule.last

    def rungs_said(self) -> dict[str, str]:
        """Rungs by severity, as they would be written."""
        return {
            word: f"{rung}%" if self.share(k) else str(rung)
            for k, (word, rung) in enumerate(zip(SEVERITIES, self.rungs, strict=True))
            if rung is not None
        }

    def owner(self, site: Site, area: str) -> int:
        """Partition that evaluates the rule on a sensor of this area."""
        return partition(site.id, area)


def version_of(rule: Rule) -> str:
    """12 hex of what the rule says after defaults; where it came from does not count.

    What later releases added counts only where it says something: a release changes no rule's version.
    """
    said = msgspec.structs.replace(rule, version="", default=False, source="", status="local")
    table = msgspec.to_builtins(said)
    schedule = table["schedule"]
    for added in ("first", "last"):
        if schedule and schedule[added] is None:
            del schedule[added]
    for added, silent in (("per", "area"), ("shares", ()), ("also", ())):
        if getattr(said, added) == silent:
            del table[added]
    return sha256(msgspec.json.encode(table, order="sorted")).hexdigest()[:12]


def parse_rules(site: Site) -> tuple[list[Rule], list[Problem]]:
    """Rules in force at a site, the hazards' defaults among them, and what is wrong with its tables."""
    from services.alerts.rule.tables import read_rules  # noqa: PLC0415  it makes Rules; we are its noun

    return read_rules(site)
