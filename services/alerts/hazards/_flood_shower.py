"""Heavy rain: sums over 10 min to 24 h and the rain day, and one alert for the worst of them.

A ladder on each of five windows would tell one shower five times; so the worst window makes one index, and
the reason says which window it is and how many millimetres.
"""

import numpy as np

from services.alerts.hazard import Cap, Derivation, Facts, Part
from services.alerts.hazards import _flood_rain as rain
from services.alerts.hazards._flood_texts import advice, words
from services.alerts.hazards._flood_words import join, number
from services.observation.event import SEVERITIES
from services.observation.flags import Flag
from services.observation.quantity import Property
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


def worst(facts: Facts) -> tuple[str, float] | None:
    """The window that makes the severity, and its millimetres; None where no sum is known."""
    ladders = rain.ladders(facts.attributes)
    known = {name: facts.beside[name] for name in _WINDOWS if name in facts.beside}
    if not known:
        return None
    index = {name: float(rain.index(np.array([mm]), ladders[name])[0]) for name, mm in known.items()}
    name = max(known, key=lambda one: index[one])
    return name, known[name]


def reason(facts: Facts) -> Text | None:
    """Which window and how many millimetres, and what the national classes call a day of it."""
    if facts.property != rain.SEVERITY or facts.kind != "threshold" or facts.verb in ("blind", "sighted"):
        return None
    found = worst(facts)
    if found is None:
        return None
    window, mm = _WINDOWS[found[0]], number(found[1], ".1f")
    if facts.verb == "cleared":
        first = Text(f"Mưa tại {facts.place.vi} đã ngớt.", f"The rain at {facts.place.en} has eased.")
    else:
        word = WORDS[facts.severity]
        least = Text("ít nhất ", "at least ") if facts.flag == Flag.SUSPECT else Text("", "")
        step = rain.ladders(facts.attributes)[found[0]][SEVERITIES.index(facts.severity)]
        limit = number(step, "g") if step is not None else None
        against = Text(
            f" (ngưỡng {limit.vi} mm)" if limit else "", f" (threshold {limit.en} mm)" if limit else ""
        )
        first = Text(
            f"{word.vi} tại {facts.place.vi}: {least.vi}{mm.vi} mm trong {window.vi}{against.vi}.",
            f"{word.en} at {facts.place.en}: {least.en}{mm.en} mm in {window.en}{against.en}.",
        )
    return join(first, *_lately(facts, found[0] if facts.verb != "cleared" else ""))


def _lately(facts: Facts, told: str) -> list[Text]:
    """What fell in the last hour, when the rain ends, and in the last day, with its class."""
    said = []
    hour, day = facts.beside.get("rain_1h"), facts.beside.get("rain_24h")
    if facts.verb == "cleared" and hour is not None:
        mm = number(hour, ".1f")
        said.append(Text(f"1 giờ qua: {mm.vi} mm.", f"Last hour: {mm.en} mm."))
    if day is not None:
        mm, name = number(day, ".1f"), class_of_24h(day)
        if told == "rain_24h":
            said.append(Text(f"Cấp mưa ngày: {name.vi}.", f"Class of the day: {name.en}."))
        else:
            said.append(Text(f"24 giờ qua: {mm.vi} mm, {name.vi}.", f"Last 24 h: {mm.en} mm, {name.en}."))
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


def _property(name: str, unit: str, vi: str, en: str) -> Property:
    return Property(name=name, unit=unit, text=Text(vi, en), derived=True)


PROPERTIES = (
    *(_property(name, "mm", f"mưa {text.vi}", f"rain in {text.en}") for name, text in _WINDOWS.items()),
    _property(rain.RAIN_DAY, "mm", "mưa ngày (từ 19 giờ)", "rain of the rain day (from 19:00)"),
    _property(rain.SEVERITY, "1", "mức độ mưa", "severity of the rain"),
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
    Derivation(rain.OUTPUTS, "rainfall", rain.sums, window_s=rain.KEPT_S),
    Derivation(rain.OUTPUTS, "rain_total", rain.sums_of_counter, window_s=rain.KEPT_S),
)

PART = Part(
    text=Text("mưa lớn", "heavy rain"),
    words=WORDS,
    advice=_ADVICE,
    cap=Cap("Met", Text("Mưa lớn", "Heavy rain"), ("Monitor", "Avoid", "Prepare")),
)
