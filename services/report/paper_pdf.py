"""A report as PDF: A4, letters embedded, headers repeated on every page, numbers aligned. Pure but for the fonts.

The letters are Roboto's, which has every Vietnamese one; only those that are used are put into the file.

Over 250 lines: one page layout, whose parts share the same cursor.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

import font_roboto
from fpdf import FPDF
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
from services.report.writing import figure, severity, write

_MARGIN, _TOP, _BOTTOM = 13.0, 15.0, 15.0
_INK, _SOFT, _LINE, _CARD = (21, 32, 43), (86, 99, 111), (221, 226, 230), (246, 247, 248)
_COLOURS = {
    "advisory": (199, 154, 0),
    "watch": (217, 105, 11),
    "warning": (194, 24, 43),
    "emergency": (123, 31, 162),
}
_OVER = _COLOURS["warning"]
_PAD = 1.2
_LEAD = 3.9
"""Height of a line in a table, mm."""
_SMALL = 7.6
_ACROSS = 4
"""Tiles side by side."""
_TILE = 19.0
_STEP = 3.2
_LONGEST_WORD, _LONGEST_LINE = 30.0, 60.0
_LITTLE = 0.5
_RIGHT = ("number", "share", "span")
_ELLIPSIS_LINES = 5
"""Lines of one cell; a longer sentence is cut and says so."""


@cache
def _fonts() -> dict[str, str]:
    return {"": font_roboto.Roboto, "B": font_roboto.RobotoBold, "I": font_roboto.RobotoItalic}


class _Sheet(FPDF):
    """Pages with our head and foot."""

    def __init__(self, paper: Paper, lang: Lang) -> None:
        super().__init__("P", "mm", "A4")
        self.paper, self.tongue = paper, lang
        for style, file in _fonts().items():
            self.add_font("Roboto", style, file)
        self.set_margins(_MARGIN, _TOP, _MARGIN)
        self.c_margin = 0.0  # cells have paddings of ours
        self.set_auto_page_break(auto=False)
        self.set_title(say(paper.title, lang))
        self.set_author("Hải Đăng")
        self.set_lang(lang)
        # The same report gives the same bytes, whenever it is made.
        self.set_creation_date(datetime.fromtimestamp(paper.made_at / 1e6, UTC))
        self.alias_nb_pages()

    def header(self) -> None:
        """A running title from the second page on; the banner of an exercise on every page."""
        if self.paper.status != "Actual":
            self.set_fill_color(*_COLOURS["emergency"])
            self.set_text_color(255, 255, 255)
            self.set_font("Roboto", "B", 10)
            self.set_xy(_MARGIN, 5)
            self.cell(
                self.epw, 6.5, say(phrases.BANNER[self.paper.status], self.tongue), fill=True, align="C"
            )
        if self.page_no() > 1:
            self.set_font("Roboto", "", 7.5)
            self.set_text_color(*_SOFT)
            self.set_xy(_MARGIN, 11.5 if self.paper.status != "Actual" else 8)
            self.cell(
                self.epw, 4, f"{say(self.paper.title, self.tongue)} · {say(self.paper.site, self.tongue)}"
            )
        self.set_y(_TOP if self.paper.status == "Actual" or self.page_no() == 1 else _TOP + 2)

    def footer(self) -> None:
        """When it was made, and which page of how many."""
        self.set_y(-11)
        self.set_font("Roboto", "", 7)
        self.set_text_color(*_SOFT)
        self.cell(self.epw - 26, 4, phrases.made(self.paper, self.tongue))
        self.cell(26, 4, f"{say(phrases.PAGE, self.tongue)} {self.page_no()} / {{nb}}", align="R")

    @property
    def room(self) -> float:
        """What is left of this page, mm."""
        return float(self.h - _BOTTOM - self.get_y())

    def need(self, height: float) -> bool:
        """Begin a new page unless so much is left; whether it was begun."""
        if self.room >= height:
            return False
        self.add_page()
        return True

    def ink(self, colour: tuple[int, int, int], style: str = "", size: float = 9) -> None:
        """How the next letters look."""
        self.set_font("Roboto", style, size)
        self.set_text_color(*colour)

    def lines(self, text: str, width: float) -> list[str]:
        """Text cut into lines for a width, in the present font; at most some, the last one says that it was cut."""
        found: Any = self.multi_cell(width, _LEAD, text, dry_run=True, output="LINES", align="L")
        lines = [str(line) for line in found] or [""]
        return (
            lines
            if len(lines) <= _ELLIPSIS_LINES
            else [*lines[: _ELLIPSIS_LINES - 1], lines[_ELLIPSIS_LINES - 1][:-1] + "…"]
        )


def render(paper: Paper, lang: Lang) -> bytes:
    """The bytes of the PDF."""
    sheet = _Sheet(paper, lang)
    sheet.add_page()
    _title(sheet)
    for part in paper.parts:
        _part(sheet, part)
    return bytes(sheet.output())


def _title(sheet: _Sheet) -> None:
    paper, lang = sheet.paper, sheet.tongue
    sheet.ink(_SOFT, "B", 8.5)
    sheet.cell(sheet.epw, 5, say(paper.site, lang).upper(), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ink(_INK, "B", 19)
    sheet.multi_cell(sheet.epw, 8.5, say(paper.title, lang), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ink(_SOFT, "", 9)
    sheet.cell(sheet.epw, 5.5, phrases.spanning(paper, lang), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _part(sheet: _Sheet, part: Part) -> None:
    # A heading does not stand alone at the foot of a page.
    sheet.need(14 + (_TILE if part.tiles else 16))
    sheet.ln(4)
    sheet.ink(_INK, "B", 12.5)
    sheet.cell(sheet.epw, 7, say(part.title, sheet.tongue), new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.set_draw_color(*_INK)
    sheet.set_line_width(0.45)
    sheet.line(_MARGIN, sheet.get_y(), _MARGIN + sheet.epw, sheet.get_y())
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


def _tiles(sheet: _Sheet, tiles: Sequence[Tile]) -> None:
    gap = 2.5
    width = (sheet.epw - gap * (_ACROSS - 1)) / _ACROSS
    for start in range(0, len(tiles), _ACROSS):
        row = tiles[start : start + _ACROSS]
        sheet.ink(_SOFT, "", 6.8)
        shown = [figure(one, sheet.paper.zone, sheet.tongue) for one in row]
        notes = [sheet.lines(below, width - 5) if below else [] for _, below in shown]
        sheet.ink(_INK, "", 7.8)
        labels = [sheet.lines(say(one.label, sheet.tongue), width - 5) for one in row]
        tall = 10.5 + max(3.4 * len(a) + 2.9 * len(b) for a, b in zip(labels, notes, strict=True))
        sheet.need(tall + 2)
        top = sheet.get_y()
        for at, tile in enumerate(row):
            _tile(
                sheet,
                (_MARGIN + at * (width + gap), top, width, tall),
                shown[at][0],
                labels[at],
                notes[at],
                over=tile.over,
            )
        sheet.set_y(top + tall + 2.5)


def _tile(  # noqa: PLR0913  a box and what stands in it
    sheet: _Sheet,
    box: tuple[float, float, float, float],
    text: str,
    label: list[str],
    note: list[str],
    *,
    over: bool,
) -> None:
    x, y, width, tall = box
    sheet.set_draw_color(*_LINE)
    sheet.set_fill_color(*_CARD)
    sheet.set_line_width(0.25)
    sheet.rect(x, y, width, tall, style="DF", round_corners=True, corner_radius=1.4)
    size = 15.0
    sheet.ink(_OVER if over else _INK, "B", size)
    while sheet.get_string_width(text) > width - 5 and size > 7:  # noqa: PLR2004  smaller can't be read
        size -= 0.5
        sheet.set_font_size(size)
    sheet.set_xy(x + 2.5, y + 1.6)
    sheet.cell(width - 5, 7, text)
    at = y + 8.6
    for lines, look, step in ((label, (_INK, "", 7.8), 3.4), (note, (_SOFT, "", 6.8), 2.9)):
        sheet.ink(*look)
        for line in lines:
            sheet.set_xy(x + 2.5, at)
            sheet.cell(width - 5, step, line)
            at += step


def _note(sheet: _Sheet, note: Note) -> None:
    sheet.ink(_INK, "B" if note.kind == "do" else "", 8.4)
    width = sheet.epw - 6
    text = say(note.text, sheet.tongue)
    found: Any = sheet.multi_cell(width, 4.2, text, dry_run=True, output="LINES", align="L")
    tall = 4.2 * len(found) + 2.4
    sheet.need(tall + 1.5)
    y = sheet.get_y()
    colour = {"gap": _COLOURS["advisory"], "do": _OVER}.get(note.kind, _LINE)
    sheet.set_fill_color(*_CARD)
    sheet.rect(_MARGIN, y, sheet.epw, tall, style="F")
    sheet.set_fill_color(*colour)
    sheet.rect(_MARGIN, y, 1.1, tall, style="F")
    sheet.set_xy(_MARGIN + 4, y + 1.2)
    sheet.multi_cell(width, 4.2, text, align="L")
    sheet.set_xy(_MARGIN, y + tall + 1.5)


def _subtitle(sheet: _Sheet, text: str, below: float) -> None:
    sheet.need(9 + below)
    sheet.ln(1.6)
    sheet.ink(_INK, "B", 9.2)
    sheet.cell(sheet.epw, 5.4, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _small(sheet: _Sheet, text: str) -> None:
    sheet.ink(_SOFT, "", _SMALL)
    found: Any = sheet.multi_cell(sheet.epw, 3.8, text, dry_run=True, output="LINES", align="L")
    sheet.need(3.8 * len(found) + 1)
    sheet.multi_cell(sheet.epw, 3.8, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    sheet.ln(1)


def _table(sheet: _Sheet, table: Table) -> None:
    lang = sheet.tongue
    _subtitle(sheet, say(table.name, lang), 14 if table.rows else 5)
    if not table.rows:
        _small(sheet, say(table.empty, lang))
    else:
        widths = _widths(sheet, table)
        _heads(sheet, table, widths)
        for row in table.rows:
            _row(sheet, table, row, widths)
        sheet.ln(1.2)
        if table.more:
            _small(sheet, phrases.more(table.more, lang))
    if table.note is not None:
        _small(sheet, say(table.note, lang))


def _widths(sheet: _Sheet, table: Table) -> list[float]:
    """As wide as what stands there needs; where that is too much, every column keeps its longest word."""
    zone, lang = sheet.paper.zone, sheet.tongue
    least, most = [], []
    for at, column in enumerate(table.columns):
        more = 2 * _PAD + 0.8 + (_STEP if column.kind == "severity" else 0.0)
        sheet.ink(_INK, "B", _SMALL)
        words = max((sheet.get_string_width(word) for word in _title_of(column, lang).split()), default=0.0)
        whole = words
        for row in table.rows[:200]:
            cell = cell_of(row[at], column)
            sheet.ink(_INK, "B" if cell.over else "", _SMALL)
            text = write(cell, zone, lang)
            whole = max(whole, sheet.get_string_width(text))
            words = max(words, *(sheet.get_string_width(word) for word in text.split() or [""]))
        # What is short and read down the column is not broken.
        shortest = whole if column.kind in ("severity", "time", "number") else words
        least.append(min(float(shortest), _LONGEST_WORD) + more)
        most.append(min(float(whole), _LONGEST_LINE * column.wide) + more)
    free = float(sheet.epw) - sum(most)
    if free >= 0:  # all fits on one line: the texts share what is over
        share = [column.wide if column.kind == "text" else _LITTLE for column in table.columns]
        return [need + free * wide / sum(share) for need, wide in zip(most, share, strict=True)]
    free = float(sheet.epw) - sum(least)
    if free <= 0:
        return [need * float(sheet.epw) / sum(least) for need in least]
    wish = [max(big - small, 0.0) for small, big in zip(least, most, strict=True)]
    return [small + free * more / sum(wish) for small, more in zip(least, wish, strict=True)]


def _title_of(column: Column, lang: Lang) -> str:
    return say(column.title, lang) + (f" ({column.unit})" if column.unit else "")


def _heads(sheet: _Sheet, table: Table, widths: Sequence[float]) -> None:
    sheet.ink(_INK, "B", _SMALL)
    cut = [
        sheet.lines(_title_of(column, sheet.tongue), width - 2 * _PAD)
        for column, width in zip(table.columns, widths, strict=True)
    ]
    tall = max(len(lines) for lines in cut) * _LEAD + 1.6
    x, y = _MARGIN, sheet.get_y()
    for lines, column, width in zip(cut, table.columns, widths, strict=True):
        for nth, line in enumerate(lines):
            sheet.set_xy(x + _PAD, y + 0.8 + tall - 1.6 - (len(lines) - nth) * _LEAD)
            sheet.cell(width - 2 * _PAD, _LEAD, line, align="R" if column.kind in _RIGHT else "L")
        x += width
    sheet.set_draw_color(*_SOFT)
    sheet.set_line_width(0.35)
    sheet.line(_MARGIN, y + tall, _MARGIN + sum(widths), y + tall)
    sheet.set_xy(_MARGIN, y + tall)


def _row(sheet: _Sheet, table: Table, row: Sequence[Cell | Value], widths: Sequence[float]) -> None:
    cells = [cell_of(value, column) for value, column in zip(row, table.columns, strict=True)]
    sheet.ink(_INK, "", _SMALL)
    cut = []
    for cell, width in zip(cells, widths, strict=True):
        text = write(cell, sheet.paper.zone, sheet.tongue)
        inner = width - 2 * _PAD - (_STEP if cell.kind == "severity" else 0)
        fits = sheet.get_string_width(text) <= inner and "\n" not in text
        cut.append([text] if fits else sheet.lines(text, inner))
    tall = max(len(lines) for lines in cut) * _LEAD + 1.2
    if sheet.need(tall):
        _heads(sheet, table, widths)
    x, y = _MARGIN, sheet.get_y()
    for cell, lines, column, width in zip(cells, cut, table.columns, widths, strict=True):
        sheet.ink(_OVER if cell.over else _INK, "B" if cell.over else "", _SMALL)
        inset = _PAD
        if cell.kind == "severity" and cell.value in SEVERITIES:
            _step(sheet, str(cell.value), x + _PAD, y + 1.0)
            inset += _STEP
        for nth, line in enumerate(lines):
            sheet.set_xy(x + inset, y + 0.6 + nth * _LEAD)
            sheet.cell(width - inset - _PAD, _LEAD, line, align="R" if column.kind in _RIGHT else "L")
        x += width
    sheet.set_draw_color(*_LINE)
    sheet.set_line_width(0.15)
    sheet.line(_MARGIN, y + tall, _MARGIN + sum(widths), y + tall)
    sheet.set_xy(_MARGIN, y + tall)


def _step(sheet: _Sheet, word: str, x: float, y: float) -> None:
    """A severity by height as well as by colour."""
    full = 3.0
    tall = full * (SEVERITIES.index(word) + 1) / len(SEVERITIES)
    sheet.set_draw_color(*_COLOURS[word])
    sheet.set_fill_color(*_COLOURS[word])
    sheet.set_line_width(0.2)
    sheet.rect(x, y, 2.0, full)
    sheet.rect(x, y + full - tall, 2.0, tall, style="F")


def _bars(sheet: _Sheet, bars: Bars) -> None:
    most = max((sum(column) for column in zip(*bars.series.values(), strict=True)), default=0)
    _subtitle(sheet, say(bars.name, sheet.tongue), 46 if most else 5)
    if not most:
        _small(sheet, say(phrases.NO_ALERTS, sheet.tongue))
        return
    left, tall, top = _MARGIN + 9, 32.0, sheet.get_y() + 1.5
    step = (sheet.epw - 9) / len(bars.labels)
    sheet.set_line_width(0.15)
    sheet.set_draw_color(*_LINE)
    sheet.ink(_SOFT, "", 6.8)
    for value in dict.fromkeys((0, most)):
        y = top + tall * (1 - value / most)
        sheet.line(left, y, _MARGIN + sheet.epw, y)
        sheet.set_xy(_MARGIN, y - 1.6)
        sheet.cell(8, 3.2, str(value), align="R")
    every = -(-len(bars.labels) // 16)
    for at, label in enumerate(bars.labels):
        foot = top + tall
        for word, counts in bars.series.items():
            high = counts[at] / most * tall
            if high:
                foot -= high
                sheet.set_fill_color(*_COLOURS.get(word, _SOFT))
                sheet.rect(left + at * step + step * 0.15, foot, step * 0.7, high, style="F")
        if at % every == 0:
            sheet.set_xy(left + at * step - 6, top + tall + 0.8)
            sheet.cell(step + 12, 3.2, label, align="C")
    _legend(sheet, list(bars.series), top + tall + 5)
    sheet.set_xy(_MARGIN, top + tall + 10)


def _legend(sheet: _Sheet, words: Sequence[str], y: float) -> None:
    sheet.ink(_SOFT, "", 6.8)
    x = (
        _MARGIN
        + sheet.epw
        - sum(float(sheet.get_string_width(severity(word, sheet.tongue))) + 8 for word in words)
    )
    for word in words:
        _step(sheet, word, x, y)
        sheet.set_xy(x + 2.6, y)
        text = severity(word, sheet.tongue)
        sheet.cell(20, 3.2, text)
        x += float(sheet.get_string_width(text)) + 8
