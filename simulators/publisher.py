"""A simulated city on the wire: its readings and strikes through the agents of its gateways, at a pace.

At a speed, what falls into a slice of wall time is sent together. Nothing is sent before its time: a
simulation that has caught up with the present goes on at the present's pace.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping

import msgspec
import numpy as np

from services.observation.instants import SECOND
from services.observation.senml import Record
from services.observation.site import Site
from simulators.agents import Agents, Commanded, Target
from simulators.city.city import Rows, Simulation
from simulators.city.strikes import Strike
from simulators.controllers import Behaviour, Controllers
from simulators.routes import Route

PACK = 200
"""Readings in a pack at most."""

AT_ONCE = 100_000
"""About so many readings are made at once at full speed."""

SLICE_S = 0.25
STEP_US = 30 * SECOND
PRESENT_S = 60.0
"""A simulation that is so near to the wall's clock is at the present."""

LAMP = "lamp_wattage"
"""The attribute that makes a station a lamp."""
DYING_S = 2.0


class StrikeRecord(msgspec.Struct, omit_defaults=True):
    """A strike as it goes over the wire; seconds since 1970, degrees, kA, metres."""

    t: float
    lat: float
    lon: float
    type: str
    ka: float
    err_m: float


class Progress(msgspec.Struct):
    """How far a simulation is, µs UTC: all is sent up to `at`, and now up to `sending`."""

    readings: int = 0
    strikes: int = 0
    at: int = 0
    sending: int = 0


def networks(site: Site) -> list[Route]:
    """Who sends strikes: the gateway of each strike network, or the network under its own name."""
    areas = list(site.areas)
    found = []
    for source in site.sources:
        if source.url or source.adapter:
            continue  # somebody else's broker
        gateway = site.gateways.get(site.gateway_of(source) or "")
        if gateway is not None:
            found.append(Route(gateway.area, gateway.id))
        elif areas:
            found.append(Route(areas[0], source.id))
    return found


def lamps_of(site: Site) -> dict[str, list[str]]:
    """Lamps by the gateway that is their controller."""
    found = {
        gateway.id: [
            name
            for name in gateway.stations
            if name in site.stations and LAMP in site.stations[name].attributes
        ]
        for gateway in site.gateways.values()
    }
    return {gateway: lamps for gateway, lamps in found.items() if lamps}


