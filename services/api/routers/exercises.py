"""Exercises: which there were, and the score of one, also as a page to print."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.alerts.exercise.told import Score
from services.api.context import Context, Here
from services.api.errors import away, not_found
from services.api.exercise_paper import paper_of
from services.api.exercises import scored
from services.api.identity import Who
from services.api.paging import before, first_of
from services.api.params import Cursor, Limit
from services.api.responses import answer, page
from services.api.shapes.exercises import ExercisePage, ExerciseScore
from services.observation.text import Text
from services.report import paper_html
from services.runtime import exercises
from services.runtime.nats import NatsError
from services.runtime.principal import Principal

router = APIRouter(tags=["exercises"])
Language = Annotated[Literal["vi", "en"], Query(description="Of the page. · Ngôn ngữ của trang.")]
_AWAY = Text("chưa đọc được luồng sự kiện", "the stream of events can't be read")


@router.get("/exercises", response_model=ExercisePage, summary="Exercises · Các cuộc diễn tập")
async def list_exercises(here: Here, limit: Limit = 1000, after: Cursor = None) -> Response:
    """Exercises, the newest first. What they play is no real event; their alerts have the status `Exercise`.

    Các cuộc diễn tập, mới nhất trước. Cảnh báo của chúng có trạng thái `Exercise`, không phải sự việc thật.
    """
    behind = before(here, after)
    try:
        found = await exercises.every(here.js, here.site.site.id)
    except (NatsError, TimeoutError, OSError) as error:
        raise away(_AWAY) from error
    older = [one for one in found if behind is None or one.began < behind]
    items, following = first_of(here, older, limit, lambda one: one.began)
    return page([one.exercise for one in items], following)


@router.get(
    "/exercises/{exercise_id}",
    response_model=ExerciseScore,
    summary="Score of an exercise · Kết quả diễn tập",
)
async def get_exercise(here: Here, who: Who, exercise_id: str) -> Response:
    """Who saw what when: each alert, what had to be told, whom roads reached, and what each person did.

    Ai thấy gì, lúc nào: từng cảnh báo từ lúc phát hiện đến lúc đóng, điều phải báo, tin tới ai, ai đã làm gì.
    """
    return answer(await _score(here, who, exercise_id))


@router.get(
    "/exercises/{exercise_id}/page",
    summary="Score as a page · Kết quả để in",
    response_class=Response,
    responses={200: {"content": {"text/html": {"schema": {"type": "string"}}}}},
)
async def get_exercise_page(here: Here, who: Who, exercise_id: str, lang: Language = "vi") -> Response:
    """The score as one page of HTML, to read or to print.

    Kết quả diễn tập thành một trang HTML để xem hoặc in.
    """
    score = await _score(here, who, exercise_id)
    site = here.site.site
    body = paper_html.render(paper_of(score, site.name, site.zone, here.clock()), lang)
    return Response(body, media_type="text/html", headers={"Cache-Control": "no-store"})


async def _score(here: Context, who: Principal, exercise_id: str) -> Score:
    try:
        found = await scored(here.js, here.site.site.id, exercise_id) if exercise_id.isalnum() else None
    except (NatsError, TimeoutError, OSError) as error:
        raise away(_AWAY) from error
    if found is None:
        shown = exercise_id[:80]
        raise not_found(Text(f"không có cuộc diễn tập {shown!r}", f"there is no exercise {shown!r}"))
    hidden = {row.alert_id for row in found.alerts if not who.sees(row.area)}
    found.alerts = [row for row in found.alerts if row.alert_id not in hidden]
    found.expected = [one for one in found.expected if one.alert_id not in hidden]
    return found
