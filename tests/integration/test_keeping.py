"""The keeper of alerts on a real server: windows, inhibition, shelving and steps, killed in the middle."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest

from services.alerts.hazards import extra_properties, hazards
from services.observation import event as events
from services.observation.event import Alert
from services.observation.instants import SECOND, iso, micros
from services.observation.text import Text
from services.policy.alerting import Policy
from services.policy.running import Running
from services.runtime import sites as runtime_sites
from services.runtime.health import Health
from services.runtime.nats import Connection
from tests.support.api_rig import Rig, rig
from tests.support.keepers import keeping
from tests.support.site_folder import good_site
from tests.support.situations import SITE
from tests.support.waiting import until

ALERTING = b"""format = 1
[[escalation]]
id = "all"
least = "emergency"
steps = [{ after_min = 0.1, to = ["rota:duty"] }]
[[rota]]
id = "duty"
shifts = [{ people = ["lan"] }]
"""
AREA = "thang-tam"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    with rig(tmp_path_factory.mktemp("keeping"), start=False) as made:
        made.prepare({**good_site(), "alerting.toml": ALERTING})
        made.start()
        # Its step is due after six seconds, whichever test runs then.
        tell(made, "waits", "noise-limit", "emergency", hazard="environment", station="vt-y")
        yield made


def tell(
    machine: Rig, name: str, rule: str, severity: str, verb: str = "raised", at: int = 0, **more: Any
) -> None:
    """The engine says something of an alert."""
    now = at or _now()
    station = more.pop("station", "vt-flood-001")
    data = Alert(
        alert_id=name,
        hazard=more.pop("hazard", "flood"),
        area=AREA,
        severity=severity,
        rule=rule,
        rule_version="0123456789ab",
        time=iso(now),
        detected_at=iso(now),
        since=iso(now),
        reason=Text("có chuyện", "something"),
        station=station,
        sensor=f"{station}.water_level",
    )
    body = json.loads(
        events.encode(events.make(site=SITE, verb=verb, event=f"{name}/{verb}/{now}", time=now, alert=data))
    )
    body["data"] |= more
    machine.tell((f"alerts.{SITE}.{AREA}.{name}", json.dumps(body).encode()))


def _now() -> int:
    return time.time_ns() // 1000


def post(machine: Rig, path: str, key: str, **body: Any) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json", "Idempotency-Key": key}
    url = f"{machine.http}/api/v1/{path}"
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310  our own address
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def soonest(machine: Rig, path: str, ends: str, **body: Any) -> None:
    """Ask for what ends in a second; where that was over before it was read, again."""
    asked = count()

    def taken() -> bool:
        number = next(asked)
        return post(machine, path, f"soon-{number}", **body, **{ends: iso(_now() + SECOND)})[0] == 200

    until(taken, 10, f"{path} to be taken")


def alert(machine: Rig, name: str) -> dict[str, Any]:
    status, found = machine.get(f"/api/v1/alerts/{name}")
    assert status == 200, found
    shown: dict[str, Any] = found["alert"]
    return shown


def kinds(machine: Rig, name: str) -> list[str]:
    return [quiet["kind"] for quiet in alert(machine, name)["quiet"]]


def verbs(machine: Rig, name: str) -> list[str]:
    """Verbs of a subject's events; each id once."""
    status, page = machine.get("/api/v1/events?after=0&limit=10000")
    assert status == 200
    of = [event for event in page["items"] if event["subject"] == name]
    assert len({event["id"] for event in of}) == len(of), "twice the same"
    return [event["type"].split(".")[-2] for event in of]


