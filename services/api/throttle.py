"""Waits after wrong passwords, which grow. Pure: the clock is handed in, memory is bounded.

How often somebody may ask for what is right: `paces`.

Nobody is shut out by what a stranger does: failures count for who tried (the peer), for the name, and for
both together, each with waiting times that double up to a bound; but from where somebody has logged in
before, only their own failures there count. So neither can guessing at a name keep its owner out, nor can
one bad neighbour behind the same address.
"""

from collections import OrderedDict
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple

KEEP = 10_000
"""Of each kind; the one longest unheard of is forgotten first."""
FORGET_S = 900.0
"""Without a failure for so long, all is forgiven."""


class Pace(NamedTuple):
    """How many tries are free, and how long the wait grows (seconds)."""

    free: int
    most_s: float


_PACES = {"pair": Pace(5, 60.0), "peer": Pace(10, 60.0), "name": Pace(10, 15.0)}


class _Count(NamedTuple):
    failures: int
    last: float


class Throttle:
    """Counts failures; times in seconds of any clock that only goes forward."""

    def __init__(self, keep: int = KEEP) -> None:
        """Nobody failed yet."""
        self._keep = keep
        self._counts: dict[str, OrderedDict[str, _Count]] = {each: OrderedDict() for each in _PACES}
        self._known: OrderedDict[str, None] = OrderedDict()

    def wait_s(self, name: str, peer: str | None, now: float) -> float:
        """How long until the next try may be made; 0 when now. `peer` None: it can't be told from others."""
        keys = _keys(name, peer)
        if keys.get("pair") in self._known:
            keys = {"pair": keys["pair"]}
        return max(self._left(kind, key, now) for kind, key in keys.items())

    def at_home(self, name: str, peer: str | None) -> bool:
        """Whether this name has logged in from there before."""
        return _keys(name, peer).get("pair") in self._known

    def failed(self, name: str, peer: str | None, now: float) -> None:
        """A try that was wrong, or is about to be looked at: `succeeded` takes it back."""
        for kind, key in _keys(name, peer).items():
            counts = self._counts[kind]
            before = counts.pop(key, _Count(0, now))
            kept = before.failures if now - before.last < FORGET_S else 0
            counts[key] = _Count(kept + 1, now)
            if len(counts) > self._keep:
                counts.popitem(last=False)

    def succeeded(self, name: str, peer: str | None) -> None:
        """A try that was right: this name is at home there."""
        keys = _keys(name, peer)
        for kind in ("peer", "name"):
            # The try was counted before its password was looked at.
            count = self._counts[kind].get(keys.get(kind, ""))
            if count is not None:
                self._counts[kind][keys[kind]] = _Count(max(count.failures - 1, 0), count.last)
        pair = keys.get("pair")
        if pair is None:
            return
        self._counts["pair"].pop(pair, None)
        self._known.pop(pair, None)
        self._known[pair] = None
        if len(self._known) > self._keep:
            self._known.popitem(last=False)

    def __len__(self) -> int:
        """How many counts are kept."""
        return sum(map(len, self._counts.values())) + len(self._known)

    def _left(self, kind: str, key: str, now: float) -> float:
        count, pace = self._counts[kind].get(key), _PACES[kind]
        if count is None or count.failures < pace.free or now - count.last >= FORGET_S:
            return 0.0
        wait = min(2.0 ** min(count.failures - pace.free, 10), pace.most_s)
        return max(0.0, count.last + wait - now)


def _keys(name: str, peer: str | None) -> dict[str, str]:
    if peer is None:
        return {"name": name}
    network = _network(peer)
    return {"pair": f"{network} {name}", "peer": network, "name": name}


def _network(peer: str) -> str:
    """An address, of IPv6 its /64: who has one of those has them all."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer[:64]
    return str(IPv6Address(int(address) >> 64 << 64)) if address.version == 6 else peer  # noqa: PLR2004
