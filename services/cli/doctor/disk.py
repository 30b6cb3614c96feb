"""The disk: how much is left, who takes it, what fills first and when; and how long a flush takes."""

import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from services.cli.doctor.finding import Finding, Level, lasting, ok, size, size_vi, wrong
from services.observation.text import Text, in_vietnamese

DAY_S = 86_400.0
SHORT, NEARLY = 0.10, 0.02
"""Shares of the disk that are left: below the first say so, below the second storing may stop."""
SOON_S = DAY_S
SPAN_S = 600.0
"""A stream younger than this says nothing about its rate."""
SETTLED_S = 3_600.0
"""So long a new database grows by what it makes for itself."""
FLUSHES, FLUSH_S = 60, 1.0
STRICT_MS, SLOW_MS = 5.0, 50.0
"""A median flush above the first makes --strict crawl; a p99 above the second delays every commit."""


class Stream(NamedTuple):
    """A stream as the server tells of it. Times in seconds since 1970; `limit` 0: none."""

    name: str
    size: int
    limit: int
    first_s: float
    last_s: float
    keeps_s: float = 0.0  # max_age; 0: for ever

    @property
    def rate(self) -> float:
        """Bytes per second since its first message; 0 when it is too young to tell."""
        span = self.last_s - self.first_s
        return self.size / span if span >= SPAN_S else 0.0

    def fills_in_s(self) -> float | None:
        """Until its limit is reached; None when age removes messages before, or it can't be told."""
        if not self.limit or self.rate <= 0 or (self.keeps_s and self.rate * self.keeps_s < self.limit):
            return None
        return max(0.0, (self.limit - self.size) / self.rate)


class Shares(NamedTuple):
    """What lies in a data folder, bytes; `database_rate` in bytes per second, None while it is too young."""

    streams: int
    database: int
    logs: int
    database_rate: float | None


def look(data: Path) -> tuple[list[Finding], Shares]:
    """What can be seen of the disk without asking anybody."""
    usage = shutil.disk_usage(data)
    shares = Shares(
        _bytes_in(data / "nats"), _bytes_in(data / "postgres"), _bytes_in(data / "logs"), _database_rate(data)
    )
    taken = f"{size(shares.streams)} streams, {size(shares.database)} database, {size(shares.logs)} logs"
    stored = (
        f"luồng {size_vi(shares.streams)}, cơ sở dữ liệu {size_vi(shares.database)},"
        f" nhật ký {size_vi(shares.logs)}"
    )
    share = usage.free / usage.total if usage.total else 0.0
    figures = {"free_bytes": float(usage.free), "size_bytes": float(usage.total)}
    what = Text(
        f"còn {size_vi(usage.free)} / {size_vi(usage.total)} ({share:.0%}); {stored}",
        f"{size(usage.free)} of {size(usage.total)} free ({share:.0%}); {taken}",
    )
    room = Text(
        "giải phóng dung lượng; với số đo cũ: đặt HAIDANG_KEEP_DAYS; chuyển bản sao lưu sang máy khác",
        "make room; for old observations: HAIDANG_KEEP_DAYS, and move backups elsewhere",
    )
    if share < SHORT:
        level = Level.BAD if share < NEARLY else Level.WARN
        return [wrong(level, "disk", "free", what, room, figures=figures)], shares
    return [ok("disk", "free", what.vi, what.en, figures=figures)], shares


def forecast(streams: Sequence[Stream], shares: Shares, free: int) -> list[Finding]:
    """What fills first, and when."""
    waits: list[tuple[float, str, Text]] = []
    for stream in streams:
        left = stream.fills_in_s()
        if left is not None:
            waits.append((left, stream.name, Text(f"luồng {stream.name}", f"stream {stream.name}")))
    # Streams that have their size already grow no more: what comes in replaces what goes.
    growth = (shares.database_rate or 0.0) + sum(stream.rate for stream in streams if not _is_settled(stream))
    if growth > 0 and shares.database_rate is not None:
        waits.append((free / growth, "disk", Text("đĩa", "the disk")))
    if not waits:
        return [
            ok("disk", "forecast", "chưa đủ lâu để dự báo bao giờ đầy", "too young to tell what fills when")
        ]
    left, name, text = min(waits)
    span = lasting(left)
    figures = {"first_full_s": left}
    if name == "disk" and left < SOON_S:
        return [
            wrong(
                Level.BAD,
                "disk",
                "forecast",
                Text(f"đĩa sẽ đầy sau {span.vi} nữa", f"the disk will be full in {span.en}"),
                Text(
                    "giải phóng dung lượng, hoặc đặt HAIDANG_KEEP_DAYS", "make room, or set HAIDANG_KEEP_DAYS"
                ),
                figures=figures,
            )
        ]
    after = Text("; khi đó bản tin cũ nhất bị bỏ", "; then its oldest go") if name != "disk" else Text("", "")
    return [
        ok(
            "disk",
            "forecast",
            f"{text.vi} đầy trước tiên, sau {span.vi} nữa{after.vi}",
            f"{text.en} fills first, in {span.en}{after.en}",
            figures=figures,
        )
    ]


