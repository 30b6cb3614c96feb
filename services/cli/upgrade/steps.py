"""From one format of a data folder to the next, and back.

Forward nothing is converted: this release reads what the last one wrote, and writes its own form as it goes.
What makes the way back possible is kept before that: snapshots and the keys that name them, a few megabytes.
Back, the tables are taken back by SQL, with their rows, and the older engine goes on from its own old
snapshot: it reads READINGS from there again, and what is on ALERTS already it does not publish again.
"""

import shutil
from pathlib import Path

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import KeyNotFoundError, NotFoundError
from psycopg import AsyncConnection

from services import schema
from services.cli.backup import state as backup_state
from services.cli.backup.format import BackupError, Sink
from services.cli.backup.state import State
from services.cli.up.plan import CannotStart
from services.cli.words import say
from services.observation.instants import iso, micros
from services.observation.text import Text
from services.runtime import formats
from services.runtime.clock import now_us
from services.runtime.streams import SNAPSHOTS, STATE

FOLDER, COPY = "upgrade", "copy.json"
HALF = ".half"
KEPT_DAYS = 7
"""So long READINGS reaches back: the older engine can judge again what came since the upgrade."""


class Copy(msgspec.Struct):
    """What a copy for the way back is of."""

    data: int
    schema: int
    release: str
    taken: str  # ISO


def path_to(held: int) -> list[int]:
    """The numbers that a folder goes through."""
    return list(range(held + 1, formats.DATA + 1))


def refuse(data: Path, held: int) -> None:
    """Stop `up` where it must not go on by itself.

    Raises:
        FormatError: a newer release was here.
        CannotStart: the way to this release takes long, or is not safe without being asked for.
    """
    formats.refuse_newer(held, str(data), _writer(data))
    if held and not all(formats.KNOWN[step].by_itself for step in path_to(held)):
        raise CannotStart(
            Text(
                f"{data} thuộc phiên bản {formats.KNOWN[held].release}",
                f"{data} is of release {formats.KNOWN[held].release}",
            ),
            Text(
                f"chạy: haidang upgrade --data {data}, rồi khởi động lại",
                f"run: haidang upgrade --data {data}, then start again",
            ),
        )


async def at_start(js: JetStreamContext, data: Path, held: int) -> None:
    """What `up` does between its server and its services: keep the way back, and mark the folder."""
    if 0 < held < formats.DATA:
        await keep(js, data, held)
        say(
            f"data folder upgraded from {formats.KNOWN[held].release} to {formats.release()};"
            f" back, after stopping: haidang upgrade --data {data} --rollback / đã nâng cấp dữ liệu"
        )
    formats.write(data, formats.DATA, before=held or None)


async def forward(js: JetStreamContext, database: str | None, data: Path, held: int) -> tuple[str, ...]:
    """Upgrade a stopped folder; names of what was done to the tables.

    Raises:
        psycopg.Error, NatsError, OSError: nothing is marked; it can be repeated.
    """
    await keep(js, data, held)
    steps: tuple[str, ...] = ()
    if database is not None:
        async with await AsyncConnection.connect(database, autocommit=True, connect_timeout=10) as conn:
            steps = (await schema.migrate(conn)).steps
    formats.write(data, formats.DATA, before=held)
    return steps


async def keep(js: JetStreamContext, data: Path, held: int) -> None:
    """Keep what this release will write over."""
    place = data / FOLDER / str(held)
    half = place.with_name(place.name + HALF)
    for old in (half, place):
        shutil.rmtree(old, ignore_errors=True)
    half.mkdir(mode=0o700, parents=True)
    sink, known = Sink(half), formats.KNOWN[held]
    (await backup_state.read_state(js)).save(sink)
    taken = iso(now_us())
    sink.add(COPY, msgspec.json.encode(Copy(held, known.schema, _writer(data) or known.release, taken)))
    half.rename(place)


def way_back(data: Path) -> Copy:
    """What `back` would go to.

    Raises:
        BackupError: this folder was never upgraded, or the copy is gone.
    """
    mark = formats.read(data)
    if mark is not None and mark.before is not None:
        place = data / FOLDER / str(mark.before) / COPY
        if place.is_file():
            return msgspec.json.decode(place.read_bytes(), type=Copy)
    raise BackupError(
        Text(f"{data} không có bản trước để quay lại", f"{data} has nothing to go back to"),
        Text(
            "khôi phục một bản sao lưu: haidang restore",
            "restore a backup that the older release can read: haidang restore",
        ),
    )


async def back(js: JetStreamContext, database: str | None, data: Path, copy: Copy) -> tuple[str, ...]:
    """Take a stopped folder back to the release before; names of what was done to the tables.

    Each step can be repeated, and the mark goes last.

    Raises:
        SchemaTooNew, psycopg.Error, NatsError, OSError: the folder is still marked as upgraded.
    """
    steps: tuple[str, ...] = ()
    if database is not None:
        async with await AsyncConnection.connect(database, autocommit=True, connect_timeout=10) as conn:
            if await schema.applied_version(conn) > copy.schema:
                steps = await schema.downgrade(conn, copy.schema)
    await _put_back(js, State.load(data / FOLDER / str(copy.data)))
    if copy.data > 1:
        formats.write(data, copy.data)
    else:  # the first release knows no mark
        (data / formats.FILE).unlink()
    shutil.rmtree(data / FOLDER, ignore_errors=True)
    return steps


async def _put_back(js: JetStreamContext, kept: State) -> None:
    """Snapshots as they were; keys that name none, as the running site, stay as they are now."""
    now = await backup_state.read_state(js)
    points = {key: value for key, value in kept.keys.items() if any(backup_state.named(key, value))}
    await backup_state.write_state(js, State(points, kept.objects))
    bucket, store = await js.key_value(STATE), await js.object_store(SNAPSHOTS)
    for key, value in now.keys.items():
        if key not in points and any(backup_state.named(key, value)):
            try:
                await bucket.delete(key)
            except KeyNotFoundError:
                continue
    for name in now.objects.keys() - kept.objects.keys():
        try:
            await store.delete(name)
        except NotFoundError:
            continue


def is_old(copy: Copy, now_us: int) -> bool:
    """Whether the stream no longer reaches back to the upgrade."""
    return now_us - micros(copy.taken) > KEPT_DAYS * 86_400_000_000


def _writer(data: Path) -> str | None:
    mark = formats.read(data)
    return mark.release if mark is not None else None
