"""Roads out on a real nats-server, to receivers that fail half the time and go away."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import openpyxl
import pypdf
import pytest
from nats.js.errors import KeyNotFoundError
from standardwebhooks.webhooks import Webhook

from services.observation import delivery as nouns
from services.observation import event as events
from services.observation import site as sites
from services.observation.delivery import Request, RoadState
from services.observation.event import Alert
from services.observation.instants import iso
from services.observation.text import Text
from services.policy.road_nouns import Road
from services.report import paper_pdf, paper_xlsx
from services.report.paper import Paper, Part, Tile
from services.roads.ledger import Ledger
from services.runtime import logging
from services.runtime.nats import Connection
from services.runtime.people import Account, Contacts
from services.runtime.streams import Limits, ensure_streams
from tests.support.api_rig import SITE, Rig
from tests.support.gsm import Gsm
from tests.support.receivers import Http, Mailbox, Post
from tests.support.site_folder import good_site
from tests.support.up import ROOT, NatsOnly, nats_only
from tests.support.waiting import until

KEYS = ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
RETRY = "retry = { first_s = 0.02, longest_s = 0.1 }"
ALERTING = """
format = 1

[[road]]
id = "ioc"
kind = "webhook"
url = "{http}/events"
secret = "ioc"
alarm_after_s = 1
{retry}

[[road]]
id = "platform"
kind = "webhook"
url = "{http}/batches"
secret = "ioc"
batch = 10
{retry}

[[road]]
id = "mail"
kind = "email"
secret = "mail"
to = ["lan", "minh"]
languages = ["vi"]
{retry}

[[road]]
id = "sms"
kind = "modem"
device = "{modem}"
to = ["lan"]
{retry}

[[road]]
id = "chat"
kind = "apprise"
secret = "chat"
{retry}

[[road]]
id = "reports"
kind = "email"
secret = "mail"
{retry}

[reporting]
address = "https://hai-dang.example.vn"

[[reporting.send]]
road = "reports"
to = ["lan", "minh", "ward"]
formats = ["pdf", "xlsx"]
largest_mb = 0.5

[[reporting.send]]
road = "chat"
reports = ["daily"]

