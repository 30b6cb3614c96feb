"""A reason to be quiet: somebody works there, or tests. Pure."""

from collections.abc import Iterable, Iterator, Mapping

from services.alerts.lifecycle import Life, rank_of
from services.observation.act import Quiet
from services.observation.instants import SECOND, iso
from services.observation.maintenance import Window
from services.observation.text import Text
from services.policy.keeping import SAFETY_RULES, MaintenanceLimits

FROM_STRIKES = ("lightning_phase", "strike_distance", "storm_eta", "flash_jump")
STATED = ("manual", "official_bulletin")
"""What people and authorities say is no sensor that is worked at."""


class Maintenance:
    """The windows of a site, asked one alert at a time."""

    def __init__(
        self, limits: MaintenanceLimits, public_safety: Iterable[str], gateways: Mapping[str, str | None]
    ) -> None:
        """`gateways`: of each station, the one that speaks for it."""
        self._limits, self._safety, self._gateways = limits, frozenset(public_safety), gateways
        self._longest = round(limits.longest_h * 3600 * SECOND)
        self._windows: dict[str, Window] = {}

    def put(self, window: Window) -> None:
        """Take a window as it stands now."""
        if window.state == "planned":
            self._windows[window.window_id] = window
        else:
            self._windows.pop(window.window_id, None)

    def end(self, window: Window) -> int:
        """When it ends at the latest, µs UTC, whatever is written in it."""
        return min(window.to_us, window.from_us + self._longest)

    def reaches(self, window: Window, life: Life) -> bool:
        """Whether an alert is of what a window is about."""
        if life.origin in STATED:
            return False
        gateway = life.gateway or self._gateways.get(life.station or "")
        if life.station in window.stations and not _from_strikes(life):
            return True
        if gateway not in window.gateways and life.area not in window.areas:
            return False
        # Over a whole area, or at sensors that only speak by that gateway, real water may rise meanwhile.
        danger = life.hazard in self._safety or life.rule in SAFETY_RULES
        return not danger or rank_of(life.severity) <= rank_of(self._limits.area_most)

    def quiet(self, life: Life, now: int) -> list[Quiet]:
        """Every window that keeps an alert quiet at an instant, µs UTC."""
        return [
            Quiet(window.kind, window.window_id, iso(self.end(window)), _why(window))
            for window in self._windows.values()
            if window.from_us <= now < self.end(window) and self.reaches(window, life)
        ]

    def next_due(self, window: Window, now: int) -> int | None:
        """When a window begins or ends next, µs UTC; None: it is over."""
        if window.state != "planned":
            return None
        return next((at for at in (window.from_us, self.end(window)) if at > now), None)

    def over(self, now: int) -> list[Window]:
        """Planned windows whose time is up."""
        return [window for window in self._windows.values() if now >= self.end(window)]

    def __iter__(self) -> Iterator[Window]:
        """All that are planned."""
        return iter(self._windows.values())


def _from_strikes(life: Life) -> bool:
    """Whether it tells of lightning at a place: no work on the place's own sensors makes that less real."""
    return life.sensor is not None and life.sensor.rpartition(".")[2] in FROM_STRIKES


def _why(window: Window) -> Text:
    if window.kind == "test":
        return Text(f"đang thử nghiệm: {window.why}", f"a test is going on: {window.why}")
    return Text(f"đang bảo trì: {window.why}", f"maintenance is going on: {window.why}")
