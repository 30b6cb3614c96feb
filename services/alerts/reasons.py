"""From a transition to its event: ids, numbers, and a sentence in both languages that says why."""

from collections.abc import Callable

from services.alerts.hazard import Facts, Hazard
from services.alerts.hazards import hazards
from services.observation.event import SEVERITIES
from services.observation.text import Text

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
SCHEDULE_CLOSED = Text("Khung giờ của quy tắc đã hết.", "The rule's schedule has closed.")


def sentence(facts: Facts, hazard: str) -> Text:
    """Why, in the hazard's words or in general ones."""
    known: Hazard | None = hazards().get(hazard)
    own = known.reason(facts) if known is not None and known.reason is not None else None
    return own if own is not None else _general(facts)


def _general(facts: Facts) -> Text:
    place, value = facts.place, _number(facts.value, facts.unit)
    if facts.verb == "blind":
        return Text(
            f"Cảm biến tại {place.vi} không còn số đo dùng được; cảnh báo được giữ nguyên. "
            f"Số đo cuối: {value}.",
            f"The sensor at {place.en} no longer gives usable readings; the alert stands. "
            f"Last value: {value}.",
        )
    if facts.verb == "sighted":
        return Text(
            f"Đã có lại số đo tốt tại {place.vi}: {value}.", f"Good readings are back at {place.en}: {value}."
        )
    special = _OF_KIND.get(facts.kind)
    if special is not None:
        return special(facts)
    verb, word = _TRANSITION[facts.verb], SEVERITY_WORDS[facts.severity]
    if facts.threshold is None:
        return Text(f"{place.vi}: {verb.vi}, mức {word.vi}.", f"{place.en}: {verb.en}, {word.en}.")
    limit = _number(facts.threshold, facts.unit)
    return Text(
        f"{place.vi}: {value}, ngưỡng {word.vi} {limit}; {verb.vi}.",
        f"{place.en}: {value}, {word.en} threshold {limit}; {verb.en}.",
    )


def _silent(facts: Facts) -> Text:
    if facts.verb == "cleared":
        return Text(
            f"Cảm biến tại {facts.place.vi} đã gửi số đo trở lại.",
            f"The sensor at {facts.place.en} sends again.",
        )
    return Text(
        f"Cảm biến tại {facts.place.vi} im lặng quá ba chu kỳ đo.",
        f"The sensor at {facts.place.en} has been silent for three intervals.",
    )


def _stuck(facts: Facts) -> Text:
    value = _number(facts.value, facts.unit)
    if facts.verb == "cleared":
        return Text(
            f"Số đo tại {facts.place.vi} đã thay đổi trở lại.", f"Readings at {facts.place.en} move again."
        )
    return Text(
        f"Số đo tại {facts.place.vi} đứng yên ở {value}.",
        f"Readings at {facts.place.en} are stuck at {value}.",
    )


def _combined(facts: Facts) -> Text:
    verb, word = _TRANSITION[facts.verb], SEVERITY_WORDS[facts.severity]
    have, need = int(facts.value or 0), int(facts.threshold or 0)
    return Text(
        f"{facts.place.vi}: {have} điều kiện đạt mức {word.vi}, cần {need}; {verb.vi}.",
        f"{facts.place.en}: {have} conditions at {word.en}, {need} needed; {verb.en}.",
    )


def _number(value: float | None, unit: str) -> str:
    return "—" if value is None else f"{value:.4g} {unit}".rstrip()


_OF_KIND: dict[str, Callable[[Facts], Text]] = {
    "silent": _silent,
    "stuck": _stuck,
    "k_of_n": _combined,
    "and": _combined,
    "or": _combined,
}


def severity_of(level: int) -> str:
    """Word of a level from 1 to 4."""
    return SEVERITIES[level - 1]
