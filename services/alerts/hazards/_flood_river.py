"""Sentences about rising water: a stage at its station's levels, how fast it moves, when the next is reached.

`facts.beside` holds what was derived from the very reading: how fast the water moves, and how long to the
next level if it goes on like this. Without it the sentence simply ends sooner.
"""

import math

from services.alerts.hazard import Facts
from services.alerts.hazards._flood_texts import RIVER_WORDS
from services.alerts.hazards._flood_words import NONE, at, clock, join, number, small
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
DOWN = ("eased", "cleared")
_STILL, _STREET_STILL = 0.02, 0.06
"""m/h: slower than this the water stands; on a street, less than a centimetre in ten minutes."""


def level_name(facts: Facts, threshold: float | None) -> Text | None:
    """What a level is called at this station; None when the law gives it no name."""
    if threshold is None:
        return None
    levels = facts.attributes
    named = {
        "bd1": RIVER_WORDS["advisory"],
        "bd2": RIVER_WORDS["watch"],
        "bd3": RIVER_WORDS["warning"],
        "historic_max": _RECORD,
    }
    for attribute, word in named.items():
        if levels.get(attribute) == threshold:
            return word
    if "bd3" in levels and levels["bd3"] + 1.0 == threshold:
        return Text("Báo động 3 + 1 m", "alert level 3 (BĐ3) + 1 m")
    return None


def river(facts: Facts) -> Text | None:
    """A stage at the levels of its station."""
    word = level_name(facts, facts.threshold)
    if word is None or facts.value is None or facts.threshold is None:
        return None
    if facts.verb in DOWN:
        tail = {
            "eased": Text("Lũ xuống.", "The flood falls."),
            "cleared": Text("Hết báo động.", "The alert level is left."),
        }[facts.verb]
        return join(_fallen(facts, facts.value), tail, moving(facts, "water_level_rate"))
    tail = {
        "raised": _RECORD_BROKEN if word is _RECORD else _BEGINS[facts.severity],
        "escalated": Text("Lũ lên.", "The flood rises."),
    }[facts.verb]
    first = _stage(facts, Text("là", "is"), facts.value, facts.threshold)
    return join(first, tail, moving(facts, "water_level_rate"), ahead(facts))


def _fallen(facts: Facts, value: float) -> Text:
    """Where the water has come down to, and which level it is below now: not the one it is still told at."""
    above = next((level for level in _levels(facts) if level > value), None)
    return _stage(facts, Text("đã xuống còn", "is down to"), value, above)


def _stage(facts: Facts, verb: Text, value: float, level: float | None) -> Text:
    """A stage, and how far above or below a level."""
    shown, head, word = number(value), at(facts), level_name(facts, level)
    stage = Text("mực nước" if head.vi else "Mực nước", "the stage" if head.en else "The stage")
    first = Text(
        f"{head.vi}{stage.vi} tại {facts.place.vi} {verb.vi} {shown.vi} m",
        f"{head.en.replace(',', '')}{stage.en} at {facts.place.en} {verb.en} {shown.en} m",
    )
    if word is None or level is None:
        return Text(f"{first.vi}.", f"{first.en}.")
    side = Text("cao", "above") if value >= level else Text("thấp", "below")
    limit, by = number(level), number(abs(value - level))
    return Text(
        f"{first.vi}, {side.vi} hơn {word.vi} ({limit.vi} m) là {by.vi} m.",
        f"{first.en}, {by.en} m {side.en} {_with_limit(word.en, limit.en)}.",
    )


def _with_limit(word: str, limit: str) -> str:
    """A level within a sentence, with its metres in the brackets that it may have already."""
    word = small(word)
    return f"{word[:-1]}, {limit} m)" if word.endswith(")") else f"{word} ({limit} m)"


def _levels(facts: Facts) -> list[float]:
    return sorted(
        facts.attributes[name] for name in ("bd1", "bd2", "bd3", "historic_max") if name in facts.attributes
    )


