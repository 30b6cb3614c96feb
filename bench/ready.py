"""`haidang up` to its line `ready`: on an empty folder (cold), and on a folder it has made before (warm).

Ready means that the first reading can come in, and that a canary has gone all the way. The files of the
programs are in the page cache either way: a box that was just switched on pays its disk on top.
"""

import statistics
from typing import Any

from bench._given import Given
from bench._rig import GATEWAYS, RULES, STATIONS, load
from tests.support.up import running
from tests.support.world import write_site

WARM = 3


def measure(given: Given) -> dict[str, Any]:
    """Seconds, and the load before each start."""
    site = write_site(given.folder / "site", gateways=GATEWAYS, stations=STATIONS, rules=RULES)
    took, before = [], []
    for turn in range(1 + (1 if given.quick else WARM)):
        before.append(load())
        given.say(f"ready: {'warm' if turn else 'cold'} start")
        with running(site, given.folder / "data") as up:
            took.append(up.ready_s)
    return {
        "cold_s": took[0],
        "warm_s": statistics.median(took[1:]),
        "warm_each_s": took[1:],
        "loads": before,
    }
