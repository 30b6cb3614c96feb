"""The report of a day: alerts, answers, causes, what was quiet, load, and who could be heard. Pure."""

from services.observation.text import Text
from services.report import answers, load_section, opening, places, sections
from services.report.matter import Matter
from services.report.paper import Paper, Part

_QUIET = 40
"""So many are named: the report of each shift has them all."""


def build(matter: Matter) -> Paper:
    """The report of the day `matter` is of."""
    found = matter.figures()
    return matter.paper(
        "daily",
        Text("Báo cáo ngày", "Daily report"),
        [
            opening.build(matter, found, Text("Tóm tắt", "In short")),
            sections.alerts(matter, by_day=False),
            answers.build(matter, found),
            Part(
                Text("Gác lại và giữ im", "Shelved and suppressed"), blocks=[sections.quiet(matter, _QUIET)]
            ),
            load_section.build(matter, found),
            *places.parts(matter),
        ],
    )
