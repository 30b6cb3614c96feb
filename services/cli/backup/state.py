"""The small state: KV `STATE` and the snapshots it points to, SITES; read as one, written back as one."""

import asyncio
import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import BucketNotFoundError, KeyNotFoundError, NoKeysError, NotFoundError
from nats.js.object_store import ObjectStore

from services.cli.backup.format import BackupError, Sink
from services.observation.text import Text
from services.runtime.streams import SITES, SNAPSHOTS, STATE

TRIES = 20
PAUSE_S = 0.02
OBJECT_S = (1.0, 30.0)
"""How long one object may take: at first, and at most; doubled at each try."""
KEYS_FILE = "state.json"

__all__ = ["State", "read_sites", "read_state", "write_objects", "write_state"]


class State(NamedTuple):
    """Keys with their values, and the objects of SNAPSHOTS that they name."""

    keys: dict[str, bytes]
    objects: dict[str, bytes]

    def save(self, sink: Sink) -> None:
        """Write it into a backup."""
        coded = {key: base64.b64encode(value).decode() for key, value in sorted(self.keys.items())}
        sink.add(KEYS_FILE, msgspec.json.format(msgspec.json.encode({"v": 1, "keys": coded})) + b"\n")
        save_objects(sink, SNAPSHOTS, self.objects)

    @classmethod
    def load(cls, folder: Path) -> "State":
        """Read what `save` wrote."""
        coded = msgspec.json.decode((folder / KEYS_FILE).read_bytes(), type=_Keys).keys
        keys = {key: base64.b64decode(value) for key, value in coded.items()}
        return cls(keys, load_objects(folder, SNAPSHOTS))


class _Keys(msgspec.Struct):
    keys: dict[str, str]
    v: int = 1


def save_objects(sink: Sink, bucket: str, objects: Mapping[str, bytes]) -> None:
    """Each object as a file named after it."""
    for name, content in sorted(objects.items()):
        sink.add(f"objects/{bucket}/{quote(name, safe='')}", content)


def load_objects(folder: Path, bucket: str) -> dict[str, bytes]:
    """The objects of a bucket as `save_objects` wrote them."""
    place = folder / "objects" / bucket
    return {unquote(f.name): f.read_bytes() for f in sorted(place.iterdir())} if place.is_dir() else {}


async def read_state(js: JetStreamContext) -> State:
    """All keys, each with the snapshots it names.

    Engine and ingest write a new snapshot, move their key, and delete the old one. Where a snapshot is gone
    before we have it, its key has moved: it is read again.

    Raises:
        BackupError: a key moves faster than we read, or names what is not there.
    """
    state = State({}, {})
    try:
        bucket = await js.key_value(STATE)
        names = await bucket.keys()
    except (NoKeysError, BucketNotFoundError, NotFoundError):
        return state
    store = await js.object_store(SNAPSHOTS)
    for key in dict.fromkeys(names):  # one that moves while they are listed is listed twice
        for attempt in range(TRIES):
            try:
                value = (await bucket.get(key)).value or b""
                found = {name: await _object(store, name, attempt) for name in named(key, value)}
            except KeyNotFoundError:
                break  # deleted since
            except (NotFoundError, TimeoutError):
                await asyncio.sleep(PAUSE_S)
                continue
            state.keys[key] = value
            state.objects.update(found)
            break
        else:
            raise _restless(key)
    return state


async def _object(store: ObjectStore, name: str, attempt: int = TRIES) -> bytes:
    """One object. nats-py waits for ever for the pieces of one that is deleted while it is read."""
    patience = min(OBJECT_S[0] * 2**attempt, OBJECT_S[1])
    return (await asyncio.wait_for(store.get(name), patience)).data or b""


def _restless(key: str) -> BackupError:
    return BackupError(
        Text(f"ảnh chụp trạng thái {key} không đọc được", f"the snapshot of {key} can't be read"),
        Text("thử lại khi máy bớt tải", "try again when the machine is less busy"),
    )


async def read_sites(js: JetStreamContext) -> dict[str, bytes]:
    """Every site version; objects are only ever added there."""
    return await _objects(js, SITES)


async def read_key(js: JetStreamContext, key: str) -> bytes | None:
    """One key of STATE; None where it is not set."""
    try:
        return (await (await js.key_value(STATE)).get(key)).value or b""
    except (KeyNotFoundError, BucketNotFoundError, NotFoundError):
        return None


async def write_objects(js: JetStreamContext, bucket: str, objects: Mapping[str, bytes]) -> None:
    """Put objects back."""
    store = await js.object_store(bucket)
    for name, content in objects.items():
        await store.put(name, content)


async def write_state(js: JetStreamContext, state: State) -> None:
    """Put snapshots back, then the keys that name them."""
    await write_objects(js, SNAPSHOTS, state.objects)
    bucket = await js.key_value(STATE)
    for key, value in state.keys.items():
        await bucket.put(key, value)


def named(key: str, value: bytes) -> Iterator[str]:
    """Names of the snapshots that a key points to: all begin with the key itself and a dot."""
    try:
        yield from _strings(msgspec.json.decode(value), key + ".")
    except msgspec.MsgspecError:
        return


def _strings(value: Any, start: str) -> Iterator[str]:
    if isinstance(value, str) and value.startswith(start):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part, start)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part, start)


async def _objects(js: JetStreamContext, bucket: str) -> dict[str, bytes]:
    try:
        store = await js.object_store(bucket)
        infos = await store.list()
    except (BucketNotFoundError, NotFoundError):
        return {}
    found = {}
    for info in infos:
        try:
            found[info.name] = await _object(store, info.name)
        except NotFoundError:  # deleted since
            continue
    return found
