"""What a part of the bench is given."""

import contextlib
import io
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

FULL_S = 60.0


class Given(NamedTuple):
    """How long to take, where to write, and where progress goes.

    Attributes:
        folder: an empty folder of this part's own, removed afterwards.
        seconds: length of the sustained part; other parts shrink and grow with it.
        quick: smallest sizes: shows that everything works, its figures mean little.
    """

    folder: Path
    seconds: float = FULL_S
    quick: bool = False

    def part(self, full: float, quick: float) -> float:
        """Length or size of something: `full` of a full run, `quick` of a quick one."""
        return quick if self.quick else full * self.seconds / FULL_S

    def say(self, text: str) -> None:
        """Progress."""
        sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")
        sys.stderr.flush()


class Skipped(Exception):  # noqa: N818  a fact about this machine
    """This part can't be measured here; the message names what is missing and how to get it."""


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """What a command or a service in this process would say of its progress is left unsaid."""
    with contextlib.redirect_stderr(io.StringIO()):
        yield
