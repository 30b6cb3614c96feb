"""The score of an exercise, read from the streams when it is asked for."""

import msgspec
from nats.js import JetStreamContext

from services.alerts.exercise.score import Scoring
from services.alerts.exercise.told import Score
from services.observation import delivery as nouns
from services.observation.instants import SECOND, micros
from services.runtime import exercises
from services.runtime.clock import now_us
from services.runtime.newest import between
from services.runtime.streams import DELIVERIES

_LATER_US = 86_400 * SECOND
"""Roads try for a day; what they carry later than that after its end is no part of an exercise."""
_object = msgspec.json.Decoder(dict)


async def scored(js: JetStreamContext, site: str, exercise_id: str) -> Score | None:
    """Score an exercise as it stands; None where there is none.

    What people do to its alerts after its end still counts, until the next one begins.
    """
    every = await exercises.every(js, site)
    found = next((one for one in every if one.exercise.exercise_id == exercise_id), None)
    if found is None:
        return None
    last = min((one.began for one in every if one.began > found.began), default=None)
    scoring = Scoring(found.exercise, site)
    async for message in exercises.marked(js, found.began):
        if last is not None and message.sequence >= last:
            break
        try:
            scoring.take(message.sequence, message.time_us, _object.decode(message.data))
        except msgspec.MsgspecError:
            continue
    now = now_us()
    ended = found.exercise.ended_at
    until = now if ended is None else min(now, micros(ended) + _LATER_US)
    for record in await between(js, DELIVERIES, nouns.sent("*"), micros(found.exercise.started_at), until):
        try:
            scoring.carried(nouns.read_delivery(record))
        except msgspec.MsgspecError:
            continue
    return scoring.score(now)
