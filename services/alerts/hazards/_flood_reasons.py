"""Why a flood alert was told, in a sentence of its own kind: where, how much against what, and what next.

`facts.beside` holds what was derived from the very reading: how fast the water moves, and how long to the
next level if it goes on like this. Without it the sentence simply ends sooner.

Over 250 lines: eleven kinds of alert, each a sentence in two languages.
"""

import math
from collections.abc import Callable

from services.alerts.hazard import Facts, Part
from services.alerts.hazards import _flood_rain as rain
from services.alerts.hazards import _flood_shower as shower
from services.alerts.hazards._flood_texts import (
    BACKFLOW,
    RELEASE,
    RESERVOIR,
    RIVER_WORDS,
    STREET,
    SURGE,
    TIDE,
)
from services.alerts.hazards._flood_words import (
    centimetres,
    danger_in_still_water,
    join,
    number,
    span,
)
from services.observation.text import Text

_RECORD = Text("mức lũ lịch sử", "the historic flood level")
_RECORD_BROKEN = Text("Vượt lũ lịch sử, sơ tán ngay.", "Beyond the known record: leave at once.")
# What reaching a level means: water in the channel, on the fields, over the land.
_BEGINS = {
    "advisory": Text("Lũ bắt đầu.", "The flood begins."),
    "watch": Text(
        "Nước bắt đầu tràn bờ bãi, nguy hiểm cho người.", "Low ground goes under water; danger to people."
    ),
    "warning": Text("Ngập rộng, nguy hiểm tính mạng.", "Wide flooding, danger to life."),
    "emergency": Text("Ngập rất sâu, sơ tán ngay.", "Very deep flooding: leave at once."),
}
_UP, _DOWN = ("raised", "escalated"), ("eased", "cleared")
_STILL, _STREET_STILL = 0.02, 0.06
"""m/h: slower than this the water stands; on a street, less than a centimetre in ten minutes."""
_NONE = Text("", "")


def level_name(facts: Facts, threshold: float | None) -> Text | None:
    """What a level is called at this station; None when the law gives it no name."""
    if threshold is None:
        return None
    at = facts.attributes
    named = {
        "bd1": RIVER_WORDS["advisory"],
        "bd2": RIVER_WORDS["watch"],
        "bd3": RIVER_WORDS["warning"],
        "historic_max": _RECORD,
    }
    for attribute, word in named.items():
        if at.get(attribute) == threshold:
            return word
    if "bd3" in at and at["bd3"] + 1.0 == threshold:
        return Text("Báo động 3 + 1 m", "alert level 3 (BĐ3) + 1 m")
    return None


def river(facts: Facts) -> Text | None:
    """A stage at the levels of its station."""
    word = level_name(facts, facts.threshold)
    if word is None or facts.value is None or facts.threshold is None:
        return None
    above = facts.value - facts.threshold
    side = Text("trên", "above") if above >= 0 else Text("dưới", "below")
    value, limit, by = number(facts.value), number(facts.threshold, "g"), number(abs(above))
    tail = {
        "raised": _RECORD_BROKEN if word is _RECORD else _BEGINS[facts.severity],
        "escalated": Text("Lũ lên.", "The flood rises."),
        "eased": Text("Lũ xuống.", "The flood falls."),
        "cleared": Text("Hết báo động.", "The alert level is left."),
    }[facts.verb]
    first = Text(
        f"Mực nước tại {facts.place.vi} là {value.vi} m, {side.vi} {word.vi} {by.vi} m ({limit.vi} m).",
        f"Stage at {facts.place.en} is {value.en} m, {by.en} m {side.en} {word.en} ({limit.en} m).",
    )
    return join(first, tail, moving(facts, "water_level_rate"), ahead(facts) if facts.verb in _UP else _NONE)


def moving(facts: Facts, rate: str) -> Text:
    """How fast the water rises or falls, where that is known and it does either."""
    speed = facts.beside.get(rate)
    if speed is None or abs(speed) < (_STREET_STILL if rate == "street_depth_rate" else _STILL):
        return _NONE
    if rate == "street_depth_rate":
        return _on_street(speed)
    value = number(abs(speed))
    if speed > 0:
        return Text(f"Nước đang lên {value.vi} m/giờ.", f"The water rises {value.en} m/h.")
    return Text(f"Nước đang rút {value.vi} m/giờ.", f"The water falls {value.en} m/h.")


def _on_street(speed: float) -> Text:
    """The same in centimetres in ten minutes."""
    shown = f"{abs(speed) * 100 / 6:.0f}"
    if speed > 0:
        return Text(f"Nước lên {shown} cm trong 10 phút.", f"The water rises {shown} cm in 10 min.")
    return Text(f"Nước rút {shown} cm trong 10 phút.", f"The water falls {shown} cm in 10 min.")


