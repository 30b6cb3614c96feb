"""Pieces of sentences about water: numbers, spans of time, depths, and what they mean for people."""

from services.observation.text import Text, in_vietnamese

_ROUGH = 30  # from here on, minutes are told in fives
_HOUR = 60


def join(*parts: Text) -> Text:
    """Sentences one after the other."""
    return Text(
        " ".join(part.vi for part in parts if part.vi), " ".join(part.en for part in parts if part.en)
    )


def number(value: float, form: str = ".2f") -> Text:
    """A number as each language writes it."""
    shown = format(value, form)
    return Text(in_vietnamese(shown), shown)


def span(minutes: float) -> Text:
    """How long: to the minute below half an hour, in fives above."""
    whole = round(minutes) if minutes < _ROUGH else 5 * round(minutes / 5)
    hours, rest = divmod(int(whole), _HOUR)
    if not hours:
        return Text(f"{rest} phút", f"{rest} min")
    if not rest:
        return Text(f"{hours} giờ", f"{hours} h")
    return Text(f"{hours} giờ {rest} phút", f"{hours} h {rest:02d}")


def centimetres(metres: float) -> str:
    """A depth in whole centimetres."""
    return f"{100 * metres:.0f} cm"


# Upper limits of the depth of still water: AIDR Guideline 7-3 (recalled, to be checked).
_STILL = (
    (0.3, Text("nói chung an toàn", "generally safe")),
    (0.5, Text("nguy hiểm cho xe nhỏ", "unsafe for small vehicles")),
    (1.2, Text("nguy hiểm cho xe, trẻ em, người già", "unsafe for vehicles, children and the elderly")),
    (2.0, Text("nguy hiểm cho mọi người và xe", "unsafe for all people and vehicles")),
)


def danger_in_still_water(depth: float) -> Text:
    """What a depth (m) means for people if the water does not move: a gauge does not know its speed."""
    for limit, text in _STILL:
        if depth <= limit:
            return text
    return Text("nguy hiểm cho cả nhà cửa", "unsafe for buildings too")


def people_hazard(depth: float, speed: float = 0.0, debris: float = 0.0) -> float:
    """DEFRA's hazard rating d (v + 0.5) + DF: m, m/s, 0, 0.5 or 1. Below 0.75 low, above 2 for all.

    Verified: documentation of Flood Modeller; classes recalled: FD2320, FD2321.
    """
    return depth * (speed + 0.5) + debris
