"""Gateways: what each is, when it was last heard, and the account of what came and what was lost."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.api import queries
from services.api.context import Context, Here
from services.api.errors import Problem, not_found
from services.api.params import Cursor, Limit, Slug
from services.api.responses import answer, cut, page
from services.api.schemas import GatewayDetail, GatewayPage
from services.observation.instants import micros
from services.observation.site import Gateway
from services.observation.text import Text

router = APIRouter(tags=["gateways"])
INTERVALS = 3
"""A gateway is silent after so many of its reporting intervals."""


@router.get("/gateways", response_model=GatewayPage, summary="Gateways · Gateway")
async def list_gateways(here: Here, area: Slug = None, limit: Limit = 1000, after: Cursor = None) -> Response:
    """Gateways of the running site with status, last heard and loss account.

    `account`: packs and readings stored, `duplicates` and `conflicts` among them; packs `lost_agent` (dropped
    by the agent's full buffer, by its own word), `holes` (neither stored nor named lost), `discarded` (fell
    out of the stream before they were stored).

    Các gateway với trạng thái, lần nghe cuối và sổ ghi mất mát.
    """
    accounts, history = await _accounts(here)
    found = [
        gateway
        for name, gateway in sorted(here.site.site.gateways.items())
        if (area is None or gateway.area == area) and (after is None or name > after)
    ]
    items, more = cut(found[: limit + 1], limit)
    shown = [show(here, gateway, accounts.get(gateway.id)) for gateway in items]
    return page(shown, items[-1].id if more else None, history=history)


@router.get("/gateways/{gateway}", response_model=GatewayDetail, summary="One gateway · Một gateway")
async def get_gateway(here: Here, gateway: str) -> Response:
    """A gateway with what is stored of each buffer of its agent.

    Một gateway, kèm các bộ đệm của tác tử.
    """
    found = here.site.site.gateways.get(gateway)
    if found is None:
        raise not_found(Text(f"không có gateway {gateway[:80]!r}", f"there is no gateway {gateway[:80]!r}"))
    accounts, history = await _accounts(here)
    buffers = await queries.gateway_buffers(here.database, gateway) if history == "ok" else []
    return answer({**show(here, found, accounts.get(gateway)), "buffers": buffers, "history": history})


async def _accounts(here: Context) -> tuple[dict[str, dict[str, Any]], str]:
    """What the history knows; without it the gateways are listed all the same, and it is said."""
    try:
        return await queries.gateway_accounts(here.database), "ok"
    except Problem:
        return {}, "away"


def show(here: Context, gateway: Gateway, known: dict[str, Any] | None) -> dict[str, Any]:
    """A gateway as it is answered."""
    last = known["last_received_at"] if known else None
    heard = here.age_s(micros(last)) if last else None
    silent = None
    if heard is not None and gateway.reporting_s is not None:
        silent = heard > INTERVALS * gateway.reporting_s
    return {
        "id": gateway.id,
        "area": gateway.area,
        "stations": gateway.stations,
        "reporting_s": gateway.reporting_s,
        "status": known["status"] if known else None,
        "status_at": known["status_at"] if known else None,
        "last_received_at": last,
        "heard_s": heard,
        "silent": silent,
        "account": known["account"] if known else None,
    }
