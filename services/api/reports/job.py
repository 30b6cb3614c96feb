"""What a report's own process is told, and what it answers: MessagePack over its standard streams. Pure."""

from typing import Literal

import msgspec

from services.alerts.attention.annunciation import Thing
from services.alerts.load.book import Affair
from services.alerts.load.case import Case, Did
from services.alerts.load.late import Late
from services.alerts.load.nouns import Figures
from services.observation.text import Text
from services.report.matter import Stretch
from services.report.paper import Lang

Kind = Literal["shift", "daily", "monthly", "load"]
Format = Literal["html", "pdf", "xlsx", "json"]


class Told(msgspec.Struct):
    """A sensor as far as a report needs it. `expects`: its interval gives the readings that are due."""

    id: str
    station: str
    property: str
    interval_s: float
    expects: bool


class Place(msgspec.Struct):
    """A station; `wattage` of a lamp."""

    id: str
    name: Text
    area: str
    gateway: str | None
    lat: float
    lon: float
    wattage: float | None = None


class Names(msgspec.Struct):
    """The site, as far as a report needs it."""

    site: str
    name: Text
    zone: str
    areas: dict[str, Text]
    hazards: dict[str, Text]
    stations: list[Place]
    sensors: list[Told]
    gateways: dict[str, str]
    air_classes: list[tuple[int, Text]]
    silent_rules: list[str]


class Memory(msgspec.Struct):
    """What the duty's book holds of a span; nothing has to be read then."""

    cases: list[Case]
    things: list[Thing]
    acts: list[Did]
    affairs: list[Affair]
    since: int
    late: list[Late] = []


class Job(msgspec.Struct, kw_only=True):
    """One report. `areas`: what whoever asks may see; None: all. `memory` None: the history is read.

    Attributes:
        facts: whether stations, air and lamps are looked up, which only the history knows.
        editions: the same for these areas, too; what it is made of is read once.
        revision: beyond the first it is made anew.
    """

    kind: Kind
    first: int
    last: int
    made_at: int
    names: Names
    operators: int
    shifts: list[Stretch]
    languages: list[Lang]
    formats: list[Format]
    areas: list[str] | None = None
    database: str | None = None
    memory: Memory | None = None
    facts: bool = False
    editions: list[list[str]] = []
    revision: int = 1


class Trouble(msgspec.Struct):
    """Why there is no report."""

    code: Literal["history-away", "failed"]
    word: str


class Edition(msgspec.Struct):
    """A report of some areas, None: of all. Files by `<lang>.<format>`.

    `headline`, `notes`: what stands at its top, in one line, and in sentences.
    """

    areas: list[str] | None
    files: dict[str, bytes]
    headline: Text
    notes: list[Text]


class Made(msgspec.Struct):
    """What came of it: an edition for each that was ordered, or figures of load; else the trouble."""

    editions: list[Edition] = []
    figures: Figures | None = None
    trouble: Trouble | None = None


encode_job = msgspec.msgpack.Encoder().encode
decode_job = msgspec.msgpack.Decoder(Job).decode
encode_made = msgspec.msgpack.Encoder().encode
decode_made = msgspec.msgpack.Decoder(Made).decode
