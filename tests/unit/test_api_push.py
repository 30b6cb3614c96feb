"""Entries, filters and the hub's ring, without a stream."""

import asyncio
import json

import pytest

from services.api.push.entry import Entry, Wanted, entry_of, event_of
from services.api.push.hub import Hub
from services.runtime.follow import Message
from services.runtime.principal import Principal
from tests.support.api_rig import told


def message(data: bytes, sequence: int = 42) -> Message:
    return Message("alerts.x.y.z", sequence, "", data, {}, 0)


def entry(sequence: int = 1, verb: str = "raised", severity: str = "watch", peak: int = -1) -> Entry:
    found = message(told("a", verb, severity=severity)[1], sequence)
    event = event_of(found)
    assert event is not None
    return entry_of(found, event, "1f0c9a2b", peak)


def test_sequence_and_epoch_are_added_as_text_and_the_rest_passes_untouched() -> None:
    _, data = told("a", "escalated", severity="warning")
    made = entry(42, "escalated", "warning")
    said = json.loads(made.text)
    assert (said.pop("sequence"), said.pop("epoch")) == ("42", "1f0c9a2b")
    assert said == json.loads(data)
    assert made.frame == b"id: 1f0c9a2b.42\nevent: escalated\ndata: " + made.text.encode() + b"\n\n"


def test_an_event_written_over_several_lines_stays_one_frame() -> None:
    data = json.dumps(json.loads(told("a")[1]), indent=2, ensure_ascii=False).replace("\n", "\r\n").encode()
    event = event_of(message(data))
    assert event is not None
    made = entry_of(message(data), event, "1f0c9a2b", -1)
    assert made.frame.count(b"\n") == 4
    assert b"\r" not in made.frame
    assert json.loads(made.text)["data"] == json.loads(data)["data"]


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"7", b'{"type":1,"data":{}}', b'{"type":"x"}', b"\xff\xfe"]
)
def test_bytes_that_are_no_event_are_none(data: bytes) -> None:
    assert event_of(message(data)) is None


def test_an_event_of_a_type_we_do_not_know_is_handed_on() -> None:
    data = told("a")[1].replace(b"vn.haidang.alert.raised.v1", b"com.example.other")
    event = event_of(message(data))
    assert event is not None
    assert entry_of(message(data), event, "1f0c9a2b", -1).verb == "unknown"


@pytest.mark.parametrize(
    ("verb", "severity", "peak", "least", "taken"),
    [
        ("raised", "watch", 1, 1, True),  # exactly at the lowest
        ("raised", "advisory", 0, 1, False),
        ("eased", "advisory", 2, 2, True),  # who saw the warning sees it ease
        ("cleared", "advisory", 0, 1, False),  # who never saw it need not see its end
        ("cleared", "advisory", -1, 3, True),  # its past is unknown: an ending is never hidden
        ("blind", "watch", -1, 3, True),
        ("raised", "watch", -1, 2, False),
        ("escalated", "warning", -1, 3, False),
        ("raised", "terrible", -1, 0, False),
    ],
)
def test_the_filter_by_severity(verb: str, severity: str, peak: int, least: int, *, taken: bool) -> None:
    assert Wanted(severity_min=least).takes(entry(verb=verb, severity=severity, peak=peak)) is taken


def test_filters_by_hazard_and_area_must_both_agree() -> None:
    made = entry()
    assert Wanted(frozenset({"flood"}), frozenset({"thang-tam"})).takes(made)
    assert not Wanted(frozenset({"tree"}), frozenset({"thang-tam"})).takes(made)
    assert not Wanted(frozenset({"flood"}), frozenset({"rach-dua"})).takes(made)
    assert Wanted(frozenset({"tree", "flood"}), frozenset({"rach-dua", "thang-tam"})).takes(made)
    assert Wanted(nouns=frozenset({"alert", "situation"})).takes(made)
    assert not Wanted(nouns=frozenset({"situation"})).takes(made)
    assert Wanted(sites=frozenset({made.site})).takes(made)
    assert not Wanted(sites=frozenset({"another"})).takes(made)


def test_the_ring_holds_the_newest_and_says_from_where() -> None:
    hub = Hub(ring=10)
    hub.reset("1f0c9a2b", 5)
    hub.append([entry(n) for n in range(6, 31)], 30)
    assert (hub.floor, hub.head) == (20, 30)
    found, position = hub.since(20, 100)
    assert ([one.sequence for one in found], position) == (list(range(21, 31)), 30)
    found, position = hub.since(27, 2)
    assert ([one.sequence for one in found], position) == ([28, 29], 29)
    assert hub.since(30, 5) == ([], 30)


def test_a_reader_that_is_ahead_of_the_hub_is_not_led_back() -> None:
    hub = Hub()
    hub.reset("1f0c9a2b", 0)
    hub.append([entry(1), entry(2)], 2)
    assert hub.since(7, 100) == ([], 7)


def test_messages_that_were_no_events_leave_no_hole_for_a_reader() -> None:
    hub = Hub(ring=10)
    hub.reset("1f0c9a2b", 0)
    hub.append([entry(1), entry(4)], 6)  # 2, 3, 5 and 6 could not be read
    found, position = hub.since(0, 100)
    assert ([one.sequence for one in found], position) == ([1, 4], 6)


def test_a_waiter_wakes_at_the_next_event_and_not_before() -> None:
    async def main() -> float:
        hub = Hub()
        hub.reset("1f0c9a2b", 0)
        waiting = asyncio.create_task(hub.wait(5))
        await asyncio.sleep(0)
        begun = asyncio.get_running_loop().time()
        assert not waiting.done()
        hub.append([entry(1)], 1)
        await waiting
        return asyncio.get_running_loop().time() - begun

    assert asyncio.run(main()) < 1


def test_a_reset_empties_the_ring_and_makes_old_places_void() -> None:
    hub = Hub()
    hub.reset("1f0c9a2b", 0)
    hub.append([entry(1)], 1)
    before = hub.generation
    hub.reset("2f0c9a2b", 1)
    assert (hub.generation, hub.floor, hub.head) == (before + 1, 1, 1)
    assert hub.since(0, 10) == ([], 1)


def test_a_report_is_told_to_those_alone_who_see_all_areas() -> None:
    """Its headline counts alerts of every area, though its own subject is the whole site's."""
    made = entry()._replace(verb="report.made", place="_", site="vung-tau")
    roles = frozenset({"operator"})
    held, free = Principal("a", roles, frozenset({"thang-tam"})), Principal("b", roles)
    assert not Wanted(who=held, own="vung-tau").takes(made)
    assert Wanted(who=free, own="vung-tau").takes(made)
    assert Wanted(who=held, own="vung-tau").takes(made._replace(verb="road.failed"))
