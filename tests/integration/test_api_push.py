"""Push: every client sees every event once and in order, however it is cut and wherever it comes back."""

import asyncio
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from services.runtime.nats import Connection, connect, renew_epoch
from services.runtime.streams import ALERTS
from tests.support.api_rig import Rig, rig, told
from tests.support.listeners import Heard, collect, socket, sse

CLIENTS = 100
EVENTS = 600


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("push")) as made:
        yield made


async def _publish(machine: Rig, count: int, *, pause_every: int = 50) -> list[int]:
    """Publish events of one alert each, in bursts, straight to ALERTS."""
    connection = await connect(machine.server.settings(), "burst")
    chance = random.Random(5)
    sequences: list[int] = []
    try:
        for start in range(0, count, pause_every):
            stories = [told(f"{chance.randbytes(8).hex()}") for _ in range(min(pause_every, count - start))]
            acks = [await connection.js.publish(subject, data) for subject, data in stories]
            sequences += [ack.seq for ack in acks]
            await asyncio.sleep(0.01)
    finally:
        await connection.close()
    return sequences


class Client:
    """Listens, is cut after a random number of events, and comes back with the last token it saw."""

    def __init__(self, machine: Rig, number: int, token: str) -> None:
        self._machine, self._chance, self._by_socket = machine, random.Random(number), number % 2 == 0
        self.token = token
        self.seen: list[int] = []
        self.cuts = 0
        self.odd: list[Heard] = []

    async def listen(self, last: int) -> None:
        """Until the event with sequence `last` came."""
        while not self.seen or self.seen[-1] < last:
            patience = self._chance.randint(1, 250)
            with contextlib.suppress(OSError, EOFError):
                await self._once(last, patience)
            self.cuts += 1
            await asyncio.sleep(self._chance.random() * 0.3)

    async def _once(self, last: int, patience: int) -> None:
        if self._by_socket:
            source = socket(self._machine.http, self.token)
            async with contextlib.aclosing(source):
                async for heard in source:
                    if self._hear(heard, last, patience := patience - 1):
                        return
            return
        async with sse(self._machine.http, last=self.token) as stream:
            async for heard in stream:
                if self._hear(heard, last, patience := patience - 1):
                    return

    def _hear(self, heard: Heard, last: int, patience: int) -> bool:
        assert heard.token is not None
        self.token = heard.token
        if heard.name == "slow":
            return True
        if heard.name == "heartbeat":
            return patience <= 0
        if "specversion" not in heard.data:
            self.odd.append(heard)
            return True
        self.seen.append(int(heard.data["sequence"]))
        return patience <= 0 or self.seen[-1] >= last


def test_a_hundred_clients_cut_at_random_see_every_event_once_and_in_order(machine: Rig) -> None:
    async def main() -> tuple[list[Client], list[int]]:
        start = machine.caught_up()
        clients = [Client(machine, number, start) for number in range(CLIENTS)]
        end = int(start.partition(".")[2]) + EVENTS
        listening = [asyncio.create_task(client.listen(end)) for client in clients]
        sequences = await _publish(machine, EVENTS)
        async with asyncio.timeout(120):
            await asyncio.gather(*listening)
        return clients, sequences

    clients, sequences = asyncio.run(main())
    assert len(sequences) == EVENTS
    for client in clients:
        assert client.odd == []
        assert client.seen == sequences
    assert sum(client.cuts for client in clients) > CLIENTS


def test_the_first_bytes_come_at_once_with_a_heartbeat(machine: Rig) -> None:
    async def main() -> Heard:
        async with asyncio.timeout(40), sse(machine.http) as stream:
            assert stream.status == 200
            return await anext(aiter(stream))

    token = machine.caught_up()
    heard = asyncio.run(main())
    assert heard.name == "heartbeat"
    assert heard.data["token"] == heard.token == token
    assert heard.data["keeper_silent"] is True
    assert heard.data["stream"] == "ok"


def test_events_come_with_their_verb_token_sequence_and_epoch(machine: Rig) -> None:
    async def main() -> list[Heard]:
        async with sse(machine.http) as stream:
            events = aiter(stream)
            await anext(events)  # a heartbeat: from here on it is told of everything
            await _tell(machine, told("verb-1"), told("verb-1", "cleared", at_s=9))
            return await collect(events, 2)

    machine.caught_up()
    heard = asyncio.run(main())
    epoch = machine.epoch()
    assert [event.name for event in heard] == ["raised", "cleared"]
    for event in heard:
        assert event.data["epoch"] == epoch
        assert event.token == f"{epoch}.{event.data['sequence']}"
        assert event.data["specversion"] == "1.0"


