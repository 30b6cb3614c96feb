"""What goes to the public and what comes from the authorities: approval, feed, messages, CAP in."""

from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Path, Query
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NotFoundError
from starlette.requests import Request
from starlette.responses import Response

from services.api.bulletin_shapes import (
    Approval,
    Judged,
    OfficialPage,
    Rejection,
    Taken,
    Thread,
    ThreadPage,
)
from services.api.bulletins import judge, shelf_of, shown
from services.api.context import Context, Here
from services.api.errors import away, not_found
from services.api.identity import Who, demand, forbidden
from services.api.official import receive, told
from services.api.params import Limit
from services.api.responses import answer, cut, page
from services.cap import bulletin as nouns
from services.cap.feed import CAP_TYPE, atom
from services.cap.read import MAX_BYTES
from services.observation.text import Text
from services.runtime.principal import ADMINISTRATOR, APPROVER, MACHINE, Principal
from services.runtime.streams import ALERTS

router = APIRouter(tags=["bulletins"])
public = APIRouter(tags=["bulletins"], prefix="/cap/v1")
MAX_ID = 300
PATIENCE = 32 * MAX_BYTES
ATOM_TYPE = "application/atom+xml"
_CERTIFICATE = ("cap", "certificate.pem")
Id = Annotated[str, Path(max_length=MAX_ID)]
State = Annotated[
    Literal["pending", "all"],
    Query(description="`pending`: it waits for approval; `all`: every one. · đang chờ duyệt, hoặc tất cả."),
]


@router.get("/bulletins", response_model=ThreadPage, summary="Public messages · Bản tin công khai")
async def list_bulletins(here: Here, who: Who, state: State = "all", limit: Limit = 1000) -> Response:
    """What goes to the public of each alert: what waits for approval, what went out, what was refused.

    The newest first. A draft is approved by its `proposal`, as it was shown.

    Bản tin công khai của từng cảnh báo: bản thảo đang chờ duyệt, bản đã phát, bản bị từ chối.
    """
    found = [
        thread
        for thread in shelf_of(here).threads()
        if who.sees(thread.area) and (state == "all" or thread.pending is not None)
    ]
    items, _ = cut(found[: limit + 1], limit)
    return page([shown(here, thread) for thread in items], None)


@router.get("/bulletins/{bulletin_id}", response_model=Thread, summary="One public message · Một bản tin")
async def get_bulletin(here: Here, who: Who, bulletin_id: Id) -> Response:
    """What became of one alert in public.

    Diễn biến bản tin công khai của một cảnh báo.
    """
    return answer(shown(here, _thread(here, who, bulletin_id)))


@router.post("/bulletins/{bulletin_id}/approve", response_model=Judged, summary="Approve · Duyệt bản tin")
async def approve_bulletin(here: Here, who: Who, bulletin_id: Id, asked: Approval) -> Response:
    """Agree that a draft goes out, word for word. With all who must have agreed it is signed and published.

    Takes an approver of that area; where two must agree, two different ones, and never only whoever stated
    the alert. 409 with the draft that stands there now when this one does not hold any more.

    Duyệt bản thảo đúng như đã xem. Đủ người duyệt thì bản tin được ký và phát. Nếu cảnh báo đã thay đổi,
    trả về 409 cùng bản thảo mới.
    """
    thread = _thread(here, who, bulletin_id)
    demand(who, APPROVER, thread.area)
    found, repeated = await judge(here, who, thread, asked.proposal, nouns.APPROVED)
    return answer({"bulletin": shown(here, found), "repeated": repeated})


@router.post("/bulletins/{bulletin_id}/reject", response_model=Judged, summary="Reject · Từ chối bản tin")
async def reject_bulletin(here: Here, who: Who, bulletin_id: Id, asked: Rejection) -> Response:
    """Refuse a draft, with a reason. The same is not proposed again until the alert changes.

    Từ chối bản thảo, kèm lý do. Chỉ được đề xuất lại khi cảnh báo thay đổi.
    """
    thread = _thread(here, who, bulletin_id)
    demand(who, APPROVER, thread.area)
    found, repeated = await judge(here, who, thread, asked.proposal, nouns.REJECTED, asked.why)
    return answer({"bulletin": shown(here, found), "repeated": repeated})


@router.get(
    "/official-bulletins", response_model=OfficialPage, summary="Messages from outside · Bản tin nhận vào"
)
async def list_official_bulletins(here: Here, who: Who, limit: Limit = 1000) -> Response:
    """CAP messages that came from outside, the newest first: what was made of each, or why it was refused.

    Bản tin CAP nhận từ bên ngoài, mới nhất trước: đã thành cảnh báo nào, hoặc vì sao bị từ chối.
    """
    found = [(sequence, one) for sequence, one in shelf_of(here).received() if who.sees(one.area)]
    items, _ = cut(found[: limit + 1], limit)
    return page([told(here, sequence, one) for sequence, one in items], None)


