"""People: who may in, what they see and do, and how soon it ends when they may no more."""

import asyncio
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from typing import Any

import pytest
from nats.aio.msg import Msg
from websockets.asyncio.client import connect as connect_socket
from websockets.exceptions import ConnectionClosed

from services.cli import main
from services.observation.sensor import MANUAL_GATEWAY
from services.runtime.nats import Connection
from services.runtime.people import Account
from services.runtime.people_changes import Change, changed
from services.runtime.people_store import PeopleStore
from tests.support.api_rig import Rig, rig, told
from tests.support.listeners import collect, sse
from tests.support.logs import log_as_before  # noqa: F401  a fixture
from tests.support.waiting import PATIENCE_S, until

PASSWORD = "bốn từ bất kỳ là tốt"
OTHER = "một mật khẩu hoàn toàn khác"
_IN, _OUT = "thang-tam", "rach-dua"


class Site:
    """The api, asked as somebody."""

    def __init__(self, machine: Rig) -> None:
        self.rig = machine

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        token: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, document and headers of an answer; without a token as who is on the machine.

        Sent again, as told to, while it is not known to be done.
        """
        given_up = time.monotonic() + PATIENCE_S
        while (answer := self._ask(method, path, body, token, headers))[0] == 503:
            if time.monotonic() > given_up:
                break
            time.sleep(0.1)
        return answer

    def _ask(
        self, method: str, path: str, body: Any, token: str | None, headers: dict[str, str] | None
    ) -> tuple[int, Any, dict[str, str]]:
        given = {"Content-Type": "application/json", **(headers or {})}
        if token is not None:
            given["Authorization"] = f"Bearer {token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  our own address
            f"{self.rig.http}/api/v1{path}", data=data, headers=given, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310
                return answer.status, json.loads(answer.read()), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read()), dict(error.headers)

    def make(self, name: str, *roles: str, areas: list[str] | None = None) -> None:
        """An account with the password of these tests."""
        body = {"name": name, "full_name": name.title(), "roles": list(roles), "password": PASSWORD}
        status, answer, _ = self.ask("POST", "/people", body | ({"areas": areas} if areas else {}))
        assert status == 200, answer

    def log_in(self, name: str, password: str = PASSWORD) -> str:
        """A session's token."""
        status, answer, _ = self.ask("POST", "/session", {"name": name, "password": password})
        assert status == 200, answer
        return str(answer["token"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with rig(tmp_path_factory.mktemp("people")) as machine:
        made = Site(machine)
        made.make("lan", "operator", areas=[_IN])
        made.make("minh", "viewer")
        made.make("quan-tri", "administrator")
        yield made


def test_a_name_and_its_password_open_a_session_that_ends_when_told(site: Site) -> None:
    token = site.log_in("lan")
    status, me, _ = site.ask("GET", "/session", token=token)
    assert (status, me["subject"], me["by"], me["areas"]) == (200, "lan", "session", [_IN])
    assert me["may"] == ["operator", "viewer"]
    assert site.ask("DELETE", "/session", token=token)[0] == 200
    assert site.ask("GET", "/session", token=token)[0] == 401
    assert site.ask("GET", "/session")[1]["by"] == "local"


def test_wrong_names_and_passwords_are_told_apart_by_nothing(site: Site) -> None:
    unknown = site.ask("POST", "/session", {"name": "nobody", "password": PASSWORD})
    wrong = site.ask("POST", "/session", {"name": "minh", "password": OTHER})
    assert unknown[0] == wrong[0] == 401
    assert unknown[1]["detail"] == wrong[1]["detail"]


def test_guessing_slows_down_and_does_not_keep_the_owner_out(site: Site) -> None:
    token = site.log_in("minh")  # so that the name is at home at this address
    statuses, headers = list[int](), dict[str, str]()
    while 429 not in statuses and len(statuses) < 20:  # on a slow machine a wait may be over before the next
        status, _, headers = site.ask("POST", "/session", {"name": "hung", "password": f"guess {statuses}"})
        statuses.append(status)
    assert statuses[-1] == 429, statuses
    assert len(statuses) > 1
    assert int(headers["retry-after"]) >= 1
    assert site.log_in("minh") != token


def test_no_answer_and_no_log_line_carries_what_opens_a_door(
    site: Site, capfd: pytest.CaptureFixture[str]
) -> None:
    status, made, _ = site.ask("POST", "/people/minh/tokens", {"name": "script"})
    assert status == 200
    session = site.log_in("minh")
    answers = json.dumps([site.ask("GET", "/people")[1], site.ask("GET", "/people/minh")[1]])
    logged = "".join(capfd.readouterr())
    for secret in ("argon2", made["token"], session, PASSWORD):
        assert secret not in answers
        assert secret not in logged
    assert site.ask("GET", "/session", token=made["token"])[1]["token"] == "script"
    assert site.ask("DELETE", "/people/minh/tokens/script")[0] == 200
    assert site.ask("GET", "/session", token=made["token"])[0] == 401


def test_a_token_expires_and_carries_no_more_than_its_account(site: Site) -> None:
    assert site.ask("POST", "/people/minh/tokens", {"name": "big", "roles": ["operator"]})[0] == 422
    for lasts_s in (2, 10, 40):  # the first that is long enough on this machine
        soon = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + lasts_s))
        body = {"name": f"soon-{lasts_s}", "roles": ["viewer"], "expires_at": soon}
        status, made, _ = site.ask("POST", "/people/quan-tri/tokens", body)
        opens = [site.ask("GET", path, token=made.get("token"))[0] for path in ("/alerts", "/people")]
        if (status, opens) == (200, [200, 403]):
            break
    assert (status, opens) == (200, [200, 403])
    until(lambda: site.ask("GET", "/alerts", token=made["token"])[0] == 401, 5, "the token to expire")


