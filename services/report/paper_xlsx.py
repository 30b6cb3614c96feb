"""A report as a workbook: one sheet per table, real numbers and dates, headers that stay in sight. Pure."""

from io import BytesIO
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.observation.event import SEVERITIES
from services.observation.text import Text
from services.report import phrases
from services.report.axes import local
from services.report.paper import (
    Bars,
    Cell,
    Column,
    Lang,
    Note,
    Paper,
    Share,
    Table,
    cell_of,
    say,
)
from services.report.writing import DASH, figure, write

_NAME = 31
"""Letters that the name of a sheet may have."""
_FORBIDDEN = str.maketrans(dict.fromkeys(r"[]:*?/\'", " "))
_DAY_S = 86_400
_COLOURS = {"advisory": "#8A6A00", "watch": "#B4530A", "warning": "#B01226", "emergency": "#6A1590"}
_DATES: dict[Lang, str] = {"vi": "dd/mm/yyyy hh:mm", "en": "yyyy-mm-dd hh:mm"}
_ROWS = 1_048_000
_WIDTHS = {"text": 24, "number": 12, "time": 17, "span": 14, "share": 11, "severity": 12}


class _Book:
    """A workbook under way: its formats, each made once, and the names its sheets have taken."""

    def __init__(self, paper: Paper, lang: Lang, out: BytesIO) -> None:
        self.paper, self.lang = paper, lang
        # Strings stay strings: a cell that begins with "=" in somebody's comment is no formula.
        options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
                   "strings_to_numbers": False, "default_date_format": "dd/mm/yyyy hh:mm"}  # fmt: skip
        self.book = xlsxwriter.Workbook(out, options)
        self.book.set_properties(
            {
                "title": say(paper.title, lang),
                "author": "Hải Đăng",
                "created": local(paper.made_at, "UTC").replace(tzinfo=None),
            }
        )  # fmt: skip
        self._formats: dict[str, Format] = {}
        self._names: set[str] = set()

    def format(self, **how: Any) -> Format:
        """A format, made once."""
        key = repr(sorted(how.items()))
        if key not in self._formats:
            base = {"font_name": "Calibri", "font_size": 11, "valign": "top"}
            self._formats[key] = self.book.add_format(base | how)
        return self._formats[key]

    def sheet(self, name: str) -> Worksheet:
        """A sheet of a name nobody has yet."""
        clean = " ".join(name.translate(_FORBIDDEN).split()) or "–"
        short, number = clean[:_NAME].strip(), 2
        if len(clean) > _NAME and " " in short:  # not in the middle of a word
            short = clean[:_NAME].rsplit(" ", 1)[0].rstrip(" ,;–") + "…"
        while short.casefold() in self._names:
            tail = f" {number}"
            short, number = clean[: _NAME - len(tail)].strip() + tail, number + 1
        self._names.add(short.casefold())
        return self.book.add_worksheet(short)


def render(paper: Paper, lang: Lang) -> bytes:
    """The workbook's bytes."""
    out = BytesIO()
    book = _Book(paper, lang, out)
    _summary(book)
    for part in paper.parts:
        for block in part.blocks:
            if isinstance(block, Table):
                _table(book, block)
            elif isinstance(block, Bars):
                _bars(book, block)
    book.book.close()
    return out.getvalue()


def _summary(book: _Book) -> None:
    """The first sheet: what it is, every single figure, every sentence."""
    paper, lang = book.paper, book.lang
    sheet = book.sheet(say(Text("Tóm tắt", "Summary"), lang))
    sheet.set_column(0, 0, 52)
    sheet.set_column(1, 1, 20)
    sheet.set_column(2, 2, 70)
    sheet.write_string(0, 0, say(paper.title, lang), book.format(bold=True, font_size=16))
    sheet.write_string(1, 0, f"{say(paper.site, lang)} · {phrases.spanning(paper, lang)}")
    row = 2
    if paper.status != "Actual":
        sheet.write_string(
            row, 0, say(phrases.BANNER[paper.status], lang), book.format(bold=True, font_color="#B01226")
        )
        row += 1
    row += 1
    for part in paper.parts:
        notes = [block for block in part.blocks if isinstance(block, Note)]
        if not part.tiles and not notes:
            continue
        sheet.write_string(row, 0, say(part.title, lang), book.format(bold=True, font_size=13, bottom=1))
        row += 1
        for tile in part.tiles:
            sheet.write_string(row, 0, say(tile.label, lang))
            _write(book, sheet, row, 1, Cell(tile.value, tile.kind, tile.digits, tile.over))
            _, below = figure(tile, paper.zone, lang)  # a share with what it is a share of
            if below:
                sheet.write_string(row, 2, below, book.format(font_color="#56636F"))
            row += 1
        for note in notes:
            sheet.write_string(row, 0, say(note.text, lang), book.format(italic=note.kind == "gap"))
            row += 1
        row += 1
    sheet.write_string(row, 0, phrases.made(paper, lang), book.format(font_color="#56636F"))


