"""A report as PDF: tiles, tables whose heads stand on every page, bars and notes. Pure but for the fonts.

Over 250 lines: one page layout, whose parts share the same cursor.
"""

from collections.abc import Sequence
from typing import Any

from fpdf.enums import XPos, YPos

from services.observation.event import SEVERITIES
from services.report import phrases
from services.report.paper import (
    Bars,
    Cell,
    Column,
    Lang,
    Note,
    Paper,
    Part,
    Table,
    Tile,
    Value,
    cell_of,
    say,
)
from services.report.paper_sheet import CARD, COLOURS, INK, LEAD, LINE, MARGIN, OVER, SOFT, Sheet
from services.report.writing import figure, severity, write

_PAD = 1.2
_SMALL = 7.6
_ACROSS = 4
"""Tiles side by side."""
_TILE, _CHART = 19.0, 46.0
_STEP = 3.2
_LONGEST_WORD, _LONGEST_LINE = 30.0, 60.0
_LITTLE = 0.5
_RIGHT = ("number", "share", "span")
_Columns = Sequence[Column]


def render(paper: Paper, lang: Lang) -> bytes:
    """The bytes of the PDF."""
    sheet = Sheet(paper, lang)
    sheet.add_page()
    _title(sheet)
    for part in paper.parts:
        _part(sheet, part)
    _signed(sheet)
    return bytes(sheet.output())


