"""A report in a process of its own: a job on standard input, what came of it on standard output.

So a month of a hundred thousand alerts costs the api no heartbeat and no memory: the process ends with the
report. It writes nothing anywhere.
"""

import gc
import os
import sys
from collections.abc import Callable

import psycopg

from services.alerts.load.book import LoadBook
from services.alerts.load.figures import figures
from services.api.reports.facts import Looking
from services.api.reports.history import book_of, connect
from services.api.reports.job import Edition, Job, Made, Memory, Trouble, decode_job, encode_made
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE
from services.report import daily, monthly, paper_html, paper_json, paper_xlsx, shift
from services.report.matter import Facts, Matter
from services.report.paper import Note, Paper

_NICE, _NICER = 2, 8
"""Alerts come first: a report takes what they leave, one of the past still less than a hand-over."""
_BUILD = {"shift": shift.build, "daily": daily.build, "monthly": monthly.build}


def main() -> int:
    """Read the job, do it, write what came of it."""
    gc.disable()  # a month of alerts is kept to the end, which is soon; to look for garbage costs a third
    job = decode_job(sys.stdin.buffer.read())
    os.nice(_NICE if job.memory is not None and not job.facts else _NICER)
    made = do(job)
    sys.stdout.buffer.write(encode_made(made))
    return 0


def do(job: Job) -> Made:
    """One job; a history that is away is an answer, too."""
    try:
        memory, facts = _gathered(job)
    except psycopg.Error as error:
        return Made(trouble=Trouble("history-away", type(error).__name__))
    if job.kind == "load":
        matter = _of(job, memory, facts, job.areas)
        found = figures(
            matter.cases, matter.things, job.first, job.last, operators=job.operators, apart=matter.apart
        )
        return Made(figures=found)
    scopes = [job.areas, *job.editions]
    return Made([_edition(job, areas, _of(job, memory, facts, areas)) for areas in scopes])


def _edition(job: Job, areas: list[str] | None, matter: Matter) -> Edition:
    paper = _BUILD[job.kind](matter)
    return Edition(areas, _files(job, paper), _headline(matter), _notes(paper))


def _gathered(job: Job) -> tuple[Memory, Facts | None]:
    """Read once, whoever it is for."""
    memory, facts = job.memory, None
    if memory is None or job.facts:
        with connect(job) as db:
            if memory is None:
                memory = _remember(book_of(db, job), job)
            facts = Looking(db, job).facts() if job.facts else None
    return memory, facts


def _remember(book: LoadBook, job: Job) -> Memory:
    things = book.things_of(job.names.site)
    return Memory(list(book.cases.values()), things, book.acts, book.affairs, book.since, book.late)


def _of(job: Job, memory: Memory, facts: Facts | None, sees: list[str] | None) -> Matter:
    names = job.names

    def seen(area: object) -> bool:
        return sees is None or area in sees or area in (SITE_AREA, SITE_SCOPE, "")

    mine = [one for one in memory.cases if one.life.site == names.site and seen(one.life.area)]
    scope = None
    if sees is not None:
        known = [names.areas.get(area, Text(area, area)) for area in sees]
        scope = Text(", ".join(one.vi for one in known), ", ".join(one.en for one in known))
    return Matter(
        site=names.name,
        zone=names.zone,
        first=job.first,
        last=job.last,
        made_at=job.made_at,
        cases=[one for one in mine if one.life.status == "Actual"],
        apart=[one for one in mine if one.life.status != "Actual"],
        things=[one for one in memory.things if seen(one.area)],
        acts=memory.acts,
        affairs=[
            one for one in memory.affairs if one.site == names.site and seen(one.data.get("area", SITE_AREA))
        ],
        operators=job.operators,
        shifts=job.shifts,
        since=memory.since,
        hazards=names.hazards,
        areas=names.areas,
        stations={one.id: one.name for one in names.stations},
        gateways=[name for name, area in names.gateways.items() if seen(area)],
        silent_rules=names.silent_rules,
        scope=scope,
        facts=None if facts is None else _facts_of(facts, seen),
        late=[
            one
            for one in memory.late
            if one.alert and one.site == names.site and one.status == "Actual" and seen(one.area)
            and job.first <= one.at < job.last <= one.heard
        ],
        revision=job.revision,
    )  # fmt: skip


def _facts_of(facts: Facts, seen: Callable[[str], bool]) -> Facts:
    """Of the places that may be seen."""
    return Facts(
        stations=[one for one in facts.stations if seen(one.area)],
        air=[one for one in facts.air if seen(one.area)],
        air_classes=facts.air_classes,
        lamps=[one for one in facts.lamps if seen(one.area)],
        gaps=facts.gaps,
    )


def _files(job: Job, paper: Paper) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for lang in job.languages:
        for form in job.formats:
            match form:
                case "html":
                    data = paper_html.render(paper, lang).encode()
                case "pdf":
                    from services.report import paper_pdf  # noqa: PLC0415  its library takes a moment

                    data = paper_pdf.render(paper, lang)
                case "xlsx":
                    data = paper_xlsx.render(paper, lang)
                case "json":
                    data = paper_json.encode(paper, lang)
            found[f"{lang}.{form}"] = data
    return found


def _notes(paper: Paper) -> list[Text]:
    """What the reader has to see to, as the first page says it."""
    first = paper.parts[0].blocks if paper.parts else []
    return [block.text for block in first if isinstance(block, Note) and block.kind == "do"]


def _headline(matter: Matter) -> Text:
    """One line for a list or a mail."""
    found = matter.figures()
    still = sum(case.stands_at(matter.last) for case in matter.cases)
    return Text(
        f"{found.alerts} cảnh báo mới, {still} đang mở, {len(found.waiting)} chờ xác nhận",
        f"{found.alerts} new alerts, {still} open, {len(found.waiting)} wait for acknowledgement",
    )


if __name__ == "__main__":
    sys.exit(main())
