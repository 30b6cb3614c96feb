"""What only the history knows of a span, for a report: readings that came, air, lamps out, energy.

What takes too long is left out by name: a report with a gap is better than none.

Over 250 lines: one budget of time and one list of gaps for all that is looked up.
"""

import time
from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import psycopg

from services.api.reports.history import micros_of, when
from services.api.reports.job import Job, Place, Told
from services.lighting.astro import sun
from services.lighting.energy import energy_kwh, expected_kwh, metered_kwh
from services.observation.text import Text
from services.report.axes import local
from services.report.matter import AirDays, Facts, Lamps, Station

BUDGET_S = 60.0
"""For everything beside the alerts."""
_BATCH = 50
_CAP = 3.0
"""A gap in the power of a lamp counts for so many intervals and no longer."""
_MOST, _COARSE_KWH = 5.0, 1.0
"""A step of a meter beyond so many times what the lamp could have taken, and a meter's coarseness, is none of
it: the meter was exchanged for one that had counted before. Design default."""

Span = tuple[int, int]


class Looking:
    """Looks up what only the history knows, within a budget of time."""

    def __init__(self, db: psycopg.Connection[tuple[Any, ...]], job: Job, budget_s: float = BUDGET_S) -> None:
        """Nothing is read before `facts`."""
        self._db, self._job = db, job
        self._until = time.monotonic() + budget_s
        self._gaps: list[Text] = []
        self._jumped = 0
        sees = job.areas
        self._places = {
            one.id: one
            for one in job.names.stations
            if sees is None or one.area in sees or one.area in ("site", "_")
        }
        self._sensors = [one for one in job.names.sensors if one.station in self._places]
        self._ids: dict[str, tuple[int, int]] = {}
        self._of_place: dict[tuple[float, float], list[Span]] = {}

    def facts(self) -> Facts:
        """Stations heard, air, lamps; what could not be read is in `gaps`."""
        rows = self._db.execute("select name, id, created_at from sensor").fetchall()
        self._ids = {name: (number, micros_of(created)) for name, number, created in rows}
        return Facts(
            stations=self._stations(),
            air=self._air(),
            air_classes=[text for _, text in self._job.names.air_classes],
            lamps=self._lamps(),
            gaps=self._gaps,
        )

    @property
    def _late(self) -> bool:
        return time.monotonic() > self._until

    def _stations(self) -> list[Station]:
        """Usable readings of each station beside those that were due."""
        job = self._job
        known = [one for one in self._sensors if one.id in self._ids]
        counts: dict[int, int] = {}
        counted: set[str] = set()
        for start in range(0, len(known), _BATCH):
            if self._late:
                break
            part = known[start : start + _BATCH]
            numbers = [self._ids[one.id][0] for one in part]
            rows = self._db.execute(
                "select sensor_id, count(*) from observation"
                " where sensor_id = any(%s) and time >= %s and time < %s and flag in (1, 2, 3)"
                " group by sensor_id",
                (numbers, when(job.first), when(job.last)),
            )
            counts |= {number: count for number, count in rows}  # noqa: C416  rows are tuples of any length
            counted |= {one.id for one in part}
        left = [one for one in known if one.id not in counted]
        if left:
            self._gap(
                f"{len(left)} trên {len(known)} cảm biến chưa kịp đếm số đo: quá nhiều dữ liệu.",
                f"Readings of {len(left)} of {len(known)} sensors were not counted in time: too many.",
            )
        return self._by_station(counts, {one.id for one in left})

    def _by_station(self, counts: dict[int, int], left: set[str]) -> list[Station]:
        job = self._job
        found = []
        by_station: dict[str, list[Told]] = {}
        for one in self._sensors:
            if one.id not in left:
                by_station.setdefault(one.station, []).append(one)
        for name, sensors in by_station.items():
            got = due = 0
            for one in (sensor for sensor in sensors if sensor.expects and sensor.interval_s > 0):
                number, created = self._ids.get(one.id, (None, job.first))
                expected = int(max(job.last - max(job.first, created), 0) / 1e6 / one.interval_s)
                due += expected
                got += min(counts.get(number, 0) if number is not None else 0, expected)
            place = self._places[name]
            found.append(Station(name, place.area, place.gateway, got, due or None))
        return found

    def _air(self) -> list[AirDays]:
        """Days of each air station by class: the index that was told at the end of the day."""
        job = self._job
        classes = job.names.air_classes
        found = []
        days = _days_ended(job.first, job.last, job.names.zone)
        for one in (sensor for sensor in self._sensors if sensor.property == "vn_aqi_day"):
            by_day: dict[str, float] = {}
            # Hour 24 of a day ends with the day: its index is told in the hour around midnight.
            for at, value in self._series(one.id, job.first + 3_600_000_000, job.last + 3_600_000_000):
                by_day[f"{local(at - 3_600_000_000, job.names.zone):%Y-%m-%d}"] = value
            counts = {text.en: 0 for _, text in classes}
            for value in by_day.values():
                text = next(text for least, text in reversed(classes) if round(value) >= least)
                counts[text.en] += 1
            found.append(AirDays(one.station, self._places[one.station].area, counts, days))
        return found

    def _lamps(self) -> list[Lamps]:
        lamps = [place for place in self._places.values() if place.wattage is not None]
        own: dict[str, dict[str, Told]] = {}
        for one in self._sensors:
            own.setdefault(one.station, {})[one.property] = one
        areas: dict[str, list[Place]] = {}
        for lamp in lamps:
            areas.setdefault(lamp.area, []).append(lamp)
        found = [self._of_area(area, places, own) for area, places in sorted(areas.items())]
        if self._jumped:
            number = self._jumped
            self._gap(
                f"Công tơ của {number} đèn nhảy số quá mức đèn tiêu thụ được (thay công tơ?): không tính.",
                f"Meters of {number} lamps jumped by more than a lamp can take (exchanged?): not counted.",
            )
        if lamps and self._late:
            self._gap(
                "Chưa kịp đọc hết số liệu chiếu sáng: số đèn có số đo nhỏ hơn thực tế.",
                "Not all of street lighting was read in time: fewer lamps are measured here than there are.",
            )
        return found

    def _of_area(self, area: str, lamps: Sequence[Place], own: dict[str, dict[str, Told]]) -> Lamps:
        job = self._job
        told = out = out_readings = readings = metered = 0
        kwh = full = 0.0
        for lamp in lamps:
            if self._late:
                break
            sensors = own.get(lamp.id, {})
            if "lamp_failure" in sensors:
                values = [value for _, value in self._series(sensors["lamp_failure"].id, job.first, job.last)]
                told += bool(values)
                out += bool(values) and values[-1] > 0
                readings += len(values)
                out_readings += sum(value > 0 for value in values)
            took = self._took(sensors, lamp.wattage or 0.0)
            if took is not None:
                metered += 1
                kwh += took[0]
                full += expected_kwh(lamp.wattage or 0.0, self._dark(lamp, took[1]))
        some = metered > 0
        return Lamps(
            area, len(lamps), told, out, out_readings, readings, metered,
            kwh if some else None, full if some else None,
        )  # fmt: skip

    def _took(self, sensors: dict[str, Told], wattage: float) -> tuple[float, list[Span]] | None:
        """Energy of a lamp, kWh, and during which spans it is known: by its meter, else by its power."""
        job = self._job
        for name in ("energy", "active_power"):
            if name not in sensors:
                continue
            series = self._series(sensors[name].id, job.first, job.last)
            if len(series) > 1:
                if name == "energy":  # a meter counts on while nobody hears it
                    kwh, spans = metered(series, wattage)
                    self._jumped += sum(end - begin for begin, end in spans) < series[-1][0] - series[0][0]
                    return kwh, spans
                longest = sensors[name].interval_s * _CAP or 3600.0
                return energy_kwh(series, longest), _covered(series, round(longest * 1e6))
        return None

    def _dark(self, lamp: Place, spans: Sequence[Span]) -> float:
        """Minutes between sunset and sunrise within spans: the baseline must not burn while nobody looked."""
        nights = self._nights(round(lamp.lat, 1), round(lamp.lon, 1))
        found = nth = 0
        for begin, end in spans:
            while nth < len(nights) and nights[nth][1] <= begin:
                nth += 1
            for down, up in nights[nth:]:
                if down >= end:
                    break
                found += min(up, end) - max(down, begin)
        return found / 6e7

    def _nights(self, lat: float, lon: float) -> list[Span]:
        """The nights of the span, each from sunset to sunrise; lamps within some kilometres share them."""
        known = self._of_place.get((lat, lon))
        if known is None:
            zone, known = self._job.names.zone, []
            day = local(self._job.first, zone).date() - timedelta(days=1)
            while day <= local(self._job.last, zone).date():
                down, up = (
                    sun(lat, lon, day, zone).sunset,
                    sun(lat, lon, day + timedelta(days=1), zone).sunrise,
                )
                if down is not None and up is not None:
                    known.append((down, up))
                day += timedelta(days=1)
            self._of_place[(lat, lon)] = known
        return known

    def _series(self, sensor: str, first: int, last: int) -> list[tuple[int, float]]:
        known = self._ids.get(sensor)
        if known is None or self._late:
            return []
        rows = self._db.execute(
            "select time, value from observation where sensor_id = %s and time >= %s and time < %s"
            " and flag in (1, 2, 3) and value <> 'NaN' order by time",
            (known[0], when(first), when(last)),
        )
        return [(micros_of(at), float(value)) for at, value in rows]

    def _gap(self, vi: str, en: str) -> None:
        self._gaps.append(Text(vi, en))


