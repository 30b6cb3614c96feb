"""Override, then calendar, then default state; every lease ends by itself. Domain page 4.1."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.lighting.astro import MINUTE, micros
from services.lighting.plan import Plan, plan
from services.lighting.precedence import Desired, Override, desired, refused
from tests.support.lighting import lit


def at(text: str) -> int:
    """µs UTC of an instant of the night from 23 to 24 September 2026."""
    day = "2026-09-24" if text < "12:00" else "2026-09-23"
    return micros(datetime.fromisoformat(f"{day}T{text}").replace(tzinfo=ZoneInfo("Asia/Ho_Chi_Minh")))


def night() -> Plan:
    return plan(lit(), "street", at("12:00"), at("11:59"))


def order(level: float | None, start: str, expires: str, **more: Any) -> Override:
    given = {"id": "a", "ordered": at(start), "by": "duty", "reason": "test", **more}
    return Override(group="street", level=level, start=at(start), expires=at(expires), **given)


def test_an_override_wins_over_the_programme_until_its_lease_ends() -> None:
    mine = [order(100, "23:00", "01:00")]
    assert desired(night(), mine, at("22:59")).level == 70
    assert desired(night(), mine, at("23:00")) == Desired(100, "override", at("00:00"), "a")
    assert desired(night(), mine, at("01:00")) == Desired(50, "programme", at("04:30"))


def test_the_last_order_wins_and_an_order_without_a_level_returns_to_the_programme() -> None:
    first, second = order(100, "22:30", "02:00"), order(20, "23:00", "01:00", id="b")
    assert desired(night(), [second, first], at("23:30")).level == 20
    assert desired(night(), [second, first], at("01:30")).level == 100
    back = order(None, "23:10", "03:00", id="c")
    assert desired(night(), [first, second, back], at("23:30")) == Desired(70, "programme", at("00:00"))


def test_an_alert_brightens_only_while_it_is_dark() -> None:
    bright = [order(100, "17:00", "11:30", brighten=True)]
    assert desired(night(), bright, at("17:30")).level == 0  # the sun is up until 17:47
    assert desired(night(), bright, at("17:48")) == Desired(100, "brighten", at("18:08") + 33_000_000, "a")
    assert desired(night(), bright, at("03:00")).level == 100
    assert desired(night(), bright, at("05:45")).level == 0


def test_an_alert_never_beats_a_person_at_work() -> None:
    off = order(0, "22:30", "02:00")
    bright = order(100, "23:00", "02:00", id="b", brighten=True)
    assert desired(night(), [off, bright], at("23:30")) == Desired(0, "override", at("00:00"), "a")


def test_brightening_is_a_floor_and_dims_nothing() -> None:
    bright = [order(60, "19:00", "05:00", brighten=True)]
    assert desired(night(), bright, at("20:00")).origin == "programme"
    assert desired(night(), bright, at("01:00")) == Desired(60, "brighten", at("04:30"), "a")


def test_a_person_can_stop_what_an_alert_brightened_until_its_next_news() -> None:
    bright = order(100, "01:00", "04:00", brighten=True)
    stop = order(None, "01:30", "04:00", id="b")
    news = order(100, "02:00", "04:00", id="c", brighten=True)
    assert desired(night(), [bright, stop], at("01:45")).level == 50
    assert desired(night(), [bright, stop, news], at("02:15")).level == 100


def test_without_a_plan_lamps_are_in_their_default_state() -> None:
    assert desired(None, [], at("03:00"), 80) == Desired(80, "default", None)
    made = night()
    assert desired(made, [], made.end, 80) == Desired(80, "default", None)


def test_an_order_that_may_not_be_given_says_why_in_both_languages() -> None:
    groups = lit().groups
    street, junction = groups["street"], groups["junction"]
    hour = 60 * MINUTE
    assert refused(street, 30, 0, hour) is None
    assert refused(junction, 100, 0, hour) is None
    assert refused(junction, None, 0, hour) is None
    why = [
        refused(junction, 70, 0, hour),
        refused(street, 120, 0, hour),
        refused(street, 50, hour, hour),
        refused(street, 50, 0, 25 * hour),
    ]
    assert all(text and text.vi and text.en for text in why)
    assert "never dimmed" in str(why[0])
