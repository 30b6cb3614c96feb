"""What TALQ calls the events we tell, and where they come from. A table and nothing else.

TALQ 2.7.1 (verified: the consortium's public data model). It has no `dayBurner`: that is `lampUnexpectedOn`.
Events of TALQ that are not here need what a measured value can't say (invalidLampType, relayFailure …).
"""

from typing import NamedTuple


class Talq(NamedTuple):
    """One event of TALQ: the property that tells it, and the rule that raises on it.

    `function`: the TALQ function that has it. `rule`: of this hazard, or of `system`.
    """

    event: str
    function: str
    property: str
    rule: str


EVENTS = (
    Talq("lampFailure", "LampMonitor", "lamp_failure", "lamp-failure"),
    Talq("lampUnexpectedOn", "LampMonitor", "lamp_unexpected_on", "lamp-unexpected-on"),
    Talq("lampPowerTooHigh", "LampMonitor", "lamp_power_high", "lamp-power-high"),
    Talq("lampPowerTooLow", "LampMonitor", "lamp_power_low", "lamp-power-low"),
    Talq("dimmingFailure", "LampMonitor", "dimming_failure", "lamp-dimming-failure"),
    Talq("powerFactorTooLow", "LampMonitor", "power_factor_low", "lamp-power-factor"),
    Talq("cyclingFailure", "LampMonitor", "lamp_cycling", "lamp-cycling"),
    # TALQ has no event for a driver that reports itself broken (controlGearCommFailure: it does not answer).
    Talq("lampFailure", "LampMonitor", "gear_failure", "lamp-gear"),
    Talq("supplyVoltageTooHigh", "ElectricalMeter", "voltage_highest", "supply-voltage-high"),
    Talq("supplyVoltageTooLow", "ElectricalMeter", "voltage_lowest", "supply-voltage-low"),
    Talq("supplyLoss", "ElectricalMeter", "supply_loss", "supply-loss"),
    Talq("leakageDetected", "CabinetMonitor", "leakage_current", "leakage"),
    Talq("cabinetDoorOpen", "CabinetMonitor", "door", "cabinet-door"),
    Talq("communicationFailure", "Communication", "", "sensor-silent"),
)

BY_EVENT = {one.event: one for one in reversed(EVENTS)}
