"""From a transition to its event: ids, numbers, and a sentence in both languages that says why."""

from collections.abc import Callable

from services.alerts.hazard import Facts, Hazard
from services.alerts.hazards import hazards, properties
from services.alerts.rule.schedule import Schedule
from services.observation.event import SEVERITIES
from services.observation.text import Text, in_vietnamese

_TRANSITION = {
    "raised": Text("bắt đầu cảnh báo", "alert raised"),
    "escalated": Text("tăng mức", "escalated"),
    "eased": Text("giảm mức", "eased"),
    "cleared": Text("kết thúc", "cleared"),
}
SEVERITY_WORDS = {
    "advisory": Text("chú ý", "advisory"),
    "watch": Text("theo dõi", "watch"),
    "warning": Text("cảnh báo", "warning"),
    "emergency": Text("khẩn cấp", "emergency"),
}
RULE_CHANGED = Text(
    "Quy tắc đã đổi; tình trạng được xét lại từ số đo gần nhất.",
    "The rule changed; judged again from the last value.",
)
RULE_GONE = Text("Quy tắc hoặc cảm biến đã bị bỏ.", "The rule or the sensor was removed.")
_NOUNS = {
    "rainfall": "rainfall",
    "tilt_x": "x-axis tilt",
    "tilt_y": "y-axis tilt",
    "rain_severity": "rain severity",
    "rain_10min": "10-minute rain",
    "rain_1h": "1-hour rain",
    "rain_3h": "3-hour rain",
    "rain_12h": "12-hour rain",
    "rain_24h": "24-hour rain",
    "rain_day": "rain-day total",
}
"""English names that read badly before `sensor` or `readings`, in a form that reads well there."""
_SHORT = 3
"""Words of a name that may stand before another noun."""
_SCHEDULE_CLOSED = Text("Khung giờ của quy tắc đã hết.", "The rule's schedule has closed.")
_RULE_OVER = Text("Quy tắc hết hiệu lực (valid_to).", "The rule is no longer in force (valid_to).")


def closed(schedule: Schedule | None, t: int) -> Text:
    """Why a rule that is not in force ends what it let through: its last day, or its hours, µs UTC."""
    return _RULE_OVER if schedule is not None and schedule.over_at(t) else _SCHEDULE_CLOSED


def sentence(facts: Facts, hazard: str) -> Text:
    """Why, in the hazard's words or in general ones."""
    known: Hazard | None = hazards().get(hazard)
    own = known.reason(facts) if known is not None and known.reason is not None else None
    return own if own is not None else _general(facts)


def _general(facts: Facts) -> Text:
    place, what, value = facts.place, _what(facts), _number(facts.value, facts.unit)
    if facts.verb == "blind":
        return Text(
            f"Mất quan sát {what.vi} tại {place.vi}; cảnh báo được giữ nguyên. Số đo cuối: {value.vi}.",
            f"No usable {_readings(facts)} from {place.en} any more; the alert stands."
            f" Last value: {value.en}.",
        )
    if facts.verb == "sighted":
        return Text(
            f"Đã quan sát lại được {what.vi} tại {place.vi}: {value.vi}.",
            f"Good {_readings(facts)} again from {place.en}: {value.en}.",
        )
    special = _OF_KIND.get(facts.kind)
    if special is not None:
        return special(facts)
    verb, word = _TRANSITION[facts.verb], SEVERITY_WORDS[facts.severity]
    if facts.threshold is None:
        return Text(f"{place.vi}: {verb.vi}, mức {word.vi}.", f"{place.en}: {verb.en}, {word.en}.")
    limit = _number(facts.threshold, facts.unit)
    return Text(
        f"{place.vi}: {what.vi} {value.vi}, ngưỡng {word.vi} {limit.vi}; {verb.vi}.",
        f"{place.en}: {what.en} {value.en}, {word.en} threshold {limit.en}; {verb.en}.",
    )


def _silent(facts: Facts) -> Text:
    what = _what(facts)
    if facts.verb == "cleared":
        return Text(
            f"Cảm biến {what.vi} tại {facts.place.vi} đã gửi số đo trở lại.",
            f"The {_noun(facts)} sensor at {facts.place.en} is sending again.",
        )
    return Text(
        f"Cảm biến {what.vi} tại {facts.place.vi} mất tín hiệu quá ba chu kỳ đo.",
        f"The {_noun(facts)} sensor at {facts.place.en} has been silent for three intervals.",
    )


def _stuck(facts: Facts) -> Text:
    what, value = _what(facts), _number(facts.value, facts.unit)
    if facts.verb == "cleared":
        return Text(
            f"Số đo {what.vi} tại {facts.place.vi} đã thay đổi trở lại.",
            f"The {_noun(facts)} sensor at {facts.place.en} shows changing values again.",
        )
    return Text(
        f"Số đo {what.vi} tại {facts.place.vi} đứng yên ở {value.vi}.",
        f"The {_noun(facts)} sensor at {facts.place.en} is stuck at {value.en}.",
    )


def _combined(facts: Facts) -> Text:
    verb, word = _TRANSITION[facts.verb], SEVERITY_WORDS[facts.severity]
    have, need = int(facts.value or 0), int(facts.threshold or 0)
    return Text(
        f"{facts.place.vi}: {have} điều kiện đạt mức {word.vi}, cần {need}; {verb.vi}.",
        f"{facts.place.en}: {have} conditions at {word.en}, {need} needed; {verb.en}.",
    )


def _counted(facts: Facts) -> Text:
    verb, word, what = _TRANSITION[facts.verb], SEVERITY_WORDS[facts.severity], _what(facts)
    have, need = int(facts.value or 0), int(facts.threshold or 0)
    return Text(
        f"{facts.place.vi}: {have} trên {facts.total} cảm biến ({what.vi}) vượt giới hạn, "
        f" mức {word.vi} từ {need}; {verb.vi}.",
        f"{facts.place.en}: {have} of {facts.total} sensors ({what.en}) beyond the limit,"
        f" {word.en} from {need}; {verb.en}.",
    )


def _what(facts: Facts) -> Text:
    """Name of the observed property."""
    known = properties().get(facts.property)
    return Text(facts.property, facts.property) if known is None else known.text


def _noun(facts: Facts) -> str:
    """English name of the observed property, as it stands before another noun."""
    return _NOUNS.get(facts.property) or _what(facts).en


def _readings(facts: Facts) -> str:
    """English: readings of the observed property; a name of many words stands behind."""
    noun = _noun(facts)
    return f"readings of the {noun}" if len(noun.split()) > _SHORT else f"{noun} readings"


def _number(value: float | None, unit: str) -> Text:
    if value is None:
        return Text("—", "—")
    shown, unit = f"{value:.4g}", "" if unit == "1" else f" {unit}"
    return Text(in_vietnamese(shown) + unit, shown + unit)


_OF_KIND: dict[str, Callable[[Facts], Text]] = {
    "silent": _silent,
    "stuck": _stuck,
    "k_of_n": _combined,
    "and": _combined,
    "or": _combined,
    "count": _counted,
}


def severity_of(level: int) -> str:
    """Word of a level from 1 to 4."""
    return SEVERITIES[level - 1]
