"""Domain notes 0.3, 1 and 9 (F1 to F7): levels, classes and bands as the tables print them.

Slopes, times to a level and tides have their vectors in `test_flood_stage` and `test_flood_tide`, sums of
rain in `test_flood_rain`, the tables of Decision 18/2021 in `test_risk`.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import pytest

from services.alerts.columns.slope import theil_sen
from services.alerts.derive import Series
from services.alerts.hazards._flood_rain import LADDERS
from services.alerts.hazards._flood_stage import Method
from services.alerts.hazards._flood_words import danger_in_still_water, people_hazard
from services.alerts.hazards.flood import HAZARD
from services.alerts.risk import NAMES, Bulletin, flood, heavy_rain, level, surge
from services.observation.event import SEVERITIES, CloudEvent
from tests.support.engine_world import MINUTE, T0, city, engine_of, readings, sensor

RULES = {rule["id"]: rule for rule in HAZARD.rules}


def events(
    name: str, values: Sequence[float], attributes: Mapping[str, float] | None = None, step: int = 10
) -> list[CloudEvent]:
    """Events of one sensor, a value every `step` minutes."""
    station = name.partition(".")[0]
    site = city([sensor(name, step * 60)], attributes={station: attributes or {}}, bare=False)
    rows = [(name, T0 + at * step * MINUTE, value) for at, value in enumerate(values)]
    return engine_of(site).apply([readings(*rows)])


def reached(name: str, value: float, attributes: Mapping[str, float] | None = None) -> str | None:
    """Severity that a single value raises."""
    found = [event for event in events(name, [value], attributes) if event.data.hazard == "flood"]
    return found[0].data.severity if found else None


# --- 0.3 Decision 18/2021/QĐ-TTg
def test_0_3_five_levels_with_the_laws_names_and_a_suggested_colour() -> None:
    """Art. 4 [verified]; the hex values are no law."""
    assert [(NAMES[k].text.vi, NAMES[k].colour.vi, NAMES[k].hex) for k in NAMES] == [
        ("thấp", "xanh dương nhạt", "#87CEEB"),
        ("trung bình", "vàng nhạt", "#FFF3A0"),
        ("lớn", "da cam", "#FFA500"),
        ("rất lớn", "đỏ", "#E03131"),
        ("thảm họa", "tím", "#800080"),
    ]


@pytest.mark.parametrize(
    ("base", "bump", "expected"), [(1, 0, 1), (2, 1, 3), (3, 2, 5), (4, 2, 5), (5, 2, 5)]
)
def test_0_3_a_compound_level_is_at_most_five(base: int, bump: int, expected: int) -> None:
    paper = Bulletin("1", "Đài KTTV", "2026-10-01T08:00:00+07:00", "https://example.vn/1")
    found = level(base, paper, bump=bump, by="A" if bump else None)
    assert found is not None
    assert found.level == expected


@pytest.mark.parametrize(
    ("mm", "days", "mountain", "plain"),
    [
        (100, 2, 1, 1), (199, 3, 2, 2), (100, 4, 2, 2), (199, 5, 3, 2), (200, 2, 2, 2), (399, 3, 3, 3),
        (399, 5, 4, 3), (401, 2, 3, 3), (401, 3, 4, 3), (401, 5, 4, 4), (99, 9, None, None),
    ],
)  # fmt: skip
def test_0_3_article_44_both_columns(mm: float, days: float, mountain: int | None, plain: int | None) -> None:
    for terrain, expected in (("mountain", mountain), ("plain", plain)):
        found = heavy_rain(mm, days, terrain)  # type: ignore[arg-type]
        assert (None if found is None else found.level) == expected, terrain


@pytest.mark.parametrize(
    ("stage", "by_zone"),
    [(0.99, (None,) * 4), (1.0, (1, 1, 1, 2)), (2.0, (1, 2, 2, 3)), (3.0, (2, 2, 3, 3)), (3.3, (2, 2, 3, 4))],
)
def test_0_3_article_45_by_zone(stage: float, by_zone: tuple[int | None, ...]) -> None:
    found = [flood(stage, (1.0, 2.0, 3.0), zone) for zone in (1, 2, 3, 4)]
    assert tuple(None if cell is None else cell.level for cell in found) == by_zone


def test_0_3_article_43_surge() -> None:
    cells = [surge(metres) for metres in (1.99, 2.0, 2.99, 3.0, 4.0, 4.01)]
    assert [None if cell is None else cell.level for cell in cells] == [None, 2, 2, 3, 3, 4]


# --- 1.1 levels of rivers: closed on the left
@pytest.mark.parametrize(
    ("station", "levels"),
    [("Hà Nội", (9.5, 10.5, 11.5)), ("Sơn Tây", (12.4, 13.4, 14.4)), ("Phú An", (1.4, 1.5, 1.6))],
)
def test_1_1_the_example_stations_at_and_below_each_level(
    station: str, levels: tuple[float, float, float]
) -> None:
    """[verified; Phú An third-party] BĐ1 ≤ H < BĐ2 and so on."""
    own = dict(zip(("bd1", "bd2", "bd3"), levels, strict=True))
    rungs = [None, *SEVERITIES[:3]]
    for k, limit in enumerate(levels):
        assert reached("a.water_level", limit, own) == rungs[k + 1], station
        assert reached("a.water_level", limit - 0.01, own) == rungs[k], station


@pytest.mark.parametrize(("stage", "above"), [(1.62, "0,02"), (1.74, "0,14")])
def test_1_1_there_is_no_fourth_level_and_the_excess_is_told(stage: float, above: str) -> None:
    """Phú An 1.62 m = BĐ3 + 0.02, Thủ Dầu Một 1.74 m = BĐ3 + 0.14 [verified: sggp.org.vn post832484]."""
    found = events("a.water_level", [stage], {"bd1": 1.4, "bd2": 1.5, "bd3": 1.6})[0]
    assert found.data.severity == "warning"
    assert above in found.data.reason.vi
    assert "báo động 4" not in found.data.reason.vi


# --- 1.2, 1.3
def test_1_2_slope_and_interval_are_those_of_the_formulas() -> None:
    """Median of pair slopes; ranks (N - C)/2 and (N + C)/2 + 1, C = 1.96 √(n(n-1)(2n+5)/18)."""
    rng = np.random.default_rng(3)
    n = 7
    minutes = np.arange(n) * 10
    height = 1 + 0.3 * minutes / 60 + rng.normal(0, 0.02, n)
    pairs = sorted(
        (height[j] - height[i]) / ((minutes[j] - minutes[i]) / 60) for i, j in combinations(range(n), 2)
    )
    half = 1.96 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)
    ranks = ((len(pairs) - half) / 2, (len(pairs) + half) / 2 + 1)
    low, high = (float(np.interp(rank, np.arange(1, len(pairs) + 1), pairs)) for rank in ranks)
    time = T0 + minutes.astype(np.int64) * MINUTE
    one = Series(
        time[:-1], height[:-1], np.array([n - 1]), time[-1:], height[-1:], 60 * MINUTE, 10 * MINUTE, {}, {},
        lambda t: t,
    )  # fmt: skip
    found = [float(x[0]) for x in theil_sen(one, 60 * MINUTE, interval=True)]
    assert found == pytest.approx([float(np.median(pairs)), low, high])


def test_1_3_numbers_of_the_time_to_a_level() -> None:
    assert (Method().s_min, Method().horizon_s) == (0.02, 3 * 3600)


# --- 1.4 default windows [design default; anchors in the notes]
def test_1_4_thresholds_of_the_five_windows() -> None:
    assert LADDERS == {
        "rain_10min": (8, 15, 25, None),
        "rain_1h": (30, 50, 70, 100),
        "rain_3h": (50, 70, 100, 200),
        "rain_12h": (26, 50, 100, None),
        "rain_24h": (51, 100, 200, 400),
    }


# --- 1.5 streets [design default]
@pytest.mark.parametrize(
    ("cm", "expected", "word"),
    [
        (9.9, None, ""), (10, "advisory", "ngập nhẹ"), (19.9, "advisory", "ngập nhẹ"),
        (20, "watch", "ngập vừa"), (29.9, "watch", "ngập vừa"),
        (30, "warning", "ngập sâu"), (49.9, "warning", "ngập sâu"),
        (50, "emergency", "ngập rất sâu"),
    ],
)  # fmt: skip
def test_1_5_classes_of_a_street(cm: float, expected: str | None, word: str) -> None:
    found = events("a.street_depth", [cm / 100])
    assert [event.data.severity for event in found] == ([expected] if expected else [])
    assert all(word in event.data.reason.vi.lower() for event in found)
    assert (RULES["street-depth"]["off_delay_s"], RULES["street-depth"]["hysteresis"]) == (1800, 0.03)


def test_1_5_people_and_still_water() -> None:
    """HR = d (v + 0.5) + DF [verified]; depths of H1 to H4 at v = 0 [recalled]."""
    assert [people_hazard(*row) for row in ((1.0,), (0.5, 1.0), (1.0, 1.0, 0.5), (1.5, 0.0, 1.0))] == [
        0.5, 0.75, 2.0, 1.75
    ]  # fmt: skip
    told = [danger_in_still_water(d).en for d in (0.3, 0.5, 1.2, 2.0, 2.01)]
    assert len(set(told)) == 5


# --- 1.6 high tides at Vũng Tàu
@pytest.mark.parametrize(
    ("day", "peak", "expected"),
    [
        ("18 Feb 2023", 3.96, None),
        ("20 Feb 2026", 4.04, "advisory"),
        ("4 Nov 2025", 4.08, "advisory"),
        ("late Oct 2025", 4.16, "watch"),
        ("5 Dec 2025", 4.19, "watch"),
        ("23 Dec 2022", 4.30, "emergency"),
    ],
)
def test_1_6_the_peaks_of_record_in_the_default_bands(day: str, peak: float, expected: str | None) -> None:
    """Peaks [verified: press]; bands 4.0, 4.1, 4.2, 4.3 m [design default] of the station itself."""
    bands = {f"tide_band_{k}": 3.9 + k / 10 for k in (1, 2, 3, 4)}
    assert reached("a.tide_level", peak, bands) == expected, day
    assert reached("a.tide_level", peak) is None  # no other port has Vũng Tàu's


# --- 9
@pytest.mark.parametrize(
    ("row", "rule", "rungs"),
    [
        ("F1", "flood-level", {"advisory": "station.bd1", "watch": "station.bd2", "warning": "station.bd3"}),
        ("F2", "flood-rise", {"watch": 0.1, "warning": 0.3, "emergency": 0.5}),
        ("F2", "street-rise", {"watch": 0.3, "warning": 0.6, "emergency": 1.2}),
        ("F3", "flood-ahead", {"advisory": 60}),
        ("F4", "rain", {"advisory": 1, "watch": 2, "warning": 3, "emergency": 4}),
        ("F5", "street-depth", {"advisory": 0.1, "watch": 0.2, "warning": 0.3, "emergency": 0.5}),
        ("F6", "tide-band", {"advisory": "station.tide_band_1", "emergency": "station.tide_band_4"}),
        ("F6", "tide-surge", {"advisory": 0.3, "watch": 0.5}),
        ("F7", "outfall-locked", {"severity": "watch"}),
    ],
)
def test_9_every_row_has_a_rule_with_source_and_status(row: str, rule: str, rungs: dict[str, object]) -> None:
    found = RULES[rule]
    assert {word: found[word] for word in rungs} == rungs, row
    assert (bool(found["source"]), found["status"]) == (True, "default")
