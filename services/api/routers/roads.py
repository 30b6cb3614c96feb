"""Roads out: how each stands, its test button, its dead letters, and carrying them again.

The roads service does the work; here its words are read, and requests to it written down.
"""

import secrets
from typing import Annotated, Any

import msgspec
from fastapi import APIRouter, Path
from nats.errors import Error as NatsError
from nats.js.errors import APIError, KeyNotFoundError
from nats.js.kv import KeyValue
from starlette.responses import Response

from services.api.context import Context, Here
from services.api.errors import away, invalid, not_found, stale
from services.api.identity import Who, demand, forbidden
from services.api.params import read_token
from services.api.responses import answer, page
from services.api.road_show import attempt, dead, show
from services.api.shapes.roads import (
    DeadLetterPage,
    ReplayRequest,
    RoadAsked,
    RoadDetail,
    RoadPage,
)
from services.observation import delivery as nouns
from services.observation.delivery import Delivery, Listed, Request, RoadState
from services.observation.text import Text
from services.observation.topics import SITE_AREA
from services.runtime.newest import last_of, newest
from services.runtime.position import Position
from services.runtime.principal import ADMINISTRATOR, OPERATOR, Principal
from services.runtime.streams import DELIVERIES, STATE

router = APIRouter(tags=["roads"])
ATTEMPTS = 50
TIMEOUT_S = 2.0
MQTT, MQTT_KEY = "mqtt", "downlink"
"""The road that is always there: ingest publishes every alert to MQTT clients."""
_AWAY = Text("dịch vụ đường gửi chưa trả lời; hãy thử lại", "the roads' words can't be read now; try again")
_STARTING = Text(
    "đường gửi này đang được mở; hãy thử lại sau một giây",
    "the road is just being opened; try again in a second",
)
_TOO_LITTLE = Text(
    "cho biết gửi lại những gì: letters, every hoặc after", "say what to carry again: letters, every or after"
)
_WORDS = Text(
    "đường cho người nhận không gửi lại theo mã sự kiện; chọn thư theo id",
    "a road of people is not replayed from a token; name its letters",
)
_MQTT = Text(
    "đường MQTT do ingest giữ; broker tự gửi lại",
    "the MQTT road is kept by ingest; the broker repeats by itself",
)
Id = Annotated[str, Path(max_length=100, pattern="^[a-z0-9-]+$")]


@router.get("/roads", response_model=RoadPage, summary="Roads out · Đường gửi cảnh báo")
async def list_roads(here: Here, who: Who) -> Response:
    """Each road as it stands: what waits, when it last carried something, its last weekly trial.

    Tình trạng từng đường gửi: đang chờ bao nhiêu, lần gửi được gần nhất, lần thử hằng tuần gần nhất.
    """
    _may(who)
    shown = [show(here, one, state) for one, state in await _all(here)]
    return page([*shown, *await _mqtt(here)], None)


@router.get("/roads/{road}", response_model=RoadDetail, summary="One road · Một đường gửi")
async def get_road(here: Here, who: Who, road: Id) -> Response:
    """A road and its last attempts: when, which letter, what the receiver answered.

    Một đường gửi cùng những lần gửi gần nhất và trả lời của bên nhận.
    """
    _may(who)
    if road == MQTT and (found := await _mqtt(here)):
        return answer({"road": found[0], "attempts": []})
    listed, state = await _one(here, road)
    try:
        records = await last_of(here.js, DELIVERIES, nouns.sent(road), ATTEMPTS)
    except (NatsError, APIError, TimeoutError, OSError) as error:
        raise away(_AWAY, retry_s=1, code="roads-away") from error
    attempts = [attempt(told) for told in map(_read, reversed(records)) if told is not None]
    return answer({"road": show(here, listed, state), "attempts": attempts})


@router.get("/roads/{road}/dead", response_model=DeadLetterPage, summary="Dead letters · Thư đã ngừng thử")
async def list_dead_letters(here: Here, who: Who, road: Id) -> Response:
    """What the road had to give up: refused for itself, or waited for a day. `replay` carries it again.

    Thư bị từ chối hoặc chờ quá một ngày; có thể gửi lại bằng `replay`.
    """
    _may(who)
    await _one(here, road)
    try:
        records = await newest(here.js, DELIVERIES, nouns.dead(road, "*"))
    except (NatsError, APIError, TimeoutError, OSError) as error:
        raise away(_AWAY, retry_s=1, code="roads-away") from error
    found = [told for told in map(_read, records) if told is not None and told.outcome == "dead"]
    return page([dead(here, told, who) for told in found if told.letter is not None], None)


