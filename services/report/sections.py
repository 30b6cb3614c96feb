"""Tables of alerts that several reports have: the gravest, counts, what was kept quiet, situations, causes. Pure."""
# ruff: noqa: E501  sentences stay whole, in both languages

from collections import Counter
from collections.abc import Iterable, Sequence

from services.alerts.load.case import Case
from services.alerts.load.figures import rank
from services.observation.event import SEVERITIES
from services.observation.text import Text
from services.report import terms
from services.report.axes import local
from services.report.columns import (
    AREA,
    HAZARD,
    LISTED,
    PLACE,
    REASON,
    SEVERITY,
    count,
    lasting,
    listed,
    when,
)
from services.report.matter import Matter
from services.report.paper import Bars, Cell, Column, Part, Share, Table, Value

_GRAVEST = 15
"""So many of the gravest alerts stand by name in the report of a day or a month."""
_SITUATIONS = 15
_WARNING = 2


def gravest(matter: Matter, cases: Iterable[Case]) -> Table:
    """Alerts from warning on, the gravest first: what a day or a month will be remembered for."""
    found = sorted(
        (case for case in cases if rank(case.worst) >= _WARNING), key=lambda c: (-rank(c.worst), c.heard_at)
    )
    rows: list[list[Cell | Value]] = [
        [
            case.worst, case.heard_at, matter.place(case), matter.area(case.life.area), matter.hazard(case.life.hazard),
            None if case.over_at is None else (case.over_at - case.heard_at) / 1e6, case.gravest or case.reason,
        ]
        for case in found
    ]  # fmt: skip
    return listed(
        Text("Nghiêm trọng nhất", "The gravest"),
        [SEVERITY, when(Text("Lúc", "At")), PLACE, AREA, HAZARD, lasting(Text("Kéo dài", "Lasted")), REASON],
        rows,
        most=_GRAVEST,
        empty=Text(
            "Không có cảnh báo nào từ mức “cảnh báo” trở lên.", "There were no alerts of warning or above."
        ),
        note=Text("Kéo dài “–”: cuối kỳ vẫn chưa hết.", "Lasted “–”: not over at the end.")
        if any(case.over_at is None for case in found[:_GRAVEST])
        else None,
    )


def alerts(matter: Matter, *, by_day: bool) -> Part:
    """The alerts of a day or a month: the gravest by name, the rest in numbers."""
    begun = matter.begun()
    return Part(
        Text("Cảnh báo", "Alerts"),
        blocks=[
            gravest(matter, begun),
            *known_late(matter),
            situations(matter, _SITUATIONS),
            over_time(matter, begun, by_day=by_day),
            alerts_by_hazard(matter, begun),
            alerts_by_area(matter, begun),
            alerts_by_origin(begun),
            causes(matter),
        ],
    )


def known_late(matter: Matter) -> list[Table]:
    """What was measured in the span and told after it: nobody could know, and it is in no figure here."""
    newest = {one.alert_id: one for one in sorted(matter.late, key=lambda one: one.heard)}
    rows: list[list[Cell | Value]] = [
        [
            one.at,
            one.heard,
            one.severity,
            matter.named(one.place),
            matter.area(one.area),
            matter.hazard(one.hazard),
            one.reason,
        ]
        for one in sorted(newest.values(), key=lambda one: one.at)
    ]
    if not rows:
        return []
    return [
        listed(
            Text("Chỉ biết sau: số liệu đến muộn", "Known only later: readings that came late"),
            [
                when(Text("Đo lúc", "Measured")),
                when(Text("Biết lúc", "Known")),
                SEVERITY,
                PLACE,
                AREA,
                HAZARD,
                REASON,
            ],
            rows,
            note=Text(
                "Các cảnh báo này được tính vào kỳ nhận được tin, không nằm trong số liệu ở đây.",
                "These count in the span that got the word, and are in no figure here.",
            ),
        )
    ]


