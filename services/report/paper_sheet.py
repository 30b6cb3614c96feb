"""Pages of a report's PDF: A4, letters embedded, our head and foot. Pure but for the fonts it reads.

The letters are Roboto's, which has every Vietnamese one; only those that are used are put into the file.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any

import font_roboto
from fpdf import FPDF

from services.report import phrases
from services.report.paper import Lang, Paper, say

MARGIN, TOP, BOTTOM = 13.0, 15.0, 15.0
INK, SOFT, LINE, CARD = (21, 32, 43), (86, 99, 111), (221, 226, 230), (246, 247, 248)
COLOURS = {
    "advisory": (199, 154, 0),
    "watch": (217, 105, 11),
    "warning": (194, 24, 43),
    "emergency": (123, 31, 162),
}
SHADES = {"advisory": 0.2, "watch": 0.45, "warning": 0.72, "emergency": 1.0}
"""How much of its colour a severity has where nothing but a surface shows it."""
OVER = COLOURS["warning"]
LEAD = 3.9
"""Height of a line in a table, mm."""
_MOST_LINES = 9
"""Of one cell; a longer sentence is cut and says so."""


@cache
def _fonts() -> dict[str, str]:
    return {"": font_roboto.Roboto, "B": font_roboto.RobotoBold}


class Sheet(FPDF):
    """Pages with our head and foot."""

    def __init__(self, paper: Paper, lang: Lang) -> None:
        super().__init__("P", "mm", "A4")
        self.paper, self.tongue = paper, lang
        for style, file in _fonts().items():
            self.add_font("Roboto", style, file)
        self.set_margins(MARGIN, TOP, MARGIN)
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
            self.set_fill_color(*COLOURS["emergency"])
            self.set_text_color(255, 255, 255)
            self.set_font("Roboto", "B", 10)
            self.set_xy(MARGIN, 5)
            self.cell(
                self.epw, 6.5, say(phrases.BANNER[self.paper.status], self.tongue), fill=True, align="C"
            )
        if self.page_no() > 1:
            self.set_font("Roboto", "", 7.5)
            self.set_text_color(*SOFT)
            self.set_xy(MARGIN, 11.5 if self.paper.status != "Actual" else 8)
            self.cell(
                self.epw, 4, f"{say(self.paper.title, self.tongue)} · {say(self.paper.site, self.tongue)}"
            )
        self.set_y(TOP if self.paper.status == "Actual" or self.page_no() == 1 else TOP + 2)

    def footer(self) -> None:
        """When it was made, and which page of how many."""
        self.set_y(-11)
        self.set_font("Roboto", "", 7)
        self.set_text_color(*SOFT)
        self.cell(self.epw - 26, 4, phrases.made(self.paper, self.tongue))
        self.cell(26, 4, f"{say(phrases.PAGE, self.tongue)} {self.page_no()} / {{nb}}", align="R")

    @property
    def room(self) -> float:
        """What is left of this page, mm."""
        return float(self.h - BOTTOM - self.get_y())

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
        """Text in lines of a width, in the present font; what is too long is cut and says so."""
        found: Any = self.multi_cell(width, LEAD, text, dry_run=True, output="LINES", align="L")
        lines = [str(line) for line in found] or [""]
        return (
            lines
            if len(lines) <= _MOST_LINES
            else [*lines[: _MOST_LINES - 1], lines[_MOST_LINES - 1][:-1] + "…"]
        )
