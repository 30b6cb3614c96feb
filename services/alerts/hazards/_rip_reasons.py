"""Why a rip current alert was told: what was measured, what it rests on, what was missing, who guards."""

from services.alerts.hazard import Facts
from services.alerts.hazards._flood_words import NONE, at, join, number, small, wall
from services.alerts.hazards._rip_beach import P_STEPS, SEA_GIVEN, U_STEPS
from services.alerts.hazards._rip_model import ETA_LIMIT, RANGE_REF
from services.alerts.hazards._rip_texts import BLIND, FLAGS, GIVEN, METER_BACK, TAKEN, WORDS
from services.observation.text import Text

DANGER, BY_WAVES = "rip_danger", "rip_waves"
_DOWN = ("eased", "cleared")
_BY_SEVERITY = {"advisory": 1.0, "watch": 2.0, "warning": 3.0}
"""The flag that goes with the waves alone: 25, 50 and 80 %."""
_BARELY = 0.05
_WHOLE_HISTORY = 71.0


def reason(facts: Facts) -> Text | None:
    """The sentence of a decision; None: the general one serves."""
    if facts.kind != "threshold" or facts.property not in (DANGER, BY_WAVES):
        return None
    if facts.verb == "blind":
        said = Text(
            f"Mất số liệu để đánh giá dòng rip tại {facts.place.vi}; cảnh báo được giữ nguyên.",
            f"Nothing to judge rip currents by at {facts.place.en} any more; the alert stands.",
        )
        return join(said, BLIND) if facts.property == DANGER else said
    if facts.verb == "sighted":
        return join(
            Text(
                f"Đã đánh giá lại được dòng rip tại {facts.place.vi}.",
                f"Rip currents at {facts.place.en} can be judged again.",
            ),
            *_evidence(facts),
        )
    if facts.property == BY_WAVES and facts.verb in _DOWN and facts.value is None:
        return _meter_back(facts)
    return join(_head(facts), *_evidence(facts), _missing(facts), *_guard(facts))


def _meter_back(facts: Facts) -> Text:
    """The end of an alert by waves that has no value any more: there is none while the meter is heard."""
    start, place = at(facts), facts.place
    return Text(f"{start.vi}{place.vi}: {METER_BACK.vi}", f"{start.en}{place.en}: {METER_BACK.en}")


def _head(facts: Facts) -> Text:
    start, place = at(facts), facts.place
    if facts.verb == "cleared":
        return Text(
            f"{start.vi}{place.vi}: dấu hiệu dòng rip đã dưới mức cảnh báo; xuống nước vẫn phải cẩn thận.",
            f"{start.en}{place.en}: signs of rip currents are below the first step; still take care.",
        )
    word = WORDS[facts.severity]
    if start.vi:
        word = Text(small(word.vi), small(word.en))
    if facts.verb == "eased":
        return Text(
            f"{start.vi}{place.vi}: dòng rip giảm, còn mức “{small(word.vi)}”.",
            f"{start.en}{place.en}: less danger, now “{small(word.en)}”.",
        )
    return Text(f"{start.vi}{word.vi} tại {place.vi}.", f"{start.en}{word.en} at {place.en}.")


def _evidence(facts: Facts) -> list[Text]:
    return [part for part in (_current(facts), _index(facts), _sea(facts)) if part.vi]


def _steps(facts: Facts, steps: dict[str, float], unit: str) -> Text:
    """The steps that are in force at the beach, for a sentence."""
    shown = [number(facts.attributes.get(name, default), "g") for name, default in steps.items()]
    return Text(
        f"các mức {'; '.join(one.vi for one in shown)} {unit}",
        f"steps {'; '.join(one.en for one in shown)} {unit}",
    )


def _current(facts: Facts) -> Text:
    """What the meter measured."""
    speed = facts.beside.get("offshore_current")
    if facts.property == BY_WAVES:
        return Text(
            "Máy đo dòng của bãi không có số liệu dùng được: chỉ đánh giá theo sóng.",
            "The beach's current meter tells nothing of use: judged by waves alone.",
        )
    if speed is None:
        return NONE
    value, steps = number(max(speed, 0.0)), _steps(facts, U_STEPS, "m/s")
    return Text(
        f"Đo được dòng chảy ra biển {value.vi} m/s, trung bình 2 phút ({steps.vi}).",
        f"Measured: {value.en} m/s out to sea, mean of 2 min ({steps.en}).",
    )


def _index(facts: Facts) -> Text:
    """P, as an index."""
    percent = facts.beside.get("rip_by_waves", facts.beside.get("rip_probability_low"))
    if percent is None:
        return NONE
    high = facts.beside.get("rip_probability_high", percent)
    value, steps = number(percent, ".0f"), _steps(facts, P_STEPS, "%")
    if high > percent:
        most = number(high, ".0f")
        value = Text(f"{value.vi} %, có thể đến {most.vi}", f"{value.en} %, it may be {most.en}")
    elif "rip_by_waves" in facts.least:
        value = Text(f"khoảng {value.vi}", f"about {value.en}")
    raw = (
        Text("", "")
        if facts.attributes.get("rip_calibrated")
        else Text(", chưa hiệu chỉnh tại chỗ", ", not calibrated here")
    )
    return Text(
        f"Chỉ số theo sóng: {value.vi} % ({steps.vi}{raw.vi}).",
        f"Index by waves: {value.en} % ({steps.en}{raw.en}).",
    )


