"""Scores of a backtest: the rule of hits, leads, and what has no denominator."""

from services.alerts.scoring.score import EARLY, Cover, Happened, load, score
from services.cli.backtest.show import table
from services.observation.event import CloudEvent
from tests.support.engine_world import MINUTE, T0, city, engine_of, readings, sensor

A = "a.water_level"
HOUR = 60 * MINUTE
LEVEL = {"id": "level", "hazard": "flood", "property": "water_level", "advisory": 1, "warning": 3}


def alerts(*spans: tuple[int, int, float]) -> list[CloudEvent]:
    """Alerts from hour to hour that reach a level."""
    rows = [(A, T0, 0.0)]
    for start, end, value in spans:
        rows += [(A, T0 + start * HOUR, value), (A, T0 + end * HOUR, 0.0)]
    return engine_of(city([sensor(A, 86_400)], [LEVEL])).apply([readings(*rows)])


def flood(start: int, end: int, severity: str = "advisory", area: str = "city") -> Happened:
    return Happened(T0 + start * HOUR, T0 + end * HOUR, area, "flood", severity)


def test_an_alert_that_meets_the_event_is_a_hit_with_its_lead() -> None:
    found = score(alerts((10, 30, 1.5)), [flood(12, 20)])["flood"]["advisory"]
    assert (found.hits, found.misses, found.false_alarms, found.lead_s) == (1, 0, 0, [7200.0])
    assert (found.pod, found.far, found.csi) == (1.0, 0.0, 1.0)


def test_an_alert_that_comes_late_has_a_negative_lead() -> None:
    assert score(alerts((14, 30, 1.5)), [flood(12, 20)])["flood"]["advisory"].lead_s == [-7200.0]


def test_an_alert_over_six_hours_before_is_false_and_at_six_hours_belongs() -> None:
    assert EARLY == 6 * HOUR
    assert score(alerts((1, 4, 1.5)), [flood(10, 20)])["flood"]["advisory"].hits == 1
    found = score(alerts((1, 4, 1.5)), [flood(11, 20)])["flood"]["advisory"]
    assert (found.hits, found.misses, found.false_alarms, found.pod, found.far) == (0, 1, 1, 0.0, 1.0)


def test_an_alert_must_reach_the_severity() -> None:
    found = score(alerts((10, 30, 1.5)), [flood(12, 20, "warning")])["flood"]["warning"]
    assert (found.hits, found.misses, found.false_alarms, found.far) == (0, 1, 0, None)


def test_a_row_takes_one_alert_and_the_others_that_meet_it_are_false() -> None:
    found = score(alerts((11, 12, 1.5), (13, 14, 1.5), (15, 16, 1.5)), [flood(12, 20)])["flood"]["advisory"]
    assert (found.hits, found.false_alarms, found.lead_s) == (1, 2, [3600.0])


def test_another_area_or_hazard_is_no_hit() -> None:
    events = alerts((10, 30, 1.5))
    assert score(events, [flood(12, 20, area="other")])["flood"]["advisory"].hits == 0
    other = flood(12, 20)._replace(hazard="lightning")
    found = score(events, [other])
    assert found["lightning"]["advisory"].misses == 1
    assert found["flood"]["advisory"].false_alarms == 1


def test_an_alert_still_open_reaches_to_the_end() -> None:
    events = alerts((10, 30, 1.5))[:1]
    assert score(events, [flood(200, 220)])["flood"]["advisory"].hits == 1


def test_nothing_happened_and_nothing_was_told() -> None:
    assert score([], []) == {}
    found = score([], [flood(1, 2)])["flood"]["advisory"]
    assert (found.pod, found.far, found.csi) == (0.0, None, 0.0)


def test_the_load_counts_alerts_and_the_most_at_once() -> None:
    events = alerts((10, 11, 1.5), (20, 21, 4.0))
    found = load(events, T0, T0 + 48 * HOUR)
    assert (found.alerts, found.per_day, found.most_in_10_min) == (2, 1.0, 1)
    assert found.by_severity == {"advisory": 1, "warning": 1}
    assert load(events, T0, T0 + 12 * HOUR).per_day == 4.0
    assert load(events, T0, T0 + HOUR // 2).per_day is None
    assert load([], 0, 0).per_day is None


def test_the_table_tells_median_and_tenth_percentile_of_the_lead_and_bare_thresholds_beside() -> None:
    truth = [flood(12, 20), flood(112, 120)]
    ours = score(alerts((10, 30, 1.5), (111, 121, 1.5)), truth)
    bare = score(alerts((10, 30, 1.5), (50, 51, 1.5)), truth)
    lines = table(ours, bare)
    assert lines[2].split()[:5] == ["hazard", "severity", "hits", "misses", "false"]
    mine, theirs = lines[-2:]
    assert mine.split()[:5] == ["flood", "advisory", "2", "0", "0"]
    assert "1.00 [0.34 1.00]" in mine  # two of two say little, and the interval says so
    assert "+90    +66" in mine
    assert "n = 2: too few" in mine
    assert theirs.split()[:7] == ["flood", "advisory", "bare", "/", "trần", "1", "1"]
    assert "0.50 [0.09 0.91]" in theirs
    assert ["bare" in line for line in table({}, bare)[4:]] == [True]


def test_correct_negatives_are_windows_in_which_nothing_happened_and_nothing_stood() -> None:
    cover = Cover(T0, T0 + 60 * HOUR, {"flood": {"city"}})
    found = score(alerts((10, 11, 1.5), (30, 31, 1.5)), [flood(12, 20)], cover)["flood"]["advisory"]
    # Of ten windows: the event and six hours before it take three (6-24 h), the false alert one (30 h).
    assert found.rare is not None
    assert (found.hits, found.false_alarms, found.rare.correct_negatives) == (1, 1, 6)
    assert found.bias == 2.0