def test_only_administrators_of_the_whole_site_keep_accounts(site: Site) -> None:
    site.make("trong", "administrator", areas=[_IN])
    assert site.ask("GET", "/people", token=site.log_in("quan-tri"))[0] == 200
    for name in ("lan", "trong"):
        token = site.log_in(name)
        assert site.ask("GET", "/people", token=token)[0] == 403
        body = {"name": "x", "full_name": "x", "roles": ["viewer"]}
        assert site.ask("POST", "/people", body, token=token)[0] == 403


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": "lan", "full_name": "x", "roles": ["viewer"]}, 409),
        ({"name": "keeper", "full_name": "x", "roles": ["viewer"]}, 422),
        ({"name": "Lan", "full_name": "x", "roles": ["viewer"]}, 422),
        ({"name": "x", "full_name": "x", "roles": ["king"]}, 422),
        ({"name": "x", "full_name": "x", "roles": ["viewer"], "areas": ["no-such"]}, 422),
        ({"name": "x", "full_name": "x", "roles": ["viewer"], "password": "short"}, 422),
        ({"name": "x", "full_name": "x", "roles": ["viewer"], "password": "aaaaaaaaaaaaaaa"}, 422),
    ],
)
def test_what_can_not_be_an_account_is_refused_with_a_word(
    site: Site, body: dict[str, Any], status: int
) -> None:
    found, problem, _ = site.ask("POST", "/people", body)
    assert found == status
    assert problem["detail"]
    assert problem["detail_vi"]


def test_lists_and_single_things_end_at_the_areas_of_an_account(site: Site) -> None:
    site.rig.tell(told("in-1", area=_IN), told("out-1", area=_OUT), told("all-1", area="_"))
    until(lambda: site.ask("GET", "/alerts/all-1")[0] == 200, 5, "the alerts")
    token = site.log_in("lan")

    def seen(path: str, key: str = "id") -> set[str]:
        return {item[key] for item in site.ask("GET", path, token=token)[1]["items"]}

    assert {"in-1", "all-1"} <= seen("/alerts", "alert_id")
    assert "out-1" not in seen("/alerts", "alert_id")
    assert seen("/stations") == {"vt-flood-001", "vt-sea-001"}
    assert "vt-flood-002.street_depth" not in seen("/sensors")
    assert seen("/gateways") == {"gw-01"}
    for path in (
        "/alerts/out-1",
        "/stations/vt-flood-002",
        "/sensors/vt-flood-002.street_depth",
        "/sensors/vt-flood-002.street_depth/observations",
        "/gateways/gw-02",
    ):
        assert site.ask("GET", path, token=token)[0] == 404, path
    assert site.ask("GET", f"/alerts?area={_OUT}", token=token)[0] == 422
    events = site.ask("GET", "/events", token=token)[1]["items"]
    assert {event["subject"] for event in events} >= {"in-1", "all-1"}
    assert "out-1" not in {event["subject"] for event in events}


def test_an_alert_is_given_to_nobody_but_an_operator_of_its_area(site: Site) -> None:
    """Given to a name that is not there it would look taken, and nobody would come."""
    site.rig.tell(told("given", area=_IN))
    until(lambda: site.ask("GET", "/alerts/given")[0] == 200, 5, "the alert")
    seen = site.ask("GET", "/alerts/given")[1]["alert"]["version"]
    for name, status in (("khong-co", 422), ("minh", 422), ("lan", 200)):
        body, key = {"seen": seen, "assignee": name}, {"Idempotency-Key": name}
        assert site.ask("POST", "/alerts/given/assign", body, None, key)[0] == status, name


