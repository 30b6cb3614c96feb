"""What is said to people: one notice, in every form that a road may need, in both languages. Pure.

The engine's own sentence (`why`) stands in each: value, threshold, since when. Around it: what it is,
where, how bad, what to do. Exercises and tests say so first, in every form, so that nobody takes one for
the real thing.
"""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from unicodedata import normalize
from zoneinfo import ZoneInfo

from services.alerts.hazards import hazards
from services.alerts.saying import advice_of
from services.observation.delivery import Words
from services.observation.text import Text
from services.observation.topics import SITE_AREA
from services.policy.road_nouns import Road
from services.roads import sms, spoken, tongues
from services.roads.notices import Notice
from services.roads.places import Places

LEADS: Mapping[str, Text] = {
    "flood": Text("NGẬP, LŨ", "FLOOD"),
    "rip_current": Text("DÒNG RIP, AO XOÁY", "RIP CURRENT"),
    "lightning": Text("SÉT", "LIGHTNING"),
    "lighting": Text("CHIẾU SÁNG", "STREET LIGHTING"),
    "environment": Text("MÔI TRƯỜNG", "ENVIRONMENT"),
    "tree": Text("CÂY XANH", "TREES"),
    "system": Text("HỆ THỐNG", "SYSTEM"),
    "storm": Text("MƯA DÔNG", "STORM"),
    "sea": Text("BIỂN NGUY HIỂM", "DANGEROUS SEA"),
    "air": Text("KHÔNG KHÍ Ô NHIỄM", "POLLUTED AIR"),
    "water": Text("NƯỚC Ô NHIỄM", "POLLUTED WATER"),
    "outage": Text("MẤT TÍN HIỆU", "OUTAGE"),
}
"""First words of a message, by hazard or kind of situation; another one goes by its own name in capitals."""
_SPOKEN: Mapping[str, Text] = {
    "flood": Text("ngập lụt", "flooding"),
    "rip_current": Text("dòng nước nguy hiểm ngoài bãi biển", "dangerous currents at the beach"),
    "lightning": Text("sét", "lightning"),
    "lighting": Text("đèn đường", "street lights"),
    "environment": Text("môi trường", "the environment"),
    "tree": Text("cây có nguy cơ ngã đổ", "trees that may fall"),
    "storm": Text("mưa dông", "a storm"),
    "sea": Text("biển nguy hiểm", "a dangerous sea"),
    "air": Text("không khí ô nhiễm", "polluted air"),
    "water": Text("nước ô nhiễm", "polluted water"),
}
_ADVICE_OF = {"storm": "lightning", "sea": "rip_current", "air": "environment"}
"""A situation has the public's advice of the hazard that it is mostly about."""
SEVERITY: Mapping[str, Text] = {
    "advisory": Text("Chú ý", "Advisory"),
    "watch": Text("Theo dõi", "Watch"),
    "warning": Text("Cảnh báo", "Warning"),
    "emergency": Text("Khẩn cấp", "Emergency"),
}
_STATUS: Mapping[str, Text] = {
    "Exercise": Text("DIỄN TẬP", "EXERCISE"),
    "Test": Text("THỬ", "TEST"),
}
_STATUS_SPOKEN: Mapping[str, Text] = {
    "Exercise": Text(
        "Đây là diễn tập, không phải tình huống thật. ", "This is an exercise, not a real emergency. "
    ),
    "Test": Text("Đây là thử nghiệm, không có nguy hiểm. ", "This is a test, there is no danger. "),
}
_MARKS: Mapping[str, Text] = {
    "end": Text("HẾT", "ENDED"),
    "overdue": Text("CHƯA AI TIẾP NHẬN", "NOT ACKNOWLEDGED"),
    "again": Text("VẪN CÒN", "STILL HOLDS"),
}
_OVER = Text("Đã kết thúc", "It is over")
_WHOLE = Text("toàn địa bàn", "the whole site")
_DO = Text("Việc cần làm", "What to do")
_OF_SITUATION = Text(
    "Gộp nhiều cảnh báo của cùng một diễn biến.", "Several alerts of one event, told as one."
)
_TEST_TITLE = Text("Thử đường gửi", "Test of the road")


def of(text: Text, language: str) -> str:
    """One language of a text, composed: marks as letters of their own would double an SMS."""
    return normalize("NFC", text.vi if language == "vi" else text.en)


def minute_of_day(us: int, zone: ZoneInfo) -> int:
    """Of the site's wall clock."""
    at = datetime.fromtimestamp(us / 1e6, zone)
    return at.hour * 60 + at.minute


def words(notice: Notice, places: Places, languages: tuple[str, ...], road: Road) -> Words:
    """Say a notice in these languages, one after the other."""
    said = [_words(notice, places, language, road) for language in languages]
    return _joined(said, road)


def _joined(said: list[Words], road: Road) -> Words:
    if len(said) == 1:
        return said[0]
    return Words(
        title=" / ".join(one.title for one in said),
        short=sms.plain("\n".join(one.short for one in said)) if road.letters == "plain" else "\n".join(
            one.short for one in said
        ),
        text="\n\n".join(one.text for one in said),
        html="<hr>".join(one.html for one in said),
        spoken=" ".join(one.spoken for one in said),
    )  # fmt: skip


