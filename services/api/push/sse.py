"""Server-sent events: the stream of alerts for browsers and whoever speaks HTTP.

`id` is the token, `event` the verb of the CloudEvent in `data`. Besides: `heartbeat` every five seconds,
`resync` when places of before mean nothing, `slow` just before a client is cut that does not keep up.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.api.context import Context
from services.api.push.beat import Metronome, heartbeat, resync, try_place
from services.api.push.entry import Wanted
from services.api.push.reader import Closing, Reader, Resync, Slow
from services.runtime import metrics

RETRY_MS = 1_000
WAIT_S = 0.5
SEND_S = 20.0
"""A client that takes nothing for so long is gone, whatever its socket says."""

clients = metrics.gauge("api_stream_clients", "Clients that listen to events", ["road"])
cut = metrics.counter("api_stream_cut_total", "Clients that were cut because they fell behind", ["road"])


def _frame(name: str, content: object, token: str | None = None) -> bytes:
    place = f"id: {token}\n" if token else ""
    return f"{place}event: {name}\ndata: {msgspec.json.encode(content).decode()}\n\n".encode()


async def frames(context: Context, after: str | None, wanted: Wanted) -> AsyncGenerator[bytes]:
    """The bytes of one client's stream, until it is cut or we go down."""
    yield b"retry: %d\n\n" % RETRY_MS
    try:
        while (placed := await try_place(context, after, wanted)) is None:
            yield b": reading the alerts\n\n"
            await context.hub.wait(WAIT_S)
    except Closing:
        return
    reader = placed.reader
    try:
        if placed.resync is not None:
            yield _frame("resync", placed.resync, reader.token)
        async for chunk in _live(context, reader):
            yield chunk
    finally:
        await reader.close()


async def _live(context: Context, reader: Reader) -> AsyncIterator[bytes]:
    beat = Metronome()
    while True:
        if beat.due():
            yield _frame("heartbeat", heartbeat(context, reader), reader.token)
        try:
            entries = await reader.read(beat.left())
        except Resync as error:
            yield _frame("resync", resync(reader.token, error.reason), reader.token)
            continue
        except Slow:
            cut.labels("sse").inc()
            yield _frame("slow", {"token": reader.token})
            return
        except Closing:
            return
        if entries:
            yield b"".join(entry.frame for entry in entries)


class EventStream(Response):
    """Answers with frames as they come; ends with the client, and frees what was made for it."""

    media_type = "text/event-stream"

    def __init__(self, source: AsyncGenerator[bytes]) -> None:
        """Send from a source; nothing is read from it before the answer begins."""
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        super().__init__(status_code=200, headers=headers, media_type=self.media_type)
        # Of a body that has no end there is no length.
        self.raw_headers = [pair for pair in self.raw_headers if pair[0] != b"content-length"]
        self._source = source

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Serve until either side ends it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        sending = asyncio.create_task(self._send(send), name="sse-send")
        leaving = asyncio.create_task(_gone(receive), name="sse-leave")
        clients.labels("sse").inc()
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            clients.labels("sse").dec()
            for task in (sending, leaving):
                task.cancel()
            ended = await asyncio.gather(sending, leaving, return_exceptions=True)
            await self._source.aclose()
        if isinstance(ended[0], Exception) and not isinstance(ended[0], OSError | TimeoutError):
            raise ended[0]

    async def _send(self, send: Send) -> None:
        async for chunk in self._source:
            async with asyncio.timeout(SEND_S):
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
