"""A disk that runs full stops readings, says so, and costs nothing once there is room again."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from services.runtime.nats import OrderLost, connect, publish_in_order
from tests.support.stub_services import LIGHT, PROGRAM
from tests.support.up import Up, running
from tests.support.waiting import until
from tests.support.world import write_site

MB = 1 << 20


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 420 MB."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=420M", "tmpfs", disk], check=False)
    if mounted.returncode != 0:
        pytest.skip("mounting is forbidden here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def publish(up: Up, size: int) -> int:
    """Put one message on READINGS; the value is its sequence, 0 when it was not taken."""

    async def one() -> int:
        connection = await connect(up.settings(), "test")
        try:
            last = (await connection.js.stream_info("READINGS")).state.last_seq
            return await publish_in_order(
                connection.js, [("readings.1", bytes(size), None)], last, timeout_s=1.0
            )
        except (OrderLost, NatsError, APIError):
            return 0
        finally:
            await connection.close()

    return asyncio.run(one())


def test_after_a_full_disk_readings_flow_again_without_anybodys_hand(
    small_disk: Path, tmp_path: Path
) -> None:
    data = small_disk / "data"
    with running(write_site(tmp_path / "site"), data, *LIGHT, program=PROGRAM) as up:
        ballast = small_disk / "ballast"
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, shutil.disk_usage(small_disk).free - 10 * MB)
        stored = [publish(up, MB)]
        assert stored[0] == 1

        def full() -> bool:
            stored.append(publish(up, MB))
            return not stored[-1] and "complaint up store: " in up.stderr

        until(full, 40, "the complaint")
        until(lambda: "complaint up disk: the disk is nearly full" in up.stderr, 10, "the other complaint")
        ballast.unlink()
        until(lambda: publish(up, 10) > max(stored), 40, "the next reading to be stored")
        until(lambda: "settled up store" in up.stderr, 10, "the end of the complaint")
