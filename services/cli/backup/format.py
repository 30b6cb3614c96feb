"""A backup's form: a folder of files, and a manifest that tells what they are and what they hash to."""

import contextlib
import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any, cast

import msgspec

from services.observation.text import Text
from services.runtime import formats
from services.runtime.errors import OperatorError

FORMAT = 1
MANIFEST = "manifest.json"
PIECE = 1 << 20


class BackupError(OperatorError):
    """A backup that can't be made or can't be used."""


class File(msgspec.Struct):
    """One file of a backup."""

    bytes: int
    sha256: str


class StreamPart(msgspec.Struct, kw_only=True):
    """A stream: what it was at the moment of its snapshot. `config` and `state` are NATS's own."""

    file: str
    epoch: str | None
    first: int
    last: int
    hash: str  # of the message at `last`; empty where there is none
    messages: int
    last_time: str | None  # when its last message was stored, ISO
    config: dict[str, Any]
    state: dict[str, Any]


class TablePart(msgspec.Struct):
    """A table as text, as COPY writes it, gzipped."""

    file: str
    columns: list[str]
    rows: int


class DatabasePart(msgspec.Struct):
    """All tables, as they stood in one moment."""

    server: int
    timescaledb: str | None
    schema: int
    tables: dict[str, TablePart]


class Manifest(msgspec.Struct, kw_only=True):
    """What `manifest.json` holds. Every file of the backup but itself is in `files`, by its path."""

    format: int = FORMAT
    release: str
    data: int  # format of the data folder, see `runtime/formats.py`
    site: str
    started: str  # ISO
    finished: str
    streams: dict[str, StreamPart]
    state: list[str]  # keys of KV `STATE`
    database: DatabasePart | None  # None: it was left out, as asked
    mqtt_waiting: int  # messages that the broker had and ingest had not: they are not in the backup
    notes: list[Text]
    files: dict[str, File]

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.bytes for file in self.files.values())


class Sink:
    """Writes the files of a backup and remembers what they hash to. Readable by their owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, File] = {}

    @contextlib.contextmanager
    def open(self, path: str, *, zipped: bool = False) -> Iterator[IO[bytes]]:
        """A file to be written in pieces; on the disk when the block ends."""
        place = self.folder / path
        for folder in reversed(place.relative_to(self.folder).parents):
            (self.folder / folder).mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as raw:
            counted = _Counted(raw)
            if zipped:
                # Level 1: four times smaller, three times as fast as the default; alerting goes first.
                with gzip.GzipFile("", "wb", 1, cast("Any", counted), 0) as packed:
                    yield cast("IO[bytes]", packed)
            else:
                yield cast("IO[bytes]", counted)
            raw.flush()
            os.fsync(raw.fileno())
        self.files[path] = File(counted.size, counted.digest.hexdigest())

    def add(self, path: str, content: bytes) -> None:
        """A small file at once."""
        with self.open(path) as file:
            file.write(content)

    def close(self, manifest: Manifest) -> None:
        """The manifest, last of all."""
        manifest.files = self.files
        text = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
        place = self.folder / MANIFEST
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text + b"\n")
            file.flush()
            os.fsync(file.fileno())


class _Counted:
    """What goes to a file, counted and hashed on its way."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        self.size += len(data)
        return self._raw.write(data)

    def flush(self) -> None:
        self._raw.flush()


def read(folder: Path) -> Manifest:
    """The manifest of a backup that this release can read.

    Raises:
        BackupError: not a backup, or not a whole one.
        FormatError: of a newer release.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
    except OSError as error:
        raise BackupError(
            Text(f"{folder} không phải là bản sao lưu", f"{folder} is not a backup: it has no {MANIFEST}"),
            Text(
                "chỉ ra thư mục mà haidang backup đã ghi; tên kết thúc bằng .partial là bản dở dang",
                "name a folder that haidang backup wrote; one that ends in .partial was never finished",
            ),
        ) from error
    try:
        numbers = msgspec.json.decode(content, type=_Numbers)
        formats.refuse_newer(numbers.data, str(folder), numbers.release)
        if numbers.format <= FORMAT:
            return msgspec.json.decode(content, type=Manifest)
    except msgspec.MsgspecError as error:
        raise _broken(folder, f"{MANIFEST}: {error}") from error
    raise BackupError(
        Text(
            f"{folder} do phiên bản {numbers.release} ghi, định dạng sao lưu {numbers.format}",
            f"{folder} was written by release {numbers.release} in backup format {numbers.format}",
        ),
        Text("cài phiên bản đó hoặc mới hơn", "install that release or a later one"),
    )


class _Numbers(msgspec.Struct):
    format: int
    data: int
    release: str


def check(folder: Path, manifest: Manifest, tell: Callable[[int], None]) -> None:
    """Hash every file; `tell` hears of the bytes done.

    Raises:
        BackupError: a file is missing or is not what was written.
    """
    done = 0
    for path, noted in manifest.files.items():
        place = folder / path
        if ".." in Path(path).parts or Path(path).is_absolute():
            raise _broken(folder, path)
        digest, size = hashlib.sha256(), 0
        try:
            with place.open("rb") as file:
                while piece := file.read(PIECE):
                    digest.update(piece)
                    size += len(piece)
                    done += len(piece)
                    tell(done)
        except OSError as error:
            raise _broken(folder, f"{path}: {error.strerror}") from error
        if (size, digest.hexdigest()) != (noted.bytes, noted.sha256):
            raise _broken(folder, path)


def _broken(folder: Path, what: str) -> BackupError:
    return BackupError(
        Text(f"{folder}: {what} bị hỏng hoặc thiếu", f"{folder}: {what} is broken or missing"),
        Text("dùng một bản sao lưu khác; không có gì bị thay đổi", "use another backup; nothing was changed"),
    )
