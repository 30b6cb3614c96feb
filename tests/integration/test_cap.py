"""Bulletins as they run: the writer of roads and the api on a real nats-server, approval to CAP in."""

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from nats.js.errors import NotFoundError

from services.alerts.hazards import extra_properties, hazards
from services.api import official as taking
from services.api.errors import away
from services.api.paces import Pace
from services.cap import desk
from services.cap.build import build
from services.cap.message import Area, Info, Message, Named, Reference
from services.cap.read import MAX_BYTES, parse, read
from services.cap.sign import new_keys, sign
from services.cap.verify import verify
from services.observation.text import Text
from services.policy.running import Running
from services.roads import bulletins
from services.runtime.health import Health
from services.runtime.nats import Connection, connect
from services.runtime.streams import ALERTS
from tests.support.api_rig import Rig, rig, told
from tests.support.cap import sample
from tests.support.site_folder import good_site
from tests.support.waiting import until

KEYS = new_keys("nchmf.example.vn", datetime.now(UTC))
ALERTING = f'''\
format = 1

[publication]
sender = "ioc.example.vn"
name = {{ vi = "Trung tâm điều hành", en = "Operations centre" }}
min_interval_s = 0
public = true
web = "https://ioc.example.vn"

[[publish]]
from = "watch"
approvals = {{ watch = 0, warning = 1, emergency = 2 }}

[[trusted]]
id = "nchmf"
sender = "nchmf.example.vn"
name = {{ vi = "Trung tâm dự báo", en = "Forecast centre" }}
certificates = ["""
{KEYS.certificate.decode()}"""]

[[trusted]]
id = "ward"
sender = "ward.example.vn"
name = {{ vi = "Phường", en = "Ward" }}
unsigned = true
'''
ZONE = timezone(timedelta(hours=7))


class Writer:
    """The duty in a thread, as the process `roads` runs it."""

    def __init__(self, made: Rig, folder: Path) -> None:
        self._settings = made.server.settings("roads", data=str(folder))
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()

    def _main(self) -> None:
        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            connection = await connect(self._settings, "roads", stop=self._stop)
            running = Running(connection.js, extra_properties(), tuple(hazards()))
            health = Health(connection.js, "roads")
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(running.run(self._stop))
                    group.create_task(
                        bulletins.run(connection.js, running, self._settings, health, self._stop)
                    )
            finally:
                await connection.close()

        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001  shown by `stop`
            self.error = error

    def stop(self) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(40)
        if self.error is not None:
            raise self.error


@contextmanager
def writer(made: Rig, folder: Path) -> Iterator[Writer]:
    found = Writer(made, folder)
    try:
        yield found
    finally:
        found.stop()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cap")


@pytest.fixture(scope="module")
def made(folder: Path) -> Iterator[Rig]:
    with pytest.MonkeyPatch.context() as patch, rig(folder, start=False) as running:
        patch.setattr(desk, "SETTLE_US", 100_000)
        running.prepare({**good_site(), "alerting.toml": ALERTING.encode()})
        running.start()
        with writer(running, folder):
            yield running


def post(
    made: Rig,
    path: str,
    body: bytes,
    kind: str = "application/json",
    token: str | None = None,
    method: str = "POST",
) -> tuple[int, Any]:
    headers = {"Content-Type": kind} | ({} if token is None else {"Authorization": f"Bearer {token}"})
    request = urllib.request.Request(made.http + path, body, headers, method=method)  # noqa: S310  our own address
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def hand_in(made: Rig, document: bytes, token: str | None = None) -> tuple[int, Any]:
    return post(made, "/cap/v1/messages", document, "application/cap+xml", token)


def thread_of(made: Rig, alert: str) -> dict[str, Any] | None:
    items = made.get("/api/v1/bulletins")[1]["items"]
    return next((one for one in items if one["alert_id"] == alert), None)


def raw(made: Rig, path: str) -> tuple[str, bytes]:
    with urllib.request.urlopen(made.http + path, timeout=40) as answer:  # noqa: S310  our own address
        return answer.headers["Content-Type"], answer.read()


