"""Roads over HTTP: webhooks for machines, Zalo OA for people."""

import asyncio
from collections.abc import Callable, Sequence

import httpx
import msgspec

from services.policy.road_nouns import Road
from services.roads import signing
from services.roads.carrier import Parcel
from services.roads.patience import Answer, of_http
from services.runtime.clock import now_us

AGENT = "Haidang-Roads/1"
ZALO = "https://openapi.zalo.me/v3.0/oa/message/cs"
ZALO_SHUT = frozenset({-216, -124, -204, -205, -209, -211, -212, -213, -14003, -20009})
"""Codes of Zalo that mean: nothing will be taken until somebody mends the account or its token."""
_READ = 200
_MOST = 65_536
"""Bytes of an answer that are read; a receiver that goes on talking is not listened to."""
_PAGES = (b"<!doctype html", b"<html")


class Webhook:
    """Posts events, signed; a redirect is not followed: it would take a signed body to somebody else."""

    def __init__(self, road: Road, keys: Sequence[str], form: signing.Format | None = None) -> None:
        """Of a road and its keys; keys that can't sign are refused at once."""
        signing.check(keys)
        self._road, self._keys, self._form = road, tuple(keys), form
        self._client = client_of(road)

    async def carry(self, parcel: Parcel) -> Answer:
        """Post one body; 2xx is taken."""
        content, kind = signing.body(parcel.events, batched=self._road.batch > 1, form=self._form)
        now = now_us()
        headers = {**signing.headers(parcel.letter.id, now, content, self._keys), "content-type": kind}
        return await post(self._client, self._road, self._road.url, content, headers)

    async def close(self) -> None:
        """Drop the connections."""
        await self._client.aclose()


class Zalo:
    """Messages of a Zalo Official Account to its followers. Zalo answers 200 with an error inside."""

    def __init__(self, road: Road, token: str, url: str = ZALO) -> None:
        """Of an account's access token; addresses are Zalo user ids."""
        self._road, self._token, self._url = road, token, url
        self._client = client_of(road)

    async def carry(self, parcel: Parcel) -> Answer:
        """Send one text."""
        words = parcel.letter.words
        text = words.text if words is not None else ""
        body = {"recipient": {"user_id": parcel.address}, "message": {"text": text[:2000]}}
        headers = {"access_token": self._token, "content-type": "application/json"}
        return await post(self._client, self._road, self._url, msgspec.json.encode(body), headers, _zalo)

    async def close(self) -> None:
        """Drop the connections."""
        await self._client.aclose()


def client_of(road: Road) -> httpx.AsyncClient:
    """A client that waits no longer than the road does, and follows nobody to another place."""
    timeout = httpx.Timeout(road.timeout_s, connect=min(road.timeout_s, 10.0))
    return httpx.AsyncClient(timeout=timeout, follow_redirects=False, headers={"user-agent": AGENT})


async def post(  # noqa: PLR0913  what a request is made of
    client: httpx.AsyncClient,
    road: Road,
    url: str,
    content: bytes,
    headers: dict[str, str],
    read: Callable[[bytes, Answer], Answer] | None = None,
) -> Answer:
    """Post once; the time limit holds for all of it, also where an answer drips."""
    said = bytearray()
    try:
        async with (
            asyncio.timeout(road.timeout_s),
            client.stream("POST", url, content=content, headers=headers) as answer,
        ):
            async for piece in answer.aiter_bytes():
                said += piece
                if len(said) >= _MOST:
                    break
    except (TimeoutError, httpx.TimeoutException):
        return Answer("away", f"no answer within {road.timeout_s:g} s")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        return Answer("away", f"{type(error).__name__}: {error}"[:_READ])
    word = " ".join(bytes(said[: 4 * _READ]).decode("utf-8", "replace").split())[:_READ]
    if answer.is_redirect:  # said so that who reads it knows what to write where
        word = f"redirects to {answer.headers.get('location', '')[:80]}, which is not followed {word}".strip()
    found = of_http(answer.status_code, word, answer.headers.get("retry-after"), now_us())
    if found.taken and bytes(said[:_READ]).lstrip().lower().startswith(_PAGES):
        # A portal, a login page or a parked domain says 200 to everything, and keeps nothing.
        return Answer("away", f"HTTP {answer.status_code} with a web page: no receiver of ours")
    return found if read is None else read(bytes(said), found)


def _zalo(answer: bytes, found: Answer) -> Answer:
    if not found.taken:
        return found
    try:
        said = msgspec.json.decode(answer, type=dict[str, object])
    except msgspec.MsgspecError:
        return Answer("away", found.word)
    code = said.get("error")
    if code in (0, None):
        return found
    word = f"Zalo {code}: {said.get('message', '')}"[:_READ]
    shut = code in ZALO_SHUT
    return Answer("shut" if shut else "refused", word, of_one=not shut)
