"""Quality of one observation, in the numbers of QARTOD.

Source: QARTOD flag convention (IOC 54:V3), as used by ioos_qc.
"""

from enum import IntEnum


class Flag(IntEnum):
    """QARTOD flag of one observation."""

    PASS = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


# MISSING is the highest number and the lowest rank: combining flags by `max` would be wrong.
RANK = {Flag.MISSING: 0, Flag.NOT_EVALUATED: 1, Flag.PASS: 2, Flag.SUSPECT: 3, Flag.FAIL: 4}


def worst(*flags: Flag) -> Flag:
    """Combine the flags of several tests of one observation; none at all is NOT_EVALUATED."""
    return max(flags, key=RANK.__getitem__, default=Flag.NOT_EVALUATED)
