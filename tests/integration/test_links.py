"""Three linked sites: what happens below is above, once, in order, and never called fresh when it is not."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest

from services.api.requests import Requested
from services.cli.up import nats_child
from services.cli.up import relink as up_relink
from services.cli.up.plan import NATS_SERVER
from services.cli.up.planning import make_plan
from services.cli.up.relink import Relink
from services.observation.links import ACTS, Request, is_fresh, subject_of
from services.runtime import leaf, logging
from services.runtime import sites as site_versions
from services.runtime.health import Health
from services.runtime.nats import connect
from services.runtime.nats_config import write_config
from services.runtime.streams import ALERTS, Limits, ensure_streams
from services.runtime.supervisor import Supervisor
from tests.support.broker import free_port
from tests.support.levels import NAMES, Levels, Site, hurried, is_whole, levels, settled, stormed
from tests.support.up import nats_only
from tests.support.world import write_site

UNDER_LOAD_S = 3.0


class Linked(NamedTuple):
    """Three sites, and the loop that they live in."""

    runner: asyncio.Runner
    levels: Levels


@pytest.fixture
def linked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Linked]:
    logging.configure(lowest="error")
    with hurried(), asyncio.Runner() as runner:
        stack = AsyncExitStack()
        found = runner.run(stack.enter_async_context(levels(tmp_path_factory.mktemp("levels"), silent_s=2.5)))
        try:
            yield Linked(runner, found)
        finally:
            runner.run(stack.aclose())


def test_links_cut_at_random_under_load_end_with_equal_counts_and_hashes(linked: Linked) -> None:
    found = linked.levels

    async def scene() -> None:
        watching = await stormed(found, UNDER_LOAD_S, seed=5)
        await settled(found)
        await is_whole(found)
        for witness in watching:
            assert witness.lies == []
            assert witness.looks > 10
        for parent, child in ((found.city, NAMES[0]), (found.province, NAMES[1])):

            async def fresh(parent: Site = parent, child: str = child) -> bool:
                standing = await parent.standing(child)
                return standing is not None and is_fresh(standing.as_of, time.time_ns() // 1000)

            await comes(fresh, f"{child} to be fresh when all is calm")

    linked.runner.run(scene())


def act(
    alert: str, seen: str, site: str, name: str, verb: str = "acknowledge", until: int | None = None
) -> Request:
    return Request(
        id=name * 32,
        site=site,
        area="thang-tam",
        alert=alert,
        act=verb,
        by="tinh/anh.nguyen",
        t=time.time_ns() // 1000,
        seen_event=seen,
        until=until,
    )


async def comes(found: Callable[[], Awaitable[bool]], what: str, timeout_s: float = 40.0) -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    while not await found():
        assert loop.time() - begun < timeout_s, f"waited {timeout_s:g} s for {what}"
        await asyncio.sleep(0.1)


async def types(found: Levels, at: int, alert: str) -> list[str]:
    """Verbs of an alert as one of the sites holds it."""
    return [
        event["type"].split(".")[3]
        for _, event, _ in await found.sites[at].all()
        if event["subject"] == alert
    ]


def test_a_parents_act_is_decided_two_levels_below_and_answered_by_an_event(linked: Linked) -> None:
    found = linked.levels

    async def scene() -> None:
        alert = await found.commune.tell("a" * 32)

        async def arrived() -> bool:
            return await types(found, 2, alert) == ["raised"]

        await comes(arrived, "the alert at the province")
        asked = [
            act(alert, alert, NAMES[0], "1"),
            act(alert, alert, NAMES[0], "2", until=time.time_ns() // 1000 + 10**9, verb="shelve"),
            act("f" * 32, "f" * 32, NAMES[0], "3"),
        ]
        requested = Requested(found.province.js)
        for request in asked:
            data = msgspec.json.encode(request)
            await found.province.js.publish(subject_of(NAMES[1], request), data)
            requested.sent(data)
        assert [one["state"] for one in requested.of(alert, 0)] == ["sent", "sent"]

        async def answered() -> bool:
            for subject, event, _ in await found.province.all():
                requested.take(subject, event)
            return all((one := requested.get(request.id)) and one.state != "sent" for request in asked)

        await comes(answered, "the answers")
        states = [requested.get(request.id) for request in asked]
        assert [one.state for one in states if one] == ["confirmed", "refused", "refused"]
        # After the acknowledgement it is no longer what they saw; nobody knows the other alert.
        assert [one.code for one in states if one] == [None, "alert-changed", "unknown-alert"]
        assert await types(found, 0, alert) == ["raised", "acknowledged"]
        acts = [event for _, event, _ in await found.commune.all() if event["id"] == "1" * 32]
        assert [event["data"]["by"] for event in acts] == ["tinh/anh.nguyen"]

        # Asked once more, by a parent whose stream was restored: nothing happens twice.
        await found.province.js.publish(subject_of(NAMES[1], asked[0]), msgspec.json.encode(asked[0]))
        await found.province.js.publish(f"{ACTS}.{NAMES[1]}.x.y", b"not a request")
        await bulletins_come_down(found)
        assert await types(found, 0, alert) == ["raised", "acknowledged"]
        await silence_is_told(found)
        await is_whole(found)
        await what_is_missing_is_read_again(found)
        await a_stream_made_anew_costs_nothing(found)
        await what_nobody_can_read_stops_nothing(found)

    linked.runner.run(scene())


async def bulletins_come_down(found: Levels) -> None:
    """A bulletin of the province is an official alert at each site below, and ends with it."""

    async def issue(name: str, *, end: bool) -> None:
        now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        data = {
            "bulletin_id": "b" * 32,
            "about": "b" * 32,
            "identifier": f"tinh-{name}",
            "msg_type": "Cancel" if end else "Alert",
            "end": end,
            "status": "Actual",
            "hazard": "flood",
            "severity": "warning",
            "area": "_",
            "headline": {"vi": "Lũ trên sông", "en": "Flood on the river"},
            "expires": "2999-01-01T00:00:00Z",
        }
        event = {
            "id": name * 32,
            "source": "/sites/tinh",
            "type": "vn.haidang.bulletin.issued.v1",
            "subject": "b" * 32,
            "time": now,
            "data": data,
        }
        await found.province.js.publish(f"alerts.tinh._.{'b' * 32}", msgspec.json.encode(event))

    def verbs(at: int) -> Callable[[list[str]], Callable[[], Awaitable[bool]]]:
        def are(wanted: list[str]) -> Callable[[], Awaitable[bool]]:
            async def look() -> bool:
                told = [
                    event["type"].split(".")[3]
                    for subject, event, _ in await found.sites[at].all()
                    if subject.startswith(f"alerts.{NAMES[at]}.")
                    and event["data"].get("origin") == "official_bulletin"
                ]
                return told == wanted

            return look

        return are

    await issue("4", end=False)
    for at in (0, 1):
        await comes(verbs(at)(["raised"]), f"the bulletin at {NAMES[at]}")
    await issue("5", end=True)
    for at in (0, 1):
        await comes(verbs(at)(["raised", "cleared"]), f"its end at {NAMES[at]}")


async def silence_is_told(found: Levels) -> None:
    """A child that can't be heard is an alert of its parent's, seen above too, until it is back."""

    async def told(site: int) -> list[str]:
        return [
            event["type"].split(".")[3]
            for subject, event, _ in await found.sites[site].all()
            if subject.startswith(f"alerts.{NAMES[1]}.") and event["data"].get("rule") == "site-silent"
        ]

    async def calm() -> bool:
        return {(await told(site) or ["cleared"])[-1] for site in (1, 2)} == {"cleared"}

    await comes(calm, "nothing to be silent any more")
    known = {site: len(await told(site)) for site in (1, 2)}
    found.ways[0].stall()
    stalled = time.time_ns() // 1000
    late = await found.commune.tell("c" * 32)

    async def raised() -> bool:
        # A slow machine may have been silent before, for a moment.
        return [(await told(site))[known[site] :][-1:] for site in (1, 2)] == [["raised"], ["raised"]]

    await comes(raised, "site-silent")
    after = await found.city.standing(NAMES[0])
    # What was asked before the way was stalled may still have been answered; nothing after that was.
    assert after is not None
    assert (after.as_of or 0) <= stalled
    found.ways[0].cut()
    found.ways[0].heal()

    async def healed() -> bool:
        since = (await told(2))[known[2] :]
        return since[:1] + since[-1:] == ["raised", "cleared"] and await types(found, 2, late) == ["raised"]

    await comes(healed, "the end of site-silent")


async def what_is_missing_is_read_again(found: Levels) -> None:
    """An event that a parent lost (a power cut) is found missing by the count of its day, and comes back."""
    await found.province.stop_link()
    held = await found.province.all()
    at = next(at for at, (subject, *_) in enumerate(held) if subject.startswith(f"alerts.{NAMES[0]}."))
    lost = held[at][1]["id"]
    await found.province.js.delete_msg(ALERTS, at + 1)
    found.province.start_link()

    async def back() -> bool:
        return lost in [event["id"] for _, event, _ in await found.province.all()]

    await comes(back, "the event that was lost")
    await settled(found)


async def a_stream_made_anew_costs_nothing(found: Levels) -> None:
    """A child's stream restored without its last events: what is new is copied, nothing else."""
    held = await found.commune.all()
    lost = before.lost_tails if (before := await found.city.standing(NAMES[0])) is not None else 0
    await found.commune.js.delete_stream(ALERTS)
    await ensure_streams(found.commune.js, Limits.of(1 << 30))
    for subject, event, data in held[:-2]:
        await found.commune.js.publish(subject, data, headers={"Nats-Msg-Id": event["id"]})
    after = await found.commune.tell("d" * 32)

    async def arrived() -> bool:
        return await types(found, 2, after) == ["raised"]

    await comes(arrived, "the first event of the new stream")
    for site in (found.city, found.province):
        ids = Counter(event["id"] for _, event, _ in await site.all())
        assert max(ids.values()) == 1
        assert {event["id"] for _, event, _ in held} <= set(ids)

    async def told() -> bool:
        standing = await found.city.standing(NAMES[0])
        return standing is not None and standing.lost_tails == lost + 1

    await comes(told, "the lost tail to be told of")

    lost_alert = held[-1][1]["subject"]

    async def orphaned() -> bool:
        standing = await found.city.standing(NAMES[0])
        return standing is not None and standing.orphans == [lost_alert]

    await comes(orphaned, "the alerts to be named that the site lost")

    def tell(words: list[str]) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            for site in (found.city, found.province):
                told = [
                    event["type"].split(".")[3]
                    for subject, event, _ in await site.all()
                    if subject.startswith(f"alerts.{site.name}.") and event["subject"] == lost_alert
                ]
                if told != words:
                    return False
            return True

        return look

    await comes(tell(["orphaned"]), "both levels above to tell of it, each for itself")
    # Its readings came once more, and the same alert follows from them.
    subject, event, data = next(one for one in held if one[1]["subject"] == lost_alert)
    await found.commune.js.publish(subject, data, headers={"Nats-Msg-Id": event["id"]})
    await comes(tell(["orphaned", "known"]), "it to be known again")


