"""The doctor's judgement: what is bad, what is doubtful, what it says to do, and how that looks."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from services.cap.sign import new_keys
from services.cli import doctor, main
from services.cli.doctor import certificate as doctor_certificate
from services.cli.doctor.api import rejects
from services.cli.doctor.broker import judge as judge_broker
from services.cli.doctor.broker import read
from services.cli.doctor.clock import GatewayClock, of_gateways, stepped, synchronised
from services.cli.doctor.digest import judge as judge_digest
from services.cli.doctor.disk import Shares, Stream, fills, forecast, judge_flushes
from services.cli.doctor.finding import (
    GROUPS,
    Finding,
    Level,
    lasting,
    named,
    ok,
    ordered,
    size,
    worst,
    wrong,
)
from services.cli.doctor.gateways import accounts, gateways, why
from services.cli.doctor.history import History
from services.cli.doctor.history import judge as judge_history
from services.cli.doctor.machine import memory, open_files
from services.cli.doctor.ports import Listener, ports
from services.cli.doctor.services import errors_in
from services.cli.doctor.services import judge as judge_services
from services.cli.doctor.show import page
from services.cli.doctor.versions import Versions, known_bad
from services.observation.heartbeat import Complaint, Heartbeat
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.policy.trusted import Trusted
from services.roads.bulletin_key import keys_of
from services.runtime.run_file import Run, write
from services.schema.migrate import LATEST

NOW = 1_790_000_000 * SECOND
DAY = 86_400.0
GB = 1e9


def codes(findings: Iterator[Finding] | list[Finding]) -> dict[str, str]:
    """Level of each finding by its code."""
    return {finding.code: str(finding.level) for finding in findings}


def ago(seconds: float) -> str:
    return iso(int(NOW - seconds * SECOND))


def gateway(name: str, **more: Any) -> dict[str, Any]:
    heard = {
        "status": "online",
        "status_at": ago(100),
        "last_received_at": ago(5),
        "clock": ago(6),
        "silent": False,
    }
    return {"id": name, "reporting_s": 60, "account": None, **heard, **more}


# How it looks


FINDINGS = [
    ok("disk", "free", "còn nhiều", "much is left"),
    wrong(
        Level.WARN, "clock", "ntp", Text("không ai chỉnh", "nobody keeps it"), Text("bật NTP", "turn NTP on")
    ),
    wrong(
        Level.BAD,
        "broker",
        "oversize",
        Text("bị ngắt", "cut off"),
        Text("chia nhỏ", "split"),
        NOW - 600 * SECOND,
    ),
    wrong(Level.WARN, "service", "x", Text("lạ", "odd"), Text("xem nhật ký", "look at the log")),
]


def test_bad_things_come_first_then_what_is_doubtful_by_what_it_is_about() -> None:
    assert [finding.code for finding in ordered(FINDINGS)] == ["oversize", "x", "ntp", "free"]
    lines = page(FINDINGS, "here", colours=False, width=100, now_us=NOW).splitlines()
    said = [line for line in lines if line.startswith("  ")]
    assert "cut off (for 10 min)" in said[0]
    assert said.index(next(line for line in said if "split" in line)) < 4
    assert "✗ 1  ! 2  ✓ 1" in lines[1]


def test_every_line_fits_the_terminal_and_both_languages_stand_there() -> None:
    long = Text("một câu rất dài " * 20, "a very long sentence " * 20)
    text = page([wrong(Level.BAD, "disk", "x", long, long)], "here", colours=False, width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("rất dài") == text.count("very long") == 40


def test_colours_are_for_a_terminal_alone() -> None:
    assert "\x1b[" not in page(FINDINGS, "here", colours=False, width=100)
    coloured = page(FINDINGS, "here", colours=True, width=100, now_us=NOW)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == page(
        FINDINGS, "here", colours=False, width=100, now_us=NOW
    )


@pytest.mark.parametrize(("levels", "code"), [("ok", 0), ("ok warn", 0), ("ok warn bad", 1)])
def test_the_exit_code_is_one_when_something_is_bad(
    levels: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    found = [Finding(Level(level), "disk", level, Text("a", "b")) for level in levels.split()]
    assert doctor.tell(found, "here", as_json=True) == code
    assert f'"level": "{worst(found)}"' in capsys.readouterr().out


def test_what_can_not_be_asked_is_two(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        [],
        ["--data", str(tmp_path / "nowhere")],
        ["--http", "ftp://x"],
        ["--http", "http://x", "--site", "y"],
    ):
        assert main(["doctor", *words]) == 2
        assert "haidang: " in capsys.readouterr().err


def test_a_folder_where_nothing_ran_is_looked_at_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--data", str(tmp_path)]) == 1
    told = capsys.readouterr().out
    for words in ("nothing has run", "fsync", "memory left", "nats-server"):
        assert words in told
    assert list(tmp_path.iterdir()) == []


def test_numbers_are_said_as_a_person_would() -> None:
    assert [size(n) for n in (5, 1_500, 2_340_000, 19.4e9, 3e12)] == [
        "5 B",
        "1.5 kB",
        "2.34 MB",
        "19.4 GB",
        "3 TB",
    ]
    assert [lasting(s).en for s in (50, 600, 10_800, 864_000)] == ["50 s", "10 min", "3 h", "10 days"]
    assert named("abcdefgh", 3) == "a, b, c +5"


# Clock


def test_a_clock_that_was_moved_is_told_and_a_slow_start_is_not() -> None:
    boot_now, now = 10_000.0, 1_790_000_000.0
    at = [(now - 1_000 + 4.0, 9_000.0)]  # the first line came 4 s after the start
    assert stepped(at, now, boot_now).level == Level.OK
    assert "forward by 60 min" in stepped(at, now + 3_600, boot_now).what.en
    assert "back by 60 min" in stepped(at, now - 3_600, boot_now).what.en


def test_the_certificate_of_public_messages_is_told_before_it_ends(tmp_path: Path) -> None:
    now = datetime(2026, 10, 20, tzinfo=UTC)
    assert doctor_certificate.look(tmp_path, now.timestamp()) is None
    keys_of(tmp_path / "cap", "ioc.example.vn")

    def level(days: float) -> Level:
        later = datetime.now(UTC) + timedelta(days=days)
        found = doctor_certificate.look(tmp_path, later.timestamp())
        assert found is not None
        return found.level

    assert [level(days) for days in (1, 3_610, 3_651)] == [Level.OK, Level.WARN, Level.BAD]
    (tmp_path / "cap" / "key.pem").chmod(0o644)
    assert level(1) == Level.BAD, "a key that others read signs for others"
    (tmp_path / "cap" / "key.pem").unlink()
    assert level(1) == Level.BAD


def test_a_trusted_sender_whose_last_certificate_ends_is_told_before_its_bulletins_are_refused() -> None:
    now = datetime(2026, 10, 20, tzinfo=UTC)
    old, new = (
        new_keys("kttv.example.vn", now + timedelta(days=days)).certificate.decode() for days in (0, 90)
    )

    def levels(days: float, *certificates: str) -> list[str]:
        sender = Trusted(
            id="kttv", sender="kttv.example.vn", name=Text("Đài", "The office"), certificates=certificates
        )
        at_s = (now + timedelta(days=days)).timestamp()
        return [f"{found.code} {found.level}" for found in doctor_certificate.senders([sender], at_s)]

    assert levels(1, old) == ["trusted_certificates ok"]
    assert levels(3_640, old) == ["trusted_certificate.kttv warn"]
    assert levels(3_640, old, new) == ["trusted_certificates ok"], "the next one is there already"
    assert levels(3_651, old) == ["trusted_certificate.kttv bad"]
    assert levels(1) == [], "whose channel is trusted signs nothing"


def test_a_clock_that_nobody_keeps_is_doubtful() -> None:
    asked = ((5, 16_000_000), (0, 20_000), (None, 0))
    levels = [synchronised(state, error).level for state, error in asked]
    assert levels == [Level.WARN, Level.OK, Level.OK]


def test_one_slow_gateway_is_its_own_fault_and_most_of_them_are_ours() -> None:
    def clock(name: str, behind_s: float) -> GatewayClock:
        return GatewayClock(name, NOW - SECOND, int(NOW - (1 + behind_s) * SECOND), 60.0)

    one = of_gateways([clock("a", 3_600), *(clock(name, 1) for name in "bcde")], {}, NOW)
    assert codes(one) == {"gateway_behind": "warn"}
    assert "a, 60 min" in one[0].what.en
    most = of_gateways([clock(name, 3_600) for name in "abcde"], {}, NOW)
    assert codes(most)["ours"] == "bad"
    assert (
        codes(of_gateways([clock(name, 1) for name in "abcde"], {"a": 3, "b": 1, "c": 9}, NOW))["ours"]
        == "bad"
    )


# Disk and streams


def test_a_stream_is_told_at_half_and_at_four_fifths() -> None:
    streams = [Stream(name, used, 100, 0, 0) for name, used in (("A", 49), ("B", 50), ("C", 80))]
    found = list(fills([*streams, Stream("REJECTS", 100, 100, 0, 0), Stream("FREE", 10**9, 0, 0, 0)]))
    assert codes(found) == {"fill.B": "warn", "fill.C": "bad", "fill": "ok"}
    assert "REJECTS" not in str(found)  # it is meant to be full


def test_what_fills_first_is_named_and_age_is_reckoned_with() -> None:
    week = Stream("READINGS", int(2 * GB), int(20 * GB), 0, 2 * DAY, 7 * DAY)  # 7 GB a week: never full
    fast = week._replace(size=int(10 * GB))  # 5 GB a day: 2 days
    none = Shares(0, 0, 0, 0.0)
    assert "the disk fills first, in 100 days" in forecast([week], none, int(100 * GB))[0].what.en
    assert "stream READINGS fills first, in 2 days" in forecast([fast], none, int(100 * GB))[0].what.en
    full = fast._replace(size=int(19.8 * GB))
    assert "too young" in forecast([full._replace(first_s=2 * DAY - 5)], none, int(GB))[0].what.en
    soon = forecast([week], Shares(0, 0, 0, 10 * GB / DAY), int(GB))[0]
    assert (soon.level, soon.code) == (Level.BAD, "forecast")


def test_a_slow_disk_is_told_with_what_strict_would_cost() -> None:
    fast, slow = [0.0004] * 60, [0.009] * 60
    assert judge_flushes(fast, strict=True).level == Level.OK
    assert "about 2500 messages/s" in judge_flushes(fast, strict=True).what.en
    assert judge_flushes(slow, strict=False).level == Level.OK
    assert judge_flushes(slow, strict=True).level == Level.WARN
    assert judge_flushes([*fast, 0.3], strict=False).level == Level.WARN


# The broker's log


LOG = """\
[2] 2026/11/22 04:57:25.071116 [WRN] Plaintext passwords detected, use nkeys or bcrypt
[2] 2026/11/22 04:58:05.936461 [ERR] 127.0.0.1:59793 - mid:122 - "gw-01" - maximum payload exceeded: 9437233 vs 8388608
[2] 2026/11/22 04:58:06.936461 [ERR] 127.0.0.1:59793 - mid:123 - "gw-01" - maximum payload exceeded: 9437233 vs 8388608
[2] 2026/11/22 04:58:07.219337 [ERR] 127.0.0.1:53515 - mid:125 - "plain \\"one\\"" - Publish Violation - Subject "other.topic"
[2] 2026/11/22 04:58:07.220019 [ERR] 127.0.0.1:53515 - mid:125 - Publish Violation - User "x", Subject "haidang.v1.a.gw-02.ack"
[2] 2026/11/22 04:58:07.220019 [ERR] 127.0.0.1:53515 - mid:125 - "gw-03" - Subscription Violation - Subject "secret.>", SID secret.>
[2] 2026/11/22 04:58:09.429305 [WRN] 127.0.0.1:38127 - mid:128 - "same" - Replacing old client "127.0.0.1:58441 - mid:127 - \\"same\\"" since both have the same client ID "same"
[2] 2026/11/22 04:58:09.931226 [ERR] 10.0.0.9:49038 - mid:129 - "gw-04" - authentication error
[2] 2026/11/22 04:58:10.931226 [INF] Server is ready
"""  # noqa: E501  as the server writes them


def test_the_log_of_the_broker_names_whom_it_cut_off_and_what_it_forbade() -> None:
    troubles = list(read(LOG.splitlines()))
    assert [(t.kind, t.who) for t in troubles] == [
        ("oversize", "gw-01"),
        ("oversize", "gw-01"),
        ("publish", 'plain \\"one\\"'),
        ("publish", "gw-02"),
        ("subscription", "gw-03"),
        ("twins", "same"),
        ("login", "gw-04"),
    ]
    now = troubles[-1].at_s + 60
    found = {f.code: f for f in judge_broker(troubles, lambda name: name.startswith("gw-"), now)}
    assert found["oversize"].level == Level.BAD
    assert "gw-01 (9.44 MB); 2×, last 63 s ago" in found["oversize"].what.en
    assert "other/topic" in found["publish"].what.en
    assert codes(judge_broker(troubles[:2], lambda _: True, now + 7_200)) == {"oversize": "warn"}
    assert codes(judge_broker([], lambda _: True, now)) == {"log": "ok"}


# Gateways, rejects, services


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, None),
        ({"status": "unknown", "last_received_at": None}, "never"),
        ({"status": "online", "last_received_at": None}, "mute"),
        ({"status": "offline", "silent": True}, "offline"),
        ({"silent": True}, "connected_silent"),
        ({"status": "unknown", "silent": True}, "silent"),
        ({"id": "wrong-clock", "silent": True}, "clock_wrong"),
        ({"silent": None}, None),
    ],
)
def test_why_a_gateway_is_not_heard(changed: dict[str, Any], reason: str | None) -> None:
    assert why(gateway("gw-01") | changed, {"wrong-clock": 4}) == reason


def test_gateways_are_told_together_by_reason_with_since_when() -> None:
    listed = [
        gateway("gw-1"),
        gateway("gw-2", status="offline", status_at=ago(7_200)),
        gateway("gw-3", status="offline", status_at=ago(3_600)),
        gateway("gw-4", status="unknown", last_received_at=None),
    ]
    found = {f.code: f for f in gateways(listed, {}, NOW)}
    assert codes(list(found.values())) == {"offline": "warn", "never": "warn", "heard": "ok"}
    assert "gw-2 (2 h), gw-3 (60 min)" in found["offline"].what.en
    assert found["offline"].since == NOW - 7_200 * SECOND


def test_what_was_lost_and_what_came_with_two_values_is_told_by_gateway() -> None:
    kept = {"packs": 9, "readings": 400, "duplicates": 7}
    account = {**kept, "conflicts": 0, "lost_agent": 0, "discarded": 0, "holes": 0}
    listed = [
        gateway("a", account={**account, "conflicts": 3}),
        gateway("b", account={**account, "holes": 2}),
    ]
    found = {f.code: f for f in accounts(listed)}
    assert codes(list(found.values())) == {"conflicts": "warn", "lost": "warn", "stored": "ok"}
    assert "a 3" in found["conflicts"].what.en
    assert "800 readings stored, 14 harmless repeats" in found["stored"].what.en


def test_rejects_of_this_hour_are_told_and_older_ones_are_a_number() -> None:
    text = {"vi": "không phải JSON", "en": "not JSON"}
    reject = {"reason": "not_json", "text": text, "remedy": text, "gateway": "gw-1", "topic": "t", "count": 2}
    newest = [reject | {"received_at": ago(60)}, reject | {"received_at": ago(600)}]
    found = list(rejects(newest, {"not_json": 4, "no_name": 9}, NOW))
    assert codes(found) == {"rejects.not_json": "warn", "rejects_older": "ok"}
    assert "rejected 4×: not JSON (gw-1); last 60 s ago" in found[0].what.en
    assert codes(list(rejects([reject | {"received_at": ago(7_200)}], {"not_json": 2}, NOW))) == {
        "rejects_older": "ok"
    }


def test_heartbeats_complaints_and_restarts_are_judged() -> None:
    def beat(name: str, **more: Any) -> Heartbeat:
        return Heartbeat(name, 7, NOW - SECOND, ready=True, **more)

    beats = {
        "ingest": beat("ingest", complaints=[Complaint("held", "chờ", "wait", NOW - 60 * SECOND)]),
        "alerts": Heartbeat("alerts", 7, NOW - 60 * SECOND, ready=True),
        "api": Heartbeat("api", 7, NOW, ready=False),
        "archive": beat("archive"),
        "up": beat("up", figures={"restarts_ingest": 4.0, "restarts_api": 1.0}),
    }
    found = codes(judge_services(beats, NOW, {"archive": 8}))
    assert found == {
        "complaint.ingest.held": "warn",
        "silent.alerts": "bad",
        "not_ready.api": "bad",
        "silent.keeper": "warn",
        "silent.lighting": "warn",
        "silent.roads": "warn",
        "new.archive": "warn",
        "restarts": "warn",
        "heartbeats": "ok",
    }


def test_a_service_that_runs_and_never_spoke_is_told() -> None:
    """`haidang link` that finds no NATS: nobody expected it, since most sites have no link."""
    found = {one.code for one in judge_services({}, 0, {"up": 1, "nats-server": 2, "link": 3})}
    assert "silent.link" in found
    assert "silent.link" not in {one.code for one in judge_services({}, 0, {})}


@pytest.mark.parametrize(
    ("figures", "level", "said"),
    [
        ({}, None, ""),
        ({"digest_behind": 40.0}, Level.OK, "no digest of ALERTS is needed yet (40 events)"),
        ({"digest_behind": 812.0, "digest_latest": 0.0}, Level.OK, "up to 60 min ago, 812 events since"),
        ({"digest_behind": 30_000.0}, Level.WARN, "a start reads 30000 events of ALERTS besides the digest"),
        ({"digest_behind": 2_400.0, "digest_failures": 3.0}, Level.WARN, "3 could not be written"),
        ({"digest_behind": 9.0, "digest_failures": 3.0, "digest_latest": 0.0}, Level.OK, "9 events since"),
    ],
)
def test_the_digest_that_starts_rest_on_is_told(
    figures: dict[str, float], level: Level | None, said: str
) -> None:
    found = list(
        judge_digest(
            {"keeper": Heartbeat("keeper", 1, 0, ready=True, complaints=[], figures=figures)}, 3_600 * SECOND
        )
    )
    assert [one.level for one in found] == ([] if level is None else [level])
    assert all(said in one.what.en for one in found)


def test_errors_in_logs_are_found_in_both_forms_and_without_passwords(tmp_path: Path) -> None:
    log = tmp_path / "archive.log"
    log.write_text(
        "2026-11-22T04:57:26.970Z info    archive starting pid=1\n"
        '2026-11-22T04:57:27.000Z error   archive crashed error="at postgresql://me:s3cret@h/d"\n'
        '{"t": "2026-11-22T04:58:00.000Z", "level": "error", "component": "archive", "event": "refused"}\n'
        '{"t": "2026-11-22T04:58:00.000Z", "level": "info", "event": "the \\"error\\" is over"}\n',
    )
    said = list(errors_in(log))
    assert [line.text for line in said] == ['crashed error="at postgresql://h/d"', "refused"]


def test_the_history_is_told_without_its_password_and_with_who_never_spoke() -> None:
    away = list(judge_history(History(Versions(), 0, 0, None, "connection refused"), []))
    assert codes(away) == {"away": "warn"}
    found = list(judge_history(History(Versions(), LATEST, 10**9, frozenset({"a.x"})), ["a.x", "b.x", "c.x"]))
    assert codes(found) == {"answers": "ok", "never_spoke": "warn"}
    assert "2 of 3 sensors have never spoken: b.x, c.x" in found[1].what.en
    assert codes(judge_history(History(Versions(), LATEST + 1, 0, None), [])) == {"schema": "bad"}


# The machine


def test_little_memory_and_few_files_are_told() -> None:
    read_ = {"MemTotal": int(8 * GB), "MemAvailable": int(4 * GB)}
    assert memory(read_, None, 0, {"api": 10**8}).level == Level.OK
    assert memory(read_, None, 2, {}).level == Level.BAD
    assert memory(read_ | {"MemAvailable": int(GB)}, None, 0, {}).level == Level.WARN
    assert memory(read_, int(GB), 0, {"up": int(0.97 * GB)}).level == Level.BAD
    assert open_files({"nats-server": (30, 65_536)}).level == Level.OK
    assert open_files({"nats-server": (30, 1_024)}).level == Level.WARN
    assert open_files({"nats-server": (900, 1_024), "api": (3, 1_024)}).level == Level.BAD


def test_ports_that_are_not_ours_and_ports_that_are_open_are_told() -> None:
    run = Run(
        site="s", mqtt="127.0.0.1:1883", http="http://127.0.0.1:8080", nats="nats://u:p@127.0.0.1:4222",
        database="postgresql://u:p@10.0.0.5:5432/d", pids={"nats-server": 5, "api": 6},
    )  # fmt: skip
    ours = [Listener("127.0.0.1", port, 5, "nats-server") for port in (1883, 4222)]
    assert codes(ports(run, [*ours, Listener("127.0.0.1", 8080, 6, "python")], running=True)) == {
        "ports": "ok"
    }
    stranger = Listener("127.0.0.1", 8080, 99, "nginx")
    found = list(ports(run, [*ours, stranger], running=True))
    assert codes(found) == {"port.http": "bad", "ports": "ok"}
    assert "nginx (pid 99)" in found[0].what.en
    assert codes(ports(run, [stranger], running=False)) == {"port.http": "warn"}
    assert codes(ports(run, ours, running=True)) == {"port.http": "bad", "ports": "ok"}
    wide = [Listener("0.0.0.0", 1883, 5, "nats-server"), ours[1], Listener("127.0.0.1", 8080, 6, "python")]
    assert codes(ports(run, wide, running=True)) == {"open.1883": "warn", "ports": "ok"}


@pytest.mark.parametrize(
    ("found", "bad"),
    [
        (Versions("2.15.1", "18.4", "2.23.1"), {}),
        (Versions("2.15.1", "18.4"), {}),
        (Versions("2.9.10"), {"nats": "bad"}),
        (Versions("2.12.1"), {"nats": "warn"}),
        (Versions("2.14.0", "18.1", "2.22.0"), {"timescaledb": "bad"}),
        (Versions("2.14.0", "17.1", "2.17.2"), {"postgres": "bad"}),
        (Versions("2.14.0", "17.2", "2.17.2"), {}),
        (Versions("2.14.0", "17.1"), {}),  # without the extension that release is fine
    ],
)
def test_versions_that_go_wrong_together_are_known(found: Versions, bad: dict[str, str]) -> None:
    assert codes(known_bad(found)) == bad


def test_every_finding_has_two_languages_and_a_remedy() -> None:
    found: list[Finding] = [
        *gateways([gateway("a", status="offline"), gateway("b", silent=True)], {}, NOW),
        *judge_broker(read(LOG.splitlines()), lambda _: False, 0.0),
        *fills([Stream("A", 90, 100, 0, 0)]),
        *known_bad(Versions("2.9.1", "17.1", "2.17")),
        *of_gateways([GatewayClock("a", NOW, NOW - 10**10, 60)], {}, NOW),
        *judge_services({}, NOW),
        memory({"MemTotal": 100, "MemAvailable": 1}, None, 0, {}),
    ]
    assert {finding.group for finding in found} <= GROUPS.keys()
    for finding in found:
        if finding.level != Level.OK:
            assert finding.remedy is not None, finding.code
            for text in (finding.what, finding.remedy):
                assert text.vi != text.en, finding.code
        document = finding.document()
        assert set(document) == {"level", "group", "code", "what", "remedy", "since", "figures"}


def test_a_machine_that_is_down_is_told_so_and_looked_at_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nats, database = "nats://up:s3cret@127.0.0.1:1", "postgresql://me:s3cret@127.0.0.1:1/d"
    run = Run(site="s", mqtt="127.0.0.1:1", http="http://127.0.0.1:1", nats=nats, database=database)
    run.pids, run.started = {"up": 1 << 22}, {"up": 1}
    write(tmp_path, run)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "ingest.log").write_text("2020-01-01T00:00:00Z error   ingest crashed error=x\n")
    assert main(["doctor", "--data", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert "haidang is not running" in told.out
    assert "no errors in the logs of ingest" in told.out  # that one was years ago
    assert "s3cret" not in told.out + told.err
