"""A duty of the keeper: what controllers owe becomes alerts. The shell around `command_owed`."""

import asyncio

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.commands.owed import Owed, Watch
from services.alerts.log import AlertLog, decode
from services.observation import command as nouns
from services.observation.instants import SECOND
from services.runtime import logging
from services.runtime.clock import now_us
from services.runtime.follow import Follower, Message, TailLost
from services.runtime.nats import NatsError
from services.runtime.position import sequence_before
from services.runtime.streams import COMMANDS

LOOK_BACK_US = 8 * 86_400 * SECOND
"""Longer than any command is of use."""
LATELY_US = LOOK_BACK_US + 2 * 86_400 * SECOND
"""Alerts that are over for longer are of commands that are read no more."""
EVERY_S = 1.0
RETRY_S = 0.5
FETCH = 500
log = logging.get("command_watch")


async def run(js: JetStreamContext, site_id: str, alert_log: AlertLog, stop: asyncio.Event) -> None:
    """Keep watch until told to stop. `alert_log` is this duty's own: nobody else reads ALERTS with it."""
    watch = Watch(site_id)

    def remember(message: Message) -> None:
        event = decode(message)
        if event is not None:
            watch.restore(event)

    restored = False
    while not stop.is_set():
        try:
            if not restored:
                await alert_log.begin(remember, LATELY_US)
                restored = True
            await _follow(js, watch, alert_log, stop)
        except TailLost as lost:
            log.warning("tail_lost", last=lost.last)
        except (NatsError, APIError, TimeoutError, OSError) as error:
            log.warning("watch_interrupted", error=repr(error))
            await asyncio.sleep(RETRY_S)


async def _follow(js: JetStreamContext, watch: Watch, alert_log: AlertLog, stop: asyncio.Event) -> None:
    """Read COMMANDS from a week ago on; nothing is judged before its present end is reached."""
    owed = Owed()
    after = await sequence_before(js, COMMANDS, now_us() - LOOK_BACK_US)
    end = (await js.stream_info(COMMANDS)).state.last_seq
    follower, taken = Follower(js, COMMANDS, [], after), after
    try:
        while not stop.is_set():
            for message in await follower.fetch(FETCH, EVERY_S if taken >= end else 0.2):
                taken = message.sequence
                try:
                    owed.apply(nouns.decode_event(message.data))
                except msgspec.MsgspecError as error:
                    log.warning("event_unreadable", sequence=message.sequence, error=repr(error))
            if taken >= end:
                now = now_us()
                # The events are made once; `publish` repeats them until they are in.
                await alert_log.publish(watch.update(owed.debts(now), now), stop)
    finally:
        await follower.close()
