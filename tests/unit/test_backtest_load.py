"""What alerts cost an operator: floods, chattering, re-raised and stale alerts, the split of priorities."""

from services.alerts.scoring.load import DAY, HOUR, MINUTE, load_of_alerts
from services.alerts.scoring.score import Occurrence


def alert(
    start: int, end: int | None, severity: str = "advisory", rule: str = "r", sensor: str = "a.x"
) -> Occurrence:
    return Occurrence("city", "flood", rule, start, end, {severity: start}, sensor, [start])


def test_a_flood_begins_above_ten_in_ten_minutes_and_lasts_until_below_five() -> None:
    ten = [alert(at * 30_000_000, HOUR, sensor=f"s{at}.x") for at in range(10)]
    assert load_of_alerts(ten, 0, DAY).floods == 0
    eleven = [*ten, alert(5 * MINUTE, HOUR, sensor="s10.x")]
    found = load_of_alerts(eleven, 0, DAY)
    assert (found.floods, found.most_in_10_min) == (1, 11)
    # From the eleventh, at 5 min, until the seventh of them is ten minutes old, at 13 min.
    assert round((found.flood_share or 0) * DAY / MINUTE, 1) == 8.0


def test_three_in_a_minute_of_one_alert_chatter_and_of_three_alerts_do_not() -> None:
    same = [alert(at * 20_000_000, at * 20_000_000 + 1) for at in range(3)]
    assert load_of_alerts(same, 0, DAY).chattering == ["r a.x"]
    others = [alert(at * 20_000_000, HOUR, sensor=f"s{at}.x") for at in range(3)]
    assert load_of_alerts(others, 0, DAY).chattering == []


def test_what_comes_again_within_a_quarter_of_an_hour_is_counted() -> None:
    again = [alert(0, HOUR), alert(HOUR + 15 * MINUTE, 2 * HOUR), alert(2 * HOUR + 16 * MINUTE, 3 * HOUR)]
    assert load_of_alerts(again, 0, DAY).again == 1


def test_an_alert_of_more_than_a_day_is_stale_also_when_it_is_still_open() -> None:
    assert load_of_alerts([alert(0, DAY), alert(0, DAY + 1), alert(0, None)], 0, 2 * DAY).stale == 2


def test_the_split_is_by_the_highest_severity() -> None:
    found = load_of_alerts([alert(0, 1), alert(0, 1, "watch"), alert(0, 1, "emergency"), alert(0, 1)], 0, DAY)
    assert found.split == {"low": 0.5, "medium": 0.25, "high": 0.25}


def test_rates_are_per_day_and_operator_hour_and_none_of_a_moment() -> None:
    found = load_of_alerts([alert(0, 1)] * 12, 0, DAY)
    assert (found.per_day, found.per_operator_hour) == (12.0, 0.5)
    assert load_of_alerts([alert(0, 1)], 0, MINUTE).per_operator_hour is None
