"""Alerts about ourselves: what the keeper decides from heartbeats and the fill of streams."""

from msgspec import structs

from services.alerts.selfwatch import Watch, look, since
from services.observation.event import CloudEvent, type_of, verb_of
from services.observation.heartbeat import Complaint, Heartbeat
from services.observation.instants import SECOND

T = 1_763_600_400 * SECOND


def verbs(events: list[CloudEvent]) -> list[str]:
    return [verb_of(event.type) for event in events]


def test_a_service_that_gives_no_heartbeat_for_15_s_is_one_alert_until_it_speaks_again() -> None:
    watch = Watch("vt")
    beats = [Heartbeat("ingest", 0, T)]
    assert watch.update(look(beats, {}, T + 14 * SECOND), T + 14 * SECOND) == []
    raised = watch.update(look(beats, {}, T + 20 * SECOND), T + 20 * SECOND)
    assert verbs(raised) == ["raised"]
    assert raised[0].data.time == "2025-11-20T01:00:15Z"
    assert watch.update(look(beats, {}, T + 25 * SECOND), T + 25 * SECOND) == []
    cleared = watch.update(
        look([Heartbeat("ingest", 0, T + 26 * SECOND)], {}, T + 30 * SECOND), T + 30 * SECOND
    )
    assert verbs(cleared) == ["cleared"]
    assert cleared[0].subject == raised[0].id


def test_a_restart_of_everything_is_no_silence_but_who_stays_away_after_it_is() -> None:
    old = {"ingest": Heartbeat("ingest", 1, T - 3600 * SECOND), "api": Heartbeat("api", 1, T - 3600 * SECOND)}
    assert look(since(old, ["ingest", "api", "archive"], T), {}, T + 14 * SECOND) == []
    spoken = {**old, "ingest": Heartbeat("ingest", 2, T + 10 * SECOND)}
    found = look(since(spoken, ["ingest", "api", "archive"], T), {}, T + 16 * SECOND)
    assert [finding.about for finding in found] == ["api", "archive"]


def test_what_was_open_about_a_service_not_heard_since_a_restart_stays_open() -> None:
    watch = Watch("vt")
    watch.update(look([Heartbeat("api", 0, T)], {}, T + 60 * SECOND), T + 60 * SECOND)
    assert watch.update([], T + 61 * SECOND, frozenset({"api"})) == []
    assert verbs(watch.update([], T + 76 * SECOND)) == ["cleared"]


def test_who_acknowledges_an_alert_that_is_over_does_not_open_it_again() -> None:
    watch = Watch("vt")
    raised = watch.update(look([Heartbeat("api", 0, T)], {}, T + 60 * SECOND), T + 60 * SECOND)
    cleared = watch.update([], T + 76 * SECOND)
    acted = [structs.replace(cleared[0], type=type_of(verb)) for verb in ("acknowledged", "closed")]
    after = Watch("vt")
    for event in (*raised, *cleared, *acted):
        after.restore(event)
    assert after.open == {}


def test_a_linked_sites_words_about_itself_are_not_ours() -> None:
    child, parent = Watch("child"), Watch("vt")
    for event in child.update(look([Heartbeat("api", 0, T)], {}, T + 60 * SECOND), T + 60 * SECOND):
        parent.restore(event)
    assert parent.open == {}


def test_the_next_silence_is_a_new_alert_that_names_the_one_before() -> None:
    watch = Watch("vt")
    first = watch.update(look([Heartbeat("api", 0, T)], {}, T + 60 * SECOND), T + 60 * SECOND)[0]
    watch.update([], T + 70 * SECOND)
    second = watch.update(look([Heartbeat("api", 0, T + 70 * SECOND)], {}, T + 90 * SECOND), T + 90 * SECOND)[
        0
    ]
    assert second.id != first.id
    assert second.data.previous == first.id


def test_a_complaint_that_heals_within_15_s_is_no_alert() -> None:
    complaint = Complaint("database_down", "mất cơ sở dữ liệu", "database is down", T)
    beat = Heartbeat("archive", 0, T + 10 * SECOND, complaints=[complaint])
    assert look([beat], {}, T + 14 * SECOND) == []
    found = look([beat], {}, T + 15 * SECOND)
    assert [finding.key for finding in found] == ["self.complaint/archive.database_down"]
    assert found[0].reason.vi == "mất cơ sở dữ liệu"


def test_a_complaint_outlives_the_restart_of_its_service_as_one_alert_and_ends_when_it_is_settled() -> None:
    """Every restart once said that all was well, and called people anew of what never ended."""
    watch, begun = Watch("vt"), T - 3600 * SECOND

    def turn(at: int, began: int, *since_us: int) -> list[str]:
        complaints = [Complaint("mail", "không gửi được", "no mail", one) for one in since_us]
        beats = {"roads": Heartbeat("roads", 1, at, complaints=complaints, began=began)}
        return verbs(watch.update(look(beats.values(), {}, at), at, beats=beats))

    assert turn(T + 20 * SECOND, begun, T) == ["raised"]
    again = T + 30 * SECOND
    assert turn(again + SECOND, again) == [], "it has not looked yet"
    assert turn(again + 6 * SECOND, again, again + 5 * SECOND) == [], "found again, if only just"
    assert turn(again + 30 * SECOND, again, again + 5 * SECOND) == []
    assert turn(again + 35 * SECOND, again) == ["cleared"], "the process that said so has settled it"
    assert turn(again + 60 * SECOND, again, again + 40 * SECOND) == ["raised"]
    mended = again + 100 * SECOND
    assert turn(mended + 59 * SECOND, mended) == []
    assert turn(mended + 60 * SECOND, mended) == ["cleared"], "the next process does not find it"


def test_a_filling_stream_escalates_at_80_percent_and_eases_below() -> None:
    watch = Watch("vt")
    steps = [
        verbs(watch.update(look([], {"READINGS": share}, T + n), T + n))
        for n, share in enumerate((0.49, 0.5, 0.8, 0.6, 0.1))
    ]
    assert steps == [[], ["raised"], ["escalated"], ["eased"], ["cleared"]]


def test_a_keeper_that_restarts_neither_repeats_nor_forgets_what_is_open() -> None:
    before, after = Watch("vt"), Watch("vt")
    beats = [Heartbeat("ingest", 0, T)]
    for event in before.update(look(beats, {}, T + 20 * SECOND), T + 20 * SECOND):
        after.restore(event)
    assert after.update(look(beats, {}, T + 40 * SECOND), T + 40 * SECOND) == []
    assert verbs(after.update([], T + 50 * SECOND)) == ["cleared"]
