"""The fold of events into alerts as they stand."""

import json
import random
from typing import Any

import pytest

from services.api.fold import KEEP_EVENTS, Fold, Standing
from tests.support.api_rig import told

DAY = 86_400_000_000


def event(alert: str, verb: str = "raised", severity: str = "watch", at_s: float = 0.0) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(told(alert, verb, severity=severity, at_s=at_s)[1])
    return found


def folded(*story: tuple[str, str, str], fold: Fold | None = None) -> Fold:
    """Fold (alert, verb, severity) with rising sequences and times."""
    fold = Fold() if fold is None else fold
    for sequence, (alert, verb, severity) in enumerate(story, fold.last + 1):
        fold.apply(sequence, sequence, event(alert, verb, severity, at_s=sequence))
    return fold


def standing(fold: Fold, alert: str = "a") -> Standing:
    found = fold.get(alert)
    assert found is not None
    return found


def test_an_alert_is_open_from_raised_to_cleared() -> None:
    fold = folded(("a", "raised", "watch"))
    assert (standing(fold).open, fold.open_count) == (True, 1)
    folded(("a", "cleared", "watch"), fold=fold)
    assert (standing(fold).open, fold.open_count, len(fold)) == (False, 0, 1)
    assert standing(fold).cleared_at == "2025-10-09T08:53:22Z"


def test_the_last_word_stands_and_the_highest_severity_is_remembered() -> None:
    fold = folded(("a", "raised", "advisory"), ("a", "escalated", "emergency"), ("a", "eased", "watch"))
    assert standing(fold).data["severity"] == "watch"
    assert standing(fold).peak == 3
    assert [told.sequence for told in standing(fold).events] == [1, 2, 3]


def test_a_blind_alert_stays_open_until_it_is_cleared() -> None:
    fold = folded(("a", "raised", "watch"), ("a", "blind", "watch"))
    assert (standing(fold).blind, standing(fold).open) == (True, True)
    folded(("a", "sighted", "watch"), fold=fold)
    assert standing(fold).blind is False


def test_the_same_sequence_again_changes_nothing() -> None:
    fold = folded(("a", "raised", "watch"), ("a", "cleared", "watch"))
    assert fold.apply(1, 1, event("a")) is None
    assert not standing(fold).open
    assert len(standing(fold).events) == 2


@pytest.mark.parametrize("verb", ["acknowledged", "shelved", "grouped", "something_new"])
def test_what_people_and_the_keeper_do_is_kept_and_moves_no_condition(verb: str) -> None:
    fold = folded(("a", "raised", "watch"), ("a", verb, "emergency"))
    assert standing(fold).open
    assert standing(fold).data["severity"] == "watch"
    assert [told.verb for told in standing(fold).events] == ["raised", verb]


def test_an_act_on_an_unknown_alert_makes_none() -> None:
    assert len(folded(("a", "acknowledged", "watch"))) == 0


def test_an_alert_whose_beginning_is_gone_stands_from_its_first_known_event() -> None:
    fold = folded(("a", "escalated", "warning"))
    assert standing(fold).open
    assert standing(fold).raised_at == "2025-10-09T08:53:20Z"  # the event says since when


def test_the_next_occurrence_is_another_alert() -> None:
    fold = folded(("a", "raised", "watch"), ("a", "cleared", "watch"), ("b", "raised", "watch"))
    assert [found.raised_sequence for found in fold.newest_first()] == [3, 1]
    assert fold.open_count == 1


def test_closed_alerts_are_forgotten_by_number_the_oldest_first() -> None:
    fold = Fold(keep_closed=3)
    for n in range(10):
        folded((f"a{n}", "raised", "watch"), (f"a{n}", "cleared", "watch"), fold=fold)
    assert [found.data["alert_id"] for found in fold.newest_first()] == ["a9", "a8", "a7"]


def test_closed_alerts_are_forgotten_by_age_and_open_ones_never() -> None:
    fold = Fold(keep_us=30 * DAY)
    fold.apply(1, 0, event("open"))
    fold.apply(2, 0, event("closed"))
    fold.apply(3, 0, event("closed", "cleared"))
    fold.apply(4, 30 * DAY - 1, event("new"))
    assert fold.get("closed") is not None
    fold.apply(5, 30 * DAY, event("newer"))
    assert fold.get("closed") is None
    assert fold.get("open") is not None


def test_an_act_on_a_closed_alert_keeps_it_as_long_again() -> None:
    fold = Fold(keep_us=30 * DAY)
    fold.apply(1, 0, event("a"))
    fold.apply(2, 0, event("a", "cleared"))
    fold.apply(3, 20 * DAY, event("a", "commented"))
    fold.apply(4, 40 * DAY, event("b"))
    assert fold.get("a") is not None


def test_a_flapping_alert_does_not_fill_the_memory_and_keeps_its_first_event() -> None:
    fold = folded(*(("a", "raised" if n == 0 else "escalated", "watch") for n in range(KEEP_EVENTS + 50)))
    kept = [told.sequence for told in standing(fold).events]
    assert len(kept) == KEEP_EVENTS
    assert standing(fold).dropped == 50
    assert kept[0] == 1
    assert kept[1:] == list(range(52, KEEP_EVENTS + 51))


@pytest.mark.parametrize(
    "broken", [{}, {"data": 1}, {"data": {}, "subject": 7}, {"data": {}, "subject": "a", "type": "x"}]
)
def test_what_is_no_event_of_ours_is_passed_over(broken: dict[str, Any]) -> None:
    fold = Fold()
    assert fold.apply(1, 0, broken) is None
    assert (len(fold), fold.last) == (0, 1)


def test_an_unknown_severity_does_not_break_the_fold() -> None:
    fold = folded(("a", "raised", "terrible"))
    assert standing(fold).peak == -1


def test_the_same_events_cut_anywhere_give_the_same_alerts() -> None:
    chance = random.Random(3)
    verbs = ["raised", "escalated", "eased", "blind", "sighted", "cleared", "acknowledged"]
    story = [
        (chance.choice("abcdef"), chance.choice(verbs), chance.choice(["watch", "warning"]))
        for _ in range(300)
    ]
    whole = folded(*story)
    fold = Fold()
    for start in range(0, 300, 17):
        # Each piece repeats the end of the one before, as a reader does that comes back.
        for sequence, (alert, verb, severity) in list(enumerate(story, 1))[max(0, start - 5) : start + 17]:
            fold.apply(sequence, sequence, event(alert, verb, severity, at_s=sequence))
    assert list(fold.newest_first()) == list(whole.newest_first())