def pending(made: Rig, alert: str, what: str) -> dict[str, Any]:
    until(
        lambda: ((thread_of(made, alert) or {}).get("pending") or {}).get("what") == what,
        15,
        f"{what} of {alert}",
    )
    found = thread_of(made, alert)
    assert found is not None
    return found


def account(made: Rig, name: str, role: str, *areas: str) -> str:
    """A new account; its token."""
    words = {"name": name, "password": "correct horse battery staple"}
    body = {**words, "full_name": name, "roles": [role]} | ({"areas": list(areas)} if areas else {})
    assert post(made, "/api/v1/people", json.dumps(body).encode())[0] == 200
    return str(post(made, "/api/v1/session", json.dumps(words).encode())[1]["token"])


def judge(
    made: Rig, thread: dict[str, Any], verb: str = "approve", token: str | None = None, **more: Any
) -> tuple[int, Any]:
    body = {"proposal": thread["pending"]["proposal"], **more}
    return post(
        made, f"/api/v1/bulletins/{thread['bulletin_id']}/{verb}", json.dumps(body).encode(), token=token
    )


def issued(made: Rig, alert: str, many: int) -> list[dict[str, Any]]:
    until(
        lambda: len((thread_of(made, alert) or {"issued": ()})["issued"]) == many,
        15,
        f"{many} messages of {alert}",
    )
    found = thread_of(made, alert)
    assert found is not None
    return list(found["issued"])


def test_an_approved_alert_goes_out_signed_and_is_read_at_its_address(made: Rig, folder: Path) -> None:
    made.tell(told("a-public", severity="warning"))
    thread = pending(made, "a-public", "alert:warning:Actual")
    assert judge(made, thread)[1]["repeated"] is False
    (out,) = issued(made, "a-public", 1)
    assert out["approved_by"] == ["local"]
    kind, document = raw(made, f"/cap/v1/messages/{quote(out['identifier'])}")
    assert kind == "application/cap+xml"
    certificate = raw(made, "/cap/v1/certificate.pem")[1].decode()
    assert verify(parse(document), {"us": certificate}).state == "valid"
    assert (folder / "cap" / "key.pem").stat().st_mode & 0o777 == 0o600
    _, feed = raw(made, "/cap/v1/feed.atom")
    assert f"/cap/v1/messages/{out['identifier']}".encode() in feed
    answer = judge(made, thread)
    assert (answer[0], answer[1]["type"].rsplit(":", 1)[-1]) == (409, "settled")
    made.tell(told("a-public", "cleared", severity="warning", at_s=60))
    assert judge(made, pending(made, "a-public", "end"))[0] == 200
    assert issued(made, "a-public", 2)[1]["references"] == f"ioc.example.vn,{out['identifier']},{out['sent']}"


def test_a_draft_the_alert_has_left_behind_is_a_conflict_that_shows_the_new_one(made: Rig) -> None:
    made.tell(told("a-moved", severity="warning"))
    old = pending(made, "a-moved", "alert:warning:Actual")
    made.tell(told("a-moved", "escalated", severity="emergency", at_s=30))
    new = pending(made, "a-moved", "alert:emergency:Actual")
    status, problem = judge(made, old)
    assert status == 409
    assert problem["bulletin"]["pending"]["proposal"] == new["pending"]["proposal"]
    assert judge(made, new)[1]["bulletin"]["pending"]["approved_by"] == ["local"]
    assert judge(made, new)[1]["repeated"] is True
    assert judge(made, new, "reject", why="chưa cần báo")[0] == 200
    until(lambda: (thread_of(made, "a-moved") or {})["declined"] is not None, 40, "the refusal")
    refused = thread_of(made, "a-moved") or {}
    assert (refused["status"], refused["declined"]["refused_why"]) == ("Actual", "chưa cần báo")
    back = [judge(made, new, "reopen", why="nước vẫn lên") for _ in range(2)]
    assert [(status, answer["repeated"]) for status, answer in back] == [(200, False), (200, True)]
    again = back[0][1]["bulletin"]["pending"]
    assert (again["approved_by"], again["headline"]) == ([], new["pending"]["headline"])
    assert judge(made, new, "reopen", token=account(made, "khach", "operator"))[0] == 403
    assert judge(made, old, "reopen")[0] == 409, "another one was refused"
    made.tell(told("a-moved", "cleared", severity="emergency", at_s=60))


