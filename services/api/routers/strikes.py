"""Lightning strikes."""

from fastapi import APIRouter
from starlette.responses import Response

from services.api import queries
from services.api.context import Context, Here
from services.api.errors import invalid
from services.api.identity import Who
from services.api.params import Box, Cursor, From, Limit, To, read_box, read_instant, span
from services.api.responses import cut, page
from services.api.schemas import Page, Strike
from services.observation.text import Text
from services.runtime.principal import Principal

router = APIRouter(tags=["strikes"])
MAX_OFFSET = 1_000_000


@router.get("/strikes", response_model=Page[Strike], summary="Lightning strikes · Sét")
async def list_strikes(  # noqa: PLR0913  each is a filter
    here: Here,
    who: Who,
    start: From = None,
    to: To = None,
    bbox: Box = None,
    limit: Limit = 1000,
    after: Cursor = None,
) -> Response:
    """Strikes in [from, to), by time, in a box if one is given.

    Các tia sét trong [from, to), theo thời gian, trong khung `bbox` nếu có.
    """
    start, end = span(start, to, here.clock())
    box = None if bbox is None else read_box(bbox)
    offset = 0
    if after is not None:
        instant, offset = _resume(after)
        if instant >= end:
            return page([], None)
        # An `after` from before `from` resumes nothing; its offset counts at its own instant only.
        start, offset = (instant, offset) if instant >= start else (start, 0)
    found = await queries.strikes(here.database, start, end, box, offset, limit + 1, _hidden(here, who))
    items, more = cut(found, limit)
    following = None
    if more:
        last = items[-1]["time"]
        same = sum(1 for item in items if item["time"] == last)
        # All of this page may be of one instant, which then goes on counting.
        carried = offset if after is not None and same == len(items) and read_instant(last) == start else 0
        following = f"{last}~{carried + same}"
    return page(items, following)


def _hidden(here: Context, who: Principal) -> list[str]:
    """Sources that are a gateway of an area, or come by one, that somebody may not see."""
    if who.areas is None:
        return []
    site = here.site.site
    gateways = {name for name, gateway in site.gateways.items() if not who.sees(gateway.area)}
    return sorted(gateways | {source.id for source in site.sources if source.gateway in gateways})


def _resume(after: str) -> tuple[int, int]:
    """`<instant>~<n>`: n strikes of that instant were handed out before."""
    text, _, count = after.partition("~")
    try:
        instant, offset = read_instant(text), int(count)
    except ValueError as error:
        raise invalid(
            Text(f"{after!r} không phải `next` của trang trước", f"{after!r} is not the `next` of a page"),
            "after",
        ) from error
    if not 0 <= offset <= MAX_OFFSET:
        raise invalid(Text("số đếm quá lớn", "its count is too large"), "after")
    return instant, offset
