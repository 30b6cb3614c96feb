"""What goes wrong in the field: on demand, in a story, or by chance. Each kind does one thing to readings.

| kind | what happens | usual time | amount |
| --- | --- | --- | --- |
| gap | the sensor says nothing | 30 min | |
| stuck | it repeats its first value of that time | 3 h | |
| spike | it reads so much too high | one reading | in the property's unit |
| drift | it goes wrong little by little, up to the amount at the end | 24 h | in the property's unit |
| vandal | three impossible readings, then nothing: torn off | 12 h | |
| lamp | dark when it should burn, burning when it should be dark | 12 h | |
| duplicate | everything is sent twice | 30 min | |
| late | nothing comes, then all of it in one burst | 30 min | |
| dead | the gateway is off: no readings, no connection | 1 h | |
| skew | the clock is wrong | 1 h | seconds, usually -3600 |
| chatter | two readings too high, two right, and so on | 1 h | in the property's unit |

Over 250 lines: the kinds, how they come by chance and what they do stand together.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.observation.instants import SECOND
from services.observation.site import Site
from simulators.city.chance import Floats, Ints, generator
from simulators.city.place import Sensors, Stations
from simulators.city.script import Chance, FaultAt, FaultKind, ScriptError

WINDOW_S = 21_600
"""Faults by chance are drawn for six hours at once."""

USUAL_S: dict[FaultKind, float] = {
    "gap": 1800.0,
    "stuck": 10_800.0,
    "spike": 0.0,  # the sensor's interval
    "drift": 86_400.0,
    "vandal": 43_200.0,
    "lamp": 43_200.0,
    "duplicate": 1800.0,
    "late": 1800.0,
    "dead": 3600.0,
    "skew": 3600.0,
    "chatter": 3600.0,
}
_OF_GATEWAYS = ("duplicate", "late", "dead", "skew")
_SKEW_S = -3600.0
_WILD = 3
_FLAP = 2
"""So many periods of a sensor it is wrong, then as many right."""

# How far a spike leaps and a drift goes, in the property's unit; half the value and 1 for others.
_LEAP = {
    "water_level": 0.8,
    "street_depth": 0.45,
    "tide_level": 0.9,
    "rainfall": 40.0,
    "wave_height": 3.0,
    "air_temperature": 12.0,
    "ph": 2.5,
    "tilt": 4.0,
    "sound_level": 30.0,
    "pm2_5": 250.0,
}


class Sent(NamedTuple):
    """Readings, and µs at which each is sent; otherwise as `Rows`."""

    time: Ints
    sensor: Ints
    value: Floats
    at: Ints

    def where(self, mask: NDArray[np.bool_] | Ints) -> "Sent":
        """Some of them."""
        return Sent(self.time[mask], self.sensor[mask], self.value[mask], self.at[mask])


class Fault(NamedTuple):
    """A fault in place. `members`: (sensors,) whom it strikes; µs UTC; `gateway`: if it is one's own."""

    kind: FaultKind
    target: str
    members: NDArray[np.bool_]
    start: int
    end: int
    amount: float | None
    gateway: str | None


