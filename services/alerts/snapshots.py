"""Snapshots of the engine: one object per partition, found by a pointer that only the owner may move.

An old worker that wakes up can't overwrite a newer state: the pointer moves under its expected
revision, and a refused move ends the worker.
"""

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import (
    APIError,
    KeyNotFoundError,
    KeyWrongLastSequenceError,
    NotFoundError,
    ObjectNotFoundError,
)
from nats.js.kv import KeyValue
from nats.js.object_store import ObjectStore

from services.runtime import logging
from services.runtime.nats import NatsError
from services.runtime.position import Position
from services.runtime.streams import SNAPSHOTS, STATE

FORMAT = 1
log = logging.get("snapshot")


class Owned(Exception):  # noqa: N818  a fact about who owns the partition
    """Another worker moved this partition's pointer: this one is no longer the owner."""

    def __init__(self, partition: int) -> None:
        """Name the partition."""
        super().__init__(
            f"partition {partition} has another owner; this worker ends. Run one worker per partition"
        )


class Snapshot(msgspec.Struct):
    """The engine's state of one partition, after everything up to `readings` was applied and published.

    Attributes:
        site_version: the site under which the state was written.
        readings: the last message of READINGS in it.
        alerts: every event it led to stands at or below this place of ALERTS.
        state: the engine's own bytes.
    """

    partition: int
    site_version: str
    readings: Position
    alerts: Position
    state: bytes
    v: int = FORMAT


class _Pointer(msgspec.Struct):
    object: str
    readings_seq: int
    v: int = FORMAT


class Snapshots:
    """Saves and loads the snapshots of the partitions that a worker owns."""

    def __init__(self, state: KeyValue, objects: ObjectStore) -> None:
        """Take the bucket of pointers and the store of objects; `open_snapshots` finds them."""
        self._state, self._objects = state, objects
        self._revision: dict[int, int] = {}
        self._object: dict[int, str] = {}

    async def load(self, partition: int) -> Snapshot | None:
        """The last snapshot of a partition; None at the first start, or where it can't be read."""
        try:
            entry = await self._state.get(_key(partition))
        except KeyNotFoundError:
            self._revision[partition] = 0
            return None
        self._revision[partition] = entry.revision or 0
        pointer = msgspec.json.decode(entry.value or b"", type=_Pointer)
        self._object[partition] = pointer.object
        try:
            data = (await self._objects.get(pointer.object)).data or b""
            snapshot = msgspec.msgpack.decode(data, type=Snapshot)
        except (ObjectNotFoundError, NotFoundError, msgspec.MsgspecError) as error:
            log.error("snapshot_unreadable", partition=partition, object=pointer.object, error=repr(error))
            return None
        if snapshot.v > FORMAT:
            log.error("snapshot_too_new", partition=partition, format=snapshot.v)
            return None
        return snapshot

    async def save(self, snapshot: Snapshot) -> None:
        """Write the object, move the pointer, then drop the object before.

        Raises:
            Owned: the pointer was moved by somebody else.
        """
        partition = snapshot.partition
        name = f"engine.{partition}.{snapshot.readings.epoch}.{snapshot.readings.sequence}"
        await self._objects.put(name, msgspec.msgpack.encode(snapshot))
        pointer = msgspec.json.encode(_Pointer(name, snapshot.readings.sequence))
        try:
            if self._revision.get(partition):
                revision = await self._state.update(_key(partition), pointer, last=self._revision[partition])
            else:
                revision = await self._state.create(_key(partition), pointer)
        except KeyWrongLastSequenceError as error:
            raise Owned(partition) from error
        self._revision[partition] = revision
        before = self._object.get(partition)
        self._object[partition] = name
        if before and before != name:
            try:
                await self._objects.delete(before)
            except (NatsError, APIError, ObjectNotFoundError, NotFoundError) as error:
                log.warning("old_snapshot_kept", object=before, error=repr(error))


async def open_snapshots(js: JetStreamContext) -> Snapshots:
    """Find the bucket and the store that `up` made."""
    return Snapshots(await js.key_value(STATE), await js.object_store(SNAPSHOTS))


def _key(partition: int) -> str:
    return f"engine.{partition}"
