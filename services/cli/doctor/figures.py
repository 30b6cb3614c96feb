"""What `/metrics` tells from afar, where neither the streams nor the disk can be looked at. Pure."""

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from services.cli.doctor.disk import NEARLY, SHORT, Stream, fills
from services.cli.doctor.finding import Finding, Level, ok, size, size_vi, wrong
from services.cli.doctor.streams import LAGS
from services.observation.text import Text

_SAMPLE = re.compile(r"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
CANARY_LATE_S = 30.0
_LABELS = Mapping[str, str]


class Series(NamedTuple):
    """One number of the page."""

    name: str
    labels: Mapping[str, str]
    value: float


def read(page: str) -> Iterator[Series]:
    """The series of a page in Prometheus' text format."""
    for line in page.splitlines():
        match = _SAMPLE.match(line)
        if match is not None:
            yield Series(match[1], dict(_LABEL.findall(match[2] or "")), float(match[3]))


def judge(page: str) -> Iterator[Finding]:
    """Fills, lags and the disk, as far as the page tells."""
    series = list(read(page))
    streams: dict[str, dict[str, float]] = {}
    for name, labels, value in series:
        if name in ("haidang_stream_bytes", "haidang_stream_limit_bytes"):
            streams.setdefault(labels["stream"], {})[name] = value
    yield from fills(
        [
            Stream(
                name, int(v["haidang_stream_bytes"]), int(v.get("haidang_stream_limit_bytes", 0)), 0.0, 0.0
            )
            for name, v in streams.items()
            if "haidang_stream_bytes" in v
        ]
    )
    yield from _canary(series)
    yield from _disk(series)


def build(page: str) -> Mapping[str, str]:
    """Labels of `haidang_build_info`; empty when there is none."""
    return next((s.labels for s in read(page) if s.name == "haidang_build_info"), {})


def _canary(series: list[Series]) -> Iterator[Finding]:
    for _, labels, age in (s for s in series if s.name == "haidang_canary_age_seconds"):
        at = labels.get("at", "engine")
        if age <= CANARY_LATE_S:
            yield ok(
                "reading",
                f"lag.{at}",
                f"số đo thử đến {at} {age:.0f} s trước",
                f"test reading at {at} {age:.0f} s ago",
            )
            continue
        yield wrong(
            Level.BAD if at == "engine" else Level.WARN,
            "reading",
            f"lag.{at}",
            Text(f"số đo thử không đến {at} đã {age:.0f} s", f"no test reading at {at} for {age:.0f} s"),
            Text("chạy haidang doctor --data trên máy chủ", "run haidang doctor --data on the server"),
            figures={"seconds": age, "bad_after_s": LAGS[at][1]},
        )


def _disk(series: list[Series]) -> Iterator[Finding]:
    found = {s.name: s.value for s in series if s.name.startswith("haidang_disk_")}
    free, total = found.get("haidang_disk_free_bytes"), found.get("haidang_disk_size_bytes")
    if free is None or not total:
        return
    share = free / total
    what = Text(f"còn {size_vi(free)} ({share:.0%})", f"{size(free)} free ({share:.0%})")
    if share < SHORT:
        level = Level.BAD if share < NEARLY else Level.WARN
        yield wrong(level, "disk", "free", what, Text("giải phóng dung lượng", "make room"))
    else:
        yield ok("disk", "free", what.vi, what.en)