def ahead(facts: Facts) -> Text:
    """How long to the next level if it goes on like this, with its band."""
    middle = facts.beside.get("water_level_eta")
    if middle is None or facts.value is None:
        return _NONE
    levels = sorted(
        facts.attributes[name] for name in ("bd1", "bd2", "bd3", "historic_max") if name in facts.attributes
    )
    above = next((level for level in levels if level > facts.value), None)
    word = level_name(facts, above)
    if word is None:
        return _NONE
    about = span(middle)
    return Text(
        f"Nếu cứ thế, tới {word.vi} sau khoảng {about.vi}{_band(facts).vi}.",
        f"{word.en} in about {about.en}{_band(facts).en} if it goes on like this.",
    )


_SURE_WITHIN = 180.0
"""A late end of the band beyond this many minutes says no more than that it may not come."""


def _band(facts: Facts) -> Text:
    low, high = (facts.beside.get(f"water_level_eta_{end}", math.inf) for end in ("low", "high"))
    if math.isinf(low):
        return _NONE
    early = span(low)
    if high > _SURE_WITHIN:
        return Text(
            f" (sớm nhất {early.vi}, có thể không tới)", f" ({early.en} at the earliest, or not at all)"
        )
    late = span(high)
    return Text(f" ({early.vi} – {late.vi})", f" ({early.en} – {late.en})")


def rise(facts: Facts) -> Text | None:
    """Water that rises fast: a river, a canal or a street."""
    if facts.verb == "cleared":
        now = number(facts.value, "+.2f") if facts.value is not None else None
        return Text(
            f"Nước tại {facts.place.vi} không còn lên nhanh{f' ({now.vi} m/giờ)' if now else ''}.",
            f"The water at {facts.place.en} no longer rises fast{f' ({now.en} m/h)' if now else ''}.",
        )
    shown = number(facts.value if facts.value is not None else 0.0)
    limit = Text("?", "?") if facts.threshold is None else number(facts.threshold, "g")
    return Text(
        f"Nước tại {facts.place.vi} lên {shown.vi} m/giờ, ngưỡng {limit.vi} m/giờ.",
        f"The water at {facts.place.en} rises {shown.en} m/h, threshold {limit.en} m/h.",
    )


def coming(facts: Facts) -> Text | None:
    """A level that will be reached soon if the water goes on rising like this."""
    if facts.verb in _DOWN:
        return Text(
            f"Nước tại {facts.place.vi} không còn lên tới cấp báo động kế tiếp trong vài giờ tới.",
            f"The water at {facts.place.en} no longer goes towards its next alert level within hours.",
        )
    if facts.value is None:
        return None
    about = span(facts.value)
    return Text(
        f"Nếu nước tại {facts.place.vi} cứ lên như hiện nay, cấp báo động kế tiếp sẽ tới sau khoảng "
        f"{about.vi}{_band(facts).vi}. Đây là ngoại suy, không phải dự báo.",
        f"If the water at {facts.place.en} goes on rising as now, its next alert level comes in about "
        f"{about.en}{_band(facts).en}. This is an extrapolation, no forecast.",
    )


def street(facts: Facts) -> Text | None:
    """Water on a street, in centimetres, with what it means for people."""
    if facts.value is None or facts.threshold is None:
        return None
    depth, limit = centimetres(facts.value), centimetres(facts.threshold)
    word = STREET.words[facts.severity]
    if facts.verb == "cleared":
        return join(
            Text(
                f"{facts.place.vi}: nước còn {depth}, dưới mức ngập {limit}; chỉ còn tụ nước hoặc đã khô.",
                f"{facts.place.en}: {depth} of water, below the {limit} of a flooded street; ponding or dry.",
            ),
            moving(facts, "street_depth_rate"),
        )
    danger = danger_in_still_water(facts.value)
    return join(
        Text(
            f"{word.vi} tại {facts.place.vi}: {depth} (từ {limit}).",
            f"{word.en} at {facts.place.en}: {depth} (from {limit}).",
        ),
        moving(facts, "street_depth_rate"),
        Text(
            f"Với nước đứng (v = 0): {danger.vi}; nước chảy thì nguy hiểm hơn.",
            f"In still water (v = 0): {danger.en}; moving water is worse.",
        )
        if facts.verb in _UP
        else _NONE,
    )


