"""What goes to the public and what comes from the authorities: approval, feed, messages, CAP in.

Over 250 lines: one noun's addresses, each with its words in two languages.
"""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from services.api.bulletins import judge, reopen, shelf_of, shown
from services.api.context import Context, Here
from services.api.errors import not_found, slow_down
from services.api.identity import Who, authenticate, demand, forbidden, peer_of
from services.api.official import receive, told
from services.api.paces import READING
from services.api.paging import before, first_of
from services.api.params import Cursor, Limit
from services.api.published import FEED_S, MESSAGE_S, sent
from services.api.responses import answer, page
from services.api.rewording import asked_of, document_of, reword, update
from services.api.shapes.bulletins import (
    Approval,
    Judged,
    OfficialPage,
    Rejection,
    Reopening,
    Rewording,
    Taken,
    Thread,
    ThreadPage,
    Updating,
)
from services.cap import bulletin as nouns
from services.cap.feed import CAP_TYPE
from services.cap.read import MAX_BYTES
from services.observation.instants import SECOND
from services.observation.text import Text
from services.runtime.principal import ADMINISTRATOR, APPROVER, MACHINE, Principal
from services.runtime.settings import is_loopback

router = APIRouter(tags=["bulletins"])
public = APIRouter(tags=["bulletins"], prefix="/cap/v1")
feed = APIRouter(tags=["bulletins"], prefix="/cap/v1")
"""What was published: for everybody where the site says so (`reader`)."""
MAX_ID = 300
PATIENCE = 32 * MAX_BYTES
ATOM_TYPE = "application/atom+xml"
_CERTIFICATE = ("cap", "certificate.pem")
_SLOW = Text("hỏi quá nhanh; hãy chờ", "asked too often; wait a moment")
Id = Annotated[str, Path(max_length=MAX_ID)]
State = Annotated[
    Literal["pending", "all"],
    Query(description="`pending`: it waits for approval; `all`: every one. · đang chờ duyệt, hoặc tất cả."),
]


async def reader(request: Request, here: Here) -> None:
    """Whoever reads what was published: with a token, or anybody where the site says `public = true`.

    A programme that reads feeds has no token to show. It gets these documents and nothing else.

    Raises:
        Problem: 401; 429 one address asks too often.
    """
    if not here.site.policy.publication.public:
        await authenticate(request)
        return
    host = peer_of(request)
    if host is None or is_loopback(host):
        return  # those behind a proxy can't be told apart here; it is the proxy's to slow them down
    wait = here.paces.wait_s(host, here.clock() / SECOND, READING)
    if wait > 0:
        raise slow_down(_SLOW, wait)


@router.get("/bulletins", response_model=ThreadPage, summary="Public messages · Bản tin công khai")
async def list_bulletins(
    here: Here, who: Who, state: State = "all", limit: Limit = 1000, after: Cursor = None
) -> Response:
    """What goes to the public of each alert: what waits for approval, what went out, what was refused.

    The newest first. A draft is approved by its `proposal`, as it was shown.

    Bản tin công khai của từng cảnh báo: bản thảo đang chờ duyệt, bản đã phát, bản bị từ chối.
    """
    behind = before(here, after)
    found = [
        thread
        for thread in shelf_of(here).threads()
        if (behind is None or thread.sequence < behind)
        and who.sees(thread.area)
        and (state == "all" or thread.pending is not None)
    ]
    items, following = first_of(here, found, limit, lambda thread: thread.sequence)
    return page([shown(here, thread) for thread in items], following)


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


@router.post("/bulletins/{bulletin_id}/reopen", response_model=Judged, summary="Reopen · Xét lại bản thảo")
async def reopen_bulletin(here: Here, who: Who, bulletin_id: Id, asked: Reopening) -> Response:
    """Have the draft that was refused (`declined`) wait for approval again; nobody has agreed to it then.

    Takes an approver of that area. 409 when the alert has moved on, or another draft waits.

    Đưa bản thảo đã bị từ chối trở lại chờ duyệt; phải duyệt lại từ đầu.
    """
    thread = _thread(here, who, bulletin_id)
    demand(who, APPROVER, thread.area)
    found, repeated = await reopen(here, who, thread, asked.proposal, asked.why)
    return answer({"bulletin": shown(here, found), "repeated": repeated})


