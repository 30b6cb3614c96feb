"""Commands to controllers: giving orders, and what became of them."""

import secrets
from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Header, Path, Query
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from starlette.responses import Response

from services.api.context import Context, Here
from services.api.errors import Problem, away, invalid, not_found
from services.api.filters import one_of
from services.api.identity import Who, demand
from services.api.ordering import fingerprint, orders_of
from services.api.params import Cursor, Instant, Limit, Slug
from services.api.responses import answer, cut, page
from services.api.shapes.commands import CommandDetail, CommandPage, Ordered, OrderRequest
from services.lighting.desired import Order
from services.lighting.ledger import Standing, State
from services.lighting.programme import Lighting
from services.observation import command as nouns
from services.observation.instants import iso
from services.observation.text import Text
from services.runtime.principal import OPERATOR
from services.runtime.streams import COMMANDS

router = APIRouter(tags=["commands"])
TIMEOUT_S = 2.0
WRONG_LAST = 10071
MAX_KEY = 100
_NO_STREETS = Text(
    "địa bàn này không khai báo chiếu sáng (lighting.toml)",
    "this site declares no street lights (lighting.toml)",
)
_AWAY = Text(
    "chưa ghi được lệnh; hãy gửi lại với cùng Idempotency-Key",
    "the order could not be written; send it again with the same Idempotency-Key",
)
_CONFLICT = Text(
    "Idempotency-Key này đã dùng cho một lệnh khác; dùng khóa mới cho lệnh mới",
    "this Idempotency-Key was used for another order; a new order needs a new key",
)

Since = Annotated[Instant | None, Query(description="Ordered at or after · Ra lệnh từ lúc", alias="since")]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=MAX_KEY,
        description="The same key again is the same order · Gửi lại cùng khóa không tạo lệnh thứ hai",
    ),
]
Id = Annotated[str, Path(max_length=MAX_KEY)]
Kind = Annotated[Literal["programme", "override", "release", "read"] | None, Query()]
Stage = Annotated[State | None, Query(description="Where it stands · Tình trạng")]


@router.get("/commands", response_model=CommandPage, summary="Commands · Lệnh điều khiển")
async def list_commands(  # noqa: PLR0913  each is a filter
    here: Here,
    who: Who,
    gateway: Slug = None,
    state: Stage = None,
    kind: Kind = None,
    since: Since = None,
    limit: Limit = 1000,
    after: Cursor = None,
) -> Response:
    """Commands of the last 30 days, the one ordered last first.

    `unconfirmed`: all repeats ran out; it is tried again when the gateway comes back. `state` and what a
    controller answered are known without the history.

    Các lệnh trong 30 ngày, mới nhất trước. `unconfirmed`: đã gửi lại đủ số lần mà chưa được xác nhận.
    """
    if gateway is not None and here.site.known:
        one_of("gateway", gateway, {*here.site.site.gateways, *here.lit.ledger.gateways()})
    before = _before(after)
    found = [
        one
        for one in sorted(here.lit.ledger, key=lambda one: -one.first)
        if (gateway is None or one.gateway == gateway)
        and (state is None or one.state == state)
        and (kind is None or one.command.kind == kind)
        and (since is None or one.ordered_at >= since)
        and (before is None or one.first < before)
        and who.sees(one.area)
    ]
    items, more = cut(found[: limit + 1], limit)
    return page([show(one) for one in items], str(items[-1].first) if more else None)


@router.get("/commands/{command}", response_model=CommandDetail, summary="One command · Một lệnh")
async def get_command(here: Here, who: Who, command: Id) -> Response:
    """A command and its record, oldest first: who ordered it, each sending, each answer, how it ended.

    Một lệnh và toàn bộ diễn biến: ai ra lệnh, mỗi lần gửi, mỗi câu trả lời, kết thúc ra sao.
    """
    found = here.lit.ledger.get(command)
    if found is None and _may_be_id(command):
        found = await here.lit.older(here.site.site.id, command)
    if found is None or not who.sees(found.area):
        shown = command[:80]
        raise not_found(Text(f"không có lệnh {shown!r}", f"there is no command {shown!r}"))
    events = [_told(sequence, event) for sequence, event in found.history]
    return answer({"command": show(found), "events": events, "omitted": found.dropped})


