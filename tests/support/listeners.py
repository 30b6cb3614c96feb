"""Clients of the push roads, small enough to run a hundred of: they remember what came, and can be cut."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from websockets.asyncio.client import connect


class Heard(NamedTuple):
    """One message: `name` is the event's name, or `control`'s word on a WebSocket; `token` may be absent."""

    name: str
    token: str | None
    data: dict[str, Any]


@asynccontextmanager
async def sse(
    http: str, path: str = "/api/v1/events/stream", last: str | None = None, bearer: str | None = None
) -> AsyncIterator["Stream"]:
    """A connection to the stream; leaving the block cuts it as a lost network does."""
    url = urlsplit(http)
    reader, writer = await asyncio.open_connection(url.hostname, url.port)
    headers = f"GET {path} HTTP/1.1\r\nHost: {url.netloc}\r\nAccept: text/event-stream\r\n"
    if last is not None:
        headers += f"Last-Event-ID: {last}\r\n"
    if bearer is not None:
        headers += f"Authorization: Bearer {bearer}\r\n"
    writer.write((headers + "\r\n").encode())
    try:
        status = int((await reader.readline()).split()[1])
        while (await reader.readline()).strip():
            continue
        yield Stream(status, reader)
    finally:
        writer.transport.abort()


class Stream:
    """Frames as they come. Our server ends each chunk with a frame, so lines can be read as they are."""

    def __init__(self, status: int, reader: asyncio.StreamReader) -> None:
        self.status, self._reader = status, reader

    async def __aiter__(self) -> AsyncIterator[Heard]:
        name, token, data = "", None, ""
        while line := await self._reader.readline():
            text = line.decode().rstrip("\r\n")
            if text.startswith("id: "):
                token = text[4:]
            elif text.startswith("event: "):
                name = text[7:]
            elif text.startswith("data: "):
                data = text[6:]
            elif text == "0":  # the chunk that ends an answer; the connection may stay for another
                return
            elif not text and data:
                yield Heard(name, token, json.loads(data))
                name, token, data = "", None, ""


async def socket(http: str, last: str | None = None, more: str = "") -> AsyncGenerator[Heard]:
    """Messages of a WebSocket until it is closed; closing the iterator cuts it."""
    query = f"?after={last}{more}" if last is not None else f"?{more.lstrip('&')}"
    address = f"ws{http.removeprefix('http')}/api/v1/events/ws{query}"
    async with connect(address, compression=None, max_queue=None) as opened:
        try:
            async for text in opened:
                said = json.loads(text)
                if "control" in said:
                    yield Heard(said["control"], said["token"], said)
                else:
                    yield Heard("event", f"{said['epoch']}.{said['sequence']}", said)
        finally:
            opened.transport.abort()


async def collect(source: AsyncIterator[Heard], enough: int, timeout_s: float = 40.0) -> list[Heard]:
    """The first `enough` events (not heartbeats) of a source."""
    found: list[Heard] = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            async for heard in source:
                if heard.name != "heartbeat":
                    found.append(heard)
                if len(found) >= enough:
                    break
    return found