def _table(book: _Book, table: Table) -> None:
    lang = book.lang
    sheet = book.sheet(say(table.name, lang))
    head = book.format(bold=True, text_wrap=True, bottom=2, bg_color="#E9EDF0")
    places = _places(table.columns)
    for at, column in enumerate(table.columns):
        title = say(column.title, lang) + (f" ({column.unit})" if column.unit else "")
        place = places[at]
        width = max(
            _WIDTHS[column.kind] * (min(column.wide, 3.0) if column.kind == "text" else 1), len(title) * 0.7
        )
        sheet.set_column(place, place, width)
        sheet.write_string(0, place, title, head)
        if column.kind == "share":  # with what it is a share of, as numbers of their own
            sheet.set_column(place + 1, place + 2, 11)
            sheet.write_string(0, place + 1, say(Text("phần", "part"), lang), head)
            sheet.write_string(0, place + 2, say(Text("trên tổng", "of"), lang), head)
    for number, row in enumerate(table.rows[:_ROWS], 1):
        for place, value, column in zip(places, row, table.columns, strict=True):
            cell = cell_of(value, column)
            _write(book, sheet, number, place, cell)
            if column.kind == "share" and isinstance(cell.value, Share):
                sheet.write_number(number, place + 1, cell.value.part)
                sheet.write_number(number, place + 2, cell.value.whole)
    wide = places[-1] + (2 if table.columns[-1].kind == "share" else 0)
    _finish(book, sheet, table, wide)


def _finish(book: _Book, sheet: Worksheet, table: Table, wide: int) -> None:
    rows = len(table.rows)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    if rows:
        sheet.autofilter(0, 0, rows, wide)
    below = [say(table.empty, book.lang)] if not rows else []
    below += [phrases.more(table.more, book.lang)] if table.more else []
    below += [say(table.note, book.lang)] if table.note is not None else []
    for at, text in enumerate(below, rows + (1 if not rows else 2)):
        sheet.write_string(at, 0, text, book.format(font_color="#56636F"))


def _places(columns: "tuple[Column, ...] | list[Column] | Any") -> list[int]:
    """Where each column begins: a share takes three."""
    places, at = [], 0
    for column in columns:
        places.append(at)
        at += 3 if column.kind == "share" else 1
    return places


def _bars(book: _Book, bars: Bars) -> None:
    """A table of the counts, with a chart beside it."""
    lang = book.lang
    sheet = book.sheet(say(bars.name, lang))
    head = book.format(bold=True, bottom=2, bg_color="#E9EDF0")
    chart = book.book.add_chart({"type": "column", "subtype": "stacked"})
    for at, (word, counts) in enumerate(bars.series.items(), 1):
        sheet.write_string(0, at, write(Cell(word, "severity"), "UTC", lang), head)
        sheet.write_column(1, at, counts)
        chart.add_series({
            "name": [sheet.name, 0, at], "categories": [sheet.name, 1, 0, len(bars.labels), 0],
            "values": [sheet.name, 1, at, len(bars.labels), at],
            "fill": {"color": _COLOURS.get(word, "#56636F")},
        })  # fmt: skip
    sheet.write_string(0, 0, "", head)
    for row, label in enumerate(bars.labels, 1):
        sheet.write_string(row, 0, label)
    chart.set_title({"name": say(bars.name, lang), "name_font": {"size": 12}})
    chart.set_legend({"position": "bottom"})
    sheet.insert_chart(1, len(bars.series) + 2, chart, {"x_scale": 1.6})
    sheet.freeze_panes(1, 1)


def _write(book: _Book, sheet: Worksheet, row: int, column: int, cell: Cell) -> None:
    value = cell.value
    colour = {"font_color": "#B01226", "bold": True} if cell.over else {}
    if isinstance(value, Share):
        if value.ratio is None:
            sheet.write_string(row, column, DASH, book.format(align="right"))
        else:
            sheet.write_number(row, column, value.ratio, book.format(num_format="0.0%", **colour))
    elif value is None or isinstance(value, Text | str):
        text = write(cell, book.paper.zone, book.lang)
        if cell.kind == "severity" and value in SEVERITIES:
            sheet.write_string(row, column, text, book.format(font_color=_COLOURS[str(value)], bold=True))
        else:
            right = {"align": "right"} if value is None and cell.kind != "text" else {"text_wrap": True}
            sheet.write_string(row, column, text, book.format(**right, **colour))
    elif cell.kind == "time":
        at = local(int(value), book.paper.zone).replace(tzinfo=None)
        sheet.write_datetime(
            row, column, at, book.format(num_format=_DATES[book.lang], align="left", **colour)
        )
    elif cell.kind == "span":
        sheet.write_number(row, column, value / _DAY_S, book.format(num_format="[h]:mm:ss", **colour))
    else:
        digits = cell.digits or 0
        shown = "#,##0" + ("." + "0" * digits if digits else "")
        sheet.write_number(row, column, value, book.format(num_format=shown, **colour))
