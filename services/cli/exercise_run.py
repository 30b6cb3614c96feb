"""Runs an exercise: the real quality control and engine here, its events to ALERTS in time.

All of it is computed first, so its pace is kept whatever the machine does. Then the stream alone says how
far it is: an exercise that was killed goes on where its last event stands, and one that anybody ended is
over for the process that ran it too. One exercise at a time: so its alerts are those with status `Exercise`
since it began.
"""

import asyncio
import secrets
import time
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.log import AlertLog
from services.cli.exercise_sources import Played, expected
from services.cli.exercise_steps import play
from services.observation import event as events
from services.observation import exercise as nouns
from services.observation.event import CloudEvent, Verb
from services.observation.exercise import Ended, Exercise, Staging
from services.observation.instants import SECOND, iso, micros
from services.observation.quantity import Property
from services.observation.site import Site
from services.runtime import exercises
from services.runtime.exercises import Standing
from services.runtime.nats import NatsError

LOOK_S = 0.5
_EXPECTED = "Nats-Expected-Last-Subject-Sequence"
_OURSELVES = {Verb.RAISED, Verb.ESCALATED, Verb.EASED, Verb.CLEARED, Verb.BLIND, Verb.SIGHTED}


class AlreadyRunning(Exception):  # noqa: N818  a fact that whoever starts one decides about
    """Another exercise runs at this site."""

    def __init__(self, standing: Standing) -> None:
        self.standing = standing
        super().__init__(standing.exercise.exercise_id)


class Script(NamedTuple):
    """What an exercise will say, in the order of its wall clock."""

    staging: Staging
    events: list[CloudEvent]
    last: int


def judged(site: Site, played: Played, extra: dict[str, Property]) -> list[CloudEvent]:
    """Run what is played through quality control and engine; the events in the order they became known."""
    return [event for moment in play(site, played.recorded, extra) for event in moment.events]


def stage(judgements: Iterable[CloudEvent], played: Played, staging: Staging) -> Script:
    """Every event as the exercise tells it."""
    staged = [staging.staged(event) for event in judgements]
    return Script(staging, staged, staging.wall(played.recorded.span()[1]))


def begin(  # noqa: PLR0913  what an exercise is
    site: Site, played: Played, *, by: str, speed: float, what: str, now: int, **more: object
) -> Exercise:
    """A new exercise that begins now, µs UTC."""
    first, last = played.recorded.span()
    identity = secrets.token_hex(16)
    made = Exercise(
        exercise_id=identity,
        name=played.name,
        by=by,
        played=what,
        speed=speed,
        first=iso(first),
        last=iso(last),
        started_at=iso(now),
        time=iso(now),
        site_version=site.version,
        **more,  # type: ignore[arg-type]
    )
    due = expected(played.due, Staging.of(site.id, made))
    return msgspec.structs.replace(made, expected=due)


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
        began = await self._put("started", exercise, 0)
        await exercises.remember(self._js, exercise.exercise_id, began)
        return Standing(exercise, began)

    async def end(self, standing: Standing, why: Ended, by: str) -> Standing:
        """Say that it is over, unless that is said; then end every alert of it that is still open."""
        known = await self.get(standing.exercise.exercise_id) or standing
        if known.exercise.running:
            now = _now()
            alerts = sum(1 for _ in await self._heads(known.began))
            over = msgspec.structs.replace(
                known.exercise, why=why, ended_at=iso(now), ended_by=by, time=iso(now), alerts=alerts
            )
            try:
                known = Standing(over, known.began, await self._put("ended", over, known.began))
            except APIError:  # somebody was quicker
                known = await self.get(standing.exercise.exercise_id) or known
        await self.clear(known)
        return known

    async def clear(self, standing: Standing) -> int:
        """End the alerts of an exercise that are open; how many. What people did to them stays."""
        staging = Staging.of(self._site, standing.exercise)
        cleared = 0
        for _ in range(3):  # somebody may act on one in the same moment
            open_ = [event for event in (await self._heads(standing.began)).values() if event is not None]
            if not open_:
                break
            now = _now()
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


async def perform(  # noqa: PLR0913  what an exercise is performed with
    js: JetStreamContext,
    site: str,
    standing: Standing,
    script: Script,
    stop: asyncio.Event,
    linger_s: float = 0.0,
    told: Callable[[Iterable[CloudEvent]], None] = lambda _: None,
) -> Ended | None:
    """Put each event on ALERTS when its time has come.

    What stands there already, from before a kill, is not put again. Returns why it ends: `done` so long
    after the last thing that is played; None when somebody else has ended it, or at `stop`.
    """
    stage = Stage(js, site)
    alert_log = AlertLog(js, site, standing.began)
    await alert_log.catch_up()
    ours = asyncio.create_task(_over(stage, standing, stop))
    left, at = script.events, 0
    until = script.last + round(linger_s * SECOND)
    try:
        while not stop.is_set() and not ours.done():
            now = _now()
            end = at
            while end < len(left) and micros(left[end].data.detected_at) <= now:
                end += 1
            if end > at:
                if not await alert_log.publish(left[at:end], stop):
                    break
                told(left[at:end])
                at = end
                continue
            if at == len(left) and now >= until:
                return "done"
            coming = micros(left[at].data.detected_at) if at < len(left) else until
            await _pause(stop, ours, min(max(coming - now, 0) / SECOND, 1.0))
        return None
    finally:
        ours.cancel()


async def _over(stage: Stage, standing: Standing, stop: asyncio.Event) -> None:
    """Return when somebody has ended the exercise."""
    while not stop.is_set():
        try:
            known = await stage.get(standing.exercise.exercise_id)
        except (NatsError, APIError, TimeoutError, OSError):
            known = standing
        if known is not None and not known.exercise.running:
            return
        await asyncio.sleep(LOOK_S)


async def _pause(stop: asyncio.Event, other: "asyncio.Task[None]", seconds: float) -> None:
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((stopping, other), timeout=max(seconds, 0.01), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()


def _now() -> int:
    return time.time_ns() // 1000
