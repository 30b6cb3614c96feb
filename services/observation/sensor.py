"""Stations and their sensors."""

from typing import Literal

import msgspec

from services.observation.quantity import Reports
from services.observation.text import Text

Clock = Literal["measured", "received"]

CANARY = "haidang-self.canary"
"""A reserved sensor: our own reading that proves the path alive."""

CANARY_GATEWAY = "haidang-self"

MANUAL_GATEWAY = "haidang-manual"
"""The gateway that what people read comes by: any station, and no sign of life of a gateway in the field."""


class Station(msgspec.Struct, frozen=True):
    """A place. `area` is a slug of the site, or `site` when every partition must see it.

    Attributes:
        lon: degrees east, WGS 84.
        lat: degrees north, WGS 84.
        gateway: the gateway that may speak for it, or None while none is named.
        attributes: numbers of the place: `bd1`, `bd2`, `shore_normal_deg` …
        line: where it stands in `stations.geojson`, for whoever finds fault with it.
    """

    id: str
    name: Text
    area: str
    lon: float
    lat: float
    gateway: str | None
    attributes: dict[str, float]
    line: int = 1


class Sensor(msgspec.Struct, frozen=True):
    """One channel at a station: one quantity, one unit. All defaults are applied.

    Attributes:
        unit: canonical unit of the property; everything below is in it.
        raw_unit: what a record without `u` means.
        interval_s: seconds expected between readings.
        fail_min, fail_max: outside is FAIL; None is no limit.
        suspect_min, suspect_max: outside is SUSPECT.
        rate_per_s: a faster change per second is SUSPECT.
        spike: a one-sided leap above this is SUSPECT.
        derived: the engine computes it; no gateway may send it.
    """

    id: str
    station: str
    property: str
    unit: str
    raw_unit: str
    interval_s: float
    reports: Reports
    clock: Clock
    fail_min: float | None
    fail_max: float | None
    suspect_min: float | None
    suspect_max: float | None
    rate_per_s: float | None
    spike: float | None
    derived: bool = False
