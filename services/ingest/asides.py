"""What goes onto other streams than READINGS: rejects, and what came of commands. It stops no readings."""

import asyncio
from collections.abc import Sequence

from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError

from services.ingest.items import Item
from services.ingest.watch import Watch
from services.observation import command
from services.observation.command import CommandEvent, Result
from services.observation.site import Site
from services.runtime.nats import MESSAGE_ID, NatsError
from services.runtime.streams import COMMANDS, REJECTS

TIMEOUT_S = 1.0
AT_ONCE = 100
MOST_RESULTS = 200
"""Of one window; a controller gone mad must not stop readings, and what is dropped is answered again."""


class Asides:
    """REJECTS and COMMANDS, as ingest writes them. What could not be kept is counted, and told by `watch`."""

    def __init__(self, js: JetStreamContext, watch: Watch) -> None:
        """Nothing is written yet."""
        self._js, self._watch = js, watch

    async def rejects(self, messages: Sequence[tuple[str, bytes]]) -> None:
        """Keep rejects: (subject, data)."""
        answers = await asyncio.gather(
            *(self._js.publish(s, d, timeout=TIMEOUT_S, stream=REJECTS) for s, d in messages),
            return_exceptions=True,
        )
        failed = [a for a in answers if isinstance(a, BaseException)]
        for answer in failed:
            if not isinstance(answer, (NatsError, TimeoutError)):
                raise answer
        self._watch.rejects_lost(len(failed))

    async def results(self, found: Sequence[tuple[Item, Result]], site: Site) -> list[tuple[Item, str]]:
        """Keep what came of commands; return those that nobody ordered, each with the command it names.

        A command that is not heard of is repeated and answered again, so what is lost here comes again.
        """
        known = [(item, result) for item, result in found if item.gateway in site.gateways]
        some, dropped = known[:MOST_RESULTS], len(known) - MOST_RESULTS
        events = [
            command.answered(
                site.id,
                site.gateways[item.gateway or ""].area,
                item.gateway or "",
                result,
                item.raw.received_at if item.raw is not None else 0,
            )
            for item, result in some
        ]
        kept: list[bool | None] = []
        for start in range(0, len(events), AT_ONCE):
            part = events[start : start + AT_ONCE]
            kept += await asyncio.gather(*(self._keep(event, site.id) for event in part))
        self._watch.results_lost(kept.count(None) + max(dropped, 0))
        return [
            (item, result.id) for (item, result), ordered in zip(some, kept, strict=True) if ordered is False
        ]

    async def _keep(self, event: CommandEvent, site: str) -> bool | None:
        """True: it is kept; False: nobody ordered that command; None: it could not be kept."""
        subject = command.subject(site, event.data.gateway, event.subject)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._js.get_last_msg(COMMANDS, subject)
            headers, data = {MESSAGE_ID: event.id}, command.encode(event)
            await self._js.publish(subject, data, timeout=TIMEOUT_S, stream=COMMANDS, headers=headers)
        except NotFoundError:
            return False
        except (NatsError, APIError, TimeoutError):
            return None
        return True