def _words(notice: Notice, places: Places, language: str, road: Road) -> Words:
    lead = of(LEADS.get(notice.hazard) or _name_of(notice.hazard), language)
    level = of(SEVERITY.get(notice.severity, Text(notice.severity, notice.severity)), language)
    where = _where(notice, places, language)
    status = _STATUS.get(notice.status)
    marks = [of(status, language)] if status is not None else []
    if notice.kind in _MARKS:
        marks.append(of(_MARKS[notice.kind], language))
    mark = "".join(f"[{one}] " for one in marks)
    title = f"{mark}{lead} – {level}: {where}"
    why = of(notice.why, language) or (of(_OVER, language) if notice.kind == "end" else "")
    only = tongues.only(notice.why, notice.language, notice.rule)
    foreign = bool(only) and only != language
    if foreign:
        why = f"{of(tongues.MARKS[only], language)} {why}"
    clock = datetime.fromtimestamp(notice.at / 1e6, places.zone).strftime("%H:%M %d/%m")
    short = f"{mark}{lead} {level}: {where}. {why} ({clock})"
    advice = "" if notice.kind == "end" else _advice(notice, language, public=False)
    return Words(
        title=title,
        short=sms.plain(short) if road.letters == "plain" else short,
        text=_text(title, why, clock, advice, notice, places, language),
        html=_html(title, why, clock, advice, notice, places, language),
        # What is in another language is not read aloud in this one.
        spoken=_aloud(notice, where, "" if foreign else why, language, road),
    )


def _text(  # noqa: PLR0913  the parts of a mail
    title: str, why: str, clock: str, advice: str, notice: Notice, places: Places, language: str
) -> str:
    lines = [title, "", why, f"{clock} – {of(places.site, language)}"]
    if notice.of == "situation" and notice.kind == "new":
        lines.append(of(_OF_SITUATION, language))
    if advice:
        lines += ["", f"{of(_DO, language)}: {advice}"]
    return "\n".join([*lines, "", f"Hải Đăng · {notice.about}"])


def _html(  # noqa: PLR0913  the parts of a mail
    title: str, why: str, clock: str, advice: str, notice: Notice, places: Places, language: str
) -> str:
    parts = [f"<h2>{escape(title)}</h2>", f"<p>{escape(why)}</p>"]
    parts.append(f"<p>{escape(clock)} – {escape(of(places.site, language))}</p>")
    if notice.of == "situation" and notice.kind == "new":
        parts.append(f"<p>{escape(of(_OF_SITUATION, language))}</p>")
    if advice:
        parts.append(f"<p><b>{escape(of(_DO, language))}:</b> {escape(advice)}</p>")
    parts.append(f"<p><small>Hải Đăng · {escape(notice.about)}</small></p>")
    return f'<div lang="{language}">{"".join(parts)}</div>'


def _aloud(notice: Notice, where: str, why: str, language: str, road: Road) -> str:
    """For a loudspeaker: to the public, so its advice and not the operator's."""
    what = of(_SPOKEN.get(notice.hazard) or _name_of(notice.hazard), language)
    first = of(_STATUS_SPOKEN.get(notice.status, Text("", "")), language)
    vietnamese = language == "vi"
    if notice.kind == "end":
        said = f"Đã hết {what} tại {where}." if vietnamese else f"It is over: {what}, {where}."
    else:
        level = of(SEVERITY.get(notice.severity, Text("Cảnh báo", "Warning")), language)
        said = f"{level}: {what} tại {where}." if vietnamese else f"{level}: {what}, {where}."
        if notice.of == "alert" and why:  # how many alerts a situation has is the operator's business
            said = f"{said} {why.rstrip('. ')}."
        said = f"{said} {_advice(notice, language, public=True)}"
    return spoken.aloud(first + said.strip(), language, road.longest)


def _where(notice: Notice, places: Places, language: str) -> str:
    area = _WHOLE if notice.area in (SITE_AREA, "") else places.areas.get(notice.area)
    area_name = notice.area if area is None else of(area, language)
    station = places.stations.get(notice.station)
    return area_name if station is None else f"{of(station, language)}, {area_name}"


def _advice(notice: Notice, language: str, *, public: bool) -> str:
    name = _ADVICE_OF.get(notice.hazard, notice.hazard) if public else notice.hazard
    advice = advice_of(name, notice.rule, notice.sensor, notice.severity)
    if advice is None:
        return ""
    return of(advice.public if public else advice.operator, language)


def _name_of(name: str) -> Text:
    hazard = hazards().get(name)
    if hazard is not None:
        return hazard.text
    return Text(name.replace("_", " ").upper(), name.replace("_", " ").upper())


def trial_words(road: Road, places: Places, at_us: int, languages: tuple[str, ...]) -> Words:
    """What a road carries when it tries itself."""
    clock = datetime.fromtimestamp(at_us / 1e6, places.zone).strftime("%H:%M %d/%m/%Y")
    said = []
    for language in languages:
        mark, title = of(_STATUS["Test"], language), of(_TEST_TITLE, language)
        site = of(places.site, language)
        first = of(_STATUS_SPOKEN["Test"], language)
        text = f"[{mark}] {title} {road.id}: {site}, {clock}. {first}".strip()
        said.append(
            Words(
                title=f"[{mark}] {title} {road.id}",
                short=sms.plain(text) if road.letters == "plain" else text,
                text=f"{text}\n\nHải Đăng",
                html=f'<p lang="{language}">{escape(text)}</p>',
                spoken=spoken.aloud(first.strip(), language, road.longest),
            )
        )
    return _joined(said, road)
