"""Parts that several reports have: load, alerts by hazard, answers, what was kept quiet, situations, causes. Pure."""
# ruff: noqa: E501  sentences stay whole, in both languages

from collections import Counter
from collections.abc import Iterable, Sequence

from services.alerts.load import BEARABLE_PER_HOUR
from services.alerts.load_case import Case
from services.alerts.load_figures import Figures, Took, rank
from services.observation.event import SEVERITIES
from services.observation.text import Text
from services.report import terms
from services.report.axes import local
from services.report.matter import Matter
from services.report.paper import Bars, Cell, Column, Note, Part, Share, Table, Tile, Value

_LISTED = 200
"""Rows of a list in a report that is printed; the rest is counted."""
_SHIFTS = 15
"""So many stand one by one; of more, the busiest."""
_HOUR_S = 3600.0

SEVERITY = Column(Text("Mức", "Severity"), "severity")
PLACE = Column(Text("Nơi", "Where"), wide=1.2)
AREA = Column(Text("Khu vực", "Area"), wide=0.9)
HAZARD = Column(Text("Loại", "Hazard"), wide=0.8)
REASON = Column(Text("Vì sao", "Why"), wide=2.6)


def count(title: Text, unit: str = "") -> Column:
    """A column of whole numbers."""
    return Column(title, "number", unit=unit)


def when(title: Text) -> Column:
    """A column of instants."""
    return Column(title, "time")


def lasting(title: Text) -> Column:
    """A column of stretches of time."""
    return Column(title, "span")


def listed(
    name: Text,
    columns: Sequence[Column],
    rows: list[list[Cell | Value]],
    most: int = _LISTED,
    **more: Text | None,
) -> Table:
    """A list that is cut where it gets too long to be read."""
    table = Table(name, columns, rows[:most], more=max(len(rows) - most, 0))
    table.empty = more.get("empty") or table.empty
    table.note = more.get("note")
    return table


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
        Column(AREA.title if by_area else HAZARD.title, wide=1.4), count(Text("Cảnh báo", "Alerts")),
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
            count(Text("Cảnh báo", "Alerts")),
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


def answers(matter: Matter, found: Figures) -> Part:
    """Who acknowledged, and how fast; by severity, by person, by shift."""
    head = [
        count(Text("Đã xác nhận", "Answered")),
        lasting(Text("Trung vị", "Median")),
        lasting(Text("p90: 9 trên 10 trong", "p90: 9 in 10 within")),
    ]
    owed = [count(Text("Còn chờ", "Still waiting")), lasting(Text("p90 kể cả còn chờ, ít nhất", "p90 with those waiting, at least"))]  # fmt: skip
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
                "Trung vị và p90 chỉ tính các cảnh báo đã có người trả lời; cảnh báo còn chờ chỉ làm chúng lâu hơn.",
                "From when an alert was told (or escalated after an acknowledgement) until a person acknowledged or "
                "closed it. Median and p90 are of those that were answered; those that wait can only make them longer.",
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
    many = len(parts) > _SHIFTS
    if many:
        parts = sorted(parts, key=lambda pair: (-pair[1].things, pair[0].first))[:_SHIFTS]
    for shift, part in parts:
        over = part.per_operator_hour is not None and part.per_operator_hour > BEARABLE_PER_HOUR
        rows.append([
            shift.name, part.alerts, part.things, Cell(part.per_operator_hour, digits=2, over=over), part.raw,
            Cell(len(part.floods), over=bool(part.floods)), part.took.n, part.took.median_s, part.took.p90_s,
        ])  # fmt: skip
    return Table(
        Text("Ca bận nhất", "The busiest shifts") if many else Text("Theo ca", "By shift"),
        [
            Column(Text("Ca", "Shift"), wide=1.4), count(Text("Cảnh báo", "Alerts")), count(Text("Điều mới", "New things")),
            Column(Text("mỗi giờ trực", "per operator-hour"), "number", digits=2), count(Text("Lượt báo", "Annunciations")),
            count(Text("Bão", "Floods")), count(Text("Đã xác nhận", "Answered")), lasting(Text("Trung vị", "Median")),
            lasting(Text("p90", "p90")),
        ],
        rows,
        more=len(matter.shifts) - len(parts),
    )  # fmt: skip