async def what_nobody_can_read_stops_nothing(found: Levels) -> None:
    """Of another release, of another program, too large to be passed on: what comes behind it comes."""
    event = json.loads((await found.commune.all())[-1][2])
    strange: list[tuple[str, bytes]] = [
        ("alerts.xa.x.junk", b"\x00 no event"),
        ("alerts.nobody.x.junk", b"no event, and of a site that is named nowhere"),
        ("alerts.short", b"{}"),
        (
            "alerts.xa.x.later",
            json.dumps({**event, "id": "1", "type": "vn.haidang.dream.dreamt.v9"}).encode(),
        ),
        ("alerts.xa.x.named", json.dumps({**event, "id": "a\r\nNats-Rollup: all\r\n" + "b" * 4096}).encode()),
        ("alerts.xa.x.large", b"x" * (found.commune.connection.nc.max_payload - 64)),
    ]
    for subject, data in strange:
        await found.commune.js.publish(subject, data)
    for name in ("e" * 32, "f" * 32):  # what comes with it, and what comes after that

        async def arrived(alert: str = name) -> bool:
            return await types(found, 2, alert) == ["raised"]

        await found.commune.tell(name)
        await comes(arrived, "what comes behind it")
    subjects = {subject for subject, *_ in await found.province.all()}
    assert {subject for subject, _ in strange} & subjects == {
        "alerts.xa.x.junk", "alerts.xa.x.later", "alerts.xa.x.named",
    }  # fmt: skip
    assert found.province.connection.nc.stats["reconnects"] == found.city.connection.nc.stats["reconnects"]


