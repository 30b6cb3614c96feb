"""A running machine under the doctor's eyes: what it finds, what `/metrics` shows, what systemd is told."""

import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion
from prometheus_client.parser import text_string_to_metric_families

from services.api.metric_table import TABLE
from services.runtime.accounts import Credentials
from tests.support.site_folder import SITE, good_site
from tests.support.up import PROGRAM, ROOT, Up, running
from tests.support.waiting import until
from tests.unit.test_deploy import METRIC, queries, rules

FORBIDDEN, TOPIC = "somewhere/else", "haidang/v1/thang-tam/gw-01/readings"
WITH_EVENTS_ONLY = {"haidang_archive_discarded_total", "haidang_api_stream_cut_total"}
"""Counters with a label have no series before the first event: a full stream, a client that falls behind."""
WELL = (
    *("heartbeats", "lag.engine", "fill", "answers", "version", "ports", "heard", "memory"),
    *("readyz", "free"),
)
"""What is as it should be; the last two are told from afar."""
_LINE = re.compile(r"^\d{4}-\d\d-\d\dT[\d:.]+Z (debug  |info   |warning|error  ) \S+ \S+")


class Machine:
    """A machine, and the socket it tells its state to."""

    def __init__(self, up: Up, told: socket.socket) -> None:
        self.up, self.told = up, told

    def doctor(self, *words: str) -> tuple[int, str]:
        """Exit code and everything it wrote."""
        done = subprocess.run(
            [*PROGRAM, "doctor", *words], capture_output=True, text=True, cwd=ROOT, timeout=120, check=False
        )
        return done.returncode, done.stdout + done.stderr

    @cached_property
    def examined(self) -> tuple[int, str]:
        """What it says to a script; asked again where a slow machine was late with something."""
        return self._calm("--data", str(self.up.data), "--json")

    def _calm(self, *words: str) -> tuple[int, str]:
        for _ in range(5):
            code, told = self.doctor(*words)
            levels = {one["code"]: one["level"] for one in json.loads(told)["findings"]}
            if all(levels.get(name, "ok") == "ok" for name in WELL):
                break
        return code, told

    @cached_property
    def examined_from_afar(self) -> tuple[int, str]:
        """What it says without the folder."""
        return self._calm("--http", self.up.http, "--json")

    @cached_property
    def compared(self) -> tuple[int, str]:
        """What it says to a person who names other files than those that run."""
        other = self.up.site.with_name("other")
        other.mkdir()
        for name, content in good_site().items():
            (other / name).write_bytes(content)
        return self.doctor("--data", str(self.up.data), "--site", str(other))

    def get(self, path: str) -> str:
        """The body of an answer."""
        with urllib.request.urlopen(self.up.http + path, timeout=40) as answer:  # noqa: S310  our own address
            return str(answer.read().decode())


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """`up` with a small site and a gateway that does everything wrong."""
    folder = tmp_path_factory.mktemp("doctor")
    site = folder / "site"
    site.mkdir()
    for name, content in good_site(site_toml=SITE.partition("[[source]]")[0]).items():
        (site / name).write_bytes(content)
    with ExitStack() as stack:
        told = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        told.bind(str(folder / "told"))
        told.settimeout(40)
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        patch.setenv("NOTIFY_SOCKET", str(folder / "told"))
        up = stack.enter_context(running(site, folder / "data"))
        misbehave(up)
        found = Machine(up, told)
        until(lambda: "time_in_future" in found.get("/api/v1/rejects"), 10, "the rejects to be there")
        until(lambda: '"degraded"' not in found.get("/readyz"), 30, "everything to be well")
        until(
            lambda: "maximum payload" in (up.data / "logs/nats-server.log").read_text("utf-8", "replace"),
            10,
            "the log",
        )
        yield found


