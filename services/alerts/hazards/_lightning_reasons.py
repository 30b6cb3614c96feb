"""Why a lightning alert was told: which strike, how far and where, what is coming, what is not known.

`facts.beside` holds what was made in the same instant; of what it lacks the sentence is silent. An alert
that time ends has nothing beside it: it says which evidence came last, and when.
"""

from services.alerts.hazard import Facts
from services.alerts.hazards import _lightning_rings as rings
from services.alerts.hazards._flood_words import NONE, clock, join, number, small, wall
from services.alerts.hazards._lightning_texts import PHASES, WORDS, compass
from services.observation.event import SEVERITIES
from services.observation.text import Text

_MORE_THAN_ONE = 2


def reason(facts: Facts) -> Text | None:
    """The sentence of an alert on a phase or a ring; None where the general one will do."""
    if facts.verb in ("blind", "sighted"):
        return _unseen(facts) if facts.property == "lightning_phase" else None
    if facts.property in ("flash_jump", "field_step"):
        return _jump(facts) if facts.property == "flash_jump" else _field(facts)
    if facts.property not in ("lightning_phase", "strike_distance") or facts.kind != "threshold":
        return None
    ends = {"cleared": _over, "eased": _eased}
    return ends.get(facts.verb, _told)(facts)


def _head(facts: Facts) -> Text:
    """The phase and the place."""
    word = WORDS[facts.severity]
    return Text(f"{word.vi} tại {facts.place.vi}.", f"{word.en} at {facts.place.en}.")


def _told(facts: Facts) -> Text:
    return join(_head(facts), *evidence(facts))


def evidence(facts: Facts) -> list[Text]:
    """What speaks for it, in sentences; what was not known last."""
    beside = dict(facts.beside)
    if facts.property == "strike_distance" and facts.value is not None:
        beside.setdefault("strike_distance", facts.value)
    bits = int(beside.get("lightning_evidence", 0))
    said = [_strike(facts, beside), _count(facts, beside), _coming(facts, beside)]
    if bits & rings.BY_MILL:
        said.append(
            Text("Máy đo điện trường gần đó cũng báo.", "A field mill nearby says so too.")
            if bits & (rings.BY_STRIKE | rings.BY_CELL)
            else Text(
                "Máy đo điện trường gần đó vượt ngưỡng; chưa có sét trong vòng theo dõi.",
                "The field at the nearest mill is above its threshold; no strike in the rings yet.",
            )
            if "strikes_10min" not in beside
            else Text("Máy đo điện trường gần đó vượt ngưỡng.", "The nearest mill is above its threshold.")
        )
    if bits & rings.HELD:
        said.append(Text("Điện trường chưa lặng.", "The field is not calm yet."))
    if beside.get("flash_jump"):
        said.append(Text("Tần suất sét của ổ dông vừa tăng vọt.", "The cell's flash rate has just jumped."))
    if bits & rings.NO_MILL:
        said.append(
            Text(
                "Không có số đo điện trường: chỉ dựa vào sét.",
                "No field mill can be read: this rests on strikes alone.",
            )
        )
    return [part for part in said if part.vi]


def _strike(facts: Facts, beside: dict[str, float]) -> Text:
    if "strike_distance" not in beside:
        return NONE
    when = facts.measured if facts.measured is not None else facts.time
    shown, km = f"{wall(when, facts.zone):%H:%M}", number(beside["strike_distance"], ".1f")
    vi, en = f"Lúc {shown}, sét cách {km.vi} km", f"At {shown}, a strike {km.en} km away"
    if "strike_bearing" in beside:
        way = compass(beside["strike_bearing"])
        vi, en = f"{vi} về phía {way.vi}", f"{en} to the {way.en}"
    ring = _ring(facts)
    if beside["strike_distance"] <= ring:
        within = number(ring, "g")
        vi, en = f"{vi}, trong vòng {within.vi} km", f"{en}, within the ring of {within.en} km"
    return Text(f"{vi}.", f"{en}.")


def _ring(facts: Facts) -> float:
    """Radius of the ring that makes the severity, km."""
    if facts.property == "strike_distance" and facts.threshold is not None:
        return facts.threshold
    name, default = rings.RINGS[SEVERITIES.index(facts.severity)]
    return facts.attributes.get(name, default)


def _count(facts: Facts, beside: dict[str, float]) -> Text:
    count = int(beside.get("strikes_10min", 0))
    if not count:
        return NONE
    km = number(facts.attributes.get("lightning_monitor_km", rings.RINGS[0][1]), "g")
    strikes = "strikes" if count >= _MORE_THAN_ONE else "strike"
    return Text(
        f"{count} lần sét trong vòng {km.vi} km trong 10 phút qua.",
        f"{count} {strikes} within {km.en} km in the last 10 min.",
    )