class Publisher:
    """Sends a simulation until its end or until told to stop."""

    def __init__(  # noqa: PLR0913  what, where to, how fast, how long, and the seams
        self,
        simulation: Simulation,
        target: Target,
        *,
        speed: float | None = 1.0,
        end: int | None = None,
        notice: Callable[[str], None] = lambda _: None,
        behaviours: Mapping[str, Behaviour] | None = None,
        wall: Callable[[], float] = time.time,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is sent before `run`.

        Args:
            simulation: what to send.
            target: where to.
            speed: times real time; None is as fast as it goes.
            end: µs UTC; None: never.
            notice: told what happens to connections.
            behaviours: of controllers of street lights, by gateway; the others are well.
            wall: seconds since 1970; no reading is sent before its time by this clock.
            monotonic: the clock of the pace.
        """
        self._simulation, self._speed, self._end = simulation, speed, end
        self._wall, self._monotonic = wall, monotonic
        lamps = lamps_of(simulation.site)
        self.commanded = Commanded(Controllers(lamps, behaviours), wall) if lamps else None
        """The controllers, which live by the wall clock whatever the speed."""
        self._agents = Agents(target, notice, self.commanded)
        self._stopping = threading.Event()
        site, sensors = simulation.site, simulation.sensors
        routes: dict[str, Route] = {
            station: Route(gateway.area, gateway.id)
            for gateway in site.gateways.values()
            for station in gateway.stations
        }
        self._networks = networks(site)
        self._routes = sorted(dict.fromkeys(routes.values()), key=lambda route: route not in self._networks)
        number = {route: n for n, route in enumerate(self._routes)}
        self._route_of = np.array(
            [number[routes[name.partition(".")[0]]] for name in sensors.names], np.int64
        )
        self._stretch = max(SECOND, int(AT_ONCE / max(float((SECOND / sensors.period).sum()), 1e-6) * SECOND))
        self.progress = Progress(at=simulation.now)

    @property
    def stored(self) -> int:
        """Packs stored so far (plain: PUBACKed)."""
        return self._agents.stored

    @property
    def unstored(self) -> int:
        """Packs on their way."""
        return self._agents.unstored

    @property
    def problem(self) -> str | None:
        """Why an agent has no connection now."""
        return self._agents.problem

    def run(self) -> bool:
        """Send everything and wait until it is stored; False when stopped before.

        Raises:
            AgentError: no broker.
        """
        self._meet_controllers()
        for until in self._pace():
            self._send(until)
            if self._stopping.is_set():
                return False
        while not self._agents.wait_all_stored(SLICE_S):
            if self._stopping.is_set():
                return False
        return not self._stopping.is_set()

    def _meet_controllers(self) -> None:
        """Controllers listen before their lamps have anything to say."""
        if self.commanded is None:
            return
        for gateway in self.commanded.controllers.of:
            self._agents.of(Route(self._simulation.site.gateways[gateway].area, gateway))

    def stop(self) -> None:
        """Make `run` return soon; from any thread."""
        self._stopping.set()
        self._agents.stop()

    def close(self) -> None:
        """End all agents."""
        self._agents.close()

    def _pace(self) -> Iterator[int]:
        """Simulated times, in µs, up to which to send next."""
        start, begun = self._simulation.now, self._monotonic()
        until = start
        while not self._stopping.is_set() and (self._end is None or until < self._end):
            present = round(self._wall() * SECOND)
            if self._speed is None:
                wanted = until + self._stretch
            else:
                wanted = start + round((self._monotonic() - begun) * self._speed * SECOND)
                # After a pause, piece by piece: one gateway must not be minutes ahead of the others.
                wanted = min(wanted, until + max(STEP_US, round(2 * SLICE_S * self._speed * SECOND)))
            until = min(wanted, present, wanted if self._end is None else self._end)
            if self.commanded is not None:
                self.commanded.turn()
            if until > self._simulation.now:
                yield until
            if (self._speed is not None or until < wanted) and until != self._end:
                self._stopping.wait(SLICE_S)

    def _send(self, until: int) -> None:
        first = self._simulation.now
        self.progress.sending = until
        if self.commanded is not None:
            # Controllers live by the wall's clock. At the present they are all there is to know; in a story
            # of the past only what somebody changes is, for their programmes are of another day.
            present = self._wall() * SECOND - until < PRESENT_S * SECOND
            self._simulation.command(self.commanded.held(programme=present), by_day=present)
        rows = self._simulation.until(until)
        dead = self._simulation.faults.dead(until - 1)
        for route in self._routes:
            if route.gateway in dead:
                self._agents.end(route, DYING_S)
        if self._networks:  # before all others, whose clocks would make it look silent
            self._send_strikes(self._simulation.strikes(first, until))
        self._send_readings(rows)
        self.progress.at = until

    def _send_readings(self, rows: Rows) -> None:
        """Cut into packs by gateway. Per reading in Python: a record each, nothing more."""
        route_of = self._route_of[rows.sensor]
        order = np.argsort(route_of, kind="stable")
        ends = np.searchsorted(route_of[order], np.arange(len(self._routes) + 1))
        names = self._simulation.sensors.names
        for number, route in enumerate(self._routes):
            mine = order[ends[number] : ends[number + 1]]
            for begin in range(0, len(mine), PACK):
                part = mine[begin : begin + PACK]
                if self._stopping.is_set():
                    return
                columns = (
                    rows.sensor[part].tolist(),
                    (rows.time[part] / SECOND).tolist(),
                    rows.value[part].tolist(),
                )
                pack = [Record(names[s], t, v) for s, t, v in zip(*columns, strict=True)]
                self._agents.of(route).submit(pack)
                self.progress.readings += len(pack)

    def _send_strikes(self, strikes: list[Strike]) -> None:
        for begin in range(0, len(strikes), PACK):
            pack = [StrikeRecord(s.time / SECOND, *s[1:]) for s in strikes[begin : begin + PACK]]
            for route in self._networks:
                self._agents.of(route).submit_strikes(pack)
                self.progress.strikes += len(pack)
