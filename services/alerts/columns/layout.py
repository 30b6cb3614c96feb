"""A site and its rules as columns: sensors are rows, a rule on a sensor is a cell, cells of a sensor adjoin.

Rows live as long as a site version; nothing that outlives it (snapshots, events) ever names one.

Over 250 lines: all columns of a site version are laid here, and agree because they are laid together.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from services.alerts.columns.derivations import Placed, wall_clock
from services.alerts.columns.placing import PlacedStrikes, place_derived
from services.alerts.columns.silence import FOREVER, silent_after
from services.alerts.derive import Floats, Ints
from services.alerts.hazard import HIDDEN
from services.alerts.ladder import Rungs
from services.alerts.rule import COMBINED, LADDERS, RUNGS, Kind, Rule
from services.observation.instants import SECOND
from services.observation.sensor import Station
from services.observation.site import BROKER, Gateway, Site
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE, partition

__all__ = ["FOREVER", "Label", "Layout"]


class Label(NamedTuple):
    """Row and rule of a cell, and how its events name it; `area` as in topics, `limits` of its four rungs."""

    row: int
    rule: Rule
    sensor: str
    property: str
    area: str
    station: Station
    unit: str
    limits: tuple[float | None, ...]


class Layout:
    """Columns of one site version, for one partition or for all.

    Attributes:
        names: sensor ids by row; rows from `real` on are computed here and no gateway may send them. They are
            sensors like the others, heard as often as the measured one they come from.
        parent, root: row a derived one is computed from, and the measured one at the bottom of that, which
            may be at another station. kin: one number for each (root, station).
        levels: what derives rows, level by level. inputs: rows whose values are held for that.
        alive: by gateway, rows that say whether its detectors of strikes work.
        struck, struck_from: what is made of strikes, in rows from there on. strikers: sources that may send
            strikes; striker_gateways: of those that come by our own broker the gateway, if one is known.
        ruled: rows that have cells. side: sign of all their rules; 0 where they differ, or there are none.
        mine, published: evaluated here; derived, and published here.
        interval, silent: µs between readings; µs after which a sensor is silent (FOREVER: never).
        timed: whether the property reports on change, so that delays are timers.
        gateway, group: index of the sensor's gateway (-1: none); of its (gateway, partition).
        start: cells of row i are start[i]..start[i+1].
        cell_rule, cell_row: index of the rule and row of each cell; rule_at, row_at: the same as lists.
        threshold, clear: (cells, 4) times the rule's sign; NaN where a rung is absent.
    """

    def __init__(self, site: Site, rules: Sequence[Rule], only: int | None) -> None:
        """Lay out the sensors that partition `only` can see (None: all of them)."""
        self.site, self.rules, self.only = site, list(rules), only
        owner = {area: partition(site.id, area) for area in (*site.areas, SITE_SCOPE)}
        self.owner = owner
        visible = [
            sensor
            for sensor in site.sensors.values()
            if not sensor.derived
            and (only is None or owner[a := site.stations[sensor.station].area] == only or a == SITE_SCOPE)
        ]
        self.sensors = visible
        self.names = [sensor.id for sensor in visible]
        self.real = len(visible)
        self.property = [sensor.property for sensor in visible]
        self.station = [sensor.station for sensor in visible]
        self.unit = [sensor.unit for sensor in visible]
        self.area = [site.stations[station].area for station in self.station]
        self.mine = [only is None or owner[area] == only for area in self.area]
        self.local = wall_clock(site.zone)
        self._place_gateways()
        own = [source for source in site.sources if not source.adapter]
        self.strikers = frozenset(source.id for source in own)
        self.striker_gateways = {source.id: site.gateway_of(source) for source in own if not source.url}
        self.parent: dict[int, int] = {}
        place_derived(self)
        self.alive: dict[int, list[int]] = defaultdict(list)
        names = {placed.derivation.alive for placed in self.struck}
        for row, name in enumerate(self.property[: self.real] if names else ()):
            if name in names and self.area[row] == SITE_SCOPE:
                self.alive[int(self.gateway[row])].append(row)
        self.row = {name: at for at, name in enumerate(self.names)}
        self._place_cells()

    def _place_gateways(self) -> None:
        site = self.site
        self.gateways = list(site.gateways)
        self.gateway_row = {name: at for at, name in enumerate(self.gateways)}
        # A source without a url comes by our own broker, and is there as long as that is.
        own_source = {source.gateway: source.id for source in site.sources if source.gateway and source.url}
        self.source_of = [own_source.get(name, BROKER) for name in self.gateways]
        rows: list[int] = []
        groups: list[int] = []
        seen: dict[tuple[int, int], int] = {}
        for at in range(self.real):
            gateway = self.gateway_row.get(site.stations[self.station[at]].gateway or "", -1)
            rows.append(gateway)
            groups.append(seen.setdefault((gateway, self.owner[self.area[at]]), len(seen)))
        self.gateway = np.array(rows, np.int64)
        self.group = np.array(groups, np.int64)
        self.groups = list(seen)
        self._place_spans(site)

    def _place_spans(self, site: Site) -> None:
        """Reporting intervals, of sensors and of gateways (over all partitions, so that all agree)."""
        reporting = np.array(
            [round((gateway.reporting_s or 0.0) * SECOND) for gateway in site.gateways.values()] or [0],
            np.int64,
        )
        smallest = np.full(len(self.gateways) + 1, FOREVER, np.int64)
        count = np.zeros(len(self.gateways) + 1, np.int64)
        for sensor in site.sensors.values():
            gateway = self.gateway_row.get(site.stations[sensor.station].gateway or "", -1)
            if not sensor.derived and sensor.interval_s > 0:
                count[gateway] += 1
                smallest[gateway] = min(smallest[gateway], round(sensor.interval_s * SECOND))
        self.interval = np.array([round(sensor.interval_s * SECOND) for sensor in self.sensors], np.int64)
        own = np.where(self.gateway >= 0, reporting[self.gateway], 0)
        self.silent = silent_after(self.interval, own)
        self.gap = silent_after(self.interval, np.zeros_like(own))
        self.timed = np.array([sensor.reports == "on_change" for sensor in self.sensors], bool)
        # A gateway that speaks for a single sensor has no silence of its own: one thing, one alert.
        several = count[:-1] > 1
        patience = 2 * np.maximum(reporting[: len(self.gateways)], smallest[:-1])
        self.patience = np.where(several, patience, FOREVER)

    def _place_cells(self) -> None:
        rows: list[int] = []
        columns: list[int] = []
        by_property: dict[str, list[int]] = defaultdict(list)
        for at, name in enumerate(self.property):
            if self.mine[at]:
                by_property[name].append(at)
        for column, rule in enumerate(self.rules):
            if rule.kind in COMBINED:
                continue
            found = self._rows_of(rule, by_property)
            rows += found
            columns += [column] * len(found)
        cell_row, cell_rule = np.array(rows, np.int64), np.array(columns, np.int64)
        order = np.lexsort((cell_rule, cell_row)) if len(rows) else np.empty(0, np.int64)
        self.cell_row, self.cell_rule = cell_row[order], cell_rule[order]
        self._place_thresholds()
        self._drop_empty()
        self.ruled = np.zeros(len(self.names), bool)
        self.ruled[self.cell_row] = True
        signs = np.array([rule.sign for rule in self.rules], float)[self.cell_rule]
        most, least = np.full(len(self.names), -1.0), np.full(len(self.names), 1.0)
        np.maximum.at(most, self.cell_row, signs)
        np.minimum.at(least, self.cell_row, signs)
        self.side = np.where(most == least, most, 0.0)
        self.row_at: list[int] = self.cell_row.tolist()
        self.rule_at = [self.rules[column] for column in self.cell_rule.tolist()]
        self._rungs: dict[int, Rungs] = {}
        self._plain: dict[str, Rungs] = {}  # of rules that say the same everywhere
        self._labels: dict[int, Label] = {}
        self.start = np.searchsorted(self.cell_row, np.arange(len(self.names) + 1)).tolist()
        self.scheduled: dict[int, list[Rule]] = defaultdict(list)
        for column, rule in enumerate(self.rules):
            if rule.schedule is not None:
                for row in self.cell_row[self.cell_rule == column].tolist():
                    self.scheduled[row].append(rule)

    threshold: Floats
    clear: Floats
    levels: list[list[Placed]]
    root: Ints
    kin: Ints
    published: NDArray[np.bool_]
    inputs: Ints
    struck: list[PlacedStrikes]
    struck_from: int

    def _drop_empty(self) -> None:
        """A ladder without a rung at a station is not there."""
        ladders = np.array([rule.kind in LADDERS for rule in self.rules], bool)
        keep = ~np.isnan(self.threshold).all(axis=1)
        if len(ladders):
            keep |= ~ladders[self.cell_rule]
        self.cell_row, self.cell_rule = self.cell_row[keep], self.cell_rule[keep]
        self.threshold, self.clear = self.threshold[keep], self.clear[keep]

    def _rows_of(self, rule: Rule, by_property: dict[str, list[int]]) -> list[int]:
        if rule.kind is Kind.RATE:
            return by_property.get(HIDDEN + rule.id, [])
        if rule.property is not None:
            candidates = by_property.get(rule.property, [])
        else:
            candidates = [at for at in range(self.real) if self.mine[at]]
        if rule.areas is None and rule.stations is None:
            return candidates
        return [
            at
            for at in candidates
            if (rule.areas is None or self.area[at] in rule.areas)
            and (rule.stations is None or self.station[at] in rule.stations)
        ]

    def _place_thresholds(self) -> None:
        """Resolve every rung at every cell; whole columns at once where a rung is a plain number."""
        count = len(self.cell_row)
        self.threshold = np.full((count, RUNGS), np.nan)
        self.clear = np.full((count, RUNGS), np.nan)
        self.on = [[round(s * SECOND) for s in rule.on_delay_s] for rule in self.rules]
        self.off = [[round(s * SECOND) for s in rule.off_delay_s] for rule in self.rules]
        for column, rule in enumerate(self.rules):
            at = np.flatnonzero(self.cell_rule == column)
            for k, rung in enumerate(rule.rungs):
                if rung is None or not len(at):
                    continue
                if not rung.attributes:
                    self.threshold[at, k] = rule.sign * (rung.resolve({}) or 0.0)
                else:
                    stations = (self.site.stations[self.station[row]] for row in self.cell_row[at].tolist())
                    values = [rung.resolve(station.attributes) for station in stations]
                    self.threshold[at, k] = [np.nan if v is None else rule.sign * v for v in values]
            self.clear[at] = self.threshold[at] - np.array(rule.hysteresis)
            if rule.default:
                self._drop_unordered(at)

    def _drop_unordered(self, at: NDArray[np.int64]) -> None:
        """Leave a default's rung out at stations where it would not lie above the one below."""
        for k in range(1, RUNGS):
            below = np.fmax.reduce(self.threshold[at, :k], axis=1)
            wrong = at[self.threshold[at, k] <= below]
            self.threshold[wrong, k] = self.clear[wrong, k] = np.nan

    def find(self, rule: str, name: str) -> int | None:
        """Cell of a rule on a sensor, or None."""
        row = self.row.get(name)
        if row is None:
            return None
        for cell in range(self.start[row], self.start[row + 1]):
            if self.rule_at[cell].id == rule:
                return cell
        return None

    def place_of_gateway(self, gateway: Gateway) -> Text:
        """What to call a gateway: its id, and its area's name."""
        area = self.site.areas[gateway.area].name
        return Text(f"{gateway.id} ({area.vi})", f"{gateway.id} ({area.en})")

    def cells_of(self, row: int) -> range:
        """Cells of a row."""
        return range(self.start[row], self.start[row + 1])

    def rungs(self, cell: int) -> Rungs:
        """Numbers of one cell's ladder; kept once asked for, since who asks will ask again."""
        found = self._rungs.get(cell)
        if found is None:
            rule = self.rule_at[cell]
            plain = not any(rung is not None and rung.attributes for rung in rule.rungs)
            found = self._plain.get(rule.id) if plain else None
            if found is None:
                column = self.cell_rule[cell]
                numbers = self.threshold[cell].tolist(), self.clear[cell].tolist()
                found = Rungs(*numbers, self.on[column], self.off[column], rule.sign)
                if plain:
                    self._plain[rule.id] = found
            self._rungs[cell] = found
        return found

    def label(self, cell: int) -> "Label":
        """What the events of one cell have in common; kept once asked for."""
        found = self._labels.get(cell)
        if found is None:
            row, rule = self.row_at[cell], self.rule_at[cell]
            shown = self.parent[row] if self.property[row].startswith(HIDDEN) else row
            station = self.site.stations[self.station[row]]
            found = self._labels[cell] = Label(
                row,
                rule,
                self.names[shown],
                (rule.property or "") if rule.kind is Kind.RATE else self.property[shown],
                SITE_AREA if self.area[row] == SITE_SCOPE else self.area[row],
                station,
                self.unit[row],
                self.rungs(cell).limits,
            )
        return found
