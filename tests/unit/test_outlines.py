"""Outlines of areas: what is read of a site's file, and what a receiver gets of one with many points."""

from itertools import pairwise
from math import cos, hypot, pi, sin
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cap.geometry import inside
from services.cap.outline import MOST, enlarged
from services.observation.rings import crossing, signed_area
from services.observation.site import Area
from tests.support.site_folder import SITE, parsed, problems_of

Ring = tuple[tuple[float, float], ...]
TENTH_OF_A_METRE = 1e-6


def _site(polygon: str) -> str:
    return SITE.replace("from = 2025-07-01 }]", f"from = 2025-07-01 }}]\npolygon = {polygon}", 1)


def _area(polygon: str) -> Area:
    return parsed(site_toml=_site(polygon)).areas["thang-tam"]


def _ring(seed: int, many: int, ragged: float) -> Ring:
    """An outline around a place, as ragged as a coast."""
    chance = Random(seed)
    radii = [0.05 * (1 + ragged * chance.uniform(-1, 1)) for _ in range(many)]
    points = [
        (round(107 + radius * cos(2 * pi * nth / many), 6), round(10 + radius * sin(2 * pi * nth / many), 6))
        for nth, radius in enumerate(radii)
    ]
    return (*points, points[0])


def _far(point: tuple[float, float], ring: Ring) -> float:
    """Degrees from a ring; 0 inside of it."""
    if inside(point, ring):
        return 0.0
    found = []
    for (x1, y1), (x2, y2) in pairwise(ring):
        length = (x2 - x1) ** 2 + (y2 - y1) ** 2
        along = max(0.0, min(1.0, ((point[0] - x1) * (x2 - x1) + (point[1] - y1) * (y2 - y1)) / length))
        found.append(hypot(point[0] - x1 - along * (x2 - x1), point[1] - y1 - along * (y2 - y1)))
    return min(found)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(30, 260), st.floats(0.01, 0.9), st.sampled_from((5, 12, 40, MOST)))
def test_an_outline_with_fewer_points_holds_all_of_the_one_it_was(
    seed: int, many: int, ragged: float, most: int
) -> None:
    ring = _ring(seed, many, ragged)
    found = enlarged(ring, most)
    rounded = tuple((round(lon, 6), round(lat, 6)) for lon, lat in found)
    assert len(found) <= max(most, 5)
    assert found[0] == found[-1]
    assert crossing(rounded) is None
    halves = [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in pairwise(ring)]
    assert max(_far(point, rounded) for point in (*ring, *halves)) <= TENTH_OF_A_METRE


HARBOUR = (
    *((0, 0), (10, 0), (10, 12), (5.01, 12), (5, 5), (5.012, 11)),
    *((9, 11), (9, 10), (5.02, 10), (5, 1), (4.98, 10), (0, 10)),
)
"""A bay with a pier that hangs into it from across its mouth."""


@pytest.mark.parametrize("most", range(5, 13))
def test_a_bay_with_something_in_it_is_not_cut_off_by_filling_it(most: int) -> None:
    points = tuple((107 + x / 100, 10 + y / 100) for x, y in HARBOUR)
    ring = (*points, points[0])
    found = enlarged(ring, most)
    assert len(found) <= most
    assert crossing(found) is None
    assert max(_far(point, found) for point in ring) <= TENTH_OF_A_METRE


def test_a_coast_of_many_points_gains_little() -> None:
    ring = _ring(1, 500, 0.05)
    assert signed_area(enlarged(ring)) < 1.15 * signed_area(ring)


@pytest.mark.parametrize("clockwise", [False, True])
def test_one_ring_is_closed_and_turned_counter_clockwise(clockwise: bool) -> None:  # noqa: FBT001  a case
    points = [[107.0, 10.3], [107.1, 10.3], [107.1, 10.4]]
    (ring,) = _area(str(points[::-1] if clockwise else points)).outlines
    assert ring[0] == ring[-1]
    assert set(ring) == {(107.0, 10.3), (107.1, 10.3), (107.1, 10.4)}
    assert signed_area(ring) > 0


def test_an_area_may_have_several_outlines_as_geojson_writes_them() -> None:
    one, other = (
        "[[107.0, 10.3], [107.1, 10.3], [107.1, 10.4]]",
        "[[107.2, 10.3], [107.3, 10.3, 5], [107.3, 10.4]]",
    )
    assert len(_area(f"[[{one}], [{other}]]").outlines) == 2
    assert len(_area(f"[{one}]").outlines) == 1


def test_what_a_hole_leaves_out_is_warned_too_and_that_is_said() -> None:
    hole = "[[107.05, 10.31], [107.09, 10.31], [107.09, 10.35]]"
    site = _site(f"[[[107.0, 10.3], [107.1, 10.3], [107.1, 10.4]], {hole}]")
    (problem,) = problems_of(site_toml=site)
    assert (problem.level, problem.what.en) == ("warning", "holes of an outline are warned too")
    assert len(parsed(site_toml=site).areas["thang-tam"].outlines) == 1


@pytest.mark.parametrize(
    ("polygon", "said", "remedy"),
    [
        ("[[107.0, 10.3], [107.1, 10.4], [107.1, 10.3], [107.0, 10.4]]", "crosses", "in turn"),
        ("[[107.0, 10.3], [107.1, 10.3], [107.0, 10.3], [107.0, 10.4]]", "touches itself", "in turn"),
        ("[[107.0, 10.3], [107.1, 10.3], [107.2, 10.3]]", "touches itself", "in turn"),
        ("[[10.3, 107.0], [10.3, 107.1], [10.4, 107.1]]", "not an outline", "longitude, latitude"),
        ("[[105.0, 10.3], [107.1, 10.3], [107.1, 10.4]]", "[105, 10.3] of polygon lies outside", "widen"),
        ("[[107.0, 10.3], [107.1, 10.3], [107.1, 'x']]", "not an outline", "three different"),
        ("[[[107.0, 10.3], [107.1, 10.3]], 3]", "not an outline", "three different"),
        ("[]", "not an outline", "three different"),
        ("[[[]]]", "not an outline", "three different"),
        ("{ type = 'Polygon' }", "not an outline", "three different"),
        (str([[[[107.0, 10.3], [107.1, 10.3], [107.1, 10.4]]]] * 21), "more than 20 outlines", "simplify"),
        (str([[107.0 + nth * 1e-4, 10.3] for nth in range(600)]), "more than 500 points", "simplify"),
    ],
)
def test_what_is_no_outline_is_refused_with_a_remedy(polygon: str, said: str, remedy: str) -> None:
    problems = problems_of(site_toml=_site(polygon))
    assert any(said in one.what.en and remedy in one.remedy.en for one in problems), problems


def test_longitude_and_latitude_the_wrong_way_round_are_called_that() -> None:
    """Only where both could be a place on Earth is it an outline at all."""
    site = _site("[[51.1, 10.2], [51.2, 10.2], [51.2, 10.3]]").replace(
        "bounds = [106.9, 10.2, 107.7, 10.8]", "bounds = [10.0, 51.0, 10.8, 51.9]"
    )
    problems = problems_of(site_toml=site)
    assert any("longitude first" in one.remedy.en for one in problems)
