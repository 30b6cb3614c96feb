"""Events as flat records, as a provincial integration platform (LGSP) pulls them; see `docs/links.md`."""

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from services.api.context import Here
from services.api.identity import own_site, still
from services.api.params import Limit, Token
from services.api.push.entry import Wanted
from services.api.push.reader import Reader, place, read_some
from services.api.responses import page
from services.api.shapes.links import FlatPage
from services.observation.lgsp import record

router = APIRouter(tags=["sites"])
MOST = 1_000


@router.get("/lgsp/events", response_model=FlatPage, summary="Flat events (LGSP) · Sự kiện dạng phẳng (LGSP)")
async def list_flat_events(request: Request, here: Here, after: Token = "0", limit: Limit = MOST) -> Response:
    """As `/events`, each event one flat record with Vietnamese keys; goes on with `after` and the `token`.

    Như `/events`, mỗi sự kiện là một bản ghi phẳng; lấy tiếp bằng `after` với `token` của lần trước.
    """
    position = await place(here.hub, here.js, after)
    who = request.state.principal
    wanted = Wanted(None, None, 0, who, own_site(here, who), still(request))
    reader = Reader(here.hub, here.js, here.fold, position, wanted)
    found = await read_some(reader, limit)
    token = reader.token
    items = [record(msgspec.json.decode(entry.text)) for entry in found]
    return page(items, token if reader.behind else None, token=token)
