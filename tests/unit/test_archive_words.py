"""Groups, events, marks and complaints: the small pure parts of the archive."""

from itertools import pairwise

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.archive import trouble
from services.ingest.archive.events import decode_event
from services.ingest.archive.group import alone, groups
from services.ingest.archive.places import TRAIL_AT_MOST, Place
from services.observation import messages
from services.observation.sources import Source
from tests.support.archive import T0, Arrived, Pack, batch_of


def readings(sequence: int, rows: int) -> Arrived:
    """A message of so many rows."""
    pack = Pack("g", "b", sequence, tuple(("a.x", T0 + at, 1.0) for at in range(rows)))
    return Arrived(sequence, messages.READINGS, batch_of([pack]).encode())


def test_groups_are_cut_by_rows_and_leave_nothing_out() -> None:
    arrived = [readings(seq, 4) for seq in range(1, 8)]
    cut = list(groups("READINGS", arrived, rows=10))
    assert [group.rows for group in cut] == [12, 12, 4]
    assert [group.last.sequence for group in cut] == [3, 6, 7]
    assert [m.sequence for group in cut for m in group.messages] == list(range(1, 8))
    assert [group.last.sequence for group in alone("READINGS", arrived)] == list(range(1, 8))


def test_ticks_alone_need_no_table() -> None:
    tick = Arrived(1, messages.TICK, messages.encode(messages.Tick(T0, 0, [], {})))
    assert [group.idle for group in groups("READINGS", [tick])] == [True]
    assert [group.idle for group in groups("READINGS", [tick, readings(2, 1)])] == [False]


@pytest.mark.parametrize("kind", ["readings", "strikes", "gateway", "site", "news", ""])
def test_a_message_that_can_not_be_read_is_noted_and_passed_over(kind: str) -> None:
    group = next(groups("READINGS", [Arrived(1, kind, b"\xc1"), readings(2, 3)]))
    assert [message.sequence for message in group.unreadable] == [1]
    assert (group.rows, group.last.sequence) == (3, 2)


def test_strikes_whose_sources_count_otherwise_are_not_guessed_at() -> None:
    source = Source("g", "b", 1, 0, 1, T0, 2)
    wrong = messages.StrikeBatch([source], [messages.Strike("s", T0, 10.0, 107.0)])
    group = next(groups("READINGS", [Arrived(1, messages.STRIKES, messages.encode(wrong))]))
    assert len(group.unreadable) == 1


def test_an_event_of_a_person_needs_no_hazard() -> None:
    event = decode_event(
        b'{"id":"k","source":"/sites/vt","type":"vn.haidang.alert.commented.v1","subject":"a",'
        b'"time":"2025-11-20T01:00:00Z","data":{"by":"lan","new":{"of":["a","later"]}}}',
        5,
    )
    assert (event.sequence, event.hazard, event.severity) == (5, None, None)
    assert event.data == '{"by":"lan","new":{"of":["a","later"]}}'


def test_an_event_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        decode_event(b'{"id":"k","source":"s","type":"t","subject":"a","time":"2025-11-20T01:00:00"}', 1)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=300))
def test_marks_stay_few_in_order_and_close_to_wherever_a_stream_may_break(steps: list[int]) -> None:
    place = Place("e", 0, "")
    for step in steps:
        place = place.moved(place.sequence + step, "h")
    marks = [sequence for sequence, _ in place.trail]
    assert len(marks) <= TRAIL_AT_MOST
    assert marks == sorted(set(marks))
    assert all(mark < place.sequence for mark in marks)
    if len(steps) > 1:
        assert marks[0] == steps[0]
        # Going back costs in proportion to how much was lost: at most about half as much again.
        for lower, upper in pairwise(marks):
            assert upper - lower <= max(2 * (place.sequence - lower) * 0.7, 200)


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (psycopg.errors.DiskFull(), "database_disk_full"),
        (psycopg.errors.TooManyConnections(), "database_no_connections"),
        (psycopg.errors.OutOfMemory(), "database_short"),
        (psycopg.errors.AdminShutdown(), "database_away"),
        (psycopg.errors.ReadOnlySqlTransaction(), "database_read_only"),
        (psycopg.errors.InsufficientPrivilege(), "database_rights"),
        (psycopg.OperationalError("connection refused"), "database_away"),
        (psycopg.OperationalError('FATAL: database "x" does not exist'), "database_missing"),
        (psycopg.OperationalError("password authentication failed"), "database_refuses"),
        (psycopg.errors.SyntaxError("oh"), "database_error"),
    ],
)
def test_every_refusal_of_the_database_has_a_name_and_both_languages(error: Exception, code: str) -> None:
    found = trouble.of(error)
    assert found.code == code
    assert found.text.vi
    assert found.text.en