def test_a_second_writer_says_nothing_twice(made: Rig, folder: Path) -> None:
    with writer(made, folder):
        made.tell(*(told(f"a-many-{nth}", severity="watch") for nth in range(5)))
        for nth in range(5):
            issued(made, f"a-many-{nth}", 1)
        made.tell(*(told(f"a-many-{nth}", "cleared", severity="watch", at_s=60) for nth in range(5)))
        for nth in range(5):
            assert [one["end"] for one in issued(made, f"a-many-{nth}", 2)] == [False, True]


def test_an_emergency_takes_two_approvers_of_the_place_and_nobody_else_counts(made: Rig) -> None:
    made.tell(told("a-two", severity="emergency"))
    thread = pending(made, "a-two", "alert:emergency:Actual")
    lan = account(made, "lan", "approver", "thang-tam")
    minh = account(made, "minh", "approver")
    assert judge(made, thread, token=account(made, "hoa", "operator"))[0] == 403
    assert judge(made, thread, token=account(made, "tu", "approver", "rach-dua"))[0] == 404
    machine = account(made, "may-do", "machine")
    assert judge(made, thread, token=machine)[0] == 403
    assert [judge(made, thread, token=lan)[1]["repeated"] for _ in range(2)] == [False, True]
    assert judge(made, thread, token=minh)[0] == 200
    assert issued(made, "a-two", 1)[0]["approved_by"] == ["lan", "minh"]
    assert hand_in(made, sign(official(30), KEYS), lan)[0] == 403
    assert hand_in(made, sign(official(30), KEYS), machine)[0] == 200


OTHER = {
    "headline": {"vi": "Ngập ở cầu A", "en": "Water at bridge A"},
    "description": {"vi": "Nước ngập 1 m."},
}


def test_a_reworded_draft_takes_another_person_and_what_is_out_can_be_said_anew(made: Rig) -> None:
    made.tell(told("a-words", severity="warning"))
    thread = pending(made, "a-words", "alert:warning:Actual")
    quyen = account(made, "quyen", "approver")
    assert judge(made, thread, "reword", account(made, "sau", "operator"), **OTHER)[0] == 403
    answers = [judge(made, thread, "reword", quyen, **OTHER) for _ in range(2)]
    assert [(status, answer["repeated"]) for status, answer in answers] == [(200, False), (200, True)]
    assert judge(made, thread)[1]["type"].rsplit(":", 1)[-1] == "outdated", "approved would be what is gone"
    reworded = answers[0][1]["bulletin"]
    draft = reworded["pending"]
    assert (draft["worded_by"], draft["original"]["headline"]) == ("quyen", thread["pending"]["headline"])
    assert draft["description"]["en"].startswith("Water at bridge A. For now the details")
    same = {"instruction": {"vi": "Đi vòng", "en": "Đi vòng"}}
    assert judge(made, reworded, "reword", quyen, **same)[1]["errors"][0]["parameter"] == "instruction"
    assert judge(made, reworded, token=quyen)[1]["bulletin"]["issued"] == []
    assert judge(made, reworded)[0] == 200
    (out,) = issued(made, "a-words", 1)
    assert (out["worded_by"], out["approved_by"]) == ("quyen", ["quyen", "local"])
    body = {"identifier": out["identifier"], "instruction": {"vi": "Đi vòng.", "en": "Go round."}}
    path = f"/api/v1/bulletins/{thread['bulletin_id']}/update"
    answers = [post(made, path, json.dumps(body).encode(), token=quyen) for _ in range(2)]
    assert [answer["repeated"] for _, answer in answers] == [False, True]
    assert post(made, path, json.dumps(body).encode())[1]["type"].endswith("waiting")
    assert judge(made, answers[0][1]["bulletin"])[0] == 200
    second = issued(made, "a-words", 2)[1]
    assert second["references"] == f"ioc.example.vn,{out['identifier']},{out['sent']}"
    message = read(raw(made, f"/cap/v1/messages/{quote(second['identifier'])}")[1]).message
    assert message is not None
    assert [info.instruction for info in message.info] == ["Đi vòng.", "Go round."]
    assert message.info[0].headline == "Ngập ở cầu A", "what was not changed stays"
    assert post(made, path, json.dumps(body).encode())[1]["type"].endswith("outdated"), (
        "it is not the last one"
    )
    made.tell(told("a-words", "cleared", severity="warning", at_s=60))


