"""Heavy rain: sums over 10 min to 24 h and the rain day, and one alert for the worst of them.

A ladder on each of five windows would tell one shower five times; so the worst window makes one index, and
the reason says which window it is and how many millimetres.
"""

import numpy as np

from services.alerts.hazard import Cap, Derivation, Facts, Part, derived
from services.alerts.hazards import _flood_rain as rain
from services.alerts.hazards._flood_texts import advice, words
from services.alerts.hazards._flood_words import at, join, number
from services.observation.event import SEVERITIES
from services.observation.text import Text

_WINDOWS = {
    "rain_10min": Text("10 phút", "10 min"),
    "rain_1h": Text("1 giờ", "1 h"),
    "rain_3h": Text("3 giờ", "3 h"),
    "rain_12h": Text("12 giờ", "12 h"),
    "rain_24h": Text("24 giờ", "24 h"),
}

# Classes of the national service, written for whole millimetres; for decimals read as they stand below
# (design default): reached at the lower numbers, passed above the upper ones.
CLASSES = (
    Text("mưa nhỏ không đáng kể", "negligible rain"),
    Text("mưa nhỏ", "light rain"),
    Text("mưa", "rain"),
    Text("mưa vừa", "moderate rain"),
    Text("mưa to", "heavy rain"),
    Text("mưa rất to", "very heavy rain"),
)


def class_of_12h(mm: float) -> Text:
    """National class of the rain of 12 hours."""
    return CLASSES[sum(mm >= step for step in (0.3, 3, 8)) + sum(mm > step for step in (25, 50))]


def class_of_24h(mm: float) -> Text:
    """National class of the rain of 24 hours."""
    return CLASSES[1 + sum(mm >= step for step in (6,)) + sum(mm > step for step in (15, 50, 100))]


WORDS = words(
    ("Mưa lớn", "Heavy rain"),
    ("Mưa rất lớn", "Very heavy rain"),
    ("Mưa đặc biệt lớn", "Exceptional rain"),
    ("Mưa cực lớn", "Extreme rain"),
)


def worst(facts: Facts) -> tuple[str, float, int] | None:
    """The window that makes the severity, its millimetres and its class, 0 to 4; None where none is known.

    As in `_flood_rain.severity`: a sum known only at least counts from its first rung on, unless there is
    no other.
    """
    ladders = rain.ladders(facts.attributes)
    known = {name: facts.beside[name] for name in _WINDOWS if name in facts.beside}
    index = {name: float(rain.index(np.array([mm]), ladders[name])[0]) for name, mm in known.items()}
    counts = [name for name in known if name not in facts.least or index[name] >= 1] or list(known)
    if not counts:
        return None
    name = max(counts, key=lambda one: index[one])
    return name, known[name], int(index[name])


def reason(facts: Facts) -> Text | None:
    """Which window and how many millimetres, and what the national classes call a day of it."""
    if facts.property != rain.SEVERITY or facts.kind != "threshold" or facts.verb in ("blind", "sighted"):
        return None
    found = worst(facts)
    if found is None:
        return None
    name, mm, level = found
    head, depth, window = at(facts), _depth(facts, name, mm), _WINDOWS[name]
    if facts.verb == "cleared":
        rest = Text("mưa" if head.vi else "Mưa", "the rain" if head.en else "The rain")
        first = Text(
            f"{head.vi}{rest.vi} tại {facts.place.vi} đã ngớt.",
            f"{head.en}{rest.en} at {facts.place.en} has eased.",
        )
        return join(first, *_lately(facts, ""))
    word = WORDS[facts.severity]
    if level <= SEVERITIES.index(facts.severity):  # the amount is back below the class that is told
        word = Text("Mưa đã giảm", "Less rain")
    if head.vi:
        word = Text(word.vi[0].lower() + word.vi[1:], word.en[0].lower() + word.en[1:])
    step = rain.ladders(facts.attributes)[name][SEVERITIES.index(facts.severity)]
    limit = number(step, "g") if step is not None else None
    against = Text(
        f" (ngưỡng {limit.vi} mm)" if limit else "", f" (threshold {limit.en} mm)" if limit else ""
    )
    first = Text(
        f"{head.vi}{word.vi} tại {facts.place.vi}: {depth.vi} trong {window.vi}{against.vi}.",
        f"{head.en}{word.en} at {facts.place.en}: {depth.en} in {window.en}{against.en}.",
    )
    return join(first, *_lately(facts, name))


def unseen(facts: Facts) -> Text:
    """Rain that can no longer be judged, or can be again: in millimetres of the last hour, where known."""
    if facts.verb == "blind":
        return Text(
            f"Mất quan sát mưa tại {facts.place.vi}; cảnh báo được giữ nguyên.",
            f"No usable readings of rain from {facts.place.en} any more; the alert stands.",
        )
    first = Text(
        f"Đã quan sát lại được mưa tại {facts.place.vi}.",
        f"Good readings of rain are back at {facts.place.en}.",
    )
    return join(first, *_hour(facts))


