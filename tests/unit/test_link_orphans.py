"""Alerts that a linked site lost: told, closed here by a person, and never while that site has them."""

import asyncio
from collections.abc import Callable
from fnmatch import fnmatchcase
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from nats.js.errors import APIError, NotFoundError

from services.alerts.digest.sieve import Sieve
from services.alerts.lifecycle import Asked
from services.alerts.link import orphans as link_orphans
from services.alerts.link.orphans import Orphans
from services.alerts.link.own import Own
from services.api import putting_away, shown
from services.api.errors import Problem
from services.api.fold import Fold
from services.observation import event as events
from services.observation.digest import Stored
from services.observation.event import Alert
from services.observation.instants import SECOND, iso
from services.observation.links import Standing
from services.observation.orphans import verb_of
from services.observation.text import Text
from services.runtime.follow import Message
from services.runtime.principal import LOCAL

NOW = 1_792_458_600 * SECOND
A, B = "a" * 32, "b" * 32


class Stream:
    """ALERTS of a site, as far as it is asked here."""

    def __init__(self) -> None:
        self.told: list[tuple[str, bytes, int]] = []
        self.asked = 0

    def add(self, alert: str, verb: str = "raised", site: str = "xa", severity: str = "warning") -> None:
        at = NOW + len(self.told) * SECOND
        data = Alert(
            alert_id=alert,
            hazard="flood",
            area="bai-sau",
            severity=severity,
            rule="r",
            rule_version="1",
            time=iso(at),
            detected_at=iso(at),
            reason=Text("nước cao", "high water"),
        )
        event = events.make(site=site, verb=verb, event=f"{verb}{len(self.told)}", time=at, alert=data)
        self.told.append((events.subject(site, "bai-sau", alert), events.encode(event), at))

    def _message(self, sequence: int) -> Any:
        subject, data, _ = self.told[sequence - 1]
        return SimpleNamespace(seq=sequence, subject=subject, data=data, time=None)

    async def get_last_msg(self, _name: str, subject: str) -> Any:
        self.asked += 1
        found = [at for at, one in enumerate(self.told, 1) if fnmatchcase(one[0], subject)]
        if not found:
            raise NotFoundError
        return self._message(found[-1])

    async def get_msg(self, _name: str, seq: int, subject: str, **_how: bool) -> Any:
        found = [at for at, one in enumerate(self.told, 1) if at >= seq and one[0] == subject]
        if not found:
            raise NotFoundError
        return self._message(found[0])

    async def publish(self, subject: str, data: bytes, headers: dict[str, str], **_how: object) -> Any:
        last = max((at for at, one in enumerate(self.told, 1) if one[0] == subject), default=0)
        if int(headers["Nats-Expected-Last-Subject-Sequence"]) != last:
            raise APIError(code=400, err_code=10071, description="wrong last sequence")
        self.told.append((subject, data, NOW))
        return SimpleNamespace(seq=len(self.told))

    async def newest(self, pattern: str, take: Callable[[Any], None]) -> None:
        """The last message of each subject."""
        last = {subject: data for subject, data, _ in self.told if subject.startswith(pattern.rstrip(">"))}
        for subject, data in last.items():
            take(SimpleNamespace(subject=subject, data=data))

    def words(self) -> list[str]:
        """What is said of orphans."""
        said = (verb_of(msgspec.json.decode(data)["type"]) for _, data, _ in self.told)
        return [verb for verb in said if verb is not None]

    def folded(self) -> Fold:
        fold = Fold()
        for at, (_, data, stored) in enumerate(self.told, 1):
            fold.apply(at, stored, msgspec.json.decode(data))
        return fold


