"""COMMANDS as the lighting service reads and writes it, and DOWNLINK as it sends."""

import asyncio
from collections.abc import Coroutine, Sequence

from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.lighting.desired import Order
from services.lighting.ledger import Ledger
from services.lighting.loop import Act
from services.observation import command as nouns
from services.observation.command import CommandEvent, Told
from services.runtime import logging
from services.runtime.nats import NatsError
from services.runtime.streams import COMMANDS, DOWNLINK

ID = "Nats-Msg-Id"
EXPECTED = "Nats-Expected-Last-Subject-Sequence"
WRONG_LAST = 10071
AT_ONCE = 64
TIMEOUT_S = 2.0
log = logging.get("lighting")


class CommandLog:
    """Writes what was decided: each thing once, and only if nothing else came of that command meanwhile."""

    def __init__(self, js: JetStreamContext, site: str, ledger: Ledger) -> None:
        """What is written is told to the ledger at once; read again later, it changes nothing there."""
        self._js, self._site, self._ledger = js, site, ledger
        self.sent = 0

    async def order(self, orders: Sequence[Order], now: int) -> bool:
        """Write orders down; False where the stream did not take one."""
        events = [(order.event(self._site, now), 0) for order in orders]
        return await self._all([self._write(event, last) for event, last in events])

    async def do(self, acts: Sequence[Act], now: int) -> bool:
        """Send what is to be sent, then write down what was done; False where something failed.

        In this order: who is killed in between sends the same command again under the same id, which a
        controller knows; the other way round it would be written down and never sent.
        """
        # What was known when it was decided: anything that came meanwhile makes the write fail.
        return await self._all([self._act(act, act.standing.sequence, now) for act in acts])

    async def _all(self, work: Sequence[Coroutine[None, None, bool]]) -> bool:
        done = True
        for start in range(0, len(work), AT_ONCE):
            done = all(await asyncio.gather(*work[start : start + AT_ONCE])) and done
        return done

    async def _act(self, act: Act, last: int, now: int) -> bool:
        one = act.standing
        number = one.sendings + 1 if act.sends else 0
        told = Told(
            command=one.command.id,
            gateway=one.gateway,
            area=one.area,
            attempt=act.attempt,
            sending=number,
            successor=act.successor,
        )
        if act.sends:
            subject = nouns.down_subject(one.gateway, one.command.id)
            try:
                await self._js.publish(subject, nouns.encode(one.command), timeout=TIMEOUT_S, stream=DOWNLINK)
            except (NatsError, APIError, TimeoutError, OSError) as error:
                log.warning("not_sent", command=one.command.id, error=repr(error))
                return False
            self.sent += 1
        # Given up in each round once, and in each only once.
        event = nouns.make(self._site, act.verb, told, now, number or one.sendings)
        return await self._write(event, last)

    async def _write(self, event: CommandEvent, last: int) -> bool:
        told = event.data
        subject = nouns.subject(self._site, told.gateway, told.command)
        headers = {ID: event.id, EXPECTED: str(last)}
        try:
            ack = await self._js.publish(
                subject, nouns.encode(event), timeout=TIMEOUT_S, headers=headers, stream=COMMANDS
            )
        except (NatsError, APIError, TimeoutError, OSError) as error:
            if getattr(error, "err_code", None) == WRONG_LAST:
                return True  # something came of it meanwhile: it is read, and decided anew
            log.warning("not_written", command=told.command, error=repr(error))
            return False
        self._ledger.apply(ack.seq, event)
        return True
