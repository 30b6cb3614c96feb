"""The scripted storm: the same by its seed, over any site, and what it breaks is there to be broken."""

from pathlib import Path

import numpy as np
import pytest

from services.observation.instants import SECOND
from services.observation.site import Site
from simulators.city.city import Simulation
from simulators.city.place import read_site
from simulators.city.script import FaultAt, Script
from simulators.city.typhoon import MINUTES, typhoon

PATTERN = Path("sites/vung-tau")
START = 1_762_335_000 * SECOND


@pytest.fixture(scope="module")
def site() -> Site:
    return read_site(PATTERN)


def test_the_same_seed_tells_the_same_storm_and_another_one_another(site: Site) -> None:
    assert typhoon(site, 7) == typhoon(site, 7)
    assert typhoon(site, 7).story.shower != typhoon(site, 8).story.shower


def test_it_breaks_something_of_every_kind(site: Site) -> None:
    found = typhoon(site, 7)
    assert {fault.kind for fault in found.story.fault} == {"dead", "lamp", "spike", "chatter"}
    hazards = {one.hazard for one in found.injected}
    assert hazards == {"flood", "rip_current", "lightning", "lighting", "tree", "environment", "system"}
    for one in found.injected:
        assert one.station is None or one.station in site.stations
        assert one.gateway is None or one.gateway in site.gateways
        assert set(one.areas) <= set(site.areas) | {"site"}


def test_a_shorter_storm_is_the_same_one_faster(site: Site) -> None:
    whole, half = typhoon(site, 7), typhoon(site, 7, MINUTES / 2)
    assert [one.over for one in half.story.shower] == [one.over for one in whole.story.shower]
    assert [2 * one.minute for one in half.story.fault] == pytest.approx(
        [one.minute for one in whole.story.fault]
    )


def test_a_site_without_a_sea_or_a_lamp_has_its_storm_too(site: Site) -> None:
    rain = {name: one for name, one in site.sensors.items() if one.property == "rainfall"}
    dry = Site(**{f: getattr(site, f) for f in site.__struct_fields__} | {"sensors": rain, "sources": ()})
    found = typhoon(dry, 7)
    assert {one.hazard for one in found.injected} == {"flood", "system"}
    assert found.story.shower


def test_a_contact_that_chatters_says_each_change(site: Site) -> None:
    door = "vt-lamp-001.door"
    fault = FaultAt(kind="chatter", target=door, minute=10, minutes=20, amount=1.0)
    simulation = Simulation(site, Script(), 7, START, (fault,))
    rows = simulation.until(START + 40 * 60 * SECOND)
    mine = rows.sensor == simulation.sensors.row[door]
    value, time = rows.value[mine], rows.time[mine]
    inside = (time >= START + 10 * 60 * SECOND) & (time < START + 30 * 60 * SECOND)
    assert np.count_nonzero(np.diff(value[inside])) >= 8
    assert not value[~inside].any()