def backflow(facts: Facts) -> Text | None:
    """Water on a street while the tide is high and no rain falls."""
    if facts.verb == "cleared":
        return Text(
            f"Nước không còn dâng ngược từ cống tại {facts.place.vi}.",
            f"The sewer at {facts.place.en} no longer backs up.",
        )
    if facts.value is None:
        return None
    depth = centimetres(facts.value)
    word = BACKFLOW.words[facts.severity]
    return Text(
        f"{word.vi} tại {facts.place.vi}: {depth} nước trên đường, không mưa, triều cao hơn cửa xả.",
        f"{word.en} at {facts.place.en}: {depth} of water without rain, the tide above the outfall.",
    )


def locked(facts: Facts) -> Text | None:
    """Heavy rain while the tide closes the outfalls: an alert of the area."""
    if facts.verb == "cleared":
        return Text(
            f"{facts.place.vi}: mưa đã giảm hoặc triều đã xuống, cửa xả thoát nước trở lại.",
            f"{facts.place.en}: the rain is over or the tide has fallen; the outfalls drain again.",
        )
    return Text(
        f"{facts.place.vi}: cửa xả bị khóa. Mưa lớn gặp đỉnh triều; ngập đường có thể nặng hơn một cấp "
        "so với chỉ có mưa.",
        f"{facts.place.en}: outfalls locked. Heavy rain meets the top of the tide; streets may flood "
        "a class worse than by rain alone.",
    )


def _against(facts: Facts, part: Part, unit: Text, form: str = ".2f") -> Text | None:
    """The plain sentence of a ladder: its word, the value, the threshold."""
    if facts.value is None or facts.threshold is None:
        return None
    value, limit = number(facts.value, form), number(facts.threshold, "g")
    if facts.verb == "cleared":
        name = part.text or _NONE
        return Text(
            f"{facts.place.vi}: {name.vi} đã xuống dưới ngưỡng, còn {value.vi} {unit.vi}.",
            f"{facts.place.en}: {name.en} is below its threshold again, {value.en} {unit.en}.",
        )
    word = part.words[facts.severity]
    return Text(
        f"{word.vi} tại {facts.place.vi}: {value.vi} {unit.vi}, ngưỡng {limit.vi} {unit.vi}.",
        f"{word.en} at {facts.place.en}: {value.en} {unit.en}, threshold {limit.en} {unit.en}.",
    )


_METRES = Text("m", "m")
_FLOW = Text("m³/s", "m³/s")


def tide(facts: Facts) -> Text | None:
    """A tide at the bands of its own gauge, with the surge in it where that is known."""
    first, surge = _against(facts, TIDE, _METRES), facts.beside.get("tide_residual")
    if first is None or surge is None:
        return first
    by = number(surge, "+.2f")
    return join(
        first,
        Text(f"So với triều thiên văn: {by.vi} m.", f"Against the predicted tide: {by.en} m."),
    )


def _released(facts: Facts) -> Text | None:
    if facts.value is None or facts.verb == "cleared":
        return Text(
            f"Lưu lượng xả của {facts.place.vi} không còn tăng đột ngột.",
            f"The release of {facts.place.en} no longer grows suddenly.",
        )
    more = number(facts.value, ".0f")
    return Text(
        f"{facts.place.vi} tăng xả thêm {more.vi} m³/s trong một giờ: hạ du lên nhanh.",
        f"{facts.place.en} releases {more.en} m³/s more within an hour: expect a quick rise downstream.",
    )


SENTENCES: dict[str, Callable[[Facts], Text | None]] = {
    "water_level": river,
    "water_level_rate": rise,
    "water_level_eta": coming,
    "street_depth": street,
    "street_depth_rate": rise,
    "street_backflow": backflow,
    "tide_level": tide,
    "tide_residual": lambda facts: _against(facts, SURGE, _METRES),
    rain.SEVERITY: shower.reason,
    "reservoir_level": lambda facts: _against(facts, RESERVOIR, _METRES),
    "outflow": lambda facts: _against(facts, RELEASE, _FLOW, ".0f"),
    "outflow_rise": _released,
}


_UNSEEN = ("blind", "sighted")


def reason(facts: Facts) -> Text | None:
    """The sentence of a decision; None: the general one serves."""
    if facts.verb in _UNSEEN:
        return None
    if facts.rule == "outfall-locked":
        return locked(facts)
    if facts.kind == "rate":
        return rise(facts)
    # What is told of an upward ladder would be wrong of a downward one; the time to a level is one.
    if facts.kind != "threshold" or facts.upward == (facts.property == "water_level_eta"):
        return None
    find = SENTENCES.get(facts.property)
    return find(facts) if find is not None else None
