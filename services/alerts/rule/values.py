"""The values of a `[[rule]]` table, each checked. What is wrong is noted with its line, in both languages."""

import re
from collections.abc import Mapping
from datetime import date
from difflib import get_close_matches
from typing import Any

from services.alerts.hazards import properties
from services.alerts.rule import RUNGS, Kind
from services.alerts.rule.checks import one_of
from services.alerts.rule.expression import Expression, parse
from services.observation.event import SEVERITIES
from services.observation.site import Problem, Site
from services.observation.text import Text

FILE = "rules.toml"
MOST_NAMED = 5
_COMMA = re.compile(r"\d,\d")


class Values:
    """One table. A value that is refused is noted, sets `failed`, and its default is given instead."""

    def __init__(
        self,
        site: Site,
        table: Mapping[str, Any],
        line: int,
        problems: list[Problem],
        *,
        default: bool = False,
    ) -> None:
        """`default`: of a hazard, whose rules may name attributes that no station has."""
        self.site, self.table, self.line, self.problems, self.default = site, table, line, problems, default
        self.failed = False

    def error(self, vi: str, en: str, remedy_vi: str, remedy_en: str) -> None:
        """Note what is wrong, with the line of the table."""
        self.failed = True
        name = self.table.get("id", "?")
        what = Text(f"quy tắc {name}: {vi}", f"rule {name}: {en}")
        self.problems.append(Problem(FILE, self.line, what, Text(remedy_vi, remedy_en)))

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None) -> str:
        """One of the words that are allowed; `default` None: it must be given."""
        value = self.table.get(key, default)
        if value not in allowed:
            self.error(f"{key} = {value!r} không hợp lệ", f"{key} = {value!r} is not known", *one_of(allowed))
            return default or allowed[0]
        return str(value)

    def number(self, key: str, default: float, minimum: float = 0.0) -> float:
        """A finite number from `minimum` on."""
        value = self.table.get(key, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not minimum <= value < float("inf")
        ):
            self.error(
                f"{key} = {value!r} không phải số hợp lệ",
                f"{key} = {value!r} is not a number of at least {minimum:g}",
                f"ghi một số từ {minimum:g}",
                f"write a number from {minimum:g}",
            )
            return default
        return float(value)

    def per_rung(self, key: str) -> tuple[float, ...]:
        """One number for each severity, lowest first: the same for all, or by a table of severities."""
        value = self.table.get(key, 0.0)
        if not isinstance(value, dict):
            return (self.number(key, 0.0),) * RUNGS
        if not set(value) <= set(SEVERITIES):
            self.error(f"{key}: bậc lạ", f"{key}: unknown rung", *one_of(SEVERITIES))
        numbers = [value.get(word, 0.0) for word in SEVERITIES]
        if any(
            isinstance(n, bool) or not isinstance(n, int | float) or not 0 <= n < float("inf")
            for n in numbers
        ):
            self.error(
                f"{key}: cần số không âm", f"{key}: not numbers", "ghi số từ 0", "write numbers from 0"
            )
            return (0.0,) * RUNGS
        return tuple(float(n) for n in numbers)

    def property_of(self, kind: Kind) -> str | None:
        """A property that the service, a hazard or a sensor of the site has; some kinds need none."""
        name = self.table.get("property")
        prop = properties().get(name) if isinstance(name, str) else None
        if name is None and kind in (Kind.SILENT, Kind.AND, Kind.OR):
            return None
        if name is None:
            self.error(
                "thiếu property",
                "has no property",
                'ghi property = "…"',
                'name what it watches: property = "…"',
            )
        elif prop is None and all(sensor.property != name for sensor in self.site.sensors.values()):
            alike = ", ".join(get_close_matches(str(name), properties(), MOST_NAMED, 0.5))
            self.error(
                f"đại lượng {name!r} không có",
                f"property {name!r} is not known",
                f"dùng một đại lượng trong docs/properties.md{alike and ', gần giống nhất: ' + alike}",
                f"use one of docs/properties.md{alike and ', most alike: ' + alike}",
            )
        return str(name)

    def expression(self, key: str, raw: object) -> Expression | None:
        """A threshold; of a rule of the site, the attributes that it names must stand at some station."""
        found = parse(raw)
        if found is None:
            remedy = ('ghi một số hoặc "station.bd1 + 0.5"', 'write a number, or "station.bd1 + 0.5"')
            if isinstance(raw, str) and _COMMA.search(raw):
                remedy = ("dùng dấu chấm thập phân: 1.8, không phải 1,8", "use a decimal point: 1.8, not 1,8")
            self.error(f"{key} = {raw!r} không phải ngưỡng", f"{key} = {raw!r} is not a threshold", *remedy)
            return None
        known = {name for station in self.site.stations.values() for name in station.attributes}
        for name in found.attributes if not self.default else ():
            if name not in known:
                self.error(
                    f"không trạm nào có {name!r}",
                    f"no station has an attribute {name!r}",
                    f"thêm {name} vào stations.geojson",
                    f"add {name} to a station in stations.geojson",
                )
        return found

    def names(self, key: str, known: tuple[str, ...], vi: str, en: str) -> tuple[str, ...] | None:
        """Names that are known; None: all of them. `vi`, `en`: what they name."""
        raw = self.table.get(key)
        if raw is None or (key == "of" and raw == "area"):
            return None
        if not isinstance(raw, list) or not raw:
            self.error(
                f"{key} phải là danh sách",
                f"{key} is not a list",
                f'ghi {key} = ["…"]',
                f'write {key} = ["…"]',
            )
            return None
        for name in raw:
            if name not in known:
                self.error(
                    f"không có {vi} {name!r}",
                    f"no {en} {name!r}",
                    f"khai báo {vi} đó",
                    f"declare the {en}, or remove it",
                )
        return tuple(str(name) for name in raw)

    def date_of(self, key: str) -> str | None:
        """A local date, as TOML has them or as text: in ISO form."""
        raw = self.table.get(key)
        if raw is None:
            return None
        try:
            return date.fromisoformat(str(raw)).isoformat()
        except ValueError:
            self.error(
                f"{key} = {raw!r} không phải ngày",
                f"{key} = {raw!r} is not a date",
                "ghi ngày dạng 2026-12-31",
                "write a date as 2026-12-31",
            )
            return None
