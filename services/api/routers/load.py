"""The alarm load of a span: from the duty's book where it holds the span, else from the history."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.alerts.load.marks import MARKS
from services.alerts.load.nouns import Figures, Offender, Quieted, Standing, Took
from services.api.acts import whole_fold
from services.api.context import Here
from services.api.filters import alert_area, in_scope
from services.api.identity import Who
from services.api.params import From, Slug, To, span
from services.api.responses import answer
from services.api.shapes.reports import LoadAnswer
from services.observation.instants import iso
from services.report import calendar

router = APIRouter(tags=["reports"])
_SHIFTS_US = 32 * 86_400_000_000
"""A longer span is not cut into shifts."""


@router.get("/load", response_model=LoadAnswer, summary="Alarm load · Tải cảnh báo")
async def get_load(here: Here, who: Who, start: From = None, to: To = None, area: Slug = None) -> Response:
    """What alerts asked of the people on duty: of the last day, or of any span.

    Counted are new things to look at, beside the raw count of annunciations; only this site's own alerts of
    status Actual. The last days are answered without the history.

    Tải cảnh báo của người trực: số điều mới cần xem mỗi giờ, đợt cảnh báo dồn dập, cảnh báo lặp, đứng lâu,
    thời gian xác nhận, đang gác lại và giữ im, theo ca và theo người.
    """
    fold = whole_fold(here)
    alert_area(area, here.site, fold)
    in_scope(area, who)
    now = here.clock()
    first, last = span(start, to, now)
    reporter = here.reporter
    site = here.site.site  # 503 while there is none
    held = reporter.holds(first, last)
    found = (
        reporter.figures(first, last, area, who.areas)
        if held
        else await reporter.figures_of_history(first, last, area, who.areas)
    )
    begin = here.site.policy.reporting.shifts
    cut = (
        calendar.shifts_between(begin, first, last, site.zone) if held and last - first <= _SHIFTS_US else []
    )
    shifts = [_shift(one.name, reporter.figures(one.first, one.last, area, who.areas)) for one in cut]
    source = "stream" if held else "history"
    return answer({**_figures(found), "source": source, "area": area, "by_shift": shifts, "marks": _marks()})


def _figures(found: Figures) -> dict[str, Any]:
    acknowledge = {
        **_took(found.took),
        "by_severity": {word: _took(one) for word, one in found.by_severity.items()},
        "by_person": {name: _took(one) for name, one in found.by_person.items()},
    }
    return {
        "start": iso(found.first),
        "end": iso(found.last),
        "operators": found.operators,
        "things": found.things,
        "annunciations": found.raw,
        "alerts": found.alerts,
        "things_per_operator_hour": found.per_operator_hour,
        "annunciations_per_operator_hour": found.raw_per_operator_hour,
        "most_in_10_min": found.most_in_10_min,
        "floods": [{"start": iso(begin), "end": iso(end)} for begin, end in found.floods],
        "flood_share": found.flood_share,
        "flooding": found.flooding,
        "chattering": [_offender(one) for one in found.chattering],
        "offenders": [_offender(one) for one in found.actors],
        "split": found.split,
        "acknowledge": acknowledge,
        "waiting": [_standing(one) for one in found.waiting],
        "stale": [_standing(one) for one in found.stale],
        "shelved": [_quieted(one) for one in found.shelved],
        "suppressed": [_quieted(one) for one in found.suppressed],
        "apart": found.apart,
    }


def _took(one: Took) -> dict[str, Any]:
    return {"n": one.n, "median_s": one.median_s, "p90_s": one.p90_s, "waiting": one.waiting,
            "p90_least_s": one.p90_least_s}  # fmt: skip


def _offender(one: Offender) -> dict[str, Any]:
    return {
        "rule": one.rule,
        "place": one.place,
        "hazard": one.hazard,
        "area": one.area,
        "times": one.times,
        "share": one.share,
    }


def _standing(one: Standing) -> dict[str, Any]:
    return {**_alert(one), "label": one.label}


def _quieted(one: Quieted) -> dict[str, Any]:
    return {
        **_alert(one),
        "kind": one.kind,
        "until": None if one.until is None else iso(one.until),
        "by": one.by,
        "why": one.why,
        "what": one.what,
    }


def _alert(one: Standing | Quieted) -> dict[str, Any]:
    return {
        "alert_id": one.alert_id,
        "rule": one.rule,
        "place": one.place,
        "hazard": one.hazard,
        "area": one.area,
        "severity": one.severity,
        "since": iso(one.since),
    }


def _shift(name: str, found: Figures) -> dict[str, Any]:
    return {
        "name": name,
        "start": iso(found.first),
        "end": iso(found.last),
        "alerts": found.alerts,
        "things": found.things,
        "annunciations": found.raw,
        "things_per_operator_hour": found.per_operator_hour,
        "floods": len(found.floods),
        "acknowledge": _took(found.took),
    }


def _marks() -> dict[str, Any]:
    return {name: {"value": mark.value, "text": mark.source, "tag": mark.tag} for name, mark in MARKS.items()}
