"""What the archive says about itself: metrics, figures, complaints."""

import time
from collections.abc import Callable

from nats.errors import Error as NatsError
from nats.js import JetStreamContext

from services.ingest.archive import trouble
from services.ingest.archive.group import Group
from services.ingest.archive.writer import READINGS, Outcome
from services.observation.text import Text
from services.runtime import logging, metrics
from services.runtime.health import Health

SHOWN_S = 3600.0
"""How long a thing that happened once stays among the complaints; the tables keep it for good."""

ROWS = metrics.counter("archive_rows_total", "Observations stored", ["way"])
STRIKES = metrics.counter("archive_strikes_total", "Strikes stored")
EVENTS = metrics.counter("archive_events_total", "Alert events stored")
DUPLICATES = metrics.counter(
    "archive_duplicates_total", "Readings that were stored already, with the same value"
)
CONFLICTS = metrics.counter("archive_conflicts_total", "Readings whose key was stored with another value")
REFUSED = metrics.counter(
    "archive_refused_total", "Messages passed over: unreadable, or refused by the database"
)
DISCARDED = metrics.counter(
    "archive_discarded_total", "Messages a stream discarded before they were stored", ["stream"]
)
FAILURES = metrics.counter("archive_failures_total", "Sessions with the database that broke", ["code"])
COMMITS = metrics.histogram("archive_commit_seconds", "Time of a transaction, from first row to commit")
STORED = metrics.histogram("stored_seconds", "From READINGS to committed in the database")
LAG = metrics.gauge("archive_lag_messages", "Messages of READINGS that are not stored yet")

log = logging.get("archive")


class Report:
    """Turns what happened into numbers and sentences."""

    def __init__(self, health: Health, clock: Callable[[], float] = time.monotonic) -> None:
        """Report through this service's heartbeat."""
        self._health, self._clock = health, clock
        self._trouble: str | None = None
        self._shown: dict[str, float] = {}
        self._counts: dict[str, int] = {}
        self._applied = 0
        self._rows = 0
        self._rows_since = clock()

    def written(self, stream: str, group: Group, outcome: Outcome) -> None:
        """A transaction was committed."""
        ROWS.labels("straight").inc(outcome.straight)
        ROWS.labels("late").inc(outcome.rows - outcome.straight)
        STRIKES.inc(outcome.strikes)
        EVENTS.inc(outcome.events)
        DUPLICATES.inc(outcome.duplicates)
        CONFLICTS.inc(outcome.conflicts)
        COMMITS.observe(outcome.took_s)
        if stream == READINGS:
            STORED.observe(max(0.0, time.time() - group.last.time_us / 1e6))
        self._rows += outcome.rows
        if outcome.careful:
            log.warning("memory_was_wrong", stream=stream, sequence=group.last.sequence)
        self._health.figure("last_commit", time.time())
        self._health.figure("commit_s", outcome.took_s)
        self.applied(stream, group)

    def applied(self, stream: str, group: Group) -> None:
        """A group is done with, written or not worth it."""
        if stream == READINGS:
            self._applied = group.last.sequence
        for message in group.unreadable:
            self.refused(stream, message.sequence, message.reason)

    def stands(self, sequence: int) -> None:
        """Where a session begins in READINGS."""
        self._applied = sequence

    def well(self) -> None:
        """The database answers and we know where we are."""
        if self._trouble is not None:
            self._health.settle(self._trouble)
            self._trouble = None
        self._health.ready()

    def broken(self, error: BaseException, found: trouble.Trouble) -> None:
        """The session with the database ended in an error; another is tried."""
        if self._trouble not in (None, found.code):
            self._health.settle(self._trouble)
        self._trouble = found.code
        FAILURES.labels(found.code).inc()
        log.warning("session_broken", code=found.code, error=repr(error))
        self._health.complain(found.code, found.text.vi, found.text.en)
        self._health.ready(state=False)

    def refused(self, stream: str, sequence: int, reason: str) -> None:
        """A message was passed over."""
        REFUSED.inc()
        log.error("message_passed_over", stream=stream, sequence=sequence, reason=reason)
        count = self._count("archive_refused", 1)
        self._show(
            "archive_refused",
            Text(
                f"{count} bản tin không lưu được và bị bỏ qua, bản tin cuối là {stream} số {sequence}: "
                f"{reason}. Hãy báo cho người phát triển",
                f"{count} messages can't be stored and were passed over, the last is {stream} {sequence}: "
                f"{reason}. Please tell the developers",
            ),
        )

    def discarded(self, stream: str, span: tuple[int, int]) -> None:
        """A stream discarded what we had not read."""
        lost = span[1] - span[0] + 1
        DISCARDED.labels(stream).inc(lost)
        code = f"archive_discarded_{stream.lower()}"
        count = self._count(code, lost)
        self._show(
            code,
            Text(
                f"Luồng {stream} đã bỏ {count} bản tin trước khi kịp lưu (đến số {span[1]}). Các gateway có "
                "bộ đệm được yêu cầu gửi lại; hãy kiểm tra cơ sở dữ liệu có chậm hoặc dừng không",
                f"stream {stream} discarded {count} messages before they were stored (up to {span[1]}). "
                "Gateways with a buffer are asked again; see whether the database is slow or was away",
            ),
        )

    def tail_lost(self, stream: str, held: int, read: int) -> None:
        """A stream is not what it was; we went back to where it still is."""
        log.error("tail_lost", stream=stream, held=held, read=read)
        self._show(
            f"archive_tail_{stream.lower()}",
            Text(
                f"Luồng {stream} đã mất phần cuối (mất điện?): đã đọc đến {read}, nay chỉ còn đúng đến "
                f"{held}. Lưu trữ đọc lại từ đó",
                f"stream {stream} lost its tail (a power cut?): it was read up to {read} and holds what we "
                f"know up to {held}. Storing goes on from there",
            ),
        )

    async def look(self, js: JetStreamContext) -> None:
        """Bring the figures up to date and let old complaints go; called every few seconds."""
        now = self._clock()
        self._health.figure("rows_per_s", self._rows / max(now - self._rows_since, 1e-3))
        self._rows, self._rows_since = 0, now
        for code, until in list(self._shown.items()):
            if now >= until:
                self._health.settle(code)
                del self._shown[code]
                self._counts.pop(code, None)
        try:
            last = (await js.stream_info(READINGS)).state.last_seq
        except (NatsError, TimeoutError):
            return
        lag = max(0, last - self._applied)
        LAG.set(lag)
        self._health.figure("lag", lag)

    def _count(self, code: str, more: int) -> int:
        self._counts[code] = self._counts.get(code, 0) + more
        return self._counts[code]

    def _show(self, code: str, text: Text) -> None:
        self._shown[code] = self._clock() + SHOWN_S
        self._health.complain(code, text.vi, text.en)
