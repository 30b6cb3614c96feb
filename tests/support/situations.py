"""Events of alerts as stories, and a keeper of situations that reads them: pure, no server."""

from collections.abc import Iterable
from typing import NamedTuple

from services.alerts import situation
from services.alerts.situation import SituationEvent
from services.alerts.situation.grouping import Grouper
from services.alerts.situation.kinds import DEFAULT, Grouping
from services.alerts.situation.reader import Reader
from services.observation import event as events
from services.observation.event import Alert, CloudEvent, Status
from services.observation.instants import SECOND, iso
from services.observation.text import Text

T0 = 1_763_600_400 * SECOND
SITE = "vung-tau"
SORTS = {
    "rain": ("flood", "rain", "rain_severity"),
    "street": ("flood", "street-depth", "street_depth"),
    "river": ("flood", "flood-level", "water_level"),
    "tide": ("flood", "tide-band", "tide_level"),
    "lightning": ("lightning", "lightning-ring", "strike_distance"),
    "tree": ("tree", "tree-fall", "tree_danger"),
    "lamps": ("lighting", "lamp-failure", "lamp_failure"),
    "rip": ("rip_current", "rip", "rip_probability"),
    "air": ("environment", "vn-aqi", "vn_aqi"),
    "so2": ("environment", "air-so2-24h", "so2_24h"),
    "oxygen": ("environment", "water-oxygen", "dissolved_oxygen"),
    "dry": ("tree", "tree-dry", "soil_deficit"),
    "eyes": ("system", "sensor-silent", "water_level"),
    "noise": ("environment", "noise", "noise_excess"),
}
"""Hazard, rule and property of an alert of each sort."""


def alert(
    name: str,
    verb: str = "raised",
    *,
    sort: str,
    area: str = "a",
    severity: str = "watch",
    minute: float = 0.0,
    status: Status = "Actual",
) -> CloudEvent:
    """An event of an alert, `minute` minutes into the story."""
    hazard, rule, prop = SORTS[sort]
    time = T0 + round(minute * 60 * SECOND)
    data = Alert(
        alert_id=name,
        hazard=hazard,
        area=area,
        severity=severity,
        rule=rule,
        rule_version="0123456789ab",
        time=iso(time),
        detected_at=iso(time + SECOND),
        reason=Text("có chuyện", "something"),
        station=f"st-{name}",
        sensor=f"st-{name}.{prop}",
        since=iso(T0),
        status=status,
    )
    return events.make(site=SITE, verb=verb, event=f"{name}/{verb}/{minute:g}", time=time, alert=data)


class Stored(NamedTuple):
    """A message of ALERTS: when it was stored, µs, and its bytes."""

    stored_us: int
    data: bytes


class Stream:
    """ALERTS, and the keeper of situations at its end. Sequences count from 1."""

    def __init__(self, grouping: Grouping = DEFAULT) -> None:
        self.messages: list[Stored] = []
        self.grouping = grouping
        self.reader = Reader(Grouper(SITE, grouping), 0)

    @property
    def situations(self) -> list[SituationEvent]:
        """Everything told of situations so far."""
        return [event for message in self.messages if (event := situation.decode(message.data)) is not None]

    def restart(self, decided: int = 0) -> None:
        """Another keeper reads from the beginning; what was decided before `decided` it takes as told."""
        self.reader = Reader(Grouper(SITE, self.grouping), decided)
        self.read()

    def put(self, *told: CloudEvent | SituationEvent, minute: float | None = None) -> None:
        """Store events; wall-clock time is that of the story unless told."""
        for one in told:
            at = T0 + round(minute * 60 * SECOND) if minute is not None else events_time(one)
            data = events.encode(one) if isinstance(one, CloudEvent) else situation.encode(one)
            self.messages.append(Stored(at, data))

    def read(self) -> None:
        """Take everything that is stored."""
        for sequence, message in enumerate(self.messages, 1):
            assert self.reader.take(sequence, message.stored_us, message.data)

    def tell(self, most: int | None = None) -> list[SituationEvent]:
        """Store what is owed, the first `most` of it: a keeper may die in between."""
        out = list(self.reader.pending.values())[:most]
        self.put(*out)
        return out

    def live(self, *told: CloudEvent, cut: int = 1) -> list[SituationEvent]:
        """Events come, `cut` at a time; the keeper reads and tells."""
        before = len(self.situations)
        for start in range(0, len(told), cut):
            self.put(*told[start : start + cut])
            self.read()
            self.tell()
            self.read()
        return self.situations[before:]

    def clock(self, minute: float) -> list[SituationEvent]:
        """Wall-clock time passes."""
        out = self.reader.grouper.due(T0 + round(minute * 60 * SECOND))
        self.put(*out)
        self.read()
        return out


def events_time(event: CloudEvent | SituationEvent) -> int:
    """Of the event, µs UTC."""
    from services.observation.instants import micros

    return micros(event.time)


def verbs(told: Iterable[SituationEvent]) -> list[str]:
    """What was told, in few words: kind, area, verb, open members."""
    return [
        f"{event.data.kind}@{event.data.area} {situation.verb_of(event.type)} {event.data.open_members}"
        for event in told
    ]


def essence(told: Iterable[SituationEvent]) -> list[tuple[str, str, bytes]]:
    """What two runs must agree on: ids, verbs and everything told, in order."""
    return [(event.id, event.type, situation.encode(event)) for event in told]
