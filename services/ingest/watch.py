"""What ingest says of itself: figures every few seconds, complaints while something is wrong."""

import asyncio
import time
from collections import Counter
from typing import Protocol

from services.ingest.broker import Connection
from services.ingest.build import Builder
from services.ingest.intake import Intake
from services.ingest.order import Order
from services.runtime.health import Health

EVERY_S = 1.0
HELD_MANY = 1_000
KEEP_COMPLAINT_S = 60.0
NAMED = 5


class Host(Protocol):
    """What is watched."""

    intake: Intake
    builder: Builder
    order: Order
    connections: dict[str, Connection]


class Watch:
    """Counts, and turns counts into figures and complaints."""

    def __init__(self, health: Health) -> None:
        """Nothing has happened yet."""
        self._health = health
        self._readings = 0
        self._rejects_lost = 0
        self._unknown_until = 0.0

    def published(self, readings: int) -> None:
        """So many readings are in the stream."""
        self._readings += readings

    def rejects_lost(self, count: int) -> None:
        """So many rejects could not be kept; 0 says that all could."""
        if not count:
            self._health.settle("rejects_stream")
            return
        self._rejects_lost += count
        self._health.complain(
            "rejects_stream",
            "Luồng REJECTS không nhận; số đo vẫn được nhận, bản tin lỗi không được lưu",
            "stream REJECTS does not accept; readings go on, rejects are not kept",
        )

    def results_lost(self, count: int) -> None:
        """So many results of commands could not be kept; 0 says that all could."""
        if not count:
            self._health.settle("commands_stream")
            return
        self._health.complain(
            "commands_stream",
            "Luồng COMMANDS không nhận kết quả của lệnh; lệnh sẽ được gửi và trả lời lại",
            "stream COMMANDS does not take results of commands; they are sent and answered again",
        )

    def tail_lost(self, sequence: int) -> None:
        """The stream lost its end."""
        self._health.complain(
            "tail_lost",
            f"Luồng READINGS mất phần cuối (đã có đến {sequence}), có thể do mất điện; gateway sẽ gửi lại",
            f"stream READINGS lost its end (it reached {sequence}), perhaps a power cut; agents send again",
        )

    async def run(self, host: Host) -> None:
        """Write figures and complaints, for ever."""
        taken, readings, since = 0, 0, time.monotonic()
        while True:
            await asyncio.sleep(EVERY_S)
            now = time.monotonic()
            intake, health = host.intake, self._health
            health.figure("messages_per_s", round(max(0, intake.taken - taken) / (now - since), 1))
            health.figure("readings_per_s", round((self._readings - readings) / (now - since), 1))
            taken, readings, since = intake.taken, self._readings, now
            health.figure("messages", taken)
            health.figure("readings", readings)
            health.figure("held", host.order.held())
            health.figure("in_hand", sum(len(c.in_hand) for c in host.connections.values()))
            health.figure("rejects_lost", self._rejects_lost)
            for reason, count in host.builder.rejected.items():
                health.figure(f"rejects.{reason}", count)
            self._complain_held(host.order.held())
            self._complain_unknown(intake.unknown_gateways, now)

    def _complain_held(self, held: int) -> None:
        if held < HELD_MANY:
            self._health.settle("held")
            return
        self._health.complain(
            "held",
            f"{held} gói đang chờ gói trước đó",
            f"{held} packs wait for the one before them",
        )

    def _complain_unknown(self, unknown: Counter[str], now: float) -> None:
        if unknown:
            names = ", ".join(sorted(unknown)[:NAMED])
            more = f" +{len(unknown) - NAMED}" if len(unknown) > NAMED else ""
            unknown.clear()
            self._unknown_until = now + KEEP_COMPLAINT_S
            self._health.complain(
                "unknown_gateway",
                f"Gateway chưa khai báo đang gửi: {names}{more}; khai báo trong site.toml",
                f"gateways that are not declared are sending: {names}{more}; declare them in site.toml",
            )
        elif now > self._unknown_until:
            self._health.settle("unknown_gateway")
