"""The figures as a table: for a terminal, and for the page."""

from collections.abc import Sequence

from bench._rows import BUSY, Document, Found, find

HEAD = ("row", "at least", "aim", "measured", "ratio to peer", "verdict")
BUSY_MARK = " †"
BUSY_NOTE = f"† others kept {BUSY} or more of the machine's cores busy while this was taken"
THOUSAND = 1_000


def number(value: float | None) -> str:
    """Three figures that count."""
    if value is None:
        return "–"
    if abs(value) >= THOUSAND:
        magnitude = 10 ** (len(str(int(abs(value)))) - 3)
        return f"{round(value / magnitude) * magnitude:,}"
    return f"{value:.3g}"


def lines(document: Document) -> list[tuple[str, ...]]:
    """Every row in words."""
    return [_line(found) for found in find(document).values()]


def _line(found: Found) -> tuple[str, ...]:
    row = found.row

    def bound(value: float | None) -> str:
        sign = "≤" if row.better == "less" else "≥"
        return "–" if value is None else f"{sign} {number(value)}"

    measured = "–" if found.value is None else f"{number(found.value)} {row.unit}"
    peers = ", ".join(f"{number(ratio)} × {name}" for name, ratio in found.peers) or "–"
    return (
        row.text, bound(row.least), bound(row.aim),
        measured + (BUSY_MARK if found.busy and found.value is not None else ""), peers, found.verdict,
    )  # fmt: skip


def text(document: Document) -> str:
    """For a terminal."""
    rows = [HEAD, *lines(document)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    out = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    out.insert(1, "  ".join("─" * width for width in widths))
    if any(found.busy for found in find(document).values()):
        out.append(BUSY_NOTE)
    if document["quick"]:
        out.append("--quick: it works; these figures mean little")
    return "\n".join(out) + "\n"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of the page."""
    out = [f"| {' | '.join(head)} |", f"| {' | '.join('---' for _ in head)} |"]
    return "\n".join([*out, *(f"| {' | '.join(row)} |" for row in rows)])
