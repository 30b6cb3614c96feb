"""Exercises as ALERTS holds them: which there were, and the events of one."""

from collections.abc import AsyncIterator

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError, KeyNotFoundError
from nats.js.kv import KeyValue

from services.observation import exercise as nouns
from services.observation.exercise import Exercise
from services.runtime.follow import Follower, Message
from services.runtime.streams import ALERTS, STATE

KEY = "exercise."
"""In STATE, with an id: the sequence on ALERTS at which that exercise began."""
BEAT = "keeper.exercise"
"""In STATE, where the keeper may write too: which exercise's process lived when; empty where none runs."""
MARK = b'"status":"Exercise"'


class Beat(msgspec.Struct):
    """The process of an exercise lived at this instant, µs UTC."""

    exercise_id: str
    t: int


class Standing(msgspec.Struct):
    """An exercise as its newest event tells it, and where on ALERTS it began and ended."""

    exercise: Exercise
    began: int
    ended: int | None = None


async def every(js: JetStreamContext, site: str) -> list[Standing]:
    """Every exercise that is remembered, the newest first."""
    state = await js.key_value(STATE)
    names = [key.removeprefix(KEY) for key in await _keys(state) if key.startswith(KEY)]
    found = [standing for name in names if (standing := await get(js, site, name)) is not None]
    return sorted(found, key=lambda one: one.began, reverse=True)


async def get(js: JetStreamContext, site: str, exercise_id: str) -> Standing | None:
    """One exercise, from its own subject; None where there is none."""
    found: Standing | None = None
    for sequence in await _of_subject(js, nouns.subject(site, exercise_id)):
        event = nouns.decode(sequence.data)
        if event is None:
            continue
        if found is None:
            found = Standing(event.data, sequence.sequence)
        found.exercise = event.data
        found.ended = None if event.data.running else sequence.sequence
    return found


async def remember(js: JetStreamContext, exercise_id: str, began: int) -> None:
    """Write down that there is one."""
    await (await js.key_value(STATE)).put(KEY + exercise_id, str(began).encode())


async def beat(js: JetStreamContext, exercise_id: str, now: int) -> None:
    """Write down that its process lives, µs UTC."""
    await (await js.key_value(STATE)).put(BEAT, msgspec.json.encode(Beat(exercise_id, now)))


async def beaten(js: JetStreamContext) -> Beat | None:
    """The last that a process of an exercise said; None where none runs."""
    try:
        entry = await (await js.key_value(STATE)).get(BEAT)
        return msgspec.json.decode(entry.value or b"", type=Beat)
    except (KeyNotFoundError, msgspec.MsgspecError):
        return None


async def silence(js: JetStreamContext) -> None:
    """No exercise runs."""
    await (await js.key_value(STATE)).put(BEAT, b"")


async def marked(js: JetStreamContext, after: int) -> AsyncIterator[Message]:
    """Events on ALERTS after a sequence that name the status of exercises, up to the present end."""
    end = int((await js.stream_info(ALERTS)).state.last_seq)
    follower = Follower(js, ALERTS, [], after)
    at = after
    try:
        while at < end and (messages := await follower.fetch(1000, 1.0)):
            at = messages[-1].sequence
            for message in messages:
                if MARK in message.data:
                    yield message
    finally:
        await follower.close()


async def _of_subject(js: JetStreamContext, subject: str) -> list[Message]:
    follower = Follower(js, ALERTS, [subject], 0)
    try:
        return await follower.fetch(10, 1.0)
    finally:
        await follower.close()


async def _keys(state: KeyValue) -> list[str]:
    try:
        return list(await state.keys())
    except (KeyNotFoundError, APIError, NatsError):
        return []
