"""The shapes of reports and of the alarm load in answers, as OpenAPI tells them, and an example of each.

Over 250 lines: tables of fields, and the examples beside them.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from services.api.schemas import Severity, Time, Words

Kind = Literal["shift", "daily", "monthly"]


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class Took(_Shape):
    """From an alert's word until a person acknowledged or closed it: of how many, median, 90th percentile.

    Of answers alone. `waiting`: who has none yet; `p90_least_s`: with them nine in ten take at least so long.
    """

    n: int
    median_s: float | None
    p90_s: float | None
    waiting: int
    p90_least_s: float | None


class Acknowledge(Took):
    """The same by severity and by person."""

    by_severity: dict[str, Took]
    by_person: dict[str, Took]


class Span(_Shape):
    """A stretch of time."""

    start: Time
    end: Time


class Offender(_Shape):
    """An alarm (rule and place), how often it sounded, and its share of all."""

    rule: str
    place: str
    hazard: str
    area: str
    times: int
    share: float


class Standing(_Shape):
    """An alert that stands, with what ISA-18.2 calls its state."""

    alert_id: str
    rule: str
    place: str
    hazard: str
    area: str
    severity: Severity
    since: Time
    label: str


class Quieted(_Shape):
    """An alert that is kept quiet: by what (`shelved`, `inhibition`, `gateway`, …), until when, why."""

    alert_id: str
    rule: str
    place: str
    hazard: str
    area: str
    severity: Severity
    kind: str
    since: Time
    until: Time | None
    by: str | None
    why: Words | None
    what: str | None


class Mark(_Shape):
    """A number to measure against, in words, and how sure it is."""

    value: float
    text: Words
    tag: str


class ShiftLoad(_Shape):
    """The part of a shift in the span."""

    name: str
    start: Time
    end: Time
    alerts: int
    things: int
    annunciations: int
    things_per_operator_hour: float | None
    floods: int
    acknowledge: Took


class LoadAnswer(_Shape):
    """The load of a span. `things`: new things to look at; `annunciations`: every alert raised or escalated.

    `source`: the stream's fold, or the history. `apart`: alerts of exercises and tests, in no other figure.
    """

    start: Time
    end: Time
    source: Literal["stream", "history"]
    area: str | None
    operators: int
    things: int
    annunciations: int
    alerts: int
    things_per_operator_hour: float | None
    annunciations_per_operator_hour: float | None
    most_in_10_min: int
    floods: list[Span]
    flood_share: float | None
    flooding: bool
    chattering: list[Offender]
    offenders: list[Offender]
    split: dict[str, int]
    acknowledge: Acknowledge
    waiting: list[Standing]
    stale: list[Standing]
    shelved: list[Quieted]
    suppressed: list[Quieted]
    by_shift: list[ShiftLoad]
    apart: dict[str, int]
    marks: dict[str, Mark]


class ReportAnswer(_Shape):
    """A report as data: parts with figures, tables, charts and notes; texts in one language."""

    kind: Kind
    lang: Literal["vi", "en"]
    title: str
    site: str
    zone: str
    start: Time
    end: Time
    made_at: Time
    revision: int
    status: str
    scope: str | None
    parts: list[dict[str, Any]]


class ReportFile(_Shape):
    """A file of a stored report, and where it is served."""

    name: str
    lang: str
    format: str
    bytes: int
    href: str


class StoredReport(_Shape):
    """A report that was made on schedule; its name says which, by local time.

    `areas`: of which it is, none: of the whole site. `revision`: beyond the first it is in place of another.
    """

    report: str
    kind: Kind
    areas: list[str]
    revision: int
    made_at: Time
    files: list[ReportFile]


class ReportPage(_Shape):
    """Stored reports, the newest span first."""

    items: list[StoredReport]
    next: str | None


_BINARY = {"type": "string", "format": "binary"}
FILES: dict[str, Any] = {
    "application/pdf": {"schema": _BINARY, "example": "%PDF-1.7 …"},
    "text/html": {"schema": {"type": "string"}, "example": "<!doctype html>…"},
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": {
        "schema": _BINARY,
        "example": "PK…",
    },
}
"""What a report's file may be, for the document of the api."""

