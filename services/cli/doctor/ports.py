"""Ports: who listens where, as `/proc` tells it, and whether it is us."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from services.cli.doctor.finding import Finding, Level, ok, wrong
from services.observation.text import Text
from services.runtime.run_file import Run
from services.runtime.settings import is_loopback

_LISTEN = "0A"


class Listener(NamedTuple):
    """Who listens on a port."""

    host: str
    port: int
    pid: int | None
    program: str


def ports(run: Run, listeners: list[Listener], *, running: bool) -> Iterator[Finding]:
    """Whether our addresses are held by us, and what is open to others."""
    held = {listener.port: listener for listener in listeners}
    pids = {pid: name for name, pid in run.pids.items()}
    said: list[str] = []
    for name, url in (("mqtt", run.mqtt), ("http", run.http), ("nats", run.nats), ("database", run.database)):
        port = port_of(url or "")
        listener = held.get(port) if port else None
        if not port:
            continue
        if listener is None:
            if running and not _is_elsewhere(url or ""):
                yield wrong(
                    Level.BAD,
                    "service",
                    f"port.{name}",
                    Text(
                        f"không có chương trình nào nghe ở cổng {name} {port}",
                        f"nobody listens on {name} port {port}",
                    ),
                    Text("xem nhật ký của dịch vụ đó", "look at that service's log"),
                )
            continue
        if running and (listener.pid in pids or listener.pid is None):
            said.append(f"{name} {port}")
            continue
        who = f"{listener.program} (pid {listener.pid})" if listener.pid else "?"
        yield wrong(
            Level.BAD if running else Level.WARN,
            "service",
            f"port.{name}",
            Text(f"cổng {name} {port} do {who} giữ", f"{name} port {port} is held by {who}"),
            Text(
                f"dừng nó, hoặc chọn cổng khác cho --{name}", f"stop it, or choose another port for --{name}"
            ),
        )
    yield from _open_to_others(run, listeners, pids)
    if said:
        yield ok("service", "ports", f"đang nghe: {', '.join(said)}", f"listening: {', '.join(said)}")


def _open_to_others(run: Run, listeners: list[Listener], pids: Mapping[int, str]) -> Iterator[Finding]:
    ours = {port_of(run.mqtt), port_of(run.http)}
    wide = [one for one in listeners if one.pid in pids and one.port in ours and not is_loopback(one.host)]
    for one in wide:
        yield wrong(
            Level.WARN,
            "service",
            f"open.{one.port}",
            Text(
                f"{pids[one.pid or 0]} nghe ở {one.host}:{one.port}: máy khác vào được, không cần tài khoản",
                f"{pids[one.pid or 0]} listens on {one.host}:{one.port}: open to others without accounts",
            ),
            Text(
                "chỉ dùng trong mạng khép kín; chặn cổng bằng tường lửa",
                "for a closed network only; close the port with a firewall",
            ),
        )


def port_of(url: str) -> int | None:
    """The port in an address; None when there is none."""
    match = re.search(r":(\d+)(?:/|\?|$)", url)
    return int(match[1]) if match else None


def _is_elsewhere(url: str) -> bool:
    host = url.rpartition("@")[2].rpartition("://")[2].partition("/")[0].rpartition(":")[0]
    return bool(host) and not is_loopback(host.strip("[]"))


# --- reading /proc -------------------------------------------------------------------------------


def listeners() -> list[Listener]:
    """Who listens on which TCP port; without the right to see, nobody's name."""
    sockets: dict[str, tuple[str, int]] = {}
    for table in ("tcp", "tcp6"):
        for fields in map(str.split, lines_of(Path(f"/proc/net/{table}"))[1:]):
            if len(fields) > 9 and fields[3] == _LISTEN:  # noqa: PLR2004  the inode's place
                host, _, port = fields[1].rpartition(":")
                sockets[fields[9]] = (_host(host), int(port, 16))
    owners: dict[str, int] = {}
    for entry in Path("/proc").iterdir() if sockets else ():
        if entry.name.isdecimal():
            for link in links_in(entry / "fd"):
                inode = link.removeprefix("socket:[").removesuffix("]")
                if inode in sockets:
                    owners[inode] = int(entry.name)
    return [
        Listener(host, port, owners.get(inode), _program(owners.get(inode)))
        for inode, (host, port) in sockets.items()
    ]


def _host(text: str) -> str:
    if len(text) == 8:  # noqa: PLR2004  IPv4 in hex, its bytes from the last
        return ".".join(str(int(text[at : at + 2], 16)) for at in (6, 4, 2, 0))
    return (
        "::" if set(text) == {"0"} else "::1" if text.endswith("01000000") and text[:24] == "0" * 24 else text
    )


def _program(pid: int | None) -> str:
    return "".join(lines_of(Path(f"/proc/{pid}/comm"))).strip() if pid else ""


def lines_of(file: Path) -> list[str]:
    """Lines of a file; none when it can't be read."""
    try:
        return file.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def links_in(folder: Path) -> Iterator[str]:
    """Where the links of a folder lead; none when it can't be read."""
    try:
        names = os.listdir(folder)  # noqa: PTH208  thousands of them, and their paths are not needed
    except OSError:
        return
    for name in names:
        try:
            yield os.readlink(f"{folder}/{name}")  # noqa: PTH115  as above
        except OSError:
            continue
