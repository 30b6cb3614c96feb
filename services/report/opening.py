"""The first page of a report: the figures at its top, what is left over, what it can't know. Pure."""
# ruff: noqa: E501  sentences stay whole, in both languages

from collections.abc import Iterable

from services.alerts.load.case import Case
from services.alerts.load.figures import rank
from services.alerts.load.nouns import Figures, Took
from services.alerts.scoring.load import BEARABLE_PER_HOUR
from services.observation.text import Text
from services.report import terms
from services.report.axes import local
from services.report.matter import Matter
from services.report.paper import Note, Part, Tile
from services.report.writing import counted

_SOON_US = 8 * 3_600_000_000
"""The next shift: what ends by itself within it is its business."""
_WARNING, _EMERGENCY = 2, 3
_NAMED = 6


def build(matter: Matter, found: Figures, title: Text, *, handed_over: bool = False) -> Part:
    """What must be known at once: figures, what is left over at the end, and what is not known.

    `handed_over`: to a shift that goes on at once, so what waits for it within its hours is told, too.
    """
    said = [*_anew(matter), *_left_over(matter, found, handed_over=handed_over)]
    notes = [Note(text, "do") for text in said]
    if not notes:
        notes = [_nothing(sum(case.stands_at(matter.last) for case in matter.cases))]
    return Part(title, tiles(matter, found), [*notes, *gaps(matter)])


def _anew(matter: Matter) -> list[Text]:
    """That it is made anew, and what was known only later."""
    said = []
    if matter.revision > 1:
        said.append(
            Text(
                f"Bản sửa {matter.revision}, thay bản trước: có tin của kỳ này đến sau khi lập.",
                f"Revision {matter.revision}, in place of the one before: word of this span came after it was made.",
            )
        )
    if matter.late:
        number = counted(len({one.alert_id for one in matter.late}), "", "")
        said.append(
            Text(
                f"{number.vi} cảnh báo của kỳ này chỉ biết sau khi kỳ kết thúc, do số liệu đến muộn.",
                f"Measured in this span and known only after it, since readings came late: {number.en} alerts.",
            )
        )
    return said


def _nothing(still: int) -> Note:
    """Nothing to see to; what stands all the same is told."""
    if not still:
        return Note(Text("Không có việc gì còn dở.", "Nothing is left over."))
    return Note(
        Text(
            f"Không có việc gì gấp: {still} cảnh báo dưới mức “cảnh báo” còn mở, đã xác nhận hoặc đang giữ im.",
            f"Nothing urgent: {still} open below warning, each acknowledged or kept quiet.",
        )
    )


def _left_over(matter: Matter, found: Figures, *, handed_over: bool) -> list[Text]:
    """What is left over, the gravest first; each names its places."""
    open_ones = [case for case in matter.cases if case.stands_at(matter.last)]
    silent = [c for c in open_ones if c.life.rule in matter.silent_rules]
    by_kind = [
        ([c for c in open_ones if rank(c.life.severity) >= _EMERGENCY],
         "cảnh báo mức “khẩn cấp” còn mở", "Open at emergency"),
        ([c for c in open_ones if rank(c.life.severity) == _WARNING],
         "cảnh báo mức “cảnh báo” còn mở", "Open at warning"),
        ([c for c in matter.cases if c.life.attention and c.life.shelve_asked is None],
         "cảnh báo chưa ai xác nhận", "Acknowledged by nobody"),
        ([c for c in matter.cases if c.life.shelve_asked is not None],
         "đề nghị gác lại chờ người thứ hai", "Asked to be shelved, a second person is needed"),
        ([c for c in open_ones if handed_over and _ends_soon(c, matter.last)],
         "cảnh báo gác lại hoặc giữ im sẽ lên tiếng trong 8 giờ tới", "Shelved or suppressed, will speak up within 8 hours"),
        ([c for c in open_ones if c.life.blind],
         "cảnh báo còn mở nhưng cảm biến không còn thấy gì", "Open, and the sensor sees nothing any more"),
        ([c for c in open_ones if handed_over and c.life.overdue_at is not None and c.life.attention],
         "cảnh báo đã quá hạn, người kế tiếp đã được báo", "Overdue, the next in line was told"),
    ]  # fmt: skip
    said = [*_going_on(matter), *(_sentence(matter, cases, vi, en) for cases, vi, en in by_kind if cases)]
    if silent:
        said.append(_silent(matter, silent))
    if found.flooding:
        said.append(
            Text(
                "Cảnh báo đang dồn dập: hơn 10 việc mới trong 10 phút cho mỗi người trực.",
                "Alarms come in a flood: more than 10 new things in 10 minutes per operator.",
            )
        )
    failed = _failed_roads(matter)
    if failed:
        named = ", ".join(failed)
        said.append(Text(f"Đường gửi đang hỏng: {named}.", f"Roads out that fail: {named}."))
    return said


