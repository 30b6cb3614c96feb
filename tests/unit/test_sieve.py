"""Who begins with a digest decides exactly as one who read the whole stream."""

import asyncio
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nats.js import JetStreamContext

from services.alerts import selfwatch
from services.alerts.commands import owed as command_owed
from services.alerts.digest import duty, sieve
from services.alerts.digest.sieve import Sieve
from services.alerts.link import watch as link_watch
from services.alerts.load import book
from services.api import fold, grouped
from services.cap import desk
from services.observation import digest, maintenance
from services.observation.digest import Form, Head, Stored
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND, iso
from services.observation.tally import Tally
from services.runtime import digest as runtime_digest
from tests.support.digests import POLICY, READERS, SORTS, Story, load_book, tally
from tests.support.keeping import SITE

nth = st.integers(0, 7)
step = st.one_of(
    st.tuples(
        st.just("raise"),
        st.sampled_from(SORTS),
        st.sampled_from(SEVERITIES),
        st.integers(0, 2),
        st.sampled_from(("a", "b", "c", "d")),
    ),
    st.tuples(
        st.just("move"), nth, st.sampled_from(("up", "down", "cleared", "cleared", "blind", "sighted"))
    ),
    st.tuples(
        st.just("act"),
        nth,
        st.sampled_from(
            (
                "acknowledged",
                "shelve_asked",
                "shelved",
                "closed",
                "reopened",
                "commented",
                "unacknowledged",
                "assigned",
            )
        ),
    ),
    st.tuples(st.just("window"), st.integers(0, 2), st.sampled_from((1, 72)), st.just("planned")),
    st.tuples(
        st.just("finding"), st.sampled_from(("self.space", "site-silent")), st.sampled_from(("x", "y"))
    ),
    st.tuples(st.just("bulletin"), st.sampled_from(("approved", "rejected"))),
    st.tuples(st.just("other"), st.sampled_from(("road", "exercise", "alert", "link"))),
    st.tuples(st.just("wait"), st.sampled_from((5, 600, 7_200, 86_400, 9 * 86_400, 34 * 86_400))),
)
STORM = tuple(("raise", sort, "warning", 0, "a") for sort in ("level", "rain", "lightning"))
"""What stays open, and makes a situation."""
steps = st.lists(step, min_size=1, max_size=30)


def digested(messages: list[Stored], cuts: list[int]) -> tuple[Head, list[Stored]]:
    """A digest made of the digest before and what came since, and so on; each written and read."""
    head, kept = Head(release="1", epoch="e", sequence=0, hash=""), list[Stored]()
    for cut in cuts:
        made = Sieve()
        for message in kept:
            made.again(message)
        made.resume(head)
        for message in messages[:cut]:
            made.take(message)
        found = made.kept()
        blocks = [digest.pack(block) for block in digest.cut(found)]
        read = digest.split(digest.join(made.head("1", "e", "hash", 0, len(found)), blocks))
        head, kept = read.head, [one for block in read.blocks for one in digest.unpack(block)]
    return head, kept


