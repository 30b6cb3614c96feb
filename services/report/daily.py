"""The report of a day: alerts, answers, causes, what was quiet, load, and who could be heard. Pure."""

from services.observation.text import Text
from services.report import load_section, places, sections
from services.report.matter import Matter
from services.report.paper import Paper, Part


def build(matter: Matter) -> Paper:
    """The report of the day `matter` is of."""
    found = matter.figures()
    begun = matter.begun()
    return Paper(
        "daily",
        Text("Báo cáo ngày", "Daily report"),
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
                    sections.over_time(matter, begun, by_day=False),
                    sections.alerts_by_hazard(matter, begun),
                    sections.alerts_by_area(matter, begun),
                    sections.alerts_by_origin(begun),
                    sections.situations(matter),
                    sections.causes(matter),
                ],
            ),
            sections.answers(matter, found),
            Part(Text("Gác lại và giữ im", "Shelved and suppressed"), blocks=[sections.quiet(matter)]),
            load_section.build(matter, found),
            *places.parts(matter),
        ],
        scope=matter.scope,
    )
