"""A commanded lamp is confirmed; one whose confirmation never comes is repeated, then reported.

Real nats-server, real MQTT, ingest, lighting and keeper as processes, the api; the cabinets are simulated.
"""

import json
import time
from collections.abc import Iterator

import pytest

from services.observation import command as nouns
from services.observation import topics
from services.observation.command import Result
from services.observation.instants import iso
from simulators.controllers import DEAD, WELL
from tests.support.api_rig import told
from tests.support.cabinets import AREA, REPEATS, Streets, streets
from tests.support.waiting import until


@pytest.fixture(scope="module")
def street(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Streets]:
    with streets(tmp_path_factory.mktemp("streets")) as made:
        yield made


def now_us() -> int:
    return time.time_ns() // 1000


def test_an_order_goes_down_is_done_and_is_told_as_confirmed(street: Streets) -> None:
    command = street.order("thuy-van", 60)
    street.wait(command, "confirmed")
    told_of = [verb for verb in street.verbs(command) if verb != "repeated"]  # a slow machine: a late answer
    assert told_of[:3] == ["ordered", "sent", "confirmed"]
    assert street.controllers.level("lamp-1", now_us()) == 60
    shown = street.rig.get("/api/v1/lighting?group=thuy-van")[1]["items"][0]
    assert shown["desired"]["level"] == 60
    assert (shown["override"]["command"], shown["override"]["by"]) == (command, "local")
    assert shown["controllers"][0]["agrees"] is True
    assert shown["controllers"][0]["level"] == 60
    release = street.post({"kind": "release", "group": "thuy-van", "reason": "xong"})[1]["commands"][0]["id"]
    street.wait(command, "released")
    street.wait(release, "confirmed")
    assert street.controllers.level("lamp-1", now_us()) == 80


def test_silence_is_repeated_told_survives_a_crash_and_ends_when_the_cabinet_is_back(street: Streets) -> None:
    street.controllers.behaviours["cab-2"] = DEAD
    command = street.order("ha-long", 30)
    until(lambda: "sent" in street.verbs(command), 10, "a first sending")
    street.kill("lighting")
    street.start("lighting")
    street.wait(command, "unconfirmed", 20)
    assert street.verbs(command) == ["ordered", "sent", *["repeated"] * REPEATS, "unconfirmed"]
    until(lambda: [a["gateway"] for a in street.alerts()] == ["cab-2"], 10, "an alert about the cabinet")
    (alert,) = street.alerts()
    assert (alert["hazard"], alert["gateway"], alert["severity"]) == ("lighting", "cab-2", "advisory")
    assert "cab-2" in alert["reason"]["vi"]
    street.disconnect("cab-2")
    street.controllers.behaviours["cab-2"] = WELL
    street.connect("cab-2")
    street.wait(command, "confirmed")
    until(lambda: not street.alerts(), 10, "the alert to be cleared")
    ended = {a["alert_id"]: a["state"] for a in street.alerts("all")}
    assert ended[alert["alert_id"]] == "cleared"
    assert street.controllers.level("lamp-3", now_us()) == 30


def test_a_lease_ends_by_itself(street: Streets) -> None:
    command = street.order("thuy-van", 40, lease_s=4)
    street.wait(command, "ended")
    assert "confirmed" in street.verbs(command)
    assert street.controllers.level("lamp-2", now_us()) == 80


def test_the_same_key_is_the_same_order_and_another_wish_under_it_is_refused(street: Streets) -> None:
    body = {"kind": "override", "lamps": ["lamp-1"], "level": 70, "reason": "thử"}
    body["until"] = iso(now_us() + 600_000_000)
    first, again = street.post(body, "key-1"), street.post(body, "key-1")
    assert (first[0], again[0]) == (200, 200)
    assert first[1]["commands"][0]["id"] == again[1]["commands"][0]["id"]
    assert (first[1]["repeated"], again[1]["repeated"]) == (False, True)
    status, told = street.post({**body, "level": 20}, "key-1")
    assert (status, told["type"]) == (409, "urn:haidang:problem:idempotency-conflict")


