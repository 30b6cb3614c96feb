"""Why a lighting alert was told: how many lamps of how many, which, and what is the matter with them."""

from services.alerts.hazard import Facts
from services.observation.text import Text

_NAMED = 5
"""Lamps named in a sentence; of the others only the number is told."""

# What is said of so many of so many: "3 trong 40 đèn không sáng", "3 of 40 lamps dark".
_LAMPS = {
    "lamp_failure": Text("không sáng dù có lệnh bật", "dark although told to burn"),
    "lamp_unexpected_on": Text("sáng khi không có lệnh hoặc giữa ban ngày", "on without a command or by day"),
    "lamp_power_high": Text("quá công suất", "above the expected power"),
    "lamp_power_low": Text("thiếu công suất", "below the expected power"),
    "dimming_failure": Text("không giảm sáng theo lệnh", "not dimming as told"),
    "power_factor_low": Text("có hệ số công suất thấp", "with a low power factor"),
    "lamp_cycling": Text("chập chờn, tắt bật không theo lệnh", "going off and on without a command"),
    "gear_failure": Text("có bộ nguồn báo lỗi", "with control gear that reports a failure"),
}
# What is said when no lamp is left.
_OVER = {
    "lamp_failure": Text("mọi đèn đã sáng theo lệnh", "all lamps burn as told again"),
    "lamp_unexpected_on": Text("không còn đèn sáng ngoài lệnh", "no lamp on unexpectedly any more"),
    "lamp_power_high": Text("không còn đèn quá công suất", "no lamp above its power any more"),
    "lamp_power_low": Text("không còn đèn thiếu công suất", "no lamp below its power any more"),
    "dimming_failure": Text("các đèn đã giảm sáng theo lệnh", "all lamps dim as told again"),
    "power_factor_low": Text("hệ số công suất đã đạt", "power factors are as they should be again"),
    "lamp_cycling": Text("không còn đèn chập chờn", "no lamp cycles any more"),
    "gear_failure": Text("không còn bộ nguồn báo lỗi", "no control gear reports a failure any more"),
}
# Of meters: what is said where it is so, and when it is over.
_METERS: dict[str, tuple[Text, Text]] = {
    "supply_loss": (
        Text("mất điện cấp", "supply lost"),
        Text("đã có điện trở lại", "the supply is back"),
    ),
    "voltage_highest": (
        Text("điện áp cấp quá cao", "supply voltage too high"),
        Text("điện áp cấp đã bình thường", "the supply voltage is as it should be again"),
    ),
    "voltage_lowest": (
        Text("điện áp cấp quá thấp hoặc mất pha", "supply voltage too low, or a phase lost"),
        Text("điện áp cấp đã bình thường", "the supply voltage is as it should be again"),
    ),
}


def reason(facts: Facts) -> Text | None:
    """Why a lighting alert was told; None: the general sentence serves."""
    if facts.kind == "count" and facts.verb not in ("blind", "sighted"):
        return _counted(facts)
    if facts.kind == "threshold" and facts.property == "leakage_current":
        return _leaks(facts)
    if facts.kind == "threshold" and facts.property == "door" and facts.verb in ("raised", "cleared"):
        if facts.verb == "cleared":
            return Text(
                f"Cửa tủ điện tại {facts.place.vi} đã đóng.",
                f"The cabinet door at {facts.place.en} is shut.",
            )
        return Text(
            f"Cửa tủ điện tại {facts.place.vi} đang mở. Hệ thống không biết lịch làm việc của đội sửa chữa.",
            f"The cabinet door at {facts.place.en} is open. The service knows of no work orders.",
        )
    return None


def _counted(facts: Facts) -> Text | None:
    if facts.property in _METERS:
        return _metered(facts, *_METERS[facts.property])
    said = _LAMPS.get(facts.property)
    if said is None:
        return None
    place, number, total = facts.place, int(facts.value or 0), facts.total
    if facts.verb == "cleared" or number == 0:
        over = _OVER[facts.property]
        return Text(f"{place.vi}: {over.vi}.", f"{place.en}: {over.en}.")
    named, left = _named(facts), Text("còn ", "still ") if facts.verb == "eased" else Text("", "")
    lamps = "lamp" if total == 1 else "lamps"
    return Text(
        f"{place.vi}: {left.vi}{number} trong {total} đèn {said.vi}: {named.vi}.",
        f"{place.en}: {left.en}{number} of {total} {lamps} {said.en}: {named.en}.",
    )


def _metered(facts: Facts, so: Text, over: Text) -> Text:
    place, named = facts.place, _named(facts)
    if facts.verb == "cleared" or not facts.members:
        return Text(f"{place.vi}: {over.vi}.", f"{place.en}: {over.en}.")
    left = Text("còn ", "still ") if facts.verb == "eased" else Text("", "")
    return Text(
        f"{place.vi}: {left.vi}{so.vi} tại {named.vi}.", f"{place.en}: {left.en}{so.en} at {named.en}."
    )


def _named(facts: Facts) -> Text:
    """The members by name, in the order of their ids: the first few. Names may have commas in them."""
    places = [facts.members[name] for name in sorted(facts.members)]
    shown = places[:_NAMED]
    more = max(int(facts.value or 0), len(places)) - len(shown)
    vi, en = "; ".join(one.vi for one in shown), "; ".join(one.en for one in shown)
    return Text(f"{vi} và {more} nơi khác", f"{en} and {more} more") if more > 0 else Text(vi, en)


def _leaks(facts: Facts) -> Text | None:
    if facts.verb == "cleared":
        return Text(
            f"Dòng rò tại {facts.place.vi} đã hết từ lâu; chỉ thợ điện mới xác nhận được an toàn.",
            f"The leak at {facts.place.en} has long been gone; only an electrician can say that it is safe.",
        )
    if facts.verb not in ("raised", "escalated") or facts.value is None or facts.threshold is None:
        return None
    value, limit = f"{1000 * facts.value:.0f}", f"{1000 * facts.threshold:.0f}"
    return Text(
        f"Dòng rò {value} mA tại {facts.place.vi}, ngưỡng {limit} mA: nguy cơ điện giật. "
        "Cảnh báo được giữ cả khi dòng rò đã hết.",
        f"{value} mA leak at {facts.place.en}, limit {limit} mA: danger of electric shock. "
        "The alert stands on when the current is gone.",
    )
