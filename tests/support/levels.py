"""Three sites on one machine, one above the other: commune, city, province; each with a real nats-server.

Their link services run in the test's own loop; between the servers stand proxies of ours that cut and stall.
"""

import asyncio
import contextlib
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from services.alerts.link import comparing as link_comparing
from services.alerts.link import mirror as link_mirror
from services.alerts.link import service as link_service
from services.observation import event as events
from services.observation import site as sites
from services.observation.event import Alert
from services.observation.instants import iso
from services.observation.links import Standing, is_fresh
from services.observation.tally import Tally, identity_of
from services.observation.text import Text
from services.policy import links as link_policy
from services.runtime import leaf
from services.runtime.follow import Follower
from services.runtime.leaf import Ends, Leaf, Listen
from services.runtime.nats import Connection, connect
from services.runtime.nats_config import write_config
from services.runtime.streams import ALERTS, Limits, ensure_streams
from tests.support.broker import free_port
from tests.support.cutter import Cutter
from tests.support.site_folder import good_site
from tests.support.up import NatsOnly, nats_only
from tests.support.waiting import PATIENCE_S

NAMES = ("xa", "thanh-pho", "tinh")
"""Of the sites, lowest first."""
LOOKS = 11
"""At least so many of each witness."""


class Site:
    """One of them: its server, its link service, an administrator's connection."""

    def __init__(self, folder: Path, name: str, silent_s: float) -> None:
        self.name, self.folder, self._silent_s = name, folder, silent_s
        self.server: NatsOnly = nats_only(folder)
        self.listen = free_port()
        self.connection: Connection
        self._stop: asyncio.Event | None = None
        self._link: asyncio.Task[None] | None = None
        self.published: dict[str, int] = {}
        """Ids that this site's stream has confirmed, and when, µs UTC."""

    @property
    def js(self) -> Any:
        """The administrator's JetStream."""
        return self.connection.js

    def configure(self, parent: "Site | None", through: int, children: tuple[str, ...]) -> None:
        """Write the server's configuration; `through`: the port by which the parent is reached."""
        ends = Ends.keep(self.folder, children)
        ticket = None
        if parent is not None:
            handed = Ends.keep(parent.folder, (self.name,))
            ticket = leaf.Ticket(
                self.name,
                parent.name,
                f"127.0.0.1:{through}",
                leaf.leaf_user(self.name),
                handed.leaves[self.name],
            )
            (self.folder / leaf.PARENT).write_bytes(msgspec.json.encode(ticket))
        listen = Listen("127.0.0.1", self.listen) if children else None
        linked = Leaf(self.name, ends, children, listen, ticket)
        write_config(
            self.folder / "nats", self.server.ports, self.server.credentials, strict=False, linked=linked
        )

    async def begin(self, parent: str | None, children: tuple[str, ...]) -> None:
        """Start the server, make its streams and its site, start the link."""
        await asyncio.to_thread(self.server.start)
        self.connection = await connect(self.server.settings(), f"test {self.name}")
        await ensure_streams(self.js, Limits.of(1 << 30))
        files = good_site()
        files["site.toml"] = files["site.toml"].replace(b'"vung-tau"', f'"{self.name}"'.encode(), 1)
        text = "format = 1\n"
        text += f'[parent]\nsite = "{parent}"\n' if parent else ""
        text += "".join(f'[[child]]\nsite = "{child}"\nsilent_s = {self._silent_s}\n' for child in children)
        files["alerting.toml"] = text.encode()
        version = sites.version_of(files)
        await (await self.js.object_store("SITES")).put(version, sites.bundle(files))
        state = await self.js.key_value("STATE")
        await state.put("site.current", json.dumps({"version": version, "t": 1}).encode())
        self.start_link()

    async def unlinked(self) -> None:
        """Run the server as a site that stands alone does, write something, and stop it."""
        await asyncio.to_thread(self.server.start)
        self.connection = await connect(self.server.settings(), f"test {self.name}")
        await ensure_streams(self.js, Limits.of(1 << 30))
        await self.tell("0" * 32)
        await self.connection.close()
        await asyncio.to_thread(self.server.stop)

    def start_link(self) -> None:
        """Start the link service."""
        self._stop = asyncio.Event()
        settings = self.server.settings("link", data=str(self.folder))
        self._link = asyncio.create_task(link_service.run(settings, self._stop), name=f"link-{self.name}")

    async def stop_link(self) -> None:
        """Stop the link service, and raise what it died of."""
        if self._stop is not None and self._link is not None:
            self._stop.set()
            async with asyncio.timeout(40):
                await self._link
        self._stop = self._link = None

    async def end(self) -> None:
        """Stop everything."""
        with contextlib.suppress(Exception):
            await self.stop_link()
        if hasattr(self, "connection"):
            await self.connection.close()
        await asyncio.to_thread(self.server.stop)

    async def tell(self, alert: str, verb: str = "raised", severity: str = "watch") -> str:
        """Write an event of an own alert, as the engine does; returns its id."""
        now = time.time_ns() // 1000
        name = alert if verb == "raised" else f"{verb[:4]}{random.getrandbits(112):028x}"
        data = Alert(
            alert_id=alert,
            hazard="flood",
            area="thang-tam",
            severity=severity,
            station="vt-flood-001",
            sensor="vt-flood-001.water_level",
            rule="bridge-a",
            rule_version="0123456789ab",
            time=iso(now),
            since=iso(now),
            detected_at=iso(now),
            reason=Text("nước cao", "high water"),
        )
        event = events.make(site=self.name, verb=verb, event=name, time=now, alert=data)
        where = events.subject(self.name, "thang-tam", alert)
        while True:
            try:
                await self.js.publish(where, events.encode(event), headers={"Nats-Msg-Id": name}, timeout=1.0)
                break
            except (NatsError, APIError, TimeoutError, OSError):
                await asyncio.sleep(0.2)  # its server is away; the id makes it one event however often
        self.published[name] = time.time_ns() // 1000
        return name

    async def all(self) -> list[tuple[str, dict[str, Any], bytes]]:
        """Every event of its stream, in order: subject, event, bytes."""
        end = (await self.js.stream_info(ALERTS)).state.last_seq
        follower = Follower(self.js, ALERTS, [], 0)
        found: list[tuple[str, dict[str, Any], bytes]] = []
        last = 0
        try:
            while last < end:
                for message in await follower.fetch(1000, 1.0):
                    last = message.sequence
                    found.append((message.subject, _event(message.data), message.data))
        finally:
            await follower.close()
        return found

    async def standing(self, child: str) -> Standing | None:
        """What its link has written down of a child."""
        state = await self.js.key_value("STATE")
        try:
            return msgspec.json.decode((await state.get(f"link.child.{child}")).value, type=Standing)
        except Exception:  # noqa: BLE001  not there yet, or the server is away: a test asks again
            return None


