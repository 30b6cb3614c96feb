"""Why a tree was told of: a slow lean, a sudden movement, sway or a storm, each in words of its own.

The sentence names the measure that makes the step, its limit, and beside it how the others stand; what could
not be taken out (wind, temperature) is said.
"""

from collections.abc import Callable

import numpy as np

from services.alerts.hazard import Facts
from services.alerts.hazards._flood_words import NONE, at, join, number, small
from services.alerts.hazards._tree_danger import (
    BACK,
    BACK_STEP,
    MEASURES,
    ONE_STEP,
    STEPS,
    Limits,
    limits_of,
    step_of,
)
from services.alerts.hazards._tree_texts import BEARINGS, WORDS
from services.observation.text import Text

DANGER, DRY = "tree_danger", "soil_deficit"


def reason(facts: Facts) -> Text | None:
    """The sentence of a decision; None: the general one serves."""
    if facts.kind != "threshold" or facts.verb in ("blind", "sighted"):
        return None
    if facts.property == DRY:
        return _dry(facts)
    if facts.property != DANGER:
        return None
    limits = limits_of(facts.attributes)
    cause = _cause(facts, limits)
    if facts.verb in ("eased", "cleared"):
        return join(_over(facts), *_measures(facts, None), _unsure(facts))
    return join(
        _head(facts, cause), *_measures(facts, cause), _soaked(facts), _bearing(facts), _unsure(facts)
    )


def _cause(facts: Facts, limits: Limits) -> str | None:
    """The measure that stands highest; of equals a sudden one first."""
    known = [name for name in reversed(MEASURES) if name in _told(facts)]
    steps = {name: float(step_of(name, np.array([facts.beside[name]]), limits)[0]) for name in known}
    if BACK in facts.beside:
        steps[BACK] = BACK_STEP
    order = sorted(
        steps, key=lambda name: (int(steps[name]), name in ("tilt_jump", "tilt_peak", BACK), steps[name])
    )
    return order[-1] if order and steps[order[-1]] >= 1 else None


def _told(facts: Facts) -> list[str]:
    """Measures that are known, the jump under the name of what it was."""
    names = [BACK, *(name for name in MEASURES if name != "tilt_jump" or BACK not in facts.beside)]
    return [name for name in names if name in facts.beside]


_KINDS = {
    BACK: Text("dịch lại về phía lúc lắp", "moved back towards upright"),
    "tilt_jump": Text("xê dịch đột ngột", "sudden movement"),
    "tilt_peak": Text("bầu rễ lay mạnh trong gió", "the root plate rocks hard in the wind"),
    "tilt_sway": Text("bầu rễ lay trong gió", "the root plate rocks in the wind"),
    "tilt_after_storm": Text("nghiêng hơn trước cơn gió mạnh", "leans more than before the storm"),
    "tilt_change": Text("nghiêng so với lúc lắp", "leans against its baseline"),
    "tilt_rate_day": Text("nghiêng dần trong ngày", "leans more from day to day"),
    "tilt_rate_week": Text("nghiêng chậm", "slow lean"),
}


def _head(facts: Facts, cause: str | None) -> Text:
    start, word = at(facts), WORDS[facts.severity]
    if start.vi:
        word = Text(small(word.vi), small(word.en))
    kind = _KINDS.get(cause or "")
    why = Text("", "") if kind is None else Text(f": {kind.vi}", f": {kind.en}")
    return Text(
        f"{start.vi}{word.vi} ({facts.place.vi}){why.vi}.", f"{start.en}{word.en} ({facts.place.en}){why.en}."
    )


def _over(facts: Facts) -> Text:
    start, place = at(facts), facts.place
    if facts.verb == "eased":
        word = WORDS[facts.severity]
        return Text(
            f"{start.vi}{place.vi}: giảm còn mức “{small(word.vi)}”.",
            f"{start.en}{place.en}: down to “{small(word.en)}”.",
        )
    return Text(
        f"{start.vi}{place.vi}: cây đứng yên trở lại, độ nghiêng dưới mức cần theo dõi. "
        "Đã có cảnh báo thì vẫn nên kiểm tra gốc.",
        f"{start.en}{place.en}: the tree stands still again, below the first step. "
        "After a warning its base "
        "should still be looked at.",
    )


_SAID: dict[str, Callable[[str, str], Text]] = {
    BACK: lambda vi, en: Text(
        f"Trong vòng một giờ gốc dịch lại ít nhất {vi}° về phía lúc lắp (có thể đã được dựng lại; "
        "nếu không ai làm thì đi xem ngay)",
        f"Within an hour the collar moved back at least {en}° towards its baseline (it may have been set "
        "upright; if nobody did, go and look)",
    ),
    "tilt_jump": lambda vi, en: Text(
        f"Gốc xê dịch ít nhất {vi}° trong vòng một giờ", f"The collar moved at least {en}° within an hour"
    ),
    "tilt_peak": lambda vi, en: Text(
        f"Lay lớn nhất {vi}° trong giờ qua", f"Largest sway of the last hour {en}°"
    ),
    "tilt_sway": lambda vi, en: Text(
        f"Lay {vi}° (phân vị 95, giờ qua)", f"Sway {en}° (95th percentile, last hour)"
    ),
    "tilt_after_storm": lambda vi, en: Text(
        f"Sau gió mạnh lệch {vi}° so với hôm trước đó", f"After the storm {en}° off the day before it"
    ),
    "tilt_change": lambda vi, en: Text(f"Lệch {vi}° so với lúc lắp", f"{en}° off its baseline"),
    "tilt_rate_day": lambda vi, en: Text(f"Thêm {vi}° trong 24 giờ", f"{en}° more in 24 h"),
    "tilt_rate_week": lambda vi, en: Text(f"Thêm {vi}° trong 7 ngày", f"{en}° more in 7 days"),
}
_LIMITS = {
    **{name: (key, limit) for name, (_, key, limit) in ONE_STEP.items()},
    BACK: ONE_STEP["tilt_jump"][1:],
    "tilt_sway": ("tree_sway_notice", 1.0),
}
_QUIET = 0.05


