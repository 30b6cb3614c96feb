"""The log of this process as it was before: a command that runs here sets its own."""

import logging as stdlib
from collections.abc import Iterator

import pytest

from services.runtime import logging


@pytest.fixture(autouse=True)
def log_as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put back what `logging.configure` changes; a module that runs commands imports it."""
    for name, value in vars(logging._output).items():
        monkeypatch.setattr(logging._output, name, value)
    root = stdlib.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    level = root.level
    yield
    root.setLevel(level)
