"""Rings round a place: phases, holds, mills, what of many strikes is told. Domain notes 3.1 and 3.2."""

import numpy as np
import pytest

from services.alerts.hazards import _lightning_geo as geo
from services.alerts.hazards import _lightning_rings as rings
from tests.support.strikes import LAT, LON, MINUTE, SECOND, T0, of, position, strikes


def phases(*km: float, mill: float | None = None, **attributes: float) -> list[float | None]:
    """Phase of one strike at each distance, each alone."""
    found = []
    for far in km:
        answer = rings.near(strikes([T0], [far], [0.0], mill=mill, attributes=[attributes]))
        found += of(answer.values, "lightning_phase") or [None]
    return found


def test_the_rings_of_the_table_make_the_phases() -> None:
    """20 monitor, 16 prepare, 10 warning, 8 danger; closed at the radius (table in 3.2)."""
    assert phases(20.1, 19.9, 16.1, 15.9, 10.1, 9.9, 8.1, 7.9, 0.0) == [None, 1, 1, 2, 2, 3, 3, 4, 4]


def test_a_strike_told_at_ten_kilometres_is_within_ten() -> None:
    """Distances are told to 100 m: nobody reads "10,0 km" beside a phase that ends at 10 km."""
    assert phases(10.0, 10.04, 10.06, 8.04, 8.06, 20.04, 20.06) == [3, 3, 2, 4, 3, 1, None]


def test_a_place_has_radii_of_its_own_and_an_outer_ring_holds_the_inner_ones() -> None:
    assert phases(11.0, lightning_warning_km=12) == [3]
    assert phases(22.0, lightning_danger_km=25) == [4]


def test_a_strike_in_the_all_clear_ring_keeps_a_warning_and_raises_none() -> None:
    assert phases(9.0, 13.0, 17.0, lightning_all_clear_km=16) == [3, 2.5, 1]
    assert phases(13.0) == [2]


def test_a_strike_with_a_mill_at_two_kilovolts_is_a_warning() -> None:
    """A warning needs a second mill or a strike (3.1); and a mill makes no strike dangerous."""
    assert phases(19.0, 12.0, 7.0, mill=2.0) == [3, 3, 4]
    assert phases(19.0, 12.0, 7.0, mill=3.0) == [3, 3, 4]
    assert phases(19.0, 12.0, 7.0, mill=1.0) == [1, 2, 4]


def test_a_mill_that_cannot_be_read_is_said_and_changes_nothing() -> None:
    with_mill = rings.near(strikes([T0], [9.0], [0.0], mill=0.0))
    without = rings.near(strikes([T0], [9.0], [0.0]))
    assert of(with_mill.values, "lightning_evidence") == [rings.BY_STRIKE]
    assert of(without.values, "lightning_evidence") == [rings.BY_STRIKE + rings.NO_MILL]
    assert of(without.values, "lightning_phase") == of(with_mill.values, "lightning_phase")


@pytest.mark.parametrize(("east", "north", "degrees"), [(0, 5, 0), (5, 0, 90), (0, -5, 180), (-5, -5, 225)])
def test_a_strike_has_a_distance_and_a_direction(east: float, north: float, degrees: float) -> None:
    answer = rings.near(strikes([T0], [east], [north]))
    assert answer.values[rings.DISTANCE, 0] == pytest.approx(np.hypot(east, north), rel=1e-3)
    assert (answer.values[rings.BEARING, 0] - degrees + 180) % 360 == pytest.approx(180, abs=0.1)


