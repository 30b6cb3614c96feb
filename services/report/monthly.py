"""The report of a month: alerts, answers, causes, load; stations and gateways, air, lamps, energy. Pure."""

from services.observation.text import Text
from services.report import answers, load_section, opening, places, sections
from services.report.axes import local
from services.report.matter import Matter
from services.report.paper import Paper


def build(matter: Matter) -> Paper:
    """The report of the month `matter` is of."""
    found = matter.figures()
    month = local(matter.first, matter.zone)
    return matter.paper(
        "monthly",
        Text(f"Báo cáo tháng {month.month}/{month.year}", f"Monthly report {month.year}-{month.month:02d}"),
        [
            opening.build(matter, found, Text("Tóm tắt", "In short")),
            sections.alerts(matter, by_day=True),
            answers.build(matter, found),
            load_section.build(matter, found),
            *places.parts(matter),
        ],
    )
