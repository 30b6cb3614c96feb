"""Acts of people on alerts: each with a key that makes it safe to send again, and the version they saw.

Over 250 lines: a table, one short operation for each act.
"""

from http import HTTPStatus
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Header, Path
from starlette.responses import Response

from services.alerts.lifecycle import Asked, Refusal
from services.api import putting_away
from services.api.acts import Done, known_alert, perform, refused, whole_fold
from services.api.context import Context, Here
from services.api.errors import Problem, invalid, not_found
from services.api.identity import Who, demand, sees_of
from services.api.params import read_token
from services.api.requests import Pending, request_act
from services.api.responses import answer
from services.api.shapes.acts import (
    SENT_EXAMPLE,
    Act,
    ActDone,
    ActSent,
    Assign,
    Close,
    CommentOn,
    End,
    Restate,
    Shelve,
    SituationActed,
    Statement,
)
from services.api.shown import linked_site, show
from services.api.stating import state
from services.observation.text import Text
from services.runtime.principal import OPERATOR, Principal, allowed

router = APIRouter(tags=["alerts"])
Id = Annotated[str, Path(min_length=1, max_length=100)]
Key = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=100,
        description="The same key again does nothing twice. · Gửi lại cùng khóa không thao tác hai lần.",
    ),
]
_BEGUN_ANEW = Text(
    "từ khi bạn xem, luồng cảnh báo đã bắt đầu lại; hãy xem lại cảnh báo",
    "since you looked, the stream of alerts began anew; look at the alert again",
)
_NOBODY = Text(
    "không có người trực nào của khu vực này mang tên tài khoản đó",
    "no operator of that area has an account of that name",
)
_AHEAD = Text("seen chưa có trên luồng", "seen is not on the stream yet")


SENT: dict[int | str, dict[str, Any]] = {
    202: {
        "model": ActSent,
        "description": "Sent to the linked site · Đã gửi đến địa bàn liên kết",
        "content": {"application/json": {"example": SENT_EXAMPLE}},
    }
}


class Call(NamedTuple):
    """Who asks for an act, on which alert, by which key."""

    here: Context
    who: Principal
    alert_id: str
    key: str


def _call(here: Here, who: Who, alert_id: Id, key: Key) -> Call:
    return Call(here, who, alert_id, key)


@router.post("/alerts", response_model=ActDone, summary="State an alert by hand · Nhập cảnh báo bằng tay")
async def state_alert(here: Here, who: Who, asked: Statement, key: Key) -> Response:
    """Raise an alert that no sensor raised; it is of origin `manual` and ends by itself at `until`.

    Nhập cảnh báo không do cảm biến phát hiện (người dân báo, bảo vệ nhìn thấy); tự kết thúc lúc `until`.
    """
    return _done(here, await state(here, who, key, asked))


@router.post(
    "/alerts/{alert_id}/acknowledge", response_model=ActDone, responses=SENT, summary="Acknowledge · Xác nhận"
)
async def acknowledge_alert(call: Annotated[Call, Depends(_call)], asked: Act) -> Response:
    """Say that a person has seen it and takes care. An alert that gets worse asks again.

    Xác nhận đã có người biết và đang xử lý. Cảnh báo tăng mức thì phải xác nhận lại.
    """
    return await _act(call, "acknowledge", asked)


@router.post(
    "/alerts/{alert_id}/unacknowledge",
    response_model=ActDone,
    responses=SENT,
    summary="Take it back · Bỏ xác nhận",
)
async def unacknowledge_alert(call: Annotated[Call, Depends(_call)], asked: Act) -> Response:
    """Take the acknowledgement back.

    Bỏ xác nhận.
    """
    return await _act(call, "unacknowledge", asked)


@router.post("/alerts/{alert_id}/shelve", response_model=ActDone, responses=SENT, summary="Shelve · Tạm gác")
async def shelve_alert(call: Annotated[Call, Depends(_call)], asked: Shelve) -> Response:
    """Keep it quiet until an instant, for a reason. Where the site asks for it, a second person must agree.

    Getting worse than it was ends the shelving, and so does the end of the condition.

    Tạm im đến một thời điểm, có lý do. Cảnh báo an toàn công cộng cần người thứ hai đồng ý.
    """
    given = {"until": asked.until, "why": asked.why}
    return await _act(call, "shelve", asked, **given)


