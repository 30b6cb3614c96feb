"""The peer for the rules: a Prometheus with the same sensors and the same three thresholds.

It scrapes one target with a series per sensor and evaluates one group of three alerting rules with the same
hysteresis-free thresholds; what it says of the group's last evaluation is the figure. Needs `prometheus` on
PATH (Debian: apt-get install prometheus); skipped by name where there is none.

What differs: Prometheus looks at all series each time, at its own interval, and keeps what it scraped; our
engine looks at what came. Both judge each sensor once per figure.
"""

import contextlib
import shutil
import statistics
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from bench._city import THRESHOLDS, turns
from bench._given import Given, Skipped
from bench.engine import CROSSING, SENSORS
from tests.support.broker import free_port
from tests.support.waiting import until

EVERY_S = 5
PATIENCE_S = 60.0
EVALUATIONS = 4
GROUP = "prometheus_rule_group_last_duration_seconds"


def measure(given: Given) -> dict[str, Any]:
    """Milliseconds per evaluation of the group, by the share of sensors above a threshold."""
    program = shutil.which("prometheus")
    if program is None:
        reason = "no `prometheus` on PATH → apt-get install prometheus"
        raise Skipped(reason)
    count = 1_000 if given.quick else SENSORS
    found: dict[str, Any] = {"sensors": count, "version": _version(program)}
    for crossing in CROSSING[:1] if given.quick else CROSSING[:2]:
        given.say(f"prometheus: {count:,} series, {crossing:.1%} above a threshold")
        folder = given.folder / f"{crossing:g}"
        folder.mkdir()
        with _target(_exposition(count, crossing)) as target, _server(program, folder, target) as url:
            found[f"crossing_{crossing:g}"] = _evaluations(url, 1 if given.quick else EVALUATIONS)
    return found


def _version(program: str) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    return (said.stdout + said.stderr).partition("version ")[2].split(" ")[0]


def _exposition(count: int, crossing: float) -> bytes:
    values = turns(count, 1, crossing)[0].tolist()
    lines = [f'level{{station="vt-flood-{at:07d}"}} {value:.4f}' for at, value in enumerate(values)]
    return "\n".join(["# TYPE level gauge", *lines, ""]).encode()


@contextlib.contextmanager
def _target(text: bytes) -> Iterator[str]:
    """Serve the exposition; gives host:port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextlib.contextmanager
def _server(program: str, folder: Path, target: str) -> Iterator[str]:
    """Prometheus on this target; gives its address."""
    rules = [
        f'- alert: level{k}\n    expr: level >= {limit}\n    labels: {{severity: "{k}"}}'
        for k, limit in enumerate(THRESHOLDS)
    ]
    (folder / "rules.yml").write_text(
        "groups:\n- name: level\n  rules:\n  " + "\n  ".join(rules) + "\n", "utf-8"
    )
    (folder / "prometheus.yml").write_text(
        f"global: {{scrape_interval: {EVERY_S}s, scrape_timeout: {EVERY_S}s,"
        f" evaluation_interval: {EVERY_S}s}}\n"
        f"rule_files: [{folder}/rules.yml]\n"
        f"scrape_configs:\n- job_name: gauges\n  static_configs: [{{targets: ['{target}']}}]\n",
        "utf-8",
    )
    port = free_port()
    command = [
        program,
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        until(lambda: _get(f"{url}/-/ready"), PATIENCE_S, f"prometheus to be ready; see {folder}/log")
        yield url
    finally:
        process.terminate()
        process.wait()


def _get(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  our own address
            return str(answer.read().decode())
    except OSError:
        return ""


def _figure(url: str, name: str) -> float | None:
    for line in _get(f"{url}/metrics").splitlines():  # one group, one line
        if line.startswith((name + "{", name + " ")):
            return float(line.rpartition(" ")[2])
    return None


def _evaluations(url: str, wanted: int) -> dict[str, Any]:
    """So many evaluations of the group after its series are there: median and each, ms."""
    query = f"{url}/api/v1/query?query=count(level)"
    until(lambda: '"value"' in _get(query), PATIENCE_S, "prometheus to have scraped")
    time.sleep(EVERY_S)  # the evaluation that was under way has seen half of it
    each: list[float] = []
    deadline = time.monotonic() + PATIENCE_S
    while len(each) < wanted and time.monotonic() < deadline:
        took = _figure(url, GROUP)
        if took is not None and took > 0 and (not each or took * 1e3 != each[-1]):
            each.append(took * 1e3)
        time.sleep(EVERY_S / 4)
    return {"ms": statistics.median(each), "each_ms": each}
