"""Rejects: what came and could not be used, newest first, with counts by reason."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from starlette.responses import Response

from services.api import rejected
from services.api.context import Context, Here
from services.api.errors import away
from services.api.filters import one_of
from services.api.identity import Who
from services.api.responses import cut, page
from services.api.schemas import RejectPage
from services.observation import reasons, topics
from services.observation.text import Text
from services.runtime.principal import Principal

router = APIRouter(tags=["rejects"])
MAX_LIMIT = 1_000

Reason = Annotated[
    str | None,
    Query(
        pattern="^[a-z0-9_]{1,60}$",
        json_schema_extra={"enum": sorted(reasons.Reason), "example": "unknown_sensor"},
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
After = Annotated[
    int | None, Query(ge=1, le=2**62, description="The `next` of the page before. · `next` của trang trước.")
]


@router.get("/rejects", response_model=RejectPage, summary="Rejects · Dữ liệu bị loại")
async def list_rejects(
    here: Here, who: Who, reason: Reason = None, limit: Limit = 100, after: After = None
) -> Response:
    """Messages and records that could not be used: where from, why, and their first bytes.

    Các bản tin và bản ghi không dùng được: từ đâu, vì sao, và nội dung đầu.
    """
    try:
        counts = await rejected.counts(here.js)
        one_of("reason", reason, {*reasons.Reason, *counts})  # a newer release may have written others
        found = await rejected.newest(here.js, reason, after, limit + 1)
    except (NatsError, APIError, TimeoutError) as error:
        what = Text("luồng REJECTS không trả lời", "the stream of rejects does not answer")
        raise away(what, code="stream-away") from error
    items, more = cut(found, limit)
    following = str(items[-1]["sequence"]) if more else None
    return page([one for one in items if _visible(here, who, one)], following, counts=counts)


def _visible(here: Context, who: Principal, reject: dict[str, Any]) -> bool:
    """By its gateway, else the area of its topic; what names neither takes an account for all areas."""
    if who.areas is None:
        return True
    gateway = here.site.site.gateways.get(str(reject["gateway"]))
    if gateway is not None:
        return who.sees(gateway.area)
    topic = topics.parse(reject["topic"])
    return topic is not None and who.sees(topic.area)
