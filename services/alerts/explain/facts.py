"""What is known of a sensor at an instant, as facts: `words` makes sentences of them."""

import math

import msgspec

from services.alerts.ladder import NEVER
from services.observation.text import Text


class RungState(msgspec.Struct):
    """One rung of a ladder on the sensor.

    Attributes:
        threshold, clear: where it begins, and below which it ends; canonical unit, as written.
        met: whether the newest good value reaches it; None where there is none.
        on: it stands. holding: it stands though the value is below its threshold: the hysteresis holds it.
        since: when what is under way began, µs UTC: an on-delay of one that is off, an off-delay of one that
            is on. left_s: of that delay, at the instant asked for.
        unconfirmed: a suspect reading began it, and none has confirmed it yet.
        by_reading: only a further reading completes the delay, not time alone.
    """

    severity: str
    threshold: float
    clear: float
    met: bool | None
    on: bool
    holding: bool = False
    since: int | None = None
    delay_s: float = 0.0
    left_s: float | None = None
    unconfirmed: bool = False
    by_reading: bool = True


class RuleState(msgspec.Struct):
    """One rule on the sensor, or on a group that it is a member of.

    Attributes:
        severity: where it stands; None: normal. alert: id of the open alert. since: its condition began, µs.
        upward: it begins above; else below. in_force: its schedule and validity let it speak.
        next_edge: when that changes, µs UTC. value: what it looks at (a rate, not the level). blind: it
            stands unseen. members: of a rule over several: how many are met, and how many it looks at.
        flat_since: of stuck: when the flat run began; window_s: how long it must be; floor: armed above.
        silent_after_s: of silent.
    """

    rule: str
    hazard: str
    kind: str
    status: str
    source: str
    severity: str | None
    alert: str | None
    since: int | None
    upward: bool
    in_force: bool
    next_edge: int | None
    value: float | None
    unit: str
    blind: bool
    rungs: list[RungState]
    where: str = ""
    members: tuple[int, int] | None = None
    flat_since: int | None = None
    window_s: float | None = None
    floor: float | None = None
    silent_after_s: float | None = None


class Elsewhere(msgspec.Struct):
    """A rule on the same property that is not on this sensor, and why."""

    rule: str
    hazard: str
    why: Text


class Derived(msgspec.Struct):
    """What was derived from the sensor: newest value, when; `least`: it is at least that."""

    sensor: str
    value: float | None
    unit: str
    time: int | None
    least: bool
    severity: str | None


class Explanation(msgspec.Struct):
    """All that is known of a sensor at an instant; times in µs UTC.

    Attributes:
        heard: newest reading of any flag. value, good: newest usable value and its time; `suspect`: it is.
        failing: the newest reading was FAIL or MISSING. silent: three intervals without one.
        silent_at: when it will be, or was. unknown: its gateway is silent or offline, so nothing is known.
        derived_from: the measured sensor at the bottom, of a derived one.
    """

    sensor: str
    at: int
    name: Text
    what: Text
    unit: str
    area: str
    gateway: str | None
    heard: int | None
    value: float | None
    good: int | None
    suspect: bool
    least: bool
    failing: bool
    silent: bool
    silent_at: int | None
    unknown: bool
    gateway_clock: int | None
    derived_from: str | None
    rules: list[RuleState]
    derived: list[Derived]
    elsewhere: list[Elsewhere]


def instant(at: float) -> int | None:
    """µs UTC; None where there was none."""
    found = int(at)
    return None if found == NEVER else found


def finite(value: float) -> float | None:
    """A value; None where there is none."""
    found = float(value)
    return found if math.isfinite(found) else None
