"""The history: whether the database answers, what it is, how large, and which sensors it has heard of."""

from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import psycopg

from services.cli.doctor.finding import Finding, Level, named, ok, size, size_vi, wrong
from services.cli.doctor.versions import Versions
from services.observation.text import Text
from services.runtime import addresses
from services.schema.migrate import LATEST, applied_version, probe

CONNECT_S, STATEMENT_MS = 3, 5_000
_SPOKE = (
    "select name from sensor where not derived"
    " and exists (select 1 from observation where sensor_id = sensor.id limit 1)"
)


class History(NamedTuple):
    """What the database told. `spoke` None: it was not asked for, or could not be found out."""

    versions: Versions
    schema: int
    size: int
    spoke: frozenset[str] | None
    error: str = ""


async def ask(url: str) -> History:
    """Ask it, read-only; an error is told, never raised, and never with the password."""
    try:
        async with await psycopg.AsyncConnection.connect(
            url,
            autocommit=True,
            connect_timeout=CONNECT_S,
            application_name="haidang-doctor",
            options=f"-c statement_timeout={STATEMENT_MS} -c default_transaction_read_only=on",
        ) as connection:
            return await _ask(connection)
    except (psycopg.Error, OSError) as error:
        said = str(error).strip().splitlines()
        return History(Versions(), 0, 0, None, addresses.shown(said[-1]) if said else type(error).__name__)


async def _ask(connection: psycopg.AsyncConnection[Any]) -> History:
    found = await probe(connection)
    schema = await applied_version(connection)
    taken = await (await connection.execute("select pg_database_size(current_database())")).fetchone()
    spoke = None
    if schema:
        try:
            spoke = frozenset(row[0] for row in await (await connection.execute(_SPOKE)).fetchall())
        except psycopg.errors.QueryCanceled:  # a very large site on a slow disk
            spoke = None
    versions = Versions(
        postgres=f"{found.server // 10000}.{found.server % 10000}",
        timescaledb=found.timescaledb or "",
        community=found.community,
    )
    return History(versions, schema, int(taken[0]) if taken else 0, spoke)


def judge(history: History | None, declared: Collection[str]) -> Iterator[Finding]:
    """What it means; `declared` are the running site's sensors, derived ones left out."""
    if history is None:
        yield ok("history", "none", "không có cơ sở dữ liệu lịch sử", "there is no history here")
        return
    if history.error:
        yield wrong(
            Level.WARN,
            "history",
            "away",
            Text(
                f"cơ sở dữ liệu không trả lời: {history.error}",
                f"the database does not answer: {history.error}",
            ),
            Text(
                "cảnh báo vẫn chạy và số đo chờ trong luồng; xem logs/postgres.log",
                "alerts go on and readings wait in the stream; look at logs/postgres.log",
            ),
        )
        return
    if history.schema != LATEST:
        yield wrong(
            Level.BAD if history.schema > LATEST else Level.WARN,
            "history",
            "schema",
            Text(
                f"lược đồ {history.schema}, chương trình này cần {LATEST}",
                f"its schema is {history.schema}, this program wants {LATEST}",
            ),
            Text(
                "haidang schema migrate; nếu lớn hơn: nâng cấp haidang",
                "haidang schema migrate; if it is higher: upgrade haidang",
            ),
        )
    else:
        schema = f"schema {history.schema}"
        vi, en = f"trả lời; {size_vi(history.size)}, {schema}", f"answers; {size(history.size)}, {schema}"
        yield ok("history", "answers", vi, en, {"bytes": history.size})
    if history.spoke is not None and declared:
        yield _never_spoke(sorted(set(declared) - history.spoke), len(declared))


def _never_spoke(silent: list[str], total: int) -> Finding:
    if not silent:
        return ok(
            "reading",
            "never_spoke",
            f"cả {total} cảm biến đã khai báo đều từng có số đo",
            f"all {total} declared sensors have spoken",
        )
    return wrong(
        Level.WARN,
        "reading",
        "never_spoke",
        Text(
            f"{len(silent)} / {total} cảm biến chưa từng có số đo: {named(silent)}",
            f"{len(silent)} of {total} sensors have never spoken: {named(silent)}",
        ),
        Text(
            "kiểm tra tên trong gói SenML và dây nối; bỏ khỏi sensors.csv nếu không có thật",
            "look at the names in the packs and the wiring; take out of sensors.csv what is not there",
        ),
        figures={"count": len(silent)},
    )
