"""Flashes, jumps, cells and their arrival. Domain notes 3.4 and 3.5."""

import numpy as np
import pytest

from services.alerts.hazards import _lightning_arrival as coming
from services.alerts.hazards import _lightning_cells as cells
from services.alerts.hazards import _lightning_rings as rings
from services.alerts.hazards._lightning_flashes import Jump, flashes, jumps
from services.alerts.hazards._lightning_grid import connected
from tests.support.strikes import LAT, LON, MINUTE, T0, position, strikes

RATES = np.array([4, 6, 9, 11, 12, 14, 15, 17, 30, 52, 60, 50.0])


def test_the_worked_vector_of_the_two_sigma_jump() -> None:
    """3.4: samples 9 and 10 jump, 11 and 12 do not; without a floor steady growth does at sample 8."""
    strength = jumps(RATES)
    assert np.flatnonzero(~np.isnan(strength)).tolist() == [8, 9]
    assert strength[9] == pytest.approx(11 / (2 * 2.311), rel=1e-3)
    bare = jumps(RATES, Jump(floor=0.0))
    assert np.flatnonzero(~np.isnan(bare)).tolist() == [7, 8, 9]
    assert bare[8] == pytest.approx(6.5 / 0.490, rel=1e-3)


def test_a_jump_needs_ten_flashes_a_minute_and_fourteen_minutes_of_history() -> None:
    assert np.isnan(jumps(RATES / 6)).all()
    assert np.isnan(jumps(RATES[4:10])).all()
    gone = RATES.copy()
    gone[4] = np.nan
    assert np.isnan(jumps(gone)[8:10]).all()


def group(*strokes: tuple[float, float]) -> list[int]:
    """Flash of each stroke of (seconds, km east)."""
    lat, lon = position(np.array([km for _, km in strokes]), np.zeros(len(strokes)))
    found: list[int] = flashes(np.array([round(s * 1e6) for s, _ in strokes]), lat, lon).tolist()
    return found


def test_strokes_are_grouped_by_half_a_second_a_second_and_ten_kilometres() -> None:
    """3.4 in 3.5's last paragraph: <= 0.5 s between, <= 1.0 s in all, <= 10 km."""
    assert group((0, 0), (0.4, 1), (0.9, 2), (1.1, 0)) == [0, 0, 0, 1]
    assert group((0, 0), (0.6, 0)) == [0, 1]
    assert group((0, 0), (0.3, 11), (0.5, 9)) == [0, 1, 0] or group((0, 0), (0.3, 11), (0.5, 9)) == [0, 1, 1]
    assert group((0, 0), (0.3, 9.9)) == [0, 0]


def test_many_of_the_very_same_instant_are_flashes_of_a_product_not_strokes() -> None:
    assert group((0, 0), (0, 1), (0, 2)) == [0, 1, 2]


def test_squares_hang_together_as_a_flood_fill_would_find() -> None:
    rng = np.random.default_rng(2)
    key = np.unique(rng.integers(0, 60, 300) * 100 + rng.integers(0, 60, 300))
    row, column = key // 100, key % 100
    label = connected(row, column)
    near = np.maximum(np.abs(row[:, None] - row), np.abs(column[:, None] - column)) <= 3
    reach = near.copy()
    for _ in range(8):
        reach = (reach.astype(np.int64) @ reach.astype(np.int64)) > 0
    assert ((label[:, None] == label) == reach).all()


