"""A report for people's letters: what `report.made` says of it, in words, and which of its files go. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

import msgspec

from services.observation.delivery import Words
from services.observation.instants import micros
from services.observation.text import Text
from services.policy.road_nouns import Road
from services.policy.sending import ENCLOSING, Sending
from services.roads import sms
from services.roads.places import Places

KINDS: Mapping[str, Text] = {
    "shift": Text("Bàn giao ca trực", "Shift hand-over"),
    "daily": Text("Báo cáo ngày", "Daily report"),
    "monthly": Text("Báo cáo tháng", "Monthly report"),
}
LANGUAGES = ("vi", "en")
_FORMS = {"shift": "%Y-%m-%d %Hh%M", "daily": "%Y-%m-%d", "monthly": "%Y-%m"}
_KNOW = Text("Cần biết ngay", "What to know now")
_OPEN = Text("Mở trên Hải Đăng", "Open it in Hải Đăng")
_ASK = Text("Xem trên Hải Đăng, mục báo cáo", "See it in Hải Đăng, among the reports")
_GONE = Text(
    "Báo cáo này không còn trong kho (kho chỉ giữ các báo cáo mới nhất), nên không kèm được tệp.",
    "This report is no longer kept (only the newest are), so no file is enclosed.",
)
_LARGE = Text(
    "Tệp báo cáo quá lớn để gửi kèm ({size} MB).",
    "The files of this report are too large to send ({size} MB).",
)
_ANEW = Text("bản sửa", "revision")
_UNSAFE = str.maketrans(dict.fromkeys('/\\:*?"<>|', "-"))


class Report(msgspec.Struct, frozen=True):
    """A report that was made. Times in µs UTC; `files` by their name in the store.

    `areas`: of which it is; none: of the whole site. `revision`: beyond the first it is in place of another.
    """

    name: str
    kind: str
    start: int
    end: int
    headline: Text
    notes: tuple[Text, ...]
    files: tuple[str, ...]
    areas: tuple[str, ...] = ()
    revision: int = 1


class _File(msgspec.Struct):
    name: str


class _Made(msgspec.Struct):
    report: str
    kind: str
    start: str
    end: str
    headline: Text
    files: list[_File]
    notes: list[Text] = []
    areas: list[str] = []
    revision: int = 1
    status: str = ""


def read_report(data: object) -> Report | None:
    """What `report.made` tells; None of what is none, and of what is not of the real operation."""
    try:
        made = msgspec.convert(data, _Made)
        start, end = micros(made.start), micros(made.end)
    except (msgspec.ValidationError, ValueError, OverflowError):
        return None
    if made.kind not in KINDS or made.status != "Actual":
        return None
    files = tuple(file.name for file in made.files)
    return Report(
        made.report, made.kind, start, end, made.headline, tuple(made.notes), files, tuple(made.areas),
        made.revision,
    )  # fmt: skip


def chosen(report: Report, sends: Iterable[Sending], language: str) -> tuple[str, ...]:
    """The files that somebody gets who reads a language; in another one where there is none in theirs."""
    found: dict[str, None] = {}
    for send in sends:
        wanted = send.languages or (language,)
        there = [name for name in report.files if _parts(name)[1] in send.formats]
        of_theirs = [name for name in there if _parts(name)[0] in wanted]
        found |= dict.fromkeys(of_theirs or there)
    return tuple(found)


def _parts(file: str) -> tuple[str, str]:
    """Language and format of a file of the store."""
    rest, _, form = file.rpartition(".")
    return rest.rpartition(".")[2], form


def file_name(report: Report, file: str, site: Text, zone: ZoneInfo) -> str:
    """`Báo cáo ngày 2026-10-20 – Vũng Tàu.pdf`: a file for its reader, in the file's own language."""
    language, form = _parts(file)
    when = datetime.fromtimestamp(report.start / 1e6, zone).strftime(_FORMS[report.kind])
    anew = f" ({_of(_ANEW, language)} {report.revision})" if report.revision > 1 else ""
    of = ", ".join((_of(site, language), *report.areas))
    name = f"{_of(KINDS[report.kind], language)} {when}{anew} – {of}"
    return f"{name.translate(_UNSAFE)[:120]}.{form}"


def said(  # noqa: PLR0913  what a letter is made of
    report: Report, places: Places, language: str, road: Road, address: str, files: Iterable[str]
) -> Words:
    """A report in words, for a road: its headline, what must be known, and where it lies."""
    of = [_of(places.areas.get(area, Text(area, area)), language) for area in report.areas]
    title = f"{_titled(report, places.zone, language)} – {', '.join((_of(places.site, language), *of))}"
    headline = _of(report.headline, language)
    notes = [_of(note, language) for note in report.notes]
    links = [f"{address}/api/v1/reports/files/{file}" for file in files] if address else []
    lines = [title, "", f"{headline}."]
    parts = [f"<h2>{escape(title)}</h2>", f"<p><b>{escape(headline)}.</b></p>"]
    if notes:
        lines += ["", f"{_of(_KNOW, language)}:", *(f"– {note}" for note in notes)]
        items = "".join(f"<li>{escape(note)}</li>" for note in notes)
        parts.append(f"<p><b>{escape(_of(_KNOW, language))}:</b></p><ul>{items}</ul>")
    if links:
        lines += ["", f"{_of(_OPEN, language)}:", *links]
        opened = "".join(f'<br><a href="{escape(link)}">{escape(link)}</a>' for link in links)
        parts.append(f"<p>{escape(_of(_OPEN, language))}:{opened}</p>")
    elif road.kind not in ENCLOSING:
        lines += ["", f"{_of(_ASK, language)}: {report.name}"]
    lines += ["", f"Hải Đăng · {report.name}"]
    parts.append(f"<p><small>Hải Đăng · {escape(report.name)}</small></p>")
    short = f"{title}: {headline}. {' '.join(links[:1])}".strip()
    return Words(
        title=f"{title}: {headline}",
        short=sms.plain(short) if road.letters == "plain" else short,
        text="\n".join(lines),
        html=f'<div lang="{language}">{"".join(parts)}</div>',
        spoken="",
    )


def _titled(report: Report, zone: ZoneInfo, language: str) -> str:
    first, last = (datetime.fromtimestamp(at / 1e6, zone) for at in (report.start, report.end))
    day = f"{first:%d/%m/%Y}" if language == "vi" else f"{first:%Y-%m-%d}"
    when = {
        "shift": f"{first:%H:%M}–{last:%H:%M} {day}",
        "daily": day,
        "monthly": f"{first.month}/{first.year}" if language == "vi" else f"{first:%Y-%m}",
    }[report.kind]
    anew = f" ({_of(_ANEW, language)} {report.revision})" if report.revision > 1 else ""
    return f"{_of(KINDS[report.kind], language)} {when}{anew}"


def gone(words: Words, language: str) -> Words:
    """With a word that the report was deleted meanwhile."""
    return _with(words, _of(_GONE, language))


def too_large(words: Words, language: str, size: int) -> Words:
    """With a word that its files, of so many bytes, are too large."""
    size_mb = f"{size / 1e6:.1f}"
    size_mb = size_mb.replace(".", ",") if language == "vi" else size_mb
    return _with(words, f"{_of(_LARGE, language).format(size=size_mb)} {_of(_ASK, language)}.")


def _with(words: Words, line: str) -> Words:
    return msgspec.structs.replace(
        words, text=f"{words.text}\n\n{line}", html=f"{words.html}<p><b>{escape(line)}</b></p>"
    )


def _of(text: Text, language: str) -> str:
    return text.vi if language == "vi" else text.en
