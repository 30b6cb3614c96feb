"""The files of a data folder that are neither a server's store nor of this run: keys, accounts, bases."""

import os
from collections.abc import Iterator
from pathlib import Path

from services.api.measured import BACKUP
from services.cli.backup.format import Sink
from services.runtime import formats, run_file

FOLDER, SITE_FOLDER = "files", "site"

# Streams and tables are taken from their servers; the rest belongs to one run of one machine.
LEFT_OUT = frozenset(
    {
        "nats",
        "postgres",
        "postgres.half",
        "logs",
        "upgrade",
        "lock",
        BACKUP,
        run_file.NAME,
        formats.FILE,
    }
)


def kept(data: Path) -> Iterator[Path]:
    """Files to take, relative to the data folder. What a later release puts there is taken too."""
    for place, folders, files in os.walk(data):
        here = Path(place)
        if here == data:
            folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in sorted(files):
            file = here / name
            if (here == data and name in LEFT_OUT) or name.endswith(".new") or not file.is_file():
                continue
            yield file.relative_to(data)


def save(data: Path, sink: Sink) -> None:
    """Copy them into a backup."""
    for file in kept(data):
        sink.add(f"{FOLDER}/{file.as_posix()}", (data / file).read_bytes())


def load(folder: Path, data: Path) -> None:
    """Put them into a new data folder, for their owner alone."""
    source = folder / FOLDER
    for place, _, files in os.walk(source):
        here = data / Path(place).relative_to(source)
        here.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name in files:
            descriptor = os.open(here / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write((Path(place) / name).read_bytes())
                file.flush()
                os.fsync(file.fileno())