def _coming(facts: Facts, beside: dict[str, float]) -> Text:
    if "storm_eta" not in beside:
        return NONE
    when = clock(facts, beside["storm_eta"], 0.0)
    km = number(facts.attributes.get("lightning_warning_km", rings.RINGS[2][1]), "g")
    vi, en = "Ổ dông", "A storm cell"
    if "storm_bearing" in beside:
        way = compass(beside["storm_bearing"])
        vi, en = f"{vi} phía {way.vi}", f"{en} in the {way.en}"
    return Text(
        f"{vi} đang tới; nếu cứ thế, vào vòng {km.vi} km khoảng {when.vi}.",
        f"{en} is coming; if it goes on like this it is within {km.en} km at about {when.en}.",
    )


def _last(facts: Facts) -> Text:
    """When something last spoke for the phase that ends."""
    if facts.measured is None:
        return NONE
    shown = f"{wall(facts.measured, facts.zone):%H:%M}"
    return Text(f"Dấu hiệu cuối lúc {shown}.", f"The last sign of it was at {shown}.")


def _over(facts: Facts) -> Text:
    return join(
        Text(
            f"Hết cảnh báo sét tại {facts.place.vi}: đã đủ thời gian chờ, không còn sét hay dấu hiệu dông "
            "trong các vòng.",
            f"All clear at {facts.place.en}: the waiting time is over without a strike or a sign of one "
            "in the rings.",
        ),
        _last(facts),
    )


def _eased(facts: Facts) -> Text:
    word, phase = WORDS[facts.severity], PHASES[facts.severity]
    return join(
        Text(
            f"{facts.place.vi}: đã đủ thời gian chờ mà không có sét gần hơn, còn mức {small(word.vi)}.",
            f"{facts.place.en}: the waiting time is over without a nearer strike; the phase is {phase}.",
        ),
        _last(facts),
    )


def _unseen(facts: Facts) -> Text:
    """The network of detectors is gone, or back."""
    if facts.verb == "blind":
        return Text(
            f"Mất dữ liệu định vị sét cho {facts.place.vi}; cảnh báo được giữ, đồng hồ chờ tạm dừng. "
            "Không coi là an toàn.",
            f"No data of strikes for {facts.place.en} any more; the alert stands and its clock is stopped. "
            "This is no all-clear.",
        )
    return Text(
        f"Đã có lại dữ liệu định vị sét cho {facts.place.vi}; đồng hồ chờ chạy tiếp.",
        f"Data of strikes are back for {facts.place.en}; the clock goes on.",
    )


def _jump(facts: Facts) -> Text | None:
    if facts.verb == "cleared" or facts.value is None:
        return Text(
            f"Tần suất sét gần {facts.place.vi} không còn tăng vọt.",
            f"The flash rate near {facts.place.en} jumps no more.",
        )
    times = number(facts.value, ".1f")
    return Text(
        f"Tần suất sét của ổ dông gần {facts.place.vi} tăng vọt, gấp {times.vi} lần ngưỡng hai sigma: "
        "dông có thể mạnh lên trong vài chục phút tới.",
        f"The flash rate of a cell near {facts.place.en} jumps, {times.en} times the limit of two sigma: "
        "severe weather may follow within tens of minutes.",
    )


_LEVELS = {"watch": 1.0, "warning": 2.0, "emergency": 4.0}
"""kV/m of a step, where the station does not say otherwise."""


def _field(facts: Facts) -> Text:
    """One mill, or two of an area that agree."""
    limit = number(_LEVELS.get(facts.severity, 1.0), "g")
    if facts.verb == "cleared":
        return Text(
            f"{facts.place.vi}: điện trường đã lặng đủ lâu.",
            f"{facts.place.en}: the electric field has been calm for long enough.",
        )
    if facts.verb == "eased":
        return Text(
            f"{facts.place.vi}: điện trường đã giảm.", f"{facts.place.en}: the electric field has fallen."
        )
    if facts.members:
        vi = ", ".join(sorted(place.vi for place in facts.members.values()))
        en = ", ".join(sorted(place.en for place in facts.members.values()))
        return Text(
            f"{facts.place.vi}: {len(facts.members)} máy đo cùng báo điện trường từ {limit.vi} kV/m ({vi}). "
            "Sét có thể đánh bất cứ lúc nào, dù chưa ghi nhận tia nào.",
            f"{facts.place.en}: {len(facts.members)} mills agree on a field from {limit.en} kV/m ({en}). "
            "Lightning may strike at any moment, even if none was seen yet.",
        )
    mean = facts.beside.get("field_mean")
    said = Text(
        f"Điện trường tại {facts.place.vi} vượt ngưỡng {limit.vi} kV/m hoặc vừa đổi dấu.",
        f"The field at {facts.place.en} is beyond {limit.en} kV/m or has just changed its sign.",
    )
    if mean is None:
        return said
    now = number(mean / 1000, "+.1f")
    return join(said, Text(f"Trung bình 1 phút: {now.vi} kV/m.", f"Mean of a minute: {now.en} kV/m."))
