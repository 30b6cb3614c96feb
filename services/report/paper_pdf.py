"""A report as PDF: tiles, tables, bars and notes under each other. Pure but for the fonts."""

from collections.abc import Sequence
from typing import Any

from fpdf.enums import XPos, YPos

from services.report import phrases
from services.report.paper import (
    Bars,
    Lang,
    Note,
    Paper,
    Part,
    Table,
    Tile,
    say,
)
from services.report.paper_pdf_table import small, subtitle, table
from services.report.paper_sheet import CARD, COLOURS, INK, LINE, MARGIN, OVER, SHADES, SOFT, Sheet
from services.report.writing import figure, severity

_ACROSS = 4
"""Tiles side by side."""
_TILE, _CHART = 19.0, 46.0


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
                table(sheet, block)
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


def _bars(sheet: Sheet, bars: Bars) -> None:
    most = max((sum(column) for column in zip(*bars.series.values(), strict=True)), default=0)
    subtitle(sheet, say(bars.name, sheet.tongue), _CHART if most else 5)
    if not most:
        small(sheet, say(phrases.NO_ALERTS, sheet.tongue))
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
                _shade(sheet, word)
                sheet.rect(left + at * step + step * 0.15, foot, step * 0.7, high, style="DF")
        if at % every == 0:
            sheet.set_xy(left + at * step - 6, top + tall + 0.8)
            sheet.cell(step + 12, 3.2, label, align="C")
    _legend(sheet, list(bars.series), top + tall + 5)
    sheet.set_xy(MARGIN, top + tall + 10)


def _shade(sheet: Sheet, word: str) -> None:
    """Fill in the colour of a severity, the lighter the lower: it is told apart without colours, too."""
    part = SHADES.get(word, 1.0)
    sheet.set_fill_color(*(round(255 - (255 - one) * part) for one in COLOURS.get(word, SOFT)))
    sheet.set_draw_color(*INK)


def _legend(sheet: Sheet, words: Sequence[str], y: float) -> None:
    sheet.ink(SOFT, "", 6.8)
    x = (
        MARGIN
        + sheet.epw
        - sum(float(sheet.get_string_width(severity(word, sheet.tongue))) + 8 for word in words)
    )
    for word in words:
        _shade(sheet, word)
        sheet.rect(x, y + 0.2, 1.8, 2.6, style="DF")
        sheet.set_xy(x + 2.6, y)
        text = severity(word, sheet.tongue)
        sheet.cell(20, 3.2, text)
        x += float(sheet.get_string_width(text)) + 8
