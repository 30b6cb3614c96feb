"""Reading `[[rule]]` tables: the site's own and the hazards' defaults, checked against the site.

A default rule applies unless the site has a rule of the same id; `enabled = false` switches one off.
"""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from services.alerts.hazards import hazards, properties
from services.alerts.hazards.system import GATEWAY_SILENT
from services.alerts.rule import LADDERS, Input, Kind, Rule, version_of
from services.alerts.rule.checks import faults, one_of
from services.alerts.rule.expression import Expression, parse
from services.alerts.rule.schedule import Schedule, parse_window
from services.alerts.rule.values import Values
from services.observation.event import SEVERITIES
from services.observation.site import Problem, Site
from services.observation.topics import SITE_SCOPE, is_slug

STATIONS = "stations.geojson"
KEYS = (
    "id", "hazard", "property", "kind", *SEVERITIES, "hysteresis", "direction", "on_delay_s", "off_delay_s",
    "late", "max_late_s", "areas", "stations", "source", "status", "schedule", "severity", "above",
    "window_s", "tolerance", "k", "of", "enabled", "at_least", "at_most", "per",
    "valid_from", "valid_to", "also",
)  # fmt: skip
_INPUT_KEYS = ("property", "at_least", "at_most", "hysteresis", "stations")
_STATUS = ("legal", "guideline", "local", "default")
_WITH_LADDER = (Kind.THRESHOLD, Kind.RATE, Kind.K_OF_N, Kind.COUNT)
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?%\Z")


def read_rules(site: Site) -> tuple[list[Rule], list[Problem]]:
    """Rules in force at a site, and what is wrong with its tables. A refused table gives no rule."""
    problems: list[Problem] = []
    rules: dict[str, Rule] = {}
    named: set[str] = set()
    for raw in site.rules:
        reader = _Reader(site, raw.table, raw.line, problems)
        name = raw.table.get("id")
        # To switch a default rule off, its name is enough.
        off = set(raw.table) == {"id", "enabled"} and raw.table["enabled"] is False
        rule = None if off else reader.read()
        if isinstance(name, str):
            if name in named:
                reader.error(
                    f"trùng quy tắc {name!r}", f"rule {name!r} is declared twice", "đổi id", "rename one"
                )
            named.add(name)
        if rule is not None and raw.table.get("enabled", True):
            rules.setdefault(rule.id, rule)
    for hazard in hazards().values():
        for table in hazard.rules:
            if table["id"] not in named:
                reader = _Reader(site, {"hazard": hazard.name, **table}, 0, problems, default=True)
                rule = reader.read()
                if rule is not None and table.get("enabled", True):
                    rules[rule.id] = rule
    return list(rules.values()), problems


