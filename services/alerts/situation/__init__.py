"""A situation: several alerts told as one thing that unfolds. The nouns, and the fold of its events. Pure.

Who decides is `grouping`. Its events are complete enough that keeper and API fold the same situation from
them: `joined` and `left` are what changed, `members` a look at the worst of those that are open.
"""

from typing import Literal

import msgspec

from services.alerts.situation.kinds import KINDS
from services.observation.command import identity
from services.observation.event import SEVERITIES, Status
from services.observation.text import Text

TYPE = "vn.haidang.situation."
VERBS = ("opened", "updated", "ended")
KIND_NAMES = tuple(kind.name for kind in KINDS)
MEMBERS_TOLD = 20
"""In one event; a storm over a city has hundreds, and each event of it would carry them all."""
PAST_KEPT = 500
State = Literal["open", "ended", "merged"]


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as it stood when it joined. `since` in ISO 8601: when its condition began."""

    alert_id: str
    hazard: str
    rule: str
    family: str
    area: str
    severity: str
    since: str
    station: str | None = None
    sensor: str | None = None
    gateway: str | None = None
    consequence: bool = False


class Left(msgspec.Struct, frozen=True):
    """An alert that no longer counts: it cleared, is told elsewhere from `time` on, or is out of service."""

    alert_id: str
    time: str
    why: Literal["cleared", "moved", "regrouped", "aside"] = "cleared"


class Situation(msgspec.Struct, kw_only=True):
    """`data` of an event: the situation as it stands after it.

    Attributes:
        area: `_` for the site as a whole; areas: every area that had a part in it.
        severity: of the worst open member; the last one when none is open.
        annunciate: whether this event deserves a sound of its own: the severity rose.
        ends_at: wall clock; set while no member is open: then it ends unless another joins.
        quiet_since: time of the alert that cleared last, while no member is open.
        merged_into: of a merged one, where it goes on; takes: situations that went up in this one.
        cause: id of the alert's event that decided; `clock`, or `regrouped` after another table of kinds.
        version: of the table of kinds.
    """

    situation_id: str
    kind: str
    name: Text
    area: str
    areas: list[str]
    status: Status
    state: State
    severity: str
    severity_max: str
    annunciate: bool
    opened_at: str
    time: str
    detected_at: str
    reason: Text
    open_members: int
    members: list[Member]
    joined: list[Member]
    left: list[Left]
    cause: str
    version: str
    ends_at: str | None = None
    quiet_since: str | None = None
    merged_into: str | None = None
    takes: list[str] = []


class SituationEvent(msgspec.Struct, kw_only=True):
    """CloudEvents 1.0 of a situation; not an alert event, so that no fold of alerts takes it for one."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Situation
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(SituationEvent)


def type_of(verb: str) -> str:
    """`opened` → `vn.haidang.situation.opened.v1`."""
    return f"{TYPE}{verb}.v1"


def verb_of(event_type: str) -> str | None:
    """`vn.haidang.situation.opened.v1` → `opened`; None: not of a situation."""
    if not event_type.startswith(TYPE) or not event_type.endswith(".v1"):
        return None
    return event_type[len(TYPE) : -3]


def situation_id(site: str, status: str, kind: str, area: str, first: str) -> str:
    """32 hex that follow from where it is, what it is and the alert it began with."""
    return identity(site, status, kind, area, first)


def event_id(situation: str, verb: str, cause: str) -> str:
    """32 hex; `cause`: the deciding event's id, or the instant that was due."""
    return identity(situation, verb, cause)


def make(site: str, verb: str, cause: str, data: Situation) -> SituationEvent:
    """Put a situation into its envelope."""
    return SituationEvent(
        id=event_id(data.situation_id, verb, cause),
        source=f"/sites/{site}",
        type=type_of(verb),
        subject=data.situation_id,
        time=data.time,
        data=data,
    )


def encode(event: SituationEvent) -> bytes:
    """As JSON."""
    return _encoder.encode(event)


def decode(data: bytes) -> SituationEvent | None:
    """Read an event; None when it is none of a situation, or of a form we do not know."""
    try:
        event = _decoder.decode(data)
    except msgspec.MsgspecError:
        return None
    return event if verb_of(event.type) in VERBS else None


def rank(severity: str) -> int:
    """0 to 3; -1 for what is not on the ladder."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else -1


class Unfolding:
    """A situation folded from its events: who is in it, who was."""

    __slots__ = ("areas", "data", "open", "past")

    def __init__(self, data: Situation) -> None:
        """Begin with the first known event; its `members` stand in for what was told before it."""
        self.data = data
        self.open: dict[str, Member] = {member.alert_id: member for member in data.members}
        self.past: dict[str, tuple[Member, Left]] = {}
        self.areas: set[str] = set(data.areas)
        self.apply(data)

    def apply(self, data: Situation) -> None:
        """Fold one event."""
        self.data = data
        self.areas.update(data.areas)
        for member in data.joined:
            self.open[member.alert_id] = member
            self.past.pop(member.alert_id, None)
        for gone in data.left:
            known = self.open.pop(gone.alert_id, None)
            if known is not None:
                self.past[gone.alert_id] = (known, gone)
        while len(self.past) > PAST_KEPT:
            del self.past[next(iter(self.past))]