def _title(sheet: Sheet) -> None:
    paper, lang = sheet.paper, sheet.tongue
    sheet.ink(SOFT, "B", 8.5)
    sheet.cell(sheet.epw, 5, say(paper.site, lang).upper(), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ink(INK, "B", 19)
    sheet.multi_cell(sheet.epw, 8.5, say(paper.title, lang), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ink(SOFT, "", 9)
    sheet.cell(sheet.epw, 5.5, phrases.spanning(paper, lang), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _part(sheet: Sheet, part: Part) -> None:
    # A heading does not stand alone at the foot of a page.
    sheet.need(14 + (_TILE if part.tiles else _foot(part.blocks[0]) if part.blocks else 0))
    sheet.ln(4)
    sheet.ink(INK, "B", 12.5)
    sheet.cell(sheet.epw, 7, say(part.title, sheet.tongue), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.set_draw_color(*INK)
    sheet.set_line_width(0.45)
    sheet.line(MARGIN, sheet.get_y(), MARGIN + sheet.epw, sheet.get_y())
    sheet.ln(2.2)
    if part.tiles:
        _tiles(sheet, part.tiles)
    for block in part.blocks:
        match block:
            case Table():
                _table(sheet, block)
            case Bars():
                _bars(sheet, block)
            case Note():
                _note(sheet, block)


def _foot(block: Table | Bars | Note) -> float:
    """What must stand below the heading of a part at least, mm."""
    if isinstance(block, Note):
        return 8
    return _CHART + 9 if isinstance(block, Bars) else 24


def _signed(sheet: Sheet) -> None:
    """Room for two names, not torn apart."""
    sheet.need(34)
    sheet.ln(6)
    sheet.ink(INK, "B", 9.2)
    for one in phrases.signers(sheet.paper):
        sheet.cell(sheet.epw / 2, 5, say(one, sheet.tongue), align="C")
    sheet.ln(28)


def _tiles(sheet: Sheet, tiles: Sequence[Tile]) -> None:
    gap = 2.5
    width = (sheet.epw - gap * (_ACROSS - 1)) / _ACROSS
    for start in range(0, len(tiles), _ACROSS):
        row = tiles[start : start + _ACROSS]
        sheet.ink(SOFT, "", 6.8)
        shown = [figure(one, sheet.paper.zone, sheet.tongue) for one in row]
        notes = [sheet.lines(below, width - 5) if below else [] for _, below in shown]
        sheet.ink(INK, "", 7.8)
        labels = [sheet.lines(say(one.label, sheet.tongue), width - 5) for one in row]
        tall = 10.5 + max(3.4 * len(a) + 2.9 * len(b) for a, b in zip(labels, notes, strict=True))
        sheet.need(tall + 2)
        top = sheet.get_y()
        for at, tile in enumerate(row):
            _tile(
                sheet,
                (MARGIN + at * (width + gap), top, width, tall),
                shown[at][0],
                labels[at],
                notes[at],
                over=tile.over,
            )
        sheet.set_y(top + tall + 2.5)


def _tile(  # noqa: PLR0913  a box and what stands in it
    sheet: Sheet,
    box: tuple[float, float, float, float],
    text: str,
    label: list[str],
    note: list[str],
    *,
    over: bool,
) -> None:
    x, y, width, tall = box
    sheet.set_draw_color(*LINE)
    sheet.set_fill_color(*CARD)
    sheet.set_line_width(0.25)
    sheet.rect(x, y, width, tall, style="DF", round_corners=True, corner_radius=1.4)
    size = 15.0
    sheet.ink(OVER if over else INK, "B", size)
    while sheet.get_string_width(text) > width - 5 and size > 7:  # noqa: PLR2004  smaller can't be read
        size -= 0.5
        sheet.set_font_size(size)
    sheet.set_xy(x + 2.5, y + 1.6)
    sheet.cell(width - 5, 7, text)
    at = y + 8.6
    for lines, look, step in ((label, (INK, "", 7.8), 3.4), (note, (SOFT, "", 6.8), 2.9)):
        sheet.ink(*look)
        for line in lines:
            sheet.set_xy(x + 2.5, at)
            sheet.cell(width - 5, step, line)
            at += step


def _note(sheet: Sheet, note: Note) -> None:
    sheet.ink(INK, "B" if note.kind == "do" else "", 8.4)
    width = sheet.epw - 6
    text = say(note.text, sheet.tongue)
    found: Any = sheet.multi_cell(width, 4.2, text, dry_run=True, output="LINES", align="L")
    tall = 4.2 * len(found) + 2.4
    sheet.need(tall + 1.5)
    y = sheet.get_y()
    colour = {"gap": COLOURS["advisory"], "do": OVER}.get(note.kind, LINE)
    sheet.set_fill_color(*CARD)
    sheet.rect(MARGIN, y, sheet.epw, tall, style="F")
    sheet.set_fill_color(*colour)
    sheet.rect(MARGIN, y, 1.1, tall, style="F")
    sheet.set_xy(MARGIN + 4, y + 1.2)
    sheet.multi_cell(width, 4.2, text, align="L")
    sheet.set_xy(MARGIN, y + tall + 1.5)


def _subtitle(sheet: Sheet, text: str, below: float) -> None:
    sheet.need(9 + below)
    sheet.ln(1.6)
    sheet.ink(INK, "B", 9.2)
    sheet.cell(sheet.epw, 5.4, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _small(sheet: Sheet, text: str) -> None:
    sheet.ink(SOFT, "", _SMALL)
    found: Any = sheet.multi_cell(sheet.epw, 3.8, text, dry_run=True, output="LINES", align="L")
    sheet.need(3.8 * len(found) + 1)
    sheet.multi_cell(sheet.epw, 3.8, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(1)


def _table(sheet: Sheet, table: Table) -> None:
    lang = sheet.tongue
    _subtitle(sheet, say(table.name, lang), 14 if table.rows else 5)
    if not table.rows:
        _small(sheet, say(table.empty, lang))
    else:
        columns, rows = table.shown()
        widths = _widths(sheet, columns, rows)
        _heads(sheet, columns, widths)
        for row in rows:
            _row(sheet, columns, row, widths)
        sheet.ln(1.2)
        if table.more:
            _small(sheet, phrases.more(table.more, lang))
    if table.note is not None:
        _small(sheet, say(table.note, lang))


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
    wish = [max(big - small, 0.0) for small, big in zip(least, most, strict=True)]
    return [small + free * more / sum(wish) for small, more in zip(least, wish, strict=True)]


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
            _step(sheet, str(cell.value), x + _PAD, y + 1.0)
            inset += _STEP
        for nth, line in enumerate(lines):
            sheet.set_xy(x + inset, y + 0.6 + nth * LEAD)
            sheet.cell(width - inset - _PAD, LEAD, line, align="R" if column.kind in _RIGHT else "L")
        x += width
    sheet.set_draw_color(*LINE)
    sheet.set_line_width(0.15)
    sheet.line(MARGIN, y + tall, MARGIN + sum(widths), y + tall)
    sheet.set_xy(MARGIN, y + tall)


def _step(sheet: Sheet, word: str, x: float, y: float) -> None:
    """A severity by height as well as by colour."""
    full = 3.0
    tall = full * (SEVERITIES.index(word) + 1) / len(SEVERITIES)
    sheet.set_draw_color(*COLOURS[word])
    sheet.set_fill_color(*COLOURS[word])
    sheet.set_line_width(0.2)
    sheet.rect(x, y, 2.0, full)
    sheet.rect(x, y + full - tall, 2.0, tall, style="F")


def _bars(sheet: Sheet, bars: Bars) -> None:
    most = max((sum(column) for column in zip(*bars.series.values(), strict=True)), default=0)
    _subtitle(sheet, say(bars.name, sheet.tongue), _CHART if most else 5)
    if not most:
        _small(sheet, say(phrases.NO_ALERTS, sheet.tongue))
        return
    left, tall, top = MARGIN + 9, 32.0, sheet.get_y() + 1.5
    step = (sheet.epw - 9) / len(bars.labels)
    sheet.set_line_width(0.15)
    sheet.set_draw_color(*LINE)
    sheet.ink(SOFT, "", 6.8)
    for value in dict.fromkeys((0, most)):
        y = top + tall * (1 - value / most)
        sheet.line(left, y, MARGIN + sheet.epw, y)
        sheet.set_xy(MARGIN, y - 1.6)
        sheet.cell(8, 3.2, str(value), align="R")
    every = -(-len(bars.labels) // 16)
    for at, label in enumerate(bars.labels):
        foot = top + tall
        for word, counts in bars.series.items():
            high = counts[at] / most * tall
            if high:
                foot -= high
                sheet.set_fill_color(*COLOURS.get(word, SOFT))
                sheet.rect(left + at * step + step * 0.15, foot, step * 0.7, high, style="F")
        if at % every == 0:
            sheet.set_xy(left + at * step - 6, top + tall + 0.8)
            sheet.cell(step + 12, 3.2, label, align="C")
    _legend(sheet, list(bars.series), top + tall + 5)
    sheet.set_xy(MARGIN, top + tall + 10)


def _legend(sheet: Sheet, words: Sequence[str], y: float) -> None:
    sheet.ink(SOFT, "", 6.8)
    x = (
        MARGIN
        + sheet.epw
        - sum(float(sheet.get_string_width(severity(word, sheet.tongue))) + 8 for word in words)
    )
    for word in words:
        _step(sheet, word, x, y)
        sheet.set_xy(x + 2.6, y)
        text = severity(word, sheet.tongue)
        sheet.cell(20, 3.2, text)
        x += float(sheet.get_string_width(text)) + 8