class Pair:
    """A parent that copied everything, and its child."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        async def read_through(js: Any, pattern: str, take: Any, _policy: object) -> None:
            await js.newest(pattern, take)

        monkeypatch.setattr(link_orphans, "read_through", read_through)
        self.here, self.there, self.standing = Stream(), Stream(), Standing(site="xa")
        own: Any = self.here
        there: Any = self.there
        self.orphans = Orphans(own, there, "tp", self.standing, lambda: ["xa"])

    def both(self, alert: str, verb: str = "raised") -> None:
        self.here.add(alert, verb)
        self.there.add(alert, verb)

    def look(self, *, lost: bool = True) -> list[str]:
        """What is named after a comparison."""
        self.orphans.compared(lost=lost)
        asyncio.run(self.orphans._round())
        return self.standing.orphans


@pytest.fixture
def pair(monkeypatch: pytest.MonkeyPatch) -> Pair:
    return Pair(monkeypatch)


def test_only_an_open_alert_that_the_child_does_not_hold_is_named_and_told_once(pair: Pair) -> None:
    pair.both(A)
    pair.here.add(B)
    for alert, ends in (("c" * 32, ("cleared",)), ("d" * 32, ("cleared", "acknowledged"))):
        for verb in ("raised", *ends):
            pair.here.add(alert, verb)
    assert pair.look() == [B]
    assert pair.look() == [B]
    assert pair.here.words() == ["orphaned"]
    again = Orphans(pair.orphans._own, pair.orphans._there, "tp", Standing(site="xa"), lambda: ["xa"])
    pair.orphans, pair.standing = again, again.standing
    assert pair.look() == [B]  # after a crash between the two: not told again
    assert pair.here.words() == ["orphaned"]


def test_one_that_the_child_has_again_is_known_again_at_once(pair: Pair) -> None:
    pair.here.add(B)
    assert pair.look() == [B]
    pair.there.add(B)
    pair.orphans.seen([events.subject("xa", "bai-sau", B)])
    assert pair.orphans._look.is_set()
    asyncio.run(pair.orphans._round())
    assert (pair.standing.orphans, pair.here.words()) == ([], ["orphaned", "known"])
    assert pair.look() == []


def test_one_that_comes_while_the_child_is_asked_is_not_named(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.here.add(B)
    asked = pair.there.get_last_msg

    async def comes_just_after(name: str, subject: str) -> Any:
        try:
            return await asked(name, subject)
        finally:
            pair.orphans.seen([events.subject("xa", "bai-sau", B)])

    monkeypatch.setattr(pair.there, "get_last_msg", comes_just_after)
    assert pair.look() == []
    assert pair.here.words() == []


def test_many_open_alerts_are_asked_for_in_rounds(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_orphans, "MOST_ASKED", 4)
    monkeypatch.setattr(link_orphans, "MOST_ORPHANS", 7)
    for at in range(10):
        pair.here.add(f"{at:032x}")
    named = [len(pair.look())]
    before = pair.there.asked
    while pair.orphans._look.is_set():
        pair.orphans._look.clear()
        asyncio.run(pair.orphans._round())
        named.append(len(pair.standing.orphans))
    assert named[0] == 4
    assert named[-1] == 7
    assert pair.there.asked - before < 30


def test_what_a_site_in_the_middle_says_is_lost_below_is_lost_here_too(pair: Pair) -> None:
    pair.both(A)  # it came through the middle, which still holds it
    pair.orphans.told([A, "f" * 32])
    asyncio.run(pair.orphans._round())
    assert pair.standing.orphans == [A]
    assert pair.look() == [A]
    pair.orphans.told([])
    asyncio.run(pair.orphans._round())
    assert (pair.standing.orphans, pair.here.words()) == ([], ["orphaned", "known"])


# ---- closing it


class Api:
    """The api of the parent, as far as an act on an orphan goes."""

    def __init__(self, pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
        self.pair = pair
        self.site = SimpleNamespace(known=True, site=SimpleNamespace(id="tp"))
        self.js = pair.here
        self.removed = False
        self.linked = SimpleNamespace(
            freshness=lambda site, _alert="": {"site": site, "fresh": True, "as_of": None},
            is_removed=lambda _site: self.removed,
        )
        self.hub = SimpleNamespace(token=str)
        monkeypatch.setattr(putting_away, "folded", self._folded)

    async def _folded(self, _here: object, _sequence: int) -> None:
        """The fold of this test is made anew each time."""

    @property
    def fold(self) -> Fold:
        return self.pair.here.folded()

    def clock(self) -> int:
        return NOW

    def act(
        self, act: str, key: str = "k", alert: str = B, seen: int = 0, why: str = "đã gọi điện hỏi"
    ) -> str:
        """What came of it; `seen`: by default everything."""
        here: Any = self
        standing = self.fold.get(alert)
        assert standing is not None
        wish = Asked(act=act, by="an", seen=seen or len(self.pair.here.told), cause="false", why=why)
        try:
            done = asyncio.run(putting_away.put_away(here, LOCAL, standing, wish, key))
        except Problem as problem:
            return problem.code
        if done is None:
            return "not ours"
        return "repeated" if done.repeated else "done"

    def alert(self, alert: str = B) -> dict[str, Any]:
        here: Any = self
        standing = self.fold.get(alert)
        assert standing is not None
        found = shown.as_orphan(shown.orphan_of(here, standing))
        return {**found, "stands": shown.stands(here, standing)}


@pytest.fixture
def api(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> Api:
    pair.here.add(B)
    pair.look()
    return Api(pair, monkeypatch)


def test_a_person_closes_an_orphan_once_and_may_take_it_back(api: Api) -> None:
    assert (api.alert()["stands"], api.alert()["fresh"], api.alert()["acts"]) == (True, False, ("close",))
    assert api.act("reopen", "k0") == "not-closed"
    assert api.act("close") == "done"
    assert api.act("close") == "repeated"
    assert api.act("close", "k2") == "closed"
    closed = api.alert()
    assert (closed["stands"], closed["label"], closed["attention"]) == (False, "closed", False)
    assert (closed["closing"]["cause"], closed["closing"]["why"]) == ("false", "đã gọi điện hỏi")
    assert api.pair.look() == [B]  # still watched, and not told anew
    assert api.act("reopen", "k3") == "done"
    assert (api.alert()["stands"], api.pair.here.words()) == (True, ["orphaned", "closed", "orphaned"])


def test_a_closed_orphan_stands_again_when_its_site_has_it_after_all(api: Api) -> None:
    assert api.act("close") == "done"
    api.pair.there.add(B)
    assert api.pair.look(lost=False) == []
    assert api.alert() == {"orphan": None, "stands": True}


def test_an_alert_that_its_site_knows_again_just_now_is_not_closed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = api.fold
    api.pair.there.add(B)
    api.pair.look()
    stale: Any = SimpleNamespace(
        **{name: getattr(api, name) for name in ("site", "js", "clock", "linked", "hub")}, fold=before
    )
    standing = before.get(B)
    assert standing is not None
    monkeypatch.setattr(putting_away, "show", lambda *_: {})
    with pytest.raises(Problem) as told:
        asyncio.run(putting_away.put_away(stale, LOCAL, standing, Asked(act="close", by="an", seen=2), "k"))
    assert told.value.code == "alert-changed"


def test_nobody_elses_word_ends_an_alert(api: Api) -> None:
    """Who is between us and a site closes for themselves; a site that was broken into closes nothing."""
    assert api.act("close") == "done"
    forged = [(subject, data.replace(b"/sites/tp", b"/sites/xb"), at) for subject, data, at in api.js.told]
    api.pair.here.told = forged
    assert api.alert() == {"orphan": None, "stands": True}


def test_a_digest_keeps_that_an_orphan_was_closed_for_as_long_as_the_alert(api: Api) -> None:
    assert api.act("close") == "done"
    api.pair.here.add(A)
    sieve = Sieve()
    for at, (subject, data, stored) in enumerate(api.js.told, 1):
        late = stored if at < len(api.js.told) else stored + 40 * 86_400 * SECOND
        sieve.take(Stored(at, late, 0, subject, {}, data))
    kept = [msgspec.json.decode(one.data)["type"] for one in sieve.kept()]
    assert sorted(kept) == sorted(msgspec.json.decode(data)["type"] for _, data, _ in api.js.told)


# ---- what a hostile eye saw


def test_a_closed_orphan_stands_again_at_its_sites_first_word_even_if_the_link_died_then(api: Api) -> None:
    """That its site knows the alert is told when that site can be asked: when the line is there again."""
    assert api.act("close") == "done"
    api.pair.here.add(B, "escalated", severity="emergency")
    assert (api.alert()["stands"], api.alert()["fresh"]) == (True, False)
    assert api.act("close", "k2") == "done"  # whoever has seen that may close it once more
    assert api.alert()["stands"] is False


def test_another_sites_word_under_the_same_name_opens_nothing(api: Api) -> None:
    assert api.act("close") == "done"
    api.pair.here.add(B, "escalated", site="xb")
    assert api.alert()["stands"] is False


def test_what_came_from_a_child_is_known_to_it_though_it_is_away_now(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    for alert in (A, B):
        pair.here.add(alert)
    assert pair.look() == [A, B]

    async def away(*_: object) -> Any:
        raise TimeoutError

    monkeypatch.setattr(pair.there, "get_last_msg", away)
    pair.orphans.seen([events.subject("xa", "bai-sau", B)])
    with pytest.raises(TimeoutError):
        asyncio.run(pair.orphans._round())
    assert (pair.standing.orphans, pair.here.words()) == ([A], ["orphaned", "orphaned", "known"])


def test_an_orphan_told_just_before_a_crash_is_watched_after_it(pair: Pair) -> None:
    """What was written down beside the stream is older; the child has the alert again meanwhile."""
    pair.here.add(B)
    assert pair.look() == [B]
    own = Own(pair.orphans._own, "tp", lambda _event: None)
    for at, (subject, data, _) in enumerate(pair.here.told, 1):
        own._take(Message(subject, at, "", data, {}, NOW))
    assert own.orphans == {B: "xa"}
    there: Any = pair.there
    pair.standing = Standing(site="xa")
    pair.orphans = Orphans(pair.orphans._own, there, "tp", pair.standing, list)
    pair.orphans.take_up({**own.orphans, A: "xb"})
    assert pair.standing.orphans == [B]
    pair.orphans = Orphans(pair.orphans._own, there, "tp", pair.standing, lambda: ["xa"])
    pair.there.add(B)
    assert pair.look(lost=False) == []
    assert pair.here.words() == ["orphaned", "known"]


def test_an_orphan_whose_word_was_lost_here_is_told_again(pair: Pair) -> None:
    pair.here.add(B)
    assert pair.look() == [B]
    pair.here.told.pop()  # a power cut
    assert pair.look(lost=False) == [B]
    assert pair.here.words() == ["orphaned"]


def test_a_child_whose_stream_is_not_there_has_lost_nothing_yet(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is being restored: the server says that there is no such stream."""
    pair.both(B)

    async def no_stream(*_: object) -> Any:
        raise NotFoundError(code=404, err_code=10059, description="stream not found")

    monkeypatch.setattr(pair.there, "get_last_msg", no_stream)
    with pytest.raises(NotFoundError):
        pair.look()
    assert (pair.standing.orphans, pair.here.words()) == ([], [])


