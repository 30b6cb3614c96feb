"""The report of a month: alerts, answers, causes, load; stations and gateways, air, lamps, energy. Pure."""

from services.observation.text import Text
from services.report import load_section, places, sections
from services.report.axes import local
from services.report.matter import Matter
from services.report.paper import Paper, Part


def build(matter: Matter) -> Paper:
    """The report of the month `matter` is of."""
    found = matter.figures()
    begun = matter.begun()
    month = local(matter.first, matter.zone)
    return Paper(
        "monthly",
        Text(f"Báo cáo tháng {month.month}/{month.year}", f"Monthly report {month.year}-{month.month:02d}"),
        matter.site,
        matter.zone,
        matter.first,
        matter.last,
        matter.made_at,
        [
            Part(Text("Tóm tắt", "In short"), sections.tiles(matter, found), [*sections.gaps(matter)]),
            Part(
                Text("Cảnh báo", "Alerts"),
                blocks=[
                    sections.over_time(matter, begun, by_day=True),
                    sections.alerts_by_hazard(matter, begun),
                    sections.alerts_by_area(matter, begun),
                    sections.alerts_by_origin(begun),
                    sections.causes(matter),
                ],
            ),
            sections.answers(matter, found),
            load_section.build(matter, found),
            *places.parts(matter),
        ],
        scope=matter.scope,
    )
