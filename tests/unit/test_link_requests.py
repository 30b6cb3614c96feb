"""What waits on ACTS for a child, and a parent whose ACTS is not what it was: nothing is passed over."""

import asyncio
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from nats.js.errors import NotFoundError

from services.alerts.lifecycle.acts import DEFAULT
from services.alerts.link.above import Above
from services.alerts.link.below import Down, Fetched, Requests
from services.alerts.link.core import Ways
from services.policy.links import Parent
from services.runtime.position import hash_of


class Acts:
    """The parent's ACTS: what stands at each sequence, for the child `xa`."""

    def __init__(self, *told: bytes, first: int = 1) -> None:
        self.held = dict(enumerate(told, first))
        self.last = first + len(told) - 1

    async def stream_info(self, _name: str) -> Any:
        return SimpleNamespace(state=SimpleNamespace(last_seq=self.last))

    async def get_msg(self, _name: str, seq: int, subject: str = "", **how: bool) -> Any:
        del subject
        found = sorted(at for at in self.held if (at >= seq if how.get("next") else at == seq))
        if not found:
            raise NotFoundError
        return SimpleNamespace(seq=found[0], subject=f"acts.xa.xa.{found[0]}", data=self.held[found[0]])


def parent(acts: Any) -> Requests:
    own: Any = SimpleNamespace(site="tinh")
    nowhere: Any = SimpleNamespace(nc=None)
    return Requests(own, acts, nowhere, "xa")


async def asked(at: Requests, data: bytes) -> bytes:
    said: list[bytes] = []

    async def respond(data: bytes) -> None:
        said.append(data)

    message: Any = SimpleNamespace(data=data, respond=respond)
    await at._give(message)
    return said[0]


def given(acts: Acts, after: int, name: str = "", site: str = "xa") -> list[int]:
    data = msgspec.json.encode(Down(site, after, name))
    fetched = msgspec.json.decode(asyncio.run(asked(parent(acts), data)), type=Fetched)
    return [one.sequence for one in fetched.items]


@pytest.mark.parametrize(
    ("acts", "after", "name", "sequences"),
    [
        (Acts(b"1", b"2", b"3"), 0, "", [1, 2, 3]),
        (Acts(b"1", b"2", b"3"), 2, hash_of(b"2"), [3]),
        # Restored from a backup, it counts on with other requests: none of them may be passed over.
        (Acts(b"1", b"other", b"new"), 2, hash_of(b"2"), [1, 2, 3]),
        # What was given was kept its time and is gone; what follows is new.
        (Acts(b"8", b"9", first=8), 3, hash_of(b"3"), [8, 9]),
        # A child of an older release says no hash.
        (Acts(b"1", b"2", b"3"), 2, "", [3]),
    ],
)
def test_a_child_gets_what_it_has_not_seen_also_when_its_parent_was_restored(
    acts: Acts, after: int, name: str, sequences: list[int]
) -> None:
    assert given(acts, after, name) == sequences


def test_who_comes_with_a_childs_password_and_another_name_gets_nothing() -> None:
    assert given(Acts(b"1"), 0, site="xb") == []


class Child:
    """A child that fetches from a parent, and writes down what it was told to decide."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        nothing: Any = None
        own: Any = SimpleNamespace(site="xa")
        self.acts, self.decided = Acts(), list[str]()
        connection: Any = SimpleNamespace(nc=self)
        self.above = Above(
            own, nothing, connection, Parent(site="tinh"), Ways("xa"), nothing, list, lambda: DEFAULT
        )
        monkeypatch.setattr(self.above, "_decide", self._decide)
        monkeypatch.setattr(self.above, "_save", self._save)

    async def request(self, _subject: str, data: bytes, timeout: float) -> Any:  # noqa: ASYNC109  as nats-py's
        del timeout
        return SimpleNamespace(data=await asked(parent(self.acts), data))

    async def _decide(self, _subject: str, data: bytes) -> None:
        self.decided.append(data.decode())

    async def _save(self) -> None:
        """Its place lives in the test."""

    def fetch(self, acts: Acts) -> list[str]:
        """Everything that it decides of a parent's ACTS."""

        async def all_of_it() -> None:
            stop = asyncio.Event()
            while await self.above._fetch(stop):
                pass

        self.acts, self.decided = acts, []
        asyncio.run(all_of_it())
        return self.decided


def test_a_child_knows_by_the_last_request_that_its_parent_was_restored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    child = Child(monkeypatch)
    assert child.fetch(Acts(b"1", b"2", b"3")) == ["1", "2", "3"]
    assert child.fetch(Acts(b"1", b"2", b"3", b"4")) == ["4"]
    # Restored to its second request, then two new ones: four again, but not what was the fourth.
    assert child.fetch(Acts(b"1", b"2", b"new", b"newer")) == ["1", "2", "new", "newer"]
    assert child.fetch(Acts(b"1", b"2", b"new", b"newer")) == []
    # Begun anew, and shorter than where we were.
    assert child.fetch(Acts(b"x")) == ["x"]
