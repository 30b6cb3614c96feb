"""The engine as one would say it aloud: one reading at a time, plain records, no columns, no shortcuts.

Slow on purpose and written from the rules alone, so that the fast engine has something to be equal to.
It knows ladders (delays, hysteresis, both directions, schedules, late readings), stuck, silent sensors and
gateways, blind alerts, timers, derived sensors (`tests.support.derivations`), and counts. Not combinations.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from services.alerts.engine import EngineMessage, Readings
from services.alerts.hazard import Derivation
from services.alerts.rule import Kind, Rule
from services.observation.batch import Batch
from services.observation.event import SEVERITIES
from services.observation.messages import GatewayState, Tick
from services.observation.sensor import Sensor, Station
from services.observation.site import Site
from services.observation.topics import partition
from tests.support.derivations import At, Slow, rise, slow_rise

Told = tuple[str, str, str, str, int, int | None]
"""verb, severity, rule, sensor or gateway, time, flag."""

_SECOND = 1_000_000


@dataclass
class Rung:
    threshold: float  # already times the sign
    clear: float
    on_delay: int
    off_delay: int
    active: bool = False
    since: int | None = None
    begun_by_suspect: bool = False
    has_suspect: bool = False
    confirmed: bool = True

    def forget(self) -> None:
        self.since = None
        self.begun_by_suspect = self.has_suspect = False
        self.confirmed = True

    def begin(self, t: int, *, suspect: bool) -> None:
        self.since = t
        self.begun_by_suspect = self.has_suspect = suspect
        self.confirmed = not suspect

    def due(self) -> int | None:
        if self.since is None or not self.confirmed:
            return None
        return self.since + (self.off_delay if self.active else self.on_delay)

    def flip(self) -> int:
        flag = 3 if self.has_suspect and not self.active else 1
        self.active = not self.active
        self.forget()
        return flag

    def see(self, y: float, t: int, *, suspect: bool, gap: bool, lower: bool = False) -> int | None:
        """Apply a reading; the flag of the flip if it flipped."""
        if gap:
            self.forget()
        if lower and y < (self.clear if self.active else self.threshold):
            return None
        if self.active:
            return self._see_active(y, t, suspect=suspect)
        if y >= self.threshold:
            if self.since is None:
                self.begin(t, suspect=suspect)
            else:
                self.confirmed = True
                self.has_suspect = self.has_suspect or suspect
            self.has_suspect = self.has_suspect or lower
        elif not suspect or self.begun_by_suspect:
            self.forget()
        due = self.due()
        return self.flip() if due is not None and y >= self.threshold and t >= due else None

    def _see_active(self, y: float, t: int, *, suspect: bool) -> int | None:
        if y >= self.clear:
            self.forget()
            return None
        if suspect:
            return None
        if self.since is None:
            self.begin(t, suspect=False)
        due = self.due()
        return self.flip() if due is not None and t >= due else None


@dataclass
class Watch:
    """A rule on a sensor."""

    rule: Rule
    rungs: dict[int, Rung]
    told: int = 0
    blind: bool = False
    last_event: int | None = None
    anchor: tuple[float, int] | None = None
    flag: int = 1

    def level(self) -> int:
        return max((k + 1 for k, rung in self.rungs.items() if rung.active), default=0)


@dataclass
class Step:
    """A newer reading of this batch: when it came, in which pack, and what is to be held from it on."""

    arrival: int
    pack: int
    time: int
    held: tuple[float, int] | None


@dataclass
class Reading:
    """One on its way through the levels. `key`: its place in the order of work."""

    key: tuple[int, ...]
    channel: "Channel"
    time: int
    value: float
    flag: int
    pack: int
    none: bool = False
    lower: bool = False

    @property
    def usable(self) -> bool:
        """Whether it says something."""
        return self.flag in (1, 2, 3) and (self.channel.sensor.derived or math.isfinite(self.value))

    @property
    def good(self) -> bool:
        """Whether it says it for sure."""
        return self.usable and self.flag != 3 and not self.lower


@dataclass
class Channel:
    """A sensor."""

    sensor: Sensor
    gateway: str | None
    silent_after: int | None
    base: int
    watches: list[Watch]
    last: int | None = None
    spoke_or_gateway_did: bool = False
    value: float = math.nan
    good: int | None = None
    held_suspect: bool = False
    held_lower: bool = False
    shown: str = ""
    home: int = 0  # partition of the measured sensor it comes from
    speaker: tuple[str | None, int, bool] = (None, 0, False)  # whose packs it comes in
    trail: list[Step] = field(default_factory=list)  # of this batch
    number: int = 0
    sure_before: tuple[float, int] | None = None
    dumb_before: bool = False
    level: int = 0
    sure: tuple[float, int] | None = None
    silent: bool = False
    failing: bool = False
    edges_from: int | None = None


@dataclass
class Spring:
    """A derivation at one source."""

    derivation: Derivation
    slow: Slow
    source: str
    outputs: list[Channel]
    window: int
    floor: float
    inputs: dict[str, Channel | None]
    attributes: Mapping[str, float]
    past: list[tuple[int, float]] = field(default_factory=list)

    def keep(self, t: int, x: float) -> None:
        """Keep a reading, the first of its slot, the first of its instant."""
        slots = self.derivation.slots
        step = 1 if slots is None else -(-self.window // slots)
        if all(then // step != t // step for then, _ in self.past):
            self.past.append((t, x))
            self.past.sort()


@dataclass
class Gate:
    """A gateway."""

    patience: int | None
    clock: int
    heard: int
    known: bool = False
    offline: bool = False
    quiet: bool = False
    away: bool = False

    def unknown(self) -> bool:
        return self.patience is not None and (self.offline or self.quiet)


@dataclass
class Crowd:
    """A rule of kind count on the sensors of an area, or of a gateway."""

    rule: Rule
    who: str  # as told
    members: dict[str, Channel]
    bounds: dict[str, tuple[float, float, float]]  # sign, threshold, clear
    rungs: dict[int, Rung]
    gap: int | None
    met: set[str] = field(default_factory=set)
    known: set[str] = field(default_factory=set)
    last: int | None = None
    told: int = 0
    timed: bool = False  # all of them report on change, and have one gateway

    def due(self, *, seen: bool) -> int | None:
        """When the earliest pending flip is due; while its gateway is not seen, time alone ends nothing."""
        rungs = [rung for rung in self.rungs.values() if seen or not rung.active]
        return min((d for rung in rungs if (d := rung.due()) is not None), default=None)

    def fire(self, d: int, *, seen: bool) -> None:
        """Flip what is due then and may."""
        for k, rung in self.rungs.items():
            if rung.due() != d or (rung.active and not seen):
                continue
            if rung.active or (
                self.met & self.known and len(self.met & self.known) >= self.needs(k, len(self.known))
            ):
                rung.flip()
            else:
                rung.forget()

    def needs(self, k: int, total: int) -> float:
        """How many of so many."""
        rung = self.rule.rungs[k]
        assert rung is not None
        number = rung.resolve({}) or 0.0
        return max(1.0, number * total / 100 if self.rule.share(k) else number)

    def see(self, name: str, y: float, *, lower: bool) -> None:
        """Move one member; NaN says nothing of it."""
        sign, threshold, clear = self.bounds[name]
        if lower and sign < 0:
            return
        if y * sign >= threshold:
            self.met.add(name)
        elif not y * sign >= clear and not lower:
            self.met.discard(name)

    def judge(self, t: int) -> int:
        """Move the rungs; the instant."""
        if self.last is not None and self.gap is not None and max(t, self.last) - self.last > self.gap:
            for rung in self.rungs.values():
                rung.forget()
        self.last = t = t if self.last is None else max(t, self.last)
        for k, rung in self.rungs.items():
            up = len(self.met & self.known) >= self.needs(k, len(self.known))
            hold = len(self.met) >= self.needs(k, len(self.known | self.met))
            up = up and bool(self.met & self.known)
            if hold if rung.active else not up:
                rung.forget()
                continue
            if rung.since is None:
                rung.begin(t, suspect=False)
            due = rung.due()
            if due is not None and t >= due:
                rung.flip()
        return t


@dataclass
class ReferenceEngine:
    """Apply messages; what happened is a list of `Told`."""

    site: Site
    rules: Sequence[Rule]
    t: int
    derivations: Sequence[tuple[Derivation, Slow]] = ()
    out: list[Told] = field(default_factory=list)
    derived: list[tuple[str, int, float, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gates: dict[str, Gate] = {}
        for gateway in self.site.gateways.values():
            spans = [
                s.interval_s
                for s in self.site.sensors.values()
                if self.site.stations[s.station].gateway == gateway.id and s.interval_s > 0
            ]
            patience = None
            if len(spans) > 1:
                patience = 2 * round(max(gateway.reporting_s or 0, min(spans)) * _SECOND)
            self.gates[gateway.id] = Gate(patience, self.t, self.t)
        self.channels = {name: self._channel(sensor) for name, sensor in self.site.sensors.items()}
        self.springs: dict[str, list[Spring]] = {}
        rates = [
            (
                Derivation((f"~{rule.id}",), rule.property or "", rise, rule.window_s, 16, rule.above),
                slow_rise(rule.window_s),
            )
            for rule in self.rules
            if rule.kind is Kind.RATE
        ]
        for derivation, slow in (*self.derivations, *rates):
            if derivation.anywhere:
                for station in self.site.stations.values():
                    found = self._answer(derivation.source, station)
                    if found is not None:
                        self._spring(derivation, slow, found, station)
                continue
            for source in [c for c in self.channels.values() if c.sensor.property == derivation.source]:
                self._spring(derivation, slow, source, self.site.stations[source.sensor.station])

        for number, c in enumerate(self.channels.values()):
            c.number = number
        self.crowds = [
            crowd for rule in self.rules if rule.kind is Kind.COUNT for crowd in self._crowds(rule)
        ]

    def _crowds(self, rule: Rule) -> list[Crowd]:
        """Members by area, and by gateway where the rule says so."""
        (one,) = rule.inputs
        bound = one.at_least or one.at_most
        assert bound is not None
        sign = 1.0 if one.at_least is not None else -1.0
        groups: dict[tuple[str, str], dict[str, Channel]] = {}
        for name, c in self.channels.items():
            station = self.site.stations[c.sensor.station]
            if c.sensor.property == one.property and bound.resolve(station.attributes) is not None:
                who = station.gateway or "" if rule.per == "gateway" else ""
                groups.setdefault((station.area, who), {})[name] = c
        found = []
        for area in (*self.site.areas, "site"):
            for (where, who), members in sorted(groups.items()):
                if where != area:
                    continue
                bounds = {}
                for name, c in members.items():
                    value = (bound.resolve(self.site.stations[c.sensor.station].attributes) or 0.0) * sign
                    bounds[name] = (sign, value, value - one.hysteresis)
                delays = [
                    (round(a * _SECOND), round(b * _SECOND))
                    for a, b in zip(rule.on_delay_s, rule.off_delay_s, strict=True)
                ]
                rungs = {k: Rung(0, 0, *delays[k]) for k, rung in enumerate(rule.rungs) if rung is not None}
                spans = [c.sensor.interval_s for c in members.values() if c.sensor.interval_s > 0]
                gap = round(3 * max(spans) * _SECOND) if spans else None
                timed = rule.per == "gateway" and all(
                    c.sensor.reports == "on_change" for c in members.values()
                )
                crowd = Crowd(rule, who, members, bounds, rungs, None if timed else gap, timed=timed)
                if any(rule.share(k) or crowd.needs(k, 0) <= len(members) for k in rungs):
                    found.append(crowd)
        return found

    def _count(self, seen: list[tuple[Channel, int, float, int, bool, bool]]) -> None:
        """What a reading, and what was derived from it, says of crowds; derived ones last."""
        for crowd in self.crowds:
            for c, t, x, flag, none, lower in seen:
                if crowd.members.get(c.sensor.id) is not c:
                    continue
                absent = math.isnan(x) if c.sensor.derived else not math.isfinite(x)
                good = flag in (1, 2) and (c.sensor.derived or not absent)
                if good and crowd.timed:  # by who was known before this reading
                    self._run_out(crowd, (t if crowd.last is None else max(t, crowd.last)) - 1)
                crowd.known.add(c.sensor.id)
                if not good:
                    continue
                if none or not absent:
                    sign = crowd.bounds[c.sensor.id][0]
                    crowd.see(c.sensor.id, -math.inf * sign if none else x, lower=lower)
                self._tell_crowd(crowd, crowd.judge(t))

    def _run_out(self, crowd: Crowd, upto: int) -> None:
        gate = self.gates.get(crowd.who)
        seen = gate is None or not gate.unknown()
        while (due := crowd.due(seen=seen)) is not None and due <= upto:
            crowd.fire(due, seen=seen)
            self._tell_crowd(crowd, due)

    def _tell_crowd(self, crowd: Crowd, t: int) -> None:
        level = max((k + 1 for k, rung in crowd.rungs.items() if rung.active), default=0)
        before, crowd.told = crowd.told, level
        if before == level:
            return
        verb = (
            "raised" if not before else "cleared" if not level else "escalated" if level > before else "eased"
        )
        self.out.append((verb, SEVERITIES[(level or before) - 1], crowd.rule.id, crowd.who, t, 1))

    def _lose(self) -> None:
        """Of whom nothing is known any more."""
        for crowd in self.crowds:
            for name, c in crowd.members.items():
                gate = self.gates.get(c.gateway or "")
                if c.silent or (gate is not None and gate.unknown()):
                    crowd.known.discard(name)

    def _spring(self, derivation: Derivation, slow: Slow, source: Channel, station: Station) -> None:
        floor = -math.inf
        if derivation.above is not None:
            found = derivation.above.resolve(station.attributes)
            if found is None:
                return
            floor = found
        if any(name not in station.attributes for name in derivation.needs):
            return
        of_rule = [rule for rule in self.rules if f"~{rule.id}" == derivation.outputs[0]]
        if of_rule and not of_rule[0].matches(self.site, source.sensor):
            return
        window = max(
            round(derivation.window_s * _SECOND),
            derivation.window_intervals * round(source.sensor.interval_s * _SECOND),
        )
        inputs = {name: self._answer(name, station) for name in derivation.inputs}
        outputs = []
        for name in derivation.outputs:
            sensor = msgspec.structs.replace(
                source.sensor, id=f"{station.id}.{name}", station=station.id, property=name, derived=True
            )
            channel = self._channel(sensor)
            channel.gateway, channel.silent_after = source.gateway, source.silent_after
            channel.home, channel.speaker = source.home, source.speaker
            channel.shown = source.sensor.id if of_rule else sensor.id
            reads = (derivation.source, *derivation.inputs)
            channel.level = 1 + max(c.level for c in self.channels.values() if c.sensor.property in reads)
            self.channels[sensor.id] = channel
            outputs.append(channel)
        spring = Spring(
            derivation, slow, source.sensor.id, outputs, window, floor, inputs, station.attributes
        )
        self.springs.setdefault(source.sensor.id, []).append(spring)

    def _answer(self, name: str, station: Station) -> Channel | None:
        """Of this station; the only one of scope site; the first by id of the area (all lie in one place)."""
        found = [c for c in self.channels.values() if c.sensor.property == name]
        own = [c for c in found if c.sensor.station == station.id]
        wide = [c for c in found if self.site.stations[c.sensor.station].area == "site"]
        near = [c for c in found if self.site.stations[c.sensor.station].area == station.area]
        if own:
            return own[0]
        if len(wide) == 1:
            return wide[0]
        return min(near or wide, key=lambda c: c.sensor.station, default=None)

    def _channel(self, sensor: Sensor) -> Channel:
        station = self.site.stations[sensor.station]
        reporting = (self.site.gateways[station.gateway].reporting_s or 0) if station.gateway else 0
        after = round(3 * max(sensor.interval_s, reporting) * _SECOND) if sensor.interval_s > 0 else None
        watches = []
        for rule in self.rules:
            on = rule.matches(self.site, sensor)
            if rule.kind is Kind.RATE:
                on = sensor.property == f"~{rule.id}"
            elif sensor.derived and rule.property is None:
                on = False
            if on:
                sign = 1.0 if rule.upward else -1.0
                rungs = {}
                for k, rung in enumerate(rule.rungs):
                    value = rung.resolve(station.attributes) if rung is not None else None
                    if value is not None:
                        rungs[k] = Rung(
                            value * sign,
                            value * sign - rule.hysteresis[k],
                            round(rule.on_delay_s[k] * _SECOND),
                            round(rule.off_delay_s[k] * _SECOND),
                        )
                if rule.kind in (Kind.SILENT, Kind.STUCK):
                    rungs = {rule.severity: Rung(0, 0, 0, 0)}
                watches.append(Watch(rule, rungs))
        home = partition(self.site.id, station.area)
        speaker = (station.gateway, home, station.area == "site")
        return Channel(
            sensor, station.gateway, after, self.t, watches, shown=sensor.id, home=home, speaker=speaker
        )

    # -- messages

    def apply(self, messages: Sequence[EngineMessage]) -> list[Told]:
        self.out = []
        for message in messages:
            if isinstance(message, Readings):
                self._batch(message.batch)
            elif isinstance(message, Tick):
                self.tick(message)
            elif isinstance(message, GatewayState):
                gate = self.gates.get(message.gateway)
                if gate is not None and message.status is not None:
                    before = gate.unknown()
                    gate.offline = message.status == "offline"
                    if before and not gate.unknown():
                        self._afresh(message.gateway)
            if not isinstance(message, Readings):
                self._lose()
        return self.out

    def tell(self, verb: str, level: int, watch: Watch, channel: Channel, t: int) -> None:
        watch.last_event = t
        flag = watch.flag if verb in ("raised", "escalated") else 1
        self.out.append((verb, SEVERITIES[level - 1], watch.rule.id, channel.shown, t, flag))

    def compare(self, watch: Watch, channel: Channel, t: int) -> None:
        before, after = watch.told, watch.level()
        if before == after:
            return
        watch.told = after
        if before == 0:
            watch.blind = False
            self.tell("raised", after, watch, channel, t)
        elif after == 0:
            self.tell("cleared", before, watch, channel, t)
            watch.blind = False
        else:
            self.tell("escalated" if after > before else "eased", after, watch, channel, t)

    # -- readings

    def _batch(self, b: Batch) -> None:
        """Readings, level by level: what is derived may see what stands further on in its pack."""
        packs = b.source_of_row()
        for c in self.channels.values():
            c.trail, c.sure_before, c.dumb_before = [], c.sure, c.silent or c.failing
        todo = []
        for at in range(len(b.time)):
            name = b.sensors[b.sensor[at]]
            if name in self.channels:
                c = self.channels[name]
                todo.append(
                    Reading((at,), c, int(b.time[at]), float(b.value[at]), int(b.flag[at]), int(packs[at]))
                )
        before, self.out = self.out, []
        told: list[tuple[tuple[int, ...], Told]] = []
        fresh: dict[int, list[Reading]] = {}
        done: dict[str, list[tuple[Reading, bool, bool]]] = {}
        for level in range(1 + max(c.level for c in self.channels.values())):
            if level:
                todo = [one for spring in self._springs(level) for one in self._flow(spring, done)]
            for one in sorted(todo, key=lambda one: one.key):
                late, older = self._one(one)
                done.setdefault(one.channel.sensor.id, []).append((one, late, older))
                if not late:
                    fresh.setdefault(one.key[0], []).append(one)
                told += [((one.key[0], level, *one.key[1:]), event) for event in self.out]
                self.out = []
        for at in sorted(fresh):
            self._count(
                [(one.channel, one.time, one.value, one.flag, one.none, one.lower) for one in fresh[at]]
            )
            told += [((at, 99), event) for event in self.out]
            self.out = []
        self.out = before + [event for _, event in sorted(told, key=lambda pair: pair[0])]

    def _one(self, one: Reading) -> tuple[bool, bool]:
        """Apply one reading; whether it was late, and older than the newest."""
        c, t = one.channel, one.time
        late = c.last is not None and t <= c.last
        older = c.last is not None and t < c.last
        self.reading(c, t, one.value, one.flag, none=one.none, lower=one.lower)
        if not late:
            if one.good:
                c.sure = (one.value, t)
            c.trail.append(Step(one.key[0], one.pack, t, c.sure if one.usable else None))
        return late, older

    def _springs(self, level: int) -> list[Spring]:
        return [
            spring for some in self.springs.values() for spring in some if spring.outputs[0].level == level
        ]

    def _flow(self, spring: Spring, done: dict[str, list[tuple[Reading, bool, bool]]]) -> list[Reading]:
        """What comes of the readings of a source, in the order they came."""
        made = []
        for one, late, older in done.get(spring.source, ()):
            if not late:
                made += self._derive(spring, one)
            if one.good and math.isfinite(one.value) and (not late or older):
                spring.keep(one.time, one.value)
        return made

    def _derive(self, spring: Spring, one: Reading) -> list[Reading]:
        t, x, none = one.time, one.value, one.none
        flag = (1 if one.good else 3) if one.usable else 4
        found = [(math.nan, False)] * len(spring.outputs)
        if one.usable and math.isfinite(x):
            if x >= spring.floor:
                points = [(then, value) for then, value in spring.past if t - spring.window <= then < t]
                held = {name: self._held(channel, one) for name, channel in spring.inputs.items()}
                found = spring.slow(points, t, x, At(held, spring.attributes))
            else:
                none = True
        made = []
        for channel, (value, lower) in zip(spring.outputs, found, strict=True):
            absent = none or math.isinf(value)
            if math.isfinite(value) and not channel.sensor.property.startswith("~"):
                self.derived.append((channel.sensor.id, t, value, 3 if lower else flag))
            finite = math.isfinite(value)
            said = value if finite else math.nan
            key = (*one.key, channel.number)
            made.append(Reading(key, channel, t, said, flag, one.pack, absent, lower and finite))
        return made

    def _held(self, c: Channel | None, one: Reading) -> float:
        """Newest good value that can still be taken for the present one.

        Of the own pack what was measured by then, of all else what came before.
        """
        gate = self.gates.get(c.gateway or "") if c is not None else None
        if c is None or (gate is not None and gate.unknown()):
            return math.nan
        sure = None if c.dumb_before else c.sure_before
        for step in c.trail:
            own = step.pack == one.pack and c.speaker == one.channel.speaker
            if step.time <= one.time if own else step.arrival <= one.key[0]:
                sure = step.held
        if sure is None:
            return math.nan
        value, then = sure
        stays = c.sensor.reports == "on_change" or c.sensor.interval_s <= 0
        return value if stays or c.silent_after is None or one.time - then <= c.silent_after else math.nan

    def reading(  # noqa: C901  the rules in order
        self, c: Channel, t: int, x: float, flag: int, *, none: bool = False, lower: bool = False
    ) -> None:
        self._first_sign(c, t)
        if not c.sensor.derived and not math.isfinite(x):
            flag = 9
        if c.last is not None and t <= c.last:
            if t < c.last and flag in (1, 2):
                self._late(c, t, x)
            return
        gate = self.gates.get(c.gateway or "")
        self.timers(c, t - 1, silence=gate is None or not gate.away)
        if c.silent:
            c.silent = False
            c.base = t
            for watch in c.watches:
                if watch.rule.kind is Kind.SILENT:
                    watch.rungs[watch.rule.severity].active = False
                    self.compare(watch, c, t)
        c.last, c.base = t, max(t, c.base)
        c.edges_from = t if c.edges_from is None else max(t, c.edges_from)
        if flag not in (1, 2, 3):
            c.failing = True
            self._blind(c, t)
            self._shut(c, t)
            return
        suspect = flag == 3
        gap = (
            c.sensor.reports == "periodic"
            and c.good is not None
            and c.sensor.interval_s > 0
            and t - c.good > round(3 * c.sensor.interval_s * _SECOND)
        )
        c.failing, c.value, c.good, c.held_suspect, c.held_lower = False, x, t, suspect, lower
        for watch in c.watches:
            if watch.blind and not suspect:
                watch.blind = False
                self.tell("sighted", watch.told, watch, c, t)
        for watch in c.watches:
            self._judge(watch, c, x, t, suspect=suspect, gap=gap, none=none, lower=lower)
        self._shut(c, t)

    def _shut(self, c: Channel, t: int) -> None:
        """A reading at the very instant of a closing edge stands for the edge."""
        for watch in c.watches:
            schedule = watch.rule.schedule
            if (
                schedule is not None
                and c.edges_from == t == schedule.next_edge(t - 1)
                and not schedule.open_at(t)
            ):
                self._close(watch, c, t)

    def _first_sign(self, c: Channel, t: int) -> None:
        if c.spoke_or_gateway_did:
            return
        for other in self.channels.values():
            same = other.gateway == c.gateway and other.home == c.home
            if same and not other.spoke_or_gateway_did:
                other.base, other.spoke_or_gateway_did = t, True

    def _judge(
        self,
        watch: Watch,
        c: Channel,
        x: float,
        t: int,
        *,
        suspect: bool,
        gap: bool,
        none: bool = False,
        lower: bool = False,
    ) -> None:
        rule = watch.rule
        if rule.kind is Kind.STUCK:
            self._stuck(watch, c, x, t, suspect=suspect)
        if rule.kind not in (Kind.THRESHOLD, Kind.RATE):
            return
        if rule.schedule is not None and not rule.schedule.open_at(max(t, c.edges_from or t)):
            self._close(watch, c, t)
            return
        y = -math.inf if none else x if rule.upward else -x
        if math.isnan(y) or (lower and not rule.upward):
            for rung in watch.rungs.values() if gap else ():
                rung.forget()
            return
        for rung in watch.rungs.values():
            flipped = rung.see(y, t, suspect=suspect, gap=gap, lower=lower)
            if flipped is not None:
                watch.flag = flipped
        self.compare(watch, c, t)

    def _close(self, watch: Watch, c: Channel, t: int) -> None:
        for rung in watch.rungs.values():
            rung.active = False
            rung.forget()
        self.compare(watch, c, t)

    def _stuck(self, watch: Watch, c: Channel, x: float, t: int, *, suspect: bool) -> None:
        rule, rung = watch.rule, watch.rungs[watch.rule.severity]
        attributes = self.site.stations[c.sensor.station].attributes
        armed = rule.above is None or x >= (rule.above.resolve(attributes) or 0.0)
        if watch.anchor is not None and armed and abs(x - watch.anchor[0]) <= rule.tolerance:
            if t - watch.anchor[1] >= round(rule.window_s * _SECOND) and not suspect:
                rung.active = True
        elif not (suspect and rung.active):
            watch.anchor = (x, t) if armed else None
            rung.active = False
        self.compare(watch, c, t)

    def _late(self, c: Channel, t: int, x: float) -> None:
        for watch in c.watches:
            rule = watch.rule
            assert c.last is not None
            if rule.late != "reevaluate" or rule.kind is not Kind.THRESHOLD or watch.told:
                continue
            if t < c.last - round(rule.max_late_s * _SECOND) or (
                watch.last_event is not None and watch.last_event >= t
            ):
                continue
            schedule = rule.schedule
            if schedule is not None and not (
                schedule.open_at(t) and schedule.open_at(max(t, c.edges_from or t))
            ):
                continue
            y = x if rule.upward else -x
            reached = [rung for rung in watch.rungs.values() if y >= rung.threshold and rung.on_delay == 0]
            if reached:
                for rung in watch.rungs.values():
                    rung.forget()
                for rung in reached:
                    rung.active = True
                watch.flag = 1
                self.compare(watch, c, t)

    # -- time

    def timers(self, c: Channel, upto: int, *, silence: bool = True) -> None:
        gate = self.gates.get(c.gateway or "")
        while True:
            candidates: list[tuple[int, int, str]] = []
            if c.edges_from is not None:
                edges = [
                    edge
                    for watch in c.watches
                    if watch.rule.schedule is not None
                    for edge in [watch.rule.schedule.next_edge(c.edges_from)]
                    if edge is not None
                ]
                if edges:
                    candidates.append((min(edges), 0, "edge"))
            sighted = not (c.silent or c.failing or (gate is not None and gate.unknown()))
            if c.sensor.reports == "on_change":
                dues = [
                    due
                    for watch in c.watches
                    if watch.rule.kind in (Kind.THRESHOLD, Kind.RATE)
                    for rung in watch.rungs.values()
                    for due in [rung.due()]
                    if due is not None and (sighted or not rung.active)
                ]
                if dues:
                    candidates.append((min(dues), 1, "delay"))
            dumb = c.silent or not silence or (gate is not None and gate.unknown())
            if c.silent_after is not None and not dumb:
                candidates.append((c.base + c.silent_after, 2, "silence"))
            d, _, what = min(candidates, default=(upto + 1, 9, ""))
            if d > upto:
                return
            getattr(self, f"_on_{what}")(c, d, sighted)

    def _on_edge(self, c: Channel, d: int, sighted: bool) -> None:  # noqa: FBT001
        c.edges_from = d
        for watch in c.watches:
            schedule = watch.rule.schedule
            if schedule is None:
                continue
            fresh = c.good is not None and (
                c.sensor.reports == "on_change"
                or c.sensor.interval_s <= 0
                or d - c.good <= round(3 * c.sensor.interval_s * _SECOND)
            )
            if not schedule.open_at(d):
                self._close(watch, c, d)
            elif not schedule.open_at(d - 1) and fresh and sighted and math.isfinite(c.value):
                held, lower = c.held_suspect, c.held_lower
                self._judge(watch, c, c.value, d, suspect=held, gap=False, lower=lower)

    def _on_delay(self, c: Channel, d: int, sighted: bool) -> None:  # noqa: FBT001
        for watch in c.watches:
            if watch.rule.kind not in (Kind.THRESHOLD, Kind.RATE):
                continue
            for rung in watch.rungs.values():
                due = rung.due()
                if due is not None and due <= d and (sighted or not rung.active):
                    watch.flag = rung.flip()
            self.compare(watch, c, d)

    def _on_silence(self, c: Channel, d: int, _: bool) -> None:  # noqa: FBT001
        c.silent = True
        for watch in c.watches:
            if watch.rule.kind is Kind.SILENT:
                watch.flag = 1
                watch.rungs[watch.rule.severity].active = True
                self.compare(watch, c, d)
        self._blind(c, d)

    def _blind(self, c: Channel, t: int) -> None:
        for watch in c.watches:
            if watch.told and not watch.blind and watch.rule.kind is not Kind.SILENT:
                watch.blind = True
                self.tell("blind", watch.told, watch, c, t)

    def tick(self, message: Tick) -> None:  # noqa: C901, PLR0912  the rules in order
        own = {source.gateway: source.id for source in self.site.sources if source.gateway and source.url}
        for name, gate in self.gates.items():
            if gate.known and own.get(name, "broker") in message.resumed:
                gate.away = True
                self._afresh(name)
        for name, gate in self.gates.items():
            if own.get(name, "broker") in message.sources:
                gate.clock += message.dt
        for name, base in message.clocks.items():
            if name in self.gates:
                self._hear(name, self.gates[name], base)
        for name, gate in self.gates.items():
            if gate.patience is not None and not gate.quiet and gate.clock >= gate.heard + gate.patience:
                d = gate.heard + gate.patience
                gate.quiet = True
                self.out.append(("raised", "watch", "gateway-silent", name, d, 1))
                for c in self.channels.values():
                    if c.gateway == name:
                        self._blind(c, d)
        for c in self.channels.values():
            if c.gateway in self.gates:
                self.timers(c, self.gates[c.gateway].clock)
        for crowd in self.crowds:
            if crowd.timed and crowd.who in self.gates and not self.gates[crowd.who].unknown():
                self._run_out(crowd, self.gates[crowd.who].clock)

    def _hear(self, name: str, gate: Gate, base: int) -> None:
        back = gate.away and base > gate.clock
        gate.away = gate.away and not back
        if not gate.known:
            gate.known = True
            gate.clock = base
        gate.heard = gate.clock = max(gate.clock, base)
        before = gate.unknown()
        gate.offline = False
        if gate.quiet:
            gate.quiet = False
            self.out.append(("cleared", "watch", "gateway-silent", name, gate.clock, 1))
        for c in self.channels.values():
            if c.gateway == name and not c.spoke_or_gateway_did:
                c.base, c.spoke_or_gateway_did = base, True
        if before or back:
            self._afresh(name)

    def _afresh(self, name: str) -> None:
        for c in self.channels.values():
            if c.gateway == name and not c.silent:
                c.base = max(c.base, self.gates[name].clock)
