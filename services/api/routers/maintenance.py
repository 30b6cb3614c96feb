"""Maintenance windows: planned, changed, cancelled by people; what each keeps quiet now."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.alerts.suppression import held_by
from services.api.acts import whole_fold
from services.api.context import Context, Here
from services.api.errors import Problem, invalid
from services.api.filters import alert_area, in_scope
from services.api.identity import Who, sees_of
from services.api.params import Cursor, Limit, Slug, read_token
from services.api.planning import Planned, areas_of, change, linked, plan, sees, visible
from services.api.responses import answer, cut, page
from services.api.routers.acts import Id, Key
from services.api.shapes.maintenance import (
    MaintenanceWindow,
    WindowCancel,
    WindowChange,
    WindowDone,
    WindowPage,
    WindowPlan,
)
from services.observation.instants import micros
from services.observation.maintenance import Window
from services.observation.text import Text
from services.runtime.principal import Principal

router = APIRouter(tags=["maintenance"])
State = Annotated[
    Literal["open", "all"],
    Query(description="`open`: planned or lasting; `all`: lately ended too. · cả đã kết thúc."),
]
_AHEAD = Text("seen chưa có trên luồng", "seen is not on the stream yet")
_BEGUN_ANEW = Text(
    "từ khi bạn xem, luồng cảnh báo đã bắt đầu lại; hãy xem lại",
    "since you looked, the stream of alerts began anew; look again",
)


@router.get("/maintenance", response_model=WindowPage, summary="Maintenance windows · Khoảng bảo trì")
async def list_maintenance(  # noqa: PLR0913  each is a filter
    here: Here,
    who: Who,
    state: State = "open",
    area: Slug = None,
    limit: Limit = 1000,
    after: Cursor = None,
) -> Response:
    """What is being worked on or tested, or will be, and which alerts each window keeps quiet.

    Các khoảng bảo trì hoặc thử nghiệm, và cảnh báo nào đang được giữ im vì chúng.
    """
    fold = whole_fold(here)
    alert_area(area, here.site, fold)
    in_scope(area, who)
    behind = None if after is None else _place(after)
    found = sorted(
        (
            window
            for window in fold.windows
            if (state == "all" or window.state == "planned")
            and (area is None or area in areas_of(here, window))
            and (behind is None or (window.start, window.window_id) > behind)
            and sees(here, who, window)
        ),
        key=lambda window: (window.start, window.window_id),
    )
    items, more = cut(found[: limit + 1], limit)
    following = f"{items[-1].start}/{items[-1].window_id}" if more else None
    shown = [_show(here, who, window) for window in items]
    return page(shown, following, token=here.hub.token())


@router.get(
    "/maintenance/{window_id}", response_model=MaintenanceWindow, summary="One window · Một khoảng bảo trì"
)
async def get_maintenance(here: Here, who: Who, window_id: Id) -> Response:
    """A window, and the alerts that it keeps quiet now.

    Một khoảng bảo trì, và các cảnh báo đang được giữ im vì nó.
    """
    return answer(_show(here, who, visible(here, who, window_id)))


@router.post("/maintenance", response_model=WindowDone, summary="Plan a window · Lập khoảng bảo trì")
async def plan_maintenance(here: Here, who: Who, asked: WindowPlan, key: Key) -> Response:
    """Keep the alerts of stations, gateways or areas quiet while somebody works or tests there.

    It ends by itself. Over a whole area, alerts of public safety are kept quiet up to `watch` only.

    Giữ im cảnh báo của trạm, gateway hoặc khu vực trong lúc có người làm việc hoặc thử nghiệm; tự kết thúc.
    """
    return _done(here, who, await plan(here, who, key, asked))


@router.post(
    "/maintenance/{window_id}/change", response_model=WindowDone, summary="Change a window · Thay đổi"
)
async def change_maintenance(here: Here, who: Who, window_id: Id, asked: WindowChange, key: Key) -> Response:
    """Move its beginning or end, or say another reason.

    Đổi thời điểm bắt đầu, kết thúc hoặc lý do.
    """
    return _done(here, who, await change(here, who, window_id, key, _seen(here, asked.seen), asked))


@router.post("/maintenance/{window_id}/cancel", response_model=WindowDone, summary="Cancel a window · Hủy")
async def cancel_maintenance(here: Here, who: Who, window_id: Id, asked: WindowCancel, key: Key) -> Response:
    """End it at once; what it kept quiet speaks again.

    Kết thúc ngay; cảnh báo bị giữ im sẽ báo lại.
    """
    return _done(here, who, await change(here, who, window_id, key, _seen(here, asked.seen), None))


def _seen(here: Context, text: str) -> int:
    seen = read_token(text, here.hub.epoch, "seen")
    if seen.epoch != here.hub.epoch:
        raise Problem(409, "window-changed", _BEGUN_ANEW)
    if seen.sequence > here.hub.head:
        raise invalid(_AHEAD, "seen")
    return seen.sequence


def _place(after: str) -> tuple[str, str]:
    start, _, window = after.partition("/")
    wrong = invalid(Text("không phải `next` của trang trước", "not the `next` of a page before"), "after")
    try:
        micros(start)
    except (ValueError, OverflowError) as error:
        raise wrong from error
    if not window:
        raise wrong
    return start, window


def _done(here: Context, who: Principal, done: Planned) -> Response:
    sequence = here.fold.windows.sequence(done.window.window_id)
    event = {**_fields(done.event), "sequence": str(sequence), "epoch": here.hub.epoch}
    shown = _show(here, who, here.fold.windows.get(done.window.window_id) or done.window)
    return answer({"window": shown, "event": event, "repeated": done.repeated})


def _show(here: Context, who: Principal, window: Window) -> dict[str, Any]:
    return {
        **{name: value for name, value in _fields(window).items() if name != "time"},
        "lasts": window.lasts(here.clock()),
        "holds": [
            {
                "alert_id": standing.life.alert_id,
                "hazard": standing.life.hazard,
                "area": standing.life.area,
                "severity": standing.life.severity,
                "until": quiet.until,
            }
            for standing in here.fold.open_alerts()
            if (quiet := held_by(standing.life, window.window_id)) is not None
            and sees_of(here, who, standing.life.area, f"/sites/{standing.life.site}")
        ],
        "site": linked(here, window),
        "version": here.hub.token(here.fold.windows.sequence(window.window_id)),
    }


def _fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}
