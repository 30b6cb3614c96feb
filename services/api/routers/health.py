"""Whether the process lives, whether alerting works, and the figures of all services."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.api import readiness
from services.api.context import Context, Here
from services.api.errors import Problem
from services.api.exposition import exposition
from services.api.identity import Who, forbidden
from services.api.measured import measured
from services.api.responses import answer
from services.api.schemas import Alive, Readiness
from services.observation.instants import iso
from services.observation.text import Text
from services.runtime import metrics
from services.runtime.principal import VIEWER

router = APIRouter(tags=["health"])
guarded = APIRouter(tags=["health"])


@router.get("/healthz", response_model=Alive, summary="The process lives · Tiến trình còn sống")
async def healthz(here: Here) -> Response:
    """Answers as long as the process does.

    Trả lời khi tiến trình còn chạy.
    """
    return answer({"status": "ok", "service": "api", "up_s": here.age_s(here.started_us)})


@router.get("/readyz", response_model=Readiness, summary="Alerting works · Cảnh báo hoạt động")
async def readyz(here: Here) -> Response:
    """200 while alerting works, else a problem document with the same checks.

    The history being away, or a silent keeper, is shown and changes nothing.

    200 khi cảnh báo hoạt động; nếu không, tài liệu lỗi kèm các mục kiểm tra.
    """
    checks = readiness.look(seen(here))
    document: dict[str, Any] = {
        "ready": readiness.ready(checks),
        "time": iso(here.clock()),
        "token": here.hub.token(),
        "checks": [check.document() for check in checks],
        "complaints": complaints(here),
    }
    if document["ready"]:
        return answer(document)
    wrong = [check for check in checks if check.needed and check.state != "ok" and check.note is not None]
    what = Text("; ".join(c.note.vi for c in wrong if c.note), "; ".join(c.note.en for c in wrong if c.note))
    raise Problem(503, "not-ready", what, headers={"Retry-After": "1"}, **document)


@guarded.get(
    "/metrics",
    response_class=Response,
    summary="Prometheus metrics · Số đo cho Prometheus",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def prometheus(here: Here, who: Who) -> Response:
    """Figures of this process, and those of the other services from their heartbeats.

    Số liệu của tiến trình này và của các dịch vụ khác.
    """
    if who.areas is not None:  # the figures are of the whole site
        raise forbidden(VIEWER)
    looked_up = await measured(here)
    text = exposition(metrics.render(), here.heartbeats.beats, here.heartbeats.age_s, looked_up)
    return Response(text, media_type=metrics.CONTENT_TYPE, headers={"Cache-Control": "no-store"})


def seen(here: Context) -> readiness.Seen:
    """What is known at this moment."""
    beats = here.heartbeats
    names = (*readiness.NEEDED, *readiness.SHOWN)
    return readiness.Seen(
        connected=here.connected(),
        caught_up=here.hub.caught_up.is_set(),
        database=here.database.present,
        site=here.site.known,
        beats=beats.beats,
        ages={name: beats.age_s(name) for name in names},
        silent={name: beats.silent(name) for name in names},
        canary_engine_s=here.age_s(beats.canary_us),
        canary_archive_s=here.age_s(here.canary_archived_us),
        up_s=here.age_s(here.started_us) or 0.0,
    )


def complaints(here: Context) -> list[dict[str, Any]]:
    """What the services say troubles them."""
    return [
        {"service": beat.service, "code": c.code, "vi": c.vi, "en": c.en, "since": iso(c.since)}
        for _, beat in sorted(here.heartbeats.beats.items())
        for c in beat.complaints
    ]
