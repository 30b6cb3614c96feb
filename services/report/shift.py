"""The hand-over of a shift: what stands, what happened, what is quiet, and what the next one must know. Pure."""
# ruff: noqa: E501  sentences stay whole, in both languages

from services.alerts.load_book import Affair
from services.alerts.load_case import Case
from services.alerts.load_figures import Figures, rank
from services.observation.text import Text
from services.report import load_section, sections, terms
from services.report.axes import local
from services.report.matter import Matter
from services.report.paper import Cell, Column, Note, Paper, Part, Table, Value

_SOON_US = 8 * 3_600_000_000
"""The next shift: what ends by itself within it is its business."""
_WARNING = 2
_NAMED = 6


def build(matter: Matter) -> Paper:
    """The report of the shift `matter` is of."""
    found = matter.figures()
    return Paper(
        "shift",
        Text("Bàn giao ca trực", "Shift hand-over"),
        matter.site,
        matter.zone,
        matter.first,
        matter.last,
        matter.made_at,
        [
            _next(matter, found),
            Part(Text("Đang mở", "Open now"), blocks=[_open(matter), _owed(matter), *_closed(matter)]),
            _happened(matter),
            sections.answers(matter, found),
            Part(Text("Gác lại và giữ im", "Shelved and suppressed"), blocks=[sections.quiet(matter)]),
            _others(matter),
            load_section.build(matter, found),
        ],
        scope=matter.scope,
    )


def _next(matter: Matter, found: Figures) -> Part:
    notes = [Note(text, "do") for text in _musts(matter, found)]
    if not notes:
        notes = [Note(Text("Không có việc gì còn dở.", "Nothing is left over."))]
    return Part(
        Text("Ca sau cần biết", "What the next shift must know"),
        sections.tiles(matter, found),
        [*notes, *sections.gaps(matter)],
    )


def _musts(matter: Matter, found: Figures) -> list[Text]:
    """What is left over, the gravest first; each names its places."""
    open_ones = [case for case in matter.cases if case.stands_at(matter.last)]
    by_kind = [
        ([c for c in open_ones if rank(c.life.severity) >= _WARNING],
         "cảnh báo từ mức cảnh báo trở lên còn mở", "alerts of warning or above are still open"),
        ([c for c in matter.cases if c.life.attention and c.life.shelve_asked is None],
         "cảnh báo chưa ai xác nhận", "alerts wait for somebody's acknowledgement"),
        ([c for c in matter.cases if c.life.shelve_asked is not None],
         "đề nghị gác lại chờ người thứ hai", "requests to shelve wait for a second person"),
        ([c for c in open_ones if _ends_soon(c, matter.last)],
         "cảnh báo gác lại hoặc giữ im sẽ lên tiếng trong 8 giờ tới", "shelved or suppressed alerts speak up within 8 hours"),
        ([c for c in open_ones if c.life.blind],
         "cảnh báo còn mở nhưng cảm biến không còn thấy gì", "open alerts whose sensor sees nothing any more"),
        ([c for c in open_ones if c.life.rule in matter.silent_rules],
         "gateway đang mất tín hiệu: chưa rõ tình trạng cảm biến của chúng", "gateways are silent: nothing is known of their sensors"),
        ([c for c in open_ones if c.life.overdue_at is not None and c.life.attention],
         "cảnh báo đã quá hạn, người kế tiếp đã được báo", "alerts are overdue and the next in line was told"),
    ]  # fmt: skip
    said = [_sentence(matter, cases, vi, en) for cases, vi, en in by_kind if cases]
    if found.flooding:
        said.append(Text("Bão cảnh báo đang diễn ra.", "A flood of alarms goes on."))
    failed = _failed_roads(matter)
    if failed:
        named = ", ".join(failed)
        said.append(Text(f"Đường gửi đang hỏng: {named}.", f"Roads out that fail: {named}."))
    return said


