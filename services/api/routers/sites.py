"""Sites of the levels: how old our copy of each is, and whether it is whole."""

from functools import partial
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.api.acts import whole_fold
from services.api.context import Context, Here
from services.api.identity import Who
from services.api.linked import Copy
from services.api.responses import page
from services.api.shapes.links import SitePage
from services.api.shown import stands
from services.observation.instants import SECOND, iso
from services.observation.links import FRESH_US, Standing
from services.observation.topics import SITE_AREA

router = APIRouter(tags=["sites"])


@router.get("/sites", response_model=SitePage, summary="Sites of the levels · Các địa bàn liên kết")
async def list_sites(here: Here, who: Who) -> Response:
    """This site, the one above, and all below: what is shown of them is as of when, and whether that is now.

    Địa bàn này, cấp trên và các cấp dưới: dữ liệu ở đây đúng tại thời điểm nào, và có còn mới không.
    """
    open_by_site: dict[str, int] = {}
    for standing in filter(partial(stands, here), whole_fold(here).open_alerts()):
        site = standing.life.site
        open_by_site[site] = open_by_site.get(site, 0) + 1
    own = here.site.site.id
    items = [_own(here, own)]
    if here.linked.parent is not None:
        items.append(_parent(here, here.linked.parent.site, here.linked.parent.heard))
    items += [
        _below(here, copy, here.linked.children[copy.via])
        for copy in here.linked.copies()
        if who.sees(SITE_AREA, copy.site)
    ]
    for item in items:
        item["open_alerts"] = open_by_site.get(item["site"], 0)
        item["events"] = here.tally.total(item["site"]).events
    return page(items, None)


def _plain(site: str, role: str) -> dict[str, Any]:
    return {
        "site": site,
        "role": role,
        "via": None,
        "state": "own",
        "fresh": True,
        "as_of": None,
        "age_s": None,
        "last_heartbeat": None,
        "lag_events": None,
        "clock_s": None,
        "copied": None,
        "gaps": None,
        "lost_tails": None,
        "refused": {},
        "compared_at": None,
        "differ": [],
        "extra": [],
        "orphans": [],
        "silent_services": [],
        "removed_at": None,
    }


def _own(here: Context, site: str) -> dict[str, Any]:
    return {**_plain(site, "own"), "as_of": iso(here.clock()), "age_s": 0.0}


def _parent(here: Context, site: str, heard: int | None) -> dict[str, Any]:
    """Nothing of a parent is shown here: only whether it asks for us."""
    asks = heard is not None and here.clock() - heard <= FRESH_US
    return {
        **_plain(site, "parent"),
        "state": "fresh" if asks else "never" if heard is None else "silent",
        "fresh": asks,
        "as_of": None if heard is None else iso(heard),
        "age_s": here.age_s(heard),
        "last_heartbeat": None if heard is None else iso(heard),
    }


def _below(here: Context, copy: Copy, standing: Standing) -> dict[str, Any]:
    freshness = here.linked.freshness(copy.site)
    shown = {
        **_plain(copy.site, "child" if copy.via == copy.site else "below"),
        **freshness,
        "via": copy.via,
        "state": _state(here, freshness["fresh"], standing),
        "age_s": here.age_s(copy.as_of),
        "removed_at": None if standing.removed is None else iso(standing.removed),
    }
    if copy.via != copy.site:
        return shown
    beat, heard = standing.beat, standing.heard
    return {
        **shown,
        "last_heartbeat": None if heard is None else iso(heard),
        "lag_events": standing.lag,
        "clock_s": None if beat is None or heard is None else round((beat.t - heard) / SECOND, 3),
        "copied": standing.copied,
        "gaps": standing.gaps,
        "lost_tails": standing.lost_tails,
        "refused": standing.refused,
        "compared_at": None if standing.compared is None else iso(standing.compared),
        "differ": standing.differ,
        "extra": standing.extra,
        "orphans": standing.orphans,
        "silent_services": [] if beat is None else beat.silent,
    }


def _state(here: Context, fresh: bool, standing: Standing) -> str:  # noqa: FBT001  one of three facts
    if standing.removed is not None:
        return "removed"
    if fresh:
        return "fresh"
    if standing.heard is None:
        return "never"
    return "behind" if here.clock() - standing.heard <= FRESH_US else "silent"