@router.post("/bulletins/{bulletin_id}/reword", response_model=Judged, summary="Reword · Sửa lời bản thảo")
async def reword_bulletin(here: Here, who: Who, bulletin_id: Id, asked: Rewording) -> Response:
    """Put a draft into other words before it is approved; both versions are kept, with who wrote them.

    Takes an approver of that area. The reworded draft takes the first one's place, approvals begin anew, and
    whoever wrote it is never enough to approve it. The first words again make it the writer's own draft.
    409 as for an approval.

    Sửa lời bản thảo trước khi duyệt: giữ cả hai bản và tên người sửa; phải duyệt lại từ đầu, và người sửa
    không bao giờ đủ một mình.
    """
    thread = _thread(here, who, bulletin_id)
    demand(who, APPROVER, thread.area)
    found, repeated = await reword(here, thread, asked.proposal, asked_of(who, asked))
    return answer({"bulletin": shown(here, found), "repeated": repeated})


@router.post("/bulletins/{bulletin_id}/update", response_model=Judged, summary="Say it anew · Nói lại")
async def update_bulletin(here: Here, who: Who, bulletin_id: Id, asked: Updating) -> Response:
    """Propose an `Update` of the message that is out, in other words. It is approved like any other.

    Takes an approver of that area. 409 when `identifier` is not the last message that holds, the alert has
    moved on, or a draft waits already.

    Đề xuất bản cập nhật cho bản tin đang có hiệu lực, với lời khác; phải được duyệt như mọi bản tin.
    """
    thread = _thread(here, who, bulletin_id)
    demand(who, APPROVER, thread.area)
    found, repeated = await update(here, thread, asked.identifier, asked_of(who, asked))
    return answer({"bulletin": shown(here, found), "repeated": repeated})


@router.get(
    "/official-bulletins", response_model=OfficialPage, summary="Messages from outside · Bản tin nhận vào"
)
async def list_official_bulletins(
    here: Here, who: Who, limit: Limit = 1000, after: Cursor = None
) -> Response:
    """CAP messages that came from outside, the newest first: what was made of each, or why it was refused.

    Bản tin CAP nhận từ bên ngoài, mới nhất trước: đã thành cảnh báo nào, hoặc vì sao bị từ chối.
    """
    behind = before(here, after)
    found = [
        (sequence, one)
        for sequence, one in shelf_of(here).received()
        if (behind is None or sequence < behind) and who.sees(one.area)
    ]
    items, following = first_of(here, found, limit, lambda item: item[0])
    return page([told(here, sequence, one) for sequence, one in items], following)


@feed.get(
    "/feed.atom",
    summary="Feed of public messages · Nguồn cấp bản tin",
    response_class=Response,
    responses={200: {"content": {ATOM_TYPE: {"schema": {"type": "string"}}}}},
)
async def cap_feed(request: Request, here: Here) -> Response:
    """Atom feed (RFC 4287) of the messages of the last 48 hours, the newest first.

    Without a token where the site's `[publication]` says `public = true`. `ETag` and `Last-Modified` are
    given; `If-None-Match` is answered with 304.

    Nguồn cấp Atom của các bản tin trong 48 giờ qua, mới nhất trước. Không cần mã truy cập nếu địa bàn ghi
    `public = true`.
    """
    policy, now = here.site.policy.publication, here.clock()
    base = policy.web.rstrip("/") if policy.web else str(request.base_url).rstrip("/")
    name = policy.name if policy.name.vi else here.site.site.name
    sender = policy.sender or here.site.site.id
    found = here.published.feed(shelf_of(here), base=base, sender=sender, name=name, now=now)
    return sent(
        request.headers,
        found.body,
        ATOM_TYPE,
        seconds=FEED_S if policy.public else 0,
        public=policy.public,
        modified=found.modified,
    )


@feed.get(
    "/messages/{identifier}",
    summary="One message · Một bản tin CAP",
    response_class=Response,
    responses={200: {"content": {CAP_TYPE: {"schema": {"type": "string"}}}}},
)
async def cap_message(request: Request, here: Here, identifier: Id) -> Response:
    """The exact bytes that were signed and published.

    Đúng từng byte của bản tin đã ký và phát.
    """
    found = shelf_of(here).issued(identifier)
    if found is None:
        raise not_found(
            Text(f"không có bản tin {identifier[:80]!r}", f"there is no message {identifier[:80]!r}")
        )
    document = here.published.document(identifier)
    if document is None:
        document = await document_of(here, found.sequence)
        here.published.keep(identifier, document)
    return sent(
        request.headers,
        document.encode(),
        CAP_TYPE,
        seconds=MESSAGE_S,
        public=here.site.policy.publication.public,
        modified=found.time,
    )


@feed.get(
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
    return Response(body, media_type="application/x-pem-file", headers={"Cache-Control": "no-cache"})


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
