"""Links that come and go while `up` runs: the server takes them in without a stop.

Measured on nats-server 2.15.1: a reload adds and removes accounts, users, exports and remotes, and no other
client notices. Two things it does not do. It can't begin or end to listen for leaf nodes, nor elsewhere: that
is `--leaf`, given at the start. And it leaves the leaf connection of a child that was taken off as it is, so
we close that one ourselves; it can't come back, for it has no account any more.
"""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.alerts.hazards import extra_properties
from services.cli.up import links as up_links
from services.cli.up.links import Prepared
from services.cli.up.nats_child import Store
from services.cli.up.plan import NATS_SERVER, Plan
from services.observation import site_files
from services.policy.links import Links
from services.runtime import embedded, leaf, logging, sites
from services.runtime.embedded import EmbeddedError
from services.runtime.health import Health
from services.runtime.leaf import Leaf
from services.runtime.nats_config import Ports, write_config
from services.runtime.supervisor import Supervisor

LOOK_S = 2.0
RELOAD_S = 15.0
ASK_S = 2.0
AWAY_S = 15.0
RELOAD, TURNED_AWAY, NOT_LET_IN, NOT_CLOSED = "links-reload", "link-turned-away", "link-refused", "links-open"
log = logging.get("up")


class Relink:
    """Keeps the server's configuration as the running version of the site wants it."""

    def __init__(  # noqa: PLR0913  what it joins
        self,
        plan: Plan,
        supervisor: Supervisor,
        store: Store,
        js: JetStreamContext,
        health: Health,
        serve: Callable[[], Awaitable[None]],
    ) -> None:
        """`serve` starts the link service, unless it runs."""
        self._plan, self._supervisor, self._store = plan, supervisor, store
        self._js, self._health, self._serve = js, health, serve
        self._version = ""
        self._links: Links | None = None
        self._wanting: set[str] = set()
        self._to_close: set[str] = set()
        self._unfit: Leaf | None = None  # what the server refused; what was before stays

    async def run(self) -> None:
        """Look around until cancelled."""
        while True:
            try:
                await self._look()
            except (NatsError, APIError, TimeoutError, OSError, ValueError) as error:
                log.warning("links_unread", error=repr(error))
            self._tell_refused()
            await asyncio.sleep(LOOK_S)

    async def _look(self) -> None:
        links = await self._declared()
        if links is None:
            return
        made = up_links.prepared(self._plan.data, self._plan.site.id, links, self._plan.settings)
        self._tell_wanting(made)
        before = self._store.linked
        if made.leaf == before and self._unfit is not None:  # what was not taken is wanted no more
            self._unfit = None
            self._health.settle(RELOAD)
        if made.leaf not in (before, self._unfit):
            up_links.tell(made._replace(wanting={}))
            await self._reload(before, made.leaf)
        if self._to_close:
            await self._close()
        if links.any:
            await self._serve()

    async def _declared(self) -> Links | None:
        """The links of the running version; None while that is unknown, or can't be read: the last stay."""
        current = await sites.current(self._js)
        if current is not None and current.version != self._version:
            files = await sites.files_of(self._js, current.version)
            site, _ = await asyncio.to_thread(site_files.parse, files, extra_properties())
            self._version = current.version
            if site is not None and (links := up_links.read(files, site)) is not None:
                self._links = links
        return self._links

    async def _reload(self, before: Leaf | None, new: Leaf) -> None:
        """Have the server read a new configuration; what it refuses waits for `up` to be started again."""
        plan, store = self._plan, self._store
        ports = Ports(plan.nats_port or 0, *plan.mqtt)
        own = (plan.data / "nats", ports, plan.credentials)
        write = partial(write_config, *own, strict=plan.settings.strict)
        if unfit := await asyncio.to_thread(_unfit, write(linked=new, name="nats.conf.tried")):
            self._unfit = new
            self._health.complain(
                RELOAD,
                f"nats-server không chạy được với liên kết mới ({unfit}); vẫn dùng liên kết cũ",
                f"nats-server would not start with the new links ({unfit}); those of before stay",
            )
            return
        store.linked, self._unfit = new, None
        write(linked=new)
        dials = new.ticket is not None and (before is None or before.ticket != new.ticket)
        # What a new remote may ask for leads nowhere until the server has read its accounts once more.
        refusal = await self._signal() or (await self._signal() if dials else "")
        if refusal:
            # What it starts with when it crashes is what it runs with, and not what it has just refused.
            store.linked, self._unfit = before, new if store.leaves.refusal else None
            write(linked=before)
            self._health.complain(
                RELOAD,
                f"nats-server chưa nhận liên kết mới ({refusal}); khởi động lại `up`",
                f"nats-server did not take the new links ({refusal}): start `up` again",
            )
            return
        self._health.settle(RELOAD)
        self._to_close |= changed(before, new)
        log.info("links_reloaded", children=len(new.children), parent=new.ticket is not None)

    async def _signal(self) -> str:
        """Make the server read its configuration; the value is why it did not take it."""
        leaves, server = self._store.leaves, self._supervisor.identities.get(NATS_SERVER)
        if server is None:
            return ""  # it is being started, and reads it then
        told, begun, leaves.refusal = leaves.reloads, time.monotonic(), ""
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.pid, signal.SIGHUP)
        while leaves.reloads == told:
            if self._supervisor.identities.get(NATS_SERVER) != server:
                return ""
            if time.monotonic() - begun > RELOAD_S:
                return f"no answer within {RELOAD_S:.0f} s"
            await asyncio.sleep(0.02)
        return leaves.refusal

    async def _close(self) -> None:
        """Close the connections of children that were taken off, or whose password is another."""
        ends = leaf.read_ends(self._plan.data)
        if ends is None or not ends.system:
            return
        url = urlsplit(self._store.url)
        address = f"{url.hostname}:{url.port}"
        client = Client()
        try:
            await client.connect(
                f"nats://{leaf.SYSTEM_USER}:{ends.system}@{address}",
                allow_reconnect=False,
                connect_timeout=2,
                error_cb=_pass_over,
            )
            asked = await client.request("$SYS.REQ.SERVER.PING.LEAFZ", b"{}", timeout=ASK_S)
            found: dict[str, Any] = json.loads(asked.data)
            server = found["server"]["id"]
            accounts = {leaf.child_account(child) for child in self._to_close}
            for one in (found.get("data") or {}).get("leafs") or []:
                if one.get("account") in accounts:
                    kick = json.dumps({"cid": one["id"]}).encode()
                    await client.request(f"$SYS.REQ.SERVER.{server}.KICK", kick, timeout=ASK_S)
                    log.info("link_closed", account=one["account"])
            self._to_close.clear()
            self._health.settle(NOT_CLOSED)
        except (NatsError, TimeoutError, OSError, KeyError, ValueError) as error:
            log.warning("link_not_closed", children=sorted(self._to_close), error=repr(error))
            named = ", ".join(sorted(self._to_close))
            self._health.complain(
                NOT_CLOSED,
                f"chưa đóng được kết nối của {named}; đang thử lại",
                f"the connection of {named} is not closed yet; trying again",
            )
        finally:
            with contextlib.suppress(NatsError, OSError, TimeoutError):
                await client.close()

    def _tell_wanting(self, made: Prepared) -> None:
        for code in self._wanting - set(made.wanting):
            self._health.settle(code)
        for code, text in made.wanting.items():
            self._health.complain(code, text.vi, text.en)
        self._wanting = set(made.wanting)

    def _tell_refused(self) -> None:
        """Say who comes and is not let in, here and above."""
        leaves, now = self._store.leaves, time.monotonic()
        away = sorted(site for site, at in leaves.turned_away.items() if now - at < AWAY_S)
        if away:
            named = ", ".join(away)
            self._health.complain(
                TURNED_AWAY,
                f"{named} gọi đến nhưng không được nhận: đã bỏ khỏi [[child]], hoặc dùng tệp parent.json cũ",
                f"{named} dials in and is not let in: taken off [[child]], or with an old parent.json",
            )
        else:
            self._health.settle(TURNED_AWAY)
        if now - leaves.refused > AWAY_S:
            self._health.settle(NOT_LET_IN)
        else:
            self._health.complain(
                NOT_LET_IN,
                "cấp trên không nhận kết nối: đã bỏ địa bàn này, hoặc parent.json đã cũ; xin tệp mới",
                "the parent does not let this site in: taken off there, or parent.json is old; get a new one",
            )


def _unfit(config: Path) -> str:
    """Why no server would start with a configuration, as ours must when it crashed; the file is removed."""
    try:
        command = [str(embedded.nats_server().path), "-t", "-c", str(config)]
        trial = subprocess.run(command, check=False, capture_output=True, timeout=RELOAD_S)
    except (EmbeddedError, subprocess.SubprocessError) as error:
        return str(error)
    finally:
        config.unlink(missing_ok=True)
    said = (trial.stdout + trial.stderr).decode(errors="replace").strip()
    return said.rpartition("\n")[2][:200] or "-t" if trial.returncode else ""


async def _pass_over(_error: Exception) -> None:
    """What goes wrong is raised where it is asked for."""


def changed(before: Leaf | None, new: Leaf) -> set[str]:
    """Children whose connection is not to stay as it is: gone, new or with another password.

    One that is new had perhaps been taken off before, and what is left of its connection leads nowhere.
    """
    was = {} if before is None else {child: before.ends.leaves.get(child) for child in before.children}
    now = {child: new.ends.leaves.get(child) for child in new.children}
    return {child for child in was.keys() | now.keys() if was.get(child) != now.get(child)}
