"""Why an environment alert was told: which station and pollutant, how much, of how many hours, by which law.

What is known is said and what is not is left out. Names of classes, colours and methods are the Decision's.
"""

from services.alerts.hazard import Facts
from services.alerts.hazards import _env_air as air
from services.alerts.hazards import _env_aqi as aqi
from services.alerts.hazards import _env_noise as noise
from services.alerts.hazards import _env_rules as rules
from services.alerts.hazards import _env_water_reasons as water_reasons
from services.alerts.hazards._flood_words import at, join, number, wall
from services.observation.event import SEVERITIES
from services.observation.text import Text

_DOWN = ("eased", "cleared")
_UNSEEN = ("blind", "sighted")
_MANY = 3
_HOUR = 3_600_000_000
_LEGAL = {(table["property"], round(table["advisory"], 3)) for table in rules.LIMITS}
_METHOD = Text(
    "Cách tính: VN_AQI giờ, Quyết định 1459/QĐ-TCMT.", "Method: hourly VN_AQI, Decision 1459/QĐ-TCMT."
)
_ALONE = Text(
    "Đây là chỉ số của riêng chất khí này; VN_AQI của trạm chỉ công bố khi có PM2.5 hoặc PM10.",
    "This is the index of the gas alone; a station's VN_AQI is published only with PM2.5 or PM10.",
)


def pollutant_of(name: str) -> str | None:
    """`pm2_5` of `aqi_pm2_5`; None of anything that is not the index of one pollutant."""
    found = name.removeprefix("aqi_")
    return found if found in aqi.POLLUTANTS and found != name else None


def class_name(index: float) -> Text:
    """The class of an index with its colour."""
    one = aqi.class_of(index)
    return Text(f"{one.text.vi} (màu {one.colour.vi})", f"{one.text.en} ({one.text.vi}, {one.colour.en})")


def _short(name: str) -> Text:
    """A pollutant as it stands in brackets."""
    found = pollutant_of(name)
    formula = {"pm2_5": "PM2.5", "pm10": "PM10", "o3": "O₃", "no2": "NO₂", "so2": "SO₂", "co": "CO"}
    return Text(formula[found], formula[found]) if found else Text("VN_AQI", "VN_AQI")


def _members(facts: Facts) -> list[tuple[str, Text, float | None]]:
    """Property, place and index of those that reach the class, the worst known first.

    The index of a member is told where it came with the very reading that made the event.
    """
    found = [
        (prop, place, facts.beside.get(prop))
        for name, place in facts.members.items()
        for prop in [name.rpartition(".")[2]]
    ]
    return sorted(found, key=lambda one: -(one[2] if one[2] is not None else -1.0))


def index(facts: Facts) -> Text:
    """The worst station and pollutant of an area against the classes of VN_AQI."""
    least = aqi.CLASSES[2 + SEVERITIES.index(facts.severity)].least
    name, head, members = class_name(least), at(facts), _members(facts)
    if facts.verb == "cleared":
        return Text(
            f"{head.vi}{facts.place.vi}: AQI giờ của mọi trạm đã xuống dưới {aqi.CLASSES[2].least}.",
            f"{head.en}{facts.place.en}: the hourly AQI of every station is below {aqi.CLASSES[2].least}.",
        )
    if not members:
        return Text(
            f"{head.vi}{facts.place.vi}: chất lượng không khí mức {name.vi}, AQI giờ từ {least}.",
            f"{head.en}{facts.place.en}: air quality {name.en}, hourly AQI from {least}.",
        )
    prop, place, value = members[0]
    short = _short(prop)
    shown = "" if value is None else f" {value:.0f}"
    if facts.verb == "eased":
        first = Text(
            f"{head.vi}{facts.place.vi}: không khí đã bớt ô nhiễm, mức {name.vi}; "
            f"cao nhất tại {place.vi}: AQI giờ{shown} ({short.vi}).",
            f"{head.en}{facts.place.en}: the air is better, {name.en}; "
            f"worst at {place.en}: hourly AQI{shown} ({short.en}).",
        )
    else:
        first = Text(
            f"{head.vi}{facts.place.vi}: chất lượng không khí mức {name.vi} tại {place.vi}, "
            f"AQI giờ{shown} do {short.vi} (mức này từ {least}).",
            f"{head.en}{facts.place.en}: air quality {name.en} at {place.en}, "
            f"hourly AQI{shown} by {short.en} (class from {least}).",
        )
    alone = [] if pollutant_of(prop) in aqi.PARTICLES else [_ALONE]
    return join(first, *_basis(facts, prop), *_others(members), *alone, _METHOD)


def _basis(facts: Facts, prop: str) -> list[Text]:
    """Concentration and hours of the pollutant, where they came with the reading that made the event."""
    name = pollutant_of(prop)
    if name in aqi.PARTICLES and f"{name}_nowcast" in facts.beside:
        dose = number(facts.beside[f"{name}_nowcast"], ".1f")
        used = facts.beside.get(f"{name}_hours", float(aqi.HOURS))
        return [
            Text(
                f"Nowcast {dose.vi} µg/m³ từ {used:.0f}/{aqi.HOURS} giờ có số liệu.",
                f"Nowcast {dose.en} µg/m³ of {used:.0f} of {aqi.HOURS} hours with data.",
            )
        ]
    if f"{name}_1h" in facts.beside:
        dose = number(facts.beside[f"{name}_1h"], ".0f")
        return [Text(f"Trung bình 1 giờ: {dose.vi} µg/m³.", f"Mean of the hour: {dose.en} µg/m³.")]
    return []