def test_what_somebody_states_in_one_language_is_published_as_that_one_only(made: Rig) -> None:
    until_us = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"hazard": "flood", "area": "thang-tam", "severity": "warning", "until": until_us}
    said = json.dumps({**body, "text": {"vi": "Nuoc tran qua duong."}}).encode()
    request = urllib.request.Request(  # noqa: S310  our own address
        f"{made.http}/api/v1/alerts",
        said,
        {"Content-Type": "application/json", "Idempotency-Key": "one-tongue"},
    )
    with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310
        event = json.loads(answer.read())["event"]
    assert event["data"]["language"] == "vi"
    draft = pending(made, event["subject"], "alert:warning:Actual")["pending"]
    assert draft["description"]["vi"] == "Nuoc tran qua duong."
    assert draft["description"]["en"].endswith("details are given in Vietnamese only.")


def test_an_account_that_was_shut_counts_no_more_among_those_who_agreed(made: Rig) -> None:
    made.tell(told("a-shut", severity="emergency"))
    thread = pending(made, "a-shut", "alert:emergency:Actual")
    first, second, third = (account(made, f"duyet-{nth}", "approver") for nth in range(3))
    assert judge(made, thread, token=first)[0] == 200
    assert post(made, "/api/v1/people/duyet-0", b'{"disabled": true}', method="PATCH")[0] == 200
    answer = judge(made, thread, token=second)[1]["bulletin"]
    assert (answer["pending"]["approved_by"], answer["issued"]) == (["duyet-1"], [])
    assert judge(made, thread, token=third)[0] == 200
    assert issued(made, "a-shut", 1)[0]["approved_by"] == ["duyet-1", "duyet-2"]


PROXIED = {"X-Forwarded-For": "203.0.113.7"}
"""Whoever comes by way of a proxy is nobody in particular."""


def fetch(made: Rig, path: str, **headers: str) -> tuple[int, Any, bytes]:
    request = urllib.request.Request(made.http + path, headers=PROXIED | headers)  # noqa: S310  our own address
    try:
        with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def test_the_public_reads_what_was_published_and_nothing_else(made: Rig) -> None:
    made.tell(told("a-feed", severity="warning"))
    made.tell(told("a-feed-2", severity="watch"))
    (out,) = issued(made, "a-feed-2", 1)
    draft = pending(made, "a-feed", "alert:warning:Actual")["pending"]
    until(lambda: out["identifier"].encode() in fetch(made, "/cap/v1/feed.atom")[2], 10, "the feed")
    status, headers, feed = fetch(made, "/cap/v1/feed.atom")
    assert status == 200
    assert draft["identifier"].encode() not in feed, "a draft is not published"
    assert headers["Cache-Control"] == "public, max-age=10"
    for condition in (
        {"If-None-Match": f'"x", W/{headers["ETag"]}'},
        {"If-Modified-Since": headers["Last-Modified"]},
    ):
        again = fetch(made, "/cap/v1/feed.atom", **condition)
        assert (again[0], again[2], again[1]["ETag"]) == (304, b"", headers["ETag"])
    assert fetch(made, "/cap/v1/feed.atom", **{"If-None-Match": '"x"'})[0] == 200
    message = f"/cap/v1/messages/{quote(out['identifier'])}"
    status, headers, document = fetch(made, message)
    assert (status, read(document).violations) == (200, ())
    assert fetch(made, message, **{"If-None-Match": headers["ETag"]})[0] == 304
    assert fetch(made, "/cap/v1/certificate.pem")[0] == 200
    assert fetch(made, f"/cap/v1/messages/{quote(draft['identifier'])}")[0] == 404
    for path in ("alerts", "bulletins", "official-bulletins", "stations", "events", "people", "rules"):
        assert fetch(made, f"/api/v1/{path}")[0] == 401, path
    whole = "/api/v1/bulletins"
    until(
        lambda: made.pages("bulletins") == made.get(whole)[1]["items"], 40, "the pages of bulletins to be all"
    )
    assert fetch(made, "/metrics")[0] == 401


