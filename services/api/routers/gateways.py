"""Gateways: what each is, when it was last heard, and the account of what came and what was lost."""

from collections.abc import Callable
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.alerts.hazards.system import GATEWAY_SILENT
from services.api import queries
from services.api.context import Context, Here
from services.api.errors import Problem, not_found
from services.api.filters import in_scope, place_area
from services.api.heard import Word
from services.api.identity import Who
from services.api.params import Cursor, Limit, Slug
from services.api.responses import answer, cut, page
from services.api.schemas import GatewayDetail, GatewayPage
from services.observation.instants import iso, micros
from services.observation.site import Gateway
from services.observation.text import Text

router = APIRouter(tags=["gateways"])


@router.get("/gateways", response_model=GatewayPage, summary="Gateways · Gateway")
async def list_gateways(
    here: Here, who: Who, area: Slug = None, limit: Limit = 1000, after: Cursor = None
) -> Response:
    """Gateways of the running site with status, last heard and loss account.

    `silent`: an alert about it is open. `clock`: the newest time it told of. Status and times are known
    without the history, for gateways heard lately; else `unknown` and null.

    `account`: packs and readings stored, `duplicates` and `conflicts` among them; packs `lost_agent` (dropped
    by the agent's full buffer, by its own word), `holes` (neither stored nor named lost), `discarded` (fell
    out of the stream before they were stored).

    Các gateway với trạng thái, lần nghe cuối và sổ ghi mất mát. `silent`: đang có cảnh báo mất tín hiệu.
    Mất cơ sở dữ liệu vẫn biết trạng thái của gateway mới nghe gần đây; nếu không thì `unknown`.
    """
    place_area(area, here.site, whole_site=False)
    in_scope(area, who)
    accounts, history = await _accounts(here)
    found = [
        gateway
        for name, gateway in sorted(here.site.site.gateways.items())
        if (area is None or gateway.area == area)
        and (after is None or name > after)
        and who.sees(gateway.area)
    ]
    items, more = cut(found[: limit + 1], limit)
    silent = _silent(here)
    shown = [show(here, gateway, accounts.get(gateway.id), silent) for gateway in items]
    return page(shown, items[-1].id if more else None, history=history)


@router.get("/gateways/{gateway}", response_model=GatewayDetail, summary="One gateway · Một gateway")
async def get_gateway(here: Here, who: Who, gateway: str) -> Response:
    """A gateway with what is stored of each buffer of its agent.

    Một gateway, kèm các bộ đệm của tác tử.
    """
    found = here.site.site.gateways.get(gateway)
    if found is None or not who.sees(found.area):
        raise not_found(Text(f"không có gateway {gateway[:80]!r}", f"there is no gateway {gateway[:80]!r}"))
    accounts, history = await _accounts(here)
    buffers = await queries.gateway_buffers(here.database, gateway) if history == "ok" else []
    shown = show(here, found, accounts.get(gateway), _silent(here))
    return answer({**shown, "buffers": buffers, "history": history})


async def _accounts(here: Context) -> tuple[dict[str, dict[str, Any]], str]:
    """What the history knows; without it the gateways are listed all the same, and it is said."""
    try:
        return await queries.gateway_accounts(here.database), "ok"
    except Problem:
        return {}, "away"


def show(
    here: Context, gateway: Gateway, known: dict[str, Any] | None, silent: Callable[[str], bool | None]
) -> dict[str, Any]:
    """A gateway as it is answered: the newer of what the history and the stream know."""
    word = here.heard.words.get(gateway.id, Word())
    status_us, received_us = _us(known, "status_at"), _us(known, "last_received_at")
    status = known["status"] if known else None
    if word.status_us is not None and (status_us is None or word.status_us >= status_us):
        status, status_us = word.status, word.status_us
    if word.received_us is not None and (received_us is None or word.received_us > received_us):
        received_us = word.received_us
    return {
        "id": gateway.id,
        "area": gateway.area,
        "stations": gateway.stations,
        "reporting_s": gateway.reporting_s,
        "status": status or "unknown",
        "status_at": _iso(status_us),
        "last_received_at": _iso(received_us),
        "heard_s": here.age_s(received_us),
        "clock": _iso(word.clock_us),
        "silent": silent(gateway.id),
        "account": known["account"] if known else None,
    }


def _silent(here: Context) -> Callable[[str], bool | None]:
    """Whether a gateway is silent: the engine says so, by an alert. None while alerts are still read."""
    if not here.hub.caught_up.is_set():
        return lambda _: None
    source = f"/sites/{here.site.site.id}"
    found = {
        standing.data.get("gateway")
        for standing in here.fold.open_alerts()
        if standing.data.get("rule") == GATEWAY_SILENT and standing.events[0].body.get("source") == source
    }
    return lambda gateway: gateway in found


def _us(known: dict[str, Any] | None, name: str) -> int | None:
    text = known[name] if known else None
    return None if text is None else micros(text)


def _iso(us: int | None) -> str | None:
    return None if us is None else iso(us)