def test_a_child_is_linked_and_taken_off_while_the_server_runs_and_nobody_else_is_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logging.configure(lowest="error")
    monkeypatch.setattr(up_relink, "LOOK_S", 0.05)
    (tmp_path / "data").mkdir()
    folder = write_site(tmp_path / "site")
    plan = make_plan(tmp_path / "data", {"site": str(folder), "leaf": f"127.0.0.1:{free_port()}"})
    served: list[bool] = []
    supervisor, store = Supervisor(plan.data / "logs", lambda: None), nats_child.Store()

    async def push(js: Any, text: str) -> None:
        files = {**plan.files, "alerting.toml": f"format = 1\n{text}".encode()}
        current = await site_versions.current(js)
        await site_versions.publish(js, files, None if current is None else current.version)

    async def serve() -> None:
        served.append(True)

    async def story() -> None:
        running = await nats_child.start(plan, supervisor, store)
        connection = await connect(running.settings, "test")
        await ensure_streams(connection.js, Limits.of(1 << 30))
        await push(connection.js, "")
        health = Health(connection.js, "up")
        relink = Relink(running, supervisor, store, connection.js, health, serve)
        tending = asyncio.create_task(relink.run())
        child = nats_only(tmp_path / "child")
        handed = plan.data / "children" / "xa.json"
        try:
            await push(connection.js, '[[child]]\nsite = "xa"\n')
            await comes(lambda: _so(handed.exists()), "the file for the child")
            ticket = msgspec.json.decode(handed.read_bytes(), type=leaf.Ticket)
            ends = leaf.Ends.keep(tmp_path / "child", ())
            linked = leaf.Leaf("xa", ends, (), None, ticket)
            write_config(
                tmp_path / "child" / "nats", child.ports, child.credentials, strict=False, linked=linked
            )
            await asyncio.to_thread(child.start)
            log = tmp_path / "child" / "nats.log"
            await comes(lambda: _so("created for account: PARENT" in log.read_text()), "the leaf")
            await comes(lambda: _so(bool(served)), "the link service")
            await push(connection.js, "")
            await comes(lambda: _so("Leafnode connection closed" in log.read_text()), "its end")
            turned_away = up_relink.TURNED_AWAY
            await comes(lambda: _so(turned_away in {one.code for one in health.complaints}), "it to be told")
            assert connection.nc.stats["reconnects"] == 0
            assert up_relink.RELOAD not in {one.code for one in health.complaints}
        finally:
            tending.cancel()
            await asyncio.gather(tending, return_exceptions=True)
            await asyncio.to_thread(child.stop)
            await connection.close()
            await supervisor.stop(NATS_SERVER)

    asyncio.run(story())


async def _so(found: bool) -> bool:  # noqa: FBT001  a fact, where a question is asked
    return found