def test_a_machine_reads_events_and_nothing_else(site: Site) -> None:
    site.ask("POST", "/people", {"name": "ioc", "full_name": "IOC", "roles": ["machine"]})
    token = site.ask("POST", "/people/ioc/tokens", {"name": "feed"})[1]["token"]
    assert site.ask("GET", "/events", token=token)[0] == 200
    for path in ("/alerts", "/stations", "/people", "/rules"):
        assert site.ask("GET", path, token=token)[0] == 403, path
    assert site.ask("POST", "/session", {"name": "ioc", "password": PASSWORD})[0] == 401


def test_a_page_of_another_origin_can_not_act(site: Site) -> None:
    foreign = {"Origin": "https://evil.example"}
    body = {"name": "x", "full_name": "x", "roles": ["viewer"]}
    assert site.ask("POST", "/people", body, headers=foreign)[0] == 403
    assert site.ask("POST", "/session", {"name": "lan", "password": PASSWORD}, headers=foreign)[0] == 403


def test_a_stream_tells_its_areas_and_ends_soon_after_its_account_is_disabled(site: Site) -> None:
    site.make("ca-truc", "operator", areas=[_IN])
    token = site.log_in("ca-truc")

    async def listen() -> tuple[list[str], float, int | None]:
        address = f"ws{site.rig.http.removeprefix('http')}/api/v1/events/ws"
        headers = {"Authorization": f"Bearer {token}"}
        async with (
            sse(site.rig.http, bearer=token) as stream,
            connect_socket(address, additional_headers=headers) as socket,
        ):
            source = aiter(stream)
            await anext(source)  # the first heartbeat: it listens
            stories = [told("in-2", area=_IN), told("out-2", area=_OUT), told("all-2", area="_")]
            await asyncio.to_thread(site.rig.tell, *stories)
            heard = await collect(source, 2)
            begun = time.monotonic()
            await asyncio.to_thread(site.ask, "PATCH", "/people/ca-truc", {"disabled": True})
            async with asyncio.timeout(40):
                async for _ in source:
                    continue
                code = None
                try:
                    while True:
                        await socket.recv()
                except ConnectionClosed as closed:
                    code = closed.rcvd.code if closed.rcvd else None
            return [one.data["subject"] for one in heard], time.monotonic() - begun, code

    subjects, took, code = asyncio.run(listen())
    assert subjects == ["in-2", "all-2"]
    assert took < 15.0  # promised: five
    assert code == 4401
    assert site.ask("GET", "/session", token=token)[0] == 401
    site.ask("PATCH", "/people/ca-truc", {"disabled": False})
    assert site.ask("GET", "/session", token=token)[0] == 401, "an old session came back to life"


def test_a_new_password_ends_every_session(site: Site) -> None:
    site.make("hoa", "viewer")
    first, second = site.log_in("hoa"), site.log_in("hoa")
    wrong = site.ask("POST", "/session/password", {"old": OTHER, "new": OTHER}, token=first)
    assert wrong[0] == 401
    right = site.ask("POST", "/session/password", {"old": PASSWORD, "new": OTHER}, token=first)
    assert right[0] == 200, right[1]
    assert [site.ask("GET", "/session", token=token)[0] for token in (first, second)] == [401, 401]
    site.log_in("hoa", OTHER)


