"""Take the database away under load: alerts keep coming, and afterwards not one reading is missing."""

import subprocess
import sys
import time
from pathlib import Path

from tests.support.databases import Postgres
from tests.support.events import all_events, backtest, essence
from tests.support.some_services import PROGRAM, STORING
from tests.support.storm import LADDER, write_storm
from tests.support.up import running
from tests.support.waiting import until
from tests.support.world import rows_of, write_site


def alerts_keep_coming_without_the_database(folder: Path, outage_s: float) -> None:
    """Replay a storm for as long as the outage and a little more; stop the database in the middle of it."""
    site = write_site(folder / "site", gateways=4, interval_s=300, attributes=LADDER)
    hours = 60.0
    readings = write_storm(folder / "storm.csv", hours=hours)
    expected = essence(backtest(site, [folder / "storm.csv"])["events"])
    server = Postgres(folder / "postgres")
    server.start()
    try:
        with running(site, folder / "data", "--database", server.dsn(), *STORING, program=PROGRAM) as up:
            host, port = up.mqtt
            speed = hours * 3600 / (outage_s + 8)
            command = [sys.executable, "-m", "services.cli", "replay", str(folder / "storm.csv")]
            command += ["--mqtt", f"{host}:{port}", "--site", str(site), "--speed", f"{speed:.0f}"]

            def told() -> int:
                return len(essence(all_events(up.http)))

            with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as replay:
                until(lambda: told() > 0, 20, "the first alert")
                server.stop()
                begun, before = time.monotonic(), told()
                until(lambda: time.monotonic() >= begun + outage_s / 2, outage_s, "half of the outage")
                # At once, unless the machine is slow.
                until(lambda: told() > before, outage_s, "an alert in the first half of the outage")
                middle = told()
                until(lambda: time.monotonic() >= begun + outage_s, outage_s, "the end of the outage")
                until(lambda: told() > middle, outage_s, "an alert in the second half of the outage")
                server.start()
                _, errors = replay.communicate(timeout=200)
                assert replay.returncode == 0, errors
            rows = rows_of(up.database)
            assert len(rows) == len(set(rows)) == readings
            until(lambda: len(essence(all_events(up.http))) >= len(expected), 40, "all events")
            assert essence(all_events(up.http)) == expected
    finally:
        server.stop()
