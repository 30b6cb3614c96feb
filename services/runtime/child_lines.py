"""What children write: the pipe it comes by, and the file it goes to."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Self

LOG_BYTES, LOG_FILES = 5 << 20, 3
LINE_LIMIT = 1 << 20


class Pipe:
    """A child's stderr.

    A pipe of our own: asyncio's would make waiting for the child's end wait for the last descendant
    that holds it, frozen ones too.
    """

    def __init__(self, reader: asyncio.StreamReader, transport: asyncio.ReadTransport, entry: int) -> None:
        self.reader, self.entry = reader, entry
        self._transport = transport

    @classmethod
    async def open(cls) -> Self:
        """A new one; `entry` is for the child."""
        exit_, entry = os.pipe()
        reader = asyncio.StreamReader(limit=LINE_LIMIT)
        try:
            transport, _ = await asyncio.get_running_loop().connect_read_pipe(
                lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(exit_, "rb", buffering=0)
            )
        except BaseException:
            os.close(entry)
            raise
        return cls(reader, transport, entry)

    def close_entry(self) -> None:
        """The child has it now; our own copy would keep the end of its lines from us."""
        os.close(self.entry)

    def close(self) -> None:
        """No more lines."""
        self._transport.close()


class RotatingFile:
    """A log file of bounded size; a full disk costs the log, never the service."""

    def __init__(self, path: Path, limit: int = LOG_BYTES, keep: int = LOG_FILES) -> None:
        self._path, self._limit, self._keep = path, limit, keep
        self._file = path.open("ab")

    def write(self, line: str) -> None:
        """Append a line; move the file aside when it is full."""
        try:
            self._file.write(line.encode() + b"\n")
            self._file.flush()
            if self._file.tell() > self._limit:
                self._rotate()
        except (OSError, ValueError):
            pass

    def close(self) -> None:
        """No more lines."""
        with contextlib.suppress(OSError):
            self._file.close()

    def _rotate(self) -> None:
        self._file.close()
        for number in range(self._keep - 1, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            if newer.exists():
                newer.replace(older)
        self._file = self._path.open("ab")
