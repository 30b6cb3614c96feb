"""Floods of rivers: the stage against the station's alert levels (báo động, BĐ), and how fast it rises.

The levels are law, fixed per station (Decision 05/2020/QĐ-TTg), closed on the left: H ≥ BĐk. Hysteresis,
delays and rates of rise are design defaults; no authority gives a number.
"""

from services.alerts.derive import Computed, Series
from services.alerts.expression import parse
from services.alerts.hazard import Advice, Cap, Derivation, Facts, Hazard
from services.alerts.slope import theil_sen
from services.observation.quantity import Property
from services.observation.text import Text, in_vietnamese

RATE = "water_level_rate"

WORDS = {
    "advisory": Text("Báo động 1", "Alert level 1 (BĐ1)"),
    "watch": Text("Báo động 2", "Alert level 2 (BĐ2)"),
    "warning": Text("Báo động 3", "Alert level 3 (BĐ3)"),
    "emergency": Text("Vượt lũ lịch sử", "Above the historic flood"),
}

# What reaching a level means (domain of the Decision: water in the channel, on the fields, over the land).
BEGINS = {
    "advisory": ("Lũ bắt đầu.", "The flood begins."),
    "watch": (
        "Nước bắt đầu tràn bờ bãi, nguy hiểm cho người.",
        "Low ground goes under water; danger to people.",
    ),
    "warning": ("Ngập rộng, nguy hiểm tính mạng.", "Wide flooding, danger to life."),
    "emergency": ("Ngập rất sâu, sơ tán ngay.", "Very deep flooding: leave at once."),
}

_RECORD = Text("mức lũ lịch sử", "the historic flood level")
_RECORD_BROKEN = ("Vượt lũ lịch sử, sơ tán ngay.", "Beyond the known record: leave at once.")


def _rate(series: Series) -> Computed:
    """Rate of rise, m/h: (1, m)."""
    return Computed(theil_sen(series, series.window)[0][None])


# Below BĐ1 - 0.5 m, waves and noise at low water would look like a rise.
_ARMED = parse("station.bd1 - 0.5")

_LEVEL = {
    "id": "flood-level",
    "hazard": "flood",
    "property": "water_level",
    "advisory": "station.bd1",
    "watch": "station.bd2",
    "warning": "station.bd3",
    # Kept apart from the three of the law: what bulletins call "vượt lũ lịch sử", or BĐ3 + 1 m where
    # nobody knows the record.
    "emergency": "station.historic_max or station.bd3 + 1.0",
    # 5 cm: half the step between the levels of a tidal station (Phú An: 1.4, 1.5, 1.6 m).
    "hysteresis": 0.05,
    # Quality control has already dealt with spikes, and many Vietnamese gauges report once an hour: a
    # delay would cost an hour of warning, so the very reading that reaches the level raises.
    "on_delay_s": 0,
    # Half an hour below before it is over: stages oscillate about a level.
    "off_delay_s": 1800,
    "status": "default",
    "source": "Levels: Decision 05/2020/QĐ-TTg by station; hysteresis and delays: design default",
}

_RISE = {
    "id": "flood-rise",
    "hazard": "flood",
    "property": RATE,
    "watch": 0.1,
    "warning": 0.3,
    "emergency": 0.5,
    "hysteresis": 0.03,
    "on_delay_s": 0,
    "off_delay_s": 1800,
    "status": "default",
    "source": "design default for rivers; no authority gives a number, tune it per station",
}


def _level(facts: Facts) -> Text | None:
    """What the threshold is called at this station; None when the law gives it no name."""
    at = facts.attributes
    named = {
        "bd1": WORDS["advisory"],
        "bd2": WORDS["watch"],
        "bd3": WORDS["warning"],
        "historic_max": _RECORD,
    }
    for attribute, word in named.items():
        if at.get(attribute) == facts.threshold:
            return word
    above_bd3 = "bd3" in at and at["bd3"] + 1.0 == facts.threshold
    return Text("Báo động 3 + 1 m", "alert level 3 (BĐ3) + 1 m") if above_bd3 else None


