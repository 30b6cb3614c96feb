"""Where messages travel: MQTT topics, NATS subjects, partitions and the shape of ids."""

import re
from enum import StrEnum
from zlib import crc32

import msgspec

PARTITIONS = 16
"""Fixed for a site's life; kept in the metadata of READINGS and refused if different."""

SITE_SCOPE = "site"
"""The `area` of a station that every partition must see (tide, waves, wind, radar)."""

SITE_AREA = "_"
"""The area token of alerts that belong to no single area."""

READINGS_ALL = "readings.all"

_SLUG = re.compile(r"[a-z0-9-]+\Z")
_PROPERTY = re.compile(r"[a-z0-9_]+\Z")
_UP = "haidang/v1/"


class Kind(StrEnum):
    """What a gateway sends up; the value is the tail of its topic."""

    READINGS = "readings"
    STRIKES = "strikes"
    STATUS = "status"
    RESULT = "commands/result"


class Topic(msgspec.Struct, frozen=True):
    """An uplink topic, taken apart."""

    area: str
    gateway: str
    kind: Kind


UPLINK = tuple(f"{_UP}+/+/{kind}" for kind in Kind)
"""The MQTT filters ingest subscribes to."""

_KINDS = {str(kind): kind for kind in Kind}


def parse(topic: str) -> Topic | None:
    """Take an uplink topic apart; None when it is not one of ours."""
    if not topic.startswith(_UP):
        return None
    parts = topic[len(_UP) :].split("/", 2)
    if len(parts) != 3 or not is_slug(parts[0]) or not is_slug(parts[1]):  # noqa: PLR2004  area, gateway, kind
        return None
    kind = _KINDS.get(parts[2])
    return None if kind is None else Topic(parts[0], parts[1], kind)


def is_slug(text: str) -> bool:
    """Whether the text can name an area, a gateway, a station or a site."""
    return _SLUG.match(text) is not None


def is_property(text: str) -> bool:
    """Whether the text can name an observed property."""
    return _PROPERTY.match(text) is not None


def is_sensor_id(text: str) -> bool:
    """Whether the text is `<station>.<observed_property>`."""
    station, dot, name = text.partition(".")
    return bool(dot) and is_slug(station) and is_property(name)


def readings(area: str, gateway: str) -> str:
    """Topic of a gateway's readings."""
    return f"{_UP}{area}/{gateway}/{Kind.READINGS}"


def strikes(area: str, gateway: str) -> str:
    """Topic of a gateway's lightning strikes."""
    return f"{_UP}{area}/{gateway}/{Kind.STRIKES}"


def status(area: str, gateway: str) -> str:
    """Topic of a gateway's retained status: the bare text `online` or `offline`."""
    return f"{_UP}{area}/{gateway}/{Kind.STATUS}"


def result(area: str, gateway: str) -> str:
    """Topic of the results of commands."""
    return f"{_UP}{area}/{gateway}/{Kind.RESULT}"


def ack(area: str, gateway: str) -> str:
    """Topic on which an agent hears `want`, `seen` and `stored`."""
    return f"{_UP}{area}/{gateway}/ack"


def commands(area: str, gateway: str) -> str:
    """Topic of commands to a gateway."""
    return f"{_UP}{area}/{gateway}/commands"


def alerts(area: str, hazard: str) -> str:
    """Topic of alerts for MQTT clients."""
    return f"haidang-alerts/v1/{area}/{hazard}"


def partition(site: str, area: str) -> int:
    """Partition of a station's area; scope `site` belongs to the partition of `_` alone."""
    token = SITE_AREA if area == SITE_SCOPE else area
    return crc32(f"{site}/{token}".encode()) % PARTITIONS


def readings_subject(site: str, area: str) -> str:
    """Subject on READINGS for stations of an area; scope `site` goes where every partition reads."""
    return READINGS_ALL if area == SITE_SCOPE else f"readings.{partition(site, area)}"


def ack_subject(gateway: str, buf: str, kind: str) -> str:
    """Subject on DOWNLINK of an acknowledgement; kind is `want`, `seen` or `stored`."""
    return f"down.{gateway}.ack.{buf}.{kind}"
