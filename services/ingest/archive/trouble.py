"""What the database's refusals mean to the person on duty: one table."""

from typing import NamedTuple

import psycopg

from services.observation.text import Text


class Trouble(NamedTuple):
    """A complaint: its code and words, with the remedy in them."""

    code: str
    text: Text


_AWAY = Trouble(
    "database_away",
    Text(
        "Không kết nối được cơ sở dữ liệu; số đo vẫn được giữ trong luồng, cảnh báo vẫn chạy. "
        "Hãy kiểm tra PostgreSQL có đang chạy và địa chỉ --database",
        "the database does not answer; readings are kept in the stream and alerting goes on. "
        "Check that PostgreSQL runs and that --database names it",
    ),
)
# by SQLSTATE, longest match first
_TABLE: tuple[tuple[str, Trouble], ...] = (
    (
        "53100",
        Trouble(
            "database_disk_full",
            Text(
                "Ổ đĩa của cơ sở dữ liệu đã đầy; lưu trữ tạm dừng và sẽ tự chạy tiếp. "
                "Hãy giải phóng dung lượng hoặc đặt keep_days",
                "the database's disk is full; storing waits and goes on by itself. "
                "Free some space or set keep_days",
            ),
        ),
    ),
    (
        "53300",
        Trouble(
            "database_no_connections",
            Text(
                "Cơ sở dữ liệu không còn kết nối trống. "
                "Hãy tăng max_connections hoặc đóng các chương trình khác",
                "the database has no connection left. Raise max_connections or close other programs",
            ),
        ),
    ),
    (
        "53",
        Trouble(
            "database_short",
            Text(
                "Cơ sở dữ liệu thiếu tài nguyên (bộ nhớ hoặc đĩa); lưu trữ tạm dừng và sẽ tự chạy tiếp",
                "the database is short of memory or disk; storing waits and goes on by itself",
            ),
        ),
    ),
    (
        "28",
        Trouble(
            "database_refuses",
            Text(
                "Cơ sở dữ liệu từ chối tài khoản. Hãy kiểm tra tên và mật khẩu trong --database",
                "the database refuses the account. Check user and password in --database",
            ),
        ),
    ),
    (
        "3D000",
        Trouble(
            "database_missing",
            Text(
                "Không có cơ sở dữ liệu mang tên này. Hãy tạo nó (createdb) hoặc sửa --database",
                "there is no database of that name. Create it (createdb) or correct --database",
            ),
        ),
    ),
    (
        "25006",
        Trouble(
            "database_read_only",
            Text(
                "Cơ sở dữ liệu chỉ cho đọc (máy dự phòng?). Hãy trỏ --database đến máy chính",
                "the database is read-only (a standby?). Point --database at the primary",
            ),
        ),
    ),
    (
        "42501",
        Trouble(
            "database_rights",
            Text(
                "Tài khoản không có quyền tạo hoặc ghi bảng. Hãy cấp quyền sở hữu cơ sở dữ liệu cho nó",
                "the account may not create or write the tables. Make it the database's owner",
            ),
        ),
    ),
    ("08", _AWAY),
    ("57P", _AWAY),
    ("58", _AWAY),
)


def of(error: BaseException) -> Trouble:
    """Say what an error of the database means."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        text = str(error)
        if "password authentication failed" in text or "no password supplied" in text:
            state = "28P01"
        elif "does not exist" in text and "database" in text:
            state = "3D000"
        elif isinstance(error, psycopg.OperationalError | OSError | TimeoutError):
            return _AWAY
        else:
            state = "?"
    for start, trouble in sorted(_TABLE, key=lambda line: -len(line[0])):
        if state.startswith(start):
            return trouble
    first = (str(error).splitlines() or [repr(error)])[0]
    return Trouble(
        "database_error",
        Text(
            f"Cơ sở dữ liệu báo lỗi {state}: {first}. Lưu trữ sẽ thử lại",
            f"the database answers with error {state}: {first}. Storing tries again",
        ),
    )
