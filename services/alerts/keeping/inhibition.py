"""Two reasons to be quiet: another alert explains this one, or the gateway it came by is silent. Pure.

An alert that explains others keeps nothing quiet that is more severe than itself or of another status, and
nothing while it is blind, closed or out of service itself. Whether it was shelved does not matter: somebody
has seen what explains them. The table has no circles, so something always speaks.
"""

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable

from services.alerts.hazards.system import GATEWAY_SILENT
from services.alerts.lifecycle import Life, rank_of
from services.observation.act import Quiet, QuietKind
from services.observation.text import Text
from services.policy.keeping_table import Inhibition, names

_Place = tuple[int, str, str]
_Merit = tuple[int, int, str]
OUT = ("maintenance", "test")


def speaks(life: Life) -> bool:
    """Whether an alert may explain others now."""
    out = any(quiet.kind in OUT for quiet in life.quiet.values())
    return life.open and not life.blind and life.closing is None and not out


class Inhibiting:
    """Open alerts that explain others, and those they may explain, by place."""

    def __init__(self, table: Iterable[Inhibition], silence: Iterable[str]) -> None:
        """`silence`: rules that tell of silent sensors."""
        gateway = Inhibition(
            id=GATEWAY_SILENT,
            by=(GATEWAY_SILENT,),
            quiets=tuple(silence),
            within="gateway",
            why=Text("gateway của nó mất tín hiệu", "its gateway is silent"),
        )
        self._table = (gateway, *table)
        self._of_rule: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._explain: dict[_Place, list[_Merit]] = defaultdict(list)
        """Those that speak, the best first: a storm has hundreds in one area."""
        self._explained: dict[_Place, set[str]] = defaultdict(set)
        self._known: dict[str, Life] = {}

    def put(self, life: Life) -> set[str]:
        """Take an alert as it stands now; the others that must be looked at for it."""
        by, quiets = self._rows(life.rule)
        if not by and not quiets:
            return set()
        before = self._known.pop(life.alert_id, None)
        touched: set[str] = set()
        if before is not None:
            touched |= self._forget(before, by, quiets)
        if life.open:
            self._known[life.alert_id] = life
            touched |= self._remember(life, by, quiets)
        moved = before is None or not life.open or _said(before) != _said(life)
        return touched if moved else set()

    def _remember(self, life: Life, by: tuple[int, ...], quiets: tuple[int, ...]) -> set[str]:
        for place in self._places(life, quiets):
            self._explained[place].add(life.alert_id)
        found = set[str]()
        for place in self._places(life, by):
            if speaks(life):
                insort(self._explain[place], _merit(life))
            found.update(self._explained.get(place, ()))
        return found

    def _forget(self, life: Life, by: tuple[int, ...], quiets: tuple[int, ...]) -> set[str]:
        found = set[str]()
        for place in self._places(life, by):
            kept, merit = self._explain.get(place, []), _merit(life)
            at = bisect_left(kept, merit)
            if kept[at : at + 1] == [merit]:
                del kept[at]
                if not kept:
                    del self._explain[place]
            found.update(self._explained.get(place, ()))
        for place in self._places(life, quiets):
            explained = self._explained.get(place, set())
            explained.discard(life.alert_id)
            if not explained:
                self._explained.pop(place, None)
        return found

    def quiet(self, life: Life, _now: int) -> list[Quiet]:
        """The alert that explains this one best, if any does; the one that does already stays."""
        best: tuple[tuple[bool, _Merit], Inhibition] | None = None
        for row in self._rows(life.rule)[1]:
            entry = self._table[row]
            if entry.most is not None and rank_of(life.severity) > rank_of(entry.most):
                continue
            least = max(rank_of(entry.least), rank_of(life.severity))
            for place in self._places(life, (row,)):
                for merit in self._best(place, life):
                    found = (f"{self._kind(entry)}:{merit[2]}" not in life.quiet, merit)
                    if -merit[0] >= least and (best is None or found < best[0]):
                        best = (found, entry)
        if best is None:
            return []
        (_, merit), entry = best
        return [Quiet(self._kind(entry), merit[2], None, entry.why)]

    def _best(self, place: _Place, life: Life) -> list[_Merit]:
        """Of those that speak at a place: the best besides the alert itself, and any that explains it now."""
        kept = self._explain.get(place, [])
        out = [merit for merit in kept[:2] if merit[2] != life.alert_id][:1]
        for quiet in life.quiet.values():
            other = self._known.get(quiet.what)
            if other is not None and other is not life:
                merit = _merit(other)
                at = bisect_left(kept, merit)
                out += kept[at : at + 1] if kept[at : at + 1] == [merit] else []
        return out

    def _kind(self, entry: Inhibition) -> QuietKind:
        return "gateway" if entry is self._table[0] else "inhibition"

    def _rows(self, rule: str) -> tuple[tuple[int, ...], tuple[int, ...]]:
        found = self._of_rule.get(rule)
        if found is None:
            by, quiets = (
                tuple(nth for nth, patterns in enumerate(column) if any(names(one, rule) for one in patterns))
                for column in ([one.by for one in self._table], [one.quiets for one in self._table])
            )
            found = self._of_rule[rule] = (by, quiets)
        return found

    def _places(self, life: Life, rows: Iterable[int]) -> list[_Place]:
        found = []
        for row in rows:
            within = self._table[row].within
            where = {"station": life.station, "gateway": life.gateway, "area": life.area}[within]
            if where is not None:
                found.append((row, life.status, where))
        return found


def _merit(life: Life) -> _Merit:
    """The more severe explains better, then the older one."""
    return -rank_of(life.severity), life.raised_at, life.alert_id


def _said(life: Life) -> tuple[str, str, bool]:
    """What decides whom it explains."""
    return life.status, life.severity, speaks(life)
