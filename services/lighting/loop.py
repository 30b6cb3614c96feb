"""The loop: send, wait, repeat until the controller confirms, then give up and say so. Pure.

`decide` looks at the ledger and the clock and says what is due; it keeps nothing itself, so whoever runs it
may be killed at any moment. What it says is written to COMMANDS; only what stands there has happened.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from services.lighting.ledger import OPEN, Ledger, Standing
from services.observation.command import Verb
from services.observation.instants import SECOND


class Patience(NamedTuple):
    """How long to wait for a controller.

    Attributes:
        confirm_s: until the first repeat. repeats: how many. back_off: each wait is so many times the last.
        accepted_s: once it said that it is at it.
    """

    confirm_s: float = 60.0
    repeats: int = 3
    back_off: float = 1.5
    accepted_s: float = 600.0

    def wait(self, attempt: int) -> int:
        """µs to wait after the nth sending."""
        return round(self.confirm_s * self.back_off ** (attempt - 1) * SECOND)


class Act(NamedTuple):
    """What is due for a command; `attempt` where it is to be sent."""

    standing: Standing
    verb: Verb
    attempt: int = 0
    successor: str = ""

    @property
    def sends(self) -> bool:
        """Whether the command goes down with it."""
        return self.verb in (Verb.SENT, Verb.REPEATED)


def decide(ledger: Ledger, now: int, online: Mapping[str, int], patience: Patience) -> list[Act]:
    """Everything that is due at `now` (µs UTC), at most one act a command.

    Args:
        ledger: what is known.
        now: wall clock.
        online: when each gateway last came online, µs UTC.
        patience: how long to wait.
    """
    return [
        act for gateway in ledger.gateways() for act in _of_gateway(ledger, gateway, now, online, patience)
    ]


def next_due(ledger: Ledger, now: int, patience: Patience) -> int | None:
    """The first instant after `now` at which time alone makes something due; None: never."""
    times = [
        at
        for gateway in ledger.gateways()
        for one in ledger.live(gateway)
        for at in (one.until, one.command.expires_at, _due(one, patience))
        if at is not None and at > now
    ]
    return min(times, default=None)


def _of_gateway(
    ledger: Ledger, gateway: str, now: int, online: Mapping[str, int], patience: Patience
) -> Iterator[Act]:
    live = ledger.live(gateway)
    for one in live:
        act = (
            _over(one, now)
            or _replaced(one, live, now)
            or _forgotten(one, live, ledger)
            or _due_now(one, now, online.get(gateway, 0), patience)
        )
        if act is not None:
            yield act


def _over(one: Standing, now: int) -> Act | None:
    """What time has ended."""
    if one.state in OPEN:
        return Act(one, Verb.EXPIRED) if now >= min(one.command.expires_at, one.until) else None
    # Confirmed: a lease ends by itself in the controller; here it is written down.
    return Act(one, Verb.ENDED) if now >= one.until else None


def _replaced(one: Standing, live: list[Standing], now: int) -> Act | None:
    """A newer order that leaves nothing of this one.

    What is open gives way as soon as the newer one is ordered: there is nothing left to send. What is in
    force gives way when the newer one is known to be in force.
    """
    newer = [other for other in live if other.newness > one.newness and covers(other, one, now)]
    if one.state not in OPEN:
        newer = [other for other in newer if other.state == "confirmed"]
    if not newer:
        return None
    best = max(newer, key=lambda other: other.newness)
    release = best.command.kind == "release" and one.command.kind == "override" and one.state not in OPEN
    return Act(one, Verb.RELEASED if release else Verb.SUPERSEDED, 0, best.command.id)


def covers(newer: Standing, older: Standing, now: int) -> bool:
    """Whether nothing of the older one can matter any more once the newer one is in force."""
    if older.programme is not None:
        return newer.programme is not None and newer.programme.group == older.programme.group
    if older.override is not None and newer.override is not None:
        a, b = newer.override, older.override
        return (
            a.brighten == b.brighten
            and (a.ordered, newer.command.id) > (b.ordered, older.command.id)
            and set(older.command.targets) <= set(newer.command.targets)
            and a.start <= max(now, b.start)
            and a.until >= b.until
        ) or _renews(newer, older)
    return older.command.kind == newer.command.kind == "read"


def _renews(newer: Standing, older: Standing) -> bool:
    """The same alert's brightening, with a longer lease."""
    a, b = newer.override, older.override
    return (
        a is not None
        and b is not None
        and a.brighten
        and b.brighten
        and newer.order == older.order
        and newer.groups == older.groups
        and a.until >= b.until
        and set(older.command.targets) <= set(newer.command.targets)
    )


def _forgotten(one: Standing, live: list[Standing], ledger: Ledger) -> Act | None:
    """What the controller had confirmed and, by a later word of its own, no longer holds."""
    known = ledger.reported.get(one.gateway)
    if one.state != "confirmed" or known is None or known.at <= one.done_at:
        return None
    if one.override is not None:
        lost = one.command.id not in known.reported.overrides
    elif one.programme is not None:
        newest = max((o for o in live if _same_programme(o, one)), key=lambda o: o.newness)
        lost = newest is one and known.reported.programmes.get(one.programme.group) != one.programme.version
    else:
        lost = False
    return Act(one, Verb.SENT, 1) if lost else None


def _same_programme(one: Standing, other: Standing) -> bool:
    return (
        one.programme is not None
        and other.programme is not None
        and one.programme.group == other.programme.group
    )


def _due_now(one: Standing, now: int, online: int, patience: Patience) -> Act | None:
    """Send for the first time, again, or give up."""
    if one.state == "confirmed":
        return None
    if one.attempts == 0:
        return Act(one, Verb.SENT, 1)
    if online > one.sent_at:
        return Act(one, Verb.REPEATED, 1)  # whatever was sent before, nobody was there to hear it
    due = _due(one, patience)
    if due is None or now < due:  # none: given up
        return None
    if one.attempts > patience.repeats:
        return Act(one, Verb.UNCONFIRMED)
    return Act(one, Verb.REPEATED, one.attempts + 1)


def _due(one: Standing, patience: Patience) -> int | None:
    """When the present waiting ends; None while nothing is waited for."""
    if one.state == "sent":
        return one.sent_at + patience.wait(one.attempts)
    if one.state == "accepted":
        return max(
            one.sent_at + patience.wait(one.attempts), one.accepted_at + round(patience.accepted_s * SECOND)
        )
    return None
