"""The API as a client meets it, without a history: nouns, errors, identity, readiness, the canary."""

import asyncio
import base64
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from services.api import service
from services.api.canary import TOPIC
from services.observation.instants import SECOND
from services.observation.sensor import CANARY
from services.runtime.nats import Connection
from services.runtime.process import Refused
from tests.support.api_rig import T0, Rig, rig, told
from tests.support.site_folder import SENSORS, good_site
from tests.support.waiting import until

API = "/api/v1"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("api")
    (folder / "admin-token").write_text("the-token")
    with rig(folder) as made:
        made.tell(
            told("a", severity="advisory"),
            told("b", severity="warning", area="rach-dua"),
            told("c", hazard="tree"),
            told("a", "escalated", severity="watch", at_s=60),
            told("c", "cleared", hazard="tree", at_s=61),
        )
        until(lambda: made.get(f"{API}/alerts")[1]["token"].endswith(".5"), 5, "the fold")
        yield made


def ids(machine: Rig, query: str = "", noun: str = "alerts", name: str = "alert_id") -> list[str]:
    status, document = machine.get(f"{API}/{noun}{query}")
    assert status == 200, document
    return [item[name] for item in document["items"]]


def test_open_alerts_are_listed_the_newest_first(machine: Rig) -> None:
    assert ids(machine) == ["b", "a"]
    assert ids(machine, "?state=all") == ["c", "b", "a"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("hazard=flood", ["b", "a"]),
        ("hazard=system", []),
        ("state=all&hazard=tree", ["c"]),  # of another release, and one of its alerts is still in memory
        ("area=rach-dua", ["b"]),
        ("area=_", []),
        ("severity=warning", ["b"]),
        ("severity=watch", ["b", "a"]),
    ],
)
def test_alerts_are_filtered(machine: Rig, query: str, found: list[str]) -> None:
    assert ids(machine, f"?{query}") == found


@pytest.mark.parametrize(
    "noun",
    [
        ("alerts?state=all", "alert_id"),
        ("stations?", "id"),
        ("sensors?", "id"),
        ("rules?", "id"),
        ("gateways?", "id"),
    ],
)
def test_pages_put_together_are_the_whole_list(machine: Rig, noun: tuple[str, str]) -> None:
    path, name = noun
    whole = ids(machine, "", path, name)
    assert len(whole) > 1
    pieces: list[str] = []
    after = ""
    for _ in range(len(whole) + 1):
        _, document = machine.get(f"{API}/{path}&limit=1{after}")
        pieces += [item[name] for item in document["items"]]
        if document["next"] is None:
            break
        after = f"&after={document['next']}"
    assert pieces == whole


def test_an_alert_carries_its_events_and_the_version_a_person_saw(machine: Rig) -> None:
    _, document = machine.get(f"{API}/alerts/a")
    epoch = machine.epoch()
    alert = document["alert"]
    assert (alert["severity"], alert["severity_max"], alert["state"]) == ("watch", "watch", "active")
    assert alert["version"] == f"{epoch}.4"
    assert alert["events"] == [f"{epoch}.1", f"{epoch}.4"]
    assert [event["type"].split(".")[3] for event in document["events"]] == ["raised", "escalated"]
    assert document["source"] == "stream"


def test_events_are_paged_in_order_and_tell_where_to_go_on(machine: Rig) -> None:
    _, first = machine.get(f"{API}/events?limit=3")
    assert [event["sequence"] for event in first["items"]] == ["1", "2", "3"]
    assert first["next"] == first["token"] == f"{machine.epoch()}.3"
    _, second = machine.get(f"{API}/events?after={first['next']}")
    assert [event["sequence"] for event in second["items"]] == ["4", "5"]
    assert second["next"] is None
    _, third = machine.get(f"{API}/events?after={second['token']}")
    assert (third["items"], third["next"], third["token"]) == ([], None, second["token"])


def test_a_derived_sensor_is_listed_with_its_station(machine: Rig) -> None:
    _, document = machine.get(f"{API}/sensors?station=vt-flood-001")
    derived = [sensor["id"] for sensor in document["items"] if sensor["derived"]]
    assert "vt-flood-001.water_level_rate" in derived
    assert set(derived) <= set(machine.get(f"{API}/stations/vt-flood-001")[1]["sensors"])