def _sentence(matter: Matter, cases: list[Case], vi: str, en: str) -> Text:
    places = list(dict.fromkeys((matter.place(case).vi, matter.place(case).en) for case in cases))
    more = len(places) - _NAMED
    dots_vi, dots_en = (f" và {more} nơi khác", f" and {more} more") if more > 0 else ("", "")
    return Text(
        f"{len(cases)} {vi}: {', '.join(one for one, _ in places[:_NAMED])}{dots_vi}.",
        f"{len(cases)} {en}: {', '.join(one for _, one in places[:_NAMED])}{dots_en}.",
    )


def _ends_soon(case: Case, now: int) -> bool:
    return any(
        one.end is None and one.until is not None and now < one.until <= now + _SOON_US for one in case.kept
    )


def _failed_roads(matter: Matter) -> list[str]:
    """Roads whose last word was that they fail."""
    state: dict[str, str] = {}
    for affair in matter.affairs:
        if (
            affair.noun == "road"
            and affair.verb in ("failed", "healed", "tested", "dead")
            and affair.at < matter.last
        ):
            name = str(affair.data.get("road") or affair.id)
            if affair.verb != "tested":
                state[name] = affair.verb
    return [name for name, verb in state.items() if verb == "failed"]


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
    return sections.listed(
        Text("Cảnh báo đang mở", "Open alerts"),
        [
            sections.SEVERITY, sections.PLACE, sections.AREA, Column(Text("Trạng thái", "State"), wide=0.9),
            sections.when(Text("Từ", "Since")), Column(Text("Xác nhận bởi", "Acknowledged by"), wide=0.7),
            Column(Text("Giao cho", "Assigned to"), wide=0.7), sections.REASON,
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
            case.reason,
        ]
        for case in cases
    ]
    return sections.listed(
        Text("Đã hết, chưa ai xác nhận", "Over, and acknowledged by nobody"),
        [
            sections.SEVERITY, sections.PLACE, sections.AREA, sections.when(Text("Từ", "From")),
            sections.when(Text("Đến", "Until")), sections.REASON,
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
        sections.listed(
            Text("Đã đóng, cảm biến vẫn báo", "Closed, and the sensor still says so"),
            [
                sections.SEVERITY, sections.PLACE, sections.AREA, sections.when(Text("Từ", "Since")),
                Column(Text("Người đóng", "Closed by"), wide=0.7), Column(Text("Nguyên nhân", "Cause"), wide=0.7), sections.REASON,
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
            answer.by if answer else "", answer.took_s if answer else None, _cause(case), case.reason,
        ])  # fmt: skip
    table = sections.listed(
        Text("Cảnh báo trong ca", "Alerts of the shift"),
        [
            sections.when(Text("Lúc", "At")), sections.SEVERITY, sections.PLACE, sections.HAZARD,
            sections.lasting(Text("Kéo dài", "Lasted")), Column(Text("Xác nhận", "Acknowledged"), wide=0.7),
            sections.lasting(Text("sau", "after")), Column(Text("Nguyên nhân", "Cause"), wide=0.6), sections.REASON,
        ],
        rows,
        empty=Text("Không có cảnh báo mới trong ca.", "No new alerts in this shift."),
    )  # fmt: skip
    return Part(
        Text("Diễn biến trong ca", "What happened"),
        blocks=[sections.over_time(matter, cases, by_day=False), sections.situations(matter), table],
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
            sections.listed(
                Text("Ghi chú và thao tác", "Comments and acts"),
                [
                    sections.when(Text("Lúc", "At")), Column(Text("Người", "Person"), wide=0.8), Column(Text("Việc", "Act"), wide=0.9),
                    Column(Text("Nơi", "Where"), wide=1.2), Column(Text("Lời", "Words"), wide=2.6),
                ],
                acts,
            ),
            sections.listed(
                Text("Bảo trì, đường gửi, bản tin, diễn tập", "Maintenance, roads, bulletins, exercises"),
                [
                    sections.when(Text("Lúc", "At")), Column(Text("Việc gì", "What")), Column(Text("Diễn biến", "Event"), wide=0.8),
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
