"""Situations as they stand, from the fold; an old one from the history."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.alerts.situation import KIND_NAMES, Left, Member
from services.api import queries
from services.api.acts import whole_fold
from services.api.context import Context, Here
from services.api.errors import Problem, not_found
from services.api.filters import alert_area, in_scope, one_of
from services.api.fold import Fold, rank_of
from services.api.grouped import Grouped, Situations
from services.api.identity import Who, sees_of
from services.api.paging import before, first_of
from services.api.params import Cursor, Limit, Severity, Slug
from services.api.responses import answer, page
from services.api.shapes.situations import SituationDetail, SituationPage
from services.observation.text import Text
from services.runtime.principal import Principal

router = APIRouter(tags=["situations"])
State = Annotated[
    Literal["open", "all"],
    Query(description="`open`: it goes on; `all`: lately ended ones too. · cả tình huống đã kết thúc."),
]


@router.get("/situations", response_model=SituationPage, summary="Situations · Tình huống")
async def list_situations(  # noqa: PLR0913  each is a filter
    here: Here,
    who: Who,
    state: State = "open",
    kind: Slug = None,
    area: Slug = None,
    severity: Severity = None,
    limit: Limit = 1000,
    after: Cursor = None,
) -> Response:
    """What is unfolding: alerts that belong together, told as one, with its members in order of time.

    The one opened last first. `area` finds those of the whole site that the area has a part in, too;
    `severity` is the lowest to be listed. Go on with `events?after=` and the `token` of this answer.

    Các cảnh báo thuộc cùng một diễn biến, gộp thành một tình huống cùng các thành viên theo thời gian.
    """
    fold = whole_fold(here)
    one_of("kind", kind, {*KIND_NAMES} | fold.situations.kinds())
    alert_area(area, here.site, fold)
    in_scope(area, who)
    behind = before(here, after)
    least = rank_of(severity)
    found = [
        one
        for one in fold.situations.newest_first()
        if (one.open or state == "all")
        and (behind is None or one.opened_sequence < behind)
        and (kind is None or one.unfolding.data.kind == kind)
        and (area is None or area in {one.unfolding.data.area, *one.unfolding.areas})
        and rank_of(one.unfolding.data.severity) >= least
        and _visible(here, one, who)
    ]
    items, following = first_of(here, found, limit, lambda one: one.opened_sequence)
    shown = [_show(one, fold, [here.hub.token(told.sequence) for told in one.events]) for one in items]
    return page(shown, following, token=here.hub.token())


@router.get(
    "/situations/{situation_id}", response_model=SituationDetail, summary="One situation · Một tình huống"
)
async def get_situation(here: Here, who: Who, situation_id: str) -> Response:
    """A situation with its events, oldest first.

    Một tình huống cùng các sự kiện của nó, cũ nhất trước.
    """
    fold, epoch = whole_fold(here), here.hub.epoch
    found = fold.situations.get(situation_id)
    if found is not None:
        events = [{**told.body, "sequence": str(told.sequence), "epoch": epoch} for told in found.events]
        omitted, source = found.dropped, "stream"
    else:
        found, events = await _from_history(here, situation_id)
        omitted, source = 0, "history"
    if not _visible(here, found, who):
        raise _unknown(situation_id)
    places = [f"{event['epoch']}.{event['sequence']}" for event in events]
    shown = _show(found, fold, places)
    return answer({"situation": shown, "events": events, "omitted": omitted, "source": source})


def _show(one: Grouped, fold: Fold, places: list[str]) -> dict[str, Any]:
    """A situation as it is answered; `places` are the tokens of its events."""
    data, unfolding = one.unfolding.data, one.unfolding
    members = [_member(member, fold, None) for member in unfolding.open.values()]
    members += [_member(member, fold, left) for member, left in unfolding.past.values()]
    members.sort(key=lambda member: (member["since"], member["alert_id"]))
    return {
        "situation_id": data.situation_id,
        "kind": data.kind,
        "name": data.name,
        "state": data.state,
        "status": data.status,
        "area": data.area,
        "areas": sorted(unfolding.areas),
        "severity": data.severity,
        "severity_max": data.severity_max,
        "reason": data.reason,
        "opened_at": data.opened_at,
        "time": data.time,
        "ended_at": None if one.open else data.time,
        "ends_at": data.ends_at,
        "merged_into": data.merged_into,
        "takes": sorted({taken for told in one.events for taken in told.body["data"].get("takes", ())}),
        "open_members": data.open_members,
        "members": members,
        "version": places[-1],
        "events": places,
    }


def _member(member: Member, fold: Fold, left: Left | None) -> dict[str, Any]:
    """An alert as it is now, where it is still in memory; else as it was when it joined."""
    alert = fold.get(member.alert_id)
    is_open = alert.open if alert is not None else left is None or left.why != "cleared"
    return {
        "alert_id": member.alert_id,
        "hazard": member.hazard,
        "rule": member.rule,
        "family": member.family,
        "consequence": member.consequence,
        "area": member.area,
        "station": member.station,
        "sensor": member.sensor,
        "gateway": member.gateway,
        "severity": alert.data.get("severity") if alert is not None else member.severity,
        "since": member.since,
        "open": is_open,
        "left_at": left.time if left is not None else None,
        "left": left.why if left is not None else None,
    }


def _visible(here: Context, one: Grouped, who: Principal) -> bool:
    """One of a single area is for who sees it; one of the whole site is told to everybody as a whole."""
    return sees_of(here, who, one.unfolding.data.area, one.events[0].body.get("source"))


def _unknown(situation_id: str) -> Problem:
    shown = situation_id[:80]
    return not_found(Text(f"không có tình huống {shown!r}", f"there is no situation {shown!r}"))


async def _from_history(here: Context, situation_id: str) -> tuple[Grouped, list[dict[str, Any]]]:
    """Fold a situation that is no longer in memory from the history.

    Raises:
        Problem: 404 unknown, 503 when the history could know it and is away.
    """
    missing = _unknown(situation_id)
    if here.settings.database is None or "\0" in situation_id:
        raise missing
    events = await queries.alert_events(here.database, situation_id)
    situations, found = Situations(), None
    for number, event in enumerate(events, 1):
        found = situations.apply(number, 0, event) or found
    if found is None:
        raise missing
    return found, events
