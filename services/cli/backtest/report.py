"""What a backtest's page shows, gathered from the recording, the engine's columns and its events.

Over 250 lines: one gathering, each part of the page from its own source.
"""

import argparse
import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from services.alerts.rule import INTERVALS, Kind, Rule
from services.alerts.scoring.against import Differences
from services.alerts.scoring.score import Happened
from services.cli.backtest.judging import Bare, Outcome
from services.cli.backtest.recorded import Recorded
from services.observation.batch import Batch
from services.observation.event import SEVERITIES, CloudEvent, Verb, verb_of
from services.observation.instants import SECOND, micros
from services.observation.sensor import Sensor
from services.observation.site import Site
from services.observation.text import Text
from services.report.model import Band, Chart, Report, RuleLine, Source, Threshold, Told, Truth
from services.report.page import render

if TYPE_CHECKING:
    from services.alerts.judging.core import Core

CHARTS, OTHERS = 24, 200
"""So many sensors have a picture of their own, and so many more a line in a table."""
_UNKNOWN_GAP = 6 * 3600 * SECOND


class Keeper:
    """Looks on while the engine works, and keeps the readings of each sensor with their flags."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self._rows: dict[str, int] = {}
        self._parts: list[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
        self.computed: set[str] = set()

    def readings(self, batch: Batch) -> None:
        """Keep measured readings."""
        if len(batch.time):
            place = np.array(
                [self._rows.setdefault(name, len(self._rows)) for name in batch.sensors], np.int64
            )
            self._parts.append((place[batch.sensor], batch.time, batch.value, batch.flag))

    def derived(self, batch: Batch) -> None:
        """Keep what the engine made of them."""
        self.computed.update(batch.sensors)
        self.readings(batch)

    def series(self) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Time, value and flag of each sensor, ascending by time."""
        if not self._parts:
            return {}
        row, time, value, flag = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        order = np.lexsort((time, row))
        row, time, value, flag = row[order], time[order], value[order], flag[order]
        ends = np.searchsorted(row, np.arange(len(self._rows) + 1)).tolist()
        return {
            name: (
                time[ends[at] : ends[at + 1]],
                value[ends[at] : ends[at + 1]],
                flag[ends[at] : ends[at + 1]],
            )
            for name, at in self._rows.items()
        }


def write_report(  # noqa: PLR0913  all that a backtest knows
    options: argparse.Namespace,
    site: Site,
    recorded: Recorded,
    keeper: Keeper,
    outcome: Outcome,
    bare: Bare | None,
    compared: Outcome | None,
    differences: Differences | None,
    truth: Sequence[Happened] | None,
) -> int:
    """Write the page; return its size in bytes.

    Raises:
        OSError: the page cannot be written.
    """
    report = gather(site, recorded, keeper, outcome, truth)
    report.about = options.about or ""
    report.sources = [_source(file) for file in [*options.files, *([options.truth] if options.truth else [])]]
    report.bare = None if bare is None else (bare.scores, bare.load)
    if compared is not None and differences is not None:
        report.against = (options.against.name, compared.scores, compared.load, differences)
    page = render(report).encode()
    options.report.write_bytes(page)
    return len(page)


def gather(
    site: Site, recorded: Recorded, keeper: Keeper, outcome: Outcome, truth: Sequence[Happened] | None
) -> Report:
    """All but the files and what is beside: scores of others."""
    from services.alerts.engine import Engine
    from services.alerts.rule import parse_rules

    first, last = recorded.span()
    rules, _ = parse_rules(site)
    series = keeper.series()
    known = {name: site.sensors[name] for name in site.sensors if name in series}
    core = Engine(_with(site, known), rules).core
    told, by_sensor, by_group = _told(outcome.events, last)
    together = _members(core, by_group)
    from services.alerts.hazards import hazards

    charts = _charts(core, series, keeper.computed, by_sensor, together, truth or ())
    loud = [chart for chart in charts if chart.alerts or chart.thresholds]
    loud.sort(key=lambda chart: (-bool(chart.alerts), not chart.truths, -_reached(chart), chart.sensor))
    shown = loud[:CHARTS]
    names = {chart.sensor for chart in shown}
    others = sorted((c for c in charts if c.sensor not in names), key=lambda c: (c.derived, c.sensor))[
        :OTHERS
    ]
    if not shown:
        shown, others = others[:CHARTS], others[CHARTS:]
    used = {rule.id for rule in core.layout.rule_at} | {group.rule.id for group in core.groups.groups}
    return Report(
        site=site.name,
        hazards={name: hazard.text for name, hazard in hazards().items()},
        version=site.version,
        zone=site.zone,
        first=first,
        last=last,
        readings=len(recorded),
        strikes=len(recorded.strikes),
        sensors=len(known),
        about="",
        scores=outcome.scores,
        load=outcome.load,
        charts=shown,
        others=others,
        told=told,
        sources=[],
        rules=[RuleLine(r.id, r.hazard, r.status, r.source) for r in rules if r.id in used],
        left_out=recorded.unused,
        truths=None if truth is None else len(truth),
        lightning=dict(outcome.lightning),
    )


def _with(site: Site, sensors: dict[str, Sensor]) -> Site:
    import msgspec

    return msgspec.structs.replace(site, sensors=sensors)