def moving(facts: Facts, rate: str) -> Text:
    """How fast the water rises or falls, where that is known and it does either."""
    speed = facts.beside.get(rate)
    if speed is None or abs(speed) < (_STREET_STILL if rate == "street_depth_rate" else _STILL):
        return NONE
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
    """When the next level is reached if it goes on like this, with its band: by the clock.

    An alert keeps its text for hours: a span of time would be wrong a minute later.
    """
    middle = facts.beside.get("water_level_eta")
    if middle is None or facts.value is None:
        return NONE
    above = next((level for level in _levels(facts) if level > facts.value), None)
    word = level_name(facts, above)
    if word is None:
        return NONE
    about, band = clock(facts, middle, middle), _band(facts, middle)
    return Text(
        f"Nếu cứ thế, tới {word.vi} vào khoảng {about.vi}{band.vi}.",
        f"If it goes on like this it reaches {small(word.en)} at about {about.en}{band.en}.",
    )


_SURE_WITHIN = 180.0
"""A late end of the band beyond this many minutes says no more than that it may not come."""


def _band(facts: Facts, middle: float) -> Text:
    low, high = (facts.beside.get(f"water_level_eta_{end}", math.inf) for end in ("low", "high"))
    if math.isinf(low):
        return NONE
    early = clock(facts, low, middle)
    if high > _SURE_WITHIN:
        return Text(
            f" (sớm nhất {early.vi}, có thể không tới)", f" ({early.en} at the earliest, or not at all)"
        )
    late = clock(facts, high, middle)
    return Text(f" ({early.vi}–{late.vi})", f" ({early.en}–{late.en})")


def rise(facts: Facts) -> Text | None:
    """Water that rises fast: a river, a canal or a street."""
    if facts.verb == "cleared":
        now = number(facts.value, "+.2f") if facts.value is not None else None
        return Text(
            f"Nước tại {facts.place.vi} không còn lên nhanh{f' ({now.vi} m/giờ)' if now else ''}.",
            f"The water at {facts.place.en} no longer rises fast{f' ({now.en} m/h)' if now else ''}.",
        )
    head, value = at(facts), facts.value if facts.value is not None else 0.0
    shown = number(value)
    limit = Text("?", "?") if facts.threshold is None else number(facts.threshold, "g")
    water = Text("nước" if head.vi else "Nước", "the water" if head.en else "The water")
    if facts.verb == "eased":
        shown = number(value, "+.2f")
        return Text(
            f"{head.vi}{water.vi} tại {facts.place.vi} lên chậm hơn trước ({shown.vi} m/giờ).",
            f"{head.en}{water.en} at {facts.place.en} rises less fast than before ({shown.en} m/h).",
        )
    return Text(
        f"{head.vi}{water.vi} tại {facts.place.vi} lên {shown.vi} m/giờ, ngưỡng {limit.vi} m/giờ.",
        f"{head.en}{water.en} at {facts.place.en} rises {shown.en} m/h, threshold {limit.en} m/h.",
    )


def coming(facts: Facts) -> Text | None:
    """A level that will be reached soon if the water goes on rising like this."""
    if facts.verb in DOWN:
        return Text(
            f"Nước tại {facts.place.vi} không còn lên tới cấp báo động kế tiếp trong vài giờ tới.",
            f"The water at {facts.place.en} no longer goes towards its next alert level within hours.",
        )
    if facts.value is None:
        return None
    head, about, band = at(facts), clock(facts, facts.value, facts.value), _band(facts, facts.value)
    start = Text("nếu" if head.vi else "Nếu", "if" if head.en else "If")
    return Text(
        f"{head.vi}{start.vi} nước tại {facts.place.vi} cứ lên như vậy, cấp báo động kế tiếp sẽ tới "
        f"vào khoảng {about.vi}{band.vi}. Đây là ngoại suy, không phải dự báo.",
        f"{head.en}{start.en} the water at {facts.place.en} goes on rising like this, its next alert level "
        f"comes at about {about.en}{band.en}. This is an extrapolation, no forecast.",
    )
