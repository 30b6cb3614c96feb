"""Commune loudspeakers: a text to be read aloud, with its status, handed over by HTTP or as a file.

The systems differ from commune to commune, and few have documents. So the port is small: one JSON with what
any of them can use. Systems that poll a folder take the file; a bridge written for one of them takes the
POST.
"""

import asyncio
import contextlib
import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import msgspec

from services.observation.instants import iso
from services.policy.road_nouns import Road
from services.roads.carrier import Parcel
from services.roads.patience import Answer
from services.roads.threads import Threads
from services.roads.web import client_of, post


def announcement(parcel: Parcel, road: Road) -> dict[str, object]:
    """What a loudspeaker system is told. `text` is spelled out and says everything twice already."""
    letter = parcel.letter
    return {
        "v": 1,
        "id": letter.id,
        "status": letter.status,
        "severity": letter.severity,
        "language": road.languages[0],
        "areas": list(road.areas),
        "time": iso(letter.stored_us),
        "text": "" if letter.words is None else letter.words.spoken,
        "title": "" if letter.words is None else letter.words.title,
    }


class SpeakerByHttp:
    """Posts the announcement; `token`, where there is one, as bearer."""

    def __init__(self, road: Road, token: str = "") -> None:
        """Of a road."""
        self._road = road
        self._client = client_of(road)
        self._said = {"authorization": f"Bearer {token}"} if token else {}

    async def carry(self, parcel: Parcel) -> Answer:
        """Post once; the id lets the receiver leave out a repeat."""
        content = msgspec.json.encode(announcement(parcel, self._road))
        headers = {**self._said, "content-type": "application/json", "idempotency-key": parcel.letter.id}
        return await post(self._client, self._road, self._road.url, content, headers)

    async def close(self) -> None:
        """Drop the connections."""
        await self._client.aclose()


class SpeakerByFile:
    """Puts `<id>.json` and `<id>.txt` into a folder, each whole or not at all; the text last."""

    def __init__(self, road: Road) -> None:
        """Of a road whose url is file:///folder."""
        self._road = road
        self._folder, self._threads = Path(unquote(urlsplit(road.url).path)), Threads()

    async def carry(self, parcel: Parcel) -> Answer:
        """Write once; what lies there already is written over by the same."""
        try:
            async with asyncio.timeout(self._road.timeout_s):
                await self._threads.run(lambda: self._write(parcel))
        except TimeoutError:
            return Answer("away", f"{self._folder}: no answer within {self._road.timeout_s:g} s")
        except OSError as error:
            return Answer("away", f"{self._folder}: {error.strerror or error}")
        return Answer("none", f"{parcel.letter.id}.txt")

    async def close(self) -> None:
        """Nothing stays open."""
        self._threads.close()

    def _write(self, parcel: Parcel) -> None:
        told = announcement(parcel, self._road)
        self._put(f"{parcel.letter.id}.json", msgspec.json.encode(told))
        self._put(f"{parcel.letter.id}.txt", str(told["text"]).encode())

    def _put(self, name: str, content: bytes) -> None:
        beside = self._folder / f".{name}.new"
        try:
            with beside.open("wb") as opened:
                opened.write(content)
                opened.flush()
                os.fsync(opened.fileno())
            beside.replace(self._folder / name)
        except OSError:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
