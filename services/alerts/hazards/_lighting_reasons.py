"""Why a lighting alert was told: how many lamps of how many, which, and what is the matter with them."""

from services.alerts.hazard import Facts
from services.observation.text import Text, in_vietnamese

_NAMED = 5
"""Lamps named in a sentence; of the others only the number is told."""

# What is said of so many of so many: "3 trong 40 đèn không sáng", "3 of 40 lamps are dark".
_LAMPS: dict[str, tuple[str, str]] = {
    "lamp_failure": ("không sáng dù có lệnh bật", "dark although told to burn"),
    "lamp_unexpected_on": ("sáng khi không được lệnh hoặc ban ngày", "on without a command or by day"),
    "lamp_power_high": ("quá công suất", "above the expected power"),
    "lamp_power_low": ("thiếu công suất", "below the expected power"),
    "dimming_failure": ("không giảm sáng theo lệnh", "not dimming as told"),
    "power_factor_low": ("có hệ số công suất thấp", "with too low a power factor"),
    "lamp_cycling": ("chập chờn, tắt bật không theo lệnh", "cycling off and on without a command"),
    "gear_failure": ("có bộ nguồn báo lỗi", "whose control gear reports a failure"),
}
_METERS: dict[str, tuple[str, str]] = {
    "supply_loss": ("mất điện", "without supply"),
    "voltage_highest": ("điện áp trên 242 V", "above 242 V"),
    "voltage_lowest": ("điện áp dưới 198 V", "below 198 V"),
}


def reason(facts: Facts) -> Text | None:
    """Why a lighting alert was told; None: the general sentence serves."""
    if facts.kind == "count" and facts.verb not in ("blind", "sighted"):
        return _counted(facts)
    if facts.kind == "threshold" and facts.verb in ("raised", "escalated"):
        return {"leakage_current": _leaks, "door": _open}.get(facts.property, _nobody)(facts)
    return None


def _nobody(facts: Facts) -> Text | None:
    del facts
    return None


def _counted(facts: Facts) -> Text | None:
    said = _LAMPS.get(facts.property) or _METERS.get(facts.property)
    if said is None:
        return None
    lamps = facts.property in _LAMPS
    place, number, total = facts.place, int(facts.value or 0), facts.total
    if facts.verb == "cleared":
        return Text(
            f"{place.vi}: không còn {'đèn' if lamps else 'tủ'} nào {said[0]}.",
            f"{place.en}: no {'lamp' if lamps else 'cabinet'} is {said[1]} any more."
            if not said[1].startswith(("whose", "with "))
            else f"{place.en}: no lamp any more {said[1]}.",
        )
    noun = Text("đèn", "lamp" if total == 1 else "lamps") if lamps else Text("điểm đo", "meters")
    named = _named(facts)
    left = Text("còn ", "still ") if facts.verb == "eased" else Text("", "")
    return Text(
        f"{place.vi}: {left.vi}{number} trong {total} {noun.vi} {said[0]}{named.vi}.",
        f"{place.en}: {left.en}{number} of {total} {noun.en} {said[1]}{named.en}.",
    )


def _named(facts: Facts) -> Text:
    """The members by name, in the order of their ids: the first few."""
    places = [facts.members[name] for name in sorted(facts.members)]
    if not places:
        return Text("", "")
    shown = places[:_NAMED]
    more = max(int(facts.value or 0), len(places)) - len(shown)
    vi, en = ", ".join(one.vi for one in shown), ", ".join(one.en for one in shown)
    if more > 0:
        return Text(f": {vi} và {more} nơi khác", f": {en} and {more} more")
    return Text(f": {vi}", f": {en}")


def _leaks(facts: Facts) -> Text | None:
    if facts.value is None or facts.threshold is None:
        return None
    value, limit = f"{1000 * facts.value:.0f}", f"{1000 * facts.threshold:.0f}"
    return Text(
        f"Dòng rò {in_vietnamese(value)} mA tại {facts.place.vi}, ngưỡng {in_vietnamese(limit)} mA: "
        "nguy cơ điện giật; chưa ai xác nhận an toàn thì cảnh báo còn giữ ít nhất một ngày.",
        f"{value} mA leak at {facts.place.en}, limit {limit} mA: danger of electric shock; the alert is kept "
        "for a day at least after the current is gone.",
    )


def _open(facts: Facts) -> Text | None:
    return Text(
        f"Cửa tủ điện tại {facts.place.vi} mở quá một phút. Hệ thống chưa biết lịch làm việc của đội "
        "sửa chữa.",
        f"The cabinet door at {facts.place.en} has been open for over a minute. The service knows of no "
        "work orders.",
    )
