"""Who acknowledged, and how fast: by severity, by person, by shift. Pure."""
# ruff: noqa: E501  sentences stay whole, in both languages

from services.alerts.load.nouns import Figures, Took
from services.alerts.scoring.load import BEARABLE_PER_HOUR
from services.observation.event import SEVERITIES
from services.observation.text import Text
from services.report.columns import SEVERITY, count, lasting
from services.report.matter import Matter
from services.report.paper import Bars, Cell, Column, Note, Part, Table, Value

_SHIFTS = 15
"""So many stand one by one; of more, the busiest."""


def build(matter: Matter, found: Figures) -> Part:
    """Who acknowledged, and how fast; by severity, by person, by shift."""
    head = [
        count(Text("Đã xác nhận", "Answered")),
        lasting(Text("Trung vị", "Median")),
        lasting(Text("9 trên 10 trong", "9 in 10 within")),
    ]
    owed = [count(Text("Còn chờ", "Still waiting")), lasting(Text("9 trên 10, kể cả còn chờ: ít nhất", "9 in 10 with those waiting: at least"))]  # fmt: skip
    by_severity: list[list[Cell | Value]] = [
        [word, *_took(found.by_severity[word]), *_owed(found.by_severity[word])]
        for word in reversed(SEVERITIES)
        if word in found.by_severity
    ]
    by_severity += [[Text("Tất cả", "All"), *_took(found.took), *_owed(found.took)]] if by_severity else []
    people: list[list[Cell | Value]] = [[name, *_took(one)] for name, one in found.by_person.items()]
    blocks: list[Table | Bars | Note] = [
        Table(
            Text("Thời gian xác nhận theo mức", "Time to acknowledge by severity"),
            [SEVERITY, *head, *owed],
            by_severity,
            empty=Text("Không ai phải xác nhận gì, hoặc chưa ai xác nhận.", "Nothing was acknowledged."),
            note=Text(
                "Từ lúc cảnh báo được báo (hoặc tăng mức sau khi đã xác nhận) đến lúc một người xác nhận hoặc đóng nó. "
                "Trung vị và “9 trên 10” chỉ tính các cảnh báo đã có người trả lời; cảnh báo còn chờ chỉ làm chúng lâu hơn.",
                "From when an alert was told (or escalated after an acknowledgement) until a person acknowledged or "
                "closed it. Median and “9 in 10” are of those that were answered; those that wait can only make them longer.",
            ),
        ),
        Table(
            Text("Thời gian xác nhận theo người", "Time to acknowledge by person"),
            [Column(Text("Người", "Person"), wide=1.4), *head],
            people,
        ),
    ]
    if len(matter.shifts) > 1:
        blocks.append(_by_shift(matter))
    return Part(Text("Xác nhận", "Acknowledgement"), blocks=blocks)


def _took(one: Took) -> tuple[Value, Value, Value]:
    return one.n, one.median_s, one.p90_s


def _owed(one: Took) -> tuple[Value, Value]:
    return one.waiting, one.p90_least_s


def _by_shift(matter: Matter) -> Table:
    rows: list[list[Cell | Value]] = []
    parts = matter.by_shift()
    idle = more = 0
    many = len(parts) > _SHIFTS
    if many:
        busy = [pair for pair in parts if pair[1].raw or pair[1].things or pair[1].took.n]
        idle, more = len(parts) - len(busy), max(len(busy) - _SHIFTS, 0)
        parts = sorted(busy, key=lambda pair: (-pair[1].things, pair[0].first))[:_SHIFTS]
    for shift, part in parts:
        over = part.per_operator_hour is not None and part.per_operator_hour > BEARABLE_PER_HOUR
        rows.append([
            shift.name, part.alerts, part.things, Cell(part.per_operator_hour, digits=1, over=over), part.raw,
            Cell(len(part.floods), over=bool(part.floods)), part.took.n, part.took.median_s, part.took.p90_s,
        ])  # fmt: skip
    return Table(
        Text("Ca bận nhất", "The busiest shifts") if many else Text("Theo ca", "By shift"),
        [
            Column(Text("Ca", "Shift"), wide=1.4), count(Text("Cảnh báo", "Alerts")), count(Text("Việc mới", "New things")),
            Column(Text("Việc mới mỗi giờ trực", "New things per operator-hour"), "number", digits=1), count(Text("Lần phát báo", "Annunciations")),
            count(Text("Đợt dồn dập", "Floods")), count(Text("Đã xác nhận", "Answered")), lasting(Text("Trung vị", "Median")),
            lasting(Text("9 trên 10 trong", "9 in 10 within")),
        ],
        rows,
        note=Text(f"{idle} ca khác không có gì mới.", f"Shifts without anything new: {idle}.") if idle else None,
        more=more,
    )  # fmt: skip