[[road]]
id = "speaker"
kind = "loudspeaker"
severity = "advisory"
url = "file://{folder}"
{retry}
"""


class Roads:
    """A server, receivers, and the service as a process that can be killed."""

    def __init__(self, server: NatsOnly, folder: Path) -> None:
        self.server, self.folder = server, folder
        self.rig = Rig(server, folder)
        self.http, self.mail = Http(0.5, self._refuse), Mailbox(0.5)
        self.chat = Http(0.5)
        self.modem = Gsm(folder / "modem", 0.5)
        self.speaker = folder / "speaker"
        self.speaker.mkdir()
        self.poison = ""
        self._away = False
        self._process: subprocess.Popen[bytes] | None = None

    def _refuse(self, post: Any) -> int | None:
        return 422 if self.poison and self.poison.encode() in post.body else None

    def prepare(self) -> None:
        text = ALERTING.format(
            http=self.http.url, modem=self.folder / "modem", folder=self.speaker, retry=RETRY
        )
        files = good_site() | {"alerting.toml": text.encode()}
        secrets = self.folder / "secrets.toml"
        chat = self.chat.url.replace("http://", "json://")
        secrets.write_text(
            f'[ioc]\nkeys = ["{KEYS[0]}", "{KEYS[1]}"]\n'
            f'[mail]\nurl = "smtp://127.0.0.1:{self.mail.port}?from=hai-dang@example.vn&starttls=no"\n'
            f'[chat]\nurl = "{chat}/hook"\n'
        )
        secrets.chmod(0o600)

        async def work(connection: Connection) -> None:
            js = connection.js
            await ensure_streams(js, Limits.of(1 << 30))
            version = sites.version_of(files)
            await (await js.object_store("SITES")).put(version, sites.bundle(files))
            state = await js.key_value("STATE")
            await state.put("site.current", json.dumps({"version": version, "t": 1}).encode())
            people = await js.key_value("PEOPLE")
            for name, language in (("lan", "vi"), ("minh", "en"), ("ward", "vi")):
                contacts = Contacts(
                    {"mail": f"{name}@example.vn", "phone": "+84912345678"},
                    language,  # type: ignore[arg-type]
                )
                areas = ["thang-tam"] if name == "ward" else None
                account = Account(name, name.title(), ["operator"], areas, contacts=contacts)
                await people.put(f"account.{name}", msgspec.json.encode(account))

        self.rig.nats(work)

    def start(self) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HAIDANG_")}
        with (self.folder / "roads.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "services.cli", "roads"],
                env=environment
                | {"HAIDANG_NATS": self.server.url("roads"), "HAIDANG_DATA": str(self.folder)},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )

    def end(self, number: signal.Signals = signal.SIGTERM) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait(10)

    def away(self) -> None:
        """Every receiver that can be away is."""
        self._away = True
        self.http.down()
        self.mail.down()
        self.modem.unplug()

    def mend(self) -> None:
        """Receivers are there, flaky, and the process runs: as every test finds it."""
        self.poison = ""
        self.http.failing = self.mail.failing = self.modem.failing = self.chat.failing = 0.5
        if self._away:
            self._away = False
            self.http.up()
            self.mail.up()
            self.modem.plug()
        if self._process is None:
            self.start()

    def carried(self) -> bool:
        """Whether the roads of machines are at the end of the stream."""

        async def work(connection: Connection) -> int:
            return int((await connection.js.stream_info("ALERTS")).state.last_seq)

        last = self.rig.nats(work)
        states = [self.state(road) for road in ("ioc", "platform")]
        return all(state is not None and state.sequence == last for state in states)

    def state(self, road: str) -> RoadState | None:
        async def work(connection: Connection) -> RoadState | None:
            bucket = await connection.js.key_value("STATE")
            try:
                return nouns.read_state((await bucket.get(nouns.key(road))).value or b"")
            except Exception:  # noqa: BLE001  not there yet
                return None

        return self.rig.nats(work)

    def ask(self, road: str, request: Request) -> None:
        async def work(connection: Connection) -> None:
            await connection.js.publish(nouns.request(road), nouns.encode(request))

        self.rig.nats(work)

    def log(self) -> str:
        return (self.folder / "roads.log").read_text()


@contextmanager
def all_roads(folder: Path) -> Iterator[Roads]:
    with nats_only(folder / "server") as server:
        made = Roads(server, folder)
        made.prepare()
        try:
            yield made
        except BaseException:
            sys.stderr.write(made.log()[-6000:])
            raise
        finally:
            made.end(signal.SIGKILL)
            made.http.down()
            made.chat.down()
            made.mail.down()
            made.modem.unplug()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roads]:
    logging.configure(lowest="error")
    with all_roads(tmp_path_factory.mktemp("roads")) as made:
        made.start()
        ready = ("ioc", "platform", "mail", "sms", "chat", "speaker", "reports")
        until(lambda: all(made.state(road) for road in ready), 20, "the roads to be open")
        yield made


@pytest.fixture
def roads(started: Roads) -> Roads:
    """All well, whatever a test before left; each test looks only for events of its own."""
    started.mend()
    until(started.carried, 20, "what tests before have told to be carried")
    return started


def raised(
    name: str, severity: str = "warning", verb: str = "raised", level: float = 2.32
) -> tuple[str, bytes]:
    """An alert; in words it is known by its level."""
    now = time.time_ns() // 1000
    data = Alert(
        alert_id=name,
        hazard="flood",
        area="thang-tam",
        severity=severity,
        station="vt-flood-001",
        sensor="vt-flood-001.water_level",
        value=level,
        unit="m",
        threshold=2.25,
        rule="flood-level",
        rule_version="0123456789ab",
        time=iso(now),
        since=iso(now),
        detected_at=iso(now),
        reason=Text(
            f"Mực nước {level} m, trên BĐ2 (2,25 m)".replace(".", ","),
            f"Water level {level} m, above BĐ2 (2.25 m)",
        ),
    )
    event = events.make(site=SITE, verb=verb, event=f"{name}-{verb}", time=now, alert=data)
    return events.subject(SITE, "thang-tam", name), events.encode(event)


def webhook_ids(roads: Roads) -> list[str]:
    return [post.json["id"] for post in roads.http.taken if post.path == "/events"]


class Storm(NamedTuple):
    """What was told while everything failed, and what came of it. `lasting`: alerts that lasted."""

    wanted: list[str]
    lasting: int
    posts: list[Post]
    mails: list[EmailMessage]
    sms: list[tuple[str, str]]
    chat: list[Post]
    aloud: list[str]
    refused_mails: int


@pytest.fixture(scope="module")
def storm(started: Roads) -> Storm:
    """Receivers that fail half the time and are away for a while, and the process killed -9 midway."""
    roads = started
    roads.mend()
    until(roads.carried, 20, "what tests before have told to be carried")
    taken, refused, logged = len(roads.http.taken), roads.mail.failed, len(roads.log())
    names = [f"flood-{at:02d}" for at in range(14)]
    told = [raised(name, "warning" if at < 4 else "advisory", level=2.31) for at, name in enumerate(names)]
    # Over at once, however slow the machine is: else each of them would be a thing for people.
    brief = [one for name in names[:3] for one in (raised(name, level=2.31), raised(name, verb="cleared"))]
    wanted = [f"{name}-raised" for name in names[3:]]
    wanted += [f"{name}-{verb}" for name in names[:3] for verb in ("raised", "cleared")]

    roads.rig.tell(*told[3:9])
    until(lambda: len(set(wanted) & set(webhook_ids(roads))) > 3, 10, "the first events at the webhook")
    roads.end(signal.SIGKILL)
    roads.away()
    roads.start()
    roads.rig.tell(*told[9:], *brief)
    closed = "All connection attempts failed"
    until(lambda: roads.log()[logged:].count(closed) > 5, 20, "the road to meet a closed door for a while")
    roads.mend()

    def posts() -> list[Post]:
        return roads.http.taken[taken:]

    def mails() -> list[EmailMessage]:
        return [mail for mail in roads.mail.mails if "2,31 m" in _text(mail) or "2.31 m" in _text(mail)]

    def sent() -> list[tuple[str, str]]:
        return [(number, text) for number, text in roads.modem.sent if "2,31 m" in text]

    def chat() -> list[Post]:
        return [post for post in roads.chat.taken if b"2,31 m" in post.body]

    def aloud() -> list[str]:
        texts = [file.read_text("utf-8") for file in roads.speaker.glob("*.txt")]
        return [text for text in texts if "hai phẩy ba mươi mốt mét" in text]

    lasting = len(names) - 3
    until(lambda: set(_events(posts())) >= set(wanted), 20, "every event at the webhook")
    until(lambda: set(_batched(posts())) >= set(wanted), 10, "every event in the batches")
    until(lambda: len({mail["Message-ID"] for mail in mails()}) >= 2 * lasting, 20, "every mail")
    until(lambda: len(sent()) >= lasting, 20, "every SMS")
    until(lambda: len(chat()) >= lasting, 20, "the chat")
    until(lambda: len(aloud()) >= lasting, 10, "what is read aloud")
    return Storm(wanted, lasting, posts(), mails(), sent(), chat(), aloud(), roads.mail.failed - refused)


def _events(posts: list[Post]) -> list[str]:
    """Ids of the alerts' events; a road says on the stream that it failed and carries again."""
    found = [post.json for post in posts if post.path == "/events"]
    return [one["id"] for one in found if not one["type"].startswith("vn.haidang.road.")]


