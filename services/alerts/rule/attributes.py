"""What is wrong with the numbers of stations: impossible ones, ones in disorder, and misspelt names. Pure.

A name that nobody reads is no fault: it may be the site's own, or the simulator's. But one that is nearly
that of an attribute which is read leaves a place without its alerts, and nobody would see why.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations
from operator import itemgetter
from typing import Literal

import msgspec

from services.alerts.hazard import Ascending, Attribute, Hazard
from services.observation.sensor import Station
from services.observation.site import Problem, Site
from services.observation.text import Text

FILE = "stations.geojson"
_NAMED = re.compile(r"station\.([a-z0-9_]+)")
_SHORT = 5
"""Letters of a name in which a second slip would make it another word."""
_UNITS = ("deg", "km", "h", "s", "celsius")
"""Ends of names that are left out easily."""
_ALIKE = 0.9
"""Share of letters in common from which on a longer slip is one too: `lightning_warn_km`."""


def attribute_faults(site: Site, hazards: Iterable[Hazard]) -> list[Problem]:
    """Everything that is wrong with attributes of a site's stations, in the order of the stations."""
    every = tuple(hazards)
    declared: dict[str, list[Attribute]] = defaultdict(list)
    for hazard in every:
        for name, one in hazard.attributes.items():
            declared[name].append(one)
    defaults = {n: one.default for n, some in declared.items() for one in some if one.default is not None}
    slips = _Slips(declared.keys() | _read_by_rules(site, every))
    found: list[Problem] = []
    for station in site.stations.values():
        has = station.attributes
        if not has:
            continue
        for name in has:
            for one in declared.get(name, ()):
                found.extend(_of_one(station, name, one))
        for hazard in every:
            for order in hazard.ascending:
                found.extend(_of_order(station, order, defaults))
        found.extend(slips.of(station))
    return found


def _read_by_rules(site: Site, hazards: Iterable[Hazard]) -> set[str]:
    tables = [raw.table for raw in site.rules]
    tables += [table for hazard in hazards for table in hazard.rules]
    found = set(_NAMED.findall(msgspec.json.encode(tables).decode()))
    return found | {name for hazard in hazards for one in hazard.derives for name in one.needs}


# One attribute


def _of_one(station: Station, name: str, one: Attribute) -> Iterator[Problem]:
    value = station.attributes[name]
    if not _possible(one, value):
        span = _span(one)
        yield _problem(
            station,
            Text(
                f"{name} = {value:g} là không thể có ({one.text.vi}: {span.vi})",
                f"{name} = {value:g} is impossible ({one.text.en}: {span.en})",
            ),
            Text(f"sửa con số, hoặc bỏ {name}", f"mend the number, or leave {name} out"),
        )
    if one.needs and one.needs not in station.attributes:
        yield _problem(
            station,
            Text(
                f"{name} không có tác dụng gì khi thiếu {one.needs}",
                f"{name} does nothing without {one.needs}",
            ),
            Text(f"thêm {one.needs}, hoặc bỏ {name}", f"add {one.needs}, or leave {name} out"),
            "warning",
        )


def _possible(one: Attribute, value: float) -> bool:
    low = one.low is None or value > one.low or (value == one.low and not one.beyond)
    return low and (one.high is None or value <= one.high) and (not one.whole or value == int(value))


def _span(one: Attribute) -> Text:
    """What may be written."""
    low, high = (None if end is None else f"{end:.10g}" for end in (one.low, one.high))
    if low is not None and low == high:
        found = Text(low, low)
    elif one.whole and low is not None and high is not None:
        found = Text(f"số nguyên từ {low} đến {high}", f"a whole number from {low} to {high}")
    elif low is not None and one.beyond:
        up = Text("", "") if high is None else Text(f", không quá {high}", f" and at most {high}")
        found = Text(f"lớn hơn {low}{up.vi}", f"above {low}{up.en}")
    elif low is not None and high is not None:
        found = Text(f"từ {low} đến {high}", f"{low} to {high}")
    elif low is not None:
        found = Text(f"từ {low} trở lên", f"at least {low}")
    elif high is not None:
        found = Text(f"không quá {high}", f"at most {high}")
    else:
        found = Text("số nguyên", "a whole number")
    unit = f" {one.unit}" if one.unit else ""
    return Text(found.vi + unit, found.en + unit)