def test_the_canary_is_in_no_list(machine: Rig) -> None:
    for noun in ("stations", "sensors", "gateways", "rules", "alerts?state=all", "events"):
        assert "haidang-self" not in json.dumps(machine.get(f"{API}/{noun}")[1]), noun


def test_rules_are_listed_with_defaults_and_on_how_many_sensors(machine: Rig) -> None:
    _, document = machine.get(f"{API}/rules")
    rule = next(item for item in document["items"] if item["id"] == "bridge-a")
    assert (rule["rungs"], rule["default"], rule["sensors"]) == (
        {"advisory": "station.bd1", "watch": "station.bd2"},
        False,
        1,
    )
    assert any(item["default"] for item in document["items"])
    assert document["site_version"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/nothing", 404),
        (f"{API}/nothing", 404),
        (f"{API}/stations/nobody", 404),
        (f"{API}/gateways/nobody", 404),
        (f"{API}/alerts/nobody", 404),
        ("/assets/../app.py", 404),
        ("/assets/nothing.js", 404),
        (f"{API}/alerts?limit=0", 422),
        (f"{API}/alerts?limit=10001", 422),
        (f"{API}/alerts?severity=terrible", 422),
        (f"{API}/alerts?after=x", 422),
        (f"{API}/alerts?stat=open", 422),
        (f"{API}/strikes?form=2026-01-01T00:00:00Z", 422),
        (f"{API}/strikes?bbox=1,2,3", 422),
        (f"{API}/strikes?after=2026-01-01T00:00:00Z~-1", 422),
        (f"{API}/sensors/vt-flood-001.water_level/observations?every=0s", 422),
        (
            f"{API}/sensors/vt-flood-001.water_level/observations?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z",
            422,
        ),
        (f"{API}/rejects?reason=no%20such%20form", 422),
        (f"{API}/strikes", 503),
        (f"{API}/sensors/vt-flood-001.water_level/observations", 503),
    ],
)
def test_every_error_is_a_problem_document_in_both_languages(machine: Rig, path: str, status: int) -> None:
    found, document = machine.get(path)
    assert (found, document["status"]) == (status, status)
    for member in ("type", "title", "detail", "detail_vi"):
        assert document[member], member
    assert document["instance"] == path.partition("?")[0].replace("/assets/..", "") or ".." in path


@pytest.mark.parametrize(
    ("path", "possible"),
    [
        ("alerts?hazard=floood", "flood"),
        ("alerts?area=nowhere", "_"),
        ("events?hazard=floood", "flood"),
        ("events?area=nowhere", "rach-dua"),
        ("events/stream?area=nowhere", "rach-dua"),
        ("rejects?reason=unknown_sensr", "unknown_sensor"),
        ("rules?hazard=floood", "flood"),
        ("gateways?area=nowhere", "rach-dua"),
        ("stations?area=nowhere", "site"),
        ("sensors?area=nowhere", "site"),
        ("sensors?station=vt-flood-01", "vt-flood-001"),
        ("sensors?property=water_levle", "water_level"),
    ],
)
def test_a_value_that_cannot_be_is_told_what_is_possible(machine: Rig, path: str, possible: str) -> None:
    status, document = machine.get(f"{API}/{path}")
    assert (status, document["type"]) == (422, "urn:haidang:problem:invalid-parameter")
    (wrong,) = document["errors"]
    assert wrong["parameter"] == path.partition("?")[2].partition("=")[0]
    assert possible in wrong["possible"]
    assert possible in document["detail"]
    assert possible in document["detail_vi"]


def test_without_a_history_alerts_say_nothing_of_now(machine: Rig) -> None:
    assert [alert["latest"] for alert in machine.get(f"{API}/alerts")[1]["items"]] == [None, None]