def _sentence(matter: Matter, cases: Iterable[Case], vi: str, en: str) -> Text:
    """How many, and where: the gravest places first, each with its hazard."""
    ordered = sorted(cases, key=lambda case: (-rank(case.life.severity), case.heard_at))
    named = dict.fromkeys((matter.place(c), matter.hazard(c.life.hazard)) for c in ordered)
    places = [Text(f"{p.vi} ({h.vi})", f"{p.en} ({h.en})") for p, h in named]
    return _listing(len(ordered), places, vi, en)


def _listing(number: int, places: list[Text], vi: str, en: str) -> Text:
    more = len(places) - _NAMED
    dots_vi, dots_en = (f"; và {more} nơi khác", f"; and {more} more") if more > 0 else ("", "")
    return Text(
        f"{counted(number, vi, '').vi}: {'; '.join(one.vi for one in places[:_NAMED])}{dots_vi}.",
        f"{en}: {counted(number, '', '').en} – {'; '.join(one.en for one in places[:_NAMED])}{dots_en}.",
    )


def _silent(matter: Matter, cases: list[Case]) -> Text:
    places = []
    for case in cases:
        area = matter.area(case.life.area)
        name = case.life.gateway or "–"
        places.append(Text(f"{name} ({area.vi})", f"{name} ({area.en})"))
    return _listing(
        len(cases), places, "gateway đang mất tín hiệu, chưa rõ tình trạng cảm biến",
        "Gateways that are silent, so nothing is known of their sensors",
    )  # fmt: skip


def _going_on(matter: Matter) -> list[Text]:
    """Situations that are not over."""
    newest = {}
    for affair in matter.affairs:
        if affair.noun == "situation" and affair.at < matter.last and affair.data.get("status") == "Actual":
            newest[affair.id] = affair
    told = []
    for affair in newest.values():
        name, word = terms.text_of(affair.data.get("name")), str(affair.data.get("severity_max", ""))
        if affair.verb == "ended" or not name.vi:
            continue
        level, since = terms.severity(word), terms.micros_of(affair.data.get("opened_at"))
        at = None if since is None else local(since, matter.zone)
        vi, en = ("", "") if at is None else (f", từ {at:%H:%M %d/%m}", f", since {at:%Y-%m-%d %H:%M}")
        told.append((rank(word), Text(f"{name.vi} ({level.vi}{vi})", f"{name.en} ({level.en}{en})")))
    if not told:
        return []
    told.sort(key=lambda one: -one[0])
    return [
        Text(
            f"Tình huống đang diễn ra: {'; '.join(text.vi for _, text in told)}.",
            f"Situations that go on: {'; '.join(text.en for _, text in told)}.",
        )
    ]


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


def tiles(matter: Matter, found: Figures) -> list[Tile]:
    """The figures that stand at the top of every report."""
    open_now = [case for case in matter.cases if case.stands_at(matter.last)]
    severe = sum(rank(case.life.severity) >= 2 for case in open_now)  # noqa: PLR2004  warning
    rate = found.per_operator_hour
    return [
        Tile(
            Text("cảnh báo đang mở", "alerts open"), len(open_now),
            note=counted(severe, "từ mức “cảnh báo” trở lên", "of warning or above"), over=severe > 0,
        ),
        Tile(
            Text("chờ xác nhận", "wait for acknowledgement"), len(found.waiting),
            note=_oldest(matter, found), over=bool(found.waiting),
        ),
        Tile(
            Text("cảnh báo mới trong kỳ", "new alerts in this span"), found.alerts,
            note=counted(found.things, "việc mới cần xem", "new things to look at"),
        ),
        Tile(
            Text("việc mới mỗi giờ, mỗi người trực", "new things per operator-hour"), rate, digits=1,
            note=Text(f"mốc {BEARABLE_PER_HOUR:.0f}", f"mark: {BEARABLE_PER_HOUR:.0f}"),
            over=rate is not None and rate > BEARABLE_PER_HOUR,
        ),
        Tile(
            Text("thời gian xác nhận, trung vị", "time to acknowledge, median"), found.took.median_s, "span",
            note=counted(found.took.n, "lần xác nhận", "answers"),
        ),
        Tile(
            Text("9 trên 10 được xác nhận trong", "9 in 10 acknowledged within"), found.took.p90_s, "span",
            note=_with_those_waiting(found.took), over=found.took.waiting > 0 and found.took.p90_s is not None,
        ),
        Tile(
            Text("đợt cảnh báo dồn dập", "floods of alarms"), len(found.floods),
            note=Text("hơn 10 việc mới trong 10 phút", "more than 10 new things in 10 minutes"), over=bool(found.floods),
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
        f"kể cả {counted(one.waiting, '', '').vi} còn chờ: ít nhất {least.vi}",
        f"with {counted(one.waiting, '', '').en} that wait: at least {least.en}",
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
