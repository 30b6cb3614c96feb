"""Runs an exercise: the real quality control and engine here, its events to ALERTS in time.

All of it is computed first, so its pace is kept whatever the machine does. Then the stream alone says how
far it is: an exercise that was killed goes on where its last event stands, and one that anybody ended is
over for the process that ran it too. One exercise at a time: so its alerts are those with status `Exercise`
since it began.
"""

import asyncio
import secrets
from collections.abc import Callable, Iterable
from typing import NamedTuple

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.exercise.stage import Stage
from services.alerts.log import AlertLog
from services.cli.exercise.sources import Played, expected
from services.cli.exercise.steps import play
from services.observation.event import CloudEvent
from services.observation.exercise import Ended, Exercise, Staging
from services.observation.instants import SECOND, iso, micros
from services.observation.quantity import Property
from services.observation.site import Site
from services.runtime.clock import now_us
from services.runtime.exercises import Standing
from services.runtime.nats import NatsError
from services.runtime.pause import pause

LOOK_S = 0.5
BEAT_S = 5.0


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
    over = asyncio.Event()
    beside = [asyncio.create_task(_live(stage, standing, over)), asyncio.create_task(_pass_on(stop, over))]
    left, at = script.events, 0
    until = script.last + round(linger_s * SECOND)
    try:
        while not over.is_set():
            now = now_us()
            end = at
            while end < len(left) and micros(left[end].data.detected_at) <= now:
                end += 1
            if end > at:
                if not await alert_log.publish(left[at:end], over):
                    break
                told(left[at:end])
                at = end
                continue
            if at == len(left) and now >= until:
                return "done"
            coming = micros(left[at].data.detected_at) if at < len(left) else until
            await pause(over, min(max((coming - now) / SECOND, 0.01), 1.0))
        return None
    finally:
        for task in beside:
            task.cancel()


async def _pass_on(stop: asyncio.Event, over: asyncio.Event) -> None:
    await stop.wait()
    over.set()


async def _live(stage: Stage, standing: Standing, over: asyncio.Event) -> None:
    """Set `over` when somebody has ended the exercise; until then say that its process lives."""
    loop = asyncio.get_running_loop()
    said = 0.0
    while True:
        try:
            known = await stage.get(standing.exercise.exercise_id)
            if known is not None and not known.exercise.running:
                over.set()
                return
            if loop.time() - said >= BEAT_S:
                await stage.beat(standing.exercise)
                said = loop.time()
        except (NatsError, APIError, TimeoutError, OSError):
            pass  # it comes back; what stands on the stream is not lost
        await asyncio.sleep(LOOK_S)
