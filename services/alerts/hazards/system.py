"""Alerts about ourselves: sensors and gateways that no longer speak. Not a danger, a blindness."""

from services.alerts.hazard import Advice, Facts, Hazard
from services.observation.text import Text

SENSOR_SILENT = "sensor-silent"
GATEWAY_SILENT = "gateway-silent"
_NAMED = 5
"""Sensors that a sentence names; the event names more."""
STRIKE_DETECTORS = "strike-detectors"


def _reason(facts: Facts) -> Text | None:
    if facts.rule == GATEWAY_SILENT:
        if facts.verb == "cleared":
            return Text(
                f"Gateway {facts.place.vi} đã có tín hiệu trở lại.",
                f"Gateway {facts.place.en} is heard again.",
            )
        return Text(
            f"Gateway {facts.place.vi} mất tín hiệu; chưa rõ tình trạng mọi cảm biến của nó.",
            f"Gateway {facts.place.en} is silent; nothing is known of its sensors.",
        )
    if facts.kind == "silent" and facts.total:
        return _together(facts)
    return _detectors(facts) if facts.rule == STRIKE_DETECTORS else None


def _together(facts: Facts) -> Text:
    """Many sensors of one gateway, told as one."""
    silent = int(facts.value or 0)
    if facts.verb == "cleared":
        return Text(
            f"Cảm biến của gateway {facts.place.vi} đã gửi số liệu trở lại; còn {silent} trên {facts.total}"
            " cảm biến im lặng.",
            f"Sensors of gateway {facts.place.en} speak again; {silent} of {facts.total} are still silent.",
        )
    named = list(facts.members)[:_NAMED]
    listed = ", ".join(named) + ("…" if silent > len(named) else "")
    return Text(
        f"{silent} trên {facts.total} cảm biến của gateway {facts.place.vi} không gửi số liệu, trong khi"
        f" gateway vẫn có tín hiệu: {listed}. Kiểm tra nguồn điện của chúng.",
        f"{silent} of {facts.total} sensors of gateway {facts.place.en} are silent while the gateway itself"
        f" is heard: {listed}. Check their power.",
    )


def _detectors(facts: Facts) -> Text | None:
    """How many lightning detectors are left: without them no strike is seen, and no all-clear is one."""
    if facts.value is None or facts.verb in ("blind", "sighted"):
        return None
    count = f"{facts.value:.0f}"
    if facts.verb == "cleared":
        return Text(
            f"{facts.place.vi}: đã có lại {count} máy định vị sét hoạt động.",
            f"{facts.place.en}: {count} lightning detectors are at work again.",
        )
    if facts.value < 1:
        return Text(
            f"{facts.place.vi}: không còn máy định vị sét nào hoạt động. Sét không được ghi nhận, "
            "thông báo hết sét lúc này không đáng tin: phải trông trời, nghe sấm.",
            f"{facts.place.en}: no lightning detector is at work. Strikes are not seen, and no all-clear can "
            "be relied on: watch the sky, listen for thunder.",
        )
    return Text(
        f"{facts.place.vi}: chỉ còn {count} máy định vị sét hoạt động; có thể sót tia sét hoặc định vị sai.",
        f"{facts.place.en}: only {count} lightning detectors are at work; strikes may be missed "
        "or misplaced.",
    )


_CHECK = Text(
    "Kiểm tra nguồn, mạng và cảm biến; trong lúc chờ, theo dõi trạm lân cận.",
    "Check power, network and sensor; watch neighbouring stations meanwhile.",
)
_NOTHING = Text("Không cần hành động.", "No action needed.")

HAZARD = Hazard(
    name="system",
    text=Text("hệ thống", "system"),
    rules=(
        # Every sensor of a site, declared or speaking: three expected intervals without a reading.
        {
            "id": SENSOR_SILENT,
            "kind": "silent",
            "per": "gateway",
            "k": 5,
            "severity": "advisory",
            "status": "default",
            "source": "design default: three expected intervals; five lamps at one gateway are one alert",
        },
        # Of a lightning network: fewer than four do not place a strike by times of arrival alone.
        {
            "id": STRIKE_DETECTORS,
            "property": "strike_detectors",
            "direction": "down",
            "advisory": 3,
            "warning": 0,
            "on_delay_s": 120,
            "off_delay_s": 300,
            "status": "default",
            "source": "design default: three or fewer at work; none",
        },
    ),
    advice={name: Advice(_CHECK, _NOTHING) for name in ("advisory", "watch", "warning", "emergency")},
    reason=_reason,
)