def _batched(posts: list[Post]) -> list[str]:
    found = [one for post in posts if post.path == "/batches" for one in post.json]
    return [one["id"] for one in found if not one["type"].startswith("vn.haidang.road.")]


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain",))
    return "" if body is None else str(body.get_content())


def test_flaky_receivers_get_everything_signed_and_none_twice_in_effect(storm: Storm) -> None:
    assert list(dict.fromkeys(_events(storm.posts))) == storm.wanted, "in order, and nothing else"
    for post in storm.posts:
        for key in KEYS:
            Webhook(key).verify(post.body, post.headers)
        if post.path == "/events":
            assert post.headers["webhook-id"] == post.json["id"], "a repeat is known by its id"
            assert post.json["sequence"], "with its place"
    assert list(dict.fromkeys(_batched(storm.posts))) == storm.wanted, "batches keep the order"


def test_people_are_told_each_thing_once_whatever_the_road(storm: Storm) -> None:
    """Mail, SMS, chat and loudspeaker: one word for each alert that lasted, each under one id."""
    by_id = {mail["Message-ID"] for mail in storm.mails}
    assert len(by_id) == 2 * storm.lasting, (
        "one id for each thing and person; what cleared at once is no thing"
    )
    for person in ("lan@example.vn", "minh@example.vn"):
        ids = {mail["Message-ID"] for mail in storm.mails if mail["To"] == person}
        assert len(ids) == storm.lasting, person
    vietnamese = next(mail for mail in storm.mails if mail["To"] == "lan@example.vn")
    assert "NGẬP, LŨ" in vietnamese["Subject"]
    english = next(mail for mail in storm.mails if mail["To"] == "minh@example.vn")
    assert "FLOOD" in english["Subject"]
    assert storm.refused_mails > 3, "the server was flaky"

    number, text = storm.sms[0]
    assert number == "+84912345678"
    assert text.startswith("NGAP, LU Canh bao"), "without marks: GSM-7"
    assert len(storm.aloud) == storm.lasting, "what is read aloud"
    assert "Tôi xin nhắc lại" in storm.aloud[0]


