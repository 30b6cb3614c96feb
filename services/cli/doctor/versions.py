"""Versions: ours, the servers', and pairs that are known to go wrong together."""

import platform
import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from services.cli.doctor.finding import Finding, Level, ok, wrong
from services.observation.text import Text

TRIED_NATS = (2, 14)
ABI_BREAK = frozenset({(17, 1), (16, 5), (15, 9), (14, 14), (13, 17), (12, 21)})
"""PostgreSQL's releases of 14 November 2024 broke extensions that were built for the one before
(timescale/timescaledb#7478: crashes on update)."""
FIRST_FOR_18 = (2, 23)
"""The first TimescaleDB for PostgreSQL 18, by its release notes."""


class Versions(NamedTuple):
    """What runs; empty where it is not known."""

    nats_server: str = ""
    postgres: str = ""
    timescaledb: str = ""
    community: bool = False
    schema: str = ""


def ours() -> str:
    """This program's version."""
    try:
        return version("haidang")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "0"


def look(found: Versions) -> Iterator[Finding]:
    """One line of all, and one for each pair that is known to be bad."""
    parts = [f"haidang {ours()}", f"Python {platform.python_version()}"]
    parts += [f"nats-server {found.nats_server}"] if found.nats_server else []
    parts += [f"PostgreSQL {found.postgres}"] if found.postgres else []
    if found.timescaledb:
        edition = "Community" if found.community else "Apache"
        parts.append(f"TimescaleDB {found.timescaledb} ({edition})")
    elif found.postgres:
        parts.append("no TimescaleDB")
    line = ", ".join(parts)
    bad = list(known_bad(found))
    yield from bad
    if not bad:
        yield ok("version", "all", line.replace("no TimescaleDB", "không có TimescaleDB"), line)


def known_bad(found: Versions) -> Iterator[Finding]:
    """Versions that must not be run, or not together."""
    nats = _numbers(found.nats_server)
    if nats and nats < (2, 12):
        yield _bad(
            Level.BAD,
            "nats",
            f"nats-server {found.nats_server}",
            "quá cũ: cần 2.12 trở lên",
            "too old: 2.12 or later is needed",
            "nâng cấp nats-server",
            "upgrade nats-server",
        )
    elif nats and nats < TRIED_NATS:
        yield _bad(
            Level.WARN,
            "nats",
            f"nats-server {found.nats_server}",
            "chưa được thử; bản 2.12.1 được biết là mất bản tin khi tệp hỏng (nats-server#7549)",
            "was not tried with us; 2.12.1 loses messages when a file is damaged (nats-server#7549)",
            "nâng cấp lên 2.14 trở lên",
            "upgrade to 2.14 or later",
        )
    postgres, timescale = _numbers(found.postgres), _numbers(found.timescaledb)
    if postgres and timescale and postgres[:2] in ABI_BREAK:
        yield _bad(
            Level.BAD,
            "postgres",
            f"PostgreSQL {found.postgres} + TimescaleDB {found.timescaledb}",
            "PostgreSQL bản này làm TimescaleDB hỏng khi ghi",
            "this release of PostgreSQL crashes TimescaleDB",
            "nâng PostgreSQL lên bản vá tiếp theo",
            "upgrade PostgreSQL to the next minor release",
        )
    if postgres and timescale and postgres[0] >= 18 and timescale < FIRST_FOR_18:  # noqa: PLR2004
        yield _bad(
            Level.BAD,
            "timescaledb",
            f"PostgreSQL {found.postgres} + TimescaleDB {found.timescaledb}",
            "TimescaleDB bản này không dành cho PostgreSQL 18",
            "this TimescaleDB is not made for PostgreSQL 18",
            "nâng TimescaleDB lên 2.23 trở lên",
            "upgrade TimescaleDB to 2.23 or later",
        )


def _bad(  # noqa: PLR0913  both languages of both sentences
    level: Level, code: str, what: str, vi: str, en: str, fix_vi: str, fix_en: str
) -> Finding:
    return wrong(level, "version", code, Text(f"{what}: {vi}", f"{what}: {en}"), Text(fix_vi, fix_en))


def _numbers(text: str) -> tuple[int, ...]:
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?", text)
    return tuple(int(part) for part in match.groups() if part is not None) if match else ()