@router.post("/roads/{road}/test", response_model=RoadAsked, summary="Try a road · Thử đường gửi")
async def test_road(here: Here, who: Who, road: Id) -> Response:
    """Send a message of status Test to every receiver of the road, now; `tested_at` tells when it was done.

    Gửi ngay một tin thử tới mọi người nhận; kết quả ở `test_passed`.
    """
    _may_send(who)
    if road == MQTT:
        raise invalid(_MQTT, "road")
    _, state = await _one(here, road)
    if state is None:  # it would begin behind the request
        raise away(_STARTING, retry_s=1, code="road-starting")
    return await _ask(
        here, road, Request(t=here.clock(), id=secrets.token_hex(16), by=who.subject, ask="test")
    )


@router.post("/roads/{road}/replay", response_model=RoadAsked, summary="Carry again · Gửi lại")
async def replay_road(here: Here, who: Who, road: Id, asked: ReplayRequest) -> Response:
    """Carry dead letters once more, or to a machine what came after a token. Ids stay: a repeat does no harm.

    Gửi lại thư đã ngừng thử, hoặc mọi sự kiện sau một mã. Mã định danh giữ nguyên nên gửi lại không gây hại.
    """
    _may_send(who)
    if road == MQTT:
        raise invalid(_MQTT, "road")
    listed, _ = await _one(here, road)
    if not asked.letters and not asked.every and asked.after is None:
        raise invalid(_TOO_LITTLE, "letters")
    after = None
    if asked.after is not None:
        if listed.carries == "words":
            raise invalid(_WORDS, "after")
        token = read_token(asked.after, here.hub.epoch)
        if token.epoch != here.hub.epoch or token.sequence > here.hub.head:
            raise stale(
                Text("mã không thuộc luồng hiện tại", "the token is not of the present stream"),
                here.hub.token(),
            )
        after = token.sequence
    request = Request(
        t=here.clock(),
        id=secrets.token_hex(16),
        by=who.subject,
        ask="replay",
        letters=tuple(asked.letters),
        every=asked.every,
        after=after,
    )
    return await _ask(here, road, request)


def _may_send(who: Principal) -> None:
    """A road is of the whole site: who is held to areas must not send on it."""
    if not who.may(ADMINISTRATOR):
        demand(who, OPERATOR, SITE_AREA)


def _may(who: Principal) -> None:
    """Operators and administrators; addresses of people are never shown, their names are."""
    if not (who.may(OPERATOR) or who.may(ADMINISTRATOR)):
        raise forbidden(OPERATOR)


async def _ask(here: Context, road: str, request: Request) -> Response:
    try:
        await here.js.publish(
            nouns.request(road), nouns.encode(request), timeout=TIMEOUT_S, stream=DELIVERIES
        )
    except (NatsError, APIError, TimeoutError, OSError) as error:
        raise away(_AWAY, retry_s=1, code="roads-away") from error
    return answer({"request": request.id, "road": road, "ask": request.ask})


async def _all(here: Context) -> list[tuple[Listed, RoadState | None]]:
    try:
        bucket = await here.js.key_value(STATE)
        listed = await _value(bucket, nouns.ALL)
        roads = nouns.read_listed(listed) if listed is not None else []
        return [(one, await _state(bucket, one.road)) for one in roads]
    except (NatsError, APIError, TimeoutError, OSError, msgspec.MsgspecError) as error:
        raise away(_AWAY, retry_s=1, code="roads-away") from error


async def _one(here: Context, road: str) -> tuple[Listed, RoadState | None]:
    for listed, state in await _all(here):
        if listed.road == road:
            return listed, state
    shown = road[:80]
    raise not_found(Text(f"không có đường gửi {shown!r}", f"there is no road {shown!r}"))


async def _state(bucket: KeyValue, road: str) -> RoadState | None:
    data = await _value(bucket, nouns.key(road))
    try:
        return None if data is None else nouns.read_state(data)
    except msgspec.MsgspecError:
        return None


async def _value(bucket: KeyValue, key: str) -> bytes | None:
    try:
        return (await bucket.get(key)).value
    except KeyNotFoundError:
        return None


async def _mqtt(here: Context) -> list[dict[str, Any]]:
    """The MQTT road as the others are shown; nothing before ingest has begun."""
    try:
        data = await _value(await here.js.key_value(STATE), MQTT_KEY)
        place = None if data is None else msgspec.json.decode(data, type=Position)
    except (NatsError, APIError, TimeoutError, OSError, msgspec.MsgspecError) as error:
        raise away(_AWAY, retry_s=1, code="roads-away") from error
    if place is None:
        return []
    state = RoadState(road=MQTT, kind=MQTT, epoch=place.epoch, sequence=place.sequence)
    listed = Listed(road=MQTT, kind=MQTT, carries="events", status=("Actual", "Exercise", "Test"))
    return [show(here, listed, state)]


def _read(data: bytes) -> Delivery | None:
    try:
        return nouns.read_delivery(data)
    except msgspec.MsgspecError:
        return None
