"""The shelf: a folder with the backups of a site side by side; one that is not finished never counts."""

import contextlib
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.cli.backup.format import MANIFEST, BackupError
from services.observation.text import Text

START, HALF = "haidang-", ".partial"
LOCK = "writing"


def name_of(site: str, stamp: str) -> str:
    """`haidang-<site>-20261122T021500Z` of an ISO time; names sort by time."""
    whole = stamp.partition(".")[0].rstrip("Z")
    return f"{START}{site}-{whole.replace('-', '').replace(':', '')}Z"


def backups(shelf: Path, site: str | None = None) -> list[Path]:
    """The finished backups on a shelf, oldest first."""
    start = START if site is None else f"{START}{site}-2"
    found = [place for place in shelf.glob(f"{start}*") if (place / MANIFEST).is_file()]
    return sorted((p for p in found if not p.name.endswith(HALF)), key=lambda p: p.name.rpartition("-")[2])


def newest(place: Path) -> Path:
    """The backup itself, or the newest one of a shelf.

    Raises:
        BackupError: a shelf with backups of several sites.
    """
    if (place / MANIFEST).is_file():
        return place
    found = backups(place)
    sites = sorted({one.name.rpartition("-")[0] for one in found})
    if len(sites) > 1:
        names = ", ".join(site.removeprefix(START) for site in sites)
        raise BackupError(
            Text(
                f"{place} chứa bản sao lưu của nhiều địa bàn: {names}",
                f"{place} holds backups of several sites: {names}",
            ),
            Text("chỉ rõ một bản", f"name one of them, as {found[-1]}"),
        )
    return found[-1] if found else place


@contextmanager
def half(shelf: Path, name: str) -> Iterator[Path]:
    """A folder to write into; it gets its name when the block ends well, and else it is gone.

    Raises:
        BackupError: there is a backup of that name.
        OSError: the shelf can't be written.
    """
    shelf.mkdir(mode=0o700, parents=True, exist_ok=True)
    _sweep(shelf)
    place, done = shelf / (name + HALF), shelf / name
    if done.exists():
        raise BackupError(
            Text(f"{done} đã có", f"{done} is there already"), Text("chờ một giây", "wait a second")
        )
    place.mkdir(mode=0o700)
    lock = os.open(place / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)  # tells the next one that this is not left over
    try:
        yield place
        (place / LOCK).unlink()
        _flush(place)
        place.rename(done)
        _flush(shelf)
    except BaseException:
        shutil.rmtree(place, ignore_errors=True)
        raise
    finally:
        os.close(lock)


def keep(shelf: Path, site: str, number: int) -> list[str]:
    """Remove all but the newest so many finished backups of a site; the names of those that went."""
    gone = backups(shelf, site)[:-number]
    for place in gone:
        # The manifest first: what is left of a removal that broke off is no backup any more.
        (place / MANIFEST).unlink()
        shutil.rmtree(place, ignore_errors=True)
    return [place.name for place in gone]


def _sweep(shelf: Path) -> None:
    """Remove what a killed backup left; one that is being written is held by its writer."""
    for place in shelf.glob(f"{START}*{HALF}"):
        with contextlib.suppress(OSError):
            lock = os.open(place / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(place, ignore_errors=True)
            finally:
                os.close(lock)


def _flush(folder: Path) -> None:
    """Names in a folder reach the disk with the folder, not with the files."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
