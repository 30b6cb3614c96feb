"""Fixtures for everyone: the servers alone, as `up` configures them."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.support.up import NatsOnly, nats_only, postgres_only

LONG = (
    "test_docs_run.py",
    "test_no_reading_lost.py",
    "test_demo.py",
    "test_backup.py",
    "test_storage_away.py",
    "test_same_events.py",
    "test_up_faults.py",
    "test_openapi_schemathesis.py",
    "test_up.py",
    "test_exercise.py",
    "test_upgrade.py",
    "test_floods.py",
    "test_runtime_follow.py",
    "test_roads.py",
    "test_storm.py",
)
"""Files of the longest tests, the longest first: one that happens to come last keeps everybody waiting."""

# How long an example takes says how busy the machine is: three of us run here, beside their servers.
settings.register_profile(
    "unhurried", parent=settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("unhurried")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every worker begins with some of the longest; the rest stays in the order it was shuffled into.

    A worker begins with its part of the list, as many tests as any other has; later it takes from others.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    dealt: list[list[pytest.Item]] = [[] for _ in range(workers)]
    for place, name in enumerate(LONG):
        dealt[place % workers] += [item for item in items if item.path.name == name]
    rest = iter([item for item in items if item.path.name not in LONG])
    for worker, part in enumerate(dealt):
        size = len(items) * (worker + 1) // workers - len(items) * worker // workers
        part.extend(itertools.islice(rest, max(0, size - len(part))))
    items[:] = [*itertools.chain(*dealt), *rest]


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
