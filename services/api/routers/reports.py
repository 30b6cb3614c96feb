"""Reports: made when asked for, and those that were made on schedule."""

from datetime import date, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.api.context import Context, Here
from services.api.errors import Problem, invalid, not_found
from services.api.identity import Who
from services.api.params import Instant, Limit
from services.api.reports.store import MEDIA, Stored, areas_of, by_span, may_read, read, revision_of, stored
from services.api.responses import cut, page
from services.api.shapes.reports import FILES, Kind, ReportAnswer, ReportPage
from services.observation.instants import iso
from services.observation.text import Text
from services.report import calendar
from services.report.axes import local

router = APIRouter(tags=["reports"])
_LONGEST_US = 400 * 86_400_000_000
Day = Annotated[
    date | None,
    Query(
        alias="date",
        description="A local day, 2026-01-31; a month's report takes any day of it. · Ngày địa phương.",
    ),
]
Nth = Annotated[
    int | None,
    Query(alias="shift", ge=1, le=24, description="Which shift of the day. · Ca thứ mấy trong ngày."),
]
Form = Annotated[Literal["html", "pdf", "xlsx", "json"], Query(alias="format")]
From = Annotated[
    Instant | None, Query(alias="from", description="Instead of a date, with `to`. · Thay cho ngày.")
]
To = Annotated[Instant | None, Query(description="Up to, not included. · Đến trước lúc.")]
_SCOPED = Text(
    "báo cáo này gồm cả khu vực khác; hãy lập báo cáo của khu vực mình",
    "this report has other areas, too; make one of your own",
)


Behind = Annotated[
    str | None,
    Query(max_length=500, description="The `next` of the page before. · `next` của trang trước."),
]
"""A name of a report, which is long where it is of many areas."""


@router.get("/reports", response_model=ReportPage, summary="Stored reports · Báo cáo đã lập")
async def list_reports(here: Here, who: Who, limit: Limit = 100, after: Behind = None) -> Response:
    """Reports that were made on schedule, the newest first, each with its files.

    An account that is held to areas finds those of its areas only; where there is none it is refused.

    Các báo cáo đã lập theo lịch, mới nhất trước. Tài khoản theo khu vực chỉ thấy báo cáo của khu vực mình;
    không có thì bị từ chối.
    """
    there = await stored(here.js)
    found = [one for one in there if may_read(who.sees, who.areas is None, one.report)]
    if there and not found:  # an empty list would say that there are none
        raise Problem(403, "not-allowed", _SCOPED)
    older = [one for one in found if after is None or by_span(one.report) < by_span(after)]
    items, more = cut(older, limit)
    return page([_show(one) for one in items], items[-1].report if more else None)


@router.get(
    "/reports/files/{file}",
    response_class=Response,
    summary="A stored report's file · Tệp báo cáo đã lập",
    responses={200: {"content": FILES}},
)
async def get_report_file(
    here: Here, who: Who, file: Annotated[str, Path(max_length=500, pattern=r"^[0-9A-Za-z.-]+$")]
) -> Response:
    """One file of a stored report: HTML, PDF or XLSX, as its name says.

    Một tệp của báo cáo đã lập.
    """
    if not may_read(who.sees, who.areas is None, file.rsplit(".", 2)[0]):
        raise Problem(403, "not-allowed", _SCOPED)
    data = await read(here.js, file)
    if data is None:
        raise not_found(Text(f"không có báo cáo {file!r}", f"there is no report {file!r}"))
    return _file(data, file, file.rpartition(".")[2])


@router.get(
    "/reports/{kind}",
    response_model=ReportAnswer,
    summary="A report, made now · Lập báo cáo",
    responses={200: {"content": FILES}},
)
async def get_report(  # noqa: PLR0913  each says which report
    here: Here,
    who: Who,
    kind: Kind,
    day: Day = None,
    nth: Nth = None,
    start: From = None,
    to: To = None,
    lang: Literal["vi", "en"] = "vi",
    form: Form = "json",
) -> Response:
    """A report of a shift, a day or a month, as data, a page, a PDF or a spreadsheet.

    Without a date: the shift that is on now, yesterday, last month. A shift's report needs no history unless
    it is of the past; the others answer 503 while it is away. It is of the areas that the account may see.

    Lập ngay báo cáo ca, ngày hoặc tháng. Không ghi ngày: ca hiện tại, hôm qua, tháng trước. Báo cáo ca hiện
    tại không cần cơ sở dữ liệu lịch sử.
    """
    try:
        first, last = _span(here, kind, day, nth, start, to)
    except (OverflowError, ValueError) as error:  # the day before or after it is in no calendar
        raise invalid(Text("ngày quá xa", "a day too far away"), "date") from error
    job = here.reporter.job(kind, first, last, [lang], [form], who.areas)
    made = await here.reporter.run(job)
    name = f"{calendar.name_of(kind, (first, last), here.site.site.zone)}.{lang}.{form}"
    return _file(made.editions[0].files[f"{lang}.{form}"], name, form)


def _span(  # noqa: PLR0913  each says which report
    here: Context, kind: Kind, day: date | None, nth: int | None, start: int | None, to: int | None
) -> calendar.Span:
    now, zone, policy = here.clock(), here.site.site.zone, here.site.policy.reporting
    if start is not None or to is not None:
        if start is None or to is None or not start < to or to - start > _LONGEST_US:
            wrong = Text(
                "cần cả `from` và `to`, `from` trước `to`, không quá 400 ngày",
                "give both `from` and `to`, in this order, not more than 400 days apart",
            )
            raise invalid(wrong, "from")
        return _past(start, to, now, "from")
    today = local(now, zone).date()
    if kind == "monthly":
        return _past(*calendar.month_span(day or today.replace(day=1) - timedelta(days=1), zone), now, "date")
    if kind == "daily":
        return _past(*calendar.day_span(day or today - timedelta(days=1), zone), now, "date")
    if day is None and nth is None:
        return _past(*calendar.shift_at(policy.shifts, now, zone), now, "date")
    shifts = calendar.shifts_of_day(policy.shifts, day or today, zone)
    if nth is not None and nth > len(shifts):
        wrong = Text(f"một ngày có {len(shifts)} ca", f"a day has {len(shifts)} shifts")
        raise invalid(wrong, "shift")
    return _past(*shifts[(nth or 1) - 1], now, "date")


def _past(first: int, last: int, now: int, name: str) -> calendar.Span:
    """A span as far as it is over: hours to come are in no denominator.

    Raises:
        Problem: 422: none of it is over.
    """
    if first > now:
        raise invalid(Text("chưa đến lúc đó", "that is still to come"), name)
    return first, max(min(last, now), first + 1)


def _file(data: bytes, name: str, form: str) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if form != "json":
        way = "inline" if form in ("html", "pdf") else "attachment"
        headers["Content-Disposition"] = f'{way}; filename="{name}"'
    return Response(data, headers=headers, media_type=MEDIA[form])


def _show(one: Stored) -> dict[str, object]:
    files = [
        {
            "name": file.name,
            "lang": file.lang,
            "format": file.format,
            "bytes": file.bytes,
            "href": f"/api/v1/reports/files/{file.name}",
        }
        for file in one.files
    ]
    return {
        "report": one.report,
        "kind": one.kind,
        "areas": list(areas_of(one.report)),
        "revision": revision_of(one.report),
        "made_at": iso(one.made_at),
        "files": files,
    }
