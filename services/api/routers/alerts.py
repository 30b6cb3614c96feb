"""Alerts as they stand, from the fold; an old one from the history."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.api import queries
from services.api.acts import whole_fold
from services.api.context import Context, Here
from services.api.errors import Problem, not_found
from services.api.filters import alert_area, in_scope, known_hazard
from services.api.fold import Fold, Standing, rank_of
from services.api.identity import Who
from services.api.paging import before, first_of
from services.api.params import Cursor, Limit, Severity, Slug
from services.api.responses import answer, page
from services.api.shapes.alerts import AlertDetail, AlertPage
from services.api.shown import add_latest, linked_site, orphan_of, places_of, show, stands
from services.observation.text import Text
from services.runtime.principal import Principal

router = APIRouter(tags=["alerts"])

State = Annotated[
    Literal["open", "attention", "all"],
    Query(
        description="`open`: the condition holds; `attention`: it still needs a person, over or not; `all`: "
        "those that are over, too. · `open`: còn; `attention`: còn cần người xử lý; `all`: cả đã hết."
    ),
]


@router.get("/alerts", response_model=AlertPage, summary="Alerts · Cảnh báo")
async def list_alerts(  # noqa: PLR0913  each is a filter
    here: Here,
    who: Who,
    state: State = "open",
    hazard: Slug = None,
    area: Slug = None,
    severity: Severity = None,
    limit: Limit = 1000,
    after: Cursor = None,
) -> Response:
    """Alerts, the one raised last first. Works while the history is away; `latest` is null then.

    `severity` is the lowest to be listed. Go on with `events?after=` and the `token` of this answer.

    Các cảnh báo, mới nhất trước; vẫn chạy khi mất cơ sở dữ liệu. `severity` là mức thấp nhất cần xem.
    """
    fold = whole_fold(here)
    known_hazard(hazard, fold)
    alert_area(area, here.site, fold)
    in_scope(area, who)
    behind = before(here, after)
    least, now = rank_of(severity), here.clock()
    found = [
        standing
        for standing in fold.newest_first()
        if _wanted(here, standing, state, now)
        and _sees(here, who, standing)
        and (behind is None or standing.raised_sequence < behind)
        and (hazard is None or standing.data.get("hazard") == hazard)
        and (area is None or standing.data.get("area") == area)
        and rank_of(standing.data.get("severity")) >= least
    ]
    items, following = first_of(here, found, limit, lambda standing: standing.raised_sequence)
    shown = [show(here, standing) for standing in items]
    token = here.hub.token()
    # Last, and only added to what stands: what happens meanwhile comes after the token.
    await add_latest(here, shown)
    return page(shown, following, token=token)


@router.get("/alerts/{alert_id}", response_model=AlertDetail, summary="One alert · Một cảnh báo")
async def get_alert(here: Here, who: Who, alert_id: str) -> Response:
    """An alert with its events, oldest first.

    Một cảnh báo cùng các sự kiện của nó, cũ nhất trước.
    """
    standing, epoch = whole_fold(here).get(alert_id), here.hub.epoch
    if standing is not None:
        events = [{**told.body, "sequence": str(told.sequence), "epoch": epoch} for told in standing.events]
        omitted, source, places = standing.dropped, "stream", places_of(here, standing)
    else:
        standing, events = await _from_history(here, alert_id)
        omitted, source = 0, "history"
        places = [f"{event['epoch']}.{event['sequence']}" for event in events]
    if not _sees(here, who, standing):
        raise _missing(alert_id)
    alert = show(here, standing, places)
    if linked_site(here, standing.life) is not None:
        alert["requests"] = here.requested.of(alert_id, here.clock())
    await add_latest(here, [alert])
    return answer({"alert": alert, "events": events, "omitted": omitted, "source": source})


def _wanted(here: Context, standing: Standing, state: str, now: int) -> bool:
    if state == "attention":
        word = orphan_of(here, standing)
        return standing.life.standing_at(now).attention and (word is None or not word.closed)
    return state == "all" or stands(here, standing)


def _sees(here: Context, who: Principal, standing: Standing) -> bool:
    return who.sees(standing.life.area, linked_site(here, standing.life))


def _missing(alert_id: str) -> Problem:
    shown = alert_id[:80]
    return not_found(Text(f"không có cảnh báo {shown!r}", f"there is no alert {shown!r}"))


async def _from_history(here: Context, alert_id: str) -> tuple[Standing, list[dict[str, Any]]]:
    """Fold an alert that is no longer in memory from the history.

    Raises:
        Problem: 404 unknown, 503 when the history could know it and is away.
    """
    missing = _missing(alert_id)
    if here.settings.database is None or "\0" in alert_id:
        raise missing
    events = await queries.alert_events(here.database, alert_id)
    fold = Fold()
    standing: Standing | None = None
    # Sequences of different epochs do not count on; the order of the rows does.
    for number, event in enumerate(events, 1):
        found = fold.apply(number, 0, event)
        standing = found if isinstance(found, Standing) else standing
    if standing is None:
        raise missing
    return standing, events