def test_a_subject_is_made_of_nothing_that_a_child_says_of_areas(pair: Pair) -> None:
    pair.here.add(B)
    subject, data, at = pair.here.told.pop()
    pair.here.told.append((subject, data.replace(b'"area":"bai-sau"', b'"area":"x y.>"'), at))
    assert pair.look() == [B]
    assert pair.here.told[-1][0].startswith("alerts.tp.bai-sau.")


def test_one_key_is_one_wish_and_what_was_not_seen_is_not_decided_upon(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(putting_away, "show", lambda *_: {})
    assert api.act("close", seen=1) == "alert-changed"  # seen before it was an orphan
    assert api.act("close", "k1") == "done"
    assert api.act("close", "k1", why="khác") == "idempotency-conflict"
    assert api.act("reopen", "k1") == "idempotency-conflict"
    assert api.act("reopen", "k2") == "done"
    assert api.act("close", "k1") == "repeated"  # sent again late: it takes nothing back
    assert api.alert()["stands"] is True
    assert api.act("close", "k3", seen=3) == "alert-changed"
    assert api.pair.here.words() == ["orphaned", "closed", "orphaned"]


def test_sent_again_when_its_site_knows_it_after_all_it_asks_nothing_of_that_site(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or putting away a lost copy would close the alert that stands there."""
    monkeypatch.setattr(putting_away, "show", lambda *_: {})
    seen = len(api.pair.here.told)
    assert api.act("close") == "done"
    api.pair.there.add(B)
    api.pair.look()
    assert api.act("close") == "repeated"
    assert api.act("close", "k2", seen=seen) == "alert-changed"
    assert api.act("close", "k3") == "not ours"  # who has seen that it is known there asks that site


def test_the_version_of_an_orphan_is_that_of_our_word(api: Api) -> None:
    here: Any = api
    standing = api.fold.get(B)
    assert standing is not None
    before = standing.sequence
    version = shown.version_of(here, standing)
    assert int(version) > before
    api.pair.here.add(B, "escalated")
    after = api.fold.get(B)
    assert after is not None
    assert shown.version_of(here, after) == str(len(api.pair.here.told))


def test_an_alert_of_a_site_that_is_linked_no_longer_is_closed_here_until_that_site_is_heard(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair.both(A)
    api = Api(pair, monkeypatch)
    assert api.act("close", alert=A) == "not ours"
    api.removed = True
    assert api.act("reopen", alert=A) == "not-closed"
    assert api.act("close", alert=A) == "done"
    assert api.act("close", alert=A) == "repeated"
    assert (api.alert(A)["stands"], api.alert(A)["label"]) == (False, "closed")
    api.removed = False  # linked again, and it has the alert
    pair.orphans.take_up({A: "xa"})
    asyncio.run(pair.orphans._round())
    assert api.alert(A) == {"orphan": None, "stands": True}
