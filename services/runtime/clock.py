"""The wall clock. Shells read it here and pass on what it says; pure rooms get it as an argument."""

import time


def now_us() -> int:
    """What the wall clock says, µs since 1970 UTC. It may jump: durations are measured by `monotonic`."""
    return time.time_ns() // 1000