@public.get(
    "/feed.atom",
    summary="Feed of public messages · Nguồn cấp bản tin",
    response_class=Response,
    responses={200: {"content": {ATOM_TYPE: {"schema": {"type": "string"}}}}},
)
async def cap_feed(request: Request, here: Here) -> Response:
    """Atom feed (RFC 4287) of the messages of the last 48 hours, the newest first.

    Nguồn cấp Atom của các bản tin trong 48 giờ qua, mới nhất trước.
    """
    policy = here.site.policy.publication
    base = policy.web.rstrip("/") if policy.web else str(request.base_url).rstrip("/")
    name = policy.name if policy.name.vi else here.site.site.name
    sender = policy.sender or here.site.site.id
    body = atom(shelf_of(here).feed(here.clock()), base=base, sender=sender, name=name, now=here.clock())
    return Response(body, media_type=ATOM_TYPE, headers={"Cache-Control": "no-cache"})


@public.get(
    "/messages/{identifier}",
    summary="One message · Một bản tin CAP",
    response_class=Response,
    responses={200: {"content": {CAP_TYPE: {"schema": {"type": "string"}}}}},
)
async def cap_message(here: Here, identifier: Id) -> Response:
    """The exact bytes that were signed and published.

    Đúng từng byte của bản tin đã ký và phát.
    """
    found = shelf_of(here).issued(identifier)
    if found is None:
        raise not_found(
            Text(f"không có bản tin {identifier[:80]!r}", f"there is no message {identifier[:80]!r}")
        )
    try:
        event = msgspec.json.decode((await here.js.get_msg(ALERTS, found.sequence)).data or b"{}")
        body = event["data"]["xml"].encode()
    except (
        NatsError,
        APIError,
        NotFoundError,
        TimeoutError,
        OSError,
        LookupError,
        msgspec.DecodeError,
    ) as error:
        raise away(
            Text("chưa đọc được bản tin", "the message can't be read now"), retry_s=1, code="alerts-away"
        ) from error
    return Response(body, media_type=CAP_TYPE, headers={"Cache-Control": "max-age=31536000, immutable"})


@public.get(
    "/certificate.pem",
    summary="Certificate of the signatures · Chứng thư ký bản tin",
    response_class=Response,
    responses={200: {"content": {"application/x-pem-file": {"schema": {"type": "string"}}}}},
)
async def cap_certificate(here: Here) -> Response:
    """The certificate by which published messages can be verified; empty before the first one.

    Chứng thư để kiểm tra chữ ký của bản tin đã phát; rỗng khi chưa phát bản nào.
    """
    folder = here.settings.data
    try:
        body = b"" if folder is None else folder.joinpath(*_CERTIFICATE).read_bytes()
    except OSError:
        body = b""
    return Response(body, media_type="application/x-pem-file")


@public.post(
    "/messages",
    response_model=Taken,
    summary="Hand in an official message · Gửi bản tin chính thức",
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {CAP_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
async def receive_cap(request: Request, here: Here, who: Who) -> Response:
    """A CAP 1.1 or 1.2 message of a trusted sender becomes an alert of origin `official_bulletin`.

    Takes a machine's account or an administrator. The same message again changes nothing. What is refused
    is kept, with the reason.

    Bản tin CAP của nguồn tin cậy thành cảnh báo `official_bulletin`. Gửi lại không tạo thêm gì; bản bị từ
    chối được lưu cùng lý do.
    """
    _may_hand_in(who)
    body, came = bytearray(), 0
    async for piece in request.stream():
        came += len(piece)
        if len(body) <= MAX_BYTES:
            body += piece  # more than that `read` refuses, and nothing more is kept
        elif came > PATIENCE:
            break  # up to here the rest is read, so that the sender gets to see the refusal
    sequence, record, repeated = await receive(here, who, bytes(body))
    return answer({"bulletin": told(here, sequence, record), "repeated": repeated})


def _may_hand_in(who: Principal) -> None:
    if not (who.may(MACHINE) or who.may(ADMINISTRATOR)):
        raise forbidden(MACHINE)


def _thread(here: Context, who: Principal, bulletin_id: str) -> nouns.Thread:
    """A thread that somebody may see.

    Raises:
        Problem: 404.
    """
    found = shelf_of(here).thread(bulletin_id)
    if found is None or not who.sees(found.area):
        shown_id = bulletin_id[:80]
        raise not_found(Text(f"không có bản tin {shown_id!r}", f"there is no bulletin {shown_id!r}"))
    return found
