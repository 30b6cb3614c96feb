"""The embedded nats-server as a child: configuration, start, and what it says when it can't."""

import asyncio
import re
import signal
import time
from dataclasses import replace
from pathlib import Path

from services.cli.up.plan import NATS_SERVER, Plan
from services.cli.up.ports import choose, reach
from services.cli.words import say
from services.observation.text import Text
from services.runtime import embedded
from services.runtime.accounts import ADMIN, Credentials
from services.runtime.leaf import Leaf
from services.runtime.nats_config import Ports, write_config
from services.runtime.settings import Settings
from services.runtime.supervisor import Program, Supervisor

START_S = 60.0  # a store of many gigabytes is read through after a power cut
REMIND_S = 5.0
TRIES = 3
_TURNED_AWAY = re.compile(r'authentication error - User "(leaf|link)-([^"]+)"')
"""A child's server, or our own link service in the moment in which its account comes or goes."""


def url(user: str, port: int, credentials: Credentials) -> str:
    """The address as one of the accounts."""
    return f"nats://{user}:{credentials.nats[user]}@127.0.0.1:{port}"


def at_ports(settings: Settings, credentials: Credentials, nats_port: int, mqtt: tuple[str, int]) -> Settings:
    """Settings that lead to our own server."""
    return replace(settings, nats=url(ADMIN, nats_port, credentials), mqtt=reach(mqtt))


class Leaves:
    """What the server's log says about its links: how a reload ended, and who is not let in.

    A leaf connection that is refused is tried again every second for as long as it takes, and each time is
    an error in the log: it is told once, in our own words (`up_relink`), and stays in the log file.
    """

    def __init__(self) -> None:
        self.reloads = 0
        self.refusal = ""  # why the last reload was not taken; empty: it was
        self.turned_away: dict[str, float] = {}  # site that came with a wrong name or password → when
        self.refused = float("-inf")  # when the parent did not let our own leaf in

    def hear(self, line: str) -> bool:
        """Take in a line; True when it needs no other words."""
        if "Reloaded server configuration" in line:
            self.reloads, self.refusal = self.reloads + 1, ""
        elif "Failed to reload server configuration" in line:
            self.reloads, self.refusal = self.reloads + 1, line.rpartition("configuration: ")[2]
        elif found := _TURNED_AWAY.search(line):
            if found[1] == "leaf":
                self.turned_away[found[2]] = time.monotonic()
        elif "Leafnode Error 'Authorization Violation'" in line:
            self.refused = time.monotonic()
        else:
            return False
        return True


class Store:
    """What the server's log says about its store, which its API does not.

    After one failed write (a full disk) nats-server 2.15 refuses the stream for good: publishes get
    no answer at all, even when there is room again, until it is started anew.
    """

    def __init__(self) -> None:
        self.failed = False
        self.listening = False  # it has opened its ports, itself: that someone answers there proves nothing
        self.taken = False  # another program has one of them
        self.url = ""  # where it answers, once it runs
        self.linked: Leaf | None = None  # what its configuration says of links, now or at its next start
        self.leaves = Leaves()

    def hear(self, line: str) -> bool:
        """Take in a line of the log; the value is whether it is routine."""
        if "critical write error" in line.lower():
            self.failed = True
        self.listening = self.listening or "[INF] Server is ready" in line
        self.taken = self.taken or "address already in use" in line
        if self.leaves.hear(line):
            return True
        # Passwords stand in a file that only we can read, made by us: the warning about it helps nobody.
        return "[INF]" in line or "Plaintext passwords" in line


async def start(plan: Plan, supervisor: Supervisor, store: Store) -> Plan:
    """Start it and wait until clients can connect; the plan comes back with the ports it has.

    A port that was free when we looked may be gone when the server wants it. One that nobody asked for
    is exchanged then.

    Raises:
        EmbeddedError: the program is not usable, or ended several times instead of starting.
    """
    program = embedded.nats_server()
    say(f"nats-server {program.version} ({program.origin})")
    starting = True
    store.linked = plan.linked

    def command() -> list[str]:
        nonlocal plan
        if starting and store.taken:
            plan = _elsewhere(plan)
        store.listening = store.taken = False
        ports = Ports(plan.nats_port or 0, *plan.mqtt)
        strict = plan.settings.strict
        config = write_config(plan.data / "nats", ports, plan.credentials, strict=strict, linked=store.linked)
        return [str(program.path), "-c", str(config)]

    await supervisor.start(
        Program(NATS_SERVER, command, stop=signal.SIGTERM, patience_s=1.5, quiet=store.hear)
    )
    loop = asyncio.get_running_loop()
    begun = loop.time()
    remind = begun + REMIND_S
    while not (supervisor.is_up(NATS_SERVER) and store.listening):
        if supervisor.restarts(NATS_SERVER) >= TRIES or loop.time() - begun > START_S:
            raise _cannot(supervisor, plan.data)
        if loop.time() > remind:
            remind += REMIND_S
            say("nats-server is reading its store / nats-server đang đọc kho dữ liệu")
        await asyncio.sleep(0.02)
    store.url = plan.settings.nats
    starting = False  # from here on others know the ports
    return plan


def _elsewhere(plan: Plan) -> Plan:
    """The plan with other ports, where they may be others. Which one was taken is not worth finding out."""
    port = choose("nats", None)[1] if "nats" in plan.moveable else plan.nats_port
    mqtt = choose("mqtt", f"{plan.mqtt[0]}:0") if "mqtt" in plan.moveable else plan.mqtt
    settings = at_ports(plan.settings, plan.credentials, port or 0, mqtt)
    return replace(plan, nats_port=port, mqtt=mqtt, settings=settings)


def _cannot(supervisor: Supervisor, data: Path) -> embedded.EmbeddedError:
    said = [line for line in supervisor.last_words(NATS_SERVER) if "[FTL]" in line or "[ERR]" in line]
    words = (said or supervisor.last_words(NATS_SERVER) or ["nothing"])[-1]
    return embedded.EmbeddedError(
        Text(f"nats-server không khởi động: {words}", f"nats-server does not start: {words}"),
        Text(f"xem {data}/logs/{NATS_SERVER}.log", f"see {data}/logs/{NATS_SERVER}.log"),
    )
