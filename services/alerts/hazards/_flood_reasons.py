"""Why a flood alert was told, in a sentence of its own kind: where, how much against what, and what next.

The river has a module of its own. `facts.beside` holds what was derived from the very reading; without it the
sentence simply ends sooner.
"""

from collections.abc import Callable

from services.alerts.hazard import Facts, Part
from services.alerts.hazards import _flood_rain as rain
from services.alerts.hazards import _flood_shower as shower
from services.alerts.hazards._flood_river import DOWN, coming, moving, rise, river
from services.alerts.hazards._flood_texts import (
    BACKFLOW,
    RELEASE,
    RESERVOIR,
    STREET,
    SURGE,
    TIDE,
)
from services.alerts.hazards._flood_words import (
    NONE,
    at,
    centimetres,
    danger_in_still_water,
    join,
    number,
    small,
)
from services.observation.text import Text


def street(facts: Facts) -> Text | None:
    """Water on a street, in centimetres, with what it means for people."""
    if facts.value is None or facts.threshold is None:
        return None
    head, depth, limit = at(facts), centimetres(facts.value), centimetres(facts.threshold)
    word = STREET.words[facts.severity]
    if facts.verb == "cleared":
        return join(
            Text(
                f"{head.vi}{facts.place.vi}: nước còn {depth}, dưới mức {limit} của ngập đường; "
                "chỉ còn tụ nước hoặc đã khô.",
                f"{head.en}{facts.place.en}: {depth} of water, below the {limit} of a flooded street; "
                "ponding or dry.",
            )
            if facts.value < facts.threshold
            else Text(
                f"{head.vi}{facts.place.vi}: nước trên đường còn {depth}.",
                f"{head.en}{facts.place.en}: {depth} of water on the street.",
            ),
            moving(facts, "street_depth_rate"),
        )
    if facts.verb == "eased":
        under = facts.value < facts.threshold
        below = Text(f", dưới mức {limit} của ngập đường", f", below {limit}")
        return join(
            Text(
                f"{head.vi}{facts.place.vi}: nước đã rút còn {depth}{below.vi}.",
                f"{head.en}{facts.place.en}: the water is down to {depth}{below.en}.",
            )
            if under
            else Text(
                f"{head.vi}{facts.place.vi}: nước đã rút còn {depth}, {small(word.vi)} (từ {limit}).",
                f"{head.en}{facts.place.en}: the water is down to {depth}, {small(word.en)} (from {limit}).",
            ),
            moving(facts, "street_depth_rate"),
        )
    danger = danger_in_still_water(facts.value)
    return join(
        Text(
            f"{head.vi}{_after(head.vi, word.vi)} tại {facts.place.vi}: {depth} (từ {limit}).",
            f"{head.en}{_after(head.en, word.en)} at {facts.place.en}: {depth} (from {limit}).",
        ),
        moving(facts, "street_depth_rate"),
        Text(
            f"Với nước đứng (v = 0): {danger.vi}; nước chảy thì nguy hiểm hơn.",
            f"In still water (v = 0): {danger.en}; moving water is worse.",
        )
        if facts.verb not in DOWN
        else NONE,
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
    head, depth = at(facts), centimetres(facts.value)
    word = BACKFLOW.words[facts.severity]
    if facts.verb == "eased":
        return Text(
            f"{head.vi}{facts.place.vi}: nước từ cống đã rút còn {depth} trên đường.",
            f"{head.en}{facts.place.en}: the water from the sewer is down to {depth} on the street.",
        )
    vi, en = _after(head.vi, word.vi), _after(head.en, word.en)
    return Text(
        f"{head.vi}{vi} tại {facts.place.vi}: {depth} nước trên đường, không mưa, triều cao hơn cửa xả.",
        f"{head.en}{en} at {facts.place.en}: {depth} of water without rain, the tide above the outfall.",
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
    head, name, word = at(facts), part.text or NONE, part.words[facts.severity]
    value, limit = number(facts.value, form), number(facts.threshold, "g")
    if facts.verb in DOWN:
        side = Text(f"ngưỡng {limit.vi} {unit.vi}", f"threshold {limit.en} {unit.en}")
        if facts.value < facts.threshold:
            side = Text(f"dưới {side.vi}", f"below the {side.en}")
        return Text(
            f"{head.vi}{facts.place.vi}: {name.vi} đã xuống còn {value.vi} {unit.vi}, {side.vi}.",
            f"{head.en}{facts.place.en}: {name.en} down to {value.en} {unit.en}, {side.en}.",
        )
    vi, en = _after(head.vi, word.vi), _after(head.en, word.en)
    return Text(
        f"{head.vi}{vi} tại {facts.place.vi}: {value.vi} {unit.vi}, ngưỡng {limit.vi} {unit.vi}.",
        f"{head.en}{en} at {facts.place.en}: {value.en} {unit.en}, threshold {limit.en} {unit.en}.",
    )


def _after(head: str, word: str) -> str:
    """A word that begins a sentence, or follows its head."""
    return small(word) if head else word


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
    head, more = at(facts), number(facts.value, ".0f")
    if facts.verb == "eased":
        more = number(facts.value, "+.0f")
        return Text(
            f"{head.vi}{facts.place.vi}: lưu lượng xả tăng chậm hơn trước ({more.vi} m³/s trong một giờ).",
            f"{head.en}{facts.place.en}: the release grows less than before ({more.en} m³/s within an hour).",
        )
    return Text(
        f"{head.vi}{facts.place.vi} tăng xả thêm {more.vi} m³/s trong một giờ: hạ du lên nhanh.",
        f"{head.en}{facts.place.en} releases {more.en} m³/s more within an hour: "
        "expect a quick rise downstream.",
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
        return shower.unseen(facts) if facts.property == rain.SEVERITY else None
    if facts.rule == "outfall-locked":
        return locked(facts)
    if facts.kind == "rate":
        return rise(facts)
    # What is told of an upward ladder would be wrong of a downward one; the time to a level is one.
    if facts.kind != "threshold" or facts.upward == (facts.property == "water_level_eta"):
        return None
    find = SENTENCES.get(facts.property)
    return find(facts) if find is not None else None
