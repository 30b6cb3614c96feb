"""Rain becomes depth, floods and wet soil, and not a drop is lost or made."""

import numpy as np
import pytest

from simulators.city import water
from simulators.city.water import Rivers, Streets, Way

DT = 60.0
HOUR = 60


def storm(peak: float, minutes: int, length: int) -> np.ndarray:
    """mm/h, minute by minute: one hump, then nothing."""
    rain = np.zeros(length)
    rain[:minutes] = peak * np.sin(np.pi * np.arange(minutes) / minutes) ** 2
    return rain


def street(rain: np.ndarray, sea_m: float) -> np.ndarray:
    one = Streets(np.array([7.0]), np.array([40.0]), np.array([3.7]))
    depth, trace = np.zeros(1), []
    for falling in rain:
        depth = water.street_step(depth, one, np.array([falling]), sea_m, DT)
        trace.append(float(depth[0]))
    return np.array(trace)


def test_a_shower_floods_a_street_and_the_sewer_drains_it_within_hours() -> None:
    depth = street(storm(135.0, 56, 4 * HOUR), sea_m=2.0)
    assert 0.15 < depth.max() < 0.5
    assert depth[-1] == 0.0
    assert street(storm(30.0, 56, 4 * HOUR), sea_m=2.0).max() == 0.0  # what the sewer is built for


def test_the_same_shower_at_high_tide_floods_deeper_and_longer() -> None:
    rain = storm(135.0, 56, 6 * HOUR)
    low, high = street(rain, sea_m=2.0), street(rain, sea_m=4.3)
    assert high.max() > low.max() + 0.05
    assert (high > 0.1).sum() > 1.5 * (low > 0.1).sum()


def test_all_rain_on_a_street_is_drained_or_still_there() -> None:
    """While water stands, the sewer runs full: what is there is what came less what it took."""
    rain = np.full(90, 80.0)
    depth = street(rain, sea_m=2.0)
    came, went = 7.0 * water.PAVED * 80.0 * 1.5 / 1000, 7.0 * 40.0 * 1.5 / 1000
    assert depth[-1] == pytest.approx(came - went)


def network() -> Rivers:
    """A reservoir, and two gauges below it."""
    area = np.array([150.0, 90.0, 60.0])
    ways = [Way(1, 2, 7200.0), Way(0, 1, 5400.0)]
    return Rivers(area, water.hold_s(area), ways, np.array([30e6, np.nan, np.nan]))


def test_every_cubic_metre_of_rain_leaves_the_mouth_or_is_still_on_its_way() -> None:
    rivers = network()
    before, came, left = rivers.held_m3(), 0.0, 0.0
    rain = np.stack([storm(90.0, 120, 12 * HOUR), storm(60.0, 90, 12 * HOUR), storm(20.0, 60, 12 * HOUR)], 1)
    for falling in rain:
        rivers.step(falling, DT)
        came += float((water.RUNOFF * falling / 3.6 * rivers.area).sum() * DT)
        came += float(water.BASE_M3S_KM2 * rivers.area.sum() * DT)
        left += float(rivers.flow[2] * DT)
    assert rivers.held_m3() - before == pytest.approx(came - left, rel=1e-9)
    assert left > 1e6


def test_a_flood_comes_later_and_flatter_downstream() -> None:
    rivers = network()
    trace = []
    for falling in storm(90.0, 90, 24 * HOUR):
        rivers.step(np.array([0.0, falling, 0.0]), DT)  # rain on the middle catchment alone
        trace.append(rivers.flow.copy())
    flow = np.array(trace)
    assert flow[:, 1].argmax() > 60  # the catchment answers after the height of the rain
    assert flow[:, 2].argmax() - flow[:, 1].argmax() > 45
    assert flow[:, 2].max() < 0.9 * flow[:, 1].max()


def test_a_full_reservoir_holds_a_flood_back_and_spills_for_long() -> None:
    rivers = network()
    trace = []
    for falling in storm(100.0, 180, 24 * HOUR):
        rivers.step(np.array([falling, 0.0, 0.0]), DT)
        trace.append((rivers.inflow[0], rivers.flow[0], rivers.storage[0]))
    inflow, outflow, storage = np.array(trace).T
    assert outflow.max() < 0.7 * inflow.max()
    assert outflow.argmax() > inflow.argmax() + 60
    assert storage.max() > 30e6


def test_a_river_stands_at_bd3_when_its_channel_is_full() -> None:
    full = water.bank_full(np.array([6.0, 300.0]))
    low, bd3 = np.array([0.55, 0.75]), np.array([1.6, 2.5])
    assert water.stage(full, full, low, bd3) == pytest.approx(bd3)
    assert water.stage(np.zeros(2), full, low, bd3) == pytest.approx(low)


@pytest.mark.parametrize("ways", [[Way(0, 1, 60.0), Way(1, 0, 60.0)], [Way(0, 1, 60.0), Way(0, 2, 60.0)]])
def test_a_river_neither_runs_in_circles_nor_parts(ways: list[Way]) -> None:
    with pytest.raises(ValueError, match="a river"):
        Rivers(np.ones(3), np.ones(3), ways)


def test_soil_takes_rain_in_at_once_and_gives_it_up_over_days() -> None:
    moisture = np.array([20.0])
    for _ in range(HOUR):
        moisture = water.soil_step(moisture, np.array([40.0]), DT)
    wet = float(moisture[0])
    assert 26.0 < wet < 32.0
    for _ in range(48 * HOUR):
        moisture = water.soil_step(moisture, np.array([0.0]), DT)
    assert 20.0 < float(moisture[0]) < wet
