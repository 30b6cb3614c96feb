"""A site: what a city declares of itself in four files, or five. Reading them is in `site_files`.

`lighting.toml` is read where streets are lit, not here.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from services.observation.sensor import Sensor, Station
from services.observation.text import Text

FORMAT = 1
FILES = ("site.toml", "stations.geojson", "sensors.csv", "rules.toml")
LIGHTING = "lighting.toml"
ALERTING = "alerting.toml"
OPTIONAL = (LIGHTING, ALERTING)
"""Files that only some sites have. The version of a site without one is what it was before there were any."""
EVERY_FILE = FILES + OPTIONAL
BROKER = "broker"
"""Id of the source that is always there: our own broker."""


class Problem(msgspec.Struct, frozen=True):
    """What is wrong in a site's files: which file, which line, what to do."""

    file: str
    line: int
    what: Text
    remedy: Text
    level: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        """One line for an editor to jump to."""
        return (
            f"{self.file}:{self.line}: {self.what.en} → {self.remedy.en} ({self.what.vi} → {self.remedy.vi})"
        )


class AreaCode(msgspec.Struct, frozen=True):
    """An administrative code with its validity; codes are texts, leading zeros count."""

    scheme: str
    code: str
    start: str | None = None
    end: str | None = None


class Area(msgspec.Struct, frozen=True):
    """A part of the site under a slug of its own that is never used again for another.

    `outlines`: each a closed ring of (longitude, latitude) in degrees, counter-clockwise, that does not cross
    itself; empty: not given.
    """

    id: str
    name: Text
    codes: tuple[AreaCode, ...] = ()
    outlines: tuple[tuple[tuple[float, float], ...], ...] = ()


class Gateway(msgspec.Struct, frozen=True):
    """What speaks for stations. `reporting_s`: seconds between its packs, None where unknown."""

    id: str
    area: str
    reporting_s: float | None = None
    stations: tuple[str, ...] = ()


class SourceDecl(msgspec.Struct, frozen=True):
    """A foreign MQTT broker, or a strike network; an empty url is our own broker."""

    id: str
    url: str = ""
    topics: tuple[str, ...] = ()
    adapter: str = ""
    credentials_file: str = ""
    gateway: str | None = None


class RawRule(msgspec.Struct, frozen=True):
    """A `[[rule]]` as written, with the line it starts on; `alerts.rule` gives it meaning."""

    table: dict[str, Any]
    line: int


class Site(msgspec.Struct, frozen=True):
    """Everything the files say, checked and with defaults applied; `version` names exactly this."""

    id: str
    name: Text
    zone: str
    languages: tuple[str, ...]
    bounds: tuple[float, float, float, float] | None
    areas: dict[str, Area]
    gateways: dict[str, Gateway]
    sources: tuple[SourceDecl, ...]
    stations: dict[str, Station]
    sensors: dict[str, Sensor]
    rules: tuple[RawRule, ...]
    version: str

    def area_of(self, sensor: Sensor) -> str:
        """Area slug of a sensor's station, or `site`."""
        return self.stations[sensor.station].area

    def gateway_of(self, source: SourceDecl) -> str | None:
        """Gateway that a source comes by: the one it names, else the one of its own name, if there is one."""
        return source.gateway or (source.id if source.id in self.gateways else None)


def version_of(files: Mapping[str, bytes]) -> str:
    """32 hex that name these files' content; the name of the object in SITES."""
    digest = sha256()
    for name in (*FILES, *(name for name in OPTIONAL if name in files)):
        content = files.get(name, b"")
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()[:32]


class _Bundle(msgspec.Struct):
    files: dict[str, bytes]
    v: int = FORMAT


def bundle(files: Mapping[str, bytes]) -> bytes:
    """Put a site's files into one object."""
    return msgspec.msgpack.encode(_Bundle({name: files[name] for name in EVERY_FILE if name in files}))


def unbundle(data: bytes) -> dict[str, bytes]:
    """Take the files out again.

    Raises:
        ValueError: not a bundle, or of a newer release.
    """
    found = msgspec.msgpack.decode(data, type=_Bundle)
    if found.v != FORMAT:
        msg = f"site bundle format {found.v} is not {FORMAT}; a newer release wrote it"
        raise ValueError(msg)
    return found.files
