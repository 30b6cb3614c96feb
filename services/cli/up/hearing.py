"""Whether our nats-server is deaf, or only slow: nobody may be cut off because the machine is busy.

To start a server again is an outage of its own: every gateway and service connects anew, on a machine that
had no time to spare. So it needs proof: no answer to anybody, not on a connection of its own either, for a
time in which we could have heard one.
"""

import asyncio
import contextlib
from pathlib import Path
from typing import NamedTuple

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js.errors import APIError

DEAF_S = 10.0
"""Silence of a server that does nothing: it will not come back by itself."""
BUSY_S = 120.0
"""Silence of one that works, or waits for a processor."""
LATE_S = 0.5
"""We ourselves got our turn so much too late: then what we did not hear proves nothing."""
SETTLE_S = 30.0
"""After it opened its ports everybody connects at once: silence counts from then on."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 15.0, 600.0
CALM_S = 600.0
"""So long without a restart, and the next one need not wait longer than the first did."""
WORKING = 0.02
"""Share of one processor, used or waited for, from which on a server is at work."""
PROBE_S = 10.0
ROUNDS = 2
"""So often at least it must have failed to answer."""
TICK_S = 0.25


class Round(NamedTuple):
    """What a look around found.

    Attributes:
        at: when it ended, by the loop's clock.
        answered: anybody heard anything from JetStream.
        late_s: so much later than it should have, our own loop got its turn.
        working: whether the server used or waited for a processor; None: nobody can tell.
        open: it has opened its ports; not while it reads its store.
    """

    at: float
    answered: bool
    late_s: float = 0.0
    working: bool | None = False
    open: bool = True


class Hearing:
    """Adds up silence that counts, and says when it proves something. Knows no clock."""

    def __init__(self, now: float) -> None:
        """Begin with a server that was just heard."""
        self._looked = self._opened = now
        self._open = True
        self.silent_s = self._worked_s = 0.0
        self._rounds = 0
        self._restarted = float("-inf")
        self._pause_s = FIRST_PAUSE_S

    def deaf(self, found: Round) -> bool:
        """Take in a round; whether the server must be started again."""
        passed, self._looked = found.at - self._looked, found.at
        if found.open and not self._open:
            self._opened = found.at + SETTLE_S
        self._open = found.open
        if found.answered:
            self._forget()
            return False
        if not found.open or found.late_s > LATE_S or found.at < self._opened:
            return False
        self.silent_s += passed
        self._rounds += 1
        if found.working is not False:
            self._worked_s += passed
        idle_s = self.silent_s - self._worked_s
        proved = self._rounds >= ROUNDS and (idle_s > DEAF_S or self.silent_s > BUSY_S)
        return proved and self.may_restart(found.at)

    def may_restart(self, now: float) -> bool:
        """Whether the last restart is long enough ago; the pause grows with each that did not help."""
        return now - self._restarted > self._pause_s

    def restarted(self, now: float) -> None:
        """It was told to end, and begins anew."""
        calm = now - self._restarted > max(CALM_S, 2 * self._pause_s)
        self._pause_s = FIRST_PAUSE_S if calm else min(self._pause_s * 2, LONGEST_PAUSE_S)
        self._restarted = self._looked = now
        self._forget()
        self._open = False

    def _forget(self) -> None:
        self.silent_s = self._worked_s = 0.0
        self._rounds = 0


class Turns:
    """How late our own loop gets its turn."""

    def __init__(self) -> None:
        """Nothing is late yet."""
        self._late_s = 0.0

    async def run(self) -> None:
        """Look at the clock until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            begun = loop.time()
            await asyncio.sleep(TICK_S)
            self._late_s = max(self._late_s, loop.time() - begun - TICK_S)

    def take(self) -> float:
        """The worst since it was asked last."""
        late_s, self._late_s = self._late_s, 0.0
        return late_s


async def answers(url: str) -> bool:
    """Whether JetStream answers on a connection of its own: ours may be what is broken."""

    async def pass_over(_error: Exception) -> None:
        """What goes wrong here is the answer."""

    client, heard = Client(), False
    try:
        async with asyncio.timeout(PROBE_S):
            await client.connect(url, allow_reconnect=False, error_cb=pass_over, name="hearing")
            await client.jetstream(timeout=PROBE_S).account_info()
            heard = True
    except (NatsError, APIError, TimeoutError, OSError):
        heard = False
    finally:
        with contextlib.suppress(NatsError, TimeoutError, OSError):
            await client.close()
    return heard


class Work:
    """How much of a processor a process used, or waited for, since it was asked last."""

    def __init__(self) -> None:
        """Nothing is known at first."""
        self._pid = -1
        self._spent, self._at = 0.0, 0.0

    def look(self, pid: int, now: float) -> bool | None:
        """Whether it was at work since the last look; None: nobody can tell."""
        spent = spent_s(pid)
        if spent is None:
            return None
        before, since, same = self._spent, self._at, pid == self._pid
        self._pid, self._spent, self._at = pid, spent, now
        if not same or now <= since or spent < before:  # a thread that ended takes its account with it
            return None
        return (spent - before) / (now - since) >= WORKING


def spent_s(pid: int, proc: Path = Path("/proc")) -> float | None:
    """Seconds that the threads of a process ran or stood in line for a processor; None: not told here."""
    total, found = 0, False
    with contextlib.suppress(OSError):
        for thread in (proc / str(pid) / "task").iterdir():
            with contextlib.suppress(OSError, ValueError):
                ran, waited, *_ = map(int, (thread / "schedstat").read_text("ascii").split())
                total, found = total + ran + waited, True
    return total / 1e9 if found else None
