"""A group: several messages of one stream, decoded and ready to be written in one transaction."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from services.ingest.archive.events import EventRow, decode_event
from services.observation import batch, messages
from services.observation.batch import Batch, BatchError
from services.observation.messages import GatewayState, SiteVersion, StrikeBatch

ROWS = 100_000
"""Rows of one transaction: more gains nothing and makes a failed one dearer."""


class Arrived(Protocol):
    """What we use of a stream's message (`runtime.follow.Message`)."""

    @property
    def sequence(self) -> int: ...  # noqa: D102
    @property
    def kind(self) -> str: ...  # noqa: D102
    @property
    def data(self) -> bytes: ...  # noqa: D102
    @property
    def time_us(self) -> int: ...  # noqa: D102


class Unreadable(msgspec.Struct):
    """A message that is passed over, and why."""

    sequence: int
    reason: str


class Group(msgspec.Struct):
    """Decoded messages of one stream, in order; `last` is the last message that it covers."""

    last: Arrived
    batches: list[Batch] = msgspec.field(default_factory=list)
    strikes: list[StrikeBatch] = msgspec.field(default_factory=list)
    gateways: list[GatewayState] = msgspec.field(default_factory=list)
    sites: list[SiteVersion] = msgspec.field(default_factory=list)
    events: list[EventRow] = msgspec.field(default_factory=list)
    unreadable: list[Unreadable] = msgspec.field(default_factory=list)
    messages: list[Arrived] = msgspec.field(default_factory=list)
    rows: int = 0

    @property
    def idle(self) -> bool:
        """Whether nothing in it needs a table: ticks alone."""
        return not (
            self.batches or self.strikes or self.gateways or self.sites or self.events or self.unreadable
        )


def read_readings(group: Group, message: Arrived) -> None:
    """Enter a message of READINGS; one that can't be read is noted and passed over."""
    if message.kind == messages.READINGS:
        _enter_batch(group, message)
    elif message.kind == messages.STRIKES:
        strikes = messages.decode_strikes(message.data)
        if sum(source.rows for source in strikes.sources) != len(strikes.strikes):
            msg = f"{len(strikes.strikes)} strikes, but its sources count otherwise"
            raise BatchError(msg)
        group.strikes.append(strikes)
        group.rows += len(strikes.strikes)
    elif message.kind == messages.GATEWAY:
        group.gateways.append(messages.decode_gateway(message.data))
    elif message.kind == messages.SITE:
        group.sites.append(messages.decode_site(message.data))
    elif message.kind != messages.TICK:
        msg = f"unknown kind {message.kind!r}"
        raise BatchError(msg)


def read_derived(group: Group, message: Arrived) -> None:
    """Enter a message of DERIVED: a batch; its sources are the engine's, not packs of a gateway."""
    _enter_batch(group, message)


def read_alerts(group: Group, message: Arrived) -> None:
    """Enter a message of ALERTS: one event."""
    group.events.append(decode_event(message.data, message.sequence))


READ = {"READINGS": read_readings, "DERIVED": read_derived, "ALERTS": read_alerts}


def groups(stream: str, arrived: Sequence[Arrived], rows: int = ROWS) -> Iterator[Group]:
    """Cut messages into groups of about `rows` rows, in order; every message is in one of them."""
    group: Group | None = None
    for message in arrived:
        if group is None:
            group = Group(message)
        enter(stream, group, message)
        if group.rows >= rows:
            yield group
            group = None
    if group is not None:
        yield group


def enter(stream: str, group: Group, message: Arrived) -> None:
    """Enter one message into a group."""
    group.last = message
    group.messages.append(message)
    try:
        READ[stream](group, message)
    except (msgspec.MsgspecError, ValueError) as error:
        group.unreadable.append(Unreadable(message.sequence, str(error)))


def alone(stream: str, arrived: Iterable[Arrived]) -> Iterator[Group]:
    """Each message in a group of its own: to find the one that the database refuses."""
    for message in arrived:
        group = Group(message)
        enter(stream, group, message)
        yield group


def _enter_batch(group: Group, message: Arrived) -> None:
    found = batch.decode(message.data)
    if found.sources:
        group.batches.append(found)
        group.rows += len(found)
