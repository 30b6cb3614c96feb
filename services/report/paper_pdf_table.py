"""Tables of a report's PDF: as wide as what stands in them, their heads on every page. Pure."""

from collections.abc import Sequence
from typing import Any

from fpdf.enums import XPos, YPos

from services.observation.event import SEVERITIES
from services.report import phrases
from services.report.paper import Cell, Column, Lang, Table, Value, cell_of, say
from services.report.paper_sheet import COLOURS, INK, LEAD, LINE, MARGIN, OVER, SOFT, Sheet
from services.report.writing import write

_PAD = 1.2
_SMALL = 7.6
_STEP = 3.2
_LONGEST_WORD, _LONGEST_LINE = 30.0, 60.0
_LITTLE = 0.5
_CRUMB = 0.01
_RIGHT = ("number", "share", "span")
_Columns = Sequence[Column]


def subtitle(sheet: Sheet, text: str, below: float) -> None:
    """The name of what comes; not alone at the foot of a page: so many mm must stand below it."""
    sheet.need(9 + below)
    sheet.ln(1.6)
    sheet.ink(INK, "B", 9.2)
    sheet.cell(sheet.epw, 5.4, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def small(sheet: Sheet, text: str) -> None:
    """A remark in small letters."""
    sheet.ink(SOFT, "", _SMALL)
    found: Any = sheet.multi_cell(sheet.epw, 3.8, text, dry_run=True, output="LINES", align="L")
    sheet.need(3.8 * len(found) + 1)
    sheet.multi_cell(sheet.epw, 3.8, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(1)


def table(sheet: Sheet, given: Table) -> None:
    """A table under its name, its head on every page."""
    lang = sheet.tongue
    subtitle(sheet, say(given.name, lang), 14 if given.rows else 5)
    if not given.rows:
        small(sheet, say(given.empty, lang))
    else:
        columns, rows = given.shown()
        widths = _widths(sheet, columns, rows)
        _heads(sheet, columns, widths)
        for row in rows:
            _row(sheet, columns, row, widths)
        sheet.ln(1.2)
        if given.more:
            small(sheet, phrases.more(given.more, lang))
    if given.note is not None:
        small(sheet, say(given.note, lang))


def _widths(sheet: Sheet, columns: _Columns, rows: Sequence[Sequence[Cell | Value]]) -> list[float]:
    """As wide as what stands there needs; where that is too much, every column keeps its longest word."""
    zone, lang = sheet.paper.zone, sheet.tongue
    least, most = [], []
    for at, column in enumerate(columns):
        more = 2 * _PAD + 0.8 + (_STEP if column.kind == "severity" else 0.0)
        sheet.ink(INK, "B", _SMALL)
        words = max((sheet.get_string_width(word) for word in _title_of(column, lang).split()), default=0.0)
        whole = words
        for row in rows[:200]:
            cell = cell_of(row[at], column)
            sheet.ink(INK, "B" if cell.over else "", _SMALL)
            text = write(cell, zone, lang)
            whole = max(whole, sheet.get_string_width(text))
            words = max(words, *(sheet.get_string_width(word) for word in text.split() or [""]))
        # What is short and read down the column is not broken.
        shortest = whole if column.kind in ("severity", "time", "number", "span") else words
        least.append(min(float(shortest), _LONGEST_WORD) + more)
        most.append(min(float(whole), _LONGEST_LINE * column.wide) + more)
    free = float(sheet.epw) - sum(most)
    if free >= 0:  # all fits on one line: the texts share what is over
        share = [column.wide if column.kind == "text" else _LITTLE for column in columns]
        return [need + free * wide / sum(share) for need, wide in zip(most, share, strict=True)]
    free = float(sheet.epw) - sum(least)
    if free <= 0:
        return [need * float(sheet.epw) / sum(least) for need in least]
    return _shared_out(least, most, [column.wide**0.5 for column in columns], free)


def _shared_out(
    least: Sequence[float], most: Sequence[float], wide: Sequence[float], free: float
) -> list[float]:
    """What is free goes where sentences stand, and to none more than it can use, mm."""
    widths = list(least)
    while free > _CRUMB:
        wish = [max(big - have, 0.0) * share for have, big, share in zip(widths, most, wide, strict=True)]
        if not sum(wish):
            break
        given = [
            min(free * more / sum(wish), max(big - have, 0.0))
            for more, have, big in zip(wish, widths, most, strict=True)
        ]
        widths = [have + more for have, more in zip(widths, given, strict=True)]
        free -= sum(given)
    return widths


def _title_of(column: Column, lang: Lang) -> str:
    return say(column.title, lang) + (f" ({column.unit})" if column.unit else "")


def _heads(sheet: Sheet, columns: _Columns, widths: Sequence[float]) -> None:
    sheet.ink(INK, "B", _SMALL)
    cut = [
        sheet.lines(_title_of(column, sheet.tongue), width - 2 * _PAD)
        for column, width in zip(columns, widths, strict=True)
    ]
    tall = max(len(lines) for lines in cut) * LEAD + 1.6
    x, y = MARGIN, sheet.get_y()
    for lines, column, width in zip(cut, columns, widths, strict=True):
        for nth, line in enumerate(lines):
            sheet.set_xy(x + _PAD, y + 0.8 + tall - 1.6 - (len(lines) - nth) * LEAD)
            sheet.cell(width - 2 * _PAD, LEAD, line, align="R" if column.kind in _RIGHT else "L")
        x += width
    sheet.set_draw_color(*SOFT)
    sheet.set_line_width(0.35)
    sheet.line(MARGIN, y + tall, MARGIN + sum(widths), y + tall)
    sheet.set_xy(MARGIN, y + tall)


def _row(sheet: Sheet, columns: _Columns, row: Sequence[Cell | Value], widths: Sequence[float]) -> None:
    cells = [cell_of(value, column) for value, column in zip(row, columns, strict=True)]
    sheet.ink(INK, "", _SMALL)
    cut = []
    for cell, width in zip(cells, widths, strict=True):
        text = write(cell, sheet.paper.zone, sheet.tongue)
        inner = width - 2 * _PAD - (_STEP if cell.kind == "severity" else 0)
        fits = sheet.get_string_width(text) <= inner and "\n" not in text
        cut.append([text] if fits else sheet.lines(text, inner))
    tall = max(len(lines) for lines in cut) * LEAD + 1.2
    if sheet.need(tall):
        _heads(sheet, columns, widths)
    x, y = MARGIN, sheet.get_y()
    for cell, lines, column, width in zip(cells, cut, columns, widths, strict=True):
        sheet.ink(OVER if cell.over else INK, "B" if cell.over else "", _SMALL)
        inset = _PAD
        if cell.kind == "severity" and cell.value in SEVERITIES:
            rung(sheet, str(cell.value), x + _PAD, y + 1.0)
            inset += _STEP
        for nth, line in enumerate(lines):
            sheet.set_xy(x + inset, y + 0.6 + nth * LEAD)
            sheet.cell(width - inset - _PAD, LEAD, line, align="R" if column.kind in _RIGHT else "L")
        x += width
    sheet.set_draw_color(*LINE)
    sheet.set_line_width(0.15)
    sheet.line(MARGIN, y + tall, MARGIN + sum(widths), y + tall)
    sheet.set_xy(MARGIN, y + tall)


def rung(sheet: Sheet, word: str, x: float, y: float) -> None:
    """A severity by height as well as by colour."""
    full = 3.0
    tall = full * (SEVERITIES.index(word) + 1) / len(SEVERITIES)
    sheet.set_draw_color(*COLOURS[word])
    sheet.set_fill_color(*COLOURS[word])
    sheet.set_line_width(0.2)
    sheet.rect(x, y, 2.0, full)
    sheet.rect(x, y + full - tall, 2.0, tall, style="F")
