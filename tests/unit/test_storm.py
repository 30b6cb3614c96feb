"""A storm over 150 stations: few new things to look at, nothing real hidden. Two thousand: soak."""

from pathlib import Path

import pytest

from bench import storm
from bench._storm_chain import STAGES
from bench.storm import Stormed
from tests.support.once import once

STATIONS = 150


@pytest.fixture(scope="module")
def stormed(tmp_path_factory: pytest.TempPathFactory) -> Stormed:
    site = tmp_path_factory.mktemp("storm") / "site"
    return once(tmp_path_factory, "storm", lambda: storm.stormed(site, STATIONS))


def test_an_operator_has_at_most_one_new_thing_in_two_minutes(stormed: Stormed) -> None:
    spans = (stormed.span[1] - stormed.span[0]) / storm.TWO_MINUTES
    things = stormed.stages["situations"]
    assert len(stormed.annunciations) / spans > 2  # it is a flood of alarms to begin with
    assert len(things) / spans <= 1.0


def test_each_stage_leaves_less_to_look_at(stormed: Stormed) -> None:
    counts = [len(stormed.annunciations), *(len(stormed.stages[name]) for name in STAGES)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < counts[0] / 5


def test_no_alert_is_hidden(stormed: Stormed) -> None:
    """Each has a sound of its own, or is in a situation, or is explained by an alert, that was told."""
    assert [alert for alert, way in stormed.ways.items() if way.how in ("hidden", "fleeting")] == []


def test_everything_that_happened_was_told_in_time(stormed: Stormed) -> None:
    assert [(one.due.name.en, one.told_s) for one in stormed.met if not one.in_time] == []


def test_the_dead_gateway_and_the_chattering_contact_are_one_thing_each(stormed: Stormed) -> None:
    things = stormed.stages["situations"]
    assert sum(thing.hazard == "system" for thing in things) == 1
    doors = [way for way in stormed.ways.values() if way.data["rule"] == "cabinet-door"]
    assert len(doors) > 10
    assert sum(way.how == "own" for way in doors) <= 5
    assert {way.how for way in doors} == {"own", "chattering"}


def test_the_same_seed_gives_the_same_things(stormed: Stormed, tmp_path: Path) -> None:
    """Laid out and played again, shorter: every id and every instant is the same."""
    again = [storm.stormed(tmp_path / name, 80, minutes=20.0) for name in ("a", "b")]
    assert again[0].stages["situations"] == again[1].stages["situations"]
    assert stormed.stages["situations"]
