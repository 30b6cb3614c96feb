"""Fixtures for everyone: the servers alone, as `up` configures them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.up import NatsOnly, nats_only, postgres_only

LONG = ("test_demo.py", "test_docs_run.py", "test_exercise.py", "test_up_faults.py", "test_storm.py")
"""Files of the longest tests: one that happens to come last keeps everybody waiting."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest; the rest stays in the order it was shuffled into."""
    items.sort(key=lambda item: item.path.name not in LONG)


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsOnly]:
    """A nats-server of its own, without streams."""
    with nats_only(tmp_path / "nats-only") as server:
        yield server


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The embedded PostgreSQL, one for the session; make a database of your own in it."""
    with postgres_only(tmp_path_factory.mktemp("postgres-only")) as url:
        yield url
