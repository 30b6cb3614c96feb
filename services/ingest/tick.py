"""Ticks: the passing of time, as a message on the stream."""

from services.observation.messages import Tick

EVERY_S = 1.0
MAX_DT_US = 2_000_000
LONG_US = 60_000_000
"""An absence shorter than this is no outage: a restart in the middle of a replay must change no event."""


class Ticker:
    """Makes ticks. Takes both clocks: monotonic seconds for `dt`, µs UTC for `t`."""

    def __init__(self) -> None:
        """Nothing is connected, and the first tick ages nothing."""
        self._last: float | None = None
        self._sources: set[str] = set()
        self._resumed: set[str] = set()
        self._left: dict[str, int] = {}
        self.since = 0  # µs UTC at which whoever was here before us last wrote; 0: nobody did

    def connected(self, source: str) -> None:
        """A source is there (again): what passed while it was away ages nothing."""
        self._sources.add(source)
        self._resumed.add(source)
        self._last = None

    def lost(self, source: str) -> None:
        """A source went away."""
        self._sources.discard(source)
        self._resumed.discard(source)

    def restart(self) -> None:
        """The next tick ages nothing: we were not listening to anybody."""
        self._resumed |= self._sources
        self._last = None

    @property
    def resuming(self) -> bool:
        """Whether a source is there again, and no tick has said so yet: it must, before what it sends."""
        return bool(self._resumed)

    def tick(self, now: float, wall_us: int) -> Tick | None:
        """The tick of this second, its `clocks` still empty; None while no source is connected."""
        if not self._sources:
            self._last = None
            return None
        resumed = sorted(s for s in self._resumed if wall_us - self._left.get(s, self.since) >= LONG_US)
        self._resumed = set()
        self._left |= dict.fromkeys(self._sources, wall_us)
        passed = 0 if self._last is None else round((now - self._last) * 1e6)
        self._last = now
        return Tick(
            t=wall_us,
            dt=max(0, min(passed, MAX_DT_US)),
            sources=sorted(self._sources),
            clocks={},
            resumed=resumed,
        )
