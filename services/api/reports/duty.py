"""Reports on schedule: whichever api process is first makes each one, once.

Who makes a report says so in KV `STATE` under the key's own revision; a claim that nobody finished is void
after some minutes, and another process makes the report again: same name, same files, and the event is on the
stream once, because its subject is its own. What comes late makes it anew, with a number (`corrections`).
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, cast

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError, KeyNotFoundError

from services.api.context import Context
from services.api.errors import Problem
from services.api.reports import corrections
from services.api.reports import store as report_store
from services.api.reports.corrections import Correction
from services.api.reports.job import Edition, Job
from services.api.reports.store import File
from services.observation import event as events
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.observation.topics import SITE_AREA
from services.policy.reporting import Kind, Reporting
from services.report import calendar
from services.runtime import logging
from services.runtime.health import Health
from services.runtime.pause import pause
from services.runtime.streams import ALERTS, STATE

LOOK_S = 5.0
CLAIM_US = 10 * 60 * SECOND
"""A report takes seconds; who claimed one and has not made it by then has died."""
RETRY_US = 60 * SECOND
NEEDED = "report-not-made"
TYPE = "vn.haidang.report.made.v1"
WRONG_LAST = 10071
_TROUBLES = (Problem, NatsError, APIError, TimeoutError, OSError)
log = logging.get("api_reports")


class Ledger(msgspec.Struct):
    """Up to where the reports of a kind are made, and who is at one now. Times in µs UTC."""

    until: int
    claimed_by: str | None = None
    claimed_at: int = 0


class Made(msgspec.Struct):
    """`data` of `report.made`: which report, of what span, and its files.

    `headline`: one line; `notes`: what its first page says that must be known. `areas`: of which it is; none:
    of the whole site. `revision`: beyond the first it is in place of one before. `as_of`: up to when it knew.
    """

    report: str
    kind: Kind
    start: str
    end: str
    headline: Text
    files: list[dict[str, Any]]
    notes: list[Text] = []
    areas: list[str] = []
    revision: int = 1
    as_of: str | None = None
    area: str = SITE_AREA
    status: str = "Actual"


class ReportDuty:
    """Looks what is due, and makes it unless another process does."""

    def __init__(self, here: Context, health: Health) -> None:
        """Nothing is looked at before `run`."""
        self._here, self._health = here, health
        self._who = f"{os.getpid()}-{id(self):x}"
        self._again: dict[Kind, int] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Make what is due until told to stop."""
        while not stop.is_set():
            if self._here.site.known and self._here.hub.caught_up.is_set():
                for kind in self._here.site.policy.reporting.make:
                    await self._safely(kind, self.look)
                    await self._safely(kind, self.correct)
            await pause(stop, LOOK_S)

    async def _safely(self, kind: Kind, look: Callable[[Kind], Awaitable[bool]]) -> None:
        now = self._here.clock()
        if self._again.get(kind, 0) > now:
            return
        try:
            if await look(kind):
                self._health.settle(NEEDED)
        except _TROUBLES as error:
            self._again[kind] = now + RETRY_US
            log.warning("report_not_made", kind=kind, error=repr(error))
            self._health.complain(
                NEEDED,
                f"chưa lập được báo cáo theo lịch ({kind})",
                f"a report that was due could not be made ({kind})",
            )

    async def look(self, kind: Kind) -> bool:
        """Make the report of a kind that is due, if it is; whether this process made it."""
        here = self._here
        span = self._due(kind)
        state = await here.js.key_value(STATE)
        key = f"api.reports.{kind}"
        try:
            entry = await state.get(key)
            known, revision = msgspec.json.decode(entry.value or b"", type=Ledger), entry.revision or 0
        except KeyNotFoundError:
            # A first start: what was over before it had nobody to report to.
            await _create(state, key, Ledger(span[1]))
            return False
        if span[1] <= known.until or known.claimed_at > here.clock() - CLAIM_US:
            return False
        claim = Ledger(known.until, self._who, here.clock())
        try:
            revision = await state.update(key, msgspec.json.encode(claim), revision)
        except APIError:  # another process was first
            return False
        try:
            await self._make(kind, span)
        except BaseException:
            await _put(state, key, Ledger(known.until), revision)
            raise
        await _put(state, key, Ledger(span[1]), revision)
        return True

    async def correct(self, kind: Kind) -> bool:
        """Make anew the oldest report of a kind whose span had word after it; whether this process did."""
        here = self._here
        if here.settings.database is None:  # what was then can't be read
            return False
        book, site = here.load, here.site.site.id
        found = corrections.due(book.affairs, book.late, site, here.clock())
        wanted = next((one for one in found if one.kind == kind), None)
        if wanted is None:
            return False
        state = await here.js.key_value(STATE)
        claim = Ledger(0, self._who, here.clock())
        key = f"api.reports.{kind}.anew"
        try:
            entry = await state.get(key)
            if msgspec.json.decode(entry.value or b"", type=Ledger).claimed_at > here.clock() - CLAIM_US:
                return False
            revision = await state.update(key, msgspec.json.encode(claim), entry.revision or 0)
        except KeyNotFoundError:
            await _create(state, key, Ledger(0))
            return False
        except APIError:  # another process was first
            return False
        try:
            await self._make(kind, wanted.span, wanted)
        finally:
            await _put(state, key, Ledger(0), revision)
        return True

    def _due(self, kind: Kind) -> calendar.Span:
        policy: Reporting = self._here.site.policy.reporting
        minute = policy.monthly if kind == "monthly" else policy.daily
        return calendar.last_due(kind, self._here.clock(), self._here.site.site.zone, policy.shifts, minute)

    async def _make(self, kind: Kind, span: calendar.Span, anew: Correction | None = None) -> None:
        here = self._here
        policy = here.site.policy.reporting
        languages: list[Any] = list(policy.languages)
        formats: list[Any] = list(policy.formats)
        revision = 1 if anew is None else anew.revision
        job = here.reporter.job(
            kind, *span, languages, formats, editions=policy.editions(kind), revision=revision
        )
        made = await here.reporter.run(job)
        base = calendar.name_of(kind, span, here.site.site.zone)
        for edition in made.editions:
            name = report_store.named(base, edition.areas or (), revision)
            files = await report_store.write(here.js, name, edition.files)
            await self._tell(name, job, files, edition)
            log.info("report_made", report=name, files=len(files))
        gone = await report_store.forget(here.js, kind, policy.keep[kind])
        log.info("reports_kept", kind=kind, forgotten=gone)

    async def _tell(self, name: str, job: Job, files: list[File], made: Edition) -> None:
        """Put `report.made` on ALERTS, once: its subject has no other event."""
        site = self._here.site.site.id
        identity = sha256(f"{site}\x1freport\x1f{name}".encode()).hexdigest()[:32]
        listed = [{"name": file.name, "lang": file.lang, "format": file.format, "bytes": file.bytes,
                   "href": f"/api/v1/reports/files/{file.name}"} for file in files]  # fmt: skip
        data = Made(
            name, cast("Kind", job.kind), iso(job.first), iso(job.last), made.headline, listed, made.notes,
            areas=made.areas or [], revision=job.revision, as_of=iso(job.made_at),
        )  # fmt: skip
        event = {
            "specversion": "1.0",
            "id": identity,
            "source": f"/sites/{site}",
            "type": TYPE,
            "subject": identity,
            "time": iso(self._here.clock()),
            "datacontenttype": "application/json",
            "data": data,
        }
        headers = {"Nats-Msg-Id": identity, "Nats-Expected-Last-Subject-Sequence": "0"}
        subject = events.subject(site, SITE_AREA, identity)
        try:
            await self._here.js.publish(subject, msgspec.json.encode(event), stream=ALERTS, headers=headers)
        except APIError as error:
            if error.err_code != WRONG_LAST:  # told before by a process that died just after
                raise


async def _create(state: Any, key: str, ledger: Ledger) -> None:
    try:
        await state.create(key, msgspec.json.encode(ledger))
    except APIError:  # another process was first
        return


async def _put(state: Any, key: str, ledger: Ledger, revision: int) -> None:
    """Write down where we are; a claim that was taken over meanwhile stays the other's."""
    try:
        await state.update(key, msgspec.json.encode(ledger), last=revision)
    except (NatsError, APIError, TimeoutError, OSError) as error:
        log.warning("report_not_noted", key=key, error=repr(error))
