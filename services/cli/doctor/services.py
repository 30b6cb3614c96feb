"""The services: which run, what they say of themselves, and what stands in their logs."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from services.cli.doctor.finding import Finding, Level, lasting, named, ok, wrong
from services.cli.service import MAINS
from services.observation.heartbeat import Complaint, Heartbeat
from services.observation.text import Text
from services.runtime import tied
from services.runtime.logging import scrubbed
from services.runtime.run_file import NAME, Run

SILENT_S, NEEDED = 15.0, ("ingest", "alerts", "api")
EXPECTED = ("ingest", "alerts", "api", "keeper", "archive", "lighting", "roads")
RESTARTS = 3
LOG_SPAN_S = 86_400.0
LONGEST = 160
_TEXT_LINE = re.compile(r"^(\d{4}-\d\d-\d\dT[\d:.]+Z) error +(\S+) (.*)$")
_SERVERS = ("nats-server", "postgres", "up")


class Said(NamedTuple):
    """A line of level error in a service's log."""

    at_s: float
    text: str


def running(data: Path, run: Run | None) -> Finding | None:
    """Whether `up` runs here; None when it does, because then there is more to say."""
    if run is not None and run.is_running():
        return None
    if run is None:
        return wrong(
            Level.BAD,
            "service",
            "never_ran",
            Text(f"chưa có gì chạy với {data}", f"nothing has run with {data} yet"),
            Text(f"haidang up --site THƯ_MỤC --data {data}", f"haidang up --site DIR --data {data}"),
        )
    try:
        ended = int((data / NAME).stat().st_mtime * 1e6)
    except OSError:
        ended = 0
    return wrong(
        Level.BAD,
        "service",
        "down",
        Text(
            "haidang không chạy; gateway giữ số đo của mình",
            "haidang is not running; gateways keep their readings",
        ),
        Text(
            f"haidang up --site THƯ_MỤC --data {data}, hoặc systemctl start haidang",
            f"haidang up --site DIR --data {data}, or systemctl start haidang",
        ),
        ended or None,
    )


def left_over(run: Run) -> Finding | None:
    """Processes of an `up` that is gone."""
    words = {"nats-server": "nats-server", "postgres": "postgres"}
    left = [
        name
        for name, pid in run.pids.items()
        if name != "up" and tied.is_ours(pid, run.started.get(name, -1), words.get(name, "services.cli"))
    ]
    if not left:
        return None
    return wrong(
        Level.WARN,
        "service",
        "left_over",
        Text(f"còn sót tiến trình: {named(left)}", f"processes were left behind: {named(left)}"),
        Text("lần khởi động sau của up sẽ dừng chúng", "the next start of up ends them"),
    )


def judge(
    beats: Mapping[str, Heartbeat], now_us: int, pids: Mapping[str, int] | None = None
) -> Iterator[Finding]:
    """Heartbeats, readiness, restarts and complaints.

    Args:
        beats: the last word of every service.
        now_us: wall clock, µs UTC.
        pids: of this machine's processes; a heartbeat of another process is its predecessor's.
    """
    well = []
    ours = sorted(MAINS.keys() & set(pids or ()))
    for name in dict.fromkeys((*EXPECTED, *sorted(beats), *ours)):
        beat = beats.get(name)
        level = Level.BAD if name in NEEDED else Level.WARN
        log = Text(f"xem logs/{name}.log", f"look at logs/{name}.log")
        age = None if beat is None else beat.age_s(now_us)
        if beat is None or age is None or age > SILENT_S:
            since = None if beat is None else beat.t
            what = Text(f"{name} không báo nhịp", f"{name} gives no heartbeat")
            yield wrong(level, "service", f"silent.{name}", what, log, since)
            continue
        yield from (_complaint(name, complaint) for complaint in beat.complaints)
        if pids is not None and name in pids and pids[name] != beat.pid:
            what = Text(f"{name} vừa được khởi động lại", f"{name} was just started again")
            yield wrong(Level.WARN, "service", f"new.{name}", what, log)
        elif not beat.ready:
            what = Text(f"{name} chưa sẵn sàng", f"{name} is not ready")
            yield wrong(level, "service", f"not_ready.{name}", what, log)
        else:
            well.append(f"{name} {age:.0f} s")
    if well:
        yield ok("service", "heartbeats", f"báo nhịp: {', '.join(well)}", f"heartbeats: {', '.join(well)}")
    yield from _restarts(beats.get("up"))


def _complaint(service: str, complaint: Complaint) -> Finding:
    return wrong(
        Level.WARN,
        "service",
        f"complaint.{service}.{complaint.code}",
        Text(f"{service}: {complaint.vi}", f"{service}: {complaint.en}"),
        Text(f"xem logs/{service}.log nếu kéo dài", f"if it lasts, look at logs/{service}.log"),
        complaint.since,
    )


def _restarts(up: Heartbeat | None) -> Iterator[Finding]:
    figures = {} if up is None else up.figures
    counts = {
        name.removeprefix("restarts_"): int(count)
        for name, count in figures.items()
        if name.startswith("restarts_") and count >= RESTARTS
    }
    if counts:
        told = named(f"{name} {count}×" for name, count in sorted(counts.items()))
        yield wrong(
            Level.WARN,
            "service",
            "restarts",
            Text(f"phải khởi động lại nhiều lần: {told}", f"had to be started again: {told}"),
            Text("xem nhật ký của chúng", "look at their logs"),
            figures={f"restarts_{name}": count for name, count in counts.items()},
        )


def logs(folder: Path, now_s: float | None = None) -> Iterator[Finding]:
    """Lines of level error in the services' logs, within a day."""
    now = time.time() if now_s is None else now_s
    clean = []
    for file in sorted(folder.glob("*.log")):
        if file.stem in _SERVERS:
            continue
        said = [line for line in errors_in(file) if now - line.at_s < LOG_SPAN_S]
        if not said:
            clean.append(file.stem)
            continue
        last = said[-1]
        ago = lasting(max(0.0, now - last.at_s))
        yield wrong(
            Level.WARN,
            "service",
            f"log.{file.stem}",
            Text(
                f"{file.stem}: {len(said)} lỗi trong nhật ký, lần cuối {ago.vi} trước: {last.text}",
                f"{file.stem}: {len(said)} errors in its log, the last {ago.en} ago: {last.text}",
            ),
            Text(
                f"xem {file.name}; báo cho người phát triển nếu lặp lại",
                f"see {file.name}; report it if it repeats",
            ),
            int(said[0].at_s * 1e6),
        )
    if clean:
        yield ok(
            "service",
            "logs",
            f"nhật ký không có lỗi: {named(clean)}",
            f"no errors in the logs of {named(clean)}",
        )


def errors_in(file: Path) -> Iterator[Said]:
    """Lines of level error in a log, text or JSON, oldest first."""
    try:
        lines = file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        match = _TEXT_LINE.match(line)
        if match is not None:
            yield Said(datetime.fromisoformat(match[1]).timestamp(), _short(match[3]))
        elif line.startswith("{") and '"error"' in line:
            try:
                record = json.loads(line)
                if record["level"] == "error":
                    words = " ".join(
                        str(record[name]) for name in ("event", "error", "reason") if name in record
                    )
                    yield Said(datetime.fromisoformat(record["t"]).timestamp(), _short(words))
            except (ValueError, KeyError, TypeError):
                continue


def _short(text: str) -> str:
    clean = scrubbed(text)
    return clean if len(clean) <= LONGEST else clean[: LONGEST - 1] + "…"