@router.post(
    "/alerts/{alert_id}/unshelve", response_model=ActDone, responses=SENT, summary="Unshelve · Bỏ tạm gác"
)
async def unshelve_alert(call: Annotated[Call, Depends(_call)], asked: Act) -> Response:
    """End the shelving, or withdraw one that waits for a second person.

    Bỏ tạm gác, hoặc rút đề nghị tạm gác đang chờ.
    """
    return await _act(call, "unshelve", asked)


@router.post(
    "/alerts/{alert_id}/assign", response_model=ActDone, responses=SENT, summary="Assign · Giao việc"
)
async def assign_alert(call: Annotated[Call, Depends(_call)], asked: Assign) -> Response:
    """Give it to somebody, or without a name to yourself.

    Giao cho một người; không nêu tên là tự nhận.
    """
    if asked.assignee is not None:
        _can_take(call, asked.assignee.strip())
    return await _act(call, "assign", asked, assignee=asked.assignee)


def _can_take(call: Call, name: str) -> None:
    """An alert given to nobody would look taken: where there are accounts, one of them takes it."""
    here, who = call.here, call.who
    life = known_alert(here, call.alert_id).life
    linked = linked_site(here, life)
    if not here.book.accounts or name == who.subject or linked is not None or not who.sees(life.area):
        return
    account = here.book.accounts.get(name)
    if account is None or account.disabled or not allowed(account.principal(), OPERATOR, life.area):
        raise invalid(_NOBODY, "assignee")


@router.post(
    "/alerts/{alert_id}/unassign", response_model=ActDone, responses=SENT, summary="Unassign · Bỏ giao việc"
)
async def unassign_alert(call: Annotated[Call, Depends(_call)], asked: Act) -> Response:
    """Take it back from whoever has it.

    Bỏ giao việc.
    """
    return await _act(call, "unassign", asked)


@router.post(
    "/alerts/{alert_id}/comment", response_model=ActDone, responses=SENT, summary="Comment · Ghi chú"
)
async def comment_alert(call: Annotated[Call, Depends(_call)], asked: CommentOn) -> Response:
    """Say something about it. It stays; it can't be taken back.

    Ghi chú; không rút lại được.
    """
    return await _act(call, "comment", asked, text=asked.text)


@router.post("/alerts/{alert_id}/close", response_model=ActDone, responses=SENT, summary="Close · Đóng")
async def close_alert(call: Annotated[Call, Depends(_call)], asked: Close) -> Response:
    """Say what it was: `real` (once it is over), `false`, `test` or `maintenance`. Getting worse reopens it.

    One that its linked site lost (`orphan`), or whose site is linked no longer, is closed here and for us
    alone, whatever the cause.

    Đóng với nguyên nhân: thật (khi đã hết), báo sai, thử, bảo trì. Tăng mức thì tự mở lại.
    """
    return await _act(call, "close", asked, cause=asked.cause, why=asked.why)


@router.post("/alerts/{alert_id}/reopen", response_model=ActDone, responses=SENT, summary="Reopen · Mở lại")
async def reopen_alert(call: Annotated[Call, Depends(_call)], asked: Act) -> Response:
    """Take the closing back.

    Mở lại cảnh báo đã đóng.
    """
    return await _act(call, "reopen", asked)


@router.post(
    "/alerts/{alert_id}/escalate",
    response_model=ActDone,
    responses=SENT,
    summary="Escalate by hand · Nâng mức",
)
async def escalate_alert(call: Annotated[Call, Depends(_call)], asked: Restate) -> Response:
    """Raise the severity of an alert that a person stated.

    Nâng mức cảnh báo nhập bằng tay.
    """
    given = {"severity": asked.severity, "until": asked.until, "reason": _text(asked)}
    return await _act(call, "escalate", asked, **given)


@router.post(
    "/alerts/{alert_id}/ease", response_model=ActDone, responses=SENT, summary="Ease by hand · Hạ mức"
)
async def ease_alert(call: Annotated[Call, Depends(_call)], asked: Restate) -> Response:
    """Lower the severity of an alert that a person stated.

    Hạ mức cảnh báo nhập bằng tay.
    """
    given = {"severity": asked.severity, "until": asked.until, "reason": _text(asked)}
    return await _act(call, "ease", asked, **given)