def misbehave(up: Up) -> None:
    """One good reading, and one of each that can't be used; the last closes the connection."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="gw-01", reconnect_on_failure=False)
    client.connect(*up.mqtt)
    client.loop_start()
    until(client.is_connected, 10, "MQTT")

    def pack(at: float) -> bytes:
        return json.dumps([{"n": "vt-flood-001.water_level", "u": "m", "t": at, "v": 1.0}]).encode()

    for topic, payload in (
        (TOPIC, pack(time.time())),
        (TOPIC, b"not json"),
        (FORBIDDEN, b"1"),
        (TOPIC, pack(time.time() + 4_000)),
        (TOPIC, b"x" * (9 << 20)),
    ):
        sent = client.publish(topic, payload, qos=1)
        if len(payload) < 1 << 20:
            sent.wait_for_publish(10)
    until(lambda: not client.is_connected(), 10, "the broker to cut it off")
    client.loop_stop()


def test_the_doctor_names_what_is_wrong_who_it_is_and_what_to_do(machine: Machine) -> None:
    code, told = machine.examined
    assert code == 1
    found = {finding["code"]: finding for finding in json.loads(told)["findings"]}
    levels = {code: finding["level"] for code, finding in found.items()}
    assert levels["oversize"] == "bad"
    assert {"publish", "rejects.not_json", "rejects.time_in_future", "never", "never_spoke"} <= {
        code for code, level in levels.items() if level == "warn"
    }
    for well in WELL[:8]:
        assert levels[well] == "ok", found[well]
    assert "gw-01 (9.44 MB)" in found["oversize"]["what"]["en"]
    assert FORBIDDEN in found["publish"]["what"]["en"]
    assert "gw-02" in found["never"]["what"]["vi"]
    assert "3 of 4 sensors" in found["never_spoke"]["what"]["en"]


def test_site_files_that_do_not_run_are_told(machine: Machine) -> None:
    code, told = machine.compared
    assert code == 1
    assert f"the files in {machine.up.site.with_name('other')} are others" in " ".join(told.split())
    assert told.index("cut off by the broker") < told.index("are others") < told.index("heartbeats")


def test_from_afar_it_tells_what_the_api_knows(machine: Machine) -> None:
    code, told = machine.examined_from_afar
    document = json.loads(told)
    found = {finding["code"]: finding["level"] for finding in document["findings"]}
    assert (code, document["level"]) == (0, "warn")
    assert found["rejects.not_json"] == found["never"] == "warn"
    assert found["readyz"] == found["fill"] == found["lag.engine"] == found["free"] == "ok"


def test_no_secret_is_in_anything_that_is_said_or_logged(machine: Machine) -> None:
    data = machine.up.data
    kept = Credentials.keep(data / "credentials.json")
    secrets = {*kept.nats.values(), kept.postgres, (data / "admin-token").read_text().strip()}
    said = [machine.examined[1], machine.compared[1]]
    said += [file.read_text("utf-8", "replace") for file in (data / "logs").iterdir()]
    said += [machine.up.stderr, machine.get("/metrics")]
    assert [secret for secret in secrets for text in said if secret in text] == []


def test_every_line_of_a_service_has_the_same_form(machine: Machine) -> None:
    for name in ("ingest", "archive", "alerts", "keeper", "api"):
        log = (machine.up.data / "logs" / f"{name}.log").read_text("utf-8", "replace")
        lines = log[: log.rindex("\n")].splitlines()  # behind it one may be just being written
        assert lines
        assert [line for line in lines if not _LINE.match(line)] == []


def test_everything_that_is_watched_is_exported_by_a_running_machine(machine: Machine) -> None:
    wanted = {
        name for text in (*queries(), *(rule["expr"] for rule in rules())) for name in METRIC.findall(text)
    }
    wanted -= WITH_EVENTS_ONLY

    def missing() -> set[str]:
        page = machine.get("/metrics")
        return wanted - set(re.findall(r"^(\w+)", page, re.MULTILINE))

    with urllib.request.urlopen(machine.up.http + "/api/v1/events/stream", timeout=40):  # noqa: S310  as above
        until(lambda: not missing(), 15, f"{sorted(missing())} on /metrics")
    families = list(text_string_to_metric_families(machine.get("/metrics")))
    ours = {family.name for family in families if family.name.startswith("haidang_")}
    assert ours <= {name.removesuffix("_total") for name in TABLE}, "a metric that is not in the table"
    series = [(sample.name, tuple(sorted(sample.labels.items()))) for f in families for sample in f.samples]
    assert len(series) == len(set(series))
    tool = shutil.which("promtool")
    if tool is not None:
        page = machine.get("/metrics")
        done = subprocess.run(
            [tool, "check", "metrics"], input=page, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


def test_systemd_is_told_when_it_is_ready_and_that_it_lives(machine: Machine) -> None:
    heard: set[str] = set()
    while len(heard) < 2:
        heard.add(machine.told.recv(100).decode())
    assert heard == {"READY=1", "WATCHDOG=1"}
    assert os.environ["NOTIFY_SOCKET"]
