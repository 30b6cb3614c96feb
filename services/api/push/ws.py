"""WebSocket: the same events as the SSE stream, one JSON text per message.

A CloudEvent has `specversion`; what is not an event has `control`: `heartbeat`, `resync`, `slow`.
"""

import asyncio
from typing import Any

import msgspec
from starlette.websockets import WebSocket, WebSocketDisconnect

from services.api.context import Context
from services.api.push.beat import Metronome, heartbeat, resync, try_place
from services.api.push.entry import Wanted
from services.api.push.reader import Closing, Over, Reader, Resync, Slow
from services.api.push.sse import SEND_S, WAIT_S, clients, cut

SLOW, OVER, GOING_AWAY = 4008, 4401, 1001


async def serve(websocket: WebSocket, context: Context, after: str | None, wanted: Wanted) -> None:
    """Speak to one accepted client until either side ends it."""
    speaking = asyncio.create_task(_speak(websocket, context, after, wanted), name="ws-speak")
    leaving = asyncio.create_task(_gone(websocket), name="ws-leave")
    clients.labels("ws").inc()
    try:
        await asyncio.wait((speaking, leaving), return_when=asyncio.FIRST_COMPLETED)
    finally:
        clients.labels("ws").dec()
        for task in (speaking, leaving):
            task.cancel()
        ended = await asyncio.gather(speaking, leaving, return_exceptions=True)
    fault = ended[0]
    if isinstance(fault, Exception) and not isinstance(fault, OSError | TimeoutError | WebSocketDisconnect):
        raise fault


async def _speak(websocket: WebSocket, context: Context, after: str | None, wanted: Wanted) -> None:
    reader: Reader | None = None
    try:
        while (placed := await try_place(context, after, wanted)) is None:
            await context.hub.wait(WAIT_S)
        reader = placed.reader
        if placed.resync is not None:
            await _send(websocket, {"control": "resync", **placed.resync})
        await _live(websocket, context, reader)
    except Over:
        await websocket.close(OVER, "log in again")
    except Closing:
        await websocket.close(GOING_AWAY, "the service ends")
    finally:
        if reader is not None:
            await reader.close()


async def _live(websocket: WebSocket, context: Context, reader: Reader) -> None:
    beat = Metronome()
    while True:
        if beat.due():
            await _send(websocket, {"control": "heartbeat", **heartbeat(context, reader)})
        try:
            entries = await reader.read(beat.left())
        except Resync as error:
            await _send(websocket, {"control": "resync", **resync(reader.token, error.reason)})
            continue
        except Slow:
            cut.labels("ws").inc()
            await _send(websocket, {"control": "slow", "token": reader.token})
            await websocket.close(SLOW, "too slow; come back with your last token")
            return
        async with asyncio.timeout(SEND_S):
            for entry in entries:
                await websocket.send_text(entry.text)


async def _send(websocket: WebSocket, content: dict[str, Any]) -> None:
    async with asyncio.timeout(SEND_S):
        await websocket.send_text(msgspec.json.encode(content).decode())


async def _gone(websocket: WebSocket) -> None:
    """Until the client leaves; what it says meanwhile has no meaning here."""
    while (await websocket.receive())["type"] != "websocket.disconnect":
        continue
