"""Numbers of lamps and cabinets that the lighting hazard reads, and which of them are impossible."""

from services.alerts.hazard import Attribute
from services.observation.text import Text

_LAMP = "lamp_wattage"


def _choice(vi: str, en: str, needs: str = "") -> Attribute:
    return Attribute(Text(vi, en), "", 0, 1, whole=True, needs=needs)


ATTRIBUTES = {
    _LAMP: Attribute(Text("công suất khi sáng hết", "power in full light"), "W", 0.0, 50_000.0, beyond=True),
    "lamp_gradient": Attribute(
        Text("độ dốc công suất theo mức sáng", "power by light"), "", 0.0, 2.0, beyond=True, needs=_LAMP
    ),
    "lamp_tolerance": Attribute(
        Text("sai lệch công suất cho phép", "tolerance of its power"), "W", 0.0, 50_000.0, beyond=True,
        needs=_LAMP,
    ),
    "lamp_power_factor": Attribute(
        Text("hệ số công suất cần đạt", "power factor to be reached"), "", 0.0, 1.0, beyond=True, needs=_LAMP
    ),
    "all_night": _choice("1: sáng suốt đêm", "1: burns all night", _LAMP),
    "day_lamp": _choice("1: đèn hầm, được sáng ban ngày", "1: may burn by day", _LAMP),
    "switched_supply": _choice("1: đo sau công tắc tơ", "1: measured behind the contactor"),
}  # fmt: skip
