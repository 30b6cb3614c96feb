"""What an act says on the stream: the alert as it stands, and what is done to it. Pure."""

from typing import Any

import msgspec

from services.alerts.lifecycle.acts import Step
from services.alerts.lifecycle.life import Life
from services.observation.act import Acted, Stated
from services.observation.event import Alert
from services.observation.instants import iso
from services.observation.text import Text


def acted(life: Life, step: Step, by: str, seen: str | None, now: int) -> Acted | Stated:
    """`data` of a step's event: the alert as it stands, and what the step says. `now` in µs UTC."""
    alert = {**_standing(life), "by": by, "seen": seen}
    if step.act is not None:
        return Acted(**alert, act=step.act)
    alert |= {"severity": step.severity or life.severity, "time": iso(now), "detected_at": iso(now)}
    if step.reason is not None:
        alert["reason"] = step.reason
        alert["language"] = msgspec.UNSET  # it is in both
    until = life.until if step.until is None else step.until
    return Stated(**alert, until=None if until is None else iso(until))


def _standing(life: Life) -> dict[str, Any]:
    """The fields of the alert; from what we folded where another release wrote what we can't read."""
    try:
        alert = msgspec.convert(life.data, Alert)
    except msgspec.ValidationError:
        when = iso(life.changed_us)
        alert = Alert(
            alert_id=life.alert_id,
            hazard=life.hazard,
            area=life.area,
            severity=life.severity,
            rule=life.rule,
            rule_version="",
            time=when,
            detected_at=when,
            reason=Text("", ""),
            station=life.station,
            sensor=life.sensor,
            gateway=life.gateway,
        )
    fields = msgspec.structs.asdict(alert)
    status = life.status if life.status in ("Actual", "Exercise", "Test") else "Actual"
    return {**fields, "severity": life.severity, "blind": life.blind, "status": status}
