"""Instants: µs inside, ISO 8601 outside."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation.instants import iso, micros


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_an_instant_comes_back_to_the_microsecond(us: int) -> None:
    assert micros(iso(us)) == us


def test_a_fraction_is_written_only_when_there_is_one() -> None:
    assert iso(1_763_600_400_000_000) == "2025-11-20T01:00:00Z"
    assert iso(1_763_600_400_000_001) == "2025-11-20T01:00:00.000001Z"
    assert iso(0) == "1970-01-01T00:00:00Z"


@pytest.mark.parametrize(
    "text",
    ["2025-11-20T08:00:00+07:00", "2025-11-20T01:00:00+00:00", "2025-11-20T01:00:00Z", "20251120T010000Z"],
)
def test_every_zone_is_the_same_instant(text: str) -> None:
    assert micros(text) == 1_763_600_400_000_000


@pytest.mark.parametrize("text", ["2025-11-20T08:00:00", "2025-11-20"])
def test_a_time_without_a_zone_is_a_guess_and_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        micros(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2025-13-01T00:00:00Z", "1763600400"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  the words are Python's
        micros(text)
