"""The caretaker and a real nats-server: one that is frozen is replaced, one that answers is left alone."""

import asyncio
import os
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.cli.up import caretaker, hearing, nats_child
from services.cli.up.caretaker import Caretaker
from services.cli.up.plan import NATS_SERVER
from services.cli.up.planning import make_plan
from services.runtime.supervisor import Supervisor
from tests.support.world import write_site


class Doubt:
    """A watch that never hears anything, and a health that nobody reads."""

    async def poll(self) -> bool:
        return False

    def __getattr__(self, _name: str) -> Any:
        return lambda *_words: None


def test_a_slow_connection_of_our_own_costs_nobody_theirs_and_a_frozen_server_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What we hear ourselves counts for nothing: the server is asked anew, and killed only when deaf."""
    for module, name, value in (
        (caretaker, "EVERY_S", 0.05), (caretaker, "END_S", 0.2),
        (hearing, "DEAF_S", 0.6), (hearing, "PROBE_S", 1.0), (hearing, "BUSY_S", 8.0),
        (hearing, "LATE_S", 5.0),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, value)
    (tmp_path / "data").mkdir()
    plan = make_plan(tmp_path / "data", {"site": str(write_site(tmp_path / "site"))})
    doubt: Any = Doubt()

    async def story() -> None:
        supervisor, store = Supervisor(plan.data / "logs", lambda: None), nats_child.Store()
        running = SimpleNamespace(task=None)
        try:
            await nats_child.start(plan, supervisor, store)
            first = supervisor.identities[NATS_SERVER]
            care = Caretaker(supervisor, doubt, doubt, plan.data, store)
            running.task = asyncio.create_task(care.run([NATS_SERVER]))
            await asyncio.sleep(0.8)
            assert supervisor.identities[NATS_SERVER] == first
            assert supervisor.restarts(NATS_SERVER) == 0
            os.kill(first.pid, signal.SIGSTOP)
            async with asyncio.timeout(40):
                while not (supervisor.restarts(NATS_SERVER) and store.listening):  # noqa: ASYNC110  a log's line
                    await asyncio.sleep(0.02)
            assert supervisor.identities[NATS_SERVER] != first
            assert await hearing.answers(store.url)
        finally:
            if running.task is not None:
                running.task.cancel()
            await supervisor.stop(NATS_SERVER)

    asyncio.run(story())