def _others(members: list[tuple[str, Text, float | None]]) -> list[Text]:
    """Other stations and pollutants in the same class."""
    rest = members[1 : 1 + _MANY]
    if not rest:
        return []
    more = len(members) - 1 - len(rest)
    told = [
        Text(f"{place.vi} ({_short(prop).vi}{shown})", f"{place.en} ({_short(prop).en}{shown})")
        for prop, place, value in rest
        for shown in ["" if value is None else f" {value:.0f}"]
    ]
    tail = Text(f" và {more} nơi khác", f" and {more} more") if more else Text("", "")
    return [
        Text(
            f"Cùng mức: {', '.join(one.vi for one in told)}{tail.vi}.",
            f"Also: {', '.join(one.en for one in told)}{tail.en}.",
        )
    ]


def limit(facts: Facts) -> Text | None:
    """A mean of the air against its limit: a finding, no class of the index."""
    if facts.value is None or facts.threshold is None:
        return None
    name, _, span = facts.property.rpartition("_")
    what, hours = air.NAMES[name], span.removesuffix("h")
    head, value, most = at(facts), number(facts.value, ".1f"), number(round(facts.threshold, 3), "g")
    day = _day(facts) if span == "24h" else Text("", "")
    verb = Text("đã về dưới", "is back within") if facts.verb in _DOWN else Text("vượt", "exceeds")
    legal = (facts.property, round(facts.threshold, 3)) in _LEGAL
    law = " (QCVN 05:2023/BTNMT)" if legal else ""
    return Text(
        f"{head.vi}{facts.place.vi}: {what.vi} trung bình {hours} giờ{day.vi} {value.vi} µg/m³ {verb.vi} "
        f"giới hạn {most.vi} µg/m³{law}.",
        f"{head.en}{facts.place.en}: {what.en}, mean of {hours} h{day.en}, {value.en} µg/m³ {verb.en} "
        f"the limit of {most.en} µg/m³{law}.",
    )


def _day(facts: Facts) -> Text:
    """Which day a daily mean is of: it is told at 24:00, by when the clock shows the next."""
    if facts.measured is None:
        return Text("", "")
    day = wall(facts.measured - 12 * _HOUR, facts.zone)
    return Text(f" ngày {day.day}/{day.month}", f" on {day:%d %b}")


def loud(facts: Facts) -> Text | None:
    """The noise of an hour against the limit of zone and time; a guideline is told as no verdict."""
    if facts.value is None:
        return None
    head, level = at(facts), facts.beside.get(noise.LAEQ)
    over = number(facts.value, ".1f")
    laeq = Text("mức ồn", "the noise")
    if level is not None:
        laeq = Text(f"LAeq 1 giờ {number(level, '.1f').vi} dBA,", f"LAeq of the hour {level:.1f} dBA,")
    limit = _limit_of_noise(facts, level)
    if facts.value <= 0:
        first = Text(
            f"{head.vi}{facts.place.vi}: {laeq.vi} không còn vượt {limit.vi}.",
            f"{head.en}{facts.place.en}: {laeq.en} no longer above {limit.en}.",
        )
    else:
        first = Text(
            f"{head.vi}{facts.place.vi}: {laeq.vi} vượt {over.vi} dB so với {limit.vi}.",
            f"{head.en}{facts.place.en}: {laeq.en} {over.en} dB above {limit.en}.",
        )
    return join(first, _LAW_OF_NOISE.get(facts.rule, Text("", "")))


_LAW_OF_NOISE = {
    "noise-limit": Text("QCVN 26:2010/BTNMT.", "QCVN 26:2010/BTNMT."),
    "noise-guideline": Text(
        "So với QCVN 26:2010 (hết hiệu lực 13/11/2025): để tham khảo, không phải kết luận pháp lý.",
        "Against QCVN 26:2010, which ended on 13 Nov 2025: for guidance, no legal verdict.",
    ),
}


def _limit_of_noise(facts: Facts, level: float | None) -> Text:
    """The limit with zone and, where the hour is known, its number and its time of day."""
    special = facts.attributes.get(noise.ZONE) == noise.SPECIAL
    zone = (
        Text("khu vực đặc biệt", "special area") if special else Text("khu vực thông thường", "ordinary area")
    )
    if level is None or facts.value is None:
        return Text(f"giới hạn của {zone.vi}", f"the limit ({zone.en})")
    dba = round(level - facts.value)
    by_day = dba == noise.LIMITS[noise.SPECIAL if special else noise.ORDINARY][0]
    hours = Text("06–21 giờ", "06–21 h") if by_day else Text("21–06 giờ", "21–06 h")
    return Text(
        f"giới hạn {dba} dBA ({zone.vi}, {hours.vi})", f"the limit of {dba} dBA ({zone.en}, {hours.en})"
    )


def reason(facts: Facts) -> Text | None:
    """The sentence of a decision; None: the general one serves."""
    if facts.verb in _UNSEEN:
        return None
    if facts.kind in ("k_of_n", "count"):
        return index(facts) if facts.rule == "vn-aqi" else None
    if facts.kind != "threshold":
        return None
    of_water = water_reasons.reason(facts)
    if of_water is not None or not facts.upward:
        return of_water
    if facts.property == noise.EXCESS:
        return loud(facts)
    name, _, span = facts.property.rpartition("_")
    return limit(facts) if name in air.NAMES and span in ("1h", "8h", "24h") else None