def test_what_is_told_of_many_strikes_moves_a_ladder_like_all_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """For each place, minute and phase the first and the last are there; one reading at an instant."""
    monkeypatch.setattr(geo, "_AT_ONCE", 500)  # in parts
    rng = np.random.default_rng(4)
    count, places = 3000, [(0.0, 0.0), (12.0, -9.0)]
    time = T0 + rng.integers(0, 180, count) * SECOND
    given = strikes(time, rng.uniform(-30, 30, count), rng.uniform(-30, 30, count), places=places)
    answer = rings.near(given)
    assert len(answer.place) < 60
    assert len({*zip(answer.place.tolist(), answer.time.tolist(), strict=True)}) == len(answer.place)
    for place in (0, 1):
        km = geo.distance(given.place_lat[place], given.place_lon[place], given.lat, given.lon)
        km = np.minimum(km, np.rint(km * 10) / 10)  # as it is told
        mine = answer.place == place
        assert (np.diff(answer.time[mine]) > 0).all()
        for phase, (_, radius) in enumerate(rings.RINGS, 1):
            for minute in np.unique(time // MINUTE):
                all_of_them = time[(km <= radius) & (time // MINUTE == minute)]
                told = answer.time[
                    mine & (answer.values[rings.PHASE] >= phase) & (answer.time // MINUTE == minute)
                ]
                assert (told.min(), told.max()) == (all_of_them.min(), all_of_them.max())


def test_pairs_are_those_of_a_search_through_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """In parts of a few pairs, over the whole range, the same as the plain way."""
    monkeypatch.setattr(geo, "_AT_ONCE", 50)
    rng = np.random.default_rng(5)
    lat, lon = position(rng.uniform(-60, 60, 400), rng.uniform(-60, 60, 400))
    place_lat, place_lon = position(rng.uniform(-30, 30, 30), rng.uniform(-30, 30, 30))
    radius = rng.uniform(5, 25, 30)
    parts = list(geo.near(lat, lon, place_lat, place_lon, radius))
    found = {pair for part in parts for pair in zip(part.strike.tolist(), part.place.tolist(), strict=True)}
    plain = geo.distance(place_lat, place_lon, lat[:, None], lon[:, None]) <= radius
    assert found == {*zip(*(at.tolist() for at in np.nonzero(plain)), strict=True)}
    assert [part.strike[0] for part in parts] == sorted(part.strike[0] for part in parts)


def test_distance_of_a_degree_is_that_of_the_sphere() -> None:
    one = geo.distance(np.array([LAT]), np.array([LON]), np.array([LAT + 1]), np.array([LON]))
    assert one[0] == pytest.approx(111.195, abs=0.001)


def at_step(mill: float | None, *strikes_: tuple[float, float]) -> tuple[float | None, float | None]:
    """Phase and evidence at a minute, after strikes of (minutes ago, km east)."""
    given = sorted((T0 - round(ago * MINUTE), km) for ago, km in strikes_)
    answer = rings.step(
        strikes([t for t, _ in given], [km for _, km in given], [0.0] * len(given), mill=mill)
    )
    if not len(answer.place):
        return None, None
    return of(answer.values, "lightning_phase")[0], of(answer.values, "lightning_evidence")[0]


def test_a_mill_alone_may_raise_a_watch_and_no_more() -> None:
    assert at_step(1.0) == (rings.PREPARE, rings.BY_MILL)
    assert at_step(3.0) == (rings.PREPARE, rings.BY_MILL)
    assert at_step(0.5) == (None, None)
    assert at_step(None) == (None, None)


def test_a_mill_at_two_kilovolts_is_a_warning_when_a_strike_was_within_20_km_in_half_an_hour() -> None:
    assert at_step(2.0, (25, 18.0))[0] == rings.WARNING
    assert at_step(2.0, (25, 22.0))[0] == rings.PREPARE


def test_a_mill_that_is_not_calm_keeps_what_a_strike_raised_and_raises_nothing_itself() -> None:
    assert at_step(0.5, (20, 9.0)) == (2.5, rings.HELD)
    assert at_step(0.5, (20, 18.0)) == (1.5, rings.HELD)
    assert at_step(0.5, (31, 9.0)) == (None, None)


def test_strikes_of_ten_minutes_are_counted() -> None:
    answer = rings.step(strikes([T0 - 11 * MINUTE, T0 - 9 * MINUTE, T0], [5, 5, 19.9], [0, 0, 0]))
    assert of(answer.values, "strikes_10min") == [2]
