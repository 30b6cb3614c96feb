"""How findings look on a terminal: bad things first, grouped, aligned; colours for a terminal alone. Pure."""

import textwrap
from collections import Counter
from collections.abc import Iterator, Sequence

from services.cli.doctor.finding import GROUPS, Finding, Level, lasting, ordered
from services.runtime import clock

MARK = {Level.OK: "✓", Level.WARN: "!", Level.BAD: "✗"}
HEAD = {Level.BAD: "Bad / Lỗi", Level.WARN: "Doubtful / Cần xem", Level.OK: "Well / Tốt"}
_COLOUR = {Level.OK: "32", Level.WARN: "33;1", Level.BAD: "31;1"}
_FAINT = "2"
NARROWEST, WIDEST = 60, 110


def page(
    findings: Sequence[Finding], about: str, *, colours: bool, width: int, now_us: int | None = None
) -> str:
    """The whole page: a headline, then one block for each level."""
    counts = Counter(finding.level for finding in findings)
    now = clock.now_us() if now_us is None else now_us
    paint = _Paint(colours=colours)
    lines = [
        paint.bold(about),
        "  ".join(paint(_COLOUR[level], f"{MARK[level]} {counts[level]}") for level in HEAD)
        + f"   {_verdict(counts)}",
    ]
    inner = max(NARROWEST, min(width, WIDEST))
    label = max(len(text.en) for text in GROUPS.values()) + 2
    for level, head in HEAD.items():
        mine = [finding for finding in ordered(findings) if finding.level == level]
        if mine:
            lines += ["", paint(_COLOUR[level], head)]
            lines += [line for block in _blocks(mine, label, inner, paint, now) for line in block]
    return "\n".join(lines)


def _verdict(counts: Counter[Level]) -> str:
    if counts[Level.BAD]:
        return "something is wrong / có sự cố"
    if counts[Level.WARN]:
        return "works, with something to look at / chạy được, có điều cần xem"
    return "all is well / mọi thứ đều ổn"


def _blocks(
    findings: Sequence[Finding], label: int, width: int, paint: "_Paint", now: int
) -> Iterator[list[str]]:
    """The lines of each finding; the name of a group stands before its first one."""
    before = ""
    for finding in findings:
        name = "" if finding.group == before else GROUPS[finding.group].en
        before = finding.group
        mark = paint(_COLOUR[finding.level], MARK[finding.level])
        start = f"  {mark} {name:<{label}}"
        yield _lines(finding, start, label + 4, width, paint, now)


def _lines(  # noqa: PLR0913  the parts of a block
    finding: Finding, start: str, indent: int, width: int, paint: "_Paint", now: int
) -> list[str]:
    said = [finding.what.en, finding.what.vi]
    if finding.what.vi == finding.what.en:
        said = said[:1]
    # Of what happens again and again the sentence itself says when it did last.
    if finding.since is not None and " ago" not in finding.what.en:
        ago = lasting(max(0.0, (now - finding.since) / 1e6))
        said = [f"{said[0]} (for {ago.en})", *(f"{text} ({ago.vi} nay)" for text in said[1:])]
    room = width - indent
    if finding.level == Level.OK and len(said) > 1 and len(said[0]) + len(said[1]) + 3 <= room:
        return [start + said[0] + paint(_FAINT, f" · {said[1]}")]
    out = [line for text in said[:1] for line in _wrapped(text, room)]
    out += [paint(_FAINT, line) for text in said[1:] for line in _wrapped(text, room)]
    if finding.remedy is not None:
        out += _wrapped(f"→ {finding.remedy.en}", room)
        out += [paint(_FAINT, line) for line in _wrapped(f"→ {finding.remedy.vi}", room)]
    return [start + out[0], *(" " * indent + line for line in out[1:])]


def _wrapped(text: str, room: int) -> list[str]:
    hang = "  " if text.startswith("→ ") else ""
    return textwrap.wrap(
        text, room, subsequent_indent=hang, break_long_words=False, break_on_hyphens=False
    ) or [""]


class _Paint:
    """Colours, or none."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def __call__(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colours else text

    def bold(self, text: str) -> str:
        return self("1", text)
