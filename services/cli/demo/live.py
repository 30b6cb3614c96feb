"""Live readings under a chapter of the demonstration: what no alert tells, asked of the API.

A slow or absent API costs a line, never more: these lines have a thread of their own.
"""

import http.client
import json
import urllib.parse
import urllib.request
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from services.cli.demo.news import Reader
from services.cli.numerals import measured
from services.observation.instants import SECOND, iso
from services.observation.quantity import PROPERTIES

if TYPE_CHECKING:
    from services.observation.site import Site

_PATIENCE_S = 4.0
_STRIKES_US = 600 * SECOND
_MOST = 1000
_BARS = "▁▂▃▄▅▆▇█"
_LIT = {"lamp_state": (("tắt", "off"), ("sáng", "on"))}
_UNITS = {"m3/s": "m³/s"}


def sparkline(values: Sequence[float]) -> str:
    """A bar for each value between their least and their greatest; nothing for fewer than three."""
    low, high = min(values, default=0.0), max(values, default=0.0)
    if len(values) < 3 or high <= low:  # noqa: PLR2004  two points are no line
        return ""
    return "".join(_BARS[round((value - low) / (high - low) * (len(_BARS) - 1))] for value in values)


def address(base: str, shown: str, site: "Site", start: int) -> str:
    """Where to see it: the observations of a sensor, or the strikes, from a time on."""
    since = urllib.parse.quote(iso(start // SECOND * SECOND))
    if shown in site.sensors:
        return f"{base}/api/v1/sensors/{shown}/observations?from={since}"
    return f"{base}/api/v1/strikes?from={since}"


class Live:
    """The readings that one chapter shows, with what was read before in it."""

    def __init__(self, base: str, site: "Site", shown: Sequence[str], who: Reader) -> None:
        """`shown`: sensors, and sources of strikes."""
        self._base, self._site, self._shown, self._who = base, site, shown, who
        self._past: dict[str, list[float]] = {name: [] for name in shown}

    def line(self, at: int) -> str | None:
        """What they read at a time of the story, µs UTC; None when nothing is known."""
        told = [text for name in self._shown if (text := self._part(name, at))]
        return f"         {' · '.join(told)}" if told else None

    def _part(self, name: str, at: int) -> str | None:
        try:
            return self._reading(name, at) if name in self._site.sensors else self._strikes(name, at)
        except (OSError, http.client.HTTPException, ValueError, KeyError, TypeError, AttributeError):
            return None  # away, slow or in other words: the next line may be luckier

    def _reading(self, name: str, at: int) -> str | None:
        last = self._get(f"/api/v1/sensors/{urllib.parse.quote(name)}")["last"]
        if last is None or last["value"] is None:
            return None
        sensor, value, vi = self._site.sensors[name], float(last["value"]), self._who.vietnamese
        past = self._past[name]
        past.append(value)
        known = PROPERTIES.get(sensor.property)
        words = (known.text.vi if vi else known.text.en) if known else sensor.property
        if sensor.property in _LIT:
            state = _LIT[sensor.property][value > 0][0 if vi else 1]
            return f"{sensor.station} {words}: {state} {self._daylight(sensor.station, at)}"
        unit = _UNITS.get(sensor.unit, sensor.unit)
        bars = sparkline(past)
        return f"{sensor.station} {words} {measured(value, in_vietnamese=vi)} {unit}" + (bars and f" {bars}")

    def _daylight(self, station: str, at: int) -> str:
        """By day or by night, as lamps see it."""
        import numpy as np

        from simulators.city import sky

        place = self._site.stations[station]
        sun = sky.sun_altitude(np.array([at / SECOND]), np.array([place.lat]), np.array([place.lon]))
        if sun[0] < sky.CIVIL_DEG:
            return "ban đêm" if self._who.vietnamese else "by night"
        return "ban ngày" if self._who.vietnamese else "by day"

    def _strikes(self, name: str, at: int) -> str:
        span = urllib.parse.urlencode({"from": iso(at - _STRIKES_US), "to": iso(at), "limit": _MOST})
        page = self._get(f"/api/v1/strikes?{span}")
        count = len(page["items"])
        self._past[name].append(count)
        bars = sparkline(self._past[name])
        number = measured(count, in_vietnamese=self._who.vietnamese) if count >= _MOST else str(count)
        number += "+" if page["next"] else ""
        words = f"sét 10 phút qua {number}" if self._who.vietnamese else f"strikes in 10 min {number}"
        return words + (bars and f" {bars}")

    def _get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self._base}{path}", timeout=_PATIENCE_S) as answer:  # noqa: S310  our own
            return json.load(answer)