def test_what_keeps_an_alert_quiet_outlives_the_keeper_and_not_its_reason(machine: Rig) -> None:
    with keeping(machine) as kept:
        tell(machine, "level", "flood-level", "warning")
        tell(machine, "rise", "flood-rise", "watch")
        until(lambda: kinds(machine, "rise") == ["inhibition"], 40, "the rise to be explained")
        assert alert(machine, "rise")["quiet"][0]["what"] == "level"
        kept.kill()
        tell(machine, "level", "flood-level", "warning", "cleared")
        tell(machine, "later", "flood-rise", "watch", station="vt-flood-002")
        kept.start()
        until(lambda: kinds(machine, "rise") == [], 40, "the next keeper to let go")
        kept.kill()
        kept.start()
        tell(machine, "mark", "flood-level", "warning", station="vt-flood-002")
        until(lambda: kinds(machine, "later") == ["inhibition"], 40, "the third keeper")
    assert verbs(machine, "rise") == ["raised", "inhibited", "uninhibited"]


def test_a_window_holds_alerts_says_which_and_ends_by_itself(machine: Rig) -> None:
    # No emergency: one is waiting here already, and within a situation one calls for all.
    tell(machine, "held", "flood-level", "warning", station="vt-rain-001", hazard="environment")
    station = machine.get("/api/v1/stations")[1]["items"][0]["id"]
    tell(machine, "at", "tree-dry", "watch", station=station, hazard="environment")
    with keeping(machine):
        end = iso(_now() + 3600 * SECOND)
        asked = {"kind": "test", "end": end, "stations": [station], "why": "hiệu chuẩn"}
        status, done = post(machine, "maintenance", "k1", **asked)
        assert status == 200, done
        assert post(machine, "maintenance", "k1", **asked)[1]["repeated"] is True
        which = done["window"]["window_id"]

        def holds() -> list[str]:
            found = machine.get(f"/api/v1/maintenance/{which}")[1]
            return [one["alert_id"] for one in found["holds"]]

        until(lambda: "at" in holds(), 40, "the window to hold the alert")
        assert "held" not in holds()
        shown = alert(machine, "at")
        assert (shown["status"], shown["label"]) == ("Test", "out-of-service")
        assert shown["quiet"][0]["until"] == end
        soonest(machine, f"maintenance/{which}/change", "end", seen=done["window"]["version"])
        until(lambda: holds() == [], 40, "the window to end")
        until(lambda: machine.get(f"/api/v1/maintenance/{which}")[1]["state"] == "ended", 40, "its end")
        until(lambda: alert(machine, "at")["status"] == "Actual", 40, "it to be real again")
    assert verbs(machine, which) == ["planned", "changed", "ended"]


def test_a_window_is_changed_and_cancelled_by_who_saw_it_as_it_is(machine: Rig) -> None:
    station = machine.get("/api/v1/stations")[1]["items"][0]["id"]
    end = iso(_now() + 3600 * SECOND)
    status, done = post(
        machine, "maintenance", "k2", kind="maintenance", end=end, stations=[station], why="…"
    )
    assert status == 200, done
    window = done["window"]
    for another in ({"areas": ["thang-tam"]}, {"end": iso(_now() + 7200 * SECOND)}, {"kind": "test"}):
        asked = {"kind": "maintenance", "end": end, "stations": [station], "why": "…", **another}
        assert post(machine, "maintenance", "k2", **asked)[0] == 409, "the key of another window"
    later = iso(micros(end) + 3600 * SECOND)
    path = f"maintenance/{window['window_id']}"
    status, changed = post(machine, f"{path}/change", "k3", seen=window["version"], end=later)
    assert (status, changed["window"]["end"]) == (200, later)
    assert post(machine, f"{path}/change", "k3", seen=window["version"], end=later)[1]["repeated"] is True
    assert post(machine, f"{path}/change", "k3", seen=window["version"], end=end)[0] == 409
    status, problem = post(machine, f"{path}/cancel", "k4", seen=window["version"])
    assert (status, problem["type"].split(":")[-1].split("/")[-1]) == (409, "window-changed")
    status, gone = post(machine, f"{path}/cancel", "k4", seen=changed["window"]["version"])
    assert (status, gone["window"]["state"]) == (200, "cancelled")
    assert post(machine, f"{path}/cancel", "k5", seen=gone["window"]["version"])[0] == 422
    far = iso(_now() + 1000 * 3600 * SECOND)
    assert post(machine, "maintenance", "k6", kind="test", end=far, stations=[station], why="…")[0] == 422
    assert post(machine, "maintenance", "k7", kind="test", end=end, why="…")[0] == 422