def _reached(chart: Chart) -> float:
    """The highest severity of its alerts, and how many."""
    worst = max((SEVERITIES.index(band.severity) for band in chart.bands), default=-1)
    return worst * 1000 + chart.alerts


def _charts(  # noqa: PLR0913  what a picture is made of
    core: "Core",
    series: dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]],
    computed: set[str],
    by_sensor: dict[str, list[Told]],
    together: "dict[int, _Together]",
    truth: Iterable[Happened],
) -> list[Chart]:
    from services.alerts.hazards import properties

    layout, words = core.layout, properties()
    by_area: dict[str, list[Happened]] = {}
    for happened in truth:
        by_area.setdefault(happened.area, []).append(happened)
    charts = []
    for name, (time, value, flag) in series.items():
        row = layout.row.get(name)
        if row is None:
            continue
        beside = together.get(row, _Together([], []))
        prop, alerts = layout.property[row], [*by_sensor.get(name, []), *beside.told]
        hazards = {layout.rule_at[at].hazard for at in layout.cells_of(row)} | {
            one.hazard for one in beside.rules
        }
        known = words.get(prop)
        gap = int(layout.gap[row])
        if name in computed and len(time) > 1:  # a mean of a day comes once a day
            gap = max(gap, round(INTERVALS * float(np.median(np.diff(time)))))
        charts.append(
            Chart(
                sensor=name,
                name=layout.site.stations[layout.station[row]].name,
                what=Text(prop, prop) if known is None else known.text,
                unit=layout.unit[row],
                time=time,
                value=value,
                flag=flag,
                gap=gap if gap < 1 << 61 else INTERVALS * _UNKNOWN_GAP,
                thresholds=_thresholds(core, row, beside.rules),
                bands=[band for one in alerts if one.hazard != "system" for band in one.bands],
                truths=[
                    Truth(one.start, one.end, one.severity)
                    for one in by_area.get(layout.area[row], [])
                    if one.hazard in hazards
                ],
                alerts=sum(one.hazard != "system" for one in alerts),
                derived=name in computed,
                momentary=known is not None and known.reports == "momentary",
            )
        )
    return charts


class _Together(NamedTuple):
    """Rules over several sensors that one is a member of, and their alerts."""

    rules: list[Rule]
    told: list[Told]


def _members(core: "Core", by_group: dict[tuple[str, str], list[Told]]) -> dict[int, _Together]:
    """By row: an alert of an area is shown at the sensors it was raised by, where they are compared alike."""
    found: dict[int, _Together] = {}
    for group in core.groups.groups:
        rule = group.rule
        if rule.kind is not Kind.K_OF_N:
            continue
        for row in {leaf.row for leaf in group.leaves}:
            one = found.setdefault(row, _Together([], []))
            one.rules.append(rule)
            one.told.extend(by_group.get((rule.id, group.gateway or group.area), []))
    return found


def _thresholds(core: "Core", row: int, together: Iterable[Rule]) -> list[Threshold]:
    """Each value once, with its highest severity."""
    found: dict[float, Threshold] = {}
    attributes = core.layout.site.stations[core.layout.station[row]].attributes
    for rule in together:
        for k, rung in enumerate(rule.rungs):
            limit = rung.resolve(attributes) if rung is not None else None
            if limit is not None:
                found[limit] = Threshold(limit, SEVERITIES[k], rule.id)
    for at in core.layout.cells_of(row):
        rule = core.layout.rule_at[at]
        for k, limit in enumerate(core.layout.rungs(at).limits):
            if limit is not None:
                found[limit] = Threshold(limit, SEVERITIES[k], rule.id)
    return sorted(found.values(), key=lambda one: one.value)


_ByGroup = dict[tuple[str, str], list[Told]]


def _told(events: Iterable[CloudEvent], last: int) -> tuple[list[Told], dict[str, list[Told]], _ByGroup]:
    """Alerts with their stretches at one severity; those of each sensor, and of each rule in an area."""
    found: dict[str, Told] = {}
    by_group: _ByGroup = {}
    by_sensor: dict[str, list[Told]] = {}
    for event in events:
        data, verb, at = event.data, verb_of(event.type), micros(event.time)
        one = found.get(data.alert_id)
        if one is None:
            where = data.sensor or data.gateway or data.station or data.area
            one = Told(at, None, data.hazard, data.severity, where, data.rule, data.reason, [])
            found[data.alert_id] = one
            if data.sensor:
                by_sensor.setdefault(data.sensor, []).append(one)
            else:
                by_group.setdefault((data.rule, data.gateway or data.area), []).append(one)
        if one.bands:
            one.bands[-1].end = at
        if verb == Verb.CLEARED:
            one.end = at
            continue
        one.bands.append(Band(at, last, data.severity, blind=verb == Verb.BLIND or (data.blind or False)))
        if SEVERITIES.index(data.severity) > SEVERITIES.index(one.severity):
            one.severity, one.reason = data.severity, data.reason
    return sorted(found.values(), key=lambda one: one.start), by_sensor, by_group


def _source(file: Path) -> Source:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return Source(file.name, file.stat().st_size, digest.hexdigest()[:16])
