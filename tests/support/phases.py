"""The ladder of lightning told plainly: what places see of strikes minute by minute, and their alarms."""

from collections.abc import Sequence

import numpy as np

from services.alerts.derive import Floats, Ints, Strikes
from services.alerts.hazards import _lightning_rings as rings
from services.alerts.hazards.lightning import HAZARD
from services.observation.event import SEVERITIES

MINUTE = 60_000_000
_RULE = next(rule for rule in HAZARD.rules if rule["id"] == "lightning")
Reading = tuple[int, float]


def readings(
    time: Ints, lat: Floats, lon: Floats, places: Sequence[tuple[float, float]], *, after: int = 0
) -> list[list[Reading]]:
    """Phases of each place (lat, lon): of each message, one a minute, and of each step. (µs, phase) each."""
    order = np.argsort(time, kind="stable")
    time, lat, lon = time[order], lat[order], lon[order]
    place_lat, place_lon = np.array(places, np.float64).T

    def given(first: int, last: int, now: int) -> Strikes:
        count = last - first
        return Strikes(
            time[first:last], lat[first:last], lon[first:last], np.full(count, np.nan),
            np.zeros(count, bool), np.zeros(count, bool), now, place_lat, place_lon,
            lambda _, default: np.full(len(places), default), {"field_step": np.full(len(places), np.nan)},
        )  # fmt: skip

    found: list[list[Reading]] = [[] for _ in places]
    start, stop = int(time[0]) // MINUTE + 1, int(time[-1]) // MINUTE + 1 + after
    for minute in range(start, stop + 1):
        now = minute * MINUTE
        begin, end, window = np.searchsorted(time, [now - MINUTE, now, now - 30 * MINUTE]).tolist()
        answers = [rings.near(given(begin, end, now)), rings.step(given(window, end, now))]
        for answer in answers:
            for place, at, phase in zip(
                answer.place.tolist(), answer.time.tolist(), answer.values[rings.PHASE].tolist(), strict=True
            ):
                if not np.isnan(phase):
                    found[place].append((at, phase))
    return [sorted(of_place) for of_place in found]


def alarms(of_place: Sequence[Reading], severity: str) -> list[tuple[int, int]]:
    """When a place's phase was at a severity or above, by the delays and hysteresis of the default rule."""
    spans: list[tuple[int, int]] = []
    for word in SEVERITIES[SEVERITIES.index(severity) :]:
        threshold, off = _RULE[word], round(_RULE["off_delay_s"][word] * 1e6)
        keep = threshold - _RULE["hysteresis"].get(word, 0.0)
        start = last = None
        for at, phase in of_place:
            if start is not None and last is not None and at >= last + off:
                spans.append((start, last + off))
                start = None
            if phase >= threshold and start is None:
                start = last = at
            elif start is not None and phase >= keep:
                last = at
        if start is not None and last is not None:
            spans.append((start, last + off))
    joined: list[tuple[int, int]] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined
