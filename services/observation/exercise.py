"""An exercise: a recording or a storm on ALERTS beside the real operation, with status `Exercise`. Pure.

Its events say what is played, at which pace and what must be told of it, so that the score follows from the
stream. Every alert of it has ids of its own, salted with the exercise's, and a text that begins by saying
what it is.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal, NamedTuple

import msgspec

from services.observation import event as events
from services.observation.event import CloudEvent
from services.observation.instants import iso, micros
from services.observation.text import Text
from services.observation.topics import SITE_AREA

STATUS: Literal["Exercise"] = "Exercise"
NOUN = "exercise"
WORDS = Text("DIỄN TẬP, không phải sự việc thật: ", "EXERCISE, not real: ")
OVER = Text("diễn tập kết thúc", "the exercise has ended")
Ended = Literal["done", "stopped", "aborted"]


class Expected(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that the exercise makes happen, and by when an alert must tell it.

    Attributes:
        name: what it is, for people. hazard: of the alerts that tell it; rules: which of them, any where
        none is named. at: wall clock, ISO 8601 UTC; within_s: seconds of the wall clock. areas, station,
        gateway: where; an alert must name one of each that is given. severity: the lowest that tells it.
    """

    name: Text
    hazard: str
    at: str
    within_s: float
    rules: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    station: str | None = None
    gateway: str | None = None
    severity: str = "advisory"

    def told_by(self, data: Mapping[str, Any]) -> bool:
        """Whether an alert's `data` tells it; time and severity are not looked at."""
        return (
            data.get("hazard") == self.hazard
            and (not self.rules or data.get("rule") in self.rules)
            and (not self.areas or data.get("area") in self.areas)
            and (self.station is None or data.get("station") == self.station)
            and (self.gateway is None or data.get("gateway") == self.gateway)
        )


class Exercise(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`data` of the events `exercise.started` and `exercise.ended`: the exercise as it stands.

    Attributes:
        name: for people. by: who began it; ended_by: who ended it. why: how it ended; None while it runs.
        played: `storm`, or the names of the recordings. seed, minutes: of a storm.
        speed: how many seconds of what is played pass in one of the wall clock.
        first, last: of what is played; started_at, ended_at: of the wall clock. All ISO 8601 UTC.
        site_version: by whose rules it is judged. expected: what must be told.
        alerts: how many it has put on the stream.
    """

    exercise_id: str
    name: Text
    by: str
    played: str
    speed: float
    first: str
    last: str
    started_at: str
    time: str
    site_version: str
    status: Literal["Exercise"] = STATUS
    files: tuple[str, ...] = ()
    seed: int | None = None
    minutes: float | None = None
    expected: tuple[Expected, ...] = ()
    alerts: int = 0
    why: Ended | None = None
    ended_at: str | None = None
    ended_by: str | None = None

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.why is None


class ExerciseEvent(msgspec.Struct, kw_only=True):
    """CloudEvents 1.0 of an exercise; `data` has no alert id, so no fold of alerts takes it for one."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Exercise
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


class Staging(NamedTuple):
    """How what is played becomes part of the present: `first` of what is played is `started`, µs UTC."""

    site: str
    exercise_id: str
    first: int
    started: int
    speed: float

    @classmethod
    def of(cls, site: str, exercise: Exercise) -> "Staging":
        """As its events say."""
        started = micros(exercise.started_at)
        return cls(site, exercise.exercise_id, micros(exercise.first), started, exercise.speed)

    def wall(self, played: int) -> int:
        """The wall clock at an instant of what is played, µs UTC."""
        return self.started + round((played - self.first) / self.speed)

    def salted(self, identity: str) -> str:
        """An id of its own: never that of a real alert, nor of another exercise."""
        return sha256(f"{NOUN}\x1f{self.exercise_id}\x1f{identity}".encode()).hexdigest()[:32]

    def staged(self, event: CloudEvent) -> CloudEvent:
        """An event as the exercise tells it: other ids, today's times, status and words of an exercise."""
        data = event.data
        alert = msgspec.structs.replace(
            data,
            alert_id=self.salted(data.alert_id),
            previous=None if data.previous is None else self.salted(data.previous),
            time=self._moved(data.time),
            detected_at=self._moved(data.detected_at),
            since=None if data.since is None else self._moved(data.since),
            reason=marked(data.reason),
            status=STATUS,
        )
        return CloudEvent(
            id=self.salted(event.id),
            source=f"/sites/{self.site}",
            type=event.type,
            subject=alert.alert_id,
            time=self._moved(event.time),
            data=alert,
        )

    def over(self, event: CloudEvent, now: int) -> CloudEvent:
        """The end of an alert because its exercise ends; `event`: its newest."""
        alert = msgspec.structs.replace(
            event.data, time=iso(now), detected_at=iso(now), reason=marked(OVER), by=NOUN, seen=None
        )
        identity = self.salted(f"over\x1f{alert.alert_id}")
        return events.make(site=self.site, verb=events.Verb.CLEARED, event=identity, time=now, alert=alert)

    def _moved(self, text: str) -> str:
        return iso(self.wall(micros(text)))


def marked(text: Text) -> Text:
    """A sentence that begins by saying that it is an exercise; once."""
    if text.vi.startswith(WORDS.vi):
        return text
    return Text(WORDS.vi + text.vi, WORDS.en + text.en)


def make(site: str, verb: Literal["started", "ended"], data: Exercise) -> ExerciseEvent:
    """Put an exercise into its envelope; the same verb of the same exercise has the same id."""
    return ExerciseEvent(
        id=sha256(f"{NOUN}\x1f{data.exercise_id}\x1f{verb}".encode()).hexdigest()[:32],
        source=f"/sites/{site}",
        type=f"vn.haidang.{NOUN}.{verb}.v1",
        subject=data.exercise_id,
        time=data.time,
        data=data,
    )


def subject(site: str, exercise_id: str) -> str:
    """Subject on ALERTS."""
    return events.subject(site, SITE_AREA, exercise_id)


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ExerciseEvent)


def encode(event: ExerciseEvent) -> bytes:
    """As JSON."""
    return _encoder.encode(event)


def decode(data: bytes) -> ExerciseEvent | None:
    """Read an event; None when it is none of an exercise, or of a form we do not know."""
    try:
        event = _decoder.decode(data)
    except msgspec.MsgspecError:
        return None
    found = events.noun_and_verb(event.type)
    return event if found in ((NOUN, "started"), (NOUN, "ended")) else None
