"""Streams as all their writers make them, and everybody who reads one from its beginning: pure, no server."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec
from nats.js import JetStreamContext

from services.alerts import selfwatch, situation
from services.alerts.commands import owed as command_owed
from services.alerts.commands.owed import Debt
from services.alerts.keeping.book import Book
from services.alerts.lifecycle import rank_of
from services.alerts.link import watch as link_watch
from services.alerts.link.watch import LinkWatch
from services.alerts.load.book import LoadBook
from services.alerts.selfwatch import Finding
from services.alerts.situation.grouping import Grouper
from services.alerts.situation.reader import Reader
from services.api.fold import Fold
from services.api.requests import Requested
from services.cap import bulletin as bulletins
from services.cap.desk import Desk as PublicDesk
from services.observation import event as events
from services.observation.digest import Head, Stored
from services.observation.event import SEVERITIES
from services.observation.instants import SECOND, iso
from services.observation.tally import Tally
from services.observation.text import Text
from services.policy.alerting import Policy
from services.policy.publication import Publication, Publish
from services.policy.road_nouns import Road
from services.roads.notices import Desk
from services.roads.queued import Queue
from tests.support.keeping import RULES, SITE, T0, Play, site

DAY = 86_400 * SECOND
MOVES = {"up": 1, "down": -1}
POLICY = Policy(
    publication=Publication(
        sender="ioc.example.vn",
        name=Text("Trung tâm", "Centre"),
        contact="0254 000 000",
        publish=(Publish(severity="watch", approvals={"watch": 0, "warning": 1, "emergency": 2}),),
    )
)


class Story(Play):
    """A stream: engine, people, the keeper's duties, the writer of bulletins, and others."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[Stored] = []
        self.names: list[str] = []
        self.settled = [0]
        """Sequences after which nothing was owed: only there a keeper writes down how far it is."""
        self.situations = Reader(Grouper(SITE), 0)
        self.watches = {"self.space": selfwatch.Watch(SITE), "site-silent": LinkWatch(SITE)}
        self.found: dict[str, dict[str, Finding]] = {name: {} for name in self.watches}
        self.public = PublicDesk(SITE)

    def put(self, subject: str, event: dict[str, Any], expected: int | None = None) -> bool:
        data = msgspec.json.encode(event)
        event = msgspec.json.decode(data)
        if not super().put(subject, event, expected):
            return False
        sequence = len(self.stored)
        self.messages.append(
            Stored(sequence, self.now, 0, subject, {"Nats-Msg-Id": str(event.get("id"))}, data)
        )
        self.situations.take(sequence, self.now, data)
        self.public.take(sequence, self.now, event)
        return True

    def write_all(self) -> None:
        """Every duty writes what it owes, until nothing is owed."""
        for _ in range(12):
            self.settle()
            told = list(self.situations.pending.values()) or self.situations.grouper.due(self.now)
            for one in told:
                self.put(f"alerts.{SITE}.{one.data.area}.{one.subject}", msgspec.to_builtins(one))
                self.situations.paid(one)
            outs = list(self.public.due(self.now, site(), POLICY.publication))
            for out in outs:
                subject = f"alerts.{SITE}.{out.area}.{out.event.subject}"
                self.put(subject, msgspec.to_builtins(out.event), out.after)
            if not told and not outs:
                return

    # What can happen.

    def happen(self, what: tuple[Any, ...]) -> None:
        getattr(self, f"on_{what[0]}")(*what[1:])
        self.now += SECOND
        self.write_all()
        self.settled.append(len(self.messages))

    def place(self, name: str, head: Head) -> int | None:
        """Where a reader was that begins with a digest; None: so far back that it would not take that one."""
        if name != "situations":
            return head.sequence
        place = max(at for at in self.settled if at <= head.sequence)
        return place if place >= head.whole_after else None

    def _open(self, nth: int) -> str | None:
        found = [name for name in self.names if self.lives[name].open]
        return found[nth % len(found)] if found else None

    def on_raise(self, sort: str, severity: str, station: int, area: str) -> None:
        start = f"{sort}-{station}-{area}-"
        if any(name.startswith(start) and self.lives[name].open for name in self.names):
            return
        name = f"{start}{len(self.names)}"
        self.names.append(name)
        self.alert(name, sort=sort, severity=severity, station=station, area=area)

    def on_move(self, nth: int, how: str) -> None:
        name = self._open(nth)
        if name is None:
            return
        life = self.lives[name]
        rank = max(0, min(3, rank_of(life.severity) + MOVES.get(how, 0)))
        verb = how if how in ("cleared", "blind", "sighted") else "escalated" if how == "up" else "eased"
        station = int(name.split("-")[1])
        self.alert(name, verb, name.split("-")[0], SEVERITIES[rank], station, area=life.area)

    def on_act(self, nth: int, verb: str) -> None:
        if not self.names:
            return
        name = self.names[nth % len(self.names)]
        more: dict[str, Any] = {}
        if verb in ("shelved", "shelve_asked"):
            more = {"until": iso(self.now + 3600 * SECOND), "why": "đang xem"}
        elif verb == "closed":
            more = {"cause": "false"}
        elif verb == "commented":
            more = {"text": "đã xem"}
        self.act(name, verb, **more)

    def on_window(self, nth: int, hours: float, verb: str) -> None:
        start = (self.now - T0) / SECOND
        self.window(f"w{nth}", start, start + hours * 3600, verb, areas=["a"])

    def on_finding(self, rule: str, about: str) -> None:
        """Something is found wrong with ourselves, or it is well again."""
        found = self.found[rule]
        if found.pop(about, None) is None:
            found[about] = Finding(rule, about, "warning", self.now, Text("hỏng", "broken"))
        for event in self.watches[rule].update(found.values(), self.now):
            self.put(f"alerts.{SITE}._.{event.subject}", msgspec.to_builtins(event))

    def on_bulletin(self, verb: str) -> None:
        """A person decides about the oldest draft."""
        for name in self.names:
            thread = self.public.thread(name)
            if thread is not None and thread.pending is not None:
                pending = thread.pending
                data = msgspec.structs.replace(pending.data, proposal=pending.id, by="lan", xml="")
                event = bulletins.make(
                    site=SITE, verb=verb, event=f"{pending.id}-{verb}", time=self.now, data=data
                )
                self.put(f"alerts.{SITE}.{thread.area}.{event.subject}", msgspec.to_builtins(event))
                return

    def on_other(self, noun: str) -> None:
        """What is of no alert, or of another site, or nothing at all."""
        name = f"{noun}-{len(self.stored)}"
        source = "elsewhere" if noun == "alert" else SITE
        event = {
            "id": name,
            "source": f"/sites/{source}",
            "type": f"vn.haidang.{noun}.{'refused' if noun == 'link' else 'raised'}.v1",
            "subject": name,
            "time": iso(self.now),
            "data": {"alert_id": name, "hazard": "flood", "area": "a", "severity": "watch", "request": name},
        }
        self.put(f"alerts.{source}.a.{name}", event)

    def on_wait(self, seconds: float) -> None:
        self.now += round(seconds * SECOND)