def ending(story: Story, cuts: list[int]) -> tuple[list[Stored], Head, list[Stored]]:
    """All messages of a story, and what a reader sees who begins with a digest of its first ones."""
    whole = story.messages
    cuts = sorted({min(cut * len(whole) // 100, len(whole)) for cut in cuts} - {0}) or [len(whole)]
    head, kept = digested(whole, cuts)
    return whole, head, [*kept, *whole[head.sequence :]]


@given(steps, st.lists(st.integers(1, 100), min_size=1, max_size=3), st.sampled_from((5, 3_600, 33 * 86_400)))
@settings(max_examples=40, deadline=None)
def test_who_begins_with_a_digest_decides_as_one_who_read_everything(
    told: list[tuple[Any, ...]], cuts: list[int], later_s: int
) -> None:
    story = Story()
    for what in told:
        story.happen(what)
    whole, head, short = ending(story, cuts)
    now = story.now + later_s * SECOND
    for name, reads in READERS.items():
        if (place := story.place(name, head)) is not None:
            assert reads(short, place, now) == reads(whole, place, now), name
    after, counted = tally(whole), head.tally
    assert digest.split(digest.join(head, [])).head.tally == counted
    assert counted == tally(whole[: head.sequence])
    assert after == tally(whole)
    _same_load(short, whole, head, now)


@given(steps, st.lists(st.integers(1, 100), min_size=1, max_size=3))
@settings(max_examples=25, deadline=None)
def test_of_a_situation_that_goes_on_for_ever_enough_is_kept_to_decide_the_same(
    told: list[tuple[Any, ...]], cuts: list[int]
) -> None:
    story = Story()
    for what in (*STORM, *told):
        story.happen(what)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(sieve, "MOST_OF_ONE", 2)
        whole, head, short = ending(story, cuts)
    for name in ("keeping", "situations", "watches", "public"):
        if (place := story.place(name, head)) is not None:
            assert READERS[name](short, place, story.now) == READERS[name](whole, place, story.now), name


def test_a_situation_that_goes_on_for_ever_is_shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "MOST_OF_ONE", 3)
    story = Story()
    for what in STORM:
        story.happen(what)
    for _ in range(10):
        story.happen(("raise", "rain", "watch", 2, "a"))
        story.happen(("move", len(STORM), "cleared"))
    whole, head, short = ending(story, [50, 100])
    of_one = [b"vn.haidang.situation" in one.data for one in whole]
    assert sum(of_one) > 12 > sum(b"vn.haidang.situation" in one.data for one in short)
    assert head.whole_after > 0


def _same_load(short: list[Stored], whole: list[Stored], head: Head, now: int) -> None:
    """The load figures of any span that a reader of the digest says it knows are the same."""
    ours, theirs = load_book(short, head.whole_after_us), load_book(whole, 0)
    assert ours.since >= theirs.since or not head.whole_after
    since = max(ours.since, theirs.since)
    assert {
        name: case for name, case in ours.cases.items() if case.life.open or case.life.changed_us >= since
    } == {
        name: case for name, case in theirs.cases.items() if case.life.open or case.life.changed_us >= since
    }
    for one in (ours, theirs):
        one.due(now)
    assert [act for act in ours.acts if act.at >= since] == [act for act in theirs.acts if act.at >= since]
    assert [one for one in ours.affairs if one.at >= since] == [
        one for one in theirs.affairs if one.at >= since
    ]


def test_the_year_that_is_over_is_left_out() -> None:
    story = Story()
    for _ in range(12):
        story.happen(("raise", "door", "advisory", 0, "a"))
        story.happen(("act", len(story.names) - 1, "acknowledged"))
        story.happen(("move", 0, "cleared"))
        story.happen(("wait", 33 * 86_400))
    story.happen(("raise", "door", "advisory", 1, "a"))
    whole, head, short = ending(story, [100])
    assert len(short) * 3 < len(whole)
    assert head.whole_after
    assert all(one.sequence <= head.whole_after for one in whole if one not in _bare(short))


def _bare(messages: list[Stored]) -> list[Stored]:
    return [msgspec.structs.replace(one, left_us=0) for one in messages]


def test_days_that_the_stream_has_forgotten_are_not_counted_from_a_digest() -> None:
    story = Story()
    for _ in range(3):
        story.happen(("other", "road"))
        story.happen(("wait", 86_400))
    _, head, _ = ending(story, [100])
    found = Tally()
    found.restore(head.tally, head.sequence, 2)
    assert found.total(SITE).events == 2
    assert found.last == head.sequence


@pytest.mark.parametrize("rule", ["self.space", "site-silent"])
def test_the_next_alert_about_ourselves_names_the_one_before_however_long_ago(rule: str) -> None:
    story = Story()
    for what in (("finding", rule, "x"), ("finding", rule, "x"), ("wait", 99 * 86_400), ("other", "road")):
        story.happen(what)
    whole, head, short = ending(story, [100])
    told = READERS["watches"](short, head.sequence, story.now)
    assert told == READERS["watches"](whole, head.sequence, story.now)
    assert any(event.data.previous for events in told for event in events)


def test_what_still_stands_is_marked_as_needed_however_old() -> None:
    story = Story()
    story.happen(("raise", "level", "emergency", 0, "a"))
    story.happen(("raise", "door", "advisory", 1, "b"))
    story.happen(("move", 1, "cleared"))
    story.happen(("wait", 20 * 86_400))
    story.happen(("other", "road"))
    _, _, short = ending(story, [100])
    marks = {msgspec.json.decode(one.data)["subject"]: one.left_us for one in short}
    assert marks["level-0-a-0"] == 0
    assert marks["door-1-b-1"] > 0


def test_of_a_storm_without_end_the_newest_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sieve, "MOST_OVER", 3)
    story = Story()
    for day in range(10):
        story.happen(("raise", "door", "advisory", day % 3, "a"))
        story.happen(("move", 0, "cleared"))
        story.happen(("wait", 86_400))
    _, head, short = ending(story, [100])
    names = {one.subject for one in short}
    assert len(names) == 3
    assert head.whole_after_us > 0


@pytest.mark.parametrize("reads", ["folded", "keeping"])
def test_what_another_site_says_of_a_thing_of_the_same_name_ends_nothing_of_ours(reads: str) -> None:
    story = Story()
    story.happen(("raise", "level", "warning", 0, "a"))
    story.happen(("window", 0, 2_000, "planned"))
    for at, noun in (("level-0-a-0", "alert.cleared"), ("w0", "maintenance.cancelled")):
        data = {"alert_id": at, "state": "cancelled", "hazard": "flood", "area": "a", "severity": "warning"}
        event = {"id": f"x{at}", "source": "/sites/elsewhere", "type": f"vn.haidang.{noun}.v1"}
        more = {"subject": at, "time": iso(story.now), "data": data}
        story.put(f"alerts.elsewhere.a.{at}", {**event, **more})
    story.happen(("wait", 40 * 86_400))
    story.happen(("other", "road"))
    whole, head, short = ending(story, [60, 100])
    told = READERS[reads](short, head.sequence, story.now)
    assert told == READERS[reads](whole, head.sequence, story.now)
    assert {"level-0-a-0", "w0"} <= {one.subject.rpartition(".")[2] for one in short}
    lives = told[0] if reads == "keeping" else {one.life.alert_id: one.life for one in told[0]}
    assert lives["level-0-a-0"].open


def test_an_event_that_calls_its_alert_otherwise_ends_it_for_nobody() -> None:
    story = Story()
    story.happen(("raise", "door", "advisory", 0, "a"))
    first = msgspec.json.decode(story.messages[0].data)
    first |= {"id": "odd", "type": "vn.haidang.alert.cleared.v1", "data": {**first["data"], "alert_id": "b"}}
    story.put(story.messages[0].subject, first)
    story.happen(("wait", 40 * 86_400))
    story.happen(("other", "road"))
    whole, head, short = ending(story, [100])
    assert READERS["keeping"](short, head.sequence, story.now) == READERS["keeping"](
        whole, head.sequence, story.now
    )
    assert READERS["keeping"](short, head.sequence, story.now)[0]


def test_what_does_not_fit_into_memory_is_given_up_and_the_stream_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = Sieve()
    for sequence in range(1, 11):
        made.take(Stored(sequence, sequence, 0, f"alerts.x.y.{sequence}", {}, b"{}" * 500))
    duty._leave_out(made)
    assert made.weight > 10_000
    monkeypatch.setattr(duty, "MOST_BYTES", 10_000)
    with pytest.raises(duty.TooMuch):
        duty._leave_out(made)


@pytest.mark.parametrize("fault", ["a reader stumbles", "a block is missing"])
def test_a_digest_that_can_not_be_taken_whole_is_passed_over_from_then_on(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = [digest.pack([Stored(1, 1, 0, "alerts.x.y.z", {}, b"{}")])]
    head = Head(release="1", epoch="e", sequence=1, hash="h", count=2 if "block" in fault else 1)

    async def read(*_: object) -> runtime_digest.Digest:
        return runtime_digest.Digest(Form(head, blocks), 1)

    def take(_: object) -> None:
        if "reader" in fault:
            raise KeyError(fault)

    monkeypatch.setattr(runtime_digest, "read", read)
    monkeypatch.setattr(runtime_digest, "_distrusted", set())
    with pytest.raises(runtime_digest.Broken):
        asyncio.run(runtime_digest.begin(cast("JetStreamContext", None), take))
    assert runtime_digest._distrusted == {("h", 1)}


def test_rules_by_which_we_raise_alerts_ourselves_are_all_known_to_the_sieve() -> None:
    rules = (selfwatch.RULE_PREFIX, *link_watch.RULES, command_owed.RULE)
    assert all(rule.startswith(sieve.OWN_RULES) for rule in rules)


def test_no_reader_remembers_longer_than_the_sieve_keeps() -> None:
    longest = max(
        fold.KEEP_US, grouped.KEEP_US, book.KEEP_US, book.OWED_KEPT_US, maintenance.KEPT_US, desk.KEEP_US
    )
    assert longest < sieve.KEEP_US
    most = (fold.KEEP_CLOSED, grouped.KEEP_ENDED, book.KEEP_CASES, maintenance.MOST_KEPT)
    assert max(most) < sieve.MOST_OVER


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"haidang digest\n",
        b"haidang digest\n\x00\x00\x00\x04abcd",
        b"haidang digest\n\x00\x00\xff\xff",
        b"something else",
    ],
)
def test_bytes_that_are_no_digest_are_refused(data: bytes) -> None:
    with pytest.raises(digest.Unreadable):
        digest.split(data)


def test_another_format_is_refused_and_so_is_a_broken_block() -> None:
    head = Head(release="1", epoch="e", sequence=7, hash="h", v=digest.FORMAT + 1)
    with pytest.raises(digest.Unreadable, match="format"):
        digest.split(digest.join(head, []))
    with pytest.raises(digest.Unreadable):
        digest.unpack(b"no block")
    assert isinstance(digest.split(digest.join(msgspec.structs.replace(head, v=digest.FORMAT), [])), Form)


def test_messages_of_any_bytes_are_kept_as_they_are_and_never_stop_the_sieve() -> None:
    made = Sieve()
    bodies = (
        b"",
        b"[]",
        b'{"type":3}',
        b"\xff",
        b'{"type":"vn.haidang.alert.raised.v1","subject":7,"data":[]}',
    )
    for sequence, data in enumerate(bodies, 1):
        made.take(Stored(sequence, sequence, 0, "alerts.x.y.z", {}, data))
    assert [one.data for one in made.kept()] == list(bodies)


def test_the_policy_of_the_stories_publishes() -> None:
    found = POLICY.publication.rule_for(hazard="flood", rule="x", severity="watch", origin="sensor")
    assert found is not None