def _reason(facts: Facts) -> Text | None:
    """Words for a stage at the levels of its station, and for its rise; else the general sentence serves."""
    if facts.value is None or facts.verb in ("blind", "sighted") or not facts.upward:
        return None
    if facts.kind == "rate" or (facts.kind == "threshold" and facts.property == RATE):
        return _rise(facts)
    if facts.kind != "threshold" or facts.property != "water_level" or facts.threshold is None:
        return None
    word = _level(facts)
    if word is None:
        return None
    above = facts.value - facts.threshold
    side = ("trên", "above") if above >= 0 else ("dưới", "below")
    value, limit, by = f"{facts.value:.2f}", f"{facts.threshold:g}", f"{abs(above):.2f}"
    tail = {
        "raised": _RECORD_BROKEN if word is _RECORD else BEGINS[facts.severity],
        "escalated": ("Lũ lên.", "The flood rises."),
        "eased": ("Lũ xuống.", "The flood falls."),
        "cleared": ("Hết báo động.", "The alert level is left."),
    }.get(facts.verb, ("", ""))
    return Text(
        f"Mực nước tại {facts.place.vi} là {in_vietnamese(value)} m, {side[0]} {word.vi} "
        f"{in_vietnamese(by)} m ({in_vietnamese(limit)} m). {tail[0]}".strip(),
        f"Stage at {facts.place.en} is {value} m, {by} m {side[1]} {word.en} ({limit} m). {tail[1]}".strip(),
    )


def _rise(facts: Facts) -> Text:
    rate = facts.value if facts.value is not None else 0.0
    if facts.verb == "cleared":
        return Text(
            f"Nước tại {facts.place.vi} không còn lên nhanh ({in_vietnamese(f'{rate:+.2f}')} m/giờ).",
            f"The water at {facts.place.en} no longer rises fast ({rate:+.2f} m/h).",
        )
    limit = f"{facts.threshold:g}" if facts.threshold is not None else "?"
    return Text(
        f"Nước tại {facts.place.vi} lên {in_vietnamese(f'{rate:.2f}')} m/giờ, "
        f"ngưỡng {in_vietnamese(limit)} m/giờ.",
        f"The water at {facts.place.en} rises {rate:.2f} m/h, threshold {limit} m/h.",
    )


_ADVICE = {
    "advisory": Advice(
        Text(
            "Theo dõi mực nước, kiểm tra lực lượng trực và cửa cống.",
            "Watch the stage; check duty crews and sluices.",
        ),
        Text(
            "Người dân ven sông, bãi thấp chú ý theo dõi.",
            "People on river banks and low ground: stay informed.",
        ),
    ),
    "watch": Advice(
        Text(
            "Thông báo xã, phường; chuẩn bị phương tiện, điểm sơ tán.",
            "Inform the communes; make vehicles and shelters ready.",
        ),
        Text(
            "Đưa tài sản, gia súc lên cao; không qua ngầm, tràn.",
            "Move goods and animals up; do not cross fords.",
        ),
    ),
    "warning": Advice(
        Text(
            "Đóng đường ngập, sơ tán vùng trũng, trực 24/24.",
            "Close flooded roads, evacuate low areas, staff 24/24.",
        ),
        Text(
            "Rời vùng trũng ngay theo hướng dẫn của chính quyền.",
            "Leave low areas now as the authorities direct.",
        ),
    ),
    "emergency": Advice(
        Text(
            "Sơ tán toàn bộ vùng ngập; yêu cầu cấp trên chi viện.",
            "Evacuate the whole flood area; ask for support.",
        ),
        Text("Đến nơi cao, an toàn ngay lập tức.", "Go to high, safe ground at once."),
    ),
}

HAZARD = Hazard(
    name="flood",
    text=Text("lũ, ngập", "flood"),
    properties={
        RATE: Property(
            name=RATE, unit="m/h", text=Text("tốc độ nước lên", "rate of rise of the water"), derived=True
        )
    },
    derives=(Derivation((RATE,), "water_level", _rate, window_s=3_600.0, slots=16, above=_ARMED),),
    rules=(_LEVEL, _RISE),
    words=WORDS,
    advice=_ADVICE,
    cap=Cap("Met", Text("Lũ", "Flood"), ("Monitor", "Prepare", "Evacuate")),
    reason=_reason,
)
