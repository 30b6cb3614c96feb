"""The history as a report reads it, in a process of its own: nobody waits for it but the report.

Alerts are folded again from their events, so a report of the past says what the live figures said then.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import psycopg

from services.alerts.load.book import LoadBook, heard_us
from services.alerts.load.late import late_of
from services.alerts.load.past import Kept, PastBook
from services.api.reports.job import Job

CONNECT_S = 3
_DAY_US = 86_400_000_000
_BACK = 92 * _DAY_US
"""How long before a span an alert may have begun that still stands in it."""
_LATE = _DAY_US
"""An event may tell of a measurement so long ago, or be stored so long after it happened."""
_PAGE = 5_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_OPTIONS = (
    "-c statement_timeout=60000 -c default_transaction_read_only=on -c timezone=UTC"
    # Readings that come in meanwhile need the other processors.
    " -c max_parallel_workers_per_gather=0 -c jit=off"
)
_WARNING, _NEVER = 2, 9
_CONDITION = ("raised", "escalated", "eased", "cleared", "blind", "sighted")

# What stood when the span began has a past that must be read, too.
_OPEN_BEFORE = """
select subject from (
    select distinct on (subject) subject, type from alert_event
    where time >= %(back)s and time < %(first)s and source = %(source)s and type = any(%(types)s)
    order by subject, time desc, sequence desc
) newest where type <> 'vn.haidang.alert.cleared.v1'
"""
# Who answers late answers an alert that began before the events which are read anyway.
_ACTED_ON = """
select subject from alert_event
where time >= %(from)s and time < %(until)s and source = %(source)s and type like 'vn.haidang.alert.%%'
group by subject having not bool_or(type = 'vn.haidang.alert.raised.v1')
"""
_EVENTS = """
select id, type, source, subject, to_char(time, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), (data - 'readings')::text
from alert_event
join (select epoch, min(time) as began from alert_event group by epoch) as e using (epoch)
where source = %(source)s and time < %(until)s and (time >= %(from)s or subject = any(%(subjects)s))
order by e.began, sequence
"""


def connect(job: Job) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection that only reads.

    Raises:
        psycopg.Error: the history is away.
    """
    return psycopg.connect(
        job.database or "", connect_timeout=CONNECT_S, options=_OPTIONS, application_name="haidang-report"
    )


def book_of(db: psycopg.Connection[tuple[Any, ...]], job: Job) -> LoadBook:
    """Fold the events of a span, and of what stood when it began, up to its end."""
    book = PastBook(_kept(job))
    for number, (event, heard) in enumerate(_events(db, job), 1):
        if heard < job.last:
            book.take(number, heard, event)
        elif (late := late_of(heard, event)) is not None and job.first <= late.at < job.last:
            book.late.append(late)
    book.due(job.last)
    return book


def _kept(job: Job) -> Kept:
    """A shift lists its alerts and acts one by one; of a day or a month only the gravest stand by name."""
    if job.kind == "shift":
        return Kept(job.first, job.last)
    return Kept(words_from=_NEVER if job.kind == "load" else _WARNING)


def _events(db: psycopg.Connection[tuple[Any, ...]], job: Job) -> Iterator[tuple[dict[str, Any], int]]:
    source = f"/sites/{job.names.site}"
    types = [f"vn.haidang.alert.{verb}.v1" for verb in _CONDITION]
    given = {"source": source, "types": types, "first": when(job.first), "back": when(job.first - _BACK)}
    stood = [row[0] for row in db.execute(_OPEN_BEFORE, given)]
    bounds: dict[str, Any] = {
        "source": source,
        "from": when(job.first - _LATE),
        "until": when(job.last + _LATE),
    }
    bounds["subjects"] = list({*stood, *(row[0] for row in db.execute(_ACTED_ON, bounds))})
    with db.cursor(name="events") as cursor:
        cursor.itersize = _PAGE
        cursor.execute(_EVENTS, bounds)
        for identity, kind, origin, subject, at, data in cursor:
            event = {
                "id": identity,
                "type": kind,
                "source": origin,
                "subject": subject,
                "time": at,
                "data": msgspec.json.decode(data),
            }
            yield event, heard_us(event, 0)


def when(us: int) -> datetime:
    """µs → what the driver wants."""
    return _EPOCH + timedelta(microseconds=us)


def micros_of(value: datetime) -> int:
    """What the driver gives → µs."""
    return (value - _EPOCH) // timedelta(microseconds=1)
