"""The hand-over of a shift: what stands, what happened, what is quiet, and what the next one must know. Pure."""
# ruff: noqa: E501  sentences stay whole, in both languages

from services.alerts.load.book import Affair
from services.alerts.load.case import Case
from services.alerts.load.figures import rank
from services.observation.text import Text
from services.report import answers, load_section, opening, sections, terms
from services.report.axes import local
from services.report.columns import AREA, HAZARD, PLACE, REASON, SEVERITY, lasting, listed, when
from services.report.matter import Matter
from services.report.paper import Cell, Column, Paper, Part, Table, Value


def build(matter: Matter) -> Paper:
    """The report of the shift `matter` is of."""
    found = matter.figures()
    return matter.paper(
        "shift",
        Text("Bàn giao ca trực", "Shift hand-over"),
        [
            opening.build(
                matter, found, Text("Ca sau cần biết", "What the next shift must know"), handed_over=True
            ),
            Part(Text("Đang mở", "Open now"), blocks=[_open(matter), _owed(matter), *_closed(matter)]),
            _happened(matter),
            answers.build(matter, found),
            Part(Text("Gác lại và giữ im", "Shelved and suppressed"), blocks=[sections.quiet(matter)]),
            _others(matter),
            load_section.build(matter, found),
        ],
    )


def _open(matter: Matter) -> Table:
    cases = [case for case in matter.cases if case.stands_at(matter.last)]
    cases.sort(key=lambda case: (-rank(case.life.severity), case.heard_at))
    rows: list[list[Cell | Value]] = [
        [
            case.life.severity, matter.place(case), matter.area(case.life.area), terms.label(case.life.label),
            case.heard_at, case.life.acknowledged_by or "", case.life.assignee or "", case.reason,
        ]
        for case in cases
    ]  # fmt: skip
    return listed(
        Text("Cảnh báo đang mở", "Open alerts"),
        [
            SEVERITY, PLACE, AREA, Column(Text("Trạng thái", "State"), wide=0.9),
            when(Text("Từ", "Since")), Column(Text("Xác nhận bởi", "Acknowledged by"), wide=0.7),
            Column(Text("Giao cho", "Assigned to"), wide=0.7), REASON,
        ],
        rows,
        empty=Text("Không có cảnh báo nào đang mở.", "No alert is open."),
    )  # fmt: skip


def _owed(matter: Matter) -> Table:
    """Over, and nobody has looked: returned to normal, unacknowledged."""
    cases = [case for case in matter.cases if case.life.attention and not case.open_at(matter.last)]
    cases.sort(key=lambda case: (-rank(case.worst), case.heard_at))
    rows: list[list[Cell | Value]] = [
        [
            case.worst,
            matter.place(case),
            matter.area(case.life.area),
            case.heard_at,
            case.over_at,
            case.gravest or case.reason,
        ]
        for case in cases
    ]
    return listed(
        Text("Đã hết, chưa ai xác nhận", "Over, and acknowledged by nobody"),
        [
            SEVERITY, PLACE, AREA, when(Text("Từ", "From")),
            when(Text("Đến", "Until")), REASON,
        ],
        rows,
    )  # fmt: skip


def _closed(matter: Matter) -> list[Table]:
    """Closed by a person while the sensor still says so: nobody's business, but nobody may be surprised."""
    cases = [case for case in matter.cases if case.open_at(matter.last) and case.life.closing is not None]
    if not cases:
        return []
    rows: list[list[Cell | Value]] = [
        [case.worst, matter.place(case), matter.area(case.life.area), case.heard_at,
         case.life.closing.by if case.life.closing else "", _cause(case), case.reason]
        for case in sorted(cases, key=lambda case: (-rank(case.worst), case.heard_at))
    ]  # fmt: skip
    return [
        listed(
            Text("Đã đóng, cảm biến vẫn báo", "Closed, and the sensor still says so"),
            [
                SEVERITY, PLACE, AREA, when(Text("Từ", "Since")),
                Column(Text("Người đóng", "Closed by"), wide=0.7), Column(Text("Nguyên nhân", "Cause"), wide=0.7), REASON,
            ],
            rows,
        )
    ]  # fmt: skip


