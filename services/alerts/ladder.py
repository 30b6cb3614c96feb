"""One ladder on one sensor: rungs that flip with hysteresis and delays. Pure steps on a small record.

Every rung is a machine of its own: off → on when the value is at or above its threshold for the
on-delay; on → off when it is below threshold minus hysteresis for the off-delay. The level is the highest
rung that is on. Values come here times the rule's sign, so downward ladders look upward.

Suspect readings: they may undo only what a suspect reading began, they never complete what they start,
and they never clear. A lower bound ("at least so much") moves a rung that it reaches, and no other.
"""

from collections.abc import Sequence

NEVER = -(1 << 63)
"""No instant: smaller than every time."""

BEGUN = 1
"""Mark of a pending flip: a suspect reading began it."""
SUSPECT = 2
"""Mark: a suspect reading is part of it."""
AWAITING = 4
"""Mark: no further reading has confirmed it yet."""

_LEVEL = tuple(mask.bit_length() for mask in range(16))


class Cell:
    """State of a rule on a sensor that is not at rest.

    Attributes:
        active: bit k is rung k on.
        since: per rung, when the present pending flip began, or NEVER.
        marks: per rung, how far suspect readings are part of that.
        start: when the condition of the open alert began; alert: its id, or None when none is open.
        previous: the alert before it on the same rule and sensor.
        blind: the alert stands, but its sensor no longer says whether it should.
        flag: of the latest flip. reported: the level last told.
        anchor, anchor_time: of stuck: the reading since which the value is flat.
    """

    __slots__ = (
        "active",
        "alert",
        "anchor",
        "anchor_time",
        "blind",
        "flag",
        "marks",
        "previous",
        "reported",
        "since",
        "start",
    )

    def __init__(self) -> None:
        """At rest."""
        self.active = 0
        self.since = [NEVER, NEVER, NEVER, NEVER]
        self.marks = [0, 0, 0, 0]
        self.start = NEVER
        self.alert: str | None = None
        self.previous: str | None = None
        self.blind = False
        self.flag = 1
        self.anchor = float("nan")
        self.anchor_time = NEVER
        self.reported = 0

    @property
    def level(self) -> int:
        """0 normal, 1 advisory … 4 emergency."""
        return _LEVEL[self.active]

    @property
    def pending(self) -> bool:
        """Whether a flip is under way."""
        return max(self.since) != NEVER

    @property
    def at_rest(self) -> bool:
        """Nothing on, nothing under way."""
        return (
            not self.active and self.alert is None and max(self.since) == NEVER and self.anchor_time == NEVER
        )


class Rungs:
    """The numbers of a ladder at one sensor, times the rule's sign; an absent rung is NaN. Delays in µs.

    `limits`: thresholds as they are written. `present`: rungs that are not absent, with threshold and clear.
    `lowest`: the least threshold.
    """

    __slots__ = ("clear", "limits", "lowest", "off", "on", "present", "sign", "threshold")

    def __init__(
        self,
        threshold: Sequence[float],
        clear: Sequence[float],
        on: Sequence[int],
        off: Sequence[int],
        sign: float = 1.0,
    ) -> None:
        """Keep four of each."""
        self.threshold, self.clear, self.on, self.off, self.sign = threshold, clear, on, off, sign
        both = zip(threshold, clear, strict=True)
        self.present = tuple((k, up, down) for k, (up, down) in enumerate(both) if up == up)  # noqa: PLR0124
        self.limits = tuple(None if up != up else up * sign for up in threshold)  # noqa: PLR0124
        self.lowest = min((up for _, up, _ in self.present), default=float("inf"))


def advance(  # noqa: PLR0913  what a ladder is moved by
    cell: Cell, rungs: Rungs, y: float, t: int, *, suspect: bool, gap: bool, lower: bool = False
) -> int:
    """Apply one reading; return the start of the earliest flip that completed, or NEVER if none did.

    `gap`: more than the permitted gap lies before this reading, so delays start again. `lower`: the value is
    "at least", and the ladder upward.
    """
    first = NEVER
    if gap:
        cell.since = [NEVER, NEVER, NEVER, NEVER]
    for k, threshold, clear in rungs.present:
        up, hold = y >= threshold, y >= clear
        if lower and not (hold if cell.active >> k & 1 else up):
            continue  # what is at least so much may be more: it ends and cancels nothing
        first = turn(cell, rungs, k, t, first, up=up, hold=hold, suspect=suspect, lower=lower)
    return first


def turn(  # noqa: C901, PLR0913  the table of one rung, in one place
    cell: Cell,
    rungs: Rungs,
    k: int,
    t: int,
    first: int,
    *,
    up: bool,
    hold: bool,
    suspect: bool,
    lower: bool = False,
) -> int:
    """Move one rung: `up` asks for it to be on, `hold` lets it stay on. Return the earliest start so far.

    A `lower` bound asks like a good reading, and what it had part in is told as suspect.
    """
    since = cell.since[k]
    if cell.active >> k & 1:
        if hold:
            cell.since[k] = NEVER
        elif not suspect:
            if since == NEVER:
                cell.since[k] = since = t
                cell.marks[k] = 0
            if t - since >= rungs.off[k]:
                return _flip(cell, k, first)
    elif up:
        if since == NEVER:
            cell.since[k] = since = t
            cell.marks[k] = BEGUN | SUSPECT | AWAITING if suspect else 0
        elif suspect:
            cell.marks[k] = (cell.marks[k] | SUSPECT) & ~AWAITING
        else:
            cell.marks[k] &= ~AWAITING
        if lower:
            cell.marks[k] |= SUSPECT
        if t - since >= rungs.on[k] and not cell.marks[k] & AWAITING:
            return _flip(cell, k, first)
    elif since != NEVER and (not suspect or cell.marks[k] & BEGUN):
        cell.since[k] = NEVER
    return first


def _flip(cell: Cell, k: int, first: int) -> int:
    since = cell.since[k]
    cell.flag = 3 if cell.marks[k] & SUSPECT and not cell.active >> k & 1 else 1
    cell.active ^= 1 << k
    cell.since[k] = NEVER
    cell.marks[k] = 0
    return since if first == NEVER else min(first, since)


def due(cell: Cell, rungs: Rungs, *, sighted: bool = True) -> int | None:
    """When the earliest pending flip completes by time alone; None when none can.

    While the sensor is not `sighted`, nothing is switched off by time: an alert does not end unseen.
    """
    found = None
    for k in range(4):
        since = cell.since[k]
        on = cell.active >> k & 1
        if since != NEVER and not cell.marks[k] & AWAITING and (sighted or not on):
            d = since + (rungs.off[k] if on else rungs.on[k])
            found = d if found is None else min(found, d)
    return found


def fire(cell: Cell, rungs: Rungs, d: int, *, sighted: bool = True) -> int:
    """Complete what is due at d; return the start of the earliest flip, or NEVER."""
    first = NEVER
    for k in range(4):
        since = cell.since[k]
        on = cell.active >> k & 1
        if since == NEVER or cell.marks[k] & AWAITING or (on and not sighted):
            continue
        if since + (rungs.off[k] if on else rungs.on[k]) <= d:
            first = _flip(cell, k, first)
    return first


def drop(cell: Cell) -> None:
    """Forget everything: a schedule closed, a rule is gone."""
    cell.active = 0
    cell.since = [NEVER, NEVER, NEVER, NEVER]
    cell.marks = [0, 0, 0, 0]
