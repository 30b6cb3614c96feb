"""What is new within a situation, as a sentence: what, and where. Pure."""

from collections.abc import Iterable, Mapping

from services.alerts.attention.whole import Whole
from services.alerts.lifecycle import Life, rank_of
from services.alerts.situation.kinds import family_texts
from services.observation.text import Text
from services.observation.topics import SITE_AREA

NAMED = 3
"""Areas that a sentence names for each phenomenon."""
_LEVELS = {"advisory": "chú ý", "watch": "theo dõi", "warning": "cảnh báo", "emergency": "khẩn cấp"}
"""The ladder in Vietnamese sentences, as roads and public messages have it."""
_DANGERS = {
    "leakage": Text(
        "có tủ đèn rò điện{}, không cho người đến gần", "a cabinet leaks current{}, keep people away"
    ),
    "tree-fall": Text("có cây nguy cơ đổ{}", "a tree may fall{}"),
}
"""What is told at once, in words of its own."""


def spreads(lives: list[Life], whole: Whole, names: Mapping[str, Text], *, risen: bool = False) -> Text:
    """Say what is new: phenomena, where they reach or get worse; what is over already, or still there.

    Args:
        lives: those of the situation's alerts that are news.
        whole: the situation, as an operator knows it until now.
        names: of areas.
        risen: whether its severity rose.
    """
    still = [life for life in lives if life.alert_id in whole.back]
    over = [life for life in lives if life.alert_id in whole.over]
    news = [life for life in lives if life.alert_id not in whole.back]
    further = [life for life in news if whole.mark(life) in whole.marks and life.alert_id not in whole.over]
    parts = []
    for rule, danger in _DANGERS.items():
        parts += _where([one for one in news if Whole.at_once(one) and one.rule == rule], danger, names)
    first = [life for life in news if whole.mark(life) not in whole.marks]
    parts += _what(first, Text("thêm", "now also"), whole, names)
    parts += _what(further, Text("lan tới hoặc nặng thêm:", "reaching or worse:"), whole, names)
    parts += _where(over, Text("đã có nhưng vừa hết{}", "come and gone{}"), names)
    parts += _where(still, Text("vẫn còn, cần xem lại{}", "still going on, look again{}"), names)
    said = _joined(parts or [Text("có cảnh báo mới", "new alerts")], "; ")
    name, severity = whole.unfolding.data.name, whole.unfolding.data.severity
    level = _LEVELS.get(severity, severity)
    if risen:
        return Text(f"{name.vi} lên mức {level}: {said.vi}.", f"{name.en} rose to {severity}: {said.en}.")
    return Text(f"{name.vi} (mức {level}): {said.vi}.", f"{name.en} ({severity}): {said.en}.")


def _what(lives: list[Life], lead: Text, whole: Whole, names: Mapping[str, Text]) -> list[Text]:
    """What there is, and where: the most severe first."""
    found: dict[str, list[Life]] = {}
    for life in sorted(lives, key=lambda life: -rank_of(life.severity)):
        if not Whole.at_once(life):
            found.setdefault(whole.mark(life), []).append(life)
    listed = []
    for mark, about in found.items():
        what = family_texts([mark])
        listed += _where(about, Text(f"{what.vi}{{}}", f"{what.en}{{}}"), names) if what.vi else []
    if not listed:
        return []
    said = _joined(listed, ", ")
    return [Text(f"{lead.vi} {said.vi}", f"{lead.en} {said.en}")]


def _where(lives: list[Life], said: Text, names: Mapping[str, Text]) -> list[Text]:
    """The first few of their areas in what is said, the most severe first, and how many more there are."""
    if not lives:
        return []
    ordered = sorted(lives, key=lambda life: (-rank_of(life.severity), life.area))
    areas = [*dict.fromkeys(life.area for life in ordered if life.area != SITE_AREA)]
    if not areas:
        return [Text(said.vi.format(""), said.en.format(""))]
    places, more = (
        _joined([names.get(area, Text(area, area)) for area in areas[:NAMED]], ", "),
        len(areas) - NAMED,
    )
    vi = f"{places.vi} và {more} khu vực nữa" if more > 0 else places.vi
    en = f"{places.en} and {more} more area{'s' if more > 1 else ''}" if more > 0 else places.en
    return [Text(said.vi.format(f" ({vi})"), said.en.format(f" ({en})"))]


def _joined(texts: Iterable[Text], by: str) -> Text:
    listed = [*texts]
    return Text(by.join(one.vi for one in listed), by.join(one.en for one in listed))
