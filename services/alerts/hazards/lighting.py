"""Street lighting, watched: lamps that fail, burn by day or run wrong, and cabinets that endanger.

Lamps come in thousands, so a rule counts those of a cabinet (a gateway) that have a fault, and one alert per
cabinet names them: a lamp more makes no new alert. Its higher rungs are shares of the cabinet's lamps: that
is the mass rule of TALQ operators, the lamps suppressed by design. Where the cabinet's supply is lost, that
alone is told.

Every number is a design default; the comparisons and names are TALQ's (`_lighting_talq`).
Not here: communicationFailure is the engine's silence; work orders and resetting by hand are not known yet.
"""

from typing import Any

from services.alerts.hazard import Derivation, Hazard, derived
from services.alerts.hazards import _lighting_attributes as reads
from services.alerts.hazards import _lighting_lamp as lamp
from services.alerts.hazards import _lighting_texts as texts
from services.alerts.hazards._lighting_reasons import reason
from services.alerts.hazards._lighting_told import told
from services.observation.quantity import Property
from services.observation.text import Text

MINUTE, HOUR, DAY = 60, 3_600, 86_400
_LAMP = ("lamp_wattage",)
_MASS = 3
"""Fewer lamps are no mass outage, whatever share of a small cabinet they are."""


# A state that holds until it is told otherwise: its delays run by the clock, not from report to report.
_LOST = Property(
    name="supply_loss", unit="1", text=Text("tủ mất điện", "supply loss"), derived=True, reports="on_change"
)


def _phase(number: int) -> Property:
    return Property(
        name=f"supply_voltage_l{number}",
        unit="V",
        text=Text(f"điện áp pha {number}", f"supply voltage, phase {number}"),
        interval_s=900,
        fail_min=0.0,
        fail_max=500.0,
    )


_PROPERTIES = (
    derived("lamp_failure", "1", "đèn không sáng", "lamp failure"),
    derived("lamp_unexpected_on", "1", "đèn sáng ngoài lệnh", "lamp unexpectedly on"),
    derived("lamp_power_high", "1", "đèn quá công suất", "lamp power too high"),
    derived("lamp_power_low", "1", "đèn thiếu công suất", "lamp power too low"),
    derived("dimming_failure", "1", "đèn không giảm sáng", "dimming failure"),
    derived("power_factor_low", "1", "hệ số công suất thấp", "power factor too low"),
    derived("lamp_cycling", "1", "đèn chập chờn", "lamp cycling"),
    derived("gear_failure", "1", "bộ nguồn đèn báo lỗi", "control gear failure"),
    _LOST,
    derived("voltage_highest", "V", "điện áp pha cao nhất", "highest phase voltage"),
    derived("voltage_lowest", "V", "điện áp pha thấp nhất", "lowest phase voltage"),
    _phase(2),
    _phase(3),
    Property(
        name="dali_status",
        unit="1",
        text=Text("byte trạng thái DALI", "DALI status byte"),
        interval_s=900,
        fail_min=0.0,
        fail_max=255.0,
        many=True,
    ),
)

_ORDERED: dict[str, Any] = {
    "needs": _LAMP, "inputs": ("dimming", "supply_loss"), "own": ("dimming",), "cabinet": ("supply_loss",),
}  # fmt: skip
_SUPPLY: dict[str, Any] = {
    "source": "supply_voltage", "points": lamp.supply, "inputs": ("supply_voltage_l2", "supply_voltage_l3"),
    "own": ("supply_voltage_l2", "supply_voltage_l3"),
}  # fmt: skip
_DERIVES = (
    # A lamp that measures its own voltage is no cabinet: without any it is a dark lamp (a blown fuse).
    Derivation(("~lamp_supply", "voltage_highest", "voltage_lowest"), **_SUPPLY, needs=_LAMP),
    Derivation(("supply_loss", "voltage_highest", "voltage_lowest"), **_SUPPLY),
    # A lamp without a meter still says whether it is on, or its gear does. Of these the first that is there.
    Derivation(("~lamp_fault",), "active_power", points=lamp.faults, **_ORDERED),
    Derivation(("~lamp_fault",), "lamp_state", points=lamp.states, **_ORDERED),
    Derivation(
        ("~lamp_fault",), "dali_status", points=lamp.dali_lamp, needs=_LAMP, inputs=("supply_loss",),
        cabinet=("supply_loss",),
    ),
    Derivation(
        ("lamp_failure", "lamp_unexpected_on", "lamp_power_high", "lamp_power_low", "dimming_failure"),
        "~lamp_fault", told, window_s=HOUR, needs=_LAMP, alike=(),
    ),
    Derivation(
        ("power_factor_low",), "power_factor", points=lamp.power_factor, needs=_LAMP,
        inputs=("dimming", "active_power"), own=("dimming", "active_power"),
    ),
    Derivation(("~lamp_dropped",), "lamp_state", points=lamp.dropped, **_ORDERED),
    Derivation(("lamp_cycling",), "~lamp_dropped", lamp.cycling, window_s=HOUR, needs=_LAMP, alike=()),
    Derivation(
        ("gear_failure",), "dali_status", points=lamp.gear, needs=_LAMP, inputs=("supply_loss",),
        cabinet=("supply_loss",),
    ),
)  # fmt: skip


