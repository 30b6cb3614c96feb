"""A running server that does not take new links: what it ran with is what it would start with again."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from services.cli.up import links as up_links
from services.cli.up import relink as up_relink
from services.cli.up.nats_child import Store
from services.cli.up.plan import NATS_SERVER
from services.cli.up.relink import RELOAD, Relink
from services.policy.links import Child, Links, Parent
from services.runtime import leaf
from services.runtime.accounts import Credentials
from services.runtime.health import Health
from services.runtime.leaf import Ends, Ticket
from services.runtime.nats_config import Ports, write_config
from services.runtime.settings import Settings

TAKEN = "[1] [INF] Reloaded server configuration"
REFUSED = "[1] [ERR] Failed to reload server configuration: config reload not supported for that"
ALONE, LINKED, BELOW = Links(), Links(children=(Child(site="xa"),)), Links(parent=Parent(site="tinh"))


class Running:
    """A site's server that says `says` to each reload, and `up`'s keeper of its links."""

    def __init__(self, data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        nothing: Any = None
        settings = Settings.load({"leaf": "127.0.0.1:7422"}, {})
        plan: Any = SimpleNamespace(
            data=data,
            site=SimpleNamespace(id="tp"),
            settings=settings,
            nats_port=4222,
            mqtt=("127.0.0.1", 1883),
            credentials=Credentials.keep(data / "credentials.json"),
        )
        self.says, self.reloads, self.links = [TAKEN], 0, ALONE
        self.data, self.store, self.health = data, Store(), Health(nothing, "up")
        supervisor: Any = SimpleNamespace(identities={NATS_SERVER: SimpleNamespace(pid=1)})
        self.relink = Relink(plan, supervisor, self.store, nothing, self.health, self._serve)
        monkeypatch.setattr(self.relink, "_declared", self._declared)
        monkeypatch.setattr(self.relink, "_close", self._serve)
        monkeypatch.setattr("os.kill", self._hears)
        monkeypatch.setattr(up_relink, "_unfit", self._tries)
        Ends.keep(data, ())  # it was linked before
        self.store.linked = up_links.prepared(data, "tp", ALONE, settings).leaf
        ports = Ports(plan.nats_port, *plan.mqtt)
        write_config(data / "nats", ports, plan.credentials, strict=False, linked=self.store.linked)

    async def _serve(self) -> None:
        """Nothing else is running here."""

    async def _declared(self) -> Links:
        return self.links

    def _hears(self, *_told: object) -> None:
        self.reloads += 1
        for line in self.says:
            self.store.hear(line)

    def _tries(self, config: Path) -> str:
        config.unlink()
        return ""

    def look(self, links: Links) -> None:
        """One look around, with these links declared."""
        self.links = links
        asyncio.run(self.relink._look())

    @property
    def starts_with(self) -> set[str]:
        """Accounts of the configuration that a start would read."""
        return set(json.loads((self.data / "nats" / "nats.conf").read_text())["accounts"])

    @property
    def complaints(self) -> list[str]:
        """What is told."""
        return [one.code for one in self.health.complaints]


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Running]:
    return lambda: Running(tmp_path, monkeypatch)


def test_what_a_reload_refused_is_taken_back_and_told_and_not_tried_over_and_over(
    running: Callable[[], Running],
) -> None:
    up = running()
    before, started = up.store.linked, up.starts_with
    up.says = [REFUSED]
    up.look(LINKED)
    assert (up.reloads, up.complaints) == (1, [RELOAD])
    assert "not supported for that" in up.health.complaints[0].en
    assert (up.store.linked, up.starts_with) == (before, started)
    up.look(LINKED)
    assert up.reloads == 1
    up.says = [TAKEN]
    up.look(ALONE)
    assert up.complaints == []
    up.look(LINKED)
    assert up.complaints == []
    assert "CHILD-xa" in up.starts_with


def test_a_wish_that_was_refused_and_is_taken_back_leaves_nothing_to_do(
    running: Callable[[], Running],
) -> None:
    up = running()
    ticket = Ticket("tp", "tinh", "10.0.0.1:7422", "leaf-tp", "p")
    (up.data / leaf.PARENT).write_bytes(msgspec.json.encode(ticket))
    up.says = [REFUSED]
    up.look(BELOW)
    assert (up.reloads, up.complaints) == (1, [RELOAD])
    up.look(ALONE)
    assert (up.reloads, up.complaints) == (1, [])
    up.says = [TAKEN]
    up.look(BELOW)
    # A server that is to dial anew reads its accounts twice.
    assert (up.reloads, up.complaints) == (3, [])
    assert leaf.PARENT_ACCOUNT in up.starts_with


def test_a_server_that_says_nothing_to_a_reload_keeps_what_it_had_and_is_asked_again(
    running: Callable[[], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up_relink, "RELOAD_S", 0.01)
    up = running()
    started, up.says = up.starts_with, []
    up.look(LINKED)
    assert (up.starts_with, up.complaints) == (started, [RELOAD])
    up.says = [TAKEN]
    up.look(LINKED)
    assert (up.reloads, up.complaints) == (2, [])
    assert "CHILD-xa" in up.starts_with


def test_links_with_which_no_server_would_start_never_reach_the_running_one(
    running: Callable[[], Running], monkeypatch: pytest.MonkeyPatch
) -> None:
    up = running()
    started, tried = up.starts_with, list[Path]()

    def unfit(config: Path) -> str:
        config.unlink()
        tried.append(config)
        return "no such port"

    monkeypatch.setattr(up_relink, "_unfit", unfit)
    up.look(LINKED)
    up.look(LINKED)
    assert (up.reloads, len(tried), up.starts_with, up.complaints) == (0, 1, started, [RELOAD])
