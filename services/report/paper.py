"""A report for people, before it is a page, a PDF or a spreadsheet: tiles, tables, bars and notes. Pure.

Everything is said once, in both languages and with its real value (a number, an instant, a share with its
denominator); how it looks is the business of `paper_html`, `paper_pdf`, `paper_xlsx` and `paper_json`.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from services.observation.event import Status
from services.observation.text import Text

Kind = Literal["text", "number", "time", "span", "share", "severity"]
"""How a value is written: `time` is µs UTC, `span` seconds, `severity` a word of the ladder."""

Lang = Literal["vi", "en"]
PaperKind = Literal["shift", "daily", "monthly", "exercise"]

LANGUAGES: tuple[Lang, ...] = ("vi", "en")


class Share(msgspec.Struct, frozen=True):
    """A part of a whole; never without its denominator. Of nothing there is no share."""

    part: float
    whole: float

    @property
    def ratio(self) -> float | None:
        """0 to 1; None where the whole is nothing."""
        return self.part / self.whole if self.whole > 0 else None


Value = Text | Share | str | int | float | None
"""None is "not known" or "there is none"; it is written as a dash, never as 0."""


class Cell(msgspec.Struct, frozen=True):
    """A value that is written otherwise than its column says, or that is beyond its limit."""

    value: Value
    kind: Kind | None = None
    digits: int | None = None
    over: bool = False


class Column(msgspec.Struct, frozen=True):
    """A column: `wide` is its share of the width, `digits` those behind the point, `unit` of its numbers."""

    title: Text
    kind: Kind = "text"
    wide: float = 1.0
    digits: int = 0
    unit: str = ""


class Table(msgspec.Struct):
    """Rows under columns. `empty`: what is said where there are no rows; `more`: rows that were left out."""

    name: Text
    columns: Sequence[Column]
    rows: list[list[Cell | Value]]
    empty: Text = Text("Không có.", "None.")
    note: Text | None = None
    more: int = 0

    def shown(self) -> tuple[list[Column], list[list[Cell | Value]]]:
        """Columns and rows for paper, without columns of words in which nothing stands in any row."""

        def said(value: Cell | Value) -> bool:
            inner = value.value if isinstance(value, Cell) else value
            return inner not in ("", Text("", ""))

        kept = [
            at
            for at, column in enumerate(self.columns)
            if column.kind != "text" or any(said(row[at]) for row in self.rows)
        ]
        return [self.columns[at] for at in kept], [[row[at] for at in kept] for row in self.rows]


class Tile(msgspec.Struct, frozen=True):
    """One figure, large, with what it is and what it is measured against."""

    label: Text
    value: Value
    kind: Kind = "number"
    digits: int = 0
    note: Text | None = None
    over: bool = False


class Bars(msgspec.Struct):
    """Stacked bars: for each label the counts of each series, which are severities."""

    name: Text
    labels: list[str]
    series: dict[str, list[int]]


class Note(msgspec.Struct, frozen=True):
    """A sentence. `gap`: something is not known here; `do`: something the reader has to see to."""

    text: Text
    kind: Literal["plain", "gap", "do"] = "plain"


class Part(msgspec.Struct):
    """A part of the report, under a heading."""

    title: Text
    tiles: list[Tile] = []
    blocks: list[Table | Bars | Note] = []


class Paper(msgspec.Struct):
    """The whole report. Times in µs UTC; they are shown on the wall clock of `zone`.

    Attributes:
        kind: shift, daily, monthly or exercise. first, last: its span. made_at: when it was put together.
        status: `Exercise` and `Test` are written over every page.
        scope: names of areas it is limited to; None: the whole site.
        revision: beyond the first it is made anew, since word of its span came late.
    """

    kind: PaperKind
    title: Text
    site: Text
    zone: str
    first: int
    last: int
    made_at: int
    parts: list[Part]
    status: Status = "Actual"
    scope: Text | None = None
    revision: int = 1


def cell_of(value: "Cell | Value", column: Column) -> Cell:
    """A value as its column has it, where it says nothing else."""
    if not isinstance(value, Cell):
        return Cell(value, column.kind, column.digits)
    kind = value.kind or column.kind
    return Cell(value.value, kind, column.digits if value.digits is None else value.digits, value.over)


def say(text: Text, lang: Lang) -> str:
    """One language of a text."""
    return text.vi if lang == "vi" else text.en
