"""What the figures of a load are told in. Pure."""

import msgspec

from services.observation.text import Text


class Took(msgspec.Struct):
    """How long answers took: of how many, their median and what nine in ten kept within, s.

    Who has not answered yet is in neither. `waiting`: how many those are; `p90_least_s`: nine in ten of all
    take at least this, counting who waits as answered at the end of the span.
    """

    n: int
    median_s: float | None = None
    p90_s: float | None = None
    waiting: int = 0
    p90_least_s: float | None = None


class Offender(msgspec.Struct):
    """An alarm (rule and place) and how often it sounded, with its share of all sounds."""

    rule: str
    place: str
    hazard: str
    area: str
    times: int
    share: float


class Standing(msgspec.Struct):
    """An alert that stands: since when it is known, how bad it is."""

    alert_id: str
    rule: str
    place: str
    hazard: str
    area: str
    severity: str
    since: int
    label: str


class Quieted(msgspec.Struct):
    """An alert that is kept quiet, by what, until when and why."""

    alert_id: str
    rule: str
    place: str
    hazard: str
    area: str
    severity: str
    kind: str
    since: int
    until: int | None
    by: str | None
    why: Text | None
    what: str | None


class Figures(msgspec.Struct):
    """The load of one span. Rates are None of less than an hour; shares None of nothing.

    Attributes:
        things: new things to look at. raw: alerts raised, escalated or brought back by time.
        alerts: first told within the span.
        most_in_10_min: things. flooding: whether a flood goes on at the end.
        chattering: alarms that made three sounds within a minute. actors: the most frequent, by raw count.
        split: alerts of the span by priority. took: answers given within the span.
        by_severity, by_person: the same, apart. waiting: alerts nobody has answered at the end.
        stale: open at the end for more than a day. shelved, suppressed: at the end.
        apart: alerts of exercises and tests in the span, by status; they are in no other figure.
    """

    first: int
    last: int
    operators: int
    things: int
    raw: int
    alerts: int
    per_operator_hour: float | None
    raw_per_operator_hour: float | None
    most_in_10_min: int
    floods: list[tuple[int, int]]
    flood_share: float | None
    flooding: bool
    chattering: list[Offender]
    actors: list[Offender]
    split: dict[str, int]
    took: Took
    by_severity: dict[str, Took]
    by_person: dict[str, Took]
    waiting: list[Standing]
    stale: list[Standing]
    shelved: list[Quieted]
    suppressed: list[Quieted]
    apart: dict[str, int]

    @property
    def flood_s(self) -> float:
        """Seconds in floods."""
        return sum(end - begin for begin, end in self.floods) / 1e6