def test_time_ends_a_shelving_and_calls_the_next_one_once(machine: Rig) -> None:
    tell(machine, "shelved", "noise-limit", "watch", hazard="environment", station="vt-x")
    until(lambda: machine.get("/api/v1/alerts/shelved")[0] == 200, 5, "the alert")
    before = _now() - 9 * 3600 * SECOND
    tell(machine, "old", "tide-band", "warning", station="vt-z", at=before)
    tell(machine, "old", "tide-band", "warning", "acknowledged", before, station="vt-z", by="lan", act={})
    until(lambda: alert(machine, "old")["realarm_at"] == iso(before + 8 * 3600 * SECOND), 5, "its time")
    version = alert(machine, "shelved")["version"]
    soonest(machine, "alerts/shelved/shelve", "until", seen=version, why="đã biết")
    with keeping(machine) as kept:
        until(lambda: alert(machine, "shelved")["shelving"] is None, 40, "the shelving to end")
        until(lambda: alert(machine, "waits")["escalation_step"] == 1, 40, "the step")
        until(
            lambda: alert(machine, "old")["label"] == "unacknowledged", 40, "what was acknowledged long ago"
        )
        kept.kill()
        kept.start()
        tell(machine, "mark-2", "flood-level", "warning", station="vt-flood-009")
        tell(machine, "mark-3", "flood-rise", "watch", station="vt-flood-009")
        until(lambda: kinds(machine, "mark-3") == ["inhibition"], 40, "the keeper")
    assert verbs(machine, "shelved") == ["raised", "shelved", "unshelved"]
    assert verbs(machine, "waits") == ["raised", "overdue"]
    assert verbs(machine, "old") == ["raised", "acknowledged", "realarmed"]
    old = alert(machine, "old")
    assert (old["realarmed"]["acknowledged_by"], old["realarm_at"]) == ("lan", None)
    status, done = post(
        machine, "alerts/shelved/close", "s2", seen=alert(machine, "shelved")["version"], cause="false"
    )
    assert status == 200, done
    closed = alert(machine, "shelved")
    assert micros(closed["reopens_at"]) == micros(closed["closing"]["at"]) + 24 * 3600 * SECOND
    page = machine.get("/api/v1/events?after=0&limit=10000")[1]["items"]
    (step,) = [event for event in page if event["type"].endswith("alert.overdue.v1")]
    assert step["data"]["act"]["to"] == ["lan"]


def test_a_policy_that_cannot_be_read_leaves_the_last_good_one_in_force_and_says_so(machine: Rig) -> None:
    async def scene(connection: Connection) -> None:
        health = Health(connection.js, "test")
        running = Running(connection.js, extra_properties(), tuple(hazards()), health)
        assert await running.first(asyncio.Event())
        assert [rota.id for rota in running.policy.keeping.rotas] == ["duty"]
        version = running.version
        await _put_site(connection, b"format = 1\n[chattering]\ntimes = 0\n")
        assert await running.look()
        assert running.changed.is_set()
        assert running.version != version
        assert [rota.id for rota in running.policy.keeping.rotas] == ["duty"]
        assert [one.code for one in health.complaints] == ["alerting-unreadable"]
        await _put_site(connection, b"format = 1\n")
        assert await running.look()
        assert running.policy == Policy()
        assert health.complaints == []
        await _put_site(connection, ALERTING)

    machine.nats(scene)


async def _put_site(connection: Connection, alerting: bytes) -> None:
    files = {**good_site(), "alerting.toml": alerting}
    running = await runtime_sites.current(connection.js)
    await runtime_sites.publish(connection.js, files, running.version if running else None)
