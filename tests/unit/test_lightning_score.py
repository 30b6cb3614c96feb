"""EA, FA, FTW and what comes of them, by hand-made cases. Domain notes 3.3 (IEC 62793, recalled)."""

import numpy as np

from services.alerts.risk import thunderstorm
from services.alerts.scoring.lightning import Alarm, Score, alarms_of, score
from services.observation.event import Alert, CloudEvent, Verb, make
from services.observation.instants import iso
from services.observation.text import Text

MINUTE = 60_000_000


def judged(
    alarms: list[tuple[int, int | None]], *strikes: tuple[float, float], needed_s: float = 0.0
) -> Score:
    """Alarms in minutes, strikes as (minute, km); target 10 km, monitored 20 km, over five hours."""
    return score(
        [(start * MINUTE, None if end is None else end * MINUTE) for start, end in alarms],
        np.array([round(at * MINUTE) for at, _ in strikes], np.int64),
        np.array([km for _, km in strikes], np.float64),
        target_km=10.0, monitored_km=20.0, span=(0, 300 * MINUTE), needed_s=needed_s,
    )  # fmt: skip


def test_an_alarm_before_its_strike_is_effective_and_has_a_lead_and_a_dwell() -> None:
    found = judged([(10, 70)], (5, 18), (22, 9), (40, 3))
    assert (found.ea, found.fa, found.ftw) == (1, 0, 0)
    assert (found.pod, found.ftwr, found.far) == (1.0, 0.0, 0.0)
    assert (found.lead_s, found.dwell_s) == ([12 * 60], [30 * 60])
    assert (found.tiw_s, found.tiw_share) == (3600, 0.2)


def test_an_alarm_without_a_strike_in_the_target_is_false_and_may_have_been_near() -> None:
    found = judged([(10, 40), (100, 130)], (20, 12))
    assert (found.ea, found.fa, found.fa_near) == (0, 2, 1)
    assert (found.far, found.pod) == (1.0, None)


def test_an_episode_that_began_without_an_alarm_is_a_failure_to_warn_once() -> None:
    """Two strikes close together are one episode; another after more than half an hour is a second."""
    found = judged([], (10, 5), (20, 5), (80, 5))
    assert (found.ftw, found.unwarned, found.strikes) == (2, 3, 3)
    assert (found.pod, found.ftwr, found.far) == (0.0, 1.0, None)


def test_an_alarm_raised_by_the_strike_itself_has_no_lead() -> None:
    """It is in force, so it counts; who needs ten minutes to act was not warned."""
    found = judged([(10, 60)], (10, 5), (15, 5))
    assert (found.ea, found.ftw, found.lead_s) == (1, 0, [0.0])
    late = judged([(10, 60)], (10, 5), (15, 5), needed_s=600)
    assert (late.ea, late.fa, late.ftw, late.pod) == (0, 1, 1, 0.0)


def test_without_alarms_and_strikes_no_ratio_is_made_up() -> None:
    found = judged([])
    assert (found.pod, found.ftwr, found.far, found.tiw_s) == (None, None, None, 0)
    assert (
        score([], np.zeros(0, np.int64), np.zeros(0), target_km=1, monitored_km=2, span=(0, 0)).tiw_share
        is None
    )


def test_alarms_that_touch_are_one_and_one_that_is_still_on_has_no_dwell() -> None:
    found = judged([(10, 20), (20, 40), (250, None)], (15, 5), (260, 5))
    assert (found.ea, found.dwell_s, found.tiw_s) == (2, [25 * 60], (30 + 50) * 60)


def test_alarms_come_from_the_events_of_a_place_at_a_severity() -> None:
    def event(minute: int, verb: Verb, severity: str, station: str = "beach") -> CloudEvent:
        alert = Alert(
            alert_id=station, previous=None, hazard="lightning", area="a", station=station, sensor=None,
            severity=severity, value=None, unit="1", threshold=None, rule="lightning", rule_version="",
            time=iso(minute * MINUTE), detected_at="", late=False, flag=1, reason=Text("", ""),
            status="Actual",
        )  # fmt: skip
        return make(site="s", verb=verb, event=f"{minute}", time=minute * MINUTE, alert=alert)

    told = [
        event(0, Verb.RAISED, "advisory"),
        event(3, Verb.RAISED, "emergency", "port"),
        event(5, Verb.ESCALATED, "emergency"),
        event(35, Verb.EASED, "warning"),
        event(40, Verb.EASED, "watch"),
        event(50, Verb.ESCALATED, "warning"),
    ]
    assert alarms_of(told, "beach", "warning") == [Alarm(5 * MINUTE, 40 * MINUTE), Alarm(50 * MINUTE, None)]
    assert alarms_of([*told, event(60, Verb.CLEARED, "warning")], "beach", "advisory") == [
        Alarm(0, 60 * MINUTE)
    ]


def test_half_of_the_communes_struck_is_the_second_level_of_article_52() -> None:
    """Domain notes 0.3: level 1 fewer than half, level 2 half or more; a table, not a level."""
    found = [thunderstorm(struck, 168) for struck in (0, 1, 83, 84, 168)]
    assert [None if cell is None else cell.level for cell in found] == [None, 1, 1, 2, 2]
    assert found[1] is not None
    assert "to check" in found[1].tag