@pytest.mark.parametrize(
    "path",
    [
        "alerts?limit=0",
        "alerts?hazard=floood",
        "events?area=nowhere",
        "alerts?limit=x",
        "alerts?state=ajar",
        "alerts?after=x",
        "alerts?stat=open",
        "maintenance?after=x",
        "maintenance?after=x/y",
        "events?after=x",
        "events/stream?after=x",
        "strikes?from=now",
        "strikes?after=x",
        "rejects?reason=A%20B",
        "sensors/vt-flood-001.water_level/observations?every=1w",
        "sensors/vt-flood-001.water_level/observations?after=x",
        "stations/vt-flood-001?x=1",
    ],
)
def test_a_wrong_parameter_is_told_in_vietnamese_without_english_between(machine: Rig, path: str) -> None:
    status, document = machine.get(f"{API}/{path}")
    assert status == 422
    for vi, en in [(document["detail_vi"], document["detail"])] + [
        (wrong["what_vi"], wrong["what"]) for wrong in document["errors"]
    ]:
        assert vi != en
        assert not vi.isascii()
        for word in ("Input", "should", " is ", "not a", "unknown", "known:", "none", "width"):
            assert word not in vi, vi


def test_a_page_of_alerts_of_another_epoch_is_stale(machine: Rig) -> None:
    status, document = machine.get(f"{API}/alerts?after=00000000.3")
    assert (status, document["type"]) == (410, "urn:haidang:problem:stale-token")
    assert document["token"] == f"{machine.epoch()}.5"


def test_a_method_that_is_not_taken_is_a_problem_too(machine: Rig) -> None:
    refused = httpx.delete(f"{machine.http}{API}/alerts")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET")
    assert refused.json()["type"] == "urn:haidang:problem:method-not-allowed"


def test_a_token_opens_and_a_wrong_one_does_not(machine: Rig) -> None:
    proxied = {"X-Forwarded-For": "10.0.0.1"}
    for path in (f"{API}/alerts", "/metrics"):
        assert machine.get(path, {"Authorization": "Bearer the-token"})[0] == 200
        assert machine.get(path, proxied)[0] == 401
        assert machine.get(path, proxied | {"Authorization": "Bearer the-token"})[0] == 200
        status, document = machine.get(path, {"Authorization": "Bearer wrong"})
        assert (status, document["type"]) == (401, "urn:haidang:problem:unauthorized")


def test_probes_and_documents_need_no_token(machine: Rig) -> None:
    for path in ("/healthz", "/openapi.json", "/docs", "/"):
        assert machine.get(path, {"X-Forwarded-For": "10.0.0.1"})[0] == 200


def test_rejects_come_newest_first_with_their_bytes_and_counts(machine: Rig) -> None:
    kept = [
        ("unknown_sensor", b'[{"n":"x"}]'),
        ("not_json", b"\xff\xfe\x00"),
        *[("unknown_unit", b"[]")] * 30,
    ]
    kept += [("unknown_sensor", "đã cắ".encode()[:-1])]

    async def work(connection: Connection) -> None:
        for n, (reason, payload) in enumerate(kept):
            data = {
                "v": 1,
                "reason": reason,
                "topic": "haidang/v1/a/g/readings",
                "gateway": "g",
                "received_at": T0 + n * SECOND,
            }
            data |= {
                "index": n,
                "payload_b64": base64.b64encode(payload).decode(),
                "detail": "why",
                "count": 1,
            }
            await connection.js.publish(f"rejects.{reason}", json.dumps(data).encode())

    machine.nats(work)
    _, document = machine.get(f"{API}/rejects")
    assert [item["index"] for item in document["items"]] == list(reversed(range(len(kept))))
    assert document["counts"] == {"not_json": 1, "unknown_sensor": 2, "unknown_unit": 30}
    assert document["items"][0]["payload"] == "đã c"  # the cut character is left out
    _, rare = machine.get(f"{API}/rejects?reason=not_json&limit=1")
    assert (rare["items"][0]["payload"], rare["items"][0]["payload_b64"]) == (
        None,
        base64.b64encode(b"\xff\xfe\x00").decode(),
    )
    _, first = machine.get(f"{API}/rejects?reason=unknown_sensor&limit=1")
    _, second = machine.get(f"{API}/rejects?reason=unknown_sensor&limit=1&after={first['next']}")
    assert ([item["index"] for item in first["items"] + second["items"]], second["next"]) == (
        [len(kept) - 1, 0],
        None,
    )
    assert machine.get(f"{API}/rejects?reason=bad_topic")[1]["items"] == []