@router.post("/commands", response_model=Ordered, summary="Give an order · Ra lệnh")
async def order_command(here: Here, asked: OrderRequest, who: Who, key: Key = None) -> Response:
    """Order an override with a lease, its release, or a report, for a group, a cabinet or lamps.

    The answer says that it is written down; follow `commands/{id}` for what comes of it. An override ends by
    itself in the controller at `until`. With an `Idempotency-Key` the order may be sent again safely.

    Ra lệnh chiếu sáng có thời hạn, thu hồi lệnh, hoặc hỏi trạng thái. Trả lời này chỉ nói rằng lệnh đã được
    ghi; xem `commands/{id}` để biết tủ đã xác nhận chưa. Hết hạn, tủ tự trở lại chương trình.
    """
    demand(who, OPERATOR)
    ledger, now = here.lit.ledger, here.clock()
    name = nouns.identity(here.site.site.id, who.subject, key or secrets.token_hex(16))
    orders = orders_of(asked, _lighting(here), here.site.site, now, (name, who.subject))
    for order in orders:
        demand(who, OPERATOR, order.area)
    repeated = False
    standings = []
    for order in orders:
        known = ledger.get(order.command.id)
        if known is None:
            known, new = await _write(here, order, now)
            repeated = repeated or not new
        else:
            repeated = True
        if known.history and known.history[0][1].data.request not in ("", fingerprint(asked)):
            raise Problem(409, "idempotency-conflict", _CONFLICT)
        standings.append(known)
    return answer({"order": name, "repeated": repeated, "commands": [show(one) for one in standings]})


async def _write(here: Context, order: Order, now: int) -> tuple[Standing, bool]:
    """Write an order down, and whether it was new: the same key may have come to another api before."""
    site = here.site.site.id
    event = order.event(site, now)
    subject = nouns.subject(site, order.gateway, order.command.id)
    headers = {"Nats-Msg-Id": event.id, "Nats-Expected-Last-Subject-Sequence": "0"}
    try:
        ack = await here.js.publish(
            subject, nouns.encode(event), timeout=TIMEOUT_S, headers=headers, stream=COMMANDS
        )
    except (NatsError, APIError, TimeoutError, OSError) as error:
        if getattr(error, "err_code", None) != WRONG_LAST:
            raise away(_AWAY, retry_s=1, code="commands-away") from error
        found = await here.lit.older(site, order.command.id)
        if found is None:
            raise away(_AWAY, retry_s=1, code="commands-away") from error
        return found, False
    here.lit.ledger.apply(ack.seq, event)
    found = here.lit.ledger.get(order.command.id)
    if found is None:
        raise away(_AWAY, retry_s=1, code="commands-away")
    return found, True


def show(one: Standing) -> dict[str, Any]:
    """A command as it is answered."""
    override = one.override
    programme = one.programme
    return {
        "id": one.command.id,
        "order": one.order,
        "kind": one.command.kind,
        "gateway": one.gateway,
        "area": one.area,
        "groups": one.groups,
        "lamps": one.command.targets,
        "state": one.state,
        "level": None if override is None else override.level,
        "start": _iso(override.start if override else programme.start if programme else 0),
        "until": _iso(override.until if override else programme.end if programme else 0),
        "ordered_at": iso(one.ordered_at),
        "expires_at": iso(one.command.expires_at),
        "by": one.by,
        "reason": one.reason,
        "sendings": one.sendings,
        "sent_at": _iso(one.sent_at),
        "note": one.note,
        "successor": one.successor or None,
        "programme": None if programme is None else programme.version,
    }


def _may_be_id(text: str) -> bool:
    """Whether a text can be the id of a command: it becomes a token of a subject."""
    return 0 < len(text) <= nouns.MAX_ID and text.isascii() and text.replace("-", "").isalnum()


def _told(sequence: int, event: nouns.CommandEvent) -> dict[str, Any]:
    shown: dict[str, Any] = msgspec.to_builtins(event)
    return {**shown, "sequence": str(sequence)}


def _lighting(here: Context) -> Lighting:
    plans = here.lit.plans
    if plans is None:
        raise Problem(409, "no-lighting", _NO_STREETS)
    return plans.lighting


def _before(after: str | None) -> int | None:
    if after is None:
        return None
    if not after.isdecimal():
        raise invalid(Text("không phải `next` của trang trước", "not the `next` of a page before"), "after")
    return int(after)


def _iso(us: int) -> str | None:
    return iso(us) if us else None