def _measures(facts: Facts, cause: str | None) -> list[Text]:
    """The measure that makes the step with its limits, then the others that are not next to nothing."""
    names = [name for name in _told(facts) if name != cause]
    found = [] if cause is None else [_measure(facts, cause, limits=True)]
    return found + [_measure(facts, name) for name in names if facts.beside[name] >= _QUIET]


def _measure(facts: Facts, name: str, *, limits: bool = False) -> Text:
    value = number(facts.beside[name])
    said = _SAID[name](value.vi, value.en)
    if name == "tilt_after_storm" and "tree_storm_gust_seen" in facts.beside:
        gust = number(facts.beside["tree_storm_gust_seen"], ".0f")
        said = Text(f"{said.vi} (gió giật {gust.vi} m/s)", f"{said.en} (gust {gust.en} m/s)")
    if limits:
        shown = _limit(facts, name)
        said = Text(f"{said.vi}, ngưỡng {shown.vi}°", f"{said.en}, limit {shown.en}°")
    return Text(f"{said.vi}.", f"{said.en}.")


def _limit(facts: Facts, name: str) -> Text:
    """The limit of the step that the measure itself has reached."""
    if name in ONE_STEP or name == BACK:
        key, default = _LIMITS[name]
        return number(facts.attributes.get(key, default), "g")
    steps = {"tree_sway_notice": 1.0, "tree_sway_warning": 2.0} if name == "tilt_sway" else STEPS
    reached = [facts.attributes.get(key, default) for key, default in steps.items()]
    below = [limit for limit in reached if limit <= facts.beside[name]]
    return number(below[-1] if below else reached[0], "g")


def _soaked(facts: Facts) -> Text:
    if "tree_soaked" not in facts.beside:
        return NONE
    return Text(
        "Đất ngậm nước trên 72 giờ và đang có gió mạnh (đo tại chỗ, không phải dự báo): nâng một bậc.",
        "Ground waterlogged for 72 h, and the wind is strong (measured, no forecast): one step up.",
    )


def _bearing(facts: Facts) -> Text:
    """Where it leans to: the side to close first."""
    to = facts.beside.get("lean_azimuth")
    if to is None:
        return NONE
    name = BEARINGS[round(to / 45.0) % len(BEARINGS)]
    return Text(f"Nghiêng về hướng {name.vi} ({to:.0f}°).", f"It leans to the {name.en} ({to:.0f}°).")


def _unsure(facts: Facts) -> Text:
    """What the data did not allow to take out."""
    lost: list[Text] = []
    if not {"tilt_baseline", "tilt_x_baseline"} & facts.attributes.keys():
        lost.append(Text("chưa có góc gốc lúc lắp", "no baseline from its installation"))
    elif "tilt_change" not in facts.beside:
        lost.append(
            Text(
                "chưa đo được độ nghiêng lặng gió (gió mạnh, thiếu số đo hoặc thiếu nhiệt độ)",
                "no tilt of calm air yet (wind, too few readings or no temperature)",
            )
        )
    if facts.beside.get("tilt_wind_known") == 0:
        lost.append(
            Text(
                "không có số đo gió: lấy giờ lặng nhất trong 6 giờ",
                "no wind reading: calmest hour taken",
            )
        )
    if "tilt_change" in facts.beside and "tilt_daily" not in facts.beside:
        lost.append(
            Text(
                "chưa đủ ba ngày để khử dao động theo nhiệt độ",
                "less than three days to take the daily swing of temperature out",
            )
        )
    if not lost:
        return NONE
    vi, en = "; ".join(one.vi for one in lost), "; ".join(one.en for one in lost)
    return Text(f"Lưu ý: {vi}.", f"Note: {en}.")


def _dry(facts: Facts) -> Text | None:
    if facts.value is None or facts.threshold is None:
        return None
    start, value, limit = at(facts), number(facts.value, ".0f"), number(facts.threshold, "g")
    if facts.verb in ("eased", "cleared"):
        return Text(
            f"{start.vi}{facts.place.vi}: đất đã đủ nước trở lại (thiếu {value.vi} %).",
            f"{start.en}{facts.place.en}: the soil has water again (short of {value.en} %).",
        )
    return Text(
        f"{start.vi}{facts.place.vi}: đất đã mất {value.vi} % nước cây hút được (tưới từ {limit.vi} %).",
        f"{start.en}{facts.place.en}: {value.en} % of the water that plants can take is gone "
        f"(water from {limit.en} %).",
    )
