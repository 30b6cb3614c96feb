"""The sieve: what of ALERTS a reader must still see, to decide as one who read everything. Pure.

Kept is, as it was stored and in the order of the stream, every message about

- what still stands: an alert whose condition holds, a situation that is open, a window that is planned, a
  bulletin (of those somebody may always ask), and what goes on in any of these: the situations that went up
  in an open one, the alerts by which it was opened or became worse than ever (by them people were told of
  it), the alert that a bulletin is not done with;
- an orphan of a linked site, and that a person closed it: the alert itself stands for ever;
- the last alert of each kind that the keeper and the link raise themselves: the next one names it;
- everything else that was touched within `KEEP_US` of the newest message: no reader remembers for longer what
  is over (tests compare them all). Of a storm without end the newest `MOST_OVER` are enough.

The whole of a subject is kept or left out, never a part; but of a situation that goes on for ever only the
newest `MOST_OF_ONE` messages and those by which it is what it is. What a reader of everything knows and is
forgotten: in a situation that is open for over a month, what was news, and over, more than a month ago.

Over 250 lines: what is kept of each kind of thing is one decision.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from services.alerts.lifecycle.read import CONDITION_VERBS, read
from services.alerts.lifecycle.tables import ACTIVE, CONDITION
from services.observation.digest import Head, Stored
from services.observation.event import noun_and_verb
from services.observation.instants import SECOND, micros
from services.observation.orphans import KNOWN, verb_of
from services.observation.tally import Tally

KEEP_US = 31 * 86_400 * SECOND
YOUNG_US = 2 * 86_400 * SECOND
"""What is over for less is never left out."""
MOST_OVER = 25_000
"""Things that are over: more than any reader remembers of them."""
MOST_OF_ONE = 5_000
"""Messages of one situation: an alert that is stuck can keep one open for a year."""
OWN_RULES = ("self.", "site-", "command-unconfirmed")
"""How rules begin by which keeper and link raise alerts themselves; such an alert names the one before."""
_SETTLED = frozenset({"withdrawn", "rejected", "received", "refused"})
_WATCHED = ("alert", "situation", "maintenance", "bulletin")
_OVERHEAD = 800
"""Bytes that a message takes beside its own, measured."""


class _Thing(msgspec.Struct):
    """What is known of one alert, situation, window or bulletin, or of one subject of anything else."""

    messages: list[Stored] = []
    condition: str | None = None
    own: str = ""
    """The id by which an alert's first event calls it: no fold hears an event that calls it otherwise."""
    stands: bool = False
    always: bool = False
    last: int = 0
    held_by: set[str] = set()
    # Of a situation: how bad it ever was; which messages made it so; where alerts came in, and left.
    worst: str = ""
    rises: set[int] = set()
    joined: dict[str, int] = {}
    came: dict[int, list[str]] = {}
    left: dict[str, int] = {}


