"""What a rule says, in a sentence of each language; and what to do about an alert of it."""

from services.alerts.hazard import Advice, Part
from services.alerts.hazards import hazards, properties
from services.alerts.rule import Kind, Rule
from services.observation.event import SEVERITIES
from services.observation.text import Text


def part_of(hazard: str, rule: str, sensor: str | None) -> Part | None:
    """What of a hazard an alert is about, by its rule or its sensor's property; None: nothing of its own."""
    known = hazards().get(hazard)
    if known is None:
        return None
    return known.of_property.get(rule) or known.of_property.get((sensor or "").rsplit(".", 1)[-1])


def advice_of(hazard: str, rule: str, sensor: str | None, severity: str) -> Advice | None:
    """What to do: of the kind of danger itself, be it of another severity, before the hazard's own.

    Who is told of a current leaking into the water must not read how to drive through a dark street.
    """
    known, part = hazards().get(hazard), part_of(hazard, rule, sensor)
    rank = SEVERITIES.index(severity) if severity in SEVERITIES else 0
    nearest = (*reversed(SEVERITIES[: rank + 1]), *SEVERITIES[rank + 1 :])
    tables = (None if part is None else part.advice, None if known is None else known.advice)
    return next((table[one] for table in tables if table for one in nearest if one in table), None)


def says(rule: Rule) -> Text:
    """The hazard's own words for what the rule is on, and how it looks at it."""
    hazard, part = hazards().get(rule.hazard), part_of(rule.hazard, rule.id, rule.property)
    known = properties().get(rule.property or "")
    what = part.text if part is not None and part.text is not None else None if known is None else known.text
    if what is None:
        what = hazard.text if hazard is not None else Text(rule.hazard, rule.hazard)
    how = _TOGETHER if rule.kind is Kind.SILENT and rule.per == "gateway" else _HOW[rule.kind]
    return Text(f"{what.vi}: {how.vi}", f"{what.en}: {how.en}")


_TOGETHER = Text(
    "báo khi cảm biến không gửi trong ba chu kỳ; nhiều cảm biến cùng loại của một gateway thành một cảnh báo",
    "told when a sensor is silent for three intervals; many alike of one gateway are one alert",
)
_HOW = {
    Kind.THRESHOLD: Text("cảnh báo theo bậc khi số đo vượt ngưỡng", "an alert by steps beyond a threshold"),
    Kind.RATE: Text("cảnh báo khi số đo thay đổi nhanh", "an alert when it changes fast"),
    Kind.SILENT: Text(
        "báo khi cảm biến không gửi trong ba chu kỳ", "told when a sensor is silent for three intervals"
    ),
    Kind.STUCK: Text("báo khi số đo đứng yên quá lâu", "told when a value does not move for too long"),
    Kind.AND: Text("cảnh báo khi mọi điều kiện cùng đúng", "an alert when every condition holds"),
    Kind.OR: Text("cảnh báo khi một điều kiện đúng", "an alert when any condition holds"),
    Kind.K_OF_N: Text(
        "cảnh báo khi đủ số cảm biến vượt ngưỡng", "an alert when enough sensors are beyond a threshold"
    ),
    Kind.COUNT: Text(
        "một cảnh báo chung khi nhiều cảm biến vượt giới hạn",
        "one alert when many sensors are beyond a limit",
    ),
}