def _happened(matter: Matter) -> Part:
    cases = matter.begun()
    rows: list[list[Cell | Value]] = []
    for case in cases:
        answer = case.responses[0] if case.responses else None
        lasted = None if case.over_at is None else (case.over_at - case.heard_at) / 1e6
        rows.append([
            case.heard_at, case.worst, matter.place(case), matter.hazard(case.life.hazard), lasted,
            answer.by if answer else "", answer.took_s if answer else None, _cause(case), case.gravest or case.reason,
        ])  # fmt: skip
    table = listed(
        Text("Cảnh báo trong ca", "Alerts of the shift"),
        [
            when(Text("Lúc", "At")), SEVERITY, PLACE, HAZARD,
            lasting(Text("Kéo dài", "Lasted")), Column(Text("Người xác nhận", "Acknowledged by"), wide=0.7),
            lasting(Text("Xác nhận sau", "Acknowledged after")), Column(Text("Nguyên nhân", "Cause"), wide=0.6), REASON,
        ],
        rows,
        empty=Text("Không có cảnh báo mới trong ca.", "No new alerts in this shift."),
    )  # fmt: skip
    return Part(
        Text("Diễn biến trong ca", "What happened"),
        blocks=[
            sections.over_time(matter, cases, by_day=False),
            sections.situations(matter),
            table,
            *sections.known_late(matter),
        ],
    )


def _cause(case: Case) -> Text:
    closing = case.life.closing
    return Text("", "") if closing is None else terms.CAUSES[closing.cause]


def _others(matter: Matter) -> Part:
    """Comments and acts that a list of alerts does not show; maintenance, roads, bulletins, observations."""
    known = {case.life.alert_id: case for case in matter.cases}
    acts: list[list[Cell | Value]] = []
    for did in matter.acts:
        case = known.get(did.alert_id)
        if case is None or not matter.first <= did.at < matter.last or did.verb not in terms.VERBS:
            continue
        if did.verb in ("acknowledged", "overdue") and did.words is None:
            continue
        acts.append([did.at, did.by or "", terms.VERBS[did.verb], matter.place(case), terms.words(did.words)])
    affairs: list[list[Cell | Value]] = []
    for affair in matter.affairs:
        if affair.noun in terms.NOUNS and matter.first <= affair.at < matter.last:
            data = affair.data
            said = next((data[key] for key in ("why", "reason", "text", "name", "road") if data.get(key)), "")
            affairs.append(
                [
                    affair.at,
                    _named(affair),
                    terms.AFFAIRS.get(affair.verb, Text(affair.verb, affair.verb)),
                    str(data.get("by") or ""),
                    terms.text_of(said),
                ]
            )
    return Part(
        Text("Ghi chú và việc khác", "Notes and other events"),
        blocks=[
            listed(
                Text("Ghi chú và thao tác", "Comments and acts"),
                [
                    when(Text("Lúc", "At")), Column(Text("Người", "Person"), wide=0.8), Column(Text("Việc", "Act"), wide=0.9),
                    Column(Text("Nơi", "Where"), wide=1.2), Column(Text("Lời", "Words"), wide=2.6),
                ],
                acts,
            ),
            listed(
                Text("Bảo trì, đường gửi, bản tin, diễn tập", "Maintenance, roads, bulletins, exercises"),
                [
                    when(Text("Lúc", "At")), Column(Text("Việc gì", "What")), Column(Text("Diễn biến", "Event"), wide=0.8),
                    Column(Text("Người", "Person"), wide=0.8), Column(Text("Lời", "Words"), wide=2.6),
                ],
                affairs,
            ),
        ],
    )  # fmt: skip


def _named(affair: Affair) -> Text:
    """What it is; what is not real says so."""
    noun, status = terms.NOUNS[affair.noun], affair.data.get("status")
    if affair.noun == "exercise" or status not in terms.STATUS:
        return noun
    of = terms.STATUS[str(status)]
    return Text(f"{noun.vi} ({of.vi.upper()})", f"{noun.en} ({of.en.upper()})")


def handed_over(matter: Matter) -> str:
    """`06:00 – 14:00 22/11`: how a shift is called in a list."""
    first, last = local(matter.first, matter.zone), local(matter.last, matter.zone)
    return f"{first:%H:%M} – {last:%H:%M} {first:%d/%m}"