class Sieve:
    """Takes every message of the stream, in order, and keeps what matters."""

    def __init__(self) -> None:
        """Before the first message."""
        self._things: dict[str, _Thing] = {}
        self._newest: dict[tuple[str, ...], str] = {}
        self._tally = Tally()
        self._whole_after = self._whole_after_us = 0
        """The last message that was left out: its sequence, and when its thing was touched last."""
        self._latest_us = 0
        self.sequence = 0

    def resume(self, head: Head) -> None:
        """Begin where a digest ends whose messages were handed to `again`, not before the first message."""
        self._tally.restore(head.tally, head.sequence)
        self._whole_after, self._whole_after_us = head.whole_after, head.whole_after_us
        self._latest_us, self.sequence = max(self._latest_us, head.latest_us), head.sequence

    def take(self, message: Stored) -> None:
        """Take one message in stream order."""
        if message.sequence <= self.sequence:
            return
        self._tally.take(message.sequence, message.subject, message.data)
        self.again(message)

    def again(self, message: Stored) -> None:
        """Take one message of a digest: it is counted there already."""
        self.sequence = message.sequence
        self._latest_us = max(self._latest_us, message.stored_us)
        event = _event(message.data)
        noun, verb = noun_and_verb(event.get("type")) or ("", "")
        subject, data = event.get("subject"), event.get("data")
        orphan = verb_of(event.get("type"))
        known = noun in _WATCHED and isinstance(subject, str) and isinstance(data, dict)
        # What another site says of a thing that has the same name says nothing of ours.
        site = f"{event.get('source')}/"
        name = f"{noun}/{site}{subject}" if known else f"/{message.subject}"
        thing = self._things.get(name)
        if thing is None:
            thing = self._things[name] = _Thing()
        thing.messages.append(message)
        thing.last = max(thing.last, self._latest_us)
        if orphan is not None:
            thing.always = orphan != KNOWN
        if known and isinstance(data, dict):
            match noun:
                case "alert":
                    self._alert(name, thing, message, event)
                case "situation":
                    self._situation(name, thing, message.sequence, data, site)
                case "maintenance":
                    thing.stands = data.get("state") == "planned"
                    thing.last = max(thing.last, _instant(data.get("end")))
                case _:
                    self._bulletin(name, thing, verb, data, site)

    def _alert(self, name: str, thing: _Thing, message: Stored, event: Mapping[str, Any]) -> None:
        happened = read(message.sequence, message.stored_us, event)
        if happened is None:
            return
        says = happened.verb in CONDITION_VERBS
        if says and not thing.own:
            thing.own = str(happened.data["alert_id"])
        if thing.own and happened.data["alert_id"] not in (None, thing.own):
            return
        if says:
            thing.condition = CONDITION.next(thing.condition or CONDITION.start, happened.verb)
            thing.stands = thing.condition == ACTIVE
        rule = happened.data.get("rule")
        if isinstance(rule, str) and rule.startswith(OWN_RULES):
            about = (str(happened.data.get(key)) for key in ("rule", "sensor", "gateway"))
            key = (happened.site, *about)
            self._newest["any", *key] = name
            if says:
                self._newest["said", *key] = name

    def _situation(self, name: str, thing: _Thing, sequence: int, data: Mapping[str, Any], site: str) -> None:
        thing.stands = data.get("state") == "open"
        come = [*_ids(data.get("joined"))]
        thing.joined.update(dict.fromkeys(come, sequence))
        if sequence == thing.messages[0].sequence:
            come += _ids(data.get("members"))  # who begins here takes them for those who came before
        if come:
            thing.came[sequence] = come
        for member in _ids(data.get("left")):
            thing.left[member] = sequence
        worst = str(data.get("severity_max"))
        if worst != thing.worst:
            thing.worst = worst
            thing.rises.add(sequence)
            for member in (*_ids(data.get("joined")), *_ids(data.get("members"))):
                self._hold(f"alert/{site}{member}", name)
        takes = data.get("takes")
        for taken in takes if isinstance(takes, list) else ():
            self._hold(f"situation/{site}{taken}", name)
        if isinstance(data.get("merged_into"), str):
            self._hold(name, f"situation/{site}{data['merged_into']}")

    def _bulletin(self, name: str, thing: _Thing, verb: str, data: Mapping[str, Any], site: str) -> None:
        thing.always = True
        thing.stands = verb not in _SETTLED and not data.get("end")
        if isinstance(data.get("about"), str):
            self._hold(f"alert/{site}{data['about']}", name)

    def _hold(self, name: str, by: str) -> None:
        held = self._things.get(name)
        if held is not None:
            held.held_by.add(by)

    # What is left out.

    def _needed(self) -> set[str]:
        """Everything that stands, and what it holds."""
        found = {name for name, thing in self._things.items() if thing.stands or thing.always}
        found.update(self._newest.values())
        holding = defaultdict(list)
        for name, thing in self._things.items():
            for by in thing.held_by:
                holding[by].append(name)
        # An alert that stands holds nothing; a bulletin that is settled does not, either.
        ways = [name for name in found if name in holding and self._things[name].stands]
        while ways:
            for name in holding.get(ways.pop(), ()):
                if name not in found:
                    found.add(name)
                    ways.append(name)
        return found

    def leave_out(self) -> set[str]:
        """Forget what nobody needs any more; names of what is kept because it is needed, however old."""
        for thing in self._things.values():
            if len(thing.messages) > MOST_OF_ONE and thing.rises:
                self._shorten(thing)
        needed = self._needed()
        over = [(thing.last, name) for name, thing in self._things.items() if name not in needed]
        over.sort(reverse=True)
        oldest, young = self._latest_us - KEEP_US, self._latest_us - YOUNG_US
        for nth, (last, name) in enumerate(over):
            if last < oldest or (nth >= MOST_OVER and last < young):
                gone = self._things.pop(name)
                self._whole_after = max(self._whole_after, gone.messages[-1].sequence)
                self._whole_after_us = max(self._whole_after_us, last)
        return needed

    def _shorten(self, thing: _Thing) -> None:
        """Of a long situation: how it began and became worse, who is in it, and the newest."""
        newest = thing.messages[-MOST_OF_ONE].sequence
        needed = thing.rises | {thing.messages[0].sequence}
        joined, left = thing.joined, thing.left
        # Who left lately too: a keeper that was not so far yet decides that leave once more.
        needed.update(at for who, at in joined.items() if not at <= left.get(who, 0) < newest)
        grown = True
        while grown:  # whoever came in by a message that is kept must be seen to leave
            seen = (who for at, come in thing.came.items() if at in needed or at >= newest for who in come)
            ends = {left[who] for who in seen if who in left}
            grown = not ends <= needed
            needed |= ends
        gone = [one for one in thing.messages if one.sequence < newest and one.sequence not in needed]
        if not gone:
            return
        self._whole_after = max(self._whole_after, gone[-1].sequence)
        self._whole_after_us = max(self._whole_after_us, gone[-1].stored_us)
        out = {one.sequence for one in gone}
        thing.messages = [one for one in thing.messages if one.sequence not in out]
        thing.joined = {who: at for who, at in joined.items() if at not in out}
        thing.came = {at: come for at, come in thing.came.items() if at not in out}
        thing.left = {who: at for who, at in left.items() if at not in out}

    @property
    def weight(self) -> int:
        """Bytes of memory that all messages take."""
        return sum(
            _OVERHEAD + len(message.data) for thing in self._things.values() for message in thing.messages
        )

    def kept(self) -> list[Stored]:
        """What matters now, in the order of the stream; each message with when its thing was touched last."""
        needed = self.leave_out()
        found = [
            msgspec.structs.replace(message, left_us=0 if name in needed else thing.last)
            for name, thing in self._things.items()
            for message in thing.messages
        ]
        found.sort(key=lambda message: message.sequence)
        return found

    def head(self, release: str, epoch: str, last_hash: str, deleted: int, count: int) -> Head:
        """The head of a digest of what is kept; the caller knows the stream."""
        return Head(
            release=release,
            epoch=epoch,
            sequence=self.sequence,
            hash=last_hash,
            deleted=deleted,
            whole_after=self._whole_after,
            whole_after_us=self._whole_after_us,
            latest_us=self._latest_us,
            count=count,
            tally=self._tally.told(),
        )


def _event(data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _ids(members: object) -> Iterable[str]:
    if not isinstance(members, list):
        return ()
    return (str(one["alert_id"]) for one in members if isinstance(one, dict) and "alert_id" in one)


def _instant(text: object) -> int:
    try:
        return micros(text) if isinstance(text, str) else 0
    except (ValueError, OverflowError):
        return 0