def test_without_a_word_of_the_site_the_feed_takes_a_token(made: Rig) -> None:
    """The site's file changed while the service runs."""
    from_now = ALERTING.replace("public = true\n", "")
    made.prepare({**good_site(), "alerting.toml": from_now.encode()})
    until(lambda: fetch(made, "/cap/v1/feed.atom")[0] == 401, 40, "the door to be shut")
    assert fetch(made, "/cap/v1/certificate.pem")[0] == 401
    made.prepare({**good_site(), "alerting.toml": ALERTING.encode()})
    until(lambda: fetch(made, "/cap/v1/feed.atom")[0] == 200, 40, "the door to be open")


def official(number: int, minutes: int = 0, *earlier: Reference, **changed: Any) -> Message:
    now = datetime.now(ZONE).replace(microsecond=0)
    info = Info(
        language="vi-VN",
        category=("Met",),
        event="Tin mưa lớn",
        urgency="Expected",
        severity=changed.pop("severity", "Severe"),
        certainty="Likely",
        headline="Mưa lớn diện rộng",
        expires=(now + timedelta(hours=6)).isoformat(),
        area=(Area(area_desc="Thắng Tam", geocode=(Named("VN-ADM-2025", "26506"),)),),
    )
    found = Message(
        identifier=f"n-{number}",
        sender="nchmf.example.vn",
        sent=(now - timedelta(minutes=60 - minutes)).isoformat(),
        status="Actual",
        msg_type="Update" if earlier else "Alert",
        scope="Public",
        references=" ".join(map(str, earlier)) or None,
        info=(info,),
    )
    return msgspec.structs.replace(found, **changed)


def alert(made: Rig, alert_id: str) -> dict[str, Any]:
    found: dict[str, Any] = made.get(f"/api/v1/alerts/{alert_id}")[1]["alert"]
    return found


def test_an_official_bulletin_raises_moves_and_ends_an_alert_of_its_own(made: Rig) -> None:
    first = official(1)
    second = official(2, 10, first.reference, severity="Extreme")
    # The update comes before what it updates.
    status, taken = hand_in(made, sign(second, KEYS))
    assert (status, taken["bulletin"]["did"], taken["bulletin"]["signature"]) == (200, "raised", "valid")
    about = taken["bulletin"]["alert_id"]
    assert hand_in(made, sign(first, KEYS))[1]["bulletin"]["did"] == "late"
    again = hand_in(made, sign(second, KEYS))[1]
    assert (again["repeated"], again["bulletin"]["alert_id"]) == (True, about)
    milder = msgspec.structs.replace(
        second, info=tuple(msgspec.structs.replace(info, severity="Minor") for info in second.info)
    )
    status, problem = hand_in(made, sign(milder, KEYS))
    assert (status, problem["type"]) == (422, "urn:haidang:problem:cap-reused"), "said under the same name"
    found = alert(made, about)
    assert (found["severity"], found["origin"], found["rule"]) == (
        "emergency",
        "official_bulletin",
        "bulletin.nchmf",
    )
    assert (found["area"], found["hazard"], found["station"]) == ("thang-tam", "flood", None)
    third = official(3, 20, first.reference, second.reference, severity="Moderate")
    assert hand_in(made, sign(third, KEYS))[1]["bulletin"]["did"] == "eased"
    cancel = official(4, 30, third.reference, msg_type="Cancel")
    assert hand_in(made, sign(cancel, KEYS))[1]["bulletin"]["did"] == "cleared"
    until(lambda: alert(made, about)["state"] == "cleared", 5, "the end")
    assert thread_of(made, about) is None, "what an authority says is not published in our name"