def fills(streams: Sequence[Stream]) -> Iterator[Finding]:
    """How full each bounded stream is; what is well in one line."""
    well = []
    for stream in streams:
        if not stream.limit:
            continue
        share = stream.size / stream.limit
        what = Text(
            f"{stream.name} đã dùng {size_vi(stream.size)} / {size_vi(stream.limit)} ({share:.0%})",
            f"{stream.name} takes {size(stream.size)} of {size(stream.limit)} ({share:.0%})",
        )
        if stream.name in _MINOR and share < 1.1:  # noqa: PLR2004  these are meant to be full
            continue
        if share < 0.5:  # noqa: PLR2004  design: told at 50 % and at 80 %
            well.append(
                (
                    f"{stream.name} {size(stream.size)} / {size(stream.limit)} ({share:.0%})",
                    stream.name,
                    share,
                )
            )
            continue
        yield wrong(
            Level.BAD if share >= 0.8 else Level.WARN,  # noqa: PLR2004  as above
            "stream",
            f"fill.{stream.name}",
            what,
            Text(
                "xem archive có theo kịp không; khi đầy, bản tin cũ nhất bị bỏ trước khi lưu",
                "see whether the archive keeps up; when full the oldest go, stored or not",
            ),
            figures={"share": share},
        )
    if well:
        told = ", ".join(text for text, _, _ in well)
        yield ok("stream", "fill", told, told, {name: share for _, name, share in well})


def flushes(data: Path, *, strict: bool) -> Finding:
    """How long it takes until what is written is on the disk."""
    try:
        took = sorted(_measure(data))
    except OSError as error:
        return wrong(
            Level.BAD,
            "disk",
            "fsync",
            Text(
                f"không ghi được vào {data}: {error.strerror}", f"{data} can't be written: {error.strerror}"
            ),
            Text("kiểm tra quyền và hệ thống tệp", "look at its rights and its file system"),
        )
    return judge_flushes(took, strict=strict)


def judge_flushes(took: Sequence[float], *, strict: bool) -> Finding:
    """Median and 99th percentile of sorted times in seconds, and what they allow."""
    p50, p99 = (1e3 * took[min(len(took) - 1, int(len(took) * q))] for q in (0.5, 0.99))
    per_s = 1e3 / max(p50, 1e-3)
    what = Text(
        in_vietnamese(f"fsync: p50 {p50:.2g} ms, p99 {p99:.2g} ms")
        + f"; --strict ghi được khoảng {per_s:.0f} bản tin/s",
        f"fsync: p50 {p50:.2g} ms, p99 {p99:.2g} ms; --strict would take about {per_s:.0f} messages/s",
    )
    figures = {"p50_s": p50 / 1e3, "p99_s": p99 / 1e3}
    if p99 > SLOW_MS or (strict and p50 > STRICT_MS):
        return wrong(
            Level.WARN,
            "disk",
            "fsync",
            what,
            Text(
                "đĩa chậm: chạy không --strict, hoặc dùng SSD có tụ dự phòng",
                "slow: run without --strict, or use an SSD with power-loss protection",
            ),
            figures=figures,
        )
    return ok("disk", "fsync", what.vi, what.en, figures=figures)


def _measure(data: Path) -> Iterator[float]:
    """Write a page and flush it, over and over, in a file that is gone at the end."""
    file = data / f".doctor-{os.getpid()}"
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        page, end = b"\0" * 4096, time.monotonic() + FLUSH_S
        for number in range(FLUSHES):
            os.pwrite(descriptor, page, 4096 * number)
            begun = time.perf_counter()
            os.fsync(descriptor)
            yield time.perf_counter() - begun
            if time.monotonic() > end:
                return
    finally:
        os.close(descriptor)
        file.unlink(missing_ok=True)


_MINOR = frozenset({"REJECTS"})


def _is_settled(stream: Stream) -> bool:
    old = stream.keeps_s and stream.last_s - stream.first_s > 0.95 * stream.keeps_s
    return bool(old) or (stream.limit > 0 and stream.size > 0.95 * stream.limit)


def _database_rate(data: Path) -> float | None:
    """Bytes per second that the database has grown since it was made; 0 when it is not ours."""
    folder = data / "postgres"
    try:
        age = time.time() - (folder / "PG_VERSION").stat().st_mtime
    except OSError:
        return 0.0
    return _bytes_in(folder / "base") / age if age > SETTLED_S else None


def _bytes_in(folder: Path) -> int:
    total = 0
    for place, _, files in os.walk(folder):
        for name in files:
            try:
                total += os.lstat(os.path.join(place, name)).st_blocks * 512  # noqa: PTH118  a Path per file is slow
            except OSError:  # gone meanwhile
                continue
    return total