# Several of them


def _of_order(station: Station, order: Ascending, defaults: Mapping[str, float]) -> Iterator[Problem]:
    has = station.attributes
    if not any(name in has for name in order.names):
        return
    known = [(name, has.get(name, defaults.get(name))) for name in order.names]
    wrong = [
        ((a in has) + (b in has), _said(has, a, low), _said(has, b, high), ">" if low > high else "=")
        for (a, low), (b, high) in combinations(known, 2)
        if low is not None and high is not None and (low > high or (order.strict and low == high))
    ]
    # Two defaults are in order; of several pairs the one of which both were written is shown.
    written, left, right, sign = max(wrong, key=itemgetter(0), default=(0, Text("", ""), Text("", ""), ""))
    if written:
        keep = (" < " if order.strict else " ≤ ").join(order.names)
        yield _problem(
            station,
            Text(f"{left.vi} {sign} {right.vi}", f"{left.en} {sign} {right.en}"),
            Text(f"giữ {keep}", f"keep {keep}"),
        )


def _said(has: Mapping[str, float], name: str, value: float) -> Text:
    own = f"{name} {value:g}"
    return Text(own, own) if name in has else Text(f"{own} (mặc định)", f"{own} (default)")


# Misspelt ones


class _Slips:
    """Finds names that are nearly one of those that are read; each name is looked at once."""

    def __init__(self, read: set[str]) -> None:
        self._read = read
        self._near = cache(self._looked_up)

    def of(self, station: Station) -> Iterator[Problem]:
        for name in station.attributes:
            if name in self._read:
                continue
            # What the station has already was not misspelt here.
            meant = next((one for one in self._near(name) if one not in station.attributes), None)
            if meant is not None:
                yield _problem(
                    station,
                    Text(
                        f"không có gì đọc {name}; có phải là {meant}?",
                        f"nothing reads {name}; did you mean {meant}?",
                    ),
                    Text(
                        f"đổi thành {meant}, hoặc đặt tên khác hẳn nếu là số riêng của địa bàn",
                        f"rename it to {meant}, or give a number of your own another name",
                    ),
                    "warning",
                )

    def _looked_up(self, name: str) -> tuple[str, ...]:
        """Those it may have been meant for, the nearest first."""
        found = [(_share(name, one), one) for one in self._read]
        return tuple(one for share, one in sorted(found, key=lambda pair: (-pair[0], pair[1])) if share)


def _share(name: str, known: str) -> float:
    """Share of letters in common where a slip may have made one name of the other; else 0."""
    written = name.casefold()
    if known.startswith(f"{written}_") and known.removeprefix(f"{written}_") in _UNITS:
        return _ALIKE
    if abs(len(written) - len(known)) > 2 + len(known) // 8:
        return 0.0
    match = SequenceMatcher(None, written, known, autojunk=False)
    if match.quick_ratio() < 0.5:  # noqa: PLR2004  cheap, and an upper bound
        return 0.0
    share = match.ratio()
    most = 1 if min(len(written), len(known)) <= _SHORT else 2
    return max(share, 0.01) if share >= _ALIKE or _slips(written, known) <= most else 0.0


def _slips(a: str, b: str) -> int:
    """Letters that were left out, added, changed or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        row = [i]
        for j, y in enumerate(b, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def _problem(
    station: Station, what: Text, remedy: Text, level: Literal["error", "warning"] = "error"
) -> Problem:
    text = Text(f"trạm {station.id}: {what.vi}", f"station {station.id}: {what.en}")
    return Problem(FILE, station.line, text, remedy, level)