class Faults:
    """All faults of a simulation, and what they have to remember."""

    def __init__(  # noqa: PLR0913  a site, its arrays, and the chance
        self,
        site: Site,
        stations: Stations,
        sensors: Sensors,
        chance: Chance,
        seed: int,
        start: int,
        by_chance_from: int,
    ) -> None:
        """None yet; those of chance come from a time on. Times in µs UTC."""
        self._site, self._stations, self._sensors = site, stations, sensors
        self._chance, self._seed, self._start = chance, seed, start
        self._by_chance_from = by_chance_from
        self._faults: list[Fault] = []
        self._drawn = start // SECOND // WINDOW_S - 1
        self._held: list[Sent] = []
        self._stuck: dict[tuple[int, int], float] = {}
        self._lamps = sorted(
            set(sensors.station[sensors.of.get("lamp_state", np.zeros(0, np.int64))].tolist())
        )

    def plan(self, wanted: Iterable[FaultAt]) -> None:
        """Add faults at minutes after the start.

        Raises:
            ScriptError: the site has no such target.
        """
        for fault in wanted:
            begin = self._start + round(fault.minute * 60 * SECOND)
            seconds = None if fault.minutes is None else fault.minutes * 60
            self._faults.append(self._make(fault.kind, fault.target, begin, seconds, fault.amount))

    def _make(
        self, kind: FaultKind, target: str, begin: int, seconds: float | None, amount: float | None
    ) -> Fault:
        members = np.zeros(len(self._sensors), bool)
        gateway = target if target in self._site.gateways else None
        if gateway is not None:
            stations = self._site.gateways[gateway].stations
            members |= np.isin(self._sensors.station, [self._stations.row[name] for name in stations])
        elif target in self._stations.row:
            members |= self._sensors.station == self._stations.row[target]
        elif target in self._sensors.row:
            members[self._sensors.row[target]] = True
        else:
            msg = (
                f"fault {kind}: the site has no {target!r} → the id of a sensor, a station or a gateway"
                " / cần mã của cảm biến, trạm hoặc gateway"
            )
            raise ScriptError(msg)
        if kind == "dead" and gateway is None:
            msg = (
                f"fault dead: {target!r} is no gateway → use gap for a sensor or a station"
                " / không phải gateway, dùng gap"
            )
            raise ScriptError(msg)
        usual = USUAL_S[kind] or float(self._sensors.period[members].max(initial=0)) / SECOND
        return Fault(
            kind,
            target,
            members,
            begin,
            begin + round((usual if seconds is None else seconds) * SECOND),
            amount,
            gateway,
        )

    def _draw(self, until: int) -> None:
        """Draw the faults of chance of all windows that begin before `until`, µs UTC."""
        while (self._drawn + 1) * WINDOW_S * SECOND < until:
            self._drawn += 1
            for kind, usual in USUAL_S.items():
                whom = (
                    list(self._site.gateways)
                    if kind in _OF_GATEWAYS
                    else [self._stations.names[row] for row in self._lamps]
                    if kind == "lamp"
                    else self._sensors.names
                )
                luck = generator(self._seed, "fault", kind, self._drawn)
                rate = getattr(self._chance, kind) * WINDOW_S / 86_400.0
                for _ in range(int(luck.poisson(rate * len(whom)))):
                    target = whom[int(luck.integers(len(whom)))]
                    begin = round((self._drawn + luck.random()) * WINDOW_S * SECOND)
                    lasts = usual * float(np.exp(luck.normal(0.0, 0.5))) or None
                    if begin >= self._by_chance_from:
                        self._faults.append(self._make(kind, target, begin, lasts, None))

    def _active(self, first: int, last: int) -> list[Fault]:
        self._draw(last)
        self._faults = [fault for fault in self._faults if fault.end > first or fault.kind == "late"]
        return [fault for fault in self._faults if fault.start < last and fault.end > first]

    def lamps(self, first: int, last: int) -> list[tuple[int, float, float]]:
        """Broken lamps between two times (µs UTC): row of the station, from, until (seconds)."""
        return [
            (int(row), fault.start / SECOND, fault.end / SECOND)
            for fault in self._active(first, last)
            if fault.kind == "lamp"
            for row in np.unique(self._sensors.station[fault.members])
        ]

    def chatter(self, time: Ints, sensor: Ints, value: Floats, first: int, last: int) -> Floats:
        """What a loose contact says: two readings wrong, two right, and so on.

        Before who speaks is decided: one that reports on change reports each of these.
        """
        for fault in self._active(first, last):
            if fault.kind != "chatter":
                continue
            hit = fault.members[sensor] & (time >= fault.start) & (time < fault.end)
            wrong = hit & ((time - fault.start) // (_FLAP * self._sensors.period[sensor]) % 2 == 0)
            if wrong.any():
                value = value.copy()
                value[wrong] += self._leap(fault, Sent(time, sensor, value, time), wrong)
        return value

    def dead(self, at: int) -> set[str]:
        """Gateways that are off at a time, µs UTC."""
        return {
            fault.gateway
            for fault in self._active(at, at + 1)
            if fault.kind == "dead" and fault.gateway is not None
        }

    def apply(self, time: Ints, sensor: Ints, value: Floats, first: int, last: int) -> Sent:
        """Readings of a stretch of time as they are sent: some changed, some gone, some again, some later.

        Args:
            time: (n,) µs UTC, within the stretch.
            sensor: (n,) rows.
            value: (n,) in the properties' units.
            first: begin of the stretch.
            last: its end, excluded.
        """
        rows = Sent(time, sensor, value.copy(), time)
        for fault in self._active(first, last):
            hit = fault.members[rows.sensor] & (rows.at >= fault.start) & (rows.at < fault.end)
            if hit.any():
                rows = self._strike(fault, rows, hit)
        freed = [held for held in self._held if held.at[0] < last]
        if freed:
            self._held = [held for held in self._held if held.at[0] >= last]
            rows = _joined([rows, *freed])
        order = np.lexsort((rows.sensor, rows.time, rows.at))
        return rows.where(order)

    def _strike(self, fault: Fault, rows: Sent, hit: NDArray[np.bool_]) -> Sent:
        match fault.kind:
            case "gap" | "dead":
                return rows.where(~hit)
            case "stuck":
                for at in np.flatnonzero(hit).tolist():
                    first = self._stuck.setdefault((id(fault), int(rows.sensor[at])), float(rows.value[at]))
                    rows.value[at] = first
            case "spike":
                rows.value[hit] += self._leap(fault, rows, hit)
            case "drift":
                part = (rows.at[hit] - fault.start) / max(1, fault.end - fault.start)
                rows.value[hit] += self._leap(fault, rows, hit) * part
            case "vandal":
                wild = hit & (rows.at - fault.start < _WILD * self._sensors.period[rows.sensor])
                high = self._sensors.high[rows.sensor[wild]]
                rows.value[wild] = np.where(np.isnan(high), rows.value[wild] * 10 + 999.0, high * 2 + 1.0)
                return rows.where(~hit | wild)
            case "duplicate":
                return _joined([rows, rows.where(hit)])
            case "late":
                held = rows.where(hit)
                self._held.append(held._replace(at=np.full(len(held.at), fault.end)))
                return rows.where(~hit)
            case "skew":
                seconds = _SKEW_S if fault.amount is None else fault.amount
                return rows._replace(time=rows.time + np.where(hit, round(seconds * SECOND), 0))
        return rows

    def _leap(self, fault: Fault, rows: Sent, hit: NDArray[np.bool_]) -> Floats | float:
        if fault.amount is not None:
            return fault.amount
        properties = [self._sensors.properties[row] for row in rows.sensor[hit].tolist()]
        usual = np.array([_LEAP.get(name, np.nan) for name in properties])
        return np.where(np.isnan(usual), np.abs(rows.value[hit]) / 2 + 1.0, usual)


def _joined(parts: list[Sent]) -> Sent:
    return Sent(
        np.concatenate([part.time for part in parts]),
        np.concatenate([part.sensor for part in parts]),
        np.concatenate([part.value for part in parts]),
        np.concatenate([part.at for part in parts]),
    )