def test_a_new_road_begins_at_the_end_and_takes_nothing_for_lost(roads: Roads) -> None:
    async def work(connection: Connection) -> tuple[object, int, int, bool]:
        js = connection.js
        before = await js.stream_info("ALERTS")
        await js.publish("alerts.elsewhere._.nothing", b"{}")
        ledger = Ledger(js, Road(id="new", kind="loudspeaker", url="file:///nowhere"), "ben-da")
        await ledger.begin()
        after = await js.stream_info("ALERTS")
        same = before.config.metadata == after.config.metadata
        return ledger.gap, ledger.state.sequence, int(after.state.last_seq), same

    gap, sequence, last, same = roads.rig.nats(work)
    assert gap is None
    assert same, "the epoch of the stream was renewed"
    assert 0 < sequence <= last


def shown(roads: Roads, road: str) -> dict[str, Any]:
    found: dict[str, Any] = roads.rig.get(f"/api/v1/roads/{road}")[1]["road"]
    return found


def post(roads: Roads, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    request = urllib.request.Request(  # noqa: S310  our own address
        f"{roads.rig.http}/api/v1/roads/{path}",
        data=json.dumps(body or {}).encode(),
        headers={"content-type": "application/json"},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_message_that_is_refused_for_itself_goes_to_the_dead_letters_and_comes_back_on_demand(
    roads: Roads,
) -> None:
    roads.poison = "poison-1"
    roads.rig.tell(raised("poison-1"), raised("after-poison"))
    until(lambda: "after-poison-raised" in webhook_ids(roads), 10, "the road to go on")
    assert "poison-1-raised" not in webhook_ids(roads)
    until(lambda: (roads.state("ioc") or RoadState(road="", kind="")).dead == 1, 5, "one dead letter")
    roads.poison = ""

    def replayed() -> bool:
        # The receiver still fails half the time, and a replay is one attempt.
        roads.ask("ioc", Request(t=1, id="r", by="test", ask="replay", every=True))
        time.sleep(0.1)
        return (roads.state("ioc") or RoadState(road="", kind="", dead=1)).dead == 0

    until(replayed, 10, "the dead letter at last")
    assert "poison-1-raised" in webhook_ids(roads)


def test_a_road_tries_itself_on_demand_and_says_what_came_of_it(roads: Roads) -> None:
    roads.http.failing, roads.mail.failing = 0.0, 1.0
    taken = len(roads.http.taken)
    names = [f"known-{at:02d}" for at in range(4)]
    before = roads.rig.tell(*(raised(name) for name in names))[0] - 1
    roads.rig.start()
    try:
        assert post(roads, "mail/test")[0] == 200
        assert post(roads, "ioc/test")[0] == 200
        until(lambda: shown(roads, "ioc")["test_passed"], 10, "the trial")
        ioc = shown(roads, "ioc")
        assert (ioc["state"], ioc["kind"], ioc["said"]) == ("well", "webhook", "HTTP 200 {}")
        until(lambda: shown(roads, "ioc")["lag"] == 0, 5, "the road at the end of the stream")
        carried = roads.rig.get("/api/v1/roads/ioc")[1]["attempts"]
        assert set(names) <= {name for one in carried for name in one["about"]}
        assert ioc["next_test"] > ioc["tested_at"]
        listed = roads.rig.get("/api/v1/roads")[1]["items"]
        assert [one["road"] for one in listed] == [
            "ioc",
            "platform",
            "mail",
            "sms",
            "chat",
            "reports",
            "speaker",
        ]
        until(lambda: "451" in (shown(roads, "mail")["said"] or ""), 10, "the trial that fails")
        roads.mail.failing = 0.0
        assert post(roads, "mail/test")[0] == 200
        until(lambda: shown(roads, "mail")["test_passed"], 10, "the next trial, that passes")
        attempts = roads.rig.get("/api/v1/roads/mail")[1]["attempts"]
        assert {"delivered", "failed"} == {one["outcome"] for one in attempts}
        assert any("451" in one["said"] for one in attempts), "in the server's own words"
        assert roads.rig.get("/api/v1/roads/pigeon")[0] == 404
        assert post(roads, "pigeon/test")[0] == 404
        assert post(roads, "ioc/replay")[0] == 422, "say what"
        assert post(roads, "mail/replay", {"after": "1"})[0] == 422, "words are not said twice by a token"
        ids = [f"{name}-raised" for name in names]
        until(lambda: set(webhook_ids(roads)) >= set(ids), 10, "them once")
        assert post(roads, "ioc/replay", {"after": str(before)})[0] == 200
        until(
            lambda: all(webhook_ids(roads).count(one) == 2 for one in ids),
            10,
            "everything once more, under the same ids",
        )
        assert roads.rig.get("/api/v1/roads/ioc/dead") == (200, {"items": [], "next": None})
    finally:
        roads.rig.stop()
    tests = [post.json for post in roads.http.taken[taken:] if b"road.tested" in post.body]
    assert tests[0]["data"]["status"] == "Test"


def _report(name: str, kind: str, files: list[str], status: str = "Actual") -> tuple[str, bytes]:
    """`report.made`, as the api tells it."""
    listed = [{"name": file, "lang": file.split(".")[1], "format": file.split(".")[2]} for file in files]
    data = {
        "report": name, "kind": kind, "start": "2026-10-19T17:00:00Z", "end": "2026-10-20T17:00:00Z",
        "headline": {"vi": "4 cảnh báo mới", "en": "4 new alerts"}, "files": listed, "status": status,
        "notes": [{"vi": "1 gateway đang mất tín hiệu: gw-01.", "en": "1 gateway is silent: gw-01."}],
        "area": "_",
    }  # fmt: skip
    event = {
        "specversion": "1.0", "id": name, "source": f"/sites/{SITE}", "subject": name, "data": data,
        "type": "vn.haidang.report.made.v1", "time": "2026-10-20T23:30:00Z",
    }  # fmt: skip
    return events.subject(SITE, "_", name), json.dumps(event).encode()


def _paper() -> Paper:
    title, site = Text("Báo cáo ngày", "Daily report"), Text("Vũng Tàu", "Vung Tau")
    part = Part(Text("Tóm tắt", "In short"), [Tile(Text("cảnh báo mới", "new alerts"), 4)])
    return Paper("daily", title, site, "Asia/Ho_Chi_Minh", 0, 86_400_000_000, 0, [part])


def test_reports_reach_their_readers_as_files_each_once_and_nobody_who_is_held_to_areas(roads: Roads) -> None:
    """One that is there, one that is too large, one that was deleted; one of an exercise is nobody's."""
    made = {
        f"daily-20261020.{lang}.{form}": render(_paper(), lang)
        for lang in ("vi", "en")
        for form, render in (("pdf", paper_pdf.render), ("xlsx", paper_xlsx.render))
    }
    large = {"monthly-202610.vi.pdf": b"x" * 600_000}

    async def store(connection: Connection) -> None:
        reports = await connection.js.object_store("REPORTS")
        for name, data in (made | large).items():
            await reports.put(name, data)

    roads.rig.nats(store)
    before, posted = len(roads.mail.mails), len(roads.chat.taken)
    roads.rig.tell(
        _report("daily-played", "daily", list(made), "Exercise"),
        _report("daily-20261020", "daily", list(made)),
        _report("monthly-202610", "monthly", list(large)),
        _report("shift-20261020T0600", "shift", ["shift-20261020T0600.vi.pdf"]),
    )

    def mails() -> dict[tuple[str, str], EmailMessage]:
        found = [
            mail for mail in roads.mail.mails[before:] if "daily-" in _text(mail) or "-2026" in _text(mail)
        ]
        return {(mail["To"], mail["Message-ID"]): mail for mail in found}

    def subjects(to: str) -> list[str]:
        return [mail["Subject"] for (whom, _), mail in mails().items() if whom == f"{to}@example.vn"]

    until(lambda: len(subjects("lan")) >= 3 and len(subjects("minh")) >= 3, 40, "three reports for two")

    def noticed() -> bool:  # letters of the tests before may still come
        return any("4 cảnh báo mới" in post.json["message"] for post in roads.chat.taken[posted:])

    until(noticed, 40, "the notice in the chat")
    assert len(mails()) == 6, "each once, of the real operation, and none to who is held to areas"
    assert subjects("lan")[0] == "Báo cáo ngày 20/10/2026 – Vũng Tàu: 4 cảnh báo mới"
    assert subjects("minh")[0].startswith("Daily report 2026-10-20")
    daily, monthly, shift = (
        next(one for one in mails().values() if one["To"] == "lan@example.vn" and name in _text(one))
        for name in ("daily-20261020", "monthly-202610", "shift-20261020T0600")
    )
    files = {str(part.get_filename()): part.get_content() for part in daily.iter_attachments()}
    assert set(files) == {f"Báo cáo ngày 2026-10-20 – Vũng Tàu.{form}" for form in ("pdf", "xlsx")}
    assert (
        "Báo cáo ngày"
        in pypdf.PdfReader(BytesIO(files["Báo cáo ngày 2026-10-20 – Vũng Tàu.pdf"])).pages[0].extract_text()
    )
    assert openpyxl.load_workbook(BytesIO(files["Báo cáo ngày 2026-10-20 – Vũng Tàu.xlsx"])).sheetnames
    assert "1 gateway đang mất tín hiệu: gw-01." in _text(daily)
    assert list(monthly.iter_attachments()) == list(shift.iter_attachments()) == []
    assert "quá lớn để gửi kèm (0,6 MB)" in _text(monthly)
    assert "https://hai-dang.example.vn/api/v1/reports/files/monthly-202610.vi.pdf" in _text(monthly)
    assert "không còn trong kho" in _text(shift)


def test_a_road_that_can_not_send_is_an_alert_of_its_own(roads: Roads) -> None:
    def complained() -> bool:
        async def work(connection: Connection) -> bytes:
            bucket = await connection.js.key_value("HEALTH")
            try:
                return (await bucket.get("roads")).value or b""
            except KeyNotFoundError:  # it has only begun
                return b'{"complaints": []}'

        beat = json.loads(roads.rig.nats(work))
        return any(one["code"] == "road-ioc" for one in beat["complaints"])

    until(lambda: not complained(), 10, "no complaint of before")
    roads.away()
    roads.rig.tell(raised("unsent"))
    until(complained, 15, "the complaint that becomes an alert")
    roads.mend()
    until(lambda: "unsent-raised" in webhook_ids(roads), 10, "the event after all")
    until(lambda: not complained(), 10, "the complaint to be settled")
