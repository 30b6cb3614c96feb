"""What a hazard is: data and pure functions. Each lives in one file of `hazards/`.

The engine knows nothing of hazards; they give it rules, derived properties and words.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from services.alerts.derive import Compute, PointCompute, StrikeCompute
from services.alerts.rule.expression import Expression
from services.observation.quantity import Property
from services.observation.text import Text

HIDDEN = "~"
"""First letter of a property that only leads to others, or to a rule of kind rate; published nowhere."""


class Derivation(msgspec.Struct, frozen=True):
    """Properties computed from another of the same station; `derive` says what `compute` is given and owes.

    A station has them where it has the source, can answer `above` and has every attribute of `needs`, and no
    earlier derivation makes a property of the same name there.

    Attributes:
        outputs: the derived properties, each declared in `Hazard.properties` with `derived=True`; one whose
            name begins with `~` is a step on the way to others: not declared, never published.
        source: the property whose readings trigger it; measured or derived.
        compute: the function; see `derive`.
        window_s, window_intervals: how far it looks back: the larger of so many seconds and so many reporting
            intervals of the source.
        slots: keep only the first reading of each window / slots, which bounds the cost at any sampling.
        above: computed only while the source is at or above; below, its conditions count as not met.
        needs: attributes that the station must have.
        inputs: other properties, whose newest good value is handed to `compute`: of the same station; else of
            the only station of scope `site` that has it; else of the nearest one of the area, else of scope
            `site`.
        own, cabinet: those of `inputs` that no other station may answer, and those that only a station of the
            same gateway and area may: a lamp goes by its own command and by the supply of its own cabinet.
        points: instead of `compute` where no past is needed: all places at once.
        anywhere: the source may be of another station and is found as an input is. Such a property is at
            every station that has all attributes of `needs` (at least one).
        alike: `compute` sees time only as differences and through `Series.local`, and of a station only these
            attributes. Sources that agree in them, in interval and window may then come to it in one
            `Series`, end to end; see there. None: one source at a time.
        rests: by the attributes of a station, the least distance from zero that a reading must have for an
            output to be other than 0: while no reading of the window has it, all are 0 that
            `StrikeDerivation.inputs` name, or not told. A backtest leaves such readings out where only those
            matter.
    """

    outputs: tuple[str, ...]
    source: str
    compute: Compute | None = None
    window_s: float = 0.0
    slots: int | None = None
    above: Expression | None = None
    needs: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    cabinet: tuple[str, ...] = ()
    window_intervals: int = 0
    points: PointCompute | None = None
    anywhere: bool = False
    alike: tuple[str, ...] | None = None
    rests: Callable[[Mapping[str, float]], float] | None = None


class StrikeDerivation(msgspec.Struct, frozen=True):
    """Momentary properties of places, made of lightning strikes.

    Attributes:
        outputs: derived properties, each declared with `derived=True, reports="momentary"`.
        needs: attributes of the stations that are such places.
        near: called with the strikes of a message, all of them new; what it makes of one strike rests on that
            strike and the place alone. None: nothing.
        step: called at each full `step_s` of the strikes' clock with all that came before and is not older
            than `window_s`. None: never.
        inputs: as in `Derivation`.
        alive: a property of a strike source's gateway, at a station of scope `site`: while its newest good
            value is below 1, or the sensor silent, that gateway counts as not heard.
    """

    outputs: tuple[str, ...]
    needs: tuple[str, ...]
    near: StrikeCompute | None = None
    step: StrikeCompute | None = None
    step_s: float = 60.0
    window_s: float = 1_800.0
    inputs: tuple[str, ...] = ()
    alive: str | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a decision rests on; a hazard makes a sentence of it.

    `severity` is that after the transition; for `cleared` the one it had. `threshold` is the rung's, None
    for kinds without one. `since` and `time` in µs UTC. `beside`: what was derived from the very reading that
    made the event, by property (nothing that could not be said); empty when time or a gateway made it.
    `flag`: what the event is told with: 3 where a suspect reading, or one of "at least", had part in it.
    `zone`: the site's. `measured`: when the reading of `value` was taken, µs UTC; None where there is none.
    `least`: those of `beside` that are only known at least. Of a rule over several sensors, `members`: places
    of those that meet it, by id of the sensor, and `total`: how many it looks at.
    """

    verb: str
    severity: str
    rule: str
    kind: str
    property: str
    place: Text
    value: float | None
    unit: str
    threshold: float | None
    since: int
    time: int
    attributes: Mapping[str, float]
    upward: bool = True
    beside: Mapping[str, float] = {}
    flag: int = 1
    zone: str = "UTC"
    measured: int | None = None
    least: frozenset[str] = frozenset()
    members: Mapping[str, Text] = {}
    total: int = 0


