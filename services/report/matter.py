"""What a report is made from: the alerts of a span with their past, names, what the history adds. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence

import msgspec

from services.alerts.attention.annunciation import Thing
from services.alerts.load.book import Affair
from services.alerts.load.case import Case, Did
from services.alerts.load.figures import figures
from services.alerts.load.late import Late
from services.alerts.load.nouns import Figures
from services.alerts.scoring.load import FLOOD_WINDOW
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE
from services.report.paper import Paper, PaperKind, Part
from services.report.phrases import WHOLE_SITE


class Station(msgspec.Struct, frozen=True):
    """Readings of a station that came in a span, of those that its declared intervals would give.

    `expected` None: its sensors send on change, so nobody can say how many were due.
    """

    station: str
    area: str
    gateway: str | None
    got: int
    expected: int | None


class AirDays(msgspec.Struct, frozen=True):
    """Days of an air station by class of VN_AQI, named as the Decision names them; `days`: of the span."""

    station: str
    area: str
    by_class: dict[str, int]
    days: int


class Lamps(msgspec.Struct, frozen=True):
    """The lamps of an area: lights out and energy.

    Attributes:
        lamps: declared. told: of them, which said whether they burn; out: of those, out at the end.
        out_share: readings that said "out", of all that were told, as (part, whole).
        metered: lamps with a meter or a measured power; kwh: theirs; full_kwh: the same lamps, all night in
            full light.
    """

    area: str
    lamps: int
    told: int
    out: int
    out_readings: int
    readings: int
    metered: int
    kwh: float | None
    full_kwh: float | None


class Facts(msgspec.Struct):
    """What only the history knows. `gaps`: what could not be read, and why."""

    stations: list[Station] = []
    air: list[AirDays] = []
    air_classes: list[Text] = []
    lamps: list[Lamps] = []
    gaps: list[Text] = []


class Stretch(msgspec.Struct, frozen=True):
    """A shift: µs UTC."""

    first: int
    last: int
    name: str


class Matter(msgspec.Struct, kw_only=True):
    """Everything a builder needs; it looks nothing up.

    Attributes:
        cases: of this site, status Actual; apart: of exercises and tests.
        shifts: that the span is made of. whole: whether all of the span is known; since: from when on.
        hazards, areas, stations: their names. silent_rules: whose alert means that a gateway was not heard.
        facts: None where nothing was asked of the history. worked_out: the load, once it was asked for.
        late: alerts that were measured within the span and told after it. revision: 1 is the first.
    """

    site: Text
    zone: str
    first: int
    last: int
    made_at: int
    cases: Sequence[Case]
    apart: Sequence[Case] = ()
    things: Sequence[Thing] = ()
    acts: Sequence[Did] = ()
    affairs: Sequence[Affair] = ()
    operators: int = 1
    shifts: Sequence[Stretch] = ()
    since: int = 0
    hazards: Mapping[str, Text] = {}
    areas: Mapping[str, Text] = {}
    stations: Mapping[str, Text] = {}
    gateways: Sequence[str] = ()
    silent_rules: Sequence[str] = ()
    scope: Text | None = None
    facts: Facts | None = None
    worked_out: Figures | None = None
    late: Sequence[Late] = ()
    revision: int = 1

    def paper(self, kind: PaperKind, title: Text, parts: list[Part]) -> Paper:
        """A report of the span, of these parts."""
        return Paper(
            kind, title, self.site, self.zone, self.first, self.last, self.made_at, parts, scope=self.scope,
            revision=self.revision,
        )  # fmt: skip

    def figures(self) -> Figures:
        """The load of the span; worked out once."""
        if self.worked_out is None:
            self.worked_out = figures(
                self.cases, self.things, self.first, self.last, operators=self.operators, apart=self.apart
            )
        return self.worked_out

    def by_shift(self) -> list[tuple[Stretch, Figures]]:
        """The load of each shift; of alerts only what was told or answered within it is looked at."""
        starts = [shift.first for shift in self.shifts]
        touched: list[dict[int, Case]] = [{} for _ in starts]
        for case in self.cases:
            for at in (case.heard_at, *(s.at for s in case.sounds), *(r.at for r in case.responses)):
                nth = bisect_right(starts, at) - 1
                if nth >= 0:
                    touched[nth][id(case)] = case
        things = sorted(self.things, key=lambda thing: thing.at)
        ats = [thing.at for thing in things]
        out = []
        for shift, found in zip(self.shifts, touched, strict=True):
            # A flood that goes on when the shift begins is made of what came in the ten minutes before.
            near = things[bisect_left(ats, shift.first - FLOOD_WINDOW) : bisect_left(ats, shift.last)]
            cases = list(found.values())
            out.append((shift, figures(cases, near, shift.first, shift.last, operators=self.operators)))
        return out

    def begun(self) -> list[Case]:
        """Alerts that were first told within the span, in order."""
        found = [case for case in self.cases if self.first <= case.heard_at < self.last]
        return sorted(found, key=lambda case: case.heard_at)

    def hazard(self, name: str) -> Text:
        """A hazard for people."""
        return self.hazards.get(name, Text(name, name))

    def area(self, name: str) -> Text:
        """An area for people."""
        if name in (SITE_AREA, SITE_SCOPE, ""):
            return WHOLE_SITE
        return self.areas.get(name, Text(name, name))

    def named(self, place: str) -> Text:
        """A sensor's place for people: the name of its station, where that is known."""
        station = place.partition(".")[0]
        return self.stations[station] if station in self.stations else self.area(station)

    def place(self, case: Case) -> Text:
        """Where an alert is: its station's name, else its gateway, else its area."""
        life = case.life
        if life.station is not None:
            return self.stations.get(life.station, Text(life.station, life.station))
        if life.gateway is not None:
            return Text(f"gateway {life.gateway}", f"gateway {life.gateway}")
        return self.area(life.area)