_TOOK = {"n": 12, "median_s": 95.0, "p90_s": 410.0, "waiting": 1, "p90_least_s": 900.0}
_STANDING = {
    "alert_id": "5e0f6f1c2b7d4a8f9c3e1d2a4b6c8e0f",
    "rule": "flood-level",
    "place": "vt-flood-001.water_level",
    "hazard": "flood",
    "area": "vung-tau",
    "severity": "warning",
    "since": "2026-10-19T00:50:02.120000Z",
    "label": "unacknowledged",
}
_OFFENDER = {
    "rule": "street-depth",
    "place": "vt-street-002.street_depth",
    "hazard": "flood",
    "area": "vung-tau",
    "times": 9,
    "share": 0.36,
}
_QUIETED = {
    **{key: value for key, value in _STANDING.items() if key != "label"},
    "kind": "shelved",
    "until": "2026-10-20T05:00:00Z",
    "by": "lan",
    "why": {"vi": "Đang nạo vét cống", "en": "Đang nạo vét cống"},
    "what": None,
}
_MARK = {
    "value": 6.0,
    "text": {
        "vi": "một lần mỗi 10 phút, 144 lần mỗi ngày (IEC 62682:2014)",
        "en": "one in 10 minutes, 144 a day (IEC 62682:2014)",
    },
    "tag": "verified: vendor notes",
}
_SPAN = {"start": "2026-10-19T03:10:00Z", "end": "2026-10-19T03:31:00Z"}
_FILE = {
    "name": "shift-20261020T0600.vi.pdf",
    "lang": "vi",
    "format": "pdf",
    "bytes": 61_204,
    "href": "/api/v1/reports/files/shift-20261020T0600.vi.pdf",
}
_REPORT = {
    "kind": "shift",
    "lang": "vi",
    "title": "Bàn giao ca trực",
    "site": "Bà Rịa",
    "zone": "Asia/Ho_Chi_Minh",
    "start": "2026-10-19T23:00:00Z",
    "end": "2026-10-20T07:00:00Z",
    "made_at": "2026-10-20T07:00:04Z",
    "revision": 1,
    "status": "Actual",
    "scope": None,
    "parts": [
        {
            "title": "Ca sau cần biết",
            "figures": [
                {"label": "cảnh báo đang mở", "value": 3, "kind": "number", "note": None, "over": False}
            ],
            "tables": [],
            "charts": [],
            "notes": [{"kind": "do", "text": "1 cảnh báo chưa ai xác nhận: Cống Bến Đình."}],
        }
    ],
}
EXAMPLES: dict[str, Any] = {
    "get_load": {
        "start": "2026-10-19T01:00:00Z",
        "end": "2026-10-20T01:00:00Z",
        "source": "stream",
        "area": None,
        "operators": 1,
        "things": 14,
        "annunciations": 25,
        "alerts": 22,
        "things_per_operator_hour": 0.58,
        "annunciations_per_operator_hour": 1.04,
        "most_in_10_min": 11,
        "floods": [_SPAN],
        "flood_share": 0.0146,
        "flooding": False,
        "chattering": [],
        "offenders": [_OFFENDER],
        "split": {"low": 15, "medium": 5, "high": 2},
        "acknowledge": {**_TOOK, "by_severity": {"warning": _TOOK}, "by_person": {"lan": _TOOK}},
        "waiting": [_STANDING],
        "stale": [_STANDING],
        "shelved": [_QUIETED],
        "suppressed": [],
        "by_shift": [
            {
                "name": "20/10 06:00 – 14:00", **_SPAN, "alerts": 12, "things": 8, "annunciations": 13,
                "things_per_operator_hour": 1.0, "floods": 1, "acknowledge": _TOOK,
            }
        ],
        "apart": {"Exercise": 31},
        "marks": {"per_operator_hour": _MARK},
    },
    "get_report": _REPORT,
    "list_reports": {
        "items": [
            {
                "report": "shift-20261020T0600",
                "kind": "shift",
                "areas": [],
                "revision": 1,
                "made_at": "2026-10-20T07:00:04Z",
                "files": [_FILE],
            }
        ],
        "next": None,
    },
    "get_report_file": "%PDF-1.7 …",
}  # fmt: skip