@router.post(
    "/alerts/{alert_id}/end", response_model=ActDone, responses=SENT, summary="End by hand · Kết thúc"
)
async def end_alert(call: Annotated[Call, Depends(_call)], asked: End) -> Response:
    """End the condition of an alert that a person stated; closing it does so, too.

    Kết thúc cảnh báo nhập bằng tay; đóng cảnh báo cũng kết thúc nó.
    """
    return await _act(call, "end", asked, reason=_text(asked))


@router.post(
    "/situations/{situation_id}/acknowledge",
    response_model=SituationActed,
    summary="Acknowledge a situation · Xác nhận tình huống",
)
async def acknowledge_situation(here: Here, who: Who, situation_id: Id, asked: Act, key: Key) -> Response:
    """Acknowledge every open member. Each is told for itself; one that is refused stops no other.

    Xác nhận mọi cảnh báo còn mở của tình huống; kết quả nêu cho từng cảnh báo.
    """
    found = whole_fold(here).situations.get(situation_id)
    area = None if found is None else found.unfolding.data.area
    if found is None or not sees_of(here, who, area or "", found.events[0].body.get("source")):
        shown = situation_id[:80]
        raise not_found(Text(f"không có tình huống {shown!r}", f"there is no situation {shown!r}"))
    results = [
        await _member(Call(here, who, alert_id, key), asked) for alert_id in sorted(found.unfolding.open)
    ]
    return answer({"situation_id": situation_id, "results": results})


async def _member(call: Call, asked: Act) -> dict[str, Any]:
    """What became of it on one alert, in the same words for all that can happen."""
    told: dict[str, Any] = {"alert_id": call.alert_id, "code": None, "detail": None, "version": None}
    try:
        done = await _perform(call, "acknowledge", asked)
    except Problem as problem:
        alert = problem.extra.get("alert")
        return {
            **told,
            "result": _RESULTS.get(problem.code) or _BY_STATUS.get(problem.status, "refused"),
            "code": problem.code,
            "detail": problem.detail,
            "version": alert["version"] if isinstance(alert, dict) else None,
        }
    if isinstance(done, Pending):
        return {**told, "result": "sent"}
    version = call.here.hub.token(done.standing.sequence)
    return {**told, "result": "repeated" if done.repeated else "done", "version": version}


_RESULTS = {"already-acknowledged": "already"}
_BY_STATUS = {403: "not-allowed", 404: "not-allowed", 409: "conflict", 503: "away"}


async def _act(call: Call, act: str, asked: Act, **given: Any) -> Response:
    done = await _perform(call, act, asked, **given)
    if isinstance(done, Pending):
        return answer({"request": done.shown(call.here.clock())}, HTTPStatus.ACCEPTED)
    return _done(call.here, done)


async def _perform(call: Call, act: str, asked: Act, **given: Any) -> Done | Pending:
    here, who, alert_id, key = call
    standing = known_alert(here, alert_id)
    linked = linked_site(here, standing.life)
    demand(who, OPERATOR, standing.life.area, linked)
    seen = read_token(asked.seen, here.hub.epoch, "seen")
    if seen.epoch != here.hub.epoch:
        raise refused(here, standing, Refusal("alert-changed", _BEGUN_ANEW, conflict=True))
    if seen.sequence > here.hub.head:
        raise invalid(_AHEAD, "seen")
    wish = Asked(act=act, by=who.subject, seen=seen.sequence, **given)
    if linked is not None and act in putting_away.ACTS:
        done = await putting_away.put_away(here, who, standing, wish, key)
        if done is not None:
            return done
    if linked is not None:
        return await request_act(here, standing.life, wish, who, key)
    return await perform(here, who, alert_id, key, wish)


def _done(here: Context, done: Done) -> Response:
    told = done.told
    event = {**told.body, "sequence": str(told.sequence), "epoch": here.hub.epoch}
    return answer({"alert": show(here, done.standing), "event": event, "repeated": done.repeated})


def _text(asked: Restate | End) -> Text | None:
    return None if asked.text is None else Text(asked.text.vi, asked.text.en)
