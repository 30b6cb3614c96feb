"""Trailing windows: many readings at once are kept as they would be one by one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.columns.window import Ring
from tests.support.engine_world import SECOND, T0


def windows() -> Ring:
    return Ring(np.full(2, 1600 * SECOND, np.int64), 16)


def keep(ring: Ring, at: int, time: int, value: float) -> None:
    ring.put(np.array([at]), np.array([time]), np.array([value]))


@given(st.lists(st.tuples(st.integers(0, 1), st.integers(0, 4000), st.integers(0, 9)), max_size=40))
def test_readings_kept_together_are_those_kept_one_by_one(rows: list[tuple[int, int, int]]) -> None:
    together, singly, halves = windows(), windows(), windows()
    at, time, value = (
        np.array(column, np.int64) for column in (zip(*rows, strict=True) if rows else ([], [], []))
    )
    time = T0 + time * SECOND
    together.put(at, time, value.astype(float))
    for part in (slice(0, len(at) // 2), slice(len(at) // 2, None)):
        halves.put(at[part], time[part], value[part].astype(float))
    for row in zip(at.tolist(), time.tolist(), value.astype(float).tolist(), strict=True):
        keep(singly, *row)
    for other in (singly, halves):
        assert np.array_equal(together.time, other.time)
        assert np.array_equal(together.value, other.value, equal_nan=True)


def test_a_slot_keeps_its_first_reading_until_its_next_turn() -> None:
    kept = windows()
    keep(kept, 0, T0, 1.0)
    keep(kept, 0, T0 + SECOND, 2.0)
    assert np.nansum(kept.value) == 1.0
    keep(kept, 0, T0 + 1700 * SECOND, 3.0)  # 17 slots of 100 s later
    assert np.nansum(kept.value) == 3.0
    keep(kept, 0, T0, 1.0)
    assert np.nansum(kept.value) == 3.0
