"""Why an alert of surface water was told: what was measured, against which number, since when, by which text.

A probe says that something is wrong, and a regulation asks for samples: no sentence here is a verdict.
"""

from services.alerts.hazard import Facts
from services.alerts.hazards import _env_water as water
from services.alerts.hazards._flood_words import NONE, at, join, number, wall
from services.observation.text import Text

_UP = ("raised", "escalated")
_TABLE_1 = Text("QCVN 08:2023/BTNMT, Bảng 1", "QCVN 08:2023/BTNMT, Table 1")
_EARLY = Text(
    "Ngưỡng cảnh báo sớm của đầu dò, không phải kết luận pháp lý.",
    "An early warning by a probe, no legal verdict.",
)
_STEP = Text(
    "Có thể do nước mặn, xả thải, hoặc đầu dò ra khỏi nước.",
    "Salt water, a discharge, or a probe out of the water.",
)
_THOUSAND = 1000


def reason(facts: Facts) -> Text | None:
    """The sentence of a rule on surface water; None: it is none of ours."""
    if facts.value is None or facts.threshold is None:
        return None
    if facts.property.endswith("_grades_worse"):
        return _grade(facts, facts.value) if facts.upward else None
    of_probe = {
        "dissolved_oxygen": _oxygen,
        "ph": _ph,
        "turbidity_ratio": _turbidity,
        "conductivity_step": _step,
        "salinity_step": _step,
    }.get(facts.property)
    if of_probe is not None:
        first = of_probe(facts, facts.value, facts.threshold)
        return join(first, _EARLY) if facts.verb in _UP else first
    if facts.property in water.TABLE_1 and facts.upward:
        return _substance(facts, facts.value, facts.threshold)
    return None


def amount(value: float) -> Text:
    """A concentration to three figures, large ones whole: limits go from 0.001 to 250 mg/l."""
    shown = f"{value:.0f}" if value >= _THOUSAND else f"{value:.3g}"
    return number(float(shown), "g" if value < _THOUSAND else ".0f")


def _limit(threshold: float) -> Text:
    """A threshold as its text writes it, without the hair that makes it strict."""
    return number(round(threshold, 4), "g")


def _told(facts: Facts, said: Text) -> Text:
    """With time and place in front and, while it lasts, since when."""
    head, since = at(facts), _since(facts)
    return Text(
        f"{head.vi}{facts.place.vi}: {said.vi}{since.vi}.", f"{head.en}{facts.place.en}: {said.en}{since.en}."
    )


def _since(facts: Facts) -> Text:
    if facts.verb not in _UP or facts.measured is None or facts.since >= facts.measured:
        return NONE
    begun, now = wall(facts.since, facts.zone), wall(facts.measured, facts.zone)
    if begun == now:
        return NONE
    if begun.date() == now.date():
        return Text(f", từ {begun:%H:%M}", f", since {begun:%H:%M}")
    return Text(
        f", từ {begun:%H:%M} ngày {begun.day}/{begun.month}", f", since {begun:%H:%M} on {begun:%d %b}"
    )


def _oxygen(facts: Facts, value: float, threshold: float) -> Text:
    now, least = number(value), _limit(threshold)
    if facts.verb == "cleared":
        return _told(
            facts,
            Text(
                f"oxy hòa tan {now.vi} mg/l, đã trở lại bình thường",
                f"dissolved oxygen {now.en} mg/l, back to normal",
            ),
        )
    if facts.verb == "eased":
        return _told(
            facts,
            Text(
                f"oxy hòa tan đã tăng lên {now.vi} mg/l, còn thấp (ngưỡng {least.vi} mg/l)",
                f"dissolved oxygen has risen to {now.en} mg/l, still low (threshold {least.en} mg/l)",
            ),
        )
    return _told(
        facts,
        Text(
            f"oxy hòa tan chỉ còn {now.vi} mg/l, dưới ngưỡng {least.vi} mg/l",
            f"dissolved oxygen is down to {now.en} mg/l, below {least.en} mg/l",
        ),
    )


