"""What can be wrong with a rule as a whole: a ladder that does not climb, inputs nobody sees together."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from services.alerts.hazards import properties
from services.alerts.rule import COMBINED, LADDERS, Kind, Rule
from services.alerts.rule.expression import Expression
from services.observation.event import SEVERITIES
from services.observation.site import Site
from services.observation.text import Text
from services.observation.topics import SITE_SCOPE


class Fault(NamedTuple):
    """What is wrong, and what to do. `station`: it is the fault of its attributes, and the rule may stay."""

    what: Text
    remedy: Text
    station: str | None = None


def faults(site: Site, rule: Rule) -> Iterator[Fault]:
    """Everything that is wrong with a rule."""
    yield from _readable(rule)
    yield from _order(site, rule)
    yield from _visible(site, rule)


def _readable(rule: Rule) -> Iterator[Fault]:
    """Properties that rules of a kind can't read."""
    for name in (rule.property, *rule.also, *(one.property for one in rule.inputs)):
        prop = properties().get(name or "")
        if prop is None:
            continue
        if prop.derived and rule.kind in (Kind.RATE, Kind.STUCK):
            yield Fault(
                Text(
                    f"đại lượng {name!r} do hệ thống tính ra, loại {rule.kind} không đọc được",
                    f"property {name!r} is derived, and kind {rule.kind} can't read it",
                ),
                Text(
                    "dùng kind = threshold, hoặc đại lượng đo được",
                    "use kind = threshold, or a property that is measured",
                ),
            )
        if prop.reports == "momentary" and rule.kind in (*COMBINED, Kind.SILENT):
            yield Fault(
                Text(
                    f"đại lượng {name!r} chỉ có trong khoảnh khắc, loại {rule.kind} không đọc được",
                    f"property {name!r} is momentary, and kind {rule.kind} can't read it",
                ),
                Text("dùng kind = threshold", "use kind = threshold"),
            )


def _order(site: Site, rule: Rule) -> Iterator[Fault]:
    """A ladder that does not climb where it can be known: by numbers, or at each station."""
    if rule.kind not in (*LADDERS, Kind.K_OF_N, Kind.COUNT):
        return
    if rule.shares and not all(rule.share(k) for k, rung in enumerate(rule.rungs) if rung is not None):
        return  # numbers and shares can't be compared
    places: dict[str, Mapping[str, float]] = {"": {}}
    if any(rung is not None and rung.attributes for rung in rule.rungs):
        stations = (site.stations[sensor.station] for sensor in rule.sensors(site))
        places = {station.id: station.attributes for station in stations}
    for place, attributes in places.items():
        wrong = _step_down(rule, attributes)
        if wrong is None:
            continue
        low, a, high, b = wrong
        if rule.default:  # the rule is right and the station's numbers are not
            # A record below the third level is a fact of the station: it makes no rung there.
            if high != SEVERITIES[-1]:
                yield _blame(place, rule, f"{high} {b:g}", f"{low} {a:g}")
            continue
        where = f" ({place})" if place else ""
        yield Fault(
            Text(
                f"bậc {high} {b:g} không vượt {low} {a:g}{where}",
                f"rung {high} {b:g} is not beyond {low} {a:g}{where}",
            ),
            Text(
                "xếp bậc tăng dần (giảm dần nếu direction = down)",
                "order the rungs upward (downward if direction = down)",
            ),
        )
        return


def _step_down(rule: Rule, attributes: Mapping[str, float]) -> tuple[str, float, str, float] | None:
    """The first two rungs of which the higher is not beyond the lower."""
    upward = rule.sign if rule.kind is not Kind.COUNT else 1.0
    found = [(word, rung.resolve(attributes)) for word, rung in _present(rule)]
    steps = [(word, value) for word, value in found if value is not None]
    for (low, a), (high, b) in pairwise(steps):
        if a * upward >= b * upward:
            return low, a, high, b
    return None


def _blame(place: str, rule: Rule, high: str, low: str) -> Fault:
    """A default rule's ladder does not climb at a station: the fault is in the station's attributes."""
    names = ", ".join(sorted({name for _, rung in _present(rule) for name in rung.attributes}))
    return Fault(
        Text(
            f"trạm {place}: bậc {high} không vượt {low} (quy tắc {rule.id})",
            f"station {place}: {high} is not beyond {low} (rule {rule.id})",
        ),
        Text(
            f"xếp tăng dần: {names}; bỏ thuộc tính nào không đúng",
            f"put them in rising order: {names}; leave out what is not right",
        ),
        place,
    )


def _visible(site: Site, rule: Rule) -> Iterator[Fault]:
    """Inputs that no single partition can see."""
    if rule.kind not in COMBINED or rule.kind is Kind.COUNT:
        return
    named = {
        *(rule.of or ()),
        *(rule.stations or ()),
        *(s for i in rule.inputs for s in i.stations or ()),
    }
    areas = {site.stations[name].area for name in named} - {SITE_SCOPE}
    if len(areas) > 1:
        listed = ", ".join(sorted(areas))
        yield Fault(
            Text(
                f"các trạm thuộc nhiều khu vực: {listed}",
                f"its stations lie in several areas ({listed}), which no one partition sees together",
            ),
            Text(
                'đặt area = "site" cho các trạm đó, hoặc tách quy tắc theo khu vực',
                'give these stations area = "site", or make one rule per area',
            ),
        )


def _present(rule: Rule) -> list[tuple[str, Expression]]:
    return [(word, rung) for word, rung in zip(SEVERITIES, rule.rungs, strict=True) if rung is not None]


def one_of(allowed: tuple[str, ...]) -> tuple[str, str]:
    """What to write, in both languages."""
    words = ", ".join(str(word) for word in allowed)
    return f"dùng một trong: {words}", f"use one of: {words}"