@pytest.mark.parametrize("token", ["deadbeef.1", "999999"])
def test_a_stale_token_is_told_on_every_road(machine: Rig, token: str) -> None:
    now = machine.caught_up()
    status, document = machine.get(f"/api/v1/events?after={token}")
    assert status == 410
    assert document["token"] == now

    async def main() -> tuple[list[Heard], list[Heard]]:
        by_socket = socket(machine.http, token)
        async with sse(machine.http, last=token) as stream, contextlib.aclosing(by_socket):
            events = aiter(stream)
            first, also_first = await collect(events, 1), await collect(by_socket, 1)
            await _tell(machine, told(f"after-resync-{token}"))
            return first + await collect(events, 1), also_first + await collect(by_socket, 1)

    for heard in asyncio.run(main()):
        assert heard[0].name == "resync"
        assert heard[0].data["token"] == now
        assert heard[1].data["subject"] == f"after-resync-{token}"


def test_a_text_that_is_no_token_is_refused_before_anything_begins(machine: Rig) -> None:
    for path in ("/api/v1/events", "/api/v1/events/stream"):
        status, document = machine.get(f"{path}?after=yesterday")
        assert (status, document["errors"][0]["parameter"]) == (422, "after")

    async def main() -> None:
        await anext(socket(machine.http, "yesterday"))

    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(main())
    assert refused.value.response.status_code == 422


def test_a_page_of_another_origin_gets_no_socket(machine: Rig) -> None:
    async def main() -> None:
        address = machine.http.replace("http", "ws") + "/api/v1/events/ws"
        async with connect_socket(address, origin=Origin("https://elsewhere.example")):
            pass

    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(main())
    assert refused.value.response.status_code == 403


def test_a_filter_by_severity_shows_an_alert_to_its_end(machine: Rig) -> None:
    start = machine.caught_up()
    story = [
        told("low", severity="advisory", at_s=0),
        told("high", severity="watch", at_s=1),
        told("high", "escalated", severity="warning", at_s=2),
        told("high", "eased", severity="watch", at_s=3),
        told("high", "cleared", severity="watch", at_s=4),
        told("low", "cleared", severity="advisory", at_s=5),
    ]

    async def main() -> list[Heard]:
        async with sse(machine.http, f"/api/v1/events/stream?after={start}&severity_min=warning") as stream:
            await _tell(machine, *story)
            return await collect(aiter(stream), 3)

    heard = asyncio.run(main())
    assert [(event.data["subject"], event.name) for event in heard] == [
        ("high", "escalated"),
        ("high", "eased"),
        ("high", "cleared"),
    ]


def test_a_new_epoch_is_told_to_who_listens(tmp_path: Path) -> None:
    with rig(tmp_path) as machine:
        machine.tell(told("before"))
        old = machine.epoch()

        async def renew(connection: Connection) -> str:
            return await renew_epoch(connection.js, ALERTS, old)

        async def main() -> Heard:
            async with asyncio.timeout(40), sse(machine.http) as stream:
                heard = aiter(stream)
                await anext(heard)
                connection = await connect(machine.server.settings(), "test")
                await renew(connection)
                await connection.close()
                async for one in heard:
                    if one.name == "resync":
                        return one
                raise AssertionError

        told_of = asyncio.run(main())
        new = machine.epoch()
        assert new != old
        assert told_of.token == f"{new}.1"
        assert machine.get(f"/api/v1/events?after={old}.1")[0] == 410
        assert machine.get(f"/api/v1/events?after={new}.0")[1]["items"][0]["epoch"] == new


def test_the_stream_goes_on_after_the_server_was_killed(tmp_path: Path) -> None:
    with rig(tmp_path) as machine:

        async def main() -> list[Heard]:
            async with sse(machine.http) as stream:
                events = aiter(stream)
                await anext(events)  # a heartbeat: from here on it is told of everything
                await _tell(machine, told("one"))
                first = await collect(events, 1)
                machine.server.kill()
                machine.server.start()
                await _tell(machine, told("two"))
                return first + await collect(events, 1)

        assert [heard.data["subject"] for heard in asyncio.run(main())] == ["one", "two"]


def test_stopping_ends_every_stream_within_seconds(tmp_path: Path) -> None:
    with rig(tmp_path) as machine:

        async def main() -> float:
            async with sse(machine.http) as stream, contextlib.aclosing(socket(machine.http)) as listened:
                heard = aiter(stream)
                await anext(heard)
                await anext(listened)
                return await asyncio.to_thread(machine.stop)

        assert asyncio.run(main()) < 15


async def _tell(machine: Rig, *stories: tuple[str, bytes]) -> None:
    connection = await connect(machine.server.settings(), "teller")
    for subject, data in stories:
        await connection.js.publish(subject, data)
    await connection.close()