def metered(series: Sequence[tuple[int, float]], wattage: float) -> tuple[float, list[Span]]:
    """Energy of a lamp by its meter, kWh, and during which spans it is known; without the meter's jumps.

    Args:
        series: instants, µs UTC, and what the meter showed, kWh.
        wattage: of the lamp in full light; 0: not known, and every step is believed.
    """
    kwh, spans = 0.0, list[Span]()
    for (at, before), (then, now) in pairwise(series):
        step = metered_kwh([(at, before), (then, now)])
        most = _MOST * expected_kwh(wattage, (then - at) / 6e7) + _COARSE_KWH
        if wattage and step > most:
            continue
        kwh += step
        if spans and spans[-1][1] == at:
            spans[-1] = (spans[-1][0], then)
        else:
            spans.append((at, then))
    return kwh, spans


def _covered(series: Sequence[tuple[int, float]], longest: int) -> list[Span]:
    """During which spans a series holds: each sample until the next, no longer than `longest`, µs."""
    found: list[Span] = []
    for (at, _), (then, _) in pairwise(series):
        end = min(then, at + longest)
        if found and found[-1][1] == at:
            found[-1] = (found[-1][0], end)
        else:
            found.append((at, end))
    return found


def _days_ended(first: int, last: int, zone: str) -> int:
    """Local days that end within (first, last]: each may have an index."""
    return (local(last, zone).date() - local(first, zone).date()).days
