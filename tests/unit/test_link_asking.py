"""Who answers for a child, and what of its stream is passed over."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from services.alerts.link import asking as link_asking
from services.alerts.link import comparing as link_comparing
from services.alerts.link import watch as link_watch
from services.alerts.link.asking import Asking
from services.alerts.link.comparing import Comparing
from services.alerts.link.core import Days, Ways
from services.observation.instants import SECOND
from services.observation.links import Beat, Mark, Standing
from services.observation.tally import Count, Tally, is_counted

NOW = 1_792_458_600 * SECOND


def beat(machine: str, site: str = "xa") -> Beat:
    return Beat(site=site, t=NOW, epoch="e", last=1, machine=machine)


class Line:
    """A connection on which one machine after the other answers."""

    def __init__(self, *machines: str) -> None:
        self.machines = list(machines)

    async def request(self, _subject: str, _ask: bytes, timeout: float) -> Any:  # noqa: ASYNC109  as nats-py has it
        del timeout
        return SimpleNamespace(data=msgspec.json.encode(beat(self.machines.pop(0))))


def believed(*machines: str, then_s: float = 0.0) -> tuple[list[bool], Standing]:
    """Which heartbeats were taken; the last one comes `then_s` after the others."""
    own: Any = SimpleNamespace(site="tinh", waiting={})
    line: Any = Line(*machines)
    standing, asking = Standing(site="xa", heard=NOW), Asking(line, own, "xa")

    async def scene() -> list[bool]:
        found = []
        for at in range(len(machines)):
            if at == len(machines) - 1:
                asking._twins_until -= then_s
            taken = await asking.beat(standing) is not None
            assert taken is not asking.other
            found.append(taken)
        return found

    return asyncio.run(scene()), standing


def test_two_machines_that_speak_as_one_site_are_not_believed_and_told() -> None:
    """A copied machine, or the old one still running: their streams would be mixed under one name."""
    taken, standing = believed("a", "b", "a", "a", "b")
    assert taken == [True, True, False, False, False]
    (found,) = link_watch.look(standing, 60 * SECOND, 0, NOW)
    assert (found.rule, "two machines" in found.reason.en) == ("site-refused", True)
    taken, standing = believed("a", "b", "a", "a", then_s=link_asking.HOLD_S + 1)
    assert (taken, standing.refused) == ([True, True, False, True], {})


def test_a_server_that_is_started_anew_is_no_second_machine() -> None:
    assert believed("a", "a", "b", "b", "c", "c")[0] == [True] * 6


@pytest.mark.parametrize(
    ("data", "counted"),
    [
        (b'{"id":"1","type":"t","time":"2026-10-20T01:00:00Z"}', True),
        (b'{"id":"1","type":"t","time":"today"}', False),
        (b'{"id":"1"}', False),
        (b"\x00", False),
    ],
)
def test_what_a_tally_counts_is_what_a_site_is_named_for(data: bytes, counted: bool) -> None:  # noqa: FBT001
    tally = Tally()
    tally.take(1, "alerts.xa.x.y", data)
    assert (is_counted(data), tally.sites() == ["xa"]) == (counted, counted)


def test_a_day_that_lacks_something_is_read_again_from_its_hour_then_from_the_start_and_then_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A clock that was wrong: the event does not stand where its time says."""

    async def before(*_where: object) -> int:
        return 70

    monkeypatch.setattr(link_comparing, "sequence_before", before)
    monkeypatch.setattr(link_comparing, "COMPARE_SOON_S", 0.0)
    days = Days(last=100, first=1, sites={"xa": {"2026-10-20": Count(1, "0" * 32)}})

    async def request(*_what: object, timeout: float) -> Any:  # noqa: ASYNC109  as nats-py has it
        del timeout
        return SimpleNamespace(data=msgspec.json.encode(days))

    nc: Any = SimpleNamespace(request=request)
    own: Any = SimpleNamespace(tally=Tally())
    there: Any = None
    ways = Ways("tinh")
    ways.take("xa", "xa")
    comparing = Comparing(nc, there, own, ways, "xa")
    standing = Standing(site="xa", marks=[Mark("e", 100, "h")])

    async def scene() -> list[tuple[int | None, list[str]]]:
        found = []
        for _ in range(3):
            outcome = await comparing.look(standing, 0)
            assert outcome is not None
            found.append((outcome.again, standing.differ))
        assert await comparing.look(standing, 0) is None  # and not before the next hour
        return found

    assert asyncio.run(scene()) == [(70, []), (0, []), (None, ["2026-10-20"])]