def alerts_by_hazard(matter: Matter, cases: Sequence[Case]) -> Table:
    """How many alerts of each hazard, by the highest severity they reached."""
    return _counted(matter, cases, Text("Theo loại", "By hazard"), by_area=False)


def alerts_by_area(matter: Matter, cases: Sequence[Case]) -> Table:
    """How many alerts in each area, by the highest severity they reached."""
    return _counted(matter, cases, Text("Theo khu vực", "By area"), by_area=True)


def _counted(matter: Matter, cases: Sequence[Case], name: Text, *, by_area: bool) -> Table:
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault(case.life.area if by_area else case.life.hazard, []).append(case)
    rows: list[list[Cell | Value]] = []
    for key, found in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        worst = Counter(case.worst for case in found)
        open_ones = sum(case.stands_at(matter.last) for case in found)
        label = matter.area(key) if by_area else matter.hazard(key)
        rows.append([label, len(found), *(worst[word] for word in SEVERITIES), open_ones])
    if len(rows) > 1:
        total = Counter(case.worst for case in cases)
        still = sum(case.stands_at(matter.last) for case in cases)
        rows.append([Text("Tất cả", "All"), len(cases), *(total[word] for word in SEVERITIES), still])
    columns = [
        Column(AREA.title if by_area else HAZARD.title, wide=1.4), count(Text("Tổng số", "Alerts")),
        *(count(terms.capital(terms.severity(word))) for word in SEVERITIES), count(Text("Còn mở", "Still open")),
    ]  # fmt: skip
    return Table(name, columns, rows, empty=Text("Không có cảnh báo nào.", "No alerts."))


ORIGINS = {
    "sensor": Text("Cảm biến", "Sensors"),
    "self": Text("Hệ thống tự giám sát", "The system itself"),
    "manual": Text("Người báo", "People"),
    "official_bulletin": Text("Bản tin chính thức", "Official bulletins"),
}


def alerts_by_origin(cases: Sequence[Case]) -> Table:
    """What the alerts rest on: an official bulletin is not a local observation."""
    told = Counter(case.life.origin for case in cases)
    rows: list[list[Cell | Value]] = [
        [ORIGINS.get(name, Text(name, name)), number, Share(number, len(cases))]
        for name, number in told.most_common()
    ]
    return Table(
        Text("Theo nguồn", "By origin"),
        [
            Column(Text("Nguồn", "Origin"), wide=1.4),
            count(Text("Tổng số", "Alerts")),
            Column(Text("Phần của tất cả", "Share of all"), "share"),
        ],
        rows,
        empty=Text("Không có cảnh báo nào.", "No alerts."),
    )


def over_time(matter: Matter, cases: Iterable[Case], *, by_day: bool) -> Bars:
    """Alerts by hour or day of the wall clock, in which they were first told, by highest severity."""
    labels: list[str] = []
    index: dict[str, int] = {}
    at = matter.first
    step = 3_600_000_000
    while at < matter.last:
        here = local(at, matter.zone)
        key = f"{here:%Y-%m-%d}" if by_day else f"{here:%Y-%m-%d %H}"
        if key not in index:
            index[key] = len(labels)
            labels.append(f"{here.day}/{here.month}" if by_day else f"{here:%H}h")
        at += step
    series = {word: [0] * len(labels) for word in SEVERITIES}
    for case in cases:
        here = local(case.heard_at, matter.zone)
        nth = index.get(f"{here:%Y-%m-%d}" if by_day else f"{here:%Y-%m-%d %H}")
        if nth is not None and case.worst in series:
            series[case.worst][nth] += 1
    name = (
        Text("Cảnh báo theo ngày", "Alerts by day") if by_day else Text("Cảnh báo theo giờ", "Alerts by hour")
    )
    return Bars(name, labels, series)


