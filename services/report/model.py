"""What a report shows, as plain data; `services.cli.backtest.report` gathers it."""

from dataclasses import dataclass, field

import msgspec
import numpy as np
from numpy.typing import NDArray

from services.alerts.scoring.against import Differences
from services.alerts.scoring.lightning import Score as LightningScore
from services.alerts.scoring.load import Load
from services.alerts.scoring.score import Score
from services.observation.text import Text

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Scores = dict[str, dict[str, Score]]


class Threshold(msgspec.Struct):
    """A rung on a sensor: its value in the sensor's unit, its severity, and whose it is."""

    value: float
    severity: str
    rule: str


class Band(msgspec.Struct):
    """A stretch of an alert at one severity, µs UTC; `blind`: nobody saw whether it should stand."""

    start: int
    end: int
    severity: str
    blind: bool = False


class Truth(msgspec.Struct):
    """What really happened, µs UTC."""

    start: int
    end: int
    severity: str


@dataclass(slots=True)
class Chart:
    """One sensor: its readings as the engine got them, and what was told of it.

    `momentary`: each reading stands for its instant alone, so nothing is drawn between two.

    Attributes:
        time, value, flag: (n,) µs UTC ascending; the sensor's unit; flags of quality control.
        gap: µs between two readings beyond which something is missing.
        bands: alerts on it. truths: events of its area and hazards. alerts: how many.
    """

    sensor: str
    name: Text
    what: Text
    unit: str
    time: Ints
    value: Floats
    flag: NDArray[np.uint8]
    gap: int
    thresholds: list[Threshold] = field(default_factory=list)
    bands: list[Band] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)
    alerts: int = 0
    derived: bool = False
    momentary: bool = False


class Told(msgspec.Struct):
    """An alert as a row of the list; times in µs UTC, `end` None: still open."""

    start: int
    end: int | None
    hazard: str
    severity: str
    where: str
    rule: str
    reason: Text
    bands: list[Band]


class Source(msgspec.Struct):
    """A file the readings come from."""

    name: str
    size: int
    digest: str


class RuleLine(msgspec.Struct):
    """A rule that was in force: its numbers' source and status."""

    id: str
    hazard: str
    status: str
    source: str


@dataclass(slots=True)
class Report:
    """The whole page.

    Attributes:
        first, last: of the recording, µs UTC. zone: the site's, in which times are shown.
        others: sensors without a chart of their own: drawn small.
        bare, against: scores and load of bare thresholds, of other rules.
        hazards: their names for people.
    """

    site: Text
    version: str
    zone: str
    first: int
    last: int
    readings: int
    strikes: int
    sensors: int
    about: str
    scores: Scores
    load: Load
    charts: list[Chart]
    others: list[Chart]
    told: list[Told]
    sources: list[Source]
    rules: list[RuleLine]
    left_out: dict[str, int]
    bare: tuple[Scores, Load] | None = None
    against: tuple[str, Scores, Load, Differences] | None = None
    truths: int | None = None
    lightning: dict[str, LightningScore] = field(default_factory=dict)
    hazards: dict[str, Text] = field(default_factory=dict)