def _sea(facts: Facts) -> Text:
    """What the index was made of."""
    height = facts.beside.get("rip_wave_height")
    if height is None:
        return NONE
    waves = number(height)
    parts = [Text(f"Sóng cao {waves.vi} m", f"Waves of {waves.en} m")]
    angle = facts.beside.get("rip_wave_angle")
    if angle is not None:
        turn = number(abs(angle), ".0f")
        parts.append(
            Text(f"lệch {turn.vi}° so với hướng vuông góc bờ", f"{turn.en}° off the normal of the shore")
        )
    sea = facts.beside.get("rip_tide")
    if sea is not None and not _bits(facts) & SEA_GIVEN:
        parts.append(_tide(facts, sea))
    age = facts.beside.get("rip_peak_age")
    if age is not None:
        hours = number(max(age, 1.0), ".0f")
        parts.append(
            Text(
                f"{hours.vi} giờ sau đỉnh của đợt sóng trên 1 m", f"{hours.en} h after a sea above 1 m peaked"
            )
        )
    return Text(", ".join(one.vi for one in parts) + ".", ", ".join(one.en for one in parts) + ".")


def _tide(facts: Facts, sea: float) -> Text:
    """The water against its mean, and what the model was given instead where that is another number."""
    if abs(sea) < _BARELY:
        return Text("nước ở mức trung bình", "the sea at its mean")
    shown = number(abs(sea))
    spread = facts.attributes.get("tidal_range")
    used = sea if not spread else sea * RANGE_REF / spread
    used = min(max(used, -ETA_LIMIT), ETA_LIMIT)
    side = Text("cao", "above") if sea >= 0 else Text("thấp", "below")
    found = Text(f"nước {side.vi} hơn trung bình {shown.vi} m", f"the sea {shown.en} m {side.en} its mean")
    if abs(used - sea) < _BARELY:
        return found
    taken = number(used, "+.2f")
    why = (
        Text("quy theo biên độ triều", "scaled by the tidal range")
        if spread
        else Text("cắt ở ±1 m", "cut at ±1 m")
    )
    return Text(
        f"{found.vi} (tính là {taken.vi} m, {why.vi})", f"{found.en} (taken as {taken.en} m, {why.en})"
    )


def _bits(facts: Facts) -> int:
    """What the index had to do without."""
    return int(facts.beside.get("rip_missing", facts.beside.get("rip_wave_missing", 0)))


def _missing(facts: Facts) -> Text:
    """Which input was not there, and what was done about it."""
    bits = _bits(facts)
    said = join(NONE, *(text for bit, text in TAKEN.items() if bits & bit))
    given = [text for bit, text in GIVEN.items() if bits & bit]
    if given:
        names = Text(" và ".join(one.vi for one in given), " and ".join(one.en for one in given))
        said = join(
            said,
            Text(
                f"Không đo được {names.vi}: lấy theo khai báo của bãi.",
                f"Not measured: {names.en}; what the beach declares is taken.",
            ),
        )
    history = facts.beside.get("rip_history")
    known = "rip_peak_age" in facts.beside  # of an event, and so not of none
    if history is not None and history < _WHOLE_HISTORY and not known:
        hours = number(history, ".0f")
        said = join(
            said,
            Text(
                f"Mới có {hours.vi} giờ số liệu sóng (cần 72): coi như chưa có đợt sóng trước đó.",
                f"Only {hours.en} h of waves on record (72 needed): no earlier event is assumed.",
            ),
        )
    return said


def _guard(facts: Facts) -> list[Text]:
    """The flag that is recommended; or that nobody is there to fly one."""
    flag = facts.beside.get("rip_flag")
    if facts.property == BY_WAVES and facts.verb != "cleared" and _on_duty(facts):
        flag = _BY_SEVERITY.get(facts.severity)
    if flag is not None:
        which = FLAGS[int(min(max(flag, 0.0), 3.0))]
        least = Text("ít nhất ", "at least ") if "rip_flag" in facts.least else NONE
        return [
            Text(
                f"Khuyến nghị: {least.vi}{which.vi}; cứu hộ bãi quyết định.",
                f"Recommended: {least.en}{which.en}; the lifeguards decide.",
            )
        ]
    start, end = (facts.attributes.get(name) for name in ("guard_from_h", "guard_to_h"))
    if start is None or end is None:
        return [
            Text(
                "Bãi chưa khai giờ trực cứu hộ: coi như không có người trực.",
                "No hours of guarding are given for this beach: count on no lifeguard.",
            )
        ]
    if _on_duty(facts):
        return []
    return [
        Text(
            f"Ngoài giờ trực cứu hộ ({_clock(start)}–{_clock(end)}): không có người trực, không có cờ.",
            f"Outside the hours of guarding ({_clock(start)}–{_clock(end)}): no guard, no flag.",
        )
    ]


def _on_duty(facts: Facts) -> bool:
    """Whether lifeguards are on duty now."""
    start, end = (facts.attributes.get(name) for name in ("guard_from_h", "guard_to_h"))
    if start is None or end is None:
        return False
    now = wall(facts.time, facts.zone)
    hour = now.hour + now.minute / 60
    return (start <= hour < end) if start <= end else (hour >= start or hour < end)


def _clock(hour: float) -> str:
    minutes = round(hour * 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
