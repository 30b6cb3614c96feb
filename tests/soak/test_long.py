"""The long forms of what `make test` proves briefly."""

import random
from functools import partial
from pathlib import Path

from tests.support.kills import GATEWAYS, every_reading_becomes_one_row
from tests.support.outage import alerts_keep_coming_without_the_database
from tests.support.up import running
from tests.support.world import T0, write_site

DAY_US = 86_400_000_000


def test_with_the_database_stopped_for_two_minutes_alerts_keep_coming_and_no_reading_is_missing(
    tmp_path: Path,
) -> None:
    alerts_keep_coming_without_the_database(tmp_path, 120)


def test_forty_kills_in_a_row_lose_and_double_nothing(tmp_path: Path) -> None:
    luck = random.Random(7)
    with running(write_site(tmp_path / "site", gateways=GATEWAYS), tmp_path / "data") as up:
        for n in range(40):
            victim = luck.choice(["ingest", "archive", "nats-server", "postgres", "alerts", "api", "keeper"])
            every_reading_becomes_one_row(up, partial(up.kill, victim), T0 + n * DAY_US)
