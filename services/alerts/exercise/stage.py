"""Where exercises stand on a site's ALERTS: begun, ended, and their alerts ended with them.

An exercise's process says every few seconds that it lives. Where it no longer does, the keeper ends the
exercise: its alerts, and the calls that follow from them, must not stay because a process was killed.
"""

import asyncio

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.lifecycle import KEEPER
from services.alerts.log import AlertLog
from services.observation import event as events
from services.observation import exercise as nouns
from services.observation.event import CloudEvent, Verb
from services.observation.exercise import Ended, Exercise, Staging
from services.observation.instants import SECOND, iso
from services.runtime import exercises, logging
from services.runtime.clock import now_us
from services.runtime.exercises import Standing
from services.runtime.nats import NatsError
from services.runtime.pause import pause

LOOK_S = 10.0
ABANDONED_US = 300 * SECOND
"""So long without its process, and an exercise is ended; `resume` must come before."""
_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_OURSELVES = {Verb.RAISED, Verb.ESCALATED, Verb.EASED, Verb.CLEARED, Verb.BLIND, Verb.SIGHTED}
log = logging.get("keeper")


class AlreadyRunning(Exception):  # noqa: N818  a fact that whoever starts one decides about
    """Another exercise runs at this site."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        super().__init__(standing.exercise.exercise_id)


class Stage:
    """Where exercises stand on a site's ALERTS."""

    def __init__(self, js: JetStreamContext, site: str) -> None:
        """Of a running system."""
        self._js, self._site = js, site

    async def get(self, exercise_id: str) -> Standing | None:
        """One exercise; None where there is none."""
        return await exercises.get(self._js, self._site, exercise_id)

    async def all(self) -> list[Standing]:
        """Every exercise that is remembered, the newest first."""
        return await exercises.every(self._js, self._site)

    async def running(self) -> Standing | None:
        """The one that has not ended."""
        return next((one for one in await self.all() if one.exercise.running), None)

    async def start(self, exercise: Exercise) -> Standing:
        """Put its beginning on the stream.

        Raises:
            AlreadyRunning: another one has not ended.
        """
        other = await self.running()
        if other is not None:
            raise AlreadyRunning(other)
        await self.beat(exercise)
        began = await self._put("started", exercise, 0)
        await exercises.remember(self._js, exercise.exercise_id, began)
        return Standing(exercise, began)

    async def beat(self, exercise: Exercise) -> None:
        """Say that its process lives."""
        await exercises.beat(self._js, exercise.exercise_id, now_us())

    async def end(self, standing: Standing, why: Ended, by: str) -> Standing:
        """Say that it is over, unless that is said; then end every alert of it that is still open."""
        known = await self.get(standing.exercise.exercise_id) or standing
        if known.exercise.running:
            now = now_us()
            alerts = sum(1 for _ in await self._heads(known.began))
            over = msgspec.structs.replace(
                known.exercise, why=why, ended_at=iso(now), ended_by=by, time=iso(now), alerts=alerts
            )
            try:
                known = Standing(over, known.began, await self._put("ended", over, known.began))
            except APIError:  # somebody was quicker
                known = await self.get(standing.exercise.exercise_id) or known
        await self.clear(known)
        await exercises.silence(self._js)
        return known

    async def clear(self, standing: Standing) -> int:
        """End the alerts of an exercise that are open; how many. What people did to them stays."""
        staging = Staging.of(self._site, standing.exercise)
        cleared = 0
        for _ in range(3):  # somebody may act on one in the same moment
            open_ = [event for event in (await self._heads(standing.began)).values() if event is not None]
            if not open_:
                break
            now = now_us()
            alert_log = AlertLog(self._js, self._site, standing.began)
            await alert_log.catch_up()
            await alert_log.publish([staging.over(event, now) for event in open_], asyncio.Event())
            cleared += len(open_)
        return cleared

    async def _heads(self, after: int) -> dict[str, CloudEvent | None]:
        """Newest event of condition of each alert of the exercise; None where it is over."""
        heads: dict[str, CloudEvent | None] = {}
        async for message in exercises.marked(self._js, after):
            if (event := self._own(message.data)) is not None:
                heads[event.subject] = None if events.verb_of(event.type) == Verb.CLEARED else event
        return heads

    def _own(self, data: bytes) -> CloudEvent | None:
        try:
            event = events.decode(data)
            verb = events.verb_of(event.type)
        except (msgspec.MsgspecError, ValueError):
            return None
        ours = event.source == f"/sites/{self._site}" and event.data.status == nouns.STATUS
        return event if ours and verb in _OURSELVES else None

    async def _put(self, verb: str, exercise: Exercise, last: int) -> int:
        event = nouns.make(self._site, "started" if verb == "started" else "ended", exercise)
        headers = {"Nats-Msg-Id": event.id, _EXPECTED: str(last)}
        subject = nouns.subject(self._site, exercise.exercise_id)
        ack = await self._js.publish(subject, nouns.encode(event), headers=headers)
        return ack.seq


async def watch(js: JetStreamContext, site: str, _alert_log: AlertLog, stop: asyncio.Event) -> None:
    """The keeper's duty: end what nobody performs any more."""
    while not stop.is_set():
        await pause(stop, LOOK_S)
        if stop.is_set():
            return
        try:
            ended = await end_abandoned(Stage(js, site), js, now_us())
        except (NatsError, APIError, TimeoutError, OSError) as error:
            log.warning("exercises_not_looked_at", error=repr(error))
            continue
        if ended is not None:
            log.warning("exercise_abandoned", exercise=ended.exercise.exercise_id)


async def end_abandoned(stage: Stage, js: JetStreamContext, now: int) -> Standing | None:
    """End the exercise whose process has been silent for too long; None where there is none. µs UTC."""
    beat = await exercises.beaten(js)
    if beat is None or now - beat.t < ABANDONED_US:
        return None
    standing = await stage.get(beat.exercise_id)
    if standing is None or not standing.exercise.running:
        await exercises.silence(js)
        return None
    return await stage.end(standing, "aborted", KEEPER)
