"""Reconciliation: counts and hashes by site and day, for two sites to see whether they hold the same."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.api.acts import whole_fold
from services.api.context import Here
from services.api.errors import not_found
from services.api.identity import Who
from services.api.params import Slug
from services.api.responses import page
from services.api.shapes.links import DayPage
from services.observation.text import Text
from services.observation.topics import SITE_AREA

router = APIRouter(tags=["sites"])
Day = Annotated[
    str | None,
    Query(
        pattern=r"^\d{4}-\d\d-\d\d$",
        description="A day, UTC; all without it. · Một ngày (UTC); bỏ trống: mọi ngày.",
        examples=["2026-10-19"],
    ),
]


@router.get("/reconciliation", response_model=DayPage, summary="Reconciliation · Đối chiếu")
async def reconcile(here: Here, who: Who, site: Slug = None, day: Day = None) -> Response:
    """How many events of a site have a time on each day, and a hash of their ids that no order changes.

    Two sites that give the same hold the same events. Without `site`: our own. The newest day still moves.

    Số sự kiện của một địa bàn theo ngày và mã băm không phụ thuộc thứ tự; hai nơi giống nhau là đủ và khớp.
    """
    whole_fold(here)
    own = here.site.site.id
    name = site or own
    linked = name != own
    if linked and (name not in here.tally.sites() or not who.sees(SITE_AREA, name)):
        raise not_found(Text(f"không có sự kiện của {name!r}", f"there are no events of {name!r}"))
    days = here.tally.days(name) if day is None else [(day, here.tally.of(name, day))]
    items = [{"site": name, "day": one, "events": count.events, "hash": count.hash} for one, count in days]
    return page(items, None, token=here.hub.token(here.tally.last))
