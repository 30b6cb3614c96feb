"""Two sets of rules on one recording: what the second tells otherwise."""

from services.alerts.scoring.against import compare
from services.alerts.scoring.score import Occurrence
from services.cli.backtest.against import changes, lines, span

MINUTE = 60_000_000


def alert(start: int, end: int | None, sensor: str = "a.x", rule: str = "r", **reached: int) -> Occurrence:
    found = reached or {"advisory": start}
    at = {word: t * MINUTE for word, t in found.items()}
    return Occurrence(
        "city", "flood", rule, start * MINUTE, None if end is None else end * MINUTE, at, sensor
    )


def test_the_same_alerts_have_no_difference() -> None:
    found = compare([alert(0, 10)], [alert(0, 10)])
    assert (found.same, found.only_here, found.only_there, found.changed) == (1, [], [], [])


def test_an_alert_raised_later_and_higher_is_one_changed_alert() -> None:
    found = compare([alert(10, 40)], [alert(25, 30, advisory=25, watch=26)])
    (pair,) = found.changed
    assert (pair.earlier_s, pair.by_severity, pair.longer_s) == (-900.0, {"advisory": -900.0}, -1500.0)
    assert pair.there.severity == "watch"
    told = list(changes(pair))
    assert told == [
        "advisory 15 min later / muộn hơn",
        "reaches watch / đạt mức watch",
        "25 min shorter / ngắn hơn",
    ]


def test_alerts_of_other_sensors_or_other_times_stand_alone() -> None:
    found = compare([alert(0, 10), alert(0, 10, "b.x")], [alert(20, 30), alert(0, None, "c.x")])
    assert [one.sensor for one in found.only_here] == ["a.x", "b.x"]
    assert [one.sensor for one in found.only_there] == ["c.x", "a.x"]


def test_an_alert_split_in_three_has_one_partner() -> None:
    found = compare([alert(0, 30)], [alert(0, 5), alert(10, 15), alert(20, 25)])
    assert (len(found.changed), len(found.only_there)) == (1, 2)


def test_the_rule_of_the_same_name_is_the_partner_before_an_earlier_one() -> None:
    (pair,) = compare([alert(5, 30, rule="b")], [alert(0, 30, rule="a"), alert(6, 30, rule="b")]).changed
    assert pair.there.rule == "b"


def test_the_text_counts_and_signs_what_changed() -> None:
    text = list(lines(compare([alert(0, 10)], [alert(0, 10, "b.x")]), "other.toml"))
    assert "1 only by these rules" in text[1]
    assert [line.split()[0] for line in text[2:]] == ["-", "+"]
    assert [span(s) for s in (45, 1200, 11_100, 187_200)] == ["45 s", "20 min", "3 h 05 min", "2 d 4 h"]
