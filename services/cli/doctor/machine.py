"""The machine: its memory, and how many files may be open."""

from collections.abc import Mapping
from pathlib import Path

from services.cli.doctor.finding import Finding, Level, ok, size, size_vi, wrong
from services.cli.doctor.ports import lines_of, links_in
from services.observation.text import Text, in_vietnamese
from services.runtime.run_file import Run

LEAST_MEMORY, SHORT_MEMORY = 0.05, 0.15
FILES_SHARE, FILES_FEW = 0.8, 4_096
"""Each MQTT connection is an open file of nats-server."""


def memory(read: Mapping[str, int], cap: int | None, killed: int, ours: Mapping[str, int]) -> Finding:
    """Memory of the machine, bytes; `cap` of our control group, `killed` by the kernel for want of it."""
    total = min(read.get("MemTotal", 0), cap or 1 << 62)
    left = (
        read.get("MemAvailable", 0)
        if cap is None
        else max(0, min(read["MemAvailable"], cap - sum(ours.values())))
    )
    most = sorted(ours.items(), key=lambda one: -one[1])[:3]
    parts = ", ".join(f"{name} {size(count)}" for name, count in most)
    taken = f"{size(sum(ours.values()))} ({parts})"
    what = Text(
        f"bộ nhớ còn {size_vi(left)} / {size_vi(total)}"
        + (f"; hệ thống dùng {in_vietnamese(taken)}" if ours else ""),
        f"{size(left)} of {size(total)} memory left" + (f"; we take {taken}" if ours else ""),
    )
    figures = {"free_bytes": float(left), "size_bytes": float(total), "ours_bytes": float(sum(ours.values()))}
    share = left / total if total else 1.0
    if killed or share < SHORT_MEMORY:
        told = Text(
            "; hệ điều hành đã dừng tiến trình vì thiếu bộ nhớ", "; the kernel has killed for want of it"
        )
        extra = told if killed else Text("", "")
        return wrong(
            Level.BAD if killed or share < LEAST_MEMORY else Level.WARN,
            "machine",
            "memory",
            Text(what.vi + extra.vi, what.en + extra.en),
            Text("thêm RAM, hoặc dừng chương trình khác", "add memory, or stop other programs"),
            figures=figures,
        )
    return ok("machine", "memory", what.vi, what.en, figures=figures)


def open_files(used: Mapping[str, tuple[int, int]]) -> Finding:
    """Open files and their limit, by process."""
    if not used:
        return ok("machine", "files", "không đọc được số tệp mở", "open files can't be read")
    name, (count, limit) = max(used.items(), key=lambda one: one[1][0] / max(one[1][1], 1))
    server_count, server_limit = used.get("nats-server", (count, limit))
    figures = {"open": float(count), "limit": float(limit)}
    raise_it = Text(
        "nâng LimitNOFILE của dịch vụ, hoặc ulimit -n, lên 65536",
        "raise LimitNOFILE of the unit, or ulimit -n, to 65536",
    )
    if count > FILES_SHARE * limit or server_limit < FILES_FEW:
        what = Text(
            f"{name} mở {count} / {limit} tệp; mỗi gateway cần một",
            f"{name} has {count} of {limit} files open; each gateway needs one",
        )
        level = Level.BAD if count > FILES_SHARE * limit else Level.WARN
        return wrong(level, "machine", "files", what, raise_it, figures=figures)
    return ok(
        "machine",
        "files",
        f"nats-server mở {server_count} / {server_limit} tệp",
        f"nats-server has {server_count} of {server_limit} files open",
        figures=figures,
    )


# --- reading /proc -------------------------------------------------------------------------------


def look(run: Run | None, *, running: bool) -> list[Finding]:
    """Memory and open files of this machine."""
    pids = dict(run.pids) if run is not None and running else {}
    ours = {name: count for name, pid in pids.items() if (count := _resident(pid)) is not None}
    used = {name: pair for name, pid in pids.items() if (pair := _files(pid)) is not None}
    cap, killed = _control_group()
    found = [memory(_memory(), cap, killed, ours)]
    if used:
        found.append(open_files(used))
    return found


def _memory() -> dict[str, int]:
    pairs = (line.split() for line in lines_of(Path("/proc/meminfo")))
    return {fields[0].rstrip(":"): int(fields[1]) * 1024 for fields in pairs if len(fields) > 1}


def _control_group() -> tuple[int | None, int]:
    """The limit of our control group, and how often the kernel has killed in it."""
    place = next((line[3:] for line in lines_of(Path("/proc/self/cgroup")) if line.startswith("0::")), None)
    if place is None:
        return None, 0
    folder = Path("/sys/fs/cgroup") / place.lstrip("/")
    limit = "".join(lines_of(folder / "memory.max")).strip()
    events = dict(line.split() for line in lines_of(folder / "memory.events") if len(line.split()) == 2)  # noqa: PLR2004
    return (int(limit) if limit.isdecimal() else None), int(events.get("oom_kill", 0))


def _resident(pid: int) -> int | None:
    for line in lines_of(Path(f"/proc/{pid}/status")):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return None


def _files(pid: int) -> tuple[int, int] | None:
    limits = next(
        (line for line in lines_of(Path(f"/proc/{pid}/limits")) if line.startswith("Max open files")), ""
    )
    fields = limits.split()
    if len(fields) < 4:  # noqa: PLR2004  Max open files SOFT
        return None
    soft = int(fields[3]) if fields[3].isdecimal() else 1 << 30
    return sum(1 for _ in links_in(Path(f"/proc/{pid}/fd"))), soft
