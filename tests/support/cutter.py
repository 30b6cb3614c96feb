"""A way between two programs that can be cut and stalled: a TCP proxy of ours."""

import asyncio
import contextlib
from types import TracebackType
from typing import Self


class Cutter:
    """Listens on a free port and hands on to another, until it is cut."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self._target = port, target
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.is_cut = False
        self.cuts = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.cut()
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Drop every connection with what is on its way, and take no new one."""
        self.is_cut = True
        self.cuts += 1
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    def stall(self) -> None:
        """Keep connections open and pass nothing on: neither side is told."""
        self._flows.clear()

    def heal(self) -> None:
        """Let everything through again."""
        self.is_cut = False
        self._flows.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._open |= {writer, back}
        for one, other in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pass(one, other))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                await self._flows.wait()
                if writer.transport.is_closing():
                    break
                writer.write(data)
                await writer.drain()
        if not writer.transport.is_closing():
            writer.transport.abort()
        self._open.discard(writer)
