"""Events of alerts: as pages, as server-sent events, over WebSocket. All three resume after a token."""

from typing import Annotated, Literal, NamedTuple

from fastapi import APIRouter, Header, Query
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.websockets import WebSocket

from services.api.context import Context, Here
from services.api.errors import invalid
from services.api.filters import alert_area, in_scope, known_hazard, one_of
from services.api.fold import rank_of
from services.api.identity import own_site, still
from services.api.params import Limit, Token, read_token
from services.api.push import ws
from services.api.push.entry import Wanted
from services.api.push.reader import Reader, place, read_some
from services.api.push.sse import EventStream, frames
from services.api.schemas import EventPage
from services.observation.text import Text

router = APIRouter(tags=["events"])

SeverityMin = Annotated[
    Literal["advisory", "watch", "warning", "emergency"],
    Query(description="Alerts that reached it, to their end. · Cảnh báo từng đạt mức này, trọn diễn biến."),
]
Several = Annotated[
    str | None,
    Query(
        max_length=400,
        description="One or several, with commas between. · Một hoặc nhiều, cách nhau bằng dấu phẩy.",
    ),
]
NOUNS = (
    "alert", "situation", "bulletin", "maintenance", "report", "exercise", "observation", "road", "link",
)  # fmt: skip
"""What events are of."""


class Filters(NamedTuple):
    """What a client asks for, as it is written."""

    hazard: str | None
    area: str | None
    severity_min: str
    noun: str | None
    site: str | None


LastEventId = Annotated[
    str | None, Header(max_length=40, description="As `after`; browsers send it when they reconnect.")
]


@router.get("/events", response_model=EventPage, summary="Events after a token · Sự kiện sau một mã")
async def list_events(  # noqa: PLR0913  each is a filter
    request: Request,
    here: Here,
    after: Token = "0",
    hazard: Several = None,
    area: Several = None,
    severity_min: SeverityMin = "advisory",
    noun: Several = None,
    site: Several = None,
    limit: Limit = 1000,
) -> Response:
    """Events in the order of the stream; from its start without `after`.

    `next` is null at the end; ask again later with `after=` and the answer's `token`. A token of another
    epoch, beyond the end or no longer kept is answered 410 with the current `token`: read `/alerts` again.

    Các sự kiện theo thứ tự. Mã đã cũ: 410 kèm mã hiện tại; khi đó đọc lại `/alerts`.
    """
    wanted = _wanted(request, here, Filters(hazard, area, severity_min, noun, site))
    position = await place(here.hub, here.js, after)
    reader = Reader(here.hub, here.js, here.fold, position, wanted)
    found = await read_some(reader, limit)
    token = reader.token
    # Entries are JSON already; msgspec would need them as values, so the list is put together by hand.
    body = '{"items":[' + ",".join(entry.text for entry in found) + "],"
    return _listed(body, token, more=reader.behind)


def _listed(begun: str, token: str, *, more: bool) -> Response:
    following = f'"{token}"' if more else "null"
    text = f'{begun}"next":{following},"token":"{token}"}}'
    return Response(text, headers={"Cache-Control": "no-store"}, media_type="application/json")


@router.get(
    "/events/stream",
    response_class=Response,
    summary="Live events (SSE) · Sự kiện trực tiếp (SSE)",
    responses={
        200: {
            "description": "An endless stream",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        }
    },
)
async def stream_events(  # noqa: PLR0913  each is a filter
    request: Request,
    here: Here,
    after: Token = None,
    hazard: Several = None,
    area: Several = None,
    severity_min: SeverityMin = "advisory",
    noun: Several = None,
    site: Several = None,
    last_event_id: LastEventId = None,
) -> Response:
    """Server-sent events: `id` is the token, `event` the verb, `data` the CloudEvent.

    Begins after `Last-Event-ID`, else after `after`, else now. Every 5 s `heartbeat` with `token`, `t`,
    `keeper_age_s`, `keeper_silent`; `resync` when a token is stale (read `/alerts` again, the stream goes on
    from its present end); `slow` before a client is cut that does not keep up: it may come back with its last
    token and misses nothing.

    Luồng sự kiện: `id` là mã để nối lại, `event` là động từ, `data` là CloudEvent.
    """
    # What the browser says of itself is newer than what the page's address says.
    token = last_event_id or after
    _check(here, token, "after" if last_event_id is None else "Last-Event-ID")
    return EventStream(
        frames(here, token, _wanted(request, here, Filters(hazard, area, severity_min, noun, site)))
    )


@router.websocket("/events/ws")
async def socket_events(  # noqa: PLR0913  each is a filter
    websocket: WebSocket,
    after: Token = None,
    hazard: Several = None,
    area: Several = None,
    severity_min: SeverityMin = "advisory",
    noun: Several = None,
    site: Several = None,
) -> None:
    """The same over WebSocket."""
    here: Context = websocket.app.state.context
    _check(here, after)
    wanted = _wanted(websocket, here, Filters(hazard, area, severity_min, noun, site))
    await websocket.accept()
    await ws.serve(websocket, here, after, wanted)


def _wanted(asks: HTTPConnection, here: Context, asked: Filters) -> Wanted:
    """What is asked for; a hazard or area that there is not would be waited for in silence for ever."""
    who, own = asks.state.principal, own_site(here, asks.state.principal)
    hazards, areas, nouns, sites = (listed(one) for one in (asked.hazard, asked.area, asked.noun, asked.site))
    for hazard in sorted(hazards or ()):
        known_hazard(hazard, here.fold)
    for noun in sorted(nouns or ()):
        one_of("noun", noun, NOUNS)
    for site in sorted(sites or ()) if here.site.known else ():
        one_of("site", site, {here.site.site.id, *here.linked.children})
    abroad = sites is not None and here.site.known and sites != {here.site.site.id}
    for area in sorted(areas or ()):
        # What areas a linked site has, only that site knows.
        if not abroad:
            alert_area(area, here.site, here.fold)
            in_scope(area, who)
    return Wanted(hazards, areas, rank_of(asked.severity_min), who, own, still(asks), nouns, sites)


def listed(text: str | None) -> frozenset[str] | None:
    """`flood,lightning` → both; None: no filter.

    Raises:
        Problem: 422 for a text with nothing in it.
    """
    if text is None:
        return None
    found = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not found:
        raise invalid(Text("cần ít nhất một giá trị", "expected at least one value"), "filter")
    return found


def _check(here: Context, token: str | None, name: str = "after") -> None:
    """A text that is no token is refused before anything begins."""
    if token is not None:
        read_token(token, here.hub.epoch, name)
