"""Reports and figures of load: from the duty's book where it holds the span, else by reading the history."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from services.alerts.load.book import KEEP_US, LoadBook
from services.alerts.load.figures import figures
from services.alerts.load.nouns import Figures
from services.api.errors import away
from services.api.reports.job import (
    Format,
    Job,
    Kind,
    Made,
    Memory,
    Names,
    decode_made,
    encode_job,
)
from services.api.reports.names import names_of
from services.observation.text import Text
from services.report import calendar
from services.report.paper import Lang
from services.runtime import logging, tied

if TYPE_CHECKING:
    from services.api.context import Context

QUEUE_S = 120.0
"""One report of the history at a time, and beside it one from memory: a hand-over never waits for a month,
and two months never take the memory of a small machine. Who waits longer is told to come again."""
MOST_S = 1_200.0
"""A month of a hundred thousand alerts takes half a minute of what others leave of a processor."""
FRESH_US = 15 * 60_000_000
"""The book says how alerts stand now: that is how they stood at the end of a span that ended so lately."""
LIVE_US = 5_000_000
_WINDOWS = {"1h": 3_600_000_000, "24h": 86_400_000_000}
_MODULE = "services.api.reports.worker"
_BUSY = Text("đang lập các báo cáo khác; hãy thử lại", "other reports are being made; try again")
_NO_HISTORY = Text(
    "báo cáo này cần cơ sở dữ liệu lịch sử, hiện không trả lời; báo cáo ca vẫn lập được",
    "this report needs the history, which does not answer; a shift's report can still be made",
)
_FAILED = Text("không lập được báo cáo; đã ghi vào nhật ký", "the report could not be made; see the log")
log = logging.get("api_reports")


class Reporter:
    """Makes reports of one api process."""

    def __init__(self, here: "Context") -> None:
        """Take what it works with; nothing runs before it is asked."""
        self._here = here
        self._long, self._short = asyncio.Semaphore(1), asyncio.Semaphore(1)
        self._live: tuple[int, dict[str, Figures]] | None = None
        self._names: tuple[str, Names] | None = None

    @property
    def book(self) -> LoadBook:
        """The duty's book."""
        return self._here.load

    @property
    def operators(self) -> int:
        """On duty together, as the site says."""
        return self._here.site.policy.reporting.operators

    def live(self) -> dict[str, Figures]:
        """Figures of the last hour and day, for metrics; looked at anew every few seconds at most."""
        now = self._here.clock()
        if self._live is None or now - self._live[0] > LIVE_US:
            made = {name: self.figures(now - width, now, None, None) for name, width in _WINDOWS.items()}
            self._live = (now, made)
        return self._live[1]

    def holds(self, first: int, last: int) -> bool:
        """Whether the book knows a span whole, as it stood at its end.

        A longer span is read from the history where there is one: a stream may be younger than that.
        """
        now = self._here.clock()
        if last < now - FRESH_US or self.book.since > first:
            return False
        return first >= now - KEEP_US or self._here.settings.database is None

    def figures(self, first: int, last: int, area: str | None, areas: frozenset[str] | None) -> Figures:
        """The load of a span that the book holds."""
        self.book.due(self._here.clock())
        site = self._here.site.site.id

        def seen(where: str) -> bool:
            if area is not None:
                return where == area
            return areas is None or where in areas or where in ("_", "site", "")

        mine = [one for one in self.book.cases.values() if one.life.site == site and seen(one.life.area)]
        return figures(
            [one for one in mine if one.life.status == "Actual"],
            [one for one in self.book.things_of(site) if seen(one.area)],
            first,
            last,
            operators=self.operators,
            apart=[one for one in mine if one.life.status != "Actual"],
        )

    async def figures_of_history(
        self, first: int, last: int, area: str | None, areas: frozenset[str] | None
    ) -> Figures:
        """The load of a span that only the history holds.

        Raises:
            Problem: 503 when it is away.
        """
        only = frozenset({area}) if area is not None else areas
        made = await self.run(self.job("load", first, last, [], [], only, from_book=False))
        if made.figures is None:
            raise away(_FAILED, code="report-failed")
        return made.figures

    def job(  # noqa: PLR0913  what a report is
        self,
        kind: Kind,
        first: int,
        last: int,
        languages: list[Lang],
        formats: list[Format],
        areas: frozenset[str] | None = None,
        *,
        from_book: bool | None = None,
        editions: Sequence[Sequence[str]] = (),
        revision: int = 1,
    ) -> Job:
        """A report as it is ordered; `editions`: the same of some areas.

        Raises:
            Problem: 503 when there is no site yet, or the history is needed and there is none.
        """
        here, names = self._here, self.names()
        policy = here.site.policy.reporting
        held = self.holds(first, last) if from_book is None else from_book
        facts = kind in ("daily", "monthly")
        if here.settings.database is None and (facts or not held):
            raise away(_NO_HISTORY, retry_s=60)
        return Job(
            kind=kind,
            first=first,
            last=last,
            made_at=here.clock(),
            names=names,
            operators=policy.operators,
            shifts=calendar.shifts_between(policy.shifts, first, last, names.zone),
            languages=languages,
            formats=formats,
            areas=None if areas is None else sorted(areas),
            database=here.settings.database,
            memory=self._memory(first) if held else None,
            facts=facts,
            editions=[list(one) for one in editions],
            revision=revision,
        )

    def _memory(self, first: int) -> Memory:
        book = self.book
        book.due(self._here.clock())
        cases = [
            one
            for one in book.cases.values()
            if one.life.open or one.life.attention or one.life.changed_us >= first
        ]
        return Memory(
            cases, book.things_of(self._here.site.site.id), book.acts, book.affairs, book.since, book.late
        )

    async def run(self, job: Job) -> Made:
        """Do a job in a process of its own.

        Raises:
            Problem: 503: the history is away, others are under way, or it failed.
        """
        slot = self._short if job.memory is not None and not job.facts else self._long
        try:
            async with asyncio.timeout(QUEUE_S):
                await slot.acquire()
        except TimeoutError as error:
            raise away(_BUSY, retry_s=5, code="reports-busy") from error
        try:
            made = await self._run(job)
        finally:
            slot.release()
        if made.trouble is not None:
            log.warning("report_not_made", kind=job.kind, code=made.trouble.code, word=made.trouble.word)
            if made.trouble.code == "history-away":
                raise away(_NO_HISTORY)
            raise away(_FAILED, code="report-failed", retry_s=60)
        return made

    async def _run(self, job: Job) -> Made:
        loop = asyncio.get_running_loop()
        begun = loop.time()
        # A month of alerts takes a moment to encode: not while hearts are to beat.
        told = await asyncio.to_thread(encode_job, job)
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", _MODULE,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            preexec_fn=tied.to_parent(signal.SIGKILL),
        )  # fmt: skip
        try:
            async with asyncio.timeout(MOST_S):
                answer, complaint = await worker.communicate(told)
        except TimeoutError:
            raise away(_FAILED, code="report-failed", retry_s=60) from None
        finally:
            if worker.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    worker.kill()
                await worker.wait()
        if worker.returncode != 0:
            log.error("report_failed", kind=job.kind, error=complaint.decode("utf-8", "replace")[-2000:])
            raise away(_FAILED, code="report-failed", retry_s=60)
        made = decode_made(answer)
        log.info("report_done", kind=job.kind, took_s=round(loop.time() - begun, 2))
        return made

    def names(self) -> Names:
        """The site, as far as a report needs it; made once for each version.

        Raises:
            Problem: 503 while there is no site.
        """
        site = self._here.site.site
        if self._names is None or self._names[0] != site.version:
            self._names = (site.version, names_of(self._here.site))
        return self._names[1]
