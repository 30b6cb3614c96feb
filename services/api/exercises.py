"""The score of an exercise, read from the streams when it is asked for."""

import time

import msgspec
from nats.js import JetStreamContext

from services.alerts.exercise_score import Score, Scoring
from services.runtime import exercises

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
    return scoring.score(time.time_ns() // 1000)
