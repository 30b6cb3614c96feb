"""Cutting packs: order kept, base fields kept, limits kept."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from edge import splitting
from services.observation import senml

RECORDS = st.lists(
    st.fixed_dictionaries(
        {"n": st.sampled_from(["a", "b"]), "v": st.integers(0, 9)},
        optional={
            "bn": st.sampled_from(["x.", "y."]),
            "bt": st.integers(10**9, 10**9 + 5),
            "bu": st.sampled_from(["m"]),
        },
    ),
    min_size=1,
    max_size=12,
)


def _resolved(packs: list[bytes]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for pack in packs:
        found = senml.resolve(msgspec.json.decode(pack, type=list[senml.Record]))
        rows += zip(found.names, found.times, found.values, found.units, strict=True)
    return rows


@given(RECORDS, st.integers(1, 5))
def test_cut_packs_mean_what_the_whole_meant(records: list[dict[str, Any]], most: int) -> None:
    whole = _resolved([msgspec.json.encode(records)])
    before = splitting.MAX_RECORDS
    splitting.MAX_RECORDS = most
    try:
        packs = list(splitting.packs(records))
    finally:
        splitting.MAX_RECORDS = before
    assert _resolved(packs) == whole
    assert all(len(msgspec.json.decode(pack)) <= most for pack in packs)


def test_an_empty_list_is_one_empty_pack() -> None:
    assert list(splitting.packs([])) == [b"[]"]


def test_exactly_the_limit_is_one_pack_and_one_more_is_two() -> None:
    record = {"n": "a", "v": 1}
    assert len(list(splitting.packs([record] * splitting.MAX_RECORDS))) == 1
    assert len(list(splitting.packs([record] * (splitting.MAX_RECORDS + 1)))) == 2