def test_what_one_api_is_told_another_knows_within_seconds(site: Site) -> None:
    """Changed straight in the bucket, as the command line and another api do."""
    site.make("tam", "viewer")
    token = site.log_in("tam")

    async def disable(connection: Connection) -> None:
        def work(found: Account | None) -> Account:
            assert found is not None
            return changed(found, Change(disabled=True), "test", time.time_ns() // 1000)

        await PeopleStore(connection.js).change("tam", work)

    site.rig.nats(disable)
    took = until(lambda: site.ask("GET", "/session", token=token)[0] == 401, 15, "the account to be shut")
    assert took < 15.0


def test_twenty_logins_at_once_leave_the_api_answering(site: Site) -> None:
    async def flood() -> float:
        tries = [
            asyncio.create_task(
                asyncio.to_thread(site.ask, "POST", "/session", {"name": "minh", "password": PASSWORD})
            )
            for _ in range(20)
        ]
        slowest = 0.0
        while not all(task.done() for task in tries):
            begun = time.monotonic()
            await asyncio.to_thread(site.rig.get, "/healthz")
            slowest = max(slowest, time.monotonic() - begun)
        return slowest

    assert asyncio.run(flood()) < 15.0, "heartbeats were due meanwhile"


def test_a_manual_reading_goes_the_way_of_every_reading_and_is_told_with_its_teller(site: Site) -> None:
    token, key = site.log_in("lan"), {"Idempotency-Key": "call-7"}
    body = {
        "sensor": "vt-flood-001.water_level",
        "value": 165,
        "unit": "cm",
        "note": "ông Tư, thước chân cầu",
    }
    arrived: list[bytes] = []

    async def listen(connection: Connection) -> list[tuple[int, Any]]:
        async def keep(message: Msg) -> None:
            arrived.append(message.data)

        await connection.nc.subscribe(f"haidang.v1.{MANUAL_GATEWAY}.{MANUAL_GATEWAY}.readings", cb=keep)
        await connection.nc.flush()
        answers = []
        for more in ({}, {}, {"value": 170}):
            ask = partial(site.ask, "POST", "/observations", body | more, token, key)
            answers.append((await asyncio.to_thread(ask))[:2])
        await connection.nc.flush()
        return answers

    (first, told_first), (again, told_again), (other, _) = site.rig.nats(listen)
    assert (first, again, other) == (200, 200, 409), told_first
    assert (told_first["repeated"], told_again["repeated"]) == (False, True)
    assert told_first["time"] == told_again["time"]
    until(lambda: len(arrived) == 2, 3, "both readings")
    assert arrived[0] == arrived[1], "the same key and value again is a no-op for ingest"
    assert json.loads(arrived[0])[0]["v"] == 165
    told_of = [
        event
        for event in site.ask("GET", "/events", token=token)[1]["items"]
        if event["type"] == "vn.haidang.observation.reported.v1"
    ]
    assert [(event["data"]["by"], event["data"]["note"]) for event in told_of] == [("lan", body["note"])]
    assert site.ask("GET", "/alerts", token=token)[0] == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"sensor": "vt-flood-002.street_depth", "value": 1}, 404),  # another area
        ({"sensor": "vt-sea-001.tide_level", "value": 1}, 403),  # the whole site's
        ({"sensor": "no-such.water_level", "value": 1}, 404),
        ({"sensor": "vt-flood-001.water_level", "value": 1, "unit": "kg"}, 422),
        ({"sensor": "vt-flood-001.water_level", "value": 99, "unit": "m"}, 422),  # beyond what it can measure
        ({"sensor": "vt-flood-001.water_level", "value": 1, "time": "2020-01-01T00:00:00Z"}, 422),
        ({"sensor": "vt-flood-001.rain_1h", "value": 1}, 422),  # computed
    ],
)
def test_a_manual_reading_that_can_not_be_is_refused_at_once(
    site: Site, body: dict[str, Any], status: int
) -> None:
    found, problem, _ = site.ask("POST", "/observations", body, token=site.log_in("lan"))
    assert found == status, problem


def test_viewers_report_nothing(site: Site) -> None:
    body = {"sensor": "vt-flood-001.water_level", "value": 1}
    assert site.ask("POST", "/observations", body, token=site.log_in("minh"))[0] == 403


@pytest.fixture
def command(
    site: Site,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    log_as_before: None,
) -> Callable[..., str]:
    """`haidang people`, with a line on its standard input; what it says."""
    nats = site.rig.server.settings().nats

    def run(*words: str, typed: str = "", code: int = 0) -> str:
        monkeypatch.setattr("sys.stdin", StringIO(typed))
        assert main(["people", *words, "--nats", nats]) == code
        return "".join(capsys.readouterr())

    return run


def test_the_command_line_makes_the_first_account_and_finds_a_lost_password(
    site: Site, command: Callable[..., str]
) -> None:
    made = ("add", "truong-ca", "--role", "operator", "--role", "administrator", "--mail", "ca@example.vn")
    assert "12" in command(*made, typed="short\n", code=2)
    said = command(*made, typed=PASSWORD + "\n")
    assert PASSWORD not in said
    until(lambda: site.ask("GET", "/people/truong-ca")[0] == 200, 3, "the api to know of it")
    token = site.log_in("truong-ca")
    command("password", "truong-ca", typed=OTHER + "\n")
    until(lambda: site.ask("GET", "/session", token=token)[0] == 401, 3, "the old session to end")
    site.log_in("truong-ca", OTHER)
    listed = command("list", "--json")
    assert "argon2" not in listed
    assert '"truong-ca"' in listed
    secret = command("token", "truong-ca", "--as", "kich-ban", "--role", "viewer").splitlines()[0]
    until(lambda: site.ask("GET", "/alerts", token=secret)[0] == 200, 3, "the token to open")
    assert site.ask("GET", "/people", token=secret)[0] == 403