@pytest.mark.parametrize(
    ("wish", "parameter"),
    [
        ({"kind": "override", "group": "thuy-van", "level": 50}, "until"),
        ({"kind": "override", "group": "thuy-van", "level": 50, "gateway": "cab-1"}, "gateway"),
        ({"kind": "read"}, "group"),
        ({"kind": "read", "group": "no-such"}, "group"),
        ({"kind": "read", "lamps": ["lamp-9"]}, "lamps"),
        ({"kind": "override", "group": "thuy-van", "level": 150}, "level"),
        ({"kind": "read", "group": "thuy-van", "level": 5}, "level"),
        ({"kind": "override", "group": "thuy-van", "level": 5, "until": "2001-01-01T00:00:00Z"}, "until"),
    ],
)
def test_an_order_that_makes_no_sense_is_told_why(
    street: Streets, wish: dict[str, object], parameter: str
) -> None:
    status, told = street.post({"reason": "x", **wish})
    assert (status, told["errors"][0]["parameter"]) == (422, parameter)
    assert told["detail_vi"]


def test_a_page_of_another_origin_gives_no_orders(street: Streets) -> None:
    wish = {"kind": "read", "group": "thuy-van", "reason": "x"}
    assert street.post(wish, Origin="https://evil.example")[0] == 403


def test_a_result_that_nobody_waits_for_and_one_that_cannot_be_read_are_rejects(street: Streets) -> None:
    sender = street._agents["cab-1"]._senders
    agent = next(iter(sender.values()))
    agent.answer(nouns.encode(Result(id="nobody-ordered-this", state="done", at=now_us())))
    agent.answer(b'{"v": 1, "id": "x", "state": "perhaps", "at": 1}')

    def reasons() -> set[str]:
        return {one["reason"] for one in street.rig.get("/api/v1/rejects")[1]["items"]}

    until(lambda: {"unknown_command", "bad_result"} <= reasons(), 10, "the rejects")
    assert topics.parse(topics.result(AREA, "cab-1")) is not None


def test_commands_can_be_filtered_and_an_unknown_one_is_not_found(street: Streets) -> None:
    wish = {"kind": "read", "gateway": "cab-1", "reason": "x"}
    first, second = (street.post(wish)[1]["commands"][0]["id"] for _ in range(2))
    items = street.rig.get("/api/v1/commands?gateway=cab-1&kind=read&limit=1")[1]
    assert [one["id"] for one in items["items"]] == [second]
    assert first != second
    assert {one["gateway"] for one in items["items"]} == {"cab-1"}
    assert street.rig.get(f"/api/v1/commands?gateway=cab-1&after={items['next']}")[0] == 200
    assert street.rig.get(f"/api/v1/commands?since={iso(now_us() + 10**9)}")[1]["items"] == []
    assert street.rig.get("/api/v1/commands?gateway=cab-9")[0] == 422
    assert street.rig.get("/api/v1/commands/nobody-ordered-this")[0] == 404
    assert street.rig.get("/api/v1/commands?state=lost")[0] == 422
    assert json.dumps(street.rig.get("/api/v1/lighting")[1]["configured"]) == "true"


def test_an_alert_that_is_raised_brightens_the_streets_it_is_named_for(street: Streets) -> None:
    street.rig.tell(told("a-flood", severity="watch"), told("a-worse-one", severity="warning"))

    def bright() -> list[dict[str, object]]:
        items = street.rig.get("/api/v1/commands?kind=override&state=confirmed")[1]["items"]
        return [one for one in items if one["by"] == "lighting"]

    until(bright, 15, "an override made by the alert")
    (one,) = bright()
    assert (one["gateway"], one["level"]) == ("cab-2", 100)
    assert one["reason"] == "flood-light: a-worse-one"
