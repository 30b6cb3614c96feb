"""A recording before the engine: events, scores, load; and the same of bare thresholds."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from services.observation.event import CloudEvent
from services.observation.instants import micros

if TYPE_CHECKING:
    from services.alerts.engine import Engine
    from services.alerts.rule import Rule
    from services.alerts.scoring.lightning import Score as LightningScore
    from services.alerts.scoring.load import Load
    from services.alerts.scoring.score import Cover, Happened, Occurrence, Score
    from services.cli.backtest.recorded import Recorded
    from services.observation.batch import Batch
    from services.observation.site import Site

_AFTER_S = 300.0
"""What is remembered of a storm may be looked at a few full minutes longer."""


class Outcome(msgspec.Struct):
    """What one set of rules made of the recordings. `lightning`: by protected place, as IEC 62793 judges."""

    events: list[CloudEvent]
    scores: "dict[str, dict[str, Score]]"
    load: "Load"
    lightning: "Mapping[str, LightningScore]" = {}


class Bare(msgspec.Struct):
    """What bare thresholds made of them: how many alerts, their scores and load."""

    alerts: int
    scores: "dict[str, dict[str, Score]]"
    load: "Load"


class Watcher(Protocol):
    """Who looks on: at readings with their flags, and at what was derived from them."""

    def readings(self, batch: "Batch") -> None:
        """Readings as the engine is given them."""

    def derived(self, batch: "Batch") -> None:
        """Readings the engine made."""


def judge(
    site: "Site",
    recorded: "Recorded",
    truth: "Sequence[Happened] | None",
    *,
    everyone: bool,
    watcher: Watcher | None = None,
) -> Outcome:
    """Run the engine over recorded readings. Sensors that never spoke are left out unless `everyone`."""
    from services.alerts.scoring import score
    from services.cli.backtest.judging_lightning import judge_lightning
    from services.cli.backtest.show import Meter

    meter = Meter(len(recorded))
    engine, events = run_engine(site, recorded, everyone=everyone, watcher=watcher, progress=meter.at)
    meter.done()
    first, last = recorded.span()
    events.sort(key=lambda event: micros(event.time))
    for event in events if recorded.at_once() else ():
        event.data.detected_at = event.time  # a step holds days; what a CSV says is known when it is measured
    scores = score.score(events, truth, cover_of(engine, first, last)) if truth is not None else {}
    lightning = judge_lightning(site, recorded, events)
    return Outcome(events, scores, score.load(events, first, last), lightning)


def run_engine(
    site: "Site",
    recorded: "Recorded",
    *,
    everyone: bool,
    watcher: Watcher | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> "tuple[Engine, list[CloudEvent]]":
    """Give a recording to a new engine; return it as it stands at the end, and its events as they came."""
    from services.alerts.engine import Engine, Readings
    from services.alerts.hazards import extra_properties
    from services.alerts.rule import COMBINED, parse_rules
    from services.cli.backtest.steps import Plan, messages

    rules, _ = parse_rules(site)
    heard = recorded.heard(len(site.sensors)).tolist()
    names = [name for at, name in enumerate(site.sensors) if everyone or heard[at]]
    part = msgspec.structs.replace(site, sensors={name: site.sensors[name] for name in names})
    engine = Engine(part, rules, t=recorded.span()[0])
    if watcher is None:
        engine.keep_no_derived()
    events: list[CloudEvent] = []
    plan = Plan(any(rule.kind in COMBINED for rule in rules), hold_of(rules), whole=_with_strikes(rules))
    steps = messages(recorded, site, extra_properties(), plan, progress)
    for step in steps:
        events += engine.apply(step)
        if watcher is None:
            continue
        for message in step:
            if isinstance(message, Readings):
                watcher.readings(message.batch)
        watcher.derived(engine.take_derived())
    return engine, events


def hold_of(rules: "Sequence[Rule]") -> float:
    """How long after a strike a rung may wait for its end, or a step look back, s."""
    from services.alerts.hazards import hazards, properties

    known = properties()
    waits = [
        max(rule.off_delay_s)
        for rule in rules
        if rule.property in known and known[rule.property].reports == "momentary"
    ]
    back = [one.window_s for hazard in hazards().values() for one in hazard.strikes]
    return max([*waits, *back], default=0.0) + _AFTER_S


def _with_strikes(rules: "Sequence[Rule]") -> bool:
    """Whether a rule over several sensors mixes what is made of strikes, or what that reads, with others."""
    from services.alerts.hazards import hazards
    from services.alerts.rule import COMBINED
    from services.cli.backtest.steps_mills import read_at_steps

    _, watched = read_at_steps()
    watched |= {name for hazard in hazards().values() for one in hazard.strikes for name in one.outputs}
    named = [
        {name for name in (rule.property, *(one.property for one in rule.inputs)) if name is not None}
        for rule in rules
        if rule.kind in COMBINED
    ]
    return any(names & watched and names - watched for names in named)


def cover_of(engine: "Engine", first: int, last: int) -> "Cover":
    """Areas in which some rule of a hazard looks at a sensor, over the span of a recording."""
    from services.alerts.scoring.score import Cover
    from services.observation.topics import SITE_AREA, SITE_SCOPE

    layout = engine.core.layout
    areas: dict[str, set[str]] = {}
    for row, rule in zip(layout.row_at, layout.rule_at, strict=True):
        area = layout.area[row]
        areas.setdefault(rule.hazard, set()).add(SITE_AREA if area == SITE_SCOPE else area)
    return Cover(first, last, areas)


def bare_alerts(site: "Site", recorded: "Recorded") -> "list[Occurrence]":
    """What the thresholds of the site's rules would say alone, with nothing around them."""
    import numpy as np

    from services.alerts.rule import parse_rules
    from services.alerts.scoring.bare import bare, bare_strikes

    found = bare(site, parse_rules(site)[0], recorded.row, recorded.time, recorded.value)
    if not recorded.strikes:
        return found
    places = [
        (one.id, one.area, one.lat, one.lon)
        for one in site.stations.values()
        if "lightning_place" in one.attributes
    ]
    strikes = [one.strike for one in recorded.strikes]
    columns = [[one.time for one in strikes], [one.lat for one in strikes], [one.lon for one in strikes]]
    time, lat, lon = (np.array(column) for column in columns)
    return sorted([*found, *bare_strikes(places, time, lat, lon)], key=lambda one: one.start)


def judge_bare(site: "Site", recorded: "Recorded", truth: "Sequence[Happened] | None") -> Bare:
    """The same, scored."""
    from services.alerts.scoring import score

    found = bare_alerts(site, recorded)
    scores = score.score_alerts(found, truth) if truth is not None else {}
    return Bare(len(found), scores, score.load_of_alerts(found, *recorded.span()))
