"""The clock: is it set by somebody, was it moved, and do gateways agree with it?"""

import ctypes
import os
import re
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from services.cli.doctor.finding import Finding, Level, lasting, named, ok, wrong
from services.observation.text import Text
from services.runtime.run_file import Run

TIME_ERROR, MAX_ERROR_US = 5, 15_000_000
"""What adjtimex(2) answers when nobody keeps the clock; 16 s of possible error mean the same."""
FORWARD_S, BACK_S = 3.0, 15.0
"""Moves that are told of. A start takes a moment to reach the first line of the log, so they differ."""
APART_S = 3.0
BEHIND_S, INTERVALS = 120.0, 3
LATELY_S = 600.0
_STARTING = re.compile(r'^\S+ info +\S+ starting pid=(\d+)|"event": "starting", "pid": (\d+)')


class _Timex(ctypes.Structure):
    """The head of the kernel's `struct timex`; the rest is room."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 256),
    )


class GatewayClock(NamedTuple):
    """A gateway as the api tells of it: last received and its own clock, µs UTC, and how often it reports."""

    gateway: str
    received_us: int
    clock_us: int
    reporting_s: float


def look(run: Run | None, logs: Path | None) -> list[Finding]:
    """What this machine can tell of its own clock."""
    findings = [synchronised(*_ask_kernel())]
    if run is not None and logs is not None:
        found = stepped(_starts(run, logs), time.time(), time.clock_gettime(time.CLOCK_BOOTTIME))
        findings.append(found)
    return findings


def synchronised(state: int | None, max_error_us: int) -> Finding:
    """Whether somebody keeps the clock, by the kernel's word; None where it can't be asked."""
    if state is None:
        return ok("clock", "ntp_unknown", "không đọc được trạng thái NTP", "NTP status can't be read here")
    if state == TIME_ERROR or max_error_us > MAX_ERROR_US:
        return wrong(
            Level.WARN,
            "clock",
            "ntp",
            Text("không có dịch vụ nào chỉnh đồng hồ máy này", "nobody keeps this machine's clock"),
            Text(
                "bật NTP: apt-get install chrony, hoặc timedatectl set-ntp true",
                "turn NTP on: apt-get install chrony, or timedatectl set-ntp true",
            ),
        )
    return ok(
        "clock",
        "ntp",
        f"được NTP chỉnh, sai tối đa {max_error_us / 1000:.0f} ms",
        f"kept by NTP, at most {max_error_us / 1000:.0f} ms off",
        figures={"max_error_s": max_error_us / 1e6},
    )


def stepped(starts: Sequence[tuple[float, float]], now: float, boot_now: float) -> Finding:
    """Whether the clock was moved since our processes began.

    Args:
        starts: of each process, (what the clock said when it began, seconds after boot when it did).
        now: what the clock says, seconds since 1970.
        boot_now: seconds after boot, which nobody can set.
    """
    # Where the clock would have been at that moment had it gone as evenly as the seconds since boot.
    steps = [(now - (boot_now - boot)) - said for said, boot in starts]
    moved = [step for step in steps if step < -BACK_S or step > FORWARD_S]
    if not moved:
        return ok(
            "clock",
            "steps",
            "không bị chỉnh đột ngột từ khi khởi động",
            "was not moved since our services began",
        )
    step = max(moved, key=abs)
    span, vi, en = lasting(abs(step)), "tới" if step > 0 else "lùi", "forward" if step > 0 else "back"
    return wrong(
        Level.WARN,
        "clock",
        "steps",
        Text(
            f"đồng hồ bị chỉnh {vi} {span.vi} khi dịch vụ đang chạy",
            f"was moved {en} by {span.en} while running",
        ),
        Text(
            "dùng NTP chỉnh dần; số đo nhận trong lúc đó có thời điểm nhận sai",
            "let NTP slew it; what was received meanwhile carries a wrong time of receipt",
        ),
        figures={"step_s": step},
    )


def offset(server: float, ours: float) -> Finding:
    """Our clock against a server's, as its answer's `Date` has it; to the second."""
    apart = server - ours
    if abs(apart) < APART_S:
        return ok(
            "clock", "offset", "khớp với máy chủ", "agrees with the server's", figures={"offset_s": apart}
        )
    span = lasting(abs(apart))
    return wrong(
        Level.WARN,
        "clock",
        "offset",
        Text(f"lệch đồng hồ máy chủ {span.vi}", f"this machine and the server are {span.en} apart"),
        Text("kiểm tra NTP ở cả hai máy", "look at NTP on both"),
        figures={"offset_s": apart},
    )


def of_gateways(clocks: Sequence[GatewayClock], ahead: Mapping[str, int], now_us: int) -> list[Finding]:
    """Gateways whose clock is not ours. `ahead`: rejects for a time in the future, lately, by gateway."""
    lately = [c for c in clocks if now_us - c.received_us < LATELY_S * 1e6]
    behind = [c for c in lately if _behind_s(c) > max(BEHIND_S, INTERVALS * c.reporting_s)]
    found = []
    if len(lately) > INTERVALS and max(len(behind), len(ahead)) * 2 > len(lately):
        found.append(
            wrong(
                Level.BAD,
                "clock",
                "ours",
                Text(
                    "phần lớn gateway không khớp đồng hồ máy này",
                    "most gateways disagree with this machine's clock",
                ),
                Text(
                    "rất có thể đồng hồ máy này sai: kiểm tra date và NTP",
                    "most likely this machine's is wrong: look at date and NTP",
                ),
            )
        )
    if behind:
        worst = max(behind, key=_behind_s)
        span = lasting(_behind_s(worst))
        names = named(sorted(c.gateway for c in behind))
        found.append(
            wrong(
                Level.WARN,
                "clock",
                "gateway_behind",
                Text(
                    f"gửi số đo mang giờ cũ: {names} (chậm nhất {worst.gateway}, {span.vi})",
                    f"send old times: {names} (most of all {worst.gateway}, {span.en})",
                ),
                Text(
                    "đồng hồ gateway chậm, hoặc nó đang gửi bù dữ liệu cũ; kiểm tra NTP ở gateway",
                    "a slow clock there, or a backlog being sent; look at the gateway's NTP",
                ),
            )
        )
    if not found and lately and not ahead:  # those are told with the rejects
        found.append(
            ok(
                "clock",
                "gateways",
                f"{len(lately)} gateway khớp giờ",
                f"{len(lately)} gateways agree with it",
            )
        )
    return found


def _behind_s(clock: GatewayClock) -> float:
    return (clock.received_us - clock.clock_us) / 1e6


def _ask_kernel() -> tuple[int | None, int]:
    asked = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked))
    except (OSError, AttributeError):  # not Linux, or forbidden in a sandbox
        return None, 0
    return (None, 0) if state < 0 else (int(state), int(asked.maxerror))


def _starts(run: Run, logs: Path) -> list[tuple[float, float]]:
    """Of each process of ours: what the clock said in its first line, and when after boot it began."""
    ticks = os.sysconf("SC_CLK_TCK")
    found = []
    for name, pid in run.pids.items():
        said = _first_line_of(logs / f"{name}.log", pid)
        if said is not None and run.started.get(name):
            found.append((said, run.started[name] / ticks))
    return found


def _first_line_of(log: Path, pid: int) -> float | None:
    try:
        lines = log.read_text("utf-8", "replace").splitlines()
    except OSError:
        return None
    for line in reversed(lines):
        match = _STARTING.search(line)
        if match is not None and pid in {int(number) for number in match.groups() if number}:
            stamp = re.search(r"\d{4}-\d\d-\d\dT[\d:.]+Z", line)
            return None if stamp is None else datetime.fromisoformat(stamp[0]).timestamp()
    return None
