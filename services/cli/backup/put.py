"""Putting a backup into a new data folder. Nothing is there until all is there.

What was published after the backup is gone, as after a power cut that lost the tail of every stream. So it
is handled as one: the streams get new epochs, tokens from before are answered with 410 or `resync`, positions
are compared by hash and hold, ingest rebuilds `seen` from READINGS, agents send the rest again.
"""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services import schema
from services.cli.backup import files as backup_files
from services.cli.backup import format as backup_format
from services.cli.backup import state as backup_state
from services.cli.backup import streams as backup_streams
from services.cli.backup import tables as backup_tables
from services.cli.backup.format import BackupError, DatabasePart, Manifest
from services.cli.backup.servers import alone
from services.cli.backup.work import Progress, in_thread
from services.cli.up.planning import lock
from services.observation.instants import iso, micros
from services.observation.text import Text
from services.runtime import formats, streams
from services.runtime.clock import now_us
from services.runtime.streams import READINGS, SITES, Limits

HALF = ".restoring"
ROW_BYTES = 130
"""On the disk, a row of `observation` with its key; measured 105 with PostgreSQL 18."""

SPARE = 256 << 20


async def put(
    folder: Path, data: Path, database_url: str | None = None, nats_url: str | None = None
) -> Manifest:
    """Restore a backup into a data folder that is missing or empty, or into servers of others that are.

    Raises:
        BackupError: the backup or the folder can't be used; nothing was changed.
        FormatError: a newer release wrote the backup.
        NatsError, TimeoutError, psycopg.Error, OSError: a server or the disk; the folder is not made.
    """
    _refuse_used(data)
    progress = Progress()
    manifest = backup_format.read(folder)
    progress.step(Text("kiểm tra bản sao lưu", f"checking {folder}"))
    stop = threading.Event()
    check = progress.bytes("checked")
    await in_thread(stop, lambda: backup_format.check(folder, manifest, check))
    database = manifest.database
    with _half(data) as half:
        _refuse_small(half, manifest, embedded=database_url is None)
        backup_files.load(folder, half)
        with lock(half):
            async with alone(
                half,
                "restore",
                nats_url=nats_url,
                database_url=database_url,
                with_database=database is not None,
            ) as servers:
                limits, now = Limits.of(shutil.disk_usage(half).free), now_us()
                progress.step(Text("các luồng", "streams"))
                age_s = max(0.0, (now - micros(manifest.finished)) / 1e6)
                epochs = await backup_streams.load_all(servers.js, folder, manifest, limits, age_s, iso(now))
                await streams.ensure_streams(servers.js, limits)
                await backup_state.write_objects(servers.js, SITES, backup_state.load_objects(folder, SITES))
                await backup_state.write_state(servers.js, backup_state.State.load(folder))
                if database is not None and servers.database is not None:
                    await _tables(servers.database, folder, manifest, database, iso(now), progress)
        progress.step(Text("ghi xuống đĩa", f"closing; new epochs: {', '.join(epochs.values())}"))
        if manifest.data > 1:  # the first release had no mark; `up` and `upgrade` know it by that
            formats.write(half, manifest.data)
    return manifest


async def _tables(  # noqa: PLR0913  from, to, and what it is
    url: str, folder: Path, manifest: Manifest, part: DatabasePart, now: str, progress: Progress
) -> None:
    progress.step(Text("cơ sở dữ liệu", "database"))
    if part.schema > schema.LATEST:
        msg = f"the backup has schema {part.schema}, this release knows {schema.LATEST}"
        raise schema.SchemaTooNew(msg)
    await backup_tables.prepare(url, part.schema)
    stop = threading.Event()
    await in_thread(stop, lambda: backup_tables.load(url, folder, part, progress.filled, stop))
    readings = manifest.streams.get(READINGS)
    taken = None
    if readings is not None and readings.epoch:
        taken = (readings.last_time or manifest.finished, readings.epoch, readings.last)
    await backup_tables.finish(url, taken, now)


@contextmanager
def _half(data: Path) -> Iterator[Path]:
    """A folder beside the new one; renamed when all is in it, else removed."""
    half = data.with_name(data.name + HALF)
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(mode=0o700, parents=True)
    try:
        yield half
        for left in ("logs", "lock"):
            place = half / left
            if place.is_dir():
                shutil.rmtree(place)
            else:
                place.unlink(missing_ok=True)
        if data.exists():
            data.rmdir()  # it is empty, and refuses if it is not any more
        half.rename(data)
    except BaseException:
        shutil.rmtree(half, ignore_errors=True)
        raise


def _refuse_used(data: Path) -> None:
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise BackupError(
            Text(f"{data} không trống", f"{data} is not empty"),
            Text(
                "chọn thư mục mới; nếu muốn thay thế, dừng hệ thống rồi đổi tên thư mục cũ",
                "name a new folder; to replace this one stop its system and rename it first",
            ),
        )


def _refuse_small(data: Path, manifest: Manifest, *, embedded: bool) -> None:
    """Better now than after an hour."""
    needed = SPARE + sum(int(part.state.get("bytes", 0)) for part in manifest.streams.values())
    if embedded and manifest.database is not None:
        needed += ROW_BYTES * sum(part.rows for part in manifest.database.tables.values())
    free = shutil.disk_usage(data).free
    if free < needed:
        raise BackupError(
            Text(
                f"{data.parent}: đĩa còn {free >> 20} MB, cần khoảng {needed >> 20} MB",
                f"{data.parent}: {free >> 20} MB free, about {needed >> 20} MB are needed",
            ),
            Text("dùng đĩa lớn hơn", "use a larger disk"),
        )
