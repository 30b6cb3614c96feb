"""The bare threshold: what it tells and what it knows nothing of."""

import numpy as np

from services.alerts.rule import parse_rules
from services.alerts.scoring.bare import bare
from services.alerts.scoring.score import Happened, Lead, lead, load_of_alerts, score_alerts
from tests.support.engine_world import MINUTE, T0, city, sensor

LEVEL = {"id": "level", "hazard": "flood", "property": "water_level", "advisory": 1, "warning": 3,
         "hysteresis": 0.5, "on_delay_s": 3600, "off_delay_s": 3600}  # fmt: skip
LEVELS = {"bd1": 1.0, "bd2": 2.0, "bd3": 3.0, "historic_max": 2.5}


def alerts(values: list[float], **site: object) -> list[tuple[int, int | None, dict[str, int]]]:
    """Start, end and severities reached, in minutes."""
    given = city([sensor("b.rainfall"), sensor("a.water_level")], **site)  # type: ignore[arg-type]
    rules, _ = parse_rules(given)
    time = T0 + np.arange(len(values)) * MINUTE
    found = bare(given, rules, np.ones(len(values), np.int64), time, np.array(values, np.float64))
    return [
        (
            (one.start - T0) // MINUTE,
            None if one.end is None else (one.end - T0) // MINUTE,
            {word: (at - T0) // MINUTE for word, at in one.reached.items()},
        )
        for one in found
    ]


def test_every_crossing_is_an_alert_and_every_dip_its_end() -> None:
    assert alerts([0.9, 1.0, 0.99, 1.5, 3.2, 0.0], rules=[LEVEL]) == [
        (1, 2, {"advisory": 1}),
        (3, 5, {"advisory": 3, "watch": 4, "warning": 4}),
    ]


def test_a_spike_is_believed_and_what_is_missing_is_passed_over() -> None:
    assert alerts([0.0, 5.0, 0.0, float("nan"), 2.0], rules=[LEVEL]) == [
        (1, 2, {"advisory": 1, "watch": 1, "warning": 1}),
        (4, None, {"advisory": 4}),
    ]


def test_it_reads_the_same_thresholds_as_the_engine() -> None:
    """Levels of the station, and no rung of a record below the third level."""
    found = alerts([0.0, 2.6, 3.0], attributes={"a": LEVELS}, bare=False)
    assert found == [(1, None, {"advisory": 1, "watch": 1, "warning": 2})]
    lake = {"normal_level": 50.0, "raised_level": 52.0}
    assert alerts([50.0, 50.2], attributes={"a": lake}, bare=False) == [(1, None, {"advisory": 1})]


def test_its_alerts_are_scored_like_any() -> None:
    site = city([sensor("a.water_level")], [LEVEL])
    time = T0 + np.arange(4) * MINUTE
    found = bare(site, parse_rules(site)[0], np.zeros(4, np.int64), time, np.array([2.0, 0.0, 2.0, 0.0]))
    truth = [Happened(T0, T0 + 3 * MINUTE, "city", "flood", "advisory")]
    scored = score_alerts(found, truth)["flood"]["advisory"]
    assert (scored.hits, scored.misses, scored.false_alarms) == (1, 0, 1)
    assert load_of_alerts(found, T0, T0 + 3 * MINUTE).alerts == 2


def test_leads_are_told_by_their_middle_their_tenth_and_the_share_that_came_late() -> None:
    assert lead([]) == Lead(None, None, None)
    assert lead([60.0]) == Lead(60.0, 60.0, 0.0)
    assert lead([0.0, 10.0, 20.0, 30.0, -10.0]) == Lead(10.0, -6.0, 0.2)
