"""People act on alerts through the api, beside the engine, on a real nats-server."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from services.alerts import situation
from services.alerts.lifecycle import Life, fold
from services.alerts.log import AlertLog
from services.observation import event as events
from services.observation.instants import iso
from services.runtime.follow import Follower, Message
from services.runtime.nats import Connection
from services.runtime.streams import ALERTS
from tests.support.api_rig import SITE, Rig, rig, told
from tests.support.situations import Stream
from tests.support.situations import alert as member
from tests.support.waiting import PATIENCE_S, until

TOKEN = "a-token-of-the-administrator"
ADMIN = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("acts")
    (folder / "admin-token").write_text(f"{TOKEN}\n")
    with rig(folder) as running:
        yield running


def post(
    made: Rig, path: str, key: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    """Status and document; 0 when nobody answers. Sent again, as told to, when it is not known to be done."""
    given_up = time.monotonic() + PATIENCE_S
    while (answer := post_once(made, path, key, body, headers))[0] == 503 and time.monotonic() < given_up:
        time.sleep(0.1)
    return answer


def post_once(
    made: Rig, path: str, key: str, body: dict[str, Any], headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    request = urllib.request.Request(  # noqa: S310  our own address
        f"{made.http}/api/v1/{path}",
        json.dumps(body).encode(),
        {"Content-Type": "application/json", "Idempotency-Key": key, **(headers or {})},
    )
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())
    except OSError:
        return 0, None


def act(
    made: Rig,
    alert: str,
    verb: str,
    key: str,
    seen: str,
    *,
    headers: dict[str, str] | None = None,
    **body: Any,
) -> tuple[int, Any]:
    return post(made, f"alerts/{alert}/{verb}", key, {"seen": seen, **body}, headers)


def raised(made: Rig, alert: str, severity: str = "watch") -> str:
    """Raise an alert as the engine does; the version a person sees then."""
    (sequence,) = made.tell(told(alert, severity=severity))
    return version(made, alert, sequence)


def version(made: Rig, alert: str, sequence: int) -> str:
    place = f"{made.epoch()}.{sequence}"
    until(lambda: made.get(f"/api/v1/alerts/{alert}")[1].get("alert", {}).get("version") == place, 5, "it")
    return place


def stream(made: Rig, alert: str) -> list[tuple[int, int, dict[str, Any]]]:
    """Sequence, time and body of everything on an alert's subject."""

    async def read(connection: Connection) -> list[tuple[int, int, dict[str, Any]]]:
        follower = Follower(connection.js, ALERTS, [f"alerts.*.*.{alert}"], 0)
        try:
            found: list[Message] = []
            last = (await connection.js.get_last_msg(ALERTS, f"alerts.*.*.{alert}")).seq or 0
            while not found or found[-1].sequence < last:
                found += await follower.fetch(1000, 1.0)
            return [(one.sequence, one.time_us, msgspec.json.decode(one.data)) for one in found]
        finally:
            await follower.close()

    return made.nats(read)


def verbs(made: Rig, alert: str) -> list[str]:
    return [events.verb_of(body["type"]) for _, _, body in stream(made, alert)]


def test_of_two_operators_at_once_one_is_heard_and_the_other_sees_who_was(made: Rig) -> None:
    for number in range(5):
        alert = f"two-{number}"
        seen = raised(made, alert)
        with ThreadPoolExecutor(2) as both:
            first = both.submit(act, made, alert, "acknowledge", "k1", seen)
            second = both.submit(act, made, alert, "acknowledge", "k2", seen, headers=ADMIN)
            answers = [first.result(), second.result()]
        assert sorted(status for status, _ in answers) == [200, 409]
        won = next(body for status, body in answers if status == 200)
        lost = next(body for status, body in answers if status == 409)
        assert lost["type"] == "urn:haidang:problem:alert-changed"
        assert lost["alert"]["acknowledged_by"] == won["event"]["data"]["by"]
        assert lost["alert"]["version"] == won["alert"]["version"]
        assert won["event"]["data"]["by"] in lost["detail_vi"]
        assert verbs(made, alert) == ["raised", "acknowledged"]


def test_the_same_key_again_is_answered_as_it_was_and_another_wish_is_refused(made: Rig) -> None:
    seen = raised(made, "again")
    _, first = act(made, "again", "comment", "k", seen, text="đã gọi trạm bơm")
    status, second = act(made, "again", "comment", "k", seen, text="đã gọi trạm bơm")
    assert (status, first["repeated"], second["repeated"]) == (200, False, True)
    assert first["event"] == second["event"]
    assert act(made, "again", "comment", "k", seen, text="khác")[0] == 409
    assert verbs(made, "again") == ["raised", "commented"]


