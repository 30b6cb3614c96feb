"""Rows of sensor ids: however packs name them, each id finds its own row."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.columns.ids import Ids
from services.observation.batch import Batch
from services.observation.sources import Source

NAMES = [f"g{gateway}-s{at}.water_level" for gateway in range(5) for at in range(12)]
ROW = {name: at for at, name in enumerate(NAMES)}
REAL = 50
"""What lies from here on is derived, and nobody else may send it."""


def batch(packs: list[list[str]]) -> Batch:
    """One reading of each id named, as `concat` would join the packs: each id listed once."""
    listed = list(dict.fromkeys(name for pack in packs for name in pack))
    sensor = np.array([listed.index(name) for pack in packs for name in pack], np.uint32)
    fresh = [bytes(name, "ascii").decode() for name in listed]
    sources = [Source("gw", "", 0, 0, 1, 1, len(pack)) for pack in packs]
    count = len(sensor)
    return Batch(
        sources, fresh, np.arange(count, dtype=np.int64), sensor, np.zeros(count), np.ones(count, np.uint8)
    )


packs = st.lists(st.lists(st.sampled_from([*NAMES, "nobody.tilt"]), max_size=30), max_size=6)


@given(st.lists(packs, max_size=6))
def test_each_id_finds_its_row_however_packs_name_them_and_come_again(turns: list[list[list[str]]]) -> None:
    ids = Ids(ROW, REAL)
    for turn in [*turns, *turns]:
        one = batch(turn)
        expected = [ROW[name] if ROW.get(name, REAL) < REAL else -1 for name in one.sensors]
        assert ids.rows(one).tolist() == expected


def test_lists_that_are_remembered_are_bounded() -> None:
    ids = Ids(ROW, REAL)
    for at in range(3000):
        names = [f"x{at}-{n}.tilt" for n in range(20)]
        ids.rows(batch([names, NAMES[:20]]))
    assert ids.held <= ids.most