def quiet(matter: Matter, most: int = LISTED) -> Table:
    """Everything that was kept quiet at some time of the span: by what, until when, why."""
    found = [
        (case, one)
        for case in matter.cases
        for one in case.kept
        if one.start < matter.last and (one.end is None or one.end > matter.first)
    ]
    rows: list[list[Cell | Value]] = []
    for case, one in sorted(found, key=lambda pair: (-rank(pair[0].worst), pair[1].start)):
        over = one.end is not None and one.end <= matter.last
        endless = one.until is None and one.kind == "shelved"
        rows.append([
            case.worst, matter.place(case), terms.quiet(one.kind), one.start,
            one.end if over else Cell(one.until, over=endless),
            Text("đã hết", "ended") if over else Text("còn im", "still quiet"),
            one.by or "", one.why or Text(one.what or "", one.what or ""),
        ])  # fmt: skip
    return listed(
        Text("Gác lại và giữ im trong kỳ", "Shelved and suppressed in this span"),
        [
            SEVERITY, PLACE, Column(Text("Lý do im", "Quiet by"), wide=0.9), when(Text("Từ", "From")), when(Text("Đến", "Until")),
            Column(Text("Cuối kỳ", "At the end"), wide=0.6), Column(Text("Người", "Person"), wide=0.7), REASON,
        ],
        rows,
        most=most,
        empty=Text("Không cảnh báo nào bị gác lại hay giữ im.", "Nothing was shelved or suppressed."),
    )  # fmt: skip


def situations(matter: Matter, most: int = LISTED) -> Table:
    """Situations that went on at some time of the span, as their last event tells them."""
    newest: dict[str, dict[str, object]] = {}
    for affair in matter.affairs:
        if affair.noun == "situation" and affair.at < matter.last and affair.data.get("status") == "Actual":
            newest[affair.id] = {**affair.data, "_at": affair.at, "_verb": affair.verb}
    rows: list[list[Cell | Value]] = []
    for data in newest.values():
        over = data["_verb"] == "ended"
        ended = terms.micros_of(data.get("time")) if over else None
        if ended is not None and ended < matter.first:
            continue
        areas = data.get("areas")
        rows.append([
            str(data.get("severity_max", "")), terms.text_of(data.get("name")), _areas(matter, areas),
            terms.micros_of(data.get("opened_at")), ended, terms.text_of(data.get("reason")),
        ])  # fmt: skip
    rows.sort(key=lambda row: (-rank(str(row[0])), str(row[3])))
    return listed(
        Text("Tình huống", "Situations"),
        [
            SEVERITY, Column(Text("Tình huống", "Situation"), wide=0.9), Column(Text("Khu vực", "Areas"), wide=1.2),
            when(Text("Bắt đầu", "Opened")), when(Text("Kết thúc", "Ended")), REASON,
        ],
        rows,
        most=most,
        empty=Text("Không có tình huống nào.", "There were no situations."),
    )  # fmt: skip


def _areas(matter: Matter, given: object) -> Text:
    names = [matter.area(one) for one in given if isinstance(one, str)] if isinstance(given, list) else []
    return Text(", ".join(one.vi for one in names), ", ".join(one.en for one in names))


def causes(matter: Matter) -> Table:
    """What closed alerts were, by hazard; of all alerts of the span."""
    begun = matter.begun()
    groups: dict[str, list[Case]] = {}
    for case in begun:
        groups.setdefault(case.life.hazard, []).append(case)
    rows: list[list[Cell | Value]] = []
    for name, found in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        said = Counter(case.life.closing.cause for case in found if case.life.closing is not None)
        rows.append([
            matter.hazard(name), len(found), *(said[cause] for cause in terms.CAUSES), len(found) - sum(said.values()),
            Share(said["false"], sum(said.values())),
        ])  # fmt: skip
    return Table(
        Text("Nguyên nhân theo người đóng cảnh báo", "Causes, by who closed the alerts"),
        [
            Column(HAZARD.title, wide=1.3), count(Text("Tổng số", "Alerts")),
            *(count(text) for text in terms.CAUSES.values()), count(Text("Chưa kết luận", "Nobody said")),
            Column(Text("Báo sai, trên số đã kết luận", "False, of those said"), "share"),
        ],
        rows,
        empty=Text("Không có cảnh báo nào.", "No alerts."),
    )  # fmt: skip