def _event(data: bytes) -> dict[str, Any]:
    """An event; what is none has an id of its own all the same."""
    try:
        return dict(msgspec.json.decode(data))
    except (msgspec.MsgspecError, TypeError, ValueError):
        return {"id": identity_of(data), "subject": "", "type": "", "data": {}}


class Levels:
    """The three, and the ways between them."""

    def __init__(self, folder: Path, silent_s: float) -> None:
        self.sites = [Site(folder / name, name, silent_s) for name in NAMES]
        self.commune, self.city, self.province = self.sites
        self.ways = [Cutter(free_port(), above.listen) for above in self.sites[1:]]

    async def unlink(self) -> None:
        """Stop all link services while the ways between them are open: they end at once."""
        for way in self.ways:
            way.heal()
        await asyncio.gather(*(site.stop_link() for site in self.sites))


@contextlib.contextmanager
def hurried() -> Iterator[None]:
    """The same links with a faster pulse: what takes a minute in life takes two seconds here.

    Only how often they look is changed, and how long silence is; in the same proportions. The soak test keeps
    the real ones.
    """
    faster = (
        (link_mirror, "BEAT_S", 0.5),
        (link_comparing, "COMPARE_SOON_S", 1.0),
        (link_service, "LOOK_S", 0.5),
        (link_policy, "_SILENT_S", (1.0, 3_600.0)),
    )
    with contextlib.ExitStack() as stack:
        for module, name, value in faster:
            stack.enter_context(mock.patch.object(module, name, value))
        yield