def _ph(facts: Facts, value: float, threshold: float) -> Text:
    now, limit = number(value), _limit(threshold)
    low, high = (number(one, ".1f") for one in water.PH_SPAN)
    if facts.verb == "cleared":
        over = Text("thấp" if not facts.upward else "cao", "below" if not facts.upward else "above")
        said = Text(f"không còn {over.vi} hơn ngưỡng", f"no longer {over.en} its threshold")
        if water.PH_SPAN[0] <= value <= water.PH_SPAN[1]:
            said = Text(f"đã trở lại khoảng {low.vi}–{high.vi}", f"back within {low.en} to {high.en}")
        return _told(facts, Text(f"pH {now.vi}, {said.vi}", f"pH {now.en}, {said.en}"))
    if facts.verb == "eased":
        return _told(
            facts,
            Text(
                f"pH {now.vi}, đã bớt lệch nhưng chưa trở lại hẳn khoảng {low.vi}–{high.vi}",
                f"pH {now.en}, less far off, but not yet well within {low.en} to {high.en}",
            ),
        )
    if facts.upward:
        return _told(
            facts,
            Text(
                f"nước có tính kiềm, pH {now.vi}, cao hơn ngưỡng {limit.vi}",
                f"alkaline water, pH {now.en}, above {limit.en}",
            ),
        )
    return _told(
        facts,
        Text(
            f"nước có tính axit, pH {now.vi}, thấp hơn ngưỡng {limit.vi}",
            f"acid water, pH {now.en}, below {limit.en}",
        ),
    )


def _turbidity(facts: Facts, value: float, threshold: float) -> Text:
    now, limit = number(value, ".1f"), _limit(threshold)
    if facts.verb not in _UP:
        return _told(
            facts,
            Text(
                f"độ đục đã giảm, còn {now.vi} lần trung vị 7 ngày qua",
                f"turbidity has fallen to {now.en} times its 7-day median",
            ),
        )
    return _told(
        facts,
        Text(
            f"độ đục gấp {now.vi} lần trung vị 7 ngày qua (ngưỡng {limit.vi} lần)",
            f"turbidity is {now.en} times its 7-day median (threshold {limit.en} times)",
        ),
    )


def _step(facts: Facts, value: float, threshold: float) -> Text:
    now, limit = number(value, ".0f"), _limit(threshold)
    salty = facts.property == "salinity_step"
    name = Text("độ mặn", "salinity") if salty else Text("độ dẫn điện", "conductivity")
    if facts.verb not in _UP:
        return _told(facts, Text(f"{name.vi} đã ổn định trở lại", f"{name.en} is steady again"))
    return join(
        _told(
            facts,
            Text(
                f"{name.vi} thay đổi {now.vi} % trong 1 giờ (ngưỡng {limit.vi} %)",
                f"{name.en} changed by {now.en} % within 1 h (threshold {limit.en} %)",
            ),
        ),
        _STEP,
    )


def _substance(facts: Facts, value: float, threshold: float) -> Text:
    """A substance of Table 1 against its limit for health; the site's own number is not called law."""
    limit, name = water.TABLE_1[facts.property]
    legal = abs(threshold - limit) <= limit * 1e-5
    now, most = amount(value), number(limit if legal else threshold, "g")
    law = Text(f" ({_TABLE_1.vi})", f" ({_TABLE_1.en})") if legal else NONE
    verb = (
        Text("vượt giới hạn", "exceeds the limit of")
        if facts.verb in _UP
        else Text("đã về trong giới hạn", "is back within the limit of")
    )
    return _told(
        facts,
        Text(
            f"{name.vi} {now.vi} mg/l, {verb.vi} {most.vi} mg/l{law.vi}",
            f"{name.en} {now.en} mg/l {verb.en} {most.en} mg/l{law.en}",
        ),
    )


def _grade(facts: Facts, worse: float) -> Text | None:
    """A grade of Table 2 against the one that the station is to have."""
    goal = facts.attributes.get(water.CLASS)
    if goal is None:
        return None
    name, wanted = water.name_of(facts.property.removesuffix("_grades_worse")), _letter(int(goal))
    if worse < 1:
        return _told(
            facts,
            Text(
                f"{name.vi} đã đạt lại mức {wanted.vi} (QCVN 08:2023/BTNMT)",
                f"{name.en} meets grade {wanted.en} again (QCVN 08:2023/BTNMT)",
            ),
        )
    now = _letter(int(goal + worse))
    return _told(
        facts,
        Text(
            f"{name.vi} ở mức {now.vi}, mục tiêu mức {wanted.vi} (QCVN 08:2023/BTNMT, Bảng 2)",
            f"{name.en} is of grade {now.en}, the goal is {wanted.en} (QCVN 08:2023/BTNMT, Table 2)",
        ),
    )


def _letter(grade: int) -> Text:
    if grade > len(water.LETTERS):
        return Text("kém hơn D", "below D")
    return Text(water.LETTERS[grade - 1], water.LETTERS[grade - 1])
