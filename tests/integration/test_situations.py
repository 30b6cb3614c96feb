"""A storm of four hazards through a real server, the keeper and the API: one thing unfolding."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from services.alerts.keeper import Duty, keep
from services.alerts.log import AlertLog
from services.observation import event as events
from services.observation.event import CloudEvent
from services.runtime.health import Health
from services.runtime.nats import Connection
from tests.support.api_rig import Rig, rig
from tests.support.keepers import keeping
from tests.support.listeners import sse
from tests.support.situations import SITE, alert
from tests.support.waiting import until

AREA = "thang-tam"
STORM = f"?kind=storm&area={AREA}"
SORTS = ("rain", "lightning", "street", "tree")


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("situations")) as made:
        yield made


def tell(machine: Rig, *told: CloudEvent) -> None:
    machine.tell(*((events.subject(SITE, one.data.area, one.subject), events.encode(one)) for one in told))


def situations(machine: Rig, query: str = "") -> list[dict[str, Any]]:
    status, page = machine.get(f"/api/v1/situations{query}")
    assert status == 200, page
    found: list[dict[str, Any]] = page["items"]
    return found


def told_of(machine: Rig, one: str) -> list[str]:
    """Verbs of a situation's events, each id once."""
    status, page = machine.get("/api/v1/events?after=0&limit=10000")
    assert status == 200
    of = [event for event in page["items"] if event["subject"] == one]
    assert len({event["id"] for event in of}) == len(of), "twice the same"
    return [event["type"].split(".")[-2] for event in of]


def test_a_storm_of_four_hazards_is_one_situation_that_outlives_its_keeper(machine: Rig) -> None:
    story = [alert(sort, sort=sort, area=AREA, minute=n) for n, sort in enumerate(SORTS)]
    with keeping(machine, HAIDANG_SITUATION_WINDOW_S="2") as kept:
        tell(machine, story[0], story[1])
        until(lambda: situations(machine, STORM), 15, "the storm")
        (storm,) = situations(machine, STORM)
        kept.kill()

        # What comes while nobody keeps is told by the next keeper, once.
        tell(machine, story[2])
        kept.start()
        until(lambda: situations(machine, STORM)[0]["open_members"] == 3, 15, "the street to join")
        tell(machine, story[3], alert("rain", "cleared", sort="rain", area=AREA, minute=9))
        until(lambda: len(told_of(machine, storm["situation_id"])) == 4, 10, "the tree, and the rain's end")

        (found,) = situations(machine, STORM)
        assert found["situation_id"] == storm["situation_id"]
        members = {member["family"]: member["open"] for member in found["members"]}
        assert members == {"rain": False, "lightning": True, "street": True, "tree": True}
        assert found["open_members"] == 3
        status, page = machine.get("/api/v1/alerts?state=all")
        assert {
            one["alert_id"]: one["situation"] for one in page["items"] if one["area"] == AREA
        } == dict.fromkeys(SORTS, storm["situation_id"])

        for sort in SORTS[1:]:
            tell(machine, alert(sort, "cleared", sort=sort, area=AREA, minute=20))
        until(lambda: not situations(machine, STORM), 10, "the end")
        status, detail = machine.get(f"/api/v1/situations/{storm['situation_id']}")
        assert (status, detail["situation"]["state"]) == (200, "ended")
        assert len(detail["events"]) == 8
        kept.kill()
        before = told_of(machine, storm["situation_id"])
        kept.start()
        _caught_up(machine)
        assert told_of(machine, storm["situation_id"]) == before
    assert before == ["opened", *["updated"] * 6, "ended"]


def _caught_up(machine: Rig) -> None:
    """Wait for the keeper to have read everything: what it hears after that it has told."""
    mark = f"mark-{time.monotonic_ns()}"
    tell(machine, alert(f"{mark}-r", sort="rip", area=mark), alert(f"{mark}-t", sort="tide", area=mark))
    until(lambda: any(mark in one["areas"] for one in situations(machine)), 15, "the keeper")


def test_clients_hear_of_a_situation_by_a_name_of_its_own(machine: Rig) -> None:
    async def scene(token: str) -> list[tuple[str, str]]:
        heard = []
        async with sse(machine.http, last=token) as stream:
            await asyncio.to_thread(
                tell, machine, alert("p-r", sort="rain", area="p"), alert("p-t", sort="tree", area="p")
            )
            async for one in stream:
                # The keeper may tell of itself meanwhile.
                if one.name != "heartbeat" and one.data["data"]["area"] == "p":
                    heard.append((one.name, one.data["subject"]))
                if len(heard) == 3:
                    return heard
        return heard

    with keeping(machine):
        _caught_up(machine)
        heard = asyncio.run(asyncio.wait_for(scene(machine.get("/api/v1/alerts")[1]["token"]), 40))
    assert [name for name, _ in heard] == ["raised", "raised", "situation.opened"]
    (found,) = situations(machine, "?area=p")
    assert heard[2][1] == found["situation_id"]


def test_a_duty_that_fails_is_begun_again_says_so_and_stops_no_other(machine: Rig) -> None:
    begun: list[str] = []

    async def scene(connection: Connection) -> list[str]:
        stop, other = asyncio.Event(), asyncio.Event()
        health = Health(connection.js, "keeper")

        async def breaks(_js: object, _site: str, _log: AlertLog, _stop: asyncio.Event) -> None:
            begun.append("breaks")
            if len(begun) == 1:
                msg = "a fault"
                raise KeyError(msg)
            other.set()
            await stop.wait()

        async def lasts(_js: object, _site: str, _log: AlertLog, _stop: asyncio.Event) -> None:
            await other.wait()
            stop.set()

        duties: dict[str, Duty] = {"breaks": breaks, "lasts": lasts}
        async with asyncio.timeout(40):
            await keep(connection, SITE, duties, health, stop)
        return [complaint.code for complaint in health.complaints]

    assert machine.nats(scene) == ["breaks-failed"]
    assert begun == ["breaks", "breaks"]
