"""When what a person silenced comes back while it goes on: acknowledged, or closed. Pure."""

from services.alerts.lifecycle.life import Life
from services.alerts.lifecycle.tables import ACKNOWLEDGED
from services.observation.instants import SECOND
from services.policy.keeping import Keeping

HOUR_US = 3600 * SECOND


def realarm_at(keeping: Keeping, life: Life, looked_at: int = 0) -> int | None:
    """When an alert that somebody acknowledged comes back if it still holds, µs UTC; None: it does not.

    domain.md 7.2 has it after ISA-18.2: acknowledged, re-alarm time elapsed: unacknowledged. It does not come
    back while it is kept quiet, shelved or closed: what ends that says so itself, or it comes back then.

    Args:
        keeping: how many hours, by hazard, area and severity.
        life: the alert.
        looked_at: when its situation last called or was acknowledged, µs UTC.
    """
    if not life.open or life.silent or life.acknowledgement != ACKNOWLEDGED or life.acknowledged_at is None:
        return None
    after_us = round(keeping.realarm_h(life.hazard, life.area, life.severity) * HOUR_US)
    return max(life.acknowledged_at, looked_at) + after_us if after_us else None


def reopens_at(keeping: Keeping, life: Life) -> int | None:
    """When an alert that was closed while it holds is open again, µs UTC; None: it is not."""
    if not life.open or life.closing is None:
        return None
    return life.closing.at + round(keeping.shelving.longest_h * HOUR_US)
