"""Formats: the number that a data folder carries, and which release may open it.

One number for everything under a data folder. Whoever changes the form of a table, a snapshot or a
message adds a line to `KNOWN`; a test holds it against the numbers in the code.
"""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import msgspec

from services.observation.instants import iso
from services.observation.text import Text
from services.runtime.accounts import write_private
from services.runtime.clock import now_us
from services.runtime.errors import OperatorError

FILE = "formats.json"
FORMAT = 1

# What the first release left behind, which wrote no mark yet.
_SIGNS = ("nats", "postgres", "credentials.json", "run.json", "site-base.json")


class Known(NamedTuple):
    """What a data folder of one number holds. `by_itself`: `up` may go there from the number before."""

    release: str  # the first that wrote it
    schema: int  # of the database
    engine: int  # snapshot of the engine
    ingest: int  # snapshot of ingest
    by_itself: bool
    change: Text  # from the number before


KNOWN: dict[int, Known] = {
    1: Known("0.1.0", 1, 1, 1, by_itself=True, change=Text("phiên bản đầu tiên", "the first release")),
    2: Known(
        "0.2.0",
        2,
        2,
        2,
        by_itself=True,
        change=Text(
            "bảng ghi các lần khôi phục; ảnh chụp của bộ máy cảnh báo và của ingest giữ thêm trạng thái",
            "a table of restores; snapshots of engine and ingest hold more",
        ),
    ),
    3: Known(
        "0.3.0",
        2,
        3,
        2,
        by_itself=True,
        change=Text(
            "ảnh chụp của bộ máy cảnh báo giữ thêm tia sét và phép đếm; có luồng lệnh chiếu sáng",
            "snapshots of the engine hold strikes and counts; a stream of orders to street lights",
        ),
    ),
    4: Known(
        "0.4.0",
        2,
        3,
        2,
        by_itself=True,
        change=Text(
            "tài khoản người dùng, sổ gửi tin và kho báo cáo; sự kiện của người trực và của bộ canh giữ",
            "accounts of people, a record of what was sent, a store of reports; events of people and keeper",
        ),
    ),
}
DATA = max(KNOWN)


class FormatError(OperatorError):
    """A data folder that this release must not open."""


class Mark(msgspec.Struct, kw_only=True):
    """What `formats.json` holds: the number, who wrote it last, and where the folder came from."""

    format: int = FORMAT
    data: int
    release: str
    since: str  # when the folder got this number, ISO
    before: int | None = None  # the number it had, where it was upgraded


def release() -> str:
    """This release, as its package says."""
    try:
        return version("haidang")
    except PackageNotFoundError:
        return KNOWN[DATA].release


def read(data: Path) -> Mark | None:
    """The mark of a data folder; None where there is none.

    Raises:
        FormatError: it can't be read.
    """
    try:
        return msgspec.json.decode((data / FILE).read_bytes(), type=Mark)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise FormatError(
            Text(f"{data / FILE} không đọc được: {error}", f"{data / FILE} can't be read: {error}"),
            Text("khôi phục tệp này từ bản sao lưu", "put that file back from a backup"),
        ) from error


def number(data: Path) -> int:
    """The number of a data folder; 0 for one that holds nothing yet.

    Raises:
        FormatError: its mark can't be read.
    """
    mark = read(data)
    if mark is not None:
        return mark.data
    return 1 if any((data / name).exists() for name in _SIGNS) else 0


def write(data: Path, held: int, before: int | None = None) -> None:
    """Say that the folder has this number from now on, and that this release was here."""
    mark = read(data)
    if mark is None or mark.data != held:
        mark = Mark(data=held, release=release(), since=iso(now_us()), before=before)
    mark.release = release()
    text = msgspec.json.format(msgspec.json.encode(mark), indent=1).decode()
    write_private(data / FILE, text + "\n")


def refuse_newer(held: int, what: str, written_by: str | None = None) -> None:
    """Stop where a newer release was: it may have changed what this one would misread.

    Raises:
        FormatError: it is newer than this release.
    """
    if held <= DATA:
        return
    by = f" ({written_by})" if written_by else ""
    raise FormatError(
        Text(
            f"{what} có định dạng {held} của một phiên bản mới hơn{by};"
            f" phiên bản {release()} này chỉ đọc đến {DATA}",
            f"{what} has format {held}, of a newer release{by}; this release {release()} reads up to {DATA}",
        ),
        Text(
            "cài phiên bản mới hơn đó; hoặc bằng phiên bản đó chạy haidang upgrade --data THƯ_MỤC --rollback",
            "install that newer release, or with it: haidang upgrade --data DIR --rollback",
        ),
    )
