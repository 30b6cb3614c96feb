"""How alerts are kept quiet and who is told next: nouns, with their defaults. Read in `keeping`. Pure."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from services.observation.event import SEVERITIES
from services.policy.keeping_table import DEFAULTS, Inhibition

PUBLIC_SAFETY = ("flood", "lightning", "rip_current", "tree")
"""Hazards that may cost lives. domain.md 7.2: not to be shelved by one person [design default]."""
SAFETY_RULES = ("leakage",)
"""Rules that may cost lives though their hazard does not: current in a flooded street [design default]."""
DAY_MIN = 24 * 60
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ROTA, ROLE = "rota:", "role:"
LONGEST_STEP_MIN = 24 * 60.0
MOST_STEPS = 8
LEAST_REALARM_H, LONGEST_REALARM_H = 0.25, 168.0


class Chattering(msgspec.Struct, frozen=True, kw_only=True):
    """When one alert that comes again and again is kept quiet, and for how long.

    `times` annunciations within `within_s` (domain.md 7.3 [verified: vendor notes]), or `again_times` within
    `again_within_s` [design default]. The first time for `first_s`, then twice as long, at most `longest_s`.
    """

    times: int = 3
    within_s: float = 60.0
    again_times: int = 4
    again_within_s: float = 900.0
    first_s: float = 600.0
    longest_s: float = 7_200.0


class ShelvingLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a person may shelve an alert, and from which severity a second person must agree.

    `two_person_from` counts for hazards of public safety only (domain.md 7.2 [design default]).
    """

    longest_h: float = 24.0
    two_person_from: str = "warning"


class MaintenanceLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How long a window may be, and how far it reaches.

    `area_most`: a window over a whole area keeps alerts of public safety quiet up to this severity; one
    over a station or gateway keeps all of its alerts.
    """

    longest_h: float = 72.0
    area_most: str = "watch"


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Hours of the site's wall clock. `days`: 0 Monday to 6 Sunday, on which they begin.

    `start` and `end` in minutes of the day; an end that is not later than the start is of the next day.
    """

    days: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    start: int = 0
    end: int = DAY_MIN

    def hold(self, weekday: int, minute: int) -> bool:
        """Whether they hold at a minute of a day."""
        if self.start < self.end:
            return weekday in self.days and self.start <= minute < self.end
        if minute >= self.start:
            return weekday in self.days
        return minute < self.end and (weekday - 1) % 7 in self.days


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """Who is on duty in which hours; people by the names of their accounts."""

    hours: Hours = Hours()
    people: tuple[str, ...]


class Rota(msgspec.Struct, frozen=True, kw_only=True):
    """Shifts under one name; all that hold are on duty."""

    id: str
    shifts: tuple[Shift, ...]

    def people(self, weekday: int, minute: int) -> list[str]:
        """Who is on duty, each once."""
        found = [one for shift in self.shifts if shift.hours.hold(weekday, minute) for one in shift.people]
        return list(dict.fromkeys(found))

    @property
    def everybody(self) -> frozenset[str]:
        """Whoever is on duty at some time."""
        return frozenset(one for shift in self.shifts for one in shift.people)


class Step(msgspec.Struct, frozen=True):
    """After so many minutes without anybody's acknowledgement these are told.

    `to`: names of accounts, `rota:<id>` or `role:<role>`.
    """

    after_min: float
    to: tuple[str, ...]


