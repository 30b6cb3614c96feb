"""The keeper as a process of its own, that can be killed."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.api_rig import Rig
from tests.support.up import ROOT


class Keeper:
    """The keeper as a process of its own, that can be killed."""

    def __init__(self, machine: Rig, **environment: str) -> None:
        self._command = [
            sys.executable,
            "-m",
            "services.cli",
            "keeper",
            "--nats",
            machine.server.url("keeper"),
        ]
        self._environment = {**os.environ, **environment}
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, cwd=ROOT, env=self._environment, stderr=subprocess.DEVNULL
        )

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(40)
            self._process = None


@contextmanager
def keeping(machine: Rig, **environment: str) -> Iterator[Keeper]:
    kept = Keeper(machine, **environment)
    try:
        yield kept
    finally:
        kept.kill()