def test_an_act_on_what_got_worse_is_refused_and_on_what_eased_is_done(made: Rig) -> None:
    seen = raised(made, "worse")
    (worse,) = made.tell(told("worse", "escalated", severity="warning", at_s=60))
    now = version(made, "worse", worse)
    status, problem = act(made, "worse", "acknowledge", "k1", seen)
    assert (status, problem["alert"]["severity"], problem["alert"]["version"]) == (409, "warning", now)
    made.tell(told("worse", "eased", severity="watch", at_s=120))
    status, done = act(made, "worse", "acknowledge", "k2", now)
    assert (status, done["alert"]["label"], done["alert"]["severity"]) == (200, "acknowledged", "watch")


def test_shelving_a_danger_to_the_public_takes_two_people(made: Rig) -> None:
    seen = raised(made, "danger", "warning")
    ends = iso((time.time_ns() // 10**9 + 3600) * 10**6)
    status, asked = act(made, "danger", "shelve", "k1", seen, until=ends, why="đang sửa trạm")
    assert (status, asked["alert"]["label"], asked["alert"]["attention"]) == (200, "unacknowledged", True)
    seen = asked["alert"]["version"]
    status, problem = act(made, "danger", "shelve", "k2", seen, until=ends, why="đang sửa trạm")
    assert (status, problem["type"]) == (422, "urn:haidang:problem:second-person")
    status, done = act(made, "danger", "shelve", "k3", seen, headers=ADMIN)
    assert (status, done["alert"]["label"], done["alert"]["silent"]) == (200, "shelved", True)
    assert (done["alert"]["shelving"]["by"], done["alert"]["shelving"]["second"]) == (
        "local",
        "administrator",
    )
    made.tell(told("danger", "escalated", severity="emergency", at_s=60))
    until(lambda: made.get("/api/v1/alerts/danger")[1]["alert"]["label"] == "unacknowledged", 5, "a sound")


def test_what_needs_a_person_stays_on_the_list_when_its_condition_is_over(made: Rig) -> None:
    raised(made, "over")
    made.tell(told("over", "cleared", at_s=60))
    until(lambda: made.get("/api/v1/alerts/over")[1]["alert"]["state"] == "cleared", 5, "the end")

    def listed(state: str) -> bool:
        items = made.get(f"/api/v1/alerts?state={state}")[1]["items"]
        return "over" in {one["alert_id"] for one in items}

    assert (listed("open"), listed("attention")) == (False, True)
    alert = made.get("/api/v1/alerts/over")[1]["alert"]
    assert alert["label"] == "rtn-unacknowledged"
    assert act(made, "over", "close", "k", alert["version"], cause="real")[0] == 200
    assert not listed("attention")


def test_a_person_states_an_alert_moves_it_and_ends_it(made: Rig) -> None:
    body = {
        "hazard": "flood",
        "area": "thang-tam",
        "severity": "watch",
        "text": {"vi": "Người dân báo nước vào nhà"},
        "until": iso((time.time_ns() // 10**9 + 3600) * 10**6),
    }
    status, first = post(made, "alerts", "call-1", body)
    assert (status, first["alert"]["origin"], first["alert"]["until"]) == (200, "manual", body["until"])
    alert = first["alert"]["alert_id"]
    assert post(made, "alerts", "call-1", body)[1]["repeated"] is True
    for another in (
        {"severity": "emergency"},
        {"area": "_"},
        {"until": iso((time.time_ns() // 10**9 + 7200) * 10**6)},
    ):
        assert post(made, "alerts", "call-1", {**body, **another})[0] == 409, "the key of another alert"
    _, up = act(made, alert, "escalate", "k1", first["alert"]["version"], severity="warning")
    assert (up["alert"]["severity"], up["alert"]["severity_max"]) == ("warning", "warning")
    status, done = act(made, alert, "close", "k2", up["alert"]["version"], cause="real")
    assert (status, done["alert"]["label"], done["alert"]["state"]) == (200, "closed", "cleared")
    assert act(made, alert, "close", "k2", up["alert"]["version"], cause="real")[1]["repeated"] is True
    assert verbs(made, alert) == ["raised", "escalated", "cleared", "closed"]
    assert act(made, "sensed", "end", "k", raised(made, "sensed"))[0] == 422


def test_acknowledging_a_situation_tells_of_each_member(made: Rig) -> None:
    for alert in ("rain-1", "street-1"):
        raised(made, alert)
    seen = made.get("/api/v1/alerts")[1]["token"]
    story = Stream()
    story.live(
        member("rain-1", sort="rain", area="thang-tam"),
        member("street-1", sort="street", area="thang-tam", minute=5),
    )
    (storm,) = story.situations
    made.tell((events.subject(SITE, "thang-tam", storm.subject), situation.encode(storm)))
    until(lambda: made.get(f"/api/v1/situations/{storm.subject}")[0] == 200, 5, "the situation")
    assert act(made, "rain-1", "assign", "k", seen)[0] == 200
    status, done = post(made, f"situations/{storm.subject}/acknowledge", "s1", {"seen": seen})
    assert status == 200
    assert {one["alert_id"]: one["result"] for one in done["results"]} == {
        "rain-1": "conflict",
        "street-1": "done",
    }
    seen = made.get("/api/v1/alerts")[1]["token"]
    _, done = post(made, f"situations/{storm.subject}/acknowledge", "s2", {"seen": seen})
    assert {one["result"] for one in done["results"]} == {"done", "already"}


def test_an_escalation_right_behind_an_acknowledgement_is_not_late(
    made: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene(connection: Connection) -> int:
        engine = AlertLog(connection.js, SITE)
        await engine.catch_up()
        reads = 0
        # The pause and the full reading are what makes it late.
        monkeypatch.setattr(engine, "catch_up", None)
        stop = asyncio.Event()
        assert await engine.publish([events.decode(told("race")[1])], stop)
        for number in range(20):
            verb = ("escalated", "eased")[number % 2]
            seen = await asyncio.to_thread(made.caught_up)
            status, _ = await asyncio.to_thread(act, made, "race", "comment", f"k{number}", seen, text="?")
            assert status == 200
            assert await engine.publish([events.decode(told("race", verb, at_s=60 + number)[1])], stop)
            reads += 1
        return reads

    assert made.nats(scene) == 20
    assert verbs(made, "race") == ["raised", *["commented", "escalated", "commented", "eased"] * 10]


def test_an_engine_finds_its_own_event_behind_an_act_and_writes_it_once(made: Rig) -> None:
    """Its publish was stored, the confirmation was lost, and a person acted before it tried again."""

    async def scene(connection: Connection) -> None:
        engine = AlertLog(connection.js, SITE)
        stop = asyncio.Event()
        assert await engine.publish([events.decode(told("lost")[1])], stop)
        escalated = events.decode(told("lost", "escalated", at_s=60)[1])
        subject, data = told("lost", "escalated", at_s=60)
        stored = await connection.js.publish(subject, data, headers={"Nats-Msg-Id": escalated.id})
        seen = await asyncio.to_thread(version, made, "lost", stored.seq)
        status, _ = await asyncio.to_thread(act, made, "lost", "comment", "k", seen, text="?")
        assert status == 200
        assert await engine.publish([escalated], stop)

    made.nats(scene)
    assert verbs(made, "lost") == ["raised", "escalated", "commented"]


def test_acts_cut_off_at_any_moment_are_done_once_when_they_are_sent_again(made: Rig) -> None:
    alerts = [f"cut-{number}" for number in range(12)]
    seen = [raised(made, alert) for alert in alerts]

    def insist(alert: str, saw: str) -> bool:
        """As a client does: the same act with the same key until it is answered; whether it was unsure."""
        unsure = False
        given_up = time.monotonic() + PATIENCE_S
        while time.monotonic() < given_up:
            status, _ = post_once(made, f"alerts/{alert}/acknowledge", "cut", {"seen": saw})
            if status == 200:
                return unsure
            assert status in (0, 503)
            unsure = True
            time.sleep(0.05)
        pytest.fail(f"{alert} was never acknowledged")

    with ThreadPoolExecutor(len(alerts)) as people:
        waiting = [people.submit(insist, *one) for one in zip(alerts, seen, strict=True)]
        made.server.kill()
        made.server.start()
        assert any(one.result() for one in waiting)
    for alert in alerts:
        assert verbs(made, alert) == ["raised", "acknowledged"]


def test_an_api_that_starts_again_knows_what_people_did_and_what_was_sent_before(made: Rig) -> None:
    seen = raised(made, "restart")
    _, first = act(made, "restart", "assign", "k", seen, assignee="nguyen.lan")
    made.stop()
    made.start()
    status, again = act(made, "restart", "assign", "k", seen, assignee="nguyen.lan")
    assert (status, again["repeated"], again["event"]["id"]) == (200, True, first["event"]["id"])
    life: Life | None = None
    for sequence, stored, body in stream(made, "restart"):
        life = fold(life, sequence, stored, body)
    assert life is not None
    assert again["alert"]["assignee"] == life.assignee == "nguyen.lan"