class Escalation(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told next. The first that fits an alert is its own.

    Attributes:
        id: its name.
        hazards, areas: that it is for; None: any.
        least, most: the severities it is for.
        hours: of the wall clock, when the alert began to wait; None: any.
        steps: in order of time.
    """

    id: str
    hazards: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None
    least: str = "advisory"
    most: str = "emergency"
    hours: Hours | None = None
    steps: tuple[Step, ...] = ()

    def fits(self, hazard: str, area: str, severity: str, weekday: int, minute: int) -> bool:
        """Whether it is this alert's."""
        return (
            (self.hazards is None or hazard in self.hazards)
            and (self.areas is None or area in self.areas)
            and rank(self.least) <= rank(severity) <= rank(self.most)
            and (self.hours is None or self.hours.hold(weekday, minute))
        )


ESCALATIONS = (
    Escalation(
        id="emergencies",
        least="emergency",
        steps=(Step(3, ("role:operator",)), Step(10, ("role:approver",))),
    ),
    Escalation(
        id="warnings",
        least="warning",
        steps=(Step(10, ("role:operator",)), Step(30, ("role:approver",))),
    ),
)
"""Design defaults: nobody prescribes minutes; roles stand until a site writes its rota."""


class Realarm(msgspec.Struct, frozen=True, kw_only=True):
    """How long an acknowledgement counts while the alert goes on. The first that fits an alert is its own.

    Attributes:
        id: its name.
        hazards, areas: that it is for; None: any.
        least, most: the severities it is for.
        after_h: hours from the acknowledgement until it is unacknowledged again; 0: it is not.
    """

    id: str
    hazards: tuple[str, ...] | None = None
    areas: tuple[str, ...] | None = None
    least: str = "advisory"
    most: str = "emergency"
    after_h: float = 0.0

    def fits(self, hazard: str, area: str, severity: str) -> bool:
        """Whether it is this alert's."""
        return (
            (self.hazards is None or hazard in self.hazards)
            and (self.areas is None or area in self.areas)
            and rank(self.least) <= rank(severity) <= rank(self.most)
        )


def realarms(public_safety: tuple[str, ...]) -> tuple[Realarm, ...]:
    """Design defaults: an emergency every two hours, a danger to life once in a shift, others daily.

    What is less severe than a warning never comes back: who has it on the list for a day finds it stale.
    """
    return (
        Realarm(id="emergencies", least="emergency", after_h=2.0),
        Realarm(id="dangers", hazards=public_safety, least="warning", after_h=8.0),
        Realarm(id="warnings", least="warning", after_h=24.0),
    )


class Keeping(msgspec.Struct, frozen=True, kw_only=True):
    """The keeper's part."""

    public_safety: tuple[str, ...] = PUBLIC_SAFETY
    inhibitions: tuple[Inhibition, ...] = DEFAULTS
    chattering: Chattering = Chattering()
    shelving: ShelvingLimits = ShelvingLimits()
    maintenance: MaintenanceLimits = MaintenanceLimits()
    rotas: tuple[Rota, ...] = ()
    escalations: tuple[Escalation, ...] = ESCALATIONS
    realarms: tuple[Realarm, ...] = realarms(PUBLIC_SAFETY)

    def escalation(
        self, hazard: str, area: str, severity: str, weekday: int, minute: int
    ) -> Escalation | None:
        """Who is told next of an alert that began to wait at this minute of the site's wall clock."""
        found = (one for one in self.escalations if one.fits(hazard, area, severity, weekday, minute))
        return next(found, None)

    def realarm_h(self, hazard: str, area: str, severity: str) -> float:
        """How many hours an acknowledgement counts while such an alert goes on; 0: for as long as it does."""
        return next((one.after_h for one in self.realarms if one.fits(hazard, area, severity)), 0.0)

    def people(self, to: Sequence[str], weekday: int, minute: int) -> list[str]:
        """Names of accounts and `role:<role>` that are meant at a minute; a rota is who is on duty.

        A rota without anybody on duty stays as it is written, so that it can be seen.
        """
        rotas = self._by_name()
        found: list[str] = []
        for one in to:
            rota = rotas.get(one)
            found += (rota.people(weekday, minute) or [one]) if rota is not None else [one]
        return list(dict.fromkeys(found))

    def reached(self, to: Sequence[str], heard: Collection[str]) -> bool:
        """Whether all that are meant were called: of a rota anybody, whoever is on duty by now."""
        rotas, known = self._by_name(), frozenset(heard)
        missing = [one for one in to if one not in known]
        return all(one in rotas and not known.isdisjoint(rotas[one].everybody) for one in missing)

    def _by_name(self) -> dict[str, Rota]:
        return {ROTA + one.id: one for one in self.rotas}


def wall(zone: str, at: int) -> tuple[int, int]:
    """Weekday (0 Monday) and minute of the day of a site's wall clock, at an instant in µs UTC."""
    local = datetime.fromtimestamp(at / 1e6, UTC).astimezone(ZoneInfo(zone))
    return local.weekday(), local.hour * 60 + local.minute


def rank(severity: str) -> int:
    """0 to 3; -1 for what is not on the ladder."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1
