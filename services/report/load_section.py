"""The load on the operators: figures beside their marks, who caused it, what stands for long. Pure."""
# ruff: noqa: E501  sentences stay whole, in both languages

from services.alerts.load.marks import MARKS
from services.alerts.load.nouns import Figures
from services.alerts.scoring.load import BEARABLE_PER_HOUR, SPLIT
from services.observation.text import Text
from services.report import terms
from services.report.columns import AREA, HAZARD, PLACE, SEVERITY, count, lasting, listed, when
from services.report.matter import Matter
from services.report.paper import Cell, Column, Note, Part, Share, Table, Value

_HOUR_S = 3600.0
_STALE = 40
"""So many of the oldest alerts are named: the API lists all."""


def build(matter: Matter, found: Figures) -> Part:
    """What the alerts asked of the person on duty, beside the marks."""
    over_rate = found.per_operator_hour is not None and found.per_operator_hour > BEARABLE_PER_HOUR
    over_share = found.flood_share is not None and found.flood_share > MARKS["flood_share"].value
    hours = (found.last - found.first) / 1e6 / _HOUR_S * found.operators
    rows: list[list[Cell | Value]] = [
        [Text("Việc mới cần xem", "New things to look at"), found.things, "", ""],
        [
            Text("… mỗi giờ, mỗi người trực", "… per operator-hour"),
            Cell(found.per_operator_hour, digits=2, over=over_rate),
            *_mark("per_operator_hour"),
        ],
        [Text("Lần phát báo, chưa gộp và giảm", "Annunciations, before grouping and suppression"), found.raw, "", ""],
        [Text("… mỗi giờ, mỗi người trực", "… per operator-hour"), Cell(found.raw_per_operator_hour, digits=2), "", ""],
        [Text("Nhiều nhất trong 10 phút", "Most in 10 minutes"), found.most_in_10_min, *_mark("flood_begins")],
        [Text("Đợt cảnh báo dồn dập", "Floods of alarms"), Cell(len(found.floods), over=bool(found.floods)), *_mark("flood_ends")],
        [
            Text("Thời gian dồn dập, phút", "Time in floods, minutes"),
            Cell(None if found.flood_share is None else Share(found.flood_s / 60, (found.last - found.first) / 6e7), "share", 1, over_share),
            *_mark("flood_share"),
        ],
        [Text("Cảnh báo báo lặp", "Chattering alarms"), Cell(len(found.chattering), over=bool(found.chattering)), *_mark("chattering")],
        [Text("Kéo dài quá 24 giờ, cuối kỳ vẫn còn", "Stale at the end"), Cell(len(found.stale), over=bool(found.stale)), *_mark("stale_h")],
        *(_split(found, name) for name in SPLIT),
    ]  # fmt: skip
    table = Table(
        Text("Tải cảnh báo so với mốc", "Load beside its marks"),
        [
            Column(Text("Chỉ số", "Figure"), wide=1.6),
            Column(Text("Giá trị", "Value"), "number"),
            Column(Text("Mốc", "Mark"), wide=1.5),
            Column(Text("Độ chắc của mốc", "How sure the mark is"), wide=1.5),
        ],
        rows,
        note=Text(
            f"Tính cho {found.operators} người trực, {hours:.0f} giờ trực. Một việc mới: cảnh báo hay tình huống "
            "mà không gì giữ im; một lần phát báo: mọi lần bắt đầu hoặc tăng mức.",
            f"For {found.operators} on duty, {hours:.0f} operator-hours. A new thing: an alert or situation that "
            "nothing keeps quiet; an annunciation: every time one is raised or escalates.",
        ),
    )
    return Part(
        Text("Tải cho người trực", "Load on the operators"),
        blocks=[table, _offenders(matter, found), *_stale(matter, found), *_apart(found)],
    )


def _mark(name: str) -> tuple[Text, Text]:
    mark = MARKS[name]
    return mark.source, Text(terms.tag(mark.tag), mark.tag)


def _split(found: Figures, name: str) -> list[Cell | Value]:
    total = sum(found.split.values())
    share = Cell(Share(found.split[name], total), "share", 0)
    return [terms.PRIORITIES[name], share, *_mark(f"split_{name}")]


def _offenders(matter: Matter, found: Figures) -> Table:
    chattering = {(one.rule, one.place) for one in found.chattering}
    rows: list[list[Cell | Value]] = [
        [
            matter.named(one.place), one.place, one.rule, matter.hazard(one.hazard), one.times, Share(one.times, found.raw),
            Cell(Text("có", "yes"), over=True) if (one.rule, one.place) in chattering else Text("không", "no"),
        ]
        for one in found.actors
        if one.times > 1
    ]  # fmt: skip
    return Table(
        Text("Cảnh báo nhiều nhất", "Top offenders"),
        [
            PLACE, Column(Text("Mã cảm biến", "Sensor"), wide=1.2), Column(Text("Quy tắc", "Rule"), wide=0.9),
            HAZARD, count(Text("Lần phát báo", "Annunciations")), Column(Text("Phần của tất cả", "Share of all"), "share", digits=1),
            Column(Text("Báo lặp", "Chatters"), wide=0.5),
        ],
        rows,
        empty=Text("Không cảnh báo nào phát quá một lần.", "No alarm sounded more than once."),
        note=Text("10 đến 20 cảnh báo đầu thường chiếm 20 đến 80 % tải.", "The top 10 to 20 usually give 20 to 80 % of the load."),
    )  # fmt: skip


def _stale(matter: Matter, found: Figures) -> list[Table]:
    if not found.stale:
        return []
    rows: list[list[Cell | Value]] = [
        [one.severity, matter.named(one.place), one.place, one.rule, matter.area(one.area), one.since, (found.last - one.since) / 1e6, terms.label(one.label)]
        for one in found.stale
    ]  # fmt: skip
    return [
        listed(
            Text("Kéo dài quá 24 giờ", "Stale: active for more than 24 hours"),
            [SEVERITY, PLACE, Column(Text("Mã cảm biến", "Sensor"), wide=1.2), Column(Text("Quy tắc", "Rule")), AREA, when(Text("Từ", "Since")), lasting(Text("Đã", "For")),
             Column(Text("Trạng thái", "State"), wide=0.9)],
            rows,
            most=_STALE,
        )
    ]  # fmt: skip


def _apart(found: Figures) -> list[Note]:
    return [
        Note(
            Text(
                f"{number} cảnh báo {terms.STATUS[status].vi} trong kỳ không nằm trong số liệu nào ở đây.",
                f"Alerts of {terms.STATUS[status].en} in this span, which are in no figure here: {number}.",
            )
        )
        for status, number in found.apart.items()
        if status in terms.STATUS
    ]