def quiet(matter: Matter) -> Table:
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
            SEVERITY, PLACE, Column(Text("Bởi", "By"), wide=0.9), when(Text("Từ", "From")), when(Text("Đến", "Until")),
            Column(Text("Nay", "Now"), wide=0.6), Column(Text("Người", "Person"), wide=0.7), REASON,
        ],
        rows,
        empty=Text("Không cảnh báo nào bị gác lại hay giữ im.", "Nothing was shelved or suppressed."),
    )  # fmt: skip


def situations(matter: Matter) -> Table:
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
            Column(HAZARD.title, wide=1.3), count(Text("Cảnh báo", "Alerts")),
            *(count(text) for text in terms.CAUSES.values()), count(Text("Chưa ai nói", "Nobody said")),
            Column(Text("Sai, trên số đã nói", "False, of those said"), "share"),
        ],
        rows,
        empty=Text("Không có cảnh báo nào.", "No alerts."),
    )  # fmt: skip


def tiles(matter: Matter, found: Figures) -> list[Tile]:
    """The figures that stand at the top of every report."""
    open_now = [case for case in matter.cases if case.stands_at(matter.last)]
    severe = sum(rank(case.life.severity) >= 2 for case in open_now)  # noqa: PLR2004  warning
    rate = found.per_operator_hour
    return [
        Tile(
            Text("cảnh báo đang mở", "alerts open"), len(open_now),
            note=Text(f"{severe} từ mức cảnh báo trở lên", f"{severe} of warning or above"), over=severe > 0,
        ),
        Tile(
            Text("chờ xác nhận", "wait for acknowledgement"), len(found.waiting),
            note=_oldest(matter, found), over=bool(found.waiting),
        ),
        Tile(
            Text("cảnh báo mới trong kỳ", "new alerts in this span"), found.alerts,
            note=Text(f"{found.things} điều mới cần xem", f"{found.things} new things to look at"),
        ),
        Tile(
            Text("điều mới mỗi giờ, mỗi người trực", "new things per operator-hour"), rate, digits=2,
            note=Text(f"mốc {BEARABLE_PER_HOUR:.0f}", f"mark: {BEARABLE_PER_HOUR:.0f}"),
            over=rate is not None and rate > BEARABLE_PER_HOUR,
        ),
        Tile(
            Text("thời gian xác nhận, trung vị", "time to acknowledge, median"), found.took.median_s, "span",
            note=Text(f"{found.took.n} lần xác nhận", f"{found.took.n} answers"),
        ),
        Tile(
            Text("9 trên 10 được xác nhận trong", "9 in 10 acknowledged within"), found.took.p90_s, "span",
            note=_with_those_waiting(found.took), over=found.took.waiting > 0,
        ),
        Tile(
            Text("bão cảnh báo", "floods of alarms"), len(found.floods),
            note=Text("mốc: không có", "mark: none"), over=bool(found.floods),
        ),
        Tile(
            Text("đang gác lại / giữ im", "shelved / suppressed now"), f"{len(found.shelved)} / {len(found.suppressed)}", "text",
        ),
    ]  # fmt: skip


def _with_those_waiting(one: Took) -> Text | None:
    if one.p90_least_s is None:
        return None
    least = terms.span(one.p90_least_s)
    return Text(
        f"kể cả {one.waiting} còn chờ: ít nhất {least.vi}",
        f"with {one.waiting} that wait: at least {least.en}",
    )


def _oldest(matter: Matter, found: Figures) -> Text | None:
    if not found.waiting:
        return None
    age = terms.span((matter.last - min(one.since for one in found.waiting)) / 1e6)
    return Text(f"lâu nhất đã {age.vi}", f"the oldest for {age.en}")


def gaps(matter: Matter) -> list[Note]:
    """What this report can't know."""
    found = [] if matter.facts is None else [Note(text, "gap") for text in matter.facts.gaps]
    if matter.since > matter.first:
        at = local(matter.since, matter.zone)
        found.append(
            Note(
                Text(
                    f"Chỉ biết đầy đủ từ {at:%d/%m/%Y %H:%M}; phần trước đó không có trong bộ nhớ.",
                    f"Known in full only from {at:%Y-%m-%d %H:%M}; what was before is no longer in memory.",
                ),
                "gap",
            )
        )
    return found