def _depth(facts: Facts, name: str, mm: float) -> Text:
    """A sum, with a word if there may be more."""
    shown = number(mm, ".1f")
    if name in facts.least:
        return Text(f"ít nhất {shown.vi} mm", f"at least {shown.en} mm")
    return Text(f"{shown.vi} mm", f"{shown.en} mm")


def _hour(facts: Facts) -> list[Text]:
    if "rain_1h" not in facts.beside:
        return []
    mm = _depth(facts, "rain_1h", facts.beside["rain_1h"])
    return [Text(f"1 giờ qua: {mm.vi}.", f"Last hour: {mm.en}.")]


def _lately(facts: Facts, told: str) -> list[Text]:
    """What fell in the last hour, when the rain ends, and in the last day.

    The national class is of a day: it is named only beside the day's own sum, for beside a shower it would
    contradict the word for that.
    """
    said = _hour(facts) if not told else []
    day = facts.beside.get("rain_24h")
    if day is None:
        return said
    if told == "rain_24h":
        name, least = class_of_24h(day), "rain_24h" in facts.least
        said.append(
            Text(
                f"Theo cấp mưa ngày: {'ít nhất ' if least else ''}{name.vi}.",
                f"By the classes of a day: {'at least ' if least else ''}{name.en}.",
            )
        )
    else:
        mm = _depth(facts, "rain_24h", day)
        said.append(Text(f"24 giờ qua: {mm.vi}.", f"Last 24 h: {mm.en}."))
    return said


_ADVICE = advice(
    (
        (
            "Kiểm tra miệng cống, trạm bơm; báo đội thoát nước trực.",
            "Check inlets and pumps; tell the drainage crews on duty.",
        ),
        ("Mang áo mưa, đi chậm; tránh trú dưới cây to.", "Drive slowly; do not shelter under big trees."),
    ),
    (
        (
            "Trực các điểm hay ngập; hạ mực nước hồ điều hòa; theo dõi sườn dốc.",
            "Staff the spots known to flood; lower the retention ponds; watch slopes.",
        ),
        (
            "Tránh các đường hay ngập; không đỗ xe ở chỗ trũng, hầm.",
            "Keep off streets known to flood; do not park in low places or basements.",
        ),
    ),
    (
        (
            "Phân luồng, cấm đường ngập; kiểm tra khu sạt lở, hạ du hồ chứa.",
            "Divert traffic, close flooded streets; check slopes and below reservoirs.",
        ),
        (
            "Không ra đường nếu không cần; rời nhà sát sườn dốc, bờ suối.",
            "Stay in unless you must go; leave houses below slopes and by streams.",
        ),
    ),
    (
        (
            "Kích hoạt phương án ngập lớn; sẵn sàng cứu hộ, sơ tán vùng trũng.",
            "Start the plan for a great flood; have rescue ready, evacuate low areas.",
        ),
        ("Ở nơi cao, kiên cố; gọi 112, 114 khi cần cứu.", "Stay high, in a solid house; call 112 or 114."),
    ),
)


PROPERTIES = (
    *(derived(name, "mm", f"mưa {text.vi}", f"rain in {text.en}") for name, text in _WINDOWS.items()),
    derived(rain.RAIN_DAY, "mm", "mưa ngày (từ 19 giờ)", "rain of the rain day (from 19:00)"),
    derived(rain.SEVERITY, "1", "mức độ mưa", "severity of the rain"),
)

RULE = {
    "id": "rain",
    "property": rain.SEVERITY,
    # Places on the ladders of _flood_rain.LADDERS, or of the station's attributes `rain_1h_watch` and so on.
    "advisory": 1,
    "watch": 2,
    "warning": 3,
    "emergency": 4,
    # A fifth of a rung: 6 mm of the first 30 in an hour.
    "hysteresis": 0.2,
    # Showers come in cells: half an hour without one before the rain is over.
    "off_delay_s": 1800,
    "source": "design default: 8/15/25 mm in 10 min, 30/50/70/100 in 1 h, 50/70/100/200 in 3 h, "
    "26/50/100 in 12 h, 51/100/200/400 in 24 h",
}

DERIVES = (
    Derivation(rain.OUTPUTS, "rainfall", rain.sums, window_s=rain.KEPT_S, alike=rain.ATTRIBUTES),
    Derivation(rain.OUTPUTS, "rain_total", rain.sums_of_counter, window_s=rain.KEPT_S),
)

PART = Part(
    text=Text("mưa lớn", "heavy rain"),
    words=WORDS,
    advice=_ADVICE,
    cap=Cap("Met", Text("Mưa lớn", "Heavy rain"), ("Monitor", "Avoid", "Prepare")),
)
