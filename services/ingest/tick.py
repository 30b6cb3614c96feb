"""Ticks: the passing of time, as a message on the stream."""

from services.observation.messages import Tick

EVERY_S = 1.0
MAX_DT_US = 2_000_000


class Ticker:
    """Makes ticks. Takes both clocks: monotonic seconds for `dt`, µs UTC for `t`."""

    def __init__(self) -> None:
        """Nothing is connected, and the first tick ages nothing."""
        self._last: float | None = None
        self._sources: set[str] = set()

    def connected(self, source: str) -> None:
        """A source is there (again): what passed while it was away ages nothing."""
        self._sources.add(source)
        self._last = None

    def lost(self, source: str) -> None:
        """A source went away."""
        self._sources.discard(source)

    def restart(self) -> None:
        """The next tick ages nothing."""
        self._last = None

    def tick(self, now: float, wall_us: int) -> Tick | None:
        """The tick of this second, its `clocks` still empty; None while no source is connected."""
        if not self._sources:
            self._last = None
            return None
        passed = 0 if self._last is None else round((now - self._last) * 1e6)
        self._last = now
        return Tick(t=wall_us, dt=max(0, min(passed, MAX_DT_US)), sources=sorted(self._sources), clocks={})
