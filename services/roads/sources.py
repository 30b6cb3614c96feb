"""Where letters come from: the port, and events of the stream for machines; `said` has the words."""

from collections import deque
from collections.abc import Collection, Iterable
from typing import Any, NamedTuple, Protocol

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from services.observation.delivery import Letter, RoadState, letter_id
from services.observation.instants import iso
from services.policy.road_nouns import Road
from services.roads.carrier import Parcel
from services.roads.choosing import Chooser
from services.runtime.follow import Follower, Message
from services.runtime.position import hash_of
from services.runtime.streams import ALERTS

READ = 256


class Source(Protocol):
    """One road's letters in their order; the head is the same until `done`."""

    async def next(self, wait_s: float) -> Parcel | None:
        """The head, waited for that long."""

    def done(self, state: RoadState) -> None:
        """Take the head away, and note in the state how far the road is."""

    def split(self) -> bool:
        """Cut the head into single letters; False where it is one already."""

    async def again(self, letter: Letter) -> Parcel | None:
        """A dead letter as it was; None when its events are no longer kept."""

    def another(self, not_for: Collection[str]) -> Parcel | None:
        """A letter behind the head, to none of these persons."""

    def ahead(self, letter: Letter, state: RoadState) -> None:
        """Note that a letter was carried before its turn."""

    def trial(self, now: int) -> list[Parcel]:
        """What the road carries to try itself."""

    @property
    def waiting(self) -> int:
        """Letters that are known to wait."""

    async def close(self) -> None:
        """Let go of what was made on the server."""


class _Chosen(NamedTuple):
    sequence: int
    data: bytes
    stored_us: int
    event: dict[str, Any]


class Events:
    """The stream, filtered, for a machine; in batches that keep its order."""

    def __init__(self, js: JetStreamContext, road: Road, site: str, state: RoadState) -> None:
        """Go on from where the road is."""
        self._js, self._road, self._site, self._state = js, road, site, state
        self._chooser = Chooser(road, site)
        self._follower = Follower(js, ALERTS, [], state.sequence, batch=READ)
        self._chosen: deque[_Chosen] = deque()
        self._head = 0
        self._singly = 0
        self._read: Message | None = None

    async def next(self, wait_s: float) -> Parcel | None:
        """As many as a batch holds of what is there.

        Raises:
            TailLost: the stream is not what it was.
        """
        if not self._chosen:
            for message in await self._follower.fetch(READ, wait_s):
                self._read = message
                event = decoded(message.data)
                if event is not None and self._chooser.takes(event):
                    self._chosen.append(_Chosen(message.sequence, message.data, message.time_us, event))
            if not self._chosen:
                self._place(self._state)
                return None
        self._head = 1 if self._singly else min(self._road.batch, len(self._chosen))
        return self._parcel([self._chosen[at] for at in range(self._head)])

    def _parcel(self, chosen: list[_Chosen]) -> Parcel:
        place = self._state.epoch
        events = tuple({**one.event, "sequence": str(one.sequence), "epoch": place} for one in chosen)
        ids = [str(one.event.get("id", one.sequence)) for one in chosen]
        letter = Letter(
            id=ids[0] if self._road.batch == 1 else letter_id(self._road.id, *ids),
            stored_us=chosen[0].stored_us,
            sequences=tuple(one.sequence for one in chosen),
            about=_about(one.event for one in chosen),
        )
        return Parcel(letter, events)

    def done(self, state: RoadState) -> None:
        """The head was carried or given up."""
        for _ in range(self._head):
            last = self._chosen.popleft()
            state.sequence, state.hash = last.sequence, hash_of(last.data)
            self._singly = max(self._singly - 1, 0)
        self._head = 0
        if not self._chosen:
            self._place(state)

    def _place(self, state: RoadState) -> None:
        if self._read is not None:
            state.sequence, state.hash = self._read.sequence, hash_of(self._read.data)
            self._read = None

    def split(self) -> bool:
        """One of the batch may be what the receiver can't take: the others must not wait for it."""
        if self._head <= 1:
            return False
        self._singly = self._head
        return True

    async def again(self, letter: Letter) -> Parcel | None:
        """Read its events from the stream once more; `stored_us` and id stay."""
        chosen = []
        for sequence in letter.sequences:
            try:
                message = await self._js.get_msg(ALERTS, seq=sequence)
            except NotFoundError:
                continue
            event = decoded(message.data or b"")
            if event is not None:
                chosen.append(_Chosen(sequence, message.data or b"", letter.stored_us, event))
        return Parcel(letter, self._parcel(chosen).events) if chosen else None

    def another(self, not_for: Collection[str]) -> Parcel | None:  # noqa: ARG002  of the port
        """A machine is one receiver: nothing overtakes."""
        return None

    def ahead(self, letter: Letter, state: RoadState) -> None:
        """Nothing overtakes."""

    async def since(self, after: int) -> list[Parcel]:
        """What the road carried or would have carried from a sequence on, up to where it is."""
        follower, chooser = Follower(self._js, ALERTS, [], after), Chooser(self._road, self._site)
        end, place = self._state.sequence, after
        chosen: list[_Chosen] = []
        try:
            while place < end and (messages := await follower.fetch(READ, 2.0)):
                for message in messages:
                    place = message.sequence
                    event = decoded(message.data)
                    if place <= end and event is not None and chooser.takes(event):
                        chosen.append(_Chosen(place, message.data, message.time_us, event))
        finally:
            await follower.close()
        size = self._road.batch
        return [self._parcel(chosen[at : at + size]) for at in range(0, len(chosen), size)]

    def trial(self, now: int) -> list[Parcel]:
        """An event of its own, that says in every way that it is a test."""
        name = letter_id(self._road.id, "trial", now)
        event: dict[str, Any] = {
            "id": name,
            "source": f"/sites/{self._site}",
            "type": "vn.haidang.road.tested.v1",
            "subject": self._road.id,
            "time": iso(now),
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "data": {"road": self._road.id, "status": "Test", "area": "_", "time": iso(now)},
        }
        return [Parcel(Letter(id=name, stored_us=now, status="Test", test=True), (event,))]

    @property
    def waiting(self) -> int:
        """Of those that were read; the rest is the distance to the stream's end."""
        return len(self._chosen)

    async def close(self) -> None:
        """Drop the consumer."""
        await self._follower.close()


def _about(events: Iterable[dict[str, Any]]) -> tuple[str, ...]:
    """What they tell of, each once: their subjects, and of a bulletin the alert too."""
    named = (name for event in events for name in (event.get("subject"), event["data"].get("about")))
    return tuple(dict.fromkeys(name for name in named if isinstance(name, str) and name))


def decoded(data: bytes) -> dict[str, Any] | None:
    """An event; None for what is none."""
    try:
        event = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("data"), dict) else None
