"""The whole storm: two thousand stations, several seeds."""

from pathlib import Path

import pytest

from bench import storm


@pytest.mark.parametrize("seed", [26506, 7, 1997])
def test_over_two_thousand_stations_one_new_thing_in_two_minutes_and_nothing_hidden(
    tmp_path: Path, seed: int
) -> None:
    found = storm.stormed(tmp_path / "site", storm.STATIONS, seed)
    assert len(found.site.stations) == storm.STATIONS
    things = found.stages["situations"]
    assert len(things) * storm.TWO_MINUTES <= found.span[1] - found.span[0]
    assert {way.how for way in found.ways.values()} <= {"own", "situation", "inhibited", "chattering"}
    assert [(one.due.name.en, one.told_s) for one in found.met if not one.in_time] == []
