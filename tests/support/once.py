"""What takes long to make and many tests only look at: made by one worker, read by the others."""

import fcntl
import os
import pickle
from collections.abc import Callable
from typing import TypeVar, cast

import pytest

Made = TypeVar("Made")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[], Made]) -> Made:
    """Return what `make` makes, made once in this run of the tests, however many workers ask for it.

    It is pickled in between, so nobody gets the object of somebody else.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # the folder that all workers of this run share
    kept = base / f"{name}.pickle"
    with (base / f"{name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not kept.exists():
            kept.write_bytes(pickle.dumps(make()))
    return cast("Made", pickle.loads(kept.read_bytes()))  # noqa: S301  our own, of a minute ago
