"""The caretaker: once all is up, looks after it every second: complaints, restarts, the disk."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from services.cli.up.hearing import Hearing, Round, Turns, Work, answers
from services.cli.up.nats_child import Store
from services.cli.up.plan import NATS_SERVER
from services.cli.up.watch import Watch
from services.runtime import logging, notify, tied
from services.runtime.health import Health
from services.runtime.supervisor import Supervisor

EVERY_S = 1.0
MEND_S = 15.0  # between two tries to mend the store: a server needs its time to come back
END_S = 30.0  # a server that was told to end and still is there will not end by itself
LEAST_FREE = 64 << 20

log = logging.get("up")


class Caretaker:
    """`store` is our own server's; None with someone else's."""

    def __init__(
        self, supervisor: Supervisor, health: Health, watch: Watch, data: Path, store: Store | None
    ) -> None:
        self._supervisor, self._health, self._watch = supervisor, health, watch
        self._data, self._store = data, store
        self._mended = float("-inf")
        self._hearing = Hearing(float("-inf"))
        self._ending: tied.Identity | None = None
        self._work, self._turns = Work(), Turns()

    async def run(self, children: Sequence[str]) -> None:
        """Look around until cancelled."""
        self._hearing = Hearing(asyncio.get_running_loop().time())
        ticking = asyncio.create_task(self._turns.run(), name="turns")
        try:
            await self._rounds(children)
        finally:
            ticking.cancel()

    async def _rounds(self, children: Sequence[str]) -> None:
        while True:
            await asyncio.sleep(EVERY_S)
            notify.tell(notify.ALIVE)
            for name in children:
                self._look_at(name)
            free = self._look_at_disk()
            answered = await self._watch.poll()
            if self._store is not None:
                self._look_at_store(self._store, free, await self._listen(self._store, answered=answered))

    async def _listen(self, store: Store, *, answered: bool) -> Round:
        """Ask the server on a connection of its own, before its silence on ours counts for anything."""
        loop = asyncio.get_running_loop()
        found = self._supervisor.identities.get(NATS_SERVER)
        working = self._work.look(found.pid, loop.time()) if found is not None else None
        if answered or found is None or not store.listening:
            opened = found is not None and store.listening
            return Round(loop.time(), answered, self._turns.take(), working, opened)
        heard = bool(store.url) and await answers(store.url)
        return Round(loop.time(), heard, self._turns.take(), working)

    def _look_at(self, name: str) -> None:
        self._health.figure(f"restarts_{name}", self._supervisor.restarts(name))
        if self._supervisor.is_up(name):
            self._health.settle(f"down_{name}")
        else:
            self._health.complain(
                f"down_{name}",
                f"{name} đã dừng, đang được khởi động lại",
                f"{name} ended and is being started again",
            )

    def _look_at_disk(self) -> int:
        usage = shutil.disk_usage(self._data)
        self._health.figure("disk_free_bytes", usage.free)
        if usage.free < max(usage.total // 50, LEAST_FREE):
            free = f"{usage.free / 2**30:.1f} GB"
            self._health.complain(
                "disk",
                f"đĩa sắp đầy: còn {free}; hãy giải phóng dung lượng",
                f"the disk is nearly full: {free} left; make room",
            )
        else:
            self._health.settle("disk")
        return usage.free

    def _look_at_store(self, store: Store, free: int, found: Round) -> None:
        """A server whose store failed, or whose JetStream went deaf, is started again; both do not heal."""
        now = found.at
        deaf = self._hearing.deaf(found)
        self._health.figure("nats_silent_s", round(self._hearing.silent_s, 1))
        server = self._supervisor.identities.get(NATS_SERVER)
        if server is None:
            return
        if server == self._ending and now - self._mended > END_S:
            log.warning("server_killed", after_s=END_S)
            self._ending, self._mended = None, now
            tied.kill_tree(server)
            return
        if not store.failed:
            self._health.settle("store")
        else:
            self._health.complain(
                "store",
                "kho thông điệp không ghi được; chưa nhận được số liệu mới, thiết bị giữ lại số liệu",
                "the message store can't be written; no reading comes in, devices keep theirs",
            )
        broken = store.failed and free >= LEAST_FREE and now - self._mended > MEND_S
        if deaf or broken:
            log.warning(
                "server_restarted", store_failed=store.failed, deaf=deaf,
                silent_s=round(self._hearing.silent_s, 1),
            )  # fmt: skip
            store.failed = False
            self._mended, self._ending = now, server
            self._hearing.restarted(now)
            self._supervisor.restart(NATS_SERVER)
