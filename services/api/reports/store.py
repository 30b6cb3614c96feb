"""Reports as they are stored: object store REPORTS, one object a file, named `<report>.<lang>.<format>`.

A report of some areas has them in its name, so it says by itself who may read it; one that was made anew has
its number there: `shift-20261120T0600-r2.thang-tam.vi.pdf`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from io import BytesIO
from typing import cast

import msgspec
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError, NotFoundError, ObjectDeletedError, ObjectNotFoundError

from services.api.errors import away
from services.api.shapes.reports import Kind
from services.observation.instants import micros
from services.observation.text import Text
from services.runtime.streams import REPORTS

MEDIA = {
    "html": "text/html; charset=utf-8",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "json": "application/json",
}
_AWAY = Text("kho báo cáo không trả lời; hãy thử lại", "the store of reports does not answer; try again")
_KINDS = ("shift", "daily", "monthly")
_PARTS = 3


_REVISION = re.compile(r"-r(\d+)\Z")


def named(report: str, areas: Sequence[str], revision: int) -> str:
    """The name of a report's edition."""
    return ".".join([report if revision == 1 else f"{report}-r{revision}", *areas])


def areas_of(report: str) -> tuple[str, ...]:
    """Of which areas a report is, by its name; none: of the whole site."""
    return tuple(report.split(".")[1:])


def revision_of(report: str) -> int:
    """Its number, by its name; 1 is the first."""
    found = _REVISION.search(report.partition(".")[0])
    return 1 if found is None else int(found[1])


def may_read(sees: Callable[[str], bool], whole: bool, report: str) -> bool:  # noqa: FBT001  of an account
    """Whether an account may: `whole`: it is held to no areas; else it `sees` each of the report's."""
    areas = areas_of(report)
    return whole or (bool(areas) and all(sees(area) for area in areas))


class File(msgspec.Struct):
    """One file."""

    name: str
    lang: str
    format: str
    bytes: int


class Stored(msgspec.Struct):
    """A report and its files; `made_at` in µs UTC."""

    report: str
    kind: Kind
    made_at: int
    files: list[File]


async def stored(js: JetStreamContext) -> list[Stored]:
    """All stored reports, the newest span first.

    Raises:
        Problem: 503 when the store does not answer.
    """
    try:
        found = await (await js.object_store(REPORTS)).list()
    except NotFoundError:  # nothing was stored yet
        return []
    except (NatsError, APIError, TimeoutError, OSError) as error:
        raise away(_AWAY, code="reports-away") from error
    reports: dict[str, Stored] = {}
    for one in found:
        parts = (one.name or "").rsplit(".", _PARTS - 1)
        kind = parts[0].partition("-")[0]
        if one.deleted or len(parts) != _PARTS or kind not in _KINDS:
            continue
        made_at = micros(one.mtime) if one.mtime else 0
        report = reports.setdefault(parts[0], Stored(parts[0], cast("Kind", kind), made_at, []))
        report.made_at = max(report.made_at, made_at)
        report.files.append(File(one.name or "", parts[1], parts[2], one.size or 0))
    for report in reports.values():
        report.files.sort(key=lambda file: file.name)
    return sorted(reports.values(), key=lambda report: by_span(report.report), reverse=True)


def by_span(name: str) -> tuple[str, str]:
    """The place of a report of this name in their list: by its span, then by its kind."""
    kind, _, span = name.partition("-")
    return span, kind


async def read(js: JetStreamContext, name: str) -> bytes | None:
    """One file; None when it is not there.

    Raises:
        Problem: 503 when the store does not answer.
    """
    try:
        found = await (await js.object_store(REPORTS)).get(name)
    except (NotFoundError, ObjectNotFoundError, ObjectDeletedError):
        return None
    except (NatsError, APIError, TimeoutError, OSError) as error:
        raise away(_AWAY, code="reports-away") from error
    return found.data


async def write(js: JetStreamContext, report: str, files: dict[str, bytes]) -> list[File]:
    """Store a report's files, in place of those of the same name.

    Args:
        js: connection.
        report: its name.
        files: by `<lang>.<format>`.
    """
    store = await js.object_store(REPORTS)
    out = []
    for rest, data in files.items():
        name = f"{report}.{rest}"
        await store.put(name, BytesIO(data))
        lang, _, form = rest.partition(".")
        out.append(File(name, lang, form, len(data)))
    return out


async def forget(js: JetStreamContext, kind: str, keep: int) -> int:
    """Delete the oldest reports of a kind beyond so many spans, in all editions; how many went."""
    found = [one for one in await stored(js) if one.kind == kind]
    spans = list(dict.fromkeys(_span_of(one.report) for one in found))[keep:]
    return await _delete(js, [one for one in found if _span_of(one.report) in spans])


def _span_of(report: str) -> str:
    return _REVISION.sub("", report.partition(".")[0])


async def _delete(js: JetStreamContext, reports: Iterable[Stored]) -> int:
    store = await js.object_store(REPORTS)
    gone = 0
    for report in reports:
        for file in report.files:
            await store.delete(file.name)
        gone += 1
    return gone