class Advice(msgspec.Struct, frozen=True):
    """What to do at a severity: the operator at the IOC, and the public."""

    operator: Text
    public: Text


class Cap(msgspec.Struct, frozen=True):
    """How CAP 1.2 names the hazard."""

    category: str
    event: Text
    response: tuple[str, ...] = ("Monitor",)


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one property of a hazard has of its own: name, words, advice and CAP; empty: the hazard's."""

    text: Text | None = None
    words: dict[str, Text] = {}
    advice: dict[str, Advice] = {}
    cap: Cap | None = None


class Attribute(msgspec.Struct, frozen=True):
    """A number of a station that a hazard reads. Ends belong to the range; None: no end.

    Attributes:
        text: what it says.
        unit: as people read it; empty for a count or a choice.
        whole: a whole number.
        beyond: `low` itself is impossible too.
        default: what counts where a station lacks it; `Ascending` compares with it.
        needs: another attribute, without which this one does nothing.
    """

    text: Text
    unit: str = ""
    low: float | None = None
    high: float | None = None
    whole: bool = False
    beyond: bool = False
    default: float | None = None
    needs: str = ""


class Ascending(msgspec.Struct, frozen=True):
    """Attributes of a station of which none may be less than one before it; `strict`: nor as much."""

    names: tuple[str, ...]
    strict: bool = True


class Hazard(msgspec.Struct, frozen=True, kw_only=True):
    """One hazard.

    Attributes:
        name: the token in topics; the module has the same.
        text: its name for people.
        properties: properties it adds to the service's, derived ones included.
        derives: how derived properties come about. strikes: those made of lightning strikes.
        rules: default rules, as tables of `rules.toml`; a site's rule of the same id replaces one.
        words: its own word for each severity, where it has one.
        advice: by severity.
        cap: None for what is never published as CAP.
        reason: a sentence for a decision, or None to use the general one.
        of_property: by property, what a rule on it has of its own.
        attributes: what it reads of stations; `site check` refuses what is impossible, and knows by these
            names what was misspelt. ascending: how they stand to each other, beyond what rules of it show.
    """

    name: str
    text: Text
    properties: dict[str, Property] = {}
    derives: tuple[Derivation, ...] = ()
    strikes: tuple[StrikeDerivation, ...] = ()
    rules: tuple[dict[str, Any], ...] = ()
    words: dict[str, Text] = {}
    advice: dict[str, Advice] = {}
    cap: Cap | None = None
    reason: Callable[[Facts], Text | None] | None = None
    of_property: dict[str, Part] = {}
    attributes: dict[str, Attribute] = {}
    ascending: tuple[Ascending, ...] = ()


def derived(name: str, unit: str, vi: str, en: str) -> Property:
    """Declare a derived property; most have no more to say than their unit and their name."""
    return Property(name=name, unit=unit, text=Text(vi, en), derived=True)


def ordered(derivations: Sequence[Derivation]) -> list[Derivation]:
    """In their order, but each after all that make what it reads.

    Raises:
        LookupError: some read each other in a circle, or one is none.
    """
    left: list[Derivation] = list(derivations)
    found: list[Derivation] = []
    for one in left:
        if (one.compute is None) == (one.points is None) or (one.points and (one.window_s or one.slots)):
            msg = f"derivation of {one.outputs}: either compute, or points and no window"
            raise LookupError(msg)
        if one.anywhere and not one.needs:
            msg = f"derivation of {one.outputs}: anywhere needs an attribute that says where"
            raise LookupError(msg)
    while left:
        waiting = [{name for one in left for name in one.outputs} & {one.source, *one.inputs} for one in left]
        ready = next((at for at, names in enumerate(waiting) if not names), None)
        if ready is None:
            msg = f"derivations read each other in a circle: {sorted(set().union(*waiting))}"
            raise LookupError(msg)
        found.append(left.pop(ready))
    return found