# Who reads a stream from its beginning, and what they come to; `after`: what they say of what came behind it.

Reads = Callable[[list[Stored], int, int], Any]
ROAD = Road(id="people", kind="email", to=("rota:flood",))


def _decoded(messages: Iterable[Stored]) -> list[tuple[int, int, dict[str, Any]]]:
    return [(one.sequence, one.stored_us, msgspec.json.decode(one.data)) for one in messages]


def _keeping(messages: list[Stored], _after: int, now: int) -> Any:
    book = Book(site(), POLICY)
    for told in _decoded(messages):
        book.take(*told)
    found = [book.decide(at) for at in (now, now + 3600 * SECOND, now + 2 * DAY)]
    return book.lives, found, book.next_due()


def _situations(messages: list[Stored], after: int, now: int) -> Any:
    reader = Reader(Grouper(SITE), after)
    for one in messages:
        reader.take(one.sequence, one.stored_us, one.data)
    pending = sorted(msgspec.json.encode(event) for event in reader.pending.values())
    due = [situation.encode(event) for event in reader.grouper.due(now + DAY)]
    members = {group.id: list(group.members) for group in reader.grouper._groups.values()}
    return pending, due, members, [msgspec.json.encode(one) for one in reader.grouper.open_situations]


def _watches(messages: list[Stored], _after: int, now: int) -> Any:
    own, links, commands = selfwatch.Watch(SITE), LinkWatch(SITE), command_owed.Watch(SITE)
    for one in messages:
        try:
            event = events.decode(one.data)
        except msgspec.MsgspecError:
            continue
        for watch in (own, links, commands):
            watch.restore(event)
    found = [
        Finding(rule, about, "warning", now, Text("hỏng", "broken"))
        for rule in ("self.space", *sorted(link_watch.RULES))
        for about in ("x", "y")
    ]
    debts = {"gw-0": [Debt("gw-0", "a", "dim", (), now, now + DAY, 1, None)]}
    return [own.update(found[:2], now), links.update(found[2:], now), commands.update(debts, now)]


