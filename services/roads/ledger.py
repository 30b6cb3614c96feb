"""What a road remembers: where it is, in KV STATE; what it carried and what it gave up, on DELIVERIES."""

import time
from collections.abc import Sequence
from typing import Literal

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError, NotFoundError

from services.observation import delivery as nouns
from services.observation import event as events
from services.observation.delivery import Delivery, Letter, Outcome, RoadState
from services.observation.instants import iso
from services.observation.text import Text
from services.observation.topics import SITE_AREA
from services.policy.road_nouns import Road
from services.roads.patience import Answer
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.nats import NatsError
from services.runtime.newest import newest
from services.runtime.position import Position, check_position, read_position, renew_epoch
from services.runtime.streams import ALERTS, DELIVERIES, STATE

TROUBLE = (NatsError, APIError, TimeoutError, OSError)
SAVE_EVERY_S = 0.25
BACK = 500
"""Events gone back after a lost tail: far more than a server writes between two flushes."""
RoadVerb = Literal["tested", "failed", "healed", "dead"]
log = logging.get("roads")


class Ledger:
    """Of one road. A place that could not be written is written with the next one."""

    def __init__(self, js: JetStreamContext, road: Road, site: str) -> None:
        """Nothing is read before `begin`."""
        self._js, self.road, self._site = js, road, site
        self.state = RoadState(road=road.id, kind=road.kind)
        self._saved: bytes = b""
        self._saved_at = 0.0
        self.aside: list[Delivery] = []
        """What stood aside when we began, oldest first."""
        self.gap: tuple[int, int] | None = None
        """Sequences on ALERTS that were lost under us, when the stream lost its tail."""

    async def begin(self) -> None:
        """Take up where the process before us was; a new road begins at the stream's end."""
        bucket = await self._js.key_value(STATE)
        info = await self._js.stream_info(ALERTS)
        end, epoch = int(info.state.last_seq), (info.config.metadata or {}).get("epoch", "")
        try:
            self.state = nouns.read_state((await bucket.get(nouns.key(self.road.id))).value or b"")
        except KeyNotFoundError:
            self.state = await self._new(end, epoch)
        except msgspec.MsgspecError as error:
            log.error("road_unreadable", road=self.road.id, error=repr(error))
            self.state = await self._new(end, epoch)
        state = self.state
        state.kind = self.road.kind
        standing = await check_position(self._js, ALERTS, Position(state.epoch, state.sequence, state.hash))
        if not standing.holds:
            self.gap = (state.sequence, standing.last)
            state.epoch = await renew_epoch(self._js, ALERTS, state.epoch)
            # Since then others may have written where we had read: a repeat has its id, a hole has nothing.
            place = await self._held(max(min(state.sequence, standing.last) - BACK, standing.first - 1, 0))
            state.sequence, state.hash = place.sequence, place.hash
            log.warning("road_tail_lost", road=self.road.id, read=self.gap[0], last=standing.last)
        elif state.epoch != standing.epoch:
            state.epoch = standing.epoch
        told = await self._kept()
        state.dead = len(_letters(told, "dead"))
        aside = [one for one in told if one.outcome == "aside"]
        self.aside = sorted(aside, key=lambda one: 0 if one.letter is None else one.letter.stored_us)
        await self.save(now=True)

    async def _held(self, sequence: int) -> Position:
        try:
            return await read_position(self._js, ALERTS, sequence)
        except NotFoundError:
            return Position("", sequence, "")

    async def _new(self, end: int, epoch: str) -> RoadState:
        asked = int((await self._js.stream_info(DELIVERIES)).state.last_seq)
        now = now_us()
        state = RoadState(road=self.road.id, kind=self.road.kind, epoch=epoch, sequence=end, asked=asked)
        state.hash = (await self._held(end)).hash  # without it, the end would look like a lost one
        state.reached_us = state.since_us = now
        return state

    async def save(self, *, now: bool = False) -> bool:
        """Write down where the road is, if that changed and some time passed; False: it could not be."""
        if not now and time.monotonic() - self._saved_at < SAVE_EVERY_S:
            return True
        data = nouns.encode(self.state)
        if data == self._saved:
            return True
        try:
            await self._js.publish(f"$KV.{STATE}.{nouns.key(self.road.id)}", data, timeout=2.0)
        except TROUBLE as error:
            log.warning("road_not_saved", road=self.road.id, error=repr(error))
            return False
        self._saved, self._saved_at = data, time.monotonic()
        return True

    async def record(self, letter: Letter, answer: Answer, attempt: int, took_ms: int) -> None:
        """Write down an attempt; what can't be written is in the log and in the state all the same."""
        told = Delivery(
            t=now_us(),
            road=self.road.id,
            id=letter.id,
            attempt=attempt,
            outcome="delivered" if answer.taken else "failed",
            word=answer.word,
            events=len(letter.sequences),
            took_ms=took_ms,
            test=letter.test,
            about=letter.about,
            to=letter.to,
            tells=letter.tells,
        )
        await self._put(nouns.sent(self.road.id), told)

    async def bury(self, letter: Letter, answer: Answer, attempt: int) -> bool:
        """Put a letter among the dead ones; False when it could not be: then it is not given up yet."""
        return await self._keep(letter, "dead", answer, attempt)

    async def put_aside(self, letter: Letter, answer: Answer) -> bool:
        """Keep a letter that is tried on beside the queue; False when it could not be kept."""
        return await self._keep(letter, "aside", answer, 1)

    async def raise_up(self, letter: Letter, answer: Answer) -> bool:
        """A letter that was dead, or stood aside, was carried after all."""
        return await self._keep(letter, "delivered", answer, 1)

    async def _keep(self, letter: Letter, outcome: Outcome, answer: Answer, attempt: int) -> bool:
        told = Delivery(
            t=now_us(),
            road=self.road.id,
            id=letter.id,
            attempt=attempt,
            outcome=outcome,
            word=answer.word,
            events=len(letter.sequences),
            letter=None if outcome == "delivered" else letter,
            about=letter.about,
            to=letter.to,
            tells=letter.tells,
        )
        return await self._put(nouns.dead(self.road.id, letter.id), told)

    async def tell(self, verb: RoadVerb, why: Text) -> None:
        """Say on ALERTS what befell the road, for reports. It is no alert: HEALTH makes that."""
        now = now_us()
        name = nouns.letter_id(self.road.id, verb, now)
        event = {
            "id": name,
            "source": f"/sites/{self._site}",
            "type": f"vn.haidang.road.{verb}.v1",
            "subject": self.road.id,
            "time": iso(now),
            "specversion": "1.0",
            "datacontenttype": "application/json",
            "data": {
                "road": self.road.id,
                "kind": self.road.kind,
                "area": SITE_AREA,
                "why": why,
                "status": "Actual",
            },
        }
        subject = events.subject(self._site, SITE_AREA, name)
        try:
            await self._js.publish(subject, nouns.encode(event), timeout=2.0, headers={"Nats-Msg-Id": name})
        except TROUBLE as error:
            log.warning("road_not_told", road=self.road.id, verb=verb, error=repr(error))

    async def _put(self, subject: str, told: Delivery) -> bool:
        try:
            await self._js.publish(subject, nouns.encode(told), timeout=2.0, stream=DELIVERIES)
        except TROUBLE as error:
            log.warning("delivery_not_recorded", road=self.road.id, error=repr(error))
            return False
        return True

    async def dead_letters(self, wanted: Sequence[str] = ()) -> list[Letter]:
        """Letters that are dead now, oldest first; only these, where named."""
        found = _letters(await self._kept(), "dead")
        return [letter for letter in found if not wanted or letter.id in wanted]

    async def _kept(self) -> list[Delivery]:
        """The newest word about each letter that was ever dead or aside."""
        told = [_told(data) for data in await newest(self._js, DELIVERIES, nouns.dead(self.road.id, "*"))]
        return [one for one in told if one is not None]


def _letters(told: Sequence[Delivery], outcome: Outcome) -> list[Letter]:
    return [one.letter for one in told if one.outcome == outcome and one.letter is not None]


def _told(data: bytes) -> Delivery | None:
    try:
        return nouns.read_delivery(data)
    except msgspec.MsgspecError:
        return None