def test_without_a_signature_a_machine_of_one_area_speaks_for_no_other(made: Rig) -> None:
    here, there = (account(made, f"may-{area}", "machine", area) for area in ("thang-tam", "rach-dua"))
    first = official(40, sender="ward.example.vn")
    assert hand_in(made, build(first), there)[0] == 403
    taken = hand_in(made, build(first), here)
    assert (taken[0], taken[1]["bulletin"]["did"], taken[1]["bulletin"]["signature"]) == (
        200,
        "raised",
        "absent",
    )
    over = official(41, 10, first.reference, sender="ward.example.vn", msg_type="Cancel")
    assert hand_in(made, build(over), there)[0] == 403
    assert hand_in(made, build(official(42, sender="ward.example.vn", info=())), here)[0] == 403, (
        "the whole site"
    )
    assert alert(made, taken[1]["bulletin"]["alert_id"])["state"] != "cleared"
    assert hand_in(made, sign(official(43), KEYS), there)[0] == 200, "what is signed says whose it is"
    assert hand_in(made, build(over), here)[1]["bulletin"]["did"] == "cleared"


def test_what_is_refused_is_kept_with_its_reason(made: Rig) -> None:
    forged = sign(official(10), KEYS).replace("Mưa lớn diện rộng".encode(), "Mưa lớn diện hẹp!".encode())
    cases = {
        "cap-signature": forged,
        "cap-unsigned": sign(official(11), KEYS).split(b"<ds:Signature")[0] + b"</alert>",
        "cap-untrusted-sender": sign(official(12, sender="someone.example"), KEYS),
        "cap-doctype": sample("xee.cap"),
        "cap-invalid": sample("invalid.cap"),
        "cap-size": b"<alert>" + b"x" * (10 * MAX_BYTES),
        "cap-not-cap": b"<html/>",
    }
    for code, document in cases.items():
        status, problem = hand_in(made, document)
        assert (status, problem["type"]) == (422, f"urn:haidang:problem:{code}"), problem
        assert problem["detail_vi"]
    assert hand_in(made, sample("canada_errors.cap"))[1]["violations"][0]["path"] == "alert/references"
    listed = made.get("/api/v1/official-bulletins")[1]["items"]
    assert {f"cap-{one['code']}" for one in listed if one["did"] == "refused"} >= set(cases)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "REFUSED", Pace(3, 1e-9))
        assert {hand_in(made, b"<x%d/>" % nth)[0] for nth in range(5)} == {422}
    after = made.get("/api/v1/official-bulletins")[1]["items"]
    assert len(after) - len(listed) == 3, "the stream is not theirs alone"
    assert made.pages("official-bulletins") == after


def test_a_bulletin_whose_second_step_was_lost_is_completed_when_it_comes_again(made: Rig) -> None:
    """The record and the alert are two events; a crash may come between them."""
    message = official(20)

    async def lost(*_: object) -> None:
        raise away(Text("mất", "lost"))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "_say", lost)
        assert hand_in(made, sign(message, KEYS))[0] == 503
    about = made.get("/api/v1/official-bulletins")[1]["items"][0]["alert_id"]
    assert made.get(f"/api/v1/alerts/{about}")[0] != 200
    assert hand_in(made, sign(message, KEYS))[1]["repeated"] is True
    assert alert(made, about)["severity"] == "warning"


def test_published_bytes_are_those_of_the_stream(made: Rig) -> None:
    made.tell(told("a-bytes", severity="watch"))
    (out,) = issued(made, "a-bytes", 1)
    document = raw(made, f"/cap/v1/messages/{quote(out['identifier'])}")[1]
    sequence = int(out["version"].partition(".")[2])

    async def stored(connection: Connection) -> bytes:
        try:
            return (await connection.js.get_msg(ALERTS, sequence)).data or b""
        except NotFoundError:
            return b""

    event = json.loads(made.nats(stored))
    assert event["data"]["xml"].encode() == document
    assert event["type"] == "vn.haidang.bulletin.issued.v1"
    assert "alert_id" not in event["data"]
    message = read(document).message
    assert message is not None
    assert message.identifier == out["identifier"]
    assert made.get("/cap/v1/messages/none")[0] == 404
