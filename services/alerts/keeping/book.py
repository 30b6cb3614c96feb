"""What the keeper knows of all open alerts, and what it owes the stream at an instant. Pure.

Events go in, in stream order; out come the events that the clock and the reasons to be quiet demand. Only
alerts that something touched, or for which something is due, are looked at. Everything is judged by what
stands on the stream: who begins anew with the same stream owes exactly what is not written yet.

Over 250 lines: its maps are changed together by each event, and are one memory.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush
from typing import Any

from services.alerts.keeping.chattering import Chatters, key_of
from services.alerts.keeping.escalation import (
    BACK_US,
    COVERED_US,
    Due,
    Waiting,
    all_told,
    next_step,
    speaks_for,
    waits,
)
from services.alerts.keeping.inhibition import Inhibiting
from services.alerts.keeping.realarm import PACE_US, Looks, Ready
from services.alerts.keeping.telling import Owed, Teller
from services.alerts.keeping.windows import Maintenance
from services.alerts.lifecycle import Life, fold, rank_of, realarm_at, reopens_at
from services.alerts.lifecycle.tables import ACKNOWLEDGED
from services.alerts.situation import TYPE as SITUATION
from services.alerts.suppression import Reason, differences, held_by, should
from services.observation.event import noun_and_verb
from services.observation.instants import SECOND, micros
from services.observation.maintenance import Window, Windows
from services.observation.roles import OPERATOR
from services.observation.site import Site
from services.policy.alerting import Policy
from services.policy.keeping import ROLE, ROTA, wall

LONGEST_SHELVING_US = 7 * 86_400 * SECOND
"""Whatever is written in a shelving, nothing is shelved for longer."""
SILENT_RULES = ("sensor-silent",)
WINDOW = "window:"
PACE = "pace:"
"""What is due when the next alert may come back."""
_ROSE = ("raised", "escalated")


class Book:
    """All open alerts of one site, its windows, and who waits for whom."""

    def __init__(self, site: Site, policy: Policy) -> None:
        """Begin before the first event of the stream."""
        self.lives: dict[str, Life] = {}
        self.windows = Windows()
        self._last: dict[str, int] = {}
        """Sequence of the last event on each open alert's subject, whoever wrote it."""
        self._source = f"/sites/{site.id}"
        self._rises: list[tuple[Life, int, int, int]] = []
        self._dirty: set[str] = set()
        self._due: list[tuple[int, str]] = []
        self._planned: dict[str, int] = {}
        self._waiting: dict[str, Waiting] = {}
        self._called: set[str] = set()
        self._calling: dict[str, tuple[int, list[str]]] = {}
        """Steps that are decided now and not read back yet, and whom they name."""
        self._now = 0
        self._situation: dict[str, str] = {}
        self._members: dict[str, set[str]] = defaultdict(set)
        self._looks, self._ready = Looks(), Ready()
        self._by_key: dict[str, set[str]] = defaultdict(set)
        self._keys: dict[str, str] = {}
        self._begin(site, policy)

    def _begin(self, site: Site, policy: Policy) -> None:
        self.site, self.keeping = site, policy.keeping
        safety = policy.keeping.public_safety
        gateways = {station.id: station.gateway for station in site.stations.values()}
        self._teller = Teller(site.id)
        self._maintenance = Maintenance(policy.keeping.maintenance, safety, gateways)
        self._inhibiting = Inhibiting(policy.keeping.inhibitions, _silence(site))
        self._chatters = Chatters(policy.keeping.chattering, safety)
        self._reasons: tuple[Reason, ...] = (self._maintenance, self._inhibiting, self._chatters)

    def change(self, site: Site, policy: Policy) -> None:
        """Go by another site version or policy from now on; every open alert is looked at again."""
        same = (policy.keeping.chattering, policy.keeping.public_safety) == (
            self.keeping.chattering,
            self.keeping.public_safety,
        )
        chatters = self._chatters if same else None
        self._begin(site, policy)
        if chatters is not None:
            self._chatters = chatters
            self._reasons = (self._maintenance, self._inhibiting, chatters)
        for window in self.windows:
            self._maintenance.put(window)
        for life in self.lives.values():
            self._inhibiting.put(life)
        self._dirty.update(self.lives)

    # What stands on the stream.

    def take(self, sequence: int, stored_us: int, event: Mapping[str, Any]) -> None:
        """Take one event in stream order; those of other sites are passed over."""
        if event.get("source") != self._source:
            return
        kind = str(event.get("type"))
        if kind.startswith(SITUATION):
            self._unfold(event.get("data"))
            return
        window = self.windows.apply(sequence, stored_us, event)
        if window is not None:
            self._maintenance.put(window)
            self._look_at(window, stored_us)
            return
        found = noun_and_verb(kind)
        if found is not None and found[0] == "alert":
            self._live(found[1], sequence, stored_us, event)

    def _live(self, verb: str, sequence: int, stored_us: int, event: Mapping[str, Any]) -> None:
        alert_id = str(event.get("subject"))
        before = self.lives.get(alert_id)
        life = fold(before, sequence, stored_us, event)
        if life is None:
            return
        if life is before:  # nothing we understand; it stands on the subject all the same
            self._last[alert_id] = max(sequence, self._last.get(alert_id, 0))
            return
        self._dirty |= self._inhibiting.put(life)
        if not life.open:
            self._forget(life)
            return
        self.lives[alert_id], self._last[alert_id] = life, sequence
        self._dirty.add(alert_id)
        self._count(before, life, verb, stored_us)
        self._wait(life, verb, stored_us, event)

    def _count(self, before: Life | None, life: Life, verb: str, stored_us: int) -> None:
        """For chattering: rungs that were reached from below."""
        key = key_of(life)
        if self._keys.get(life.alert_id) != key:
            self._drop_key(life.alert_id)
            self._keys[life.alert_id] = key
            self._by_key[key].add(life.alert_id)
        above = -1 if before is None else rank_of(before.severity)
        if verb in _ROSE and rank_of(life.severity) > above:
            at = _instant(life.data.get("time"), stored_us)
            if self._chatters.reached(life, above, at, stored_us):
                self._dirty |= self._by_key[key]

    def _wait(self, life: Life, verb: str, stored_us: int, event: Mapping[str, Any]) -> None:
        known = self._waiting.get(life.alert_id)
        if verb == "realarmed" and life.realarmed is not None:
            self._ready.told(stored_us)
        if verb == "acknowledged" and life.acknowledgement == ACKNOWLEDGED:
            self._look(life, stored_us)
        if not waits(life):
            self._waiting.pop(life.alert_id, None)
            self._called.discard(life.alert_id)
        elif known is None:
            self._waiting[life.alert_id] = Waiting.from_now(rank_of(life.severity), stored_us)
            self._called.discard(life.alert_id)
            self._look(life, stored_us)
        elif verb in _ROSE:
            rung = rank_of(life.severity)
            again = rung <= known.worst and all_told(self.keeping, self.site.zone, life, known)
            if known.rose(rung, stored_us, again):
                self._called.discard(life.alert_id)
                self._look(life, stored_us)
        elif verb == "overdue":
            act = event["data"].get("act") or {}
            known.hear(int(act.get("step") or 0), act.get("to") or ())
            self._called.add(life.alert_id)

    def _look(self, life: Life, at: int) -> None:
        """It calls for people, or they answered: who looks at it looks at its situation."""
        situation = self._situation.get(life.alert_id)
        if situation is not None:
            self._looks.look(situation, life, at)

    def _forget(self, life: Life) -> None:
        alert_id = life.alert_id
        self._ready.drop(alert_id)
        self._drop_key(alert_id)
        for book in (self.lives, self._last, self._waiting, self._planned):
            book.pop(alert_id, None)
        for kept in (self._dirty, self._called):
            kept.discard(alert_id)

    def _drop_key(self, alert_id: str) -> None:
        key = self._keys.pop(alert_id, None)
        if key is None:
            return
        self._by_key[key].discard(alert_id)
        if not self._by_key[key]:
            del self._by_key[key]

    def _unfold(self, data: object) -> None:
        """Which alerts are one situation; read loosely: for calling people only."""
        if not isinstance(data, dict) or not isinstance(data.get("situation_id"), str):
            return
        which = data["situation_id"]
        for gone in _ids(data.get("left")):
            self._members[which].discard(gone)
            self._part(gone, which)
        if data.get("state") != "open":
            into = data.get("merged_into")
            self._looks.ended(which, into if isinstance(into, str) else None)
            for member in self._members.pop(which, ()):
                self._part(member, which)
            return
        for member in _ids(data.get("joined")):
            if (before := self._situation.get(member)) is not None:
                self._members[before].discard(member)  # that it left there is told after it is told here
            self._members[which].add(member)
            self._situation[member] = which
            life, waiting = self.lives.get(member), self._waiting.get(member)
            if life is None:
                continue
            self._dirty.add(member)
            if waiting is not None:
                self._looks.look(which, life, waiting.on(rank_of(life.severity)))
            elif life.acknowledged_at is not None:
                self._looks.look(which, life, life.acknowledged_at)

    def _part(self, member: str, which: str) -> None:
        """It is in that situation no longer: nothing of it speaks for it."""
        if self._situation.get(member) == which:
            del self._situation[member]
            if member in self.lives:
                self._dirty.add(member)

    # What is owed.

    def again(self, alert_id: str) -> None:
        """What was decided of an alert did not reach the stream: look at it again."""
        if alert_id in self.lives:
            self._dirty.add(alert_id)

    def next_due(self) -> int | None:
        """When something is due next, µs UTC; 0: now; None: not before another event."""
        return 0 if self._dirty else self._due[0][0] if self._due else None

    def decide(self, now: int) -> list[Owed]:
        """What the stream lacks at `now`, µs UTC of the wall clock, of what was touched or is due."""
        if now < self._now - BACK_US:  # the clock was set back: what was due and past may be to come
            self._dirty.update(self.lives)
            for planned in self._maintenance:
                self._look_at(planned, now)
        self._now = now
        while self._due and self._due[0][0] <= now:
            at, which = heappop(self._due)
            if which.startswith(WINDOW):
                window = self.windows.get(which.removeprefix(WINDOW))
                if window is not None:
                    self._look_at(window, now)
            elif self._planned.get(which) == at:
                del self._planned[which]
                self._dirty.add(which)
        out = [self._teller.window_ended(window, self.windows, now) for window in self._maintenance.over(now)]
        dirty, self._dirty, self._calling = self._dirty, set(), {}
        for alert_id in sorted(dirty):
            life = self.lives.get(alert_id)
            if life is not None:
                out += self._decide(life, now)
        return out + self._bring_back(now)

    def _bring_back(self, now: int) -> list[Owed]:
        """One alert that was acknowledged long ago and still holds."""
        held = self._ready.held_until(now)
        if held is not None:
            self._plan(PACE, held)
            return []
        while (found := self._ready.take(self.lives[alert_id] for alert_id in self._ready)) is not None:
            life, due = found
            if self._realarm(life, now) is not None:  # its situation was looked at meanwhile
                self._dirty.add(life.alert_id)
                continue
            self._ready.drop(life.alert_id)
            if self._ready:
                self._plan(PACE, now + PACE_US)
            return [self._teller.realarmed(life, self._last[life.alert_id], due, now)]
        return []

    def _decide(self, life: Life, now: int) -> list[Owed]:
        tell, expected = self._teller, self._last[life.alert_id]
        self._ready.drop(life.alert_id)
        if life.until is not None and life.origin not in ("sensor", "self") and now >= life.until:
            return [tell.cleared(life, expected, now)]
        dues: list[int | None] = [life.until if life.origin not in ("sensor", "self") else None]
        out = []
        shelved = life.shelving or life.shelve_asked
        if shelved is not None:
            until = min(shelved.until, shelved.since + LONGEST_SHELVING_US)
            if now >= until or _ahead(shelved.since, now):
                out.append(tell.unshelved(life, expected, until, now))
            else:
                dues.append(until)
        due = reopens_at(self.keeping, life)
        if life.closing is not None and due is not None:  # quiet by a person's word, and not for ever
            if now >= due or _ahead(life.closing.at, now):
                out.append(tell.reopened(life, expected, due, now))
            else:
                dues.append(due)
        wanted = should(life, self._reasons, now)
        out += [tell.quiet(life, expected, one, now) for one in differences(life, wanted)]
        dues += [micros(quiet.until) for quiet in wanted.values() if quiet.until is not None]
        if not out:
            out, again = self._call(life, expected, now)
            dues += [again, self._realarm(life, now)]
        self._plan(life.alert_id, min((due for due in dues if due is not None and due > now), default=None))
        return out

    def _call(self, life: Life, expected: int, now: int) -> tuple[list[Owed], int | None]:
        """The next step of escalation, where one is due; and when to look again."""
        waiting = self._waiting.get(life.alert_id)
        if waiting is None:
            return [], None
        waiting.not_after(now)
        due = next_step(self.keeping, self.site.zone, life, waiting)
        if due is None or now < due.at:
            return [], None if due is None else due.at
        people = self.keeping.people(due.step.to, *wall(self.site.zone, now))
        if all(name.startswith(ROTA) for name in people):  # nobody is on duty: somebody must hear of it
            people.append(ROLE + OPERATOR)
        if self._spoken_for(life, due, people):
            waiting.covered = True
            return [], now + COVERED_US
        self._calling[life.alert_id] = (due.number, people)
        return [self._teller.overdue(life, expected, due, people, now, covered=waiting.covered)], None

    def _realarm(self, life: Life, now: int) -> int | None:
        """When it comes back; None: it does not, or its time is up."""
        looked_at = self._looks.at(self._situation.get(life.alert_id), life)
        due = realarm_at(self.keeping, life, looked_at)
        if due is not None and _ahead(life.acknowledged_at or 0, now):
            due = now
        if due is None or due > now:
            return due
        self._ready.put(life.alert_id, due)
        return None

    def _spoken_for(self, life: Life, due: Due, people: list[str]) -> bool:
        """Whether another alert of its situation has called all whom this one would call now."""
        members = self._members.get(self._situation.get(life.alert_id, ""))
        for other_id in members & (self._called | self._calling.keys()) if members else ():
            other, waiting = self.lives.get(other_id), self._waiting.get(other_id)
            if other is None or waiting is None or other is life:
                continue
            number, named = self._calling.get(other_id, (0, []))
            heard = waiting.heard.union(named)
            if speaks_for(other, max(waiting.told, number), life, due.number) and heard.issuperset(people):
                return True
        return False

    def _look_at(self, window: Window, now: int) -> None:
        """A window was planned or changed, begins or ends: look at the alerts of what it is about."""
        for life in self.lives.values():
            if self._maintenance.reaches(window, life) or held_by(life, window.window_id) is not None:
                self._dirty.add(life.alert_id)
        due = self._maintenance.next_due(window, now)
        if due is not None:
            heappush(self._due, (due, WINDOW + window.window_id))

    def _plan(self, alert_id: str, due: int | None) -> None:
        if due is not None and self._planned.get(alert_id) != due:
            self._planned[alert_id] = due
            heappush(self._due, (due, alert_id))


def _silence(site: Site) -> Iterable[str]:
    """Rules that tell of silent sensors: the default one, and a site's own of that kind."""
    own = (rule.table.get("id") for rule in site.rules if rule.table.get("kind") == "silent")
    return (*SILENT_RULES, *(str(one) for one in own if one))


def _ids(members: object) -> list[str]:
    if not isinstance(members, list):
        return []
    return [str(one["alert_id"]) for one in members if isinstance(one, dict) and "alert_id" in one]


def _ahead(at: int, now: int) -> bool:
    """Whether something was done so far in the future that the clock by which it was done was wrong."""
    return at > now + LONGEST_SHELVING_US


def _instant(text: object, otherwise: int) -> int:
    try:
        return micros(text) if isinstance(text, str) else otherwise
    except (ValueError, OverflowError):
        return otherwise
