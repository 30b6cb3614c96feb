"""What a hazard is: data and pure functions. Each lives in one file of `hazards/`.

The engine knows nothing of hazards; they give it rules, derived properties and words.
"""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from services.alerts.expression import Expression
from services.observation.quantity import Property
from services.observation.text import Text


class Derivation(msgspec.Struct, frozen=True):
    """A property computed from another of the same station: the robust rate of change, per hour.

    `above`: computed at or above this value of the source only; a station that cannot answer the
    expression has no such derived sensor.
    """

    name: str
    source: str
    window_s: float = 3_600.0
    above: Expression | None = None


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a decision rests on; a hazard makes a sentence of it.

    `severity` is that after the transition; for `cleared` the one it had. `threshold` is the rung's, None
    for kinds without one. `since` and `time` in µs UTC.
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


class Advice(msgspec.Struct, frozen=True):
    """What to do at a severity: the operator at the IOC, and the public."""

    operator: Text
    public: Text


class Cap(msgspec.Struct, frozen=True):
    """How CAP 1.2 names the hazard."""

    category: str
    event: Text
    response: tuple[str, ...] = ("Monitor",)


class Hazard(msgspec.Struct, frozen=True, kw_only=True):
    """One hazard.

    Attributes:
        name: the token in topics; the module has the same.
        text: its name for people.
        properties: properties it adds to the service's, derived ones included.
        derives: how derived properties come about.
        rules: default rules, as tables of `rules.toml`; a site's rule of the same id replaces one.
        words: its own word for each severity, where it has one.
        advice: by severity.
        cap: None for what is never published as CAP.
        reason: a sentence for a decision, or None to use the general one.
    """

    name: str
    text: Text
    properties: dict[str, Property] = {}
    derives: tuple[Derivation, ...] = ()
    rules: tuple[dict[str, Any], ...] = ()
    words: dict[str, Text] = {}
    advice: dict[str, Advice] = {}
    cap: Cap | None = None
    reason: Callable[[Facts], Text | None] | None = None