@asynccontextmanager
async def levels(folder: Path, silent_s: float = 5.0) -> AsyncIterator[Levels]:
    """Three linked sites, running."""
    made = Levels(folder, silent_s)
    async with contextlib.AsyncExitStack() as stack:
        for way in made.ways:
            await stack.enter_async_context(way)
        # A server that was never linked: what it holds must be there when it is.
        await made.commune.unlinked()
        for at, site in enumerate(made.sites):
            parent = made.sites[at + 1] if at + 1 < len(made.sites) else None
            through = made.ways[at].port if parent else 0
            site.configure(parent, through, tuple(NAMES[at - 1 : at]) if at else ())
        for at, site in enumerate(reversed(made.sites)):
            nth = len(made.sites) - 1 - at
            stack.push_async_callback(site.end)
            parent_name = NAMES[nth + 1] if nth + 1 < len(NAMES) else None
            await site.begin(parent_name, tuple(NAMES[nth - 1 : nth]) if nth else ())
        stack.push_async_callback(made.unlink)
        yield made


async def load(site: Site, seed: int, until: float, rate: float) -> None:
    """Alerts that rise, move and end, about `rate` events a second, until a time of the loop."""
    chance = random.Random(seed)
    running: list[str] = []
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        work = []
        for _ in range(chance.randint(1, 20)):
            if running and chance.random() < 0.6:
                alert = chance.choice(running)
                verb = chance.choice(("escalated", "eased", "cleared"))
                if verb == "cleared":
                    running.remove(alert)
                work.append(site.tell(alert, verb))
            else:
                alert = f"{chance.getrandbits(128):032x}"
                running.append(alert)
                work.append(site.tell(alert))
        await asyncio.gather(*work)
        await asyncio.sleep(len(work) / rate)


async def disturb(way: Cutter, seed: int, until: float) -> None:
    """Cut, stall and heal a way at random, until a time of the loop; healed at the end."""
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        if chance.random() < 0.3:
            way.stall()
        else:
            way.cut()
        await asyncio.sleep(chance.uniform(0.05, 1.5))
        if chance.random() < 0.3:
            way.cut()  # what was stalled is lost
        way.heal()
    way.heal()


async def trouble(found: Levels, seed: int, until: float) -> dict[str, int]:
    """Kill servers and restart link services at random, until a time of the loop; returns how often."""
    chance = random.Random(seed)
    loop = asyncio.get_running_loop()
    done = {"servers killed": 0, "links restarted": 0}
    while loop.time() < until:
        await asyncio.sleep(chance.uniform(2.0, 6.0))
        site = chance.choice(found.sites)
        if chance.random() < 0.5:
            await asyncio.to_thread(site.server.kill)
            await asyncio.sleep(chance.uniform(0.0, 1.0))
            await asyncio.to_thread(site.server.start)
            done["servers killed"] += 1
        else:
            await site.stop_link()
            await asyncio.sleep(chance.uniform(0.0, 1.0))
            site.start_link()
            done["links restarted"] += 1
    return done


class Witness:
    """Looks again and again whether what a parent calls fresh is so."""

    def __init__(self, parent: Site, child: Site, below: str | None = None) -> None:
        """`below`: a site below the child whose freshness is looked at instead; `child` then is that site."""
        self._parent, self._child, self._via = parent, child, below or child.name
        self.looks = self.fresh = 0
        self.lies: list[str] = []
        self._seen: set[str] = set()
        self._follower: Follower | None = None
        self._last = 0

    async def look(self) -> None:
        """Once: what stood in the child's stream at `as_of` is in the parent's, or it is a lie."""
        with contextlib.suppress(NatsError, APIError, TimeoutError, OSError):  # a server is away: look again
            await self._look()

    async def _look(self) -> None:
        standing = await self._parent.standing(self._via)
        if standing is None:
            return
        now = time.time_ns() // 1000
        as_of = standing.as_of if self._via == self._child.name else standing.below.get(self._child.name)
        self.looks += 1
        if as_of is None:
            return
        self.fresh += is_fresh(as_of, now)
        end = (await self._parent.js.stream_info(ALERTS)).state.last_seq
        if self._follower is None:
            self._follower = Follower(self._parent.js, ALERTS, [], 0)
        while self._last < end:
            for message in await self._follower.fetch(1000, 1.0):
                self._last = message.sequence
                self._seen.add(identity_of(message.data))
        lacks = [name for name, at in self._child.published.items() if at < as_of and name not in self._seen]
        if lacks:
            self.lies.append(f"as of {iso(as_of)} {len(lacks)} events of {self._child.name} are not there")

    async def run(self, until: float) -> None:
        """Look until a time of the loop; on a slow machine until there were some looks at all."""
        loop = asyncio.get_running_loop()
        while loop.time() < until or (self.looks < LOOKS and loop.time() < until + PATIENCE_S):
            await self.look()
            await asyncio.sleep(0.1)
        if self._follower is not None:
            await self._follower.close()


