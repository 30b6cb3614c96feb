"""The caretaker: once all is up, looks after it every second: complaints, restarts, the disk."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from services.cli.nats_child import Store
from services.cli.plan import NATS_SERVER
from services.cli.watch import Watch
from services.runtime import logging, notify
from services.runtime.health import Health
from services.runtime.supervisor import Supervisor

EVERY_S = 1.0
DEAF_S = 10.0
MEND_S = 15.0  # between two tries to mend the store: a server needs its time to come back
LEAST_FREE = 64 << 20

log = logging.get("up")


class Caretaker:
    """`store` is our own server's; None with someone else's."""

    def __init__(
        self, supervisor: Supervisor, health: Health, watch: Watch, data: Path, store: Store | None
    ) -> None:
        self._supervisor, self._health, self._watch = supervisor, health, watch
        self._data, self._store = data, store
        self._heard = self._mended = float("-inf")

    async def run(self, children: Sequence[str]) -> None:
        """Look around until cancelled."""
        self._heard = asyncio.get_running_loop().time()
        while True:
            await asyncio.sleep(EVERY_S)
            notify.tell(notify.ALIVE)
            for name in children:
                self._look_at(name)
            free = self._look_at_disk()
            answered = await self._watch.poll()
            if self._store is not None:
                self._look_at_store(self._store, free, answered=answered)

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

    def _look_at_store(self, store: Store, free: int, *, answered: bool) -> None:
        """A server whose store failed, or whose JetStream went deaf, is started again; both do not heal."""
        now = asyncio.get_running_loop().time()
        if answered:
            self._heard = now
        if not self._supervisor.is_up(NATS_SERVER):
            return
        if not store.failed:
            self._health.settle("store")
        else:
            self._health.complain(
                "store",
                "kho thông điệp không ghi được; chưa nhận được số liệu mới, thiết bị giữ lại số liệu",
                "the message store can't be written; no reading comes in, devices keep theirs",
            )
        deaf = now - self._heard > DEAF_S
        if (deaf or (store.failed and free >= LEAST_FREE)) and now - self._mended > MEND_S:
            log.warning("server_restarted", store_failed=store.failed, deaf=deaf)
            store.failed = False
            self._mended = self._heard = now
            self._supervisor.restart(NATS_SERVER)
