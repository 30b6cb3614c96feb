"""Alerts about ourselves: sensors and gateways that no longer speak. Not a danger, a blindness."""

from services.alerts.hazard import Advice, Facts, Hazard
from services.observation.text import Text

SENSOR_SILENT = "sensor-silent"
GATEWAY_SILENT = "gateway-silent"


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
    return None


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
            "severity": "advisory",
            "status": "default",
            "source": "design default: three expected intervals",
        },
    ),
    advice={name: Advice(_CHECK, _NOTHING) for name in ("advisory", "watch", "warning", "emergency")},
    reason=_reason,
)