async def settled(found: Levels, timeout_s: float = 60.0) -> float:
    """Wait until both parents hold all that was published below; returns how long it took."""
    loop = asyncio.get_running_loop()
    begun = loop.time()
    tallies = [Tally() for _ in found.sites]
    followers = [Follower(site.js, ALERTS, [], 0) for site in found.sites]
    try:
        while True:
            for tally, follower in zip(tallies, followers, strict=True):
                while messages := await follower.fetch(1000, 0.1):
                    for message in messages:
                        tally.take(message.sequence, message.subject, message.data)
            own = [tally.total(site.name) for tally, site in zip(tallies, found.sites, strict=True)]
            ends = [(await site.js.stream_info(ALERTS)).state.last_seq for site in found.sites]
            # A busy machine gives nothing to read for a moment, and nothing is equal to nothing.
            if (
                all(tally.last >= end for tally, end in zip(tallies, ends, strict=True))
                and tallies[1].total(NAMES[0]) == own[0]
                and tallies[2].total(NAMES[0]) == own[0]
                and tallies[2].total(NAMES[1]) == own[1]
            ):
                return loop.time() - begun
            if loop.time() - begun > timeout_s:
                counts = [{name: tally.total(name).events for name in NAMES} for tally in tallies]
                await is_whole(found)  # says what is too much or too little
                msg = f"after {timeout_s:g} s the counts are {counts}"
                raise AssertionError(msg)
    finally:
        for follower in followers:
            await follower.close()


async def stormed(
    found: Levels, seconds: float, seed: int, *, rate: float = 150.0, also: Awaitable[Any] | None = None
) -> list[Witness]:
    """Load at every level, with both ways cut and stalled at random, watched for lies."""
    until = asyncio.get_running_loop().time() + seconds
    watching = [
        Witness(found.city, found.commune),
        Witness(found.province, found.city),
        Witness(found.province, found.commune, below=NAMES[1]),
    ]
    await asyncio.gather(
        *(load(site, seed + at, until, rate) for at, site in enumerate(found.sites)),
        *(disturb(way, seed + 10 + at, until) for at, way in enumerate(found.ways)),
        *(witness.run(until + 2.0) for witness in watching),
        *(() if also is None else (also,)),
    )
    return watching


async def is_whole(found: Levels, timeout_s: float = 40.0) -> None:
    """Nothing lost, nothing twice, bytes unchanged, each subject in its order.

    A link has words of its own (that a child is heard again), which come while one stream after the other is
    read; what is lost or out of order stays so.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while wrong := _unlike([await site.all() for site in found.sites]):
        assert loop.time() - begun < timeout_s, wrong
        await asyncio.sleep(0.2)


def _unlike(streams: list[list[tuple[str, dict[str, Any], bytes]]]) -> list[str]:
    """What an upper stream holds otherwise than the one below it."""
    wrong = []
    for upper, stream in enumerate(streams):
        ids = Counter(event["id"] for _, event, _ in stream)
        assert [one for one, times in ids.items() if times > 1] == []
        for lower in range(upper):
            prefix = f"alerts.{NAMES[lower]}."
            there: dict[str, list[bytes]] = {}
            here: dict[str, list[bytes]] = {}
            for subject, _, data in streams[lower]:
                if subject.startswith(prefix):
                    there.setdefault(subject, []).append(data)
            for subject, _, data in stream:
                if subject.startswith(prefix):
                    here.setdefault(subject, []).append(data)
            wrong += [
                f"{NAMES[upper]}, {one}: {here.get(one)} and not {there.get(one)}"
                for one in sorted(here.keys() | there.keys())
                if here.get(one) != there.get(one)
            ]
    return wrong[:5]