def _count(name: str, prop: str, on_s: float, off_s: float, source: str, **more: Any) -> dict[str, Any]:
    """A rule that counts, per cabinet, who has a fault: one is an advisory where nothing else is said."""
    return {
        "id": name,
        "kind": "count",
        "property": prop,
        "per": "gateway",
        "advisory": 1,
        "on_delay_s": on_s,
        "off_delay_s": off_s,
        "source": "design default: " + source,
        **({} if "at_most" in more else {"at_least": 1}),
        **more,
    }


_RULES = (
    # The delay covers the time a lamp takes to warm up.
    _count(
        "lamp-failure", "lamp_failure", 10 * MINUTE, 10 * MINUTE,
        "told 10 % or more and takes under a tenth of its power; 30 % of a cabinet is a mass outage",
        watch="30%", warning="80%", k=_MASS,
    ),
    _count(
        "lamp-unexpected-on", "lamp_unexpected_on", 15 * MINUTE, 15 * MINUTE,
        "told 0 or the sun is up at the lamp, and it takes over 2 W and a tenth of its wattage",
        watch="30%", k=_MASS,
    ),
    _count(
        "lamp-power-high", "lamp_power_high", 15 * MINUTE, 15 * MINUTE,
        "TALQ's comparison; expected power linear, tolerance 15 %, at least 5 W",
    ),
    _count(
        "lamp-power-low", "lamp_power_low", 15 * MINUTE, 15 * MINUTE,
        "TALQ's comparison; expected power linear, tolerance 15 %, at least 5 W",
    ),
    _count(
        "lamp-dimming-failure", "dimming_failure", 15 * MINUTE, 15 * MINUTE,
        "told under 90 % and takes a fifth of its wattage more than that",
    ),
    _count(
        "lamp-power-factor", "power_factor_low", 30 * MINUTE, 30 * MINUTE,
        "0.05 under the curve that TALQ gives as an example",
    ),
    _count(
        "lamp-cycling", "lamp_cycling", 0, 2 * HOUR,
        "off and on three times within an hour without a command",
    ),
    _count(
        "lamp-gear", "gear_failure", 10 * MINUTE, 10 * MINUTE,
        "bit 0 of the DALI status byte",
    ),
    _count(
        "supply-voltage-high", "voltage_highest", 5 * MINUTE, 5 * MINUTE,
        "220 V + 10 % (recalled: IEC 60038, EN 50160)", at_least=242, hysteresis=2,
    ),
    _count(
        "supply-voltage-low", "voltage_lowest", 5 * MINUTE, 5 * MINUTE,
        "220 V - 10 % (recalled: IEC 60038, EN 50160)", at_most=198, hysteresis=2,
    ),
    {
        **_count("supply-loss", "supply_loss", 30, 2 * MINUTE, "under 20 V on all phases"),
        "advisory": None, "watch": 1,
    },
    {
        "id": "leakage",
        "property": "leakage_current",
        "warning": 0.03,
        # Below half of it. A breaker that trips ends the current, not the danger, and nobody can reset an
        # alert by hand here: so it stands for a day.
        "hysteresis": 0.015,
        "off_delay_s": DAY,
        "source": "design default: 30 mA (setting of the ELCB); TALQ operators reset it by hand, "
        "here it ends after a day under 15 mA",
    },
    {
        "id": "cabinet-door",
        "property": "door",
        "watch": 1,
        "on_delay_s": MINUTE,
        "source": "design default: open for a minute; work orders are not known to the service",
    },
)  # fmt: skip

HAZARD = Hazard(
    name="lighting",
    text=Text("chiếu sáng", "street lighting"),
    properties={prop.name: prop for prop in _PROPERTIES},
    derives=_DERIVES,
    rules=tuple(
        {key: value for key, value in {**rule, "status": "default"}.items() if value is not None}
        for rule in _RULES
    ),
    words=texts.FAILURE.words,
    advice=texts.UNEXPECTED.advice | texts.FAILURE.advice,
    cap=texts.FAILURE.cap,
    reason=reason,
    attributes=reads.ATTRIBUTES,
    of_property=texts.OF_PROPERTY,
)