class _Reader(Values):
    """One table on its way to a rule."""

    def read(self) -> Rule | None:
        """Make the rule, or note why not."""
        for key in self.table:
            if key not in KEYS:
                self.error(f"khóa lạ {key!r}", f"unknown key {key!r}", *one_of(KEYS))
        name, kind = self.table.get("id"), self.choice("kind", tuple(Kind), "threshold")
        if name == GATEWAY_SILENT:
            self.error(
                "id này là của hệ thống", "this id is the system's own", "đặt id khác", "choose another id"
            )
        if not isinstance(name, str) or not is_slug(name.replace("_", "-")):
            self.error("thiếu id", "has no id", "đặt id gồm a-z, 0-9, -", "give it an id of a-z, 0-9, -")
        kind = Kind(kind)
        rule = Rule(
            id=str(name),
            hazard=self.choice("hazard", tuple(hazards()), None),
            property=self.property_of(kind),
            kind=kind,
            rungs=self._rungs(kind),
            hysteresis=self.per_rung("hysteresis"),
            on_delay_s=self.per_rung("on_delay_s"),
            off_delay_s=self.per_rung("off_delay_s"),
            upward=self.choice("direction", ("up", "down"), "up") == "up",
            late=self.choice("late", ("ignore", "reevaluate"), "ignore"),  # type: ignore[arg-type]  # checked
            max_late_s=self.number("max_late_s", 86_400.0),
            areas=self.names("areas", (*self.site.areas, SITE_SCOPE), "khu vực", "area"),
            stations=self.names("stations", tuple(self.site.stations), "trạm", "station"),
            schedule=self._schedule(kind),
            severity=self._severity(kind),
            above=self.expression("above", self.table.get("above")) if "above" in self.table else None,
            window_s=self.number("window_s", 3_600.0, minimum=1.0),
            tolerance=self.number("tolerance", 0.0),
            k=self._count(kind),
            of=self.names("of", tuple(self.site.stations), "trạm", "station")
            if kind is Kind.K_OF_N
            else None,
            also=self._also(kind),
            inputs=self._inputs(kind),
            per=self.choice("per", ("area", "gateway"), "area"),  # type: ignore[arg-type]  # checked
            shares=self._shares() if kind is Kind.COUNT else (),
            source=str(self.table.get("source", "")),
            status=self.choice("status", _STATUS, "local"),  # type: ignore[arg-type]  # checked
            default=self.default,
        )
        if not self.failed:
            for fault in faults(self.site, rule):
                if fault.station is None:
                    self.error(fault.what.vi, fault.what.en, fault.remedy.vi, fault.remedy.en)
                else:
                    line = self.site.stations[fault.station].line
                    self.problems.append(Problem(STATIONS, line, fault.what, fault.remedy))
        return None if self.failed else msgspec.structs.replace(rule, version=version_of(rule))

    def _count(self, kind: Kind) -> int:
        usual = {Kind.COUNT: 1.0, Kind.SILENT: 5.0 if self.table.get("per") == "gateway" else 2.0}
        number, members = self.number("k", usual.get(kind, 2.0), minimum=1.0), self.table.get("of")
        if number != int(number) or (
            isinstance(members, list) and "k" in self.table and number > len(members)
        ):
            self.error(
                f"k = {number:g} không thể đạt", f"k = {number:g} can't be met",
                "k là số nguyên, không quá số trạm", "k is a whole number, at most the number of members",
            )  # fmt: skip
        return int(number)

    def _also(self, kind: Kind) -> tuple[str, ...]:
        """Further properties of a k_of_n."""
        raw = self.table.get("also", [])
        known = {*properties(), *(sensor.property for sensor in self.site.sensors.values())}
        if (kind is not Kind.K_OF_N and raw) or not isinstance(raw, list) or not set(raw) <= known:
            self.error(
                f"also = {raw!r} không hợp lệ",
                f"also = {raw!r} is no list of properties, or kind {kind} can have none",
                "ghi danh sách đại lượng trong quy tắc k_of_n",
                "write a list of properties in a k_of_n rule",
            )
            return ()
        return tuple(raw)

    def _rungs(self, kind: Kind) -> tuple[Expression | None, ...]:
        read = self._number_of_members if kind is Kind.COUNT else self.expression
        found = tuple(read(word, self.table[word]) if word in self.table else None for word in SEVERITIES)
        if kind in _WITH_LADDER and not any(word in self.table for word in SEVERITIES):
            self.error("không có bậc nào", "has no rung", *one_of(SEVERITIES))
        if kind not in _WITH_LADDER and any(found):
            self.error(
                f"loại {kind} không có bậc",
                f"kind {kind} has no ladder",
                "dùng severity = …",
                "use severity = …",
            )
        return found

    def _number_of_members(self, key: str, raw: object) -> Expression | None:
        """A rung of count: a whole number of members, or a share of the known ones in per cent."""
        share = _SHARE.match(raw) if isinstance(raw, str) else None
        least, most = (0.0, 100.0) if share else (1.0, float("inf"))
        found = parse(float(share[1]) if share else raw if isinstance(raw, int) else None)
        if found is None or not least <= (found.resolve({}) or 0.0) <= most:
            self.error(
                f"{key} = {raw!r} không phải số lượng hay tỷ lệ",
                f"{key} = {raw!r} is neither a number of members nor a share of them",
                'ghi một số nguyên từ 1, hoặc "30%"',
                'write a whole number from 1, or "30%"',
            )
            return None
        return found

    def _shares(self) -> tuple[bool, ...]:
        found = tuple(isinstance(self.table.get(word), str) for word in SEVERITIES)
        return found * any(found)

    def _schedule(self, kind: Kind) -> Schedule | None:
        raw, first, last = self.table.get("schedule"), self.date_of("valid_from"), self.date_of("valid_to")
        dated = any(key in self.table for key in ("valid_from", "valid_to"))
        if dated and kind not in LADDERS:
            self.error(
                f"loại {kind} không có thời hạn hiệu lực",
                f"kind {kind} can have no dates of validity",
                "dùng valid_from, valid_to trong quy tắc threshold hoặc rate",
                "use valid_from and valid_to in a threshold or rate rule",
            )
        if first is not None and last is not None and first > last:
            self.error(
                f"valid_to {last} trước valid_from {first}",
                f"valid_to {last} is before valid_from {first}",
                "valid_to là ngày cuối cùng còn hiệu lực",
                "valid_to is the last day on which it holds",
            )
        if raw is None:
            return Schedule((), self.site.zone, first, last) if dated else None
        windows = [parse_window(window) for window in (raw if isinstance(raw, list) else [raw])]
        if None in windows or not windows or kind not in LADDERS:
            self.error(
                "schedule không hợp lệ",
                f"schedule is not one, or kind {kind} can have none",
                'ghi [{from = "22:00", to = "05:00", days = ["mon"]}]',
                'write [{from = "22:00", to = "05:00", days = ["mon"]}] in a threshold or rate rule',
            )
            return None
        made = tuple(window for window in windows if window is not None)
        return Schedule(made, self.site.zone, first, last)

    def _severity(self, kind: Kind) -> int:
        if kind in _WITH_LADDER:
            return 0
        return SEVERITIES.index(self.choice("severity", SEVERITIES, "advisory"))

    def _inputs(self, kind: Kind) -> tuple[Input, ...]:
        if kind is Kind.COUNT:
            keys = ("property", "at_least", "at_most", "hysteresis")
            return (self._input({key: self.table[key] for key in keys if key in self.table}),)
        for key in ("at_least", "at_most", *(() if kind is Kind.SILENT else ("per",))):
            if key in self.table:
                self.error(
                    f"{key} chỉ dùng cho kind = count",
                    f"{key} is for kind = count",
                    "bỏ đi, hoặc đổi kind",
                    "leave it out, or change kind",
                )
        if kind not in (Kind.AND, Kind.OR):
            return ()
        raw = self.table.get("of")
        if not isinstance(raw, list) or len(raw) < 2 or not all(isinstance(item, dict) for item in raw):  # noqa: PLR2004
            self.error(
                "of cần ít nhất hai điều kiện",
                "of needs at least two conditions",
                'ghi of = [{property = "…", at_least = …}, …]',
                'write of = [{property = "…", at_least = …}, …]',
            )
            return ()
        return tuple(self._input(item) for item in raw)

    def _input(self, item: Mapping[str, Any]) -> Input:
        table = {**item, "id": self.table.get("id")}
        inner = _Reader(self.site, table, self.line, self.problems, default=self.default)
        for key in item:
            if key not in _INPUT_KEYS:
                inner.error(f"khóa lạ {key!r} trong of", f"unknown key {key!r} in of", *one_of(_INPUT_KEYS))
        bounds = {key: inner.expression(key, item[key]) for key in ("at_least", "at_most") if key in item}
        if len(bounds) != 1:
            inner.error(
                "điều kiện cần at_least hoặc at_most",
                "a condition needs at_least or at_most, one of them",
                "thêm",
                "add it",
            )
        found = Input(
            property=str(inner.property_of(Kind.K_OF_N)),
            hysteresis=inner.number("hysteresis", 0.0),
            stations=inner.names("stations", tuple(self.site.stations), "trạm", "station"),
            **bounds,
        )
        self.failed |= inner.failed
        return found