def test_ready_follows_the_heartbeats_and_the_canary(tmp_path: Path) -> None:
    with rig(tmp_path) as machine:
        status, document = machine.get("/readyz")
        assert (status, document["type"], document["ready"]) == (503, "urn:haidang:problem:not-ready", False)
        assert "ingest" in document["detail"]
        until(lambda: _ready_with_beats(machine), 5, "readiness")
        machine.beat("ingest", "alerts", ready=False)
        until(lambda: machine.get("/readyz")[0] == 503, 5, "an unready engine to show")
        until(lambda: _ready_with_beats(machine), 5, "readiness again")
        machine.beat("ingest", "alerts", age_s=20, canary=False)
        until(lambda: machine.get("/readyz")[0] == 503, 5, "silent services to show")
        machine.beat("ingest", "alerts", canary=False)
        machine.beat(age_s=60)
        until(lambda: "canary_engine" in _wrong(machine), 5, "a late canary to show")
        text = machine.get("/metrics")[1]
        assert 'haidang_packs_total{service="ingest"} 3.0' in text


def _ready_with_beats(machine: Rig) -> bool:
    """Beats are young when it is asked, however slowly the machine runs."""
    machine.beat("ingest", "alerts", "keeper")
    return machine.get("/readyz")[0] == 200


def _wrong(machine: Rig) -> list[str]:
    return [
        check["name"]
        for check in machine.get("/readyz")[1]["checks"]
        if check["needed"] and check["state"] != "ok"
    ]


def test_the_canary_comes_over_mqtt_as_a_plain_pack(tmp_path: Path) -> None:
    with rig(tmp_path, start=False) as machine:
        heard: list[tuple[str, Any]] = []
        subscribed = threading.Event()
        client = Client(CallbackAPIVersion.VERSION2, client_id="listener")

        def note(_client: Client, _data: object, message: MQTTMessage) -> None:
            heard.append((message.topic, json.loads(message.payload)))

        client.on_message = note
        client.on_subscribe = lambda *_: subscribed.set()
        client.connect(*machine.server.mqtt)
        client.loop_start()
        client.subscribe("haidang/v1/+/+/readings", 1)
        assert subscribed.wait(40)
        machine.start()
        until(lambda: heard, 5, "the canary")
        client.disconnect()
        client.loop_stop()
        topic, pack = heard[0]
        assert (topic, pack[0]["n"]) == (TOPIC, CANARY)


def test_another_site_version_is_shown_without_a_restart(tmp_path: Path) -> None:
    with rig(tmp_path) as machine:
        assert machine.get(f"{API}/sensors/vt-sea-001.wave_height")[0] == 404
        machine.prepare(good_site(sensors_csv=SENSORS + "vt-sea-001.wave_height,m,1800,,,,,,,,\n"))
        until(lambda: machine.get(f"{API}/sensors/vt-sea-001.wave_height")[0] == 200, 6, "the new version")


def test_alerts_are_folded_again_after_a_restart(tmp_path: Path) -> None:
    with rig(tmp_path) as machine:
        machine.tell(told("a"), told("b"), told("b", "cleared", at_s=5))
        machine.stop()
        machine.start()
        assert ids(machine) == ["a"]
        assert ids(machine, "?state=all") == ["b", "a"]


def test_a_busy_port_is_refused_with_a_word(machine: Rig) -> None:
    with pytest.raises(Refused, match="free port"):
        asyncio.run(service.run(machine.settings(), asyncio.Event()))


def test_a_checker_that_asks_for_the_head_gets_it_without_a_body(machine: Rig) -> None:
    for path in ("/healthz", f"{API}/alerts"):
        whole, head = httpx.get(machine.http + path), httpx.head(machine.http + path)
        assert (head.status_code, head.content) == (whole.status_code, b"")
        assert head.headers["content-type"] == whole.headers["content-type"]
    assert httpx.head(f"{machine.http}{API}/events/stream").status_code == 405
