"""Reading ALERTS for situations: what was decided before, what is to be told, and what is told already. Pure.

Up to `decided` everything on the stream was decided and told by a keeper before us: it is taken as it was
told. After it every alert's event is decided again, with the same outcome, and what already stands on the
stream is crossed off. So a keeper may die anywhere.
"""

import msgspec

from services.alerts import situation
from services.alerts.situation import SituationEvent
from services.alerts.situation.grouping import CLOCK, Grouper, Service
from services.observation import event as events
from services.observation.act import Act, KeeperVerb

NOUNS = ("alert", "situation")
OUT, BACK = events.type_of(KeeperVerb.SUPPRESSED), events.type_of(KeeperVerb.UNSUPPRESSED)
SERVICED = ("maintenance", "test")
"""Kinds of quiet that set an alert aside: what is worked at says nothing of the weather."""


class _Head(msgspec.Struct):
    type: str
    source: str


_head = msgspec.json.Decoder(_Head)


class _Quieted(msgspec.Struct):
    act: Act


class _Suppressed(msgspec.Struct):
    data: _Quieted


_suppressed = msgspec.json.Decoder(_Suppressed)


def _service(kind: str, data: bytes) -> Service | None:
    """Whether an event takes an alert out of service, or gives it back."""
    if kind not in (OUT, BACK):
        return None
    try:
        quiet = _suppressed.decode(data).data.act.quiet
    except msgspec.MsgspecError:
        return None
    return Service(quiet.key, kind == OUT) if quiet is not None and quiet.kind in SERVICED else None


class Reader:
    """One pass over ALERTS, and on from its end."""

    def __init__(self, grouper: Grouper, decided: int) -> None:
        """Begin before the first message; `decided` is a sequence of ALERTS."""
        self.grouper, self.decided = grouper, decided
        self.sequence = 0
        self.pending: dict[str, SituationEvent] = {}

    def take(self, sequence: int, stored_us: int, data: bytes) -> bool:
        """Take one message in stream order; False when it is no event that we can read."""
        if sequence <= self.sequence:
            return True
        self.sequence = sequence
        try:
            head = _head.decode(data)
        except msgspec.MsgspecError:
            return False
        if head.source != self.grouper.source or (events.noun_and_verb(head.type) or ("",))[0] not in NOUNS:
            return True  # another site tells of its own situations; windows, exercises and the like are none
        ours = situation.decode(data)
        if ours is not None:
            self._cross_off(sequence, ours)
            return True
        try:
            event = events.decode(data)
        except msgspec.MsgspecError:
            return False
        service = _service(head.type, data)
        if sequence <= self.decided:
            self.grouper.note(event, sequence, service)
        else:
            self.owe(self.grouper.alert(event, sequence, stored_us, service))
        return True

    def owe(self, told: list[SituationEvent]) -> None:
        """Events that ALERTS must hold."""
        self.pending |= {event.id: event for event in told}

    def paid(self, event: SituationEvent) -> None:
        """The server has confirmed it."""
        self.pending.pop(event.id, None)

    def _cross_off(self, sequence: int, event: SituationEvent) -> None:
        self.pending.pop(event.id, None)
        decided_elsewhere = event.data.cause == CLOCK or event.data.version != self.grouper.version
        if sequence <= self.decided or decided_elsewhere:
            self.grouper.told(event)
