"""Health: each service says every five seconds that it lives, what it does and what troubles it."""

import asyncio
import os

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from services.observation.heartbeat import Complaint, Heartbeat
from services.runtime import logging, metrics
from services.runtime.clock import now_us
from services.runtime.streams import HEALTH

EVERY_S = 5.0
SOON_S = 0.05  # several changes in one moment become one message


class Health:
    """Gathers what a service says about itself; `run` puts it where others see it."""

    def __init__(self, js: JetStreamContext, service: str) -> None:
        self._js, self.service = js, service
        self._complaints: dict[str, Complaint] = {}
        self._figures: dict[str, float] = {}
        self._ready = False
        self._began = now_us()
        self._changed = asyncio.Event()
        self._log = logging.get(service)

    @property
    def is_ready(self) -> bool:
        """Whether the service does its work."""
        return self._ready

    @property
    def complaints(self) -> list[Complaint]:
        """What is not settled, oldest first."""
        return list(self._complaints.values())

    def ready(self, state: bool = True) -> None:  # noqa: FBT001, FBT002  reads as said: health.ready()
        """Say that the service does its work, or no longer."""
        if state != self._ready:
            self._ready = state
            self._changed.set()

    def complain(self, code: str, vi: str, en: str) -> None:
        """Say what is wrong; the same code again only changes the words, not since when."""
        before = self._complaints.get(code)
        if before is not None and (before.vi, before.en) == (vi, en):
            return
        since = before.since if before else now_us()
        self._complaints[code] = Complaint(code, vi, en, since)
        self._log.warning("complaint", code=code, text=en)
        self._changed.set()

    def settle(self, code: str) -> None:
        """It is well again; nothing happens if it was."""
        if self._complaints.pop(code, None) is not None:
            self._log.info("settled", code=code)
            self._changed.set()

    def figure(self, name: str, value: float) -> None:
        """A number worth seeing; goes out with the next heartbeat."""
        self._figures[name] = float(value)

    def heartbeat(self) -> Heartbeat:
        """What would be written now."""
        now = now_us()
        figures = metrics.samples() | self._figures
        return Heartbeat(
            self.service, os.getpid(), now, self._ready, self.complaints, figures, began=self._began
        )

    async def put(self) -> bool:
        """Write one heartbeat; False if it could not be."""
        data = msgspec.json.encode(self.heartbeat())
        try:
            await self._js.publish(f"$KV.{HEALTH}.{self.service}", data, timeout=2.0)
        except (NatsError, TimeoutError):
            return False  # whoever waits for it sees its age; the connection logs its own trouble
        return True

    async def run(self) -> None:
        """Write a heartbeat every five seconds and soon after each change, until cancelled."""
        self._began = now_us()  # who stood by until now has found nothing yet
        while True:
            self._changed.clear()
            written = await self.put()
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                return  # wait_for of Python 3.11, within nats-py, may swallow a cancellation (bpo-37658)
            try:
                async with asyncio.timeout(EVERY_S if written else 1.0):
                    await self._changed.wait()
                    await asyncio.sleep(SOON_S)
            except TimeoutError:
                continue