def storm(
    start: tuple[float, float], speed: tuple[float, float], *, minutes: int = 30, per_minute: int = 10,
    sigma: float = 2.0, seed: int = 1,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Strikes of a cell that is at `start` (km) at T0 and moves by `speed` (km/h): time, east, north."""
    rng = np.random.default_rng(seed)
    time = np.sort(T0 - rng.integers(0, minutes * MINUTE, minutes * per_minute))
    hours = (time - T0) / 3.6e9
    drift = [at + v * hours + rng.normal(0, sigma, len(time)) for at, v in zip(start, speed, strict=True)]
    return time, drift[0], drift[1]


def arrival(*args: np.ndarray) -> tuple[float, float]:
    """Minutes to the 10 km ring round the place, and the direction."""
    given = strikes(*args)
    found = cells.storms(given.time, given.lat, given.lon, T0, given.place_lat)
    eta, way = coming.arrival(found, given.place_lat, given.place_lon, np.array([10.0]))
    return float(eta[0]), float(way[0])


def test_a_cell_on_its_way_has_a_velocity_and_a_time_of_arrival() -> None:
    """40 km west, 45 km/h eastward, edge at 10 km plus one radius (2 sqrt 2): 36 min."""
    time, east, north = storm((-40, 0), (45, 0))
    given = strikes(time, east, north)
    found = cells.storms(given.time, given.lat, given.lon, T0, given.place_lat).cells[10.0]
    assert len(found.lat) == 1
    assert found.east[0] == pytest.approx(45, abs=4)
    assert found.north[0] == pytest.approx(0, abs=4)
    eta, way = arrival(time, east, north)
    assert eta == pytest.approx((40 - 10 - 2.83) / 45 * 60, abs=4)
    assert way == pytest.approx(270, abs=3)


def test_a_cell_that_leaves_passes_by_or_is_too_young_has_no_arrival() -> None:
    assert np.isnan(arrival(*storm((40, 0), (45, 0)))[0])
    assert np.isnan(arrival(*storm((-40, 40), (45, 0)))[0])
    assert np.isnan(arrival(*storm((-40, 0), (45, 0), minutes=12))[0])


def test_no_arrival_above_120_km_an_hour_or_where_no_line_fits() -> None:
    """3.5: no ETA if speed > 120 km/h or fit residual > 5 km."""
    assert np.isnan(arrival(*storm((-60, 0), (140, 0), per_minute=40))[0])
    time, east, north = storm((-45, 0), (40, 0), per_minute=60, sigma=1.0)
    assert not np.isnan(arrival(time, east, north)[0])
    # It swings across the line within the half hour: still one cell, and no line.
    north = north + 12 * np.sin((time - T0) / 4e8)
    assert np.isnan(arrival(time, east, north)[0])


def test_the_smallest_root_from_outside() -> None:
    one = [np.array([x]) for x in (-30.0, 0.0, 60.0, 0.0, 10.0)]
    assert coming.first_root(*one)[0] == pytest.approx(20 / 60)
    assert np.isnan(coming.first_root(*[np.array([x]) for x in (-5.0, 0.0, 60.0, 0.0, 10.0)])[0])
    assert np.isnan(coming.first_root(*[np.array([x]) for x in (-30.0, 11.0, 60.0, 0.0, 10.0)])[0])


@pytest.mark.parametrize(("away", "phase"), [(22.0, rings.PREPARE), (32.0, rings.MONITOR), (50.0, None)])
def test_a_cell_half_an_hour_off_is_monitored_and_a_quarter_off_prepared_for(
    away: float, phase: int | None
) -> None:
    time, east, north = storm((-away, 0), (45, 0), sigma=0.5)
    answer = rings.step(strikes(time, east, north, mill=0.0))
    found = answer.values[rings.PHASE, 0] if len(answer.place) else np.nan
    assert (None if np.isnan(found) else found) == phase


def test_two_cells_are_two_and_the_sooner_counts() -> None:
    parts = [storm((-50, 0), (45, 0)), storm((0, 35), (0, -50), seed=3)]
    time = np.concatenate([part[0] for part in parts])
    order = np.argsort(time, kind="stable")
    east, north = (np.concatenate([part[k] for part in parts])[order] for k in (1, 2))
    eta, way = arrival(time[order], east, north)
    assert eta == pytest.approx((35 - 10 - 2.83) / 50 * 60, abs=4)
    assert min(way, 360 - way) < 5


def test_the_order_of_strikes_of_one_instant_changes_no_bit() -> None:
    time, east, north = storm((-40, 5), (45, 0))
    time = time // MINUTE * MINUTE
    mixed = np.lexsort((np.random.default_rng(0).random(len(time)), time))
    assert arrival(time, east, north) == arrival(time[mixed], east[mixed], north[mixed])


def test_which_other_places_are_asked_for_changes_no_bit() -> None:
    time, east, north = storm((-40, 5), (45, 0))
    alone = rings.step(strikes(time, east, north, mill=0.0)).values[:, 0]
    many = strikes(time, east, north, mill=0.0, places=[(0, 0), (30, -200), (5, 5)])
    assert np.array_equal(rings.step(many).values[:, 0], alone, equal_nan=True)


def test_a_cell_whose_flashes_leap_is_told_at_places_within_40_km() -> None:
    """The rates of the worked vector up to sample 9, as flashes of a cell that stands still."""
    rng = np.random.default_rng(6)
    parts = []
    for back, rate in enumerate(RATES[:9][::-1]):
        parts.append(T0 - back * 2 * MINUTE - rng.choice(119, int(rate) * 2, replace=True) * 1_000_003)
    time = np.sort(np.concatenate(parts))
    spread = rng.normal(0, 2, (2, len(time)))
    # Flashes lie apart by their time; those within 0.5 s and 10 km would be one.
    time = T0 - (T0 - time)
    keep = np.concatenate([[True], np.diff(time) > 0])
    given = strikes(time[keep], 30 + spread[0][keep], spread[1][keep], places=[(0, 0), (-20, 0)])
    jump = rings.step(given).values[rings.JUMP]
    assert jump[0] > 1
    assert len(jump) == 1 or np.isnan(jump[1])


def test_a_band_of_latitude_is_fixed() -> None:
    lat, lon = np.array([LAT]), np.array([LON])
    found = cells.storms(np.zeros(0, np.int64), lat[:0], lon[:0], T0, np.array([8.7, 10.3, 21.0]))
    assert found.band.tolist() == [10.0, 10.0, 20.0]
    assert all(len(one.lat) == 0 for one in found.cells.values())