def _notices(messages: list[Stored], after: int, now: int) -> Any:
    desk, told = Desk(SITE), []
    reached = max((one.stored_us for one in messages if one.sequence <= after), default=0)
    queue = Queue(ROAD, 0, reached, (), now - 30 * DAY)
    for sequence, stored_us, event in _decoded(messages):
        found = desk.take(sequence, stored_us, event)
        told += found if sequence > after else []
        for notice in found:
            queue.put(notice, 600)
    for notice in (late := desk.due(now + DAY)):
        queue.put(notice, 600)
    heads = []
    while (head := queue.head(now + 2 * DAY)) is not None:
        heads.append(head)
        queue.done(*head)
    return [one for one in told if one.at > reached], [one for one in late if one.at > reached], heads


def _folded(messages: list[Stored], _after: int, now: int) -> Any:
    """The api's lists: what stands, and what was over no longer than they say; they forget as more comes."""
    fold = Fold()
    for told in _decoded(messages):
        fold.apply(*told)
    shelf = fold.bulletins.of(SITE)
    since = max((one.stored_us for one in messages), default=0) - 30 * DAY
    return (
        [one for one in fold.newest_first() if one.open or one.changed_us > since],
        [
            (one.opened_sequence, one.unfolding.data, one.events)
            for one in fold.situations.newest_first()
            if one.open or one.changed_us > since
        ],
        [one for one in fold.windows if one.state == "planned" or one.to_us > since],
        list(shelf.threads()),
        shelf.feed(now),
        fold.last,
    )


def _public(messages: list[Stored], _after: int, now: int) -> Any:
    desk = PublicDesk(SITE)
    for told in _decoded(messages):
        desk.take(*told)
    return [
        (out.event.type, out.event.subject, out.event.data, out.after)
        for at in (now, now + DAY)
        for out in desk.due(at, site(), POLICY.publication)
    ]


def _asked(messages: list[Stored], _after: int, now: int) -> Any:
    """The answers that requests of the last 30 days, which is what ACTS keeps, may find."""
    requested = Requested(cast("JetStreamContext", None))
    for one in messages:
        if one.stored_us > now - 30 * DAY:
            requested.take(one.subject, msgspec.json.decode(one.data))
    return requested._answers


READERS: dict[str, Reads] = {
    "keeping": _keeping,
    "situations": _situations,
    "watches": _watches,
    "notices": _notices,
    "folded": _folded,
    "public": _public,
    "asked": _asked,
}
SORTS = tuple(sorted(RULES))


def load_book(messages: list[Stored], gap_us: int) -> LoadBook:
    """The duty's book of who was fed these."""
    book = LoadBook()
    for told in _decoded(messages):
        book.take(*told)
    book.whole_since(gap_us)
    return book


def tally(messages: Iterable[Stored]) -> dict[str, dict[str, tuple[int, str, int]]]:
    """The counts of who read these."""
    found = Tally()
    for one in messages:
        found.take(one.sequence, one.subject, one.data)
    return found.told()
