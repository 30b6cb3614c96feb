"""Parameters of queries: instants, bucket widths, boxes, limits, and how far they may go."""

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from fastapi import Query
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, APIWebSocketRoute
from pydantic import BeforeValidator, WithJsonSchema
from starlette.requests import HTTPConnection

from services.api.errors import invalid
from services.api.wording import UnreadableError, bad_token
from services.observation import tokens
from services.observation.instants import SECOND, micros
from services.observation.text import Text

MAX_LIMIT = 10_000
DAY_US = 86_400 * SECOND
_EARLIEST, _LATEST = micros("1990-01-01T00:00:00Z"), micros("2100-01-01T00:00:00Z")
_MAX_EVERY_S = 366 * 86_400
_WIDTH = re.compile(r"([1-9][0-9]{0,7})(s|m|h|d)\Z")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_PLUS_LOST = re.compile(r" (\d\d:?\d\d)\Z")


def read_instant(value: object) -> int:
    """ISO 8601 with zone → µs; `+` that a browser turned into a space is put back.

    Raises:
        UnreadableError: not such a time, or outside 1990 to 2100.
    """
    if isinstance(value, int):
        return value
    text = _PLUS_LOST.sub(r"+\1", str(value))
    try:
        found = micros(text)
    except (ValueError, OverflowError) as error:
        raise UnreadableError(
            Text(
                f"{text[:40]!r} không phải thời điểm ISO 8601 có múi giờ, ví dụ 2026-01-31T00:00:00Z",
                f"{text[:40]!r} is not ISO 8601 with a zone, like 2026-01-31T00:00:00Z",
            )
        ) from error
    if not _EARLIEST <= found <= _LATEST:
        shown = text[:40]
        raise UnreadableError(
            Text(
                f"{shown!r} không nằm trong khoảng năm 1990 đến 2100",
                f"{shown!r} is not between 1990 and 2100",
            )
        )
    return found


def read_width(value: object) -> int:
    """`10m` → 600 seconds.

    Raises:
        UnreadableError: not a width from 1s to 366d.
    """
    if isinstance(value, int):
        return value
    match = _WIDTH.match(str(value))
    seconds = int(match[1]) * _SECONDS[match[2]] if match else 0
    if not 1 <= seconds <= _MAX_EVERY_S:
        shown = str(value)[:40]
        raise UnreadableError(
            Text(
                f"{shown!r} không phải độ rộng từ 1s đến 366d, ví dụ 10m hoặc 1h",
                f"{shown!r} is not a width from 1s to 366d, like 10m or 1h",
            )
        )
    return seconds


def read_box(text: str) -> tuple[float, float, float, float]:
    """`w,s,e,n` in degrees.

    Raises:
        Problem: not such a box.
    """
    wrong = invalid(Text("cần tây,nam,đông,bắc theo độ", "expected west,south,east,north in degrees"), "bbox")
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError as error:
        raise wrong from error
    if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):  # noqa: PLR2004  degrees
        raise wrong
    return west, south, east, north


_TIME_SCHEMA = WithJsonSchema({"type": "string", "format": "date-time", "example": "2026-01-31T00:00:00Z"})
Instant = Annotated[int, BeforeValidator(read_instant), _TIME_SCHEMA]
From = Annotated[
    Instant | None,
    Query(
        alias="from",
        description="First instant; a day before `to` if absent. · Từ lúc; mặc định: một ngày trước `to`.",
    ),
]
To = Annotated[
    Instant | None,
    Query(description="Up to, not included; now if absent. · Đến trước lúc; mặc định bây giờ."),
]
Every = Annotated[
    Annotated[
        int,
        BeforeValidator(read_width),
        WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]{0,7}[smhd]$", "example": "10m"}),
    ]
    | None,
    Query(description="Width of buckets, from 1s; raw observations if absent. · Độ rộng khoảng gộp."),
]
# A text: of a tuple FastAPI would make a parameter that is repeated.
Box = Annotated[
    str | None,
    Query(
        max_length=100,
        description="west,south,east,north in degrees · tây,nam,đông,bắc theo độ",
        json_schema_extra={"example": "106.9,10.2,107.6,10.7"},
    ),
]
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="At most so many items. · Số mục nhiều nhất.")]
_AFTER = "The `next` of the page before. · `next` của trang trước."
Cursor = Annotated[str | None, Query(max_length=100, description=_AFTER)]
Token = Annotated[
    str | None,
    Query(
        max_length=40,
        description="Token of the last event seen, 0 from the start. · Mã sự kiện cuối đã thấy; 0: từ đầu.",
        json_schema_extra={"example": "0"},
    ),
]
Slug = Annotated[str | None, Query(max_length=100)]
Severity = Annotated[Literal["advisory", "watch", "warning", "emergency"] | None, Query()]


def read_token(text: str, epoch: str, name: str = "after") -> tokens.Token:
    """A client's token; a bare number is of the present epoch.

    Raises:
        Problem: not a token.
    """
    try:
        return tokens.parse(text, epoch)
    except ValueError as error:
        raise invalid(bad_token(text), name) from error


def span(start: int | None, end: int | None, now: int) -> tuple[int, int]:
    """Apply the defaults of `from` and `to`.

    Raises:
        Problem: the span is empty.
    """
    end = now if end is None else end
    start = max(end - DAY_US, _EARLIEST) if start is None else start
    if start >= end:
        raise invalid(Text("`from` phải trước `to`", "`from` must be before `to`"), "from")
    return start, end


def query_names(route: APIRoute | APIWebSocketRoute) -> frozenset[str]:
    """Parameters that an operation takes in its query."""
    return frozenset(_names(route.dependant))


def _names(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _names(inner)


async def only_known(connection: HTTPConnection) -> None:
    """Refuse parameters that the operation does not have: a misspelt `from` must not pass in silence.

    Raises:
        Problem: 422 naming the first one.
    """
    if not connection.query_params:
        return
    known = query_names(connection.scope["route"])
    unknown = sorted(set(connection.query_params) - known)
    if unknown:
        listed, name = ", ".join(sorted(known)), unknown[0][:40]
        vi = f"chỉ có: {listed}" if listed else "ở đây không có tham số nào"
        en = f"there are: {listed}" if listed else "none is taken here"
        said = Text(f"không có tham số {name!r}; {vi}", f"there is no parameter {name!r}; {en}")
        raise invalid(said, name)
