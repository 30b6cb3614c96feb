"""Words to the terminal: results on stdout, everything else on stderr."""

import errno
import sys

from services.runtime import logging

REFUSED = 2

_OF_THE_WORLD = {
    errno.ENOSPC: (
        "the disk is full → free some space, or choose another --data folder",
        "đĩa đã đầy → giải phóng dung lượng hoặc chọn thư mục --data khác",
    ),
    errno.EDQUOT: (
        "the disk quota is used up → ask for more, or choose another --data folder",
        "hết hạn mức đĩa → xin thêm hoặc chọn thư mục --data khác",
    ),
    errno.EACCES: (
        "no permission → run as the owner of the folder, or change its rights",
        "không có quyền → chạy bằng chủ sở hữu thư mục hoặc đổi quyền",
    ),
    errno.EROFS: (
        "the file system is read-only → choose another --data folder",
        "hệ thống tệp chỉ đọc → chọn thư mục --data khác",
    ),
    errno.EEXIST: (
        "there is a file of this name, not a folder → choose another path",
        "đã có tệp mang tên này, không phải thư mục → chọn đường dẫn khác",
    ),
    errno.ENOTDIR: (
        "part of the path is a file, not a folder → choose another path",
        "một phần đường dẫn là tệp, không phải thư mục → chọn đường dẫn khác",
    ),
}


def out(line: str) -> None:
    """One line of result, at once, for scripts that wait for it."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say(line: str) -> None:
    """Progress."""
    sys.stderr.write(logging.person_line(line) + "\n")
    sys.stderr.flush()


def counted(number: int, noun: str) -> str:
    """A number and its English noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def complain(english: str, vietnamese: str = "") -> int:
    """Say why it can't be done; the value is the exit code for that."""
    say(f"haidang: {english}")
    if vietnamese and vietnamese != english:
        say(f"haidang: {vietnamese}")
    return REFUSED


def of_the_world(error: OSError) -> tuple[str, str]:
    """What an error of the operating system means for the person at the keyboard; English, Vietnamese."""
    where = f"{error.filename}: " if error.filename else ""
    english, vietnamese = _OF_THE_WORLD.get(error.errno or 0, (f"{error.strerror or error}",) * 2)
    return where + english, where + vietnamese
