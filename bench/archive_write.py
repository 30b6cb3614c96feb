"""How fast the archive writes, as a ratio to COPY alone into a table with the same key, in one run.

    python bench/archive_write.py [--rows 2000000] [--sensors 5000] [--late] [--database URL] [--json]

Both write the same readings in turns, so that a busy machine slows both. COPY alone gets its bytes
ready made and in key order: the best a program can do. The archive gets messages as they lie on
READINGS (packs of 50) and does all of its work: decoding, sorting, ranges, accounts, position.
Without --database it starts the embedded PostgreSQL in a temporary folder.
"""

import argparse
import asyncio
import contextlib
import json
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg
from psycopg import AsyncConnection

from services import schema
from services.ingest.archive import places
from services.ingest.archive.group import groups
from services.ingest.archive.rows import Rows, gather, settle
from services.ingest.archive.writer import READINGS, Writer
from services.observation import messages
from services.observation.batch import Batch, decode
from services.observation.sources import Source
from services.runtime import embedded, postgres_server

T0 = 1_760_000_000_000_000
PACK = 50
PACKS_PER_MESSAGE = 100
ROUND = 100_000
PLAIN = """
create table plain (
    sensor_id int not null, time timestamptz not null, value float8 not null, flag int2 not null,
    received_at timestamptz not null, primary key (sensor_id, time)
)
"""
COPY = "copy plain from stdin (format binary)"


class Arrived(NamedTuple):
    """A message of READINGS."""

    sequence: int
    data: bytes
    kind: str = messages.READINGS
    time_us: int = T0


def made(number: int, sensors: int) -> list[Arrived]:
    """One round of messages: gateways of PACK sensors, each pack one reading of each of them."""
    gateways = max(1, sensors // PACK)
    arrived = []
    per_message = PACK * PACKS_PER_MESSAGE
    for message in range(ROUND // per_message):
        first = (number * ROUND + message * per_message) // PACK
        of = [(first + at) % gateways for at in range(PACKS_PER_MESSAGE)]
        turn = [(first + at) // gateways for at in range(PACKS_PER_MESSAGE)]
        names = [f"st-{g:05d}-{s:02d}.water_level" for g in of for s in range(PACK)]
        rows = np.arange(per_message)
        batch = Batch(
            [
                Source(f"gw-{g:05d}", "9f3a", t + 1, 0, 1, T0 + number, PACK)
                for g, t in zip(of, turn, strict=True)
            ],
            names,
            T0 + np.repeat(np.array(turn), PACK) * 1_000_000,
            rows.astype(np.uint32),
            np.random.default_rng(number).normal(size=per_message),
            np.ones(per_message, np.uint8),
        )
        arrived.append(Arrived(number * 1000 + message + 1, batch.encode()))
    return arrived


def plain_bytes(arrived: list[Arrived], ids: dict[str, int]) -> bytes:
    """The same rows as COPY wants them."""
    batches = [decode(message.data) for message in arrived]
    for batch in batches:
        for name in batch.sensors:
            ids.setdefault(name, len(ids) + 1)
    rows: Rows = settle(gather(batches, ids)).rows
    return rows.as_copy()


async def measure(dsn: str, total: int, sensors: int, *, late: bool = False) -> dict[str, float]:
    """Write in turns; rows per second of both and their ratio. `late`: from the newest backwards."""
    conn = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    await schema.migrate(conn)
    await conn.execute("drop table if exists plain")
    await conn.execute(PLAIN)
    writer = Writer(conn)
    await writer.prepare()
    writer.places[READINGS] = await places.open_place(conn, READINGS, "00000000")
    ids: dict[str, int] = {}
    took = {"plain": 0.0, "archive": 0.0}
    rounds = total // ROUND
    for turn in range(rounds):
        number = rounds - turn if late else turn
        arrived = made(number, sensors)
        data = plain_bytes(arrived, ids)
        for name in ("plain", "archive") if turn % 2 else ("archive", "plain"):
            began = time.perf_counter()
            if name == "plain":
                await _plain(conn, data)
            else:
                for group in groups(READINGS, arrived):
                    await writer.write(READINGS, group)
            if turn:  # the first round makes the sensors; a site does that once
                took[name] += time.perf_counter() - began
    await conn.close()
    rows = total - ROUND
    plain, archive = rows / took["plain"], rows / took["archive"]
    return {"rows": rows, "sensors": sensors, "plain": plain, "archive": archive, "ratio": archive / plain}


async def _plain(conn: AsyncConnection[Any], data: bytes) -> None:
    async with conn.transaction(), conn.cursor() as cursor, cursor.copy(COPY) as stream:
        await stream.write(data)


@contextlib.asynccontextmanager
async def a_database(url: str | None) -> AsyncIterator[str]:
    """The database named, or an embedded one for the length of the run."""
    if url is not None:
        yield url
        return
    with tempfile.TemporaryDirectory() as folder, _embedded(Path(folder)) as dsn:
        yield dsn


@contextlib.contextmanager
def _embedded(folder: Path) -> Any:
    programs, prefix = embedded.postgres(), postgres_server.as_another_user()
    data, secret, password = folder / "data", folder / "password", secrets.token_hex(16)
    secret.write_text(password)
    init = [programs.initdb, "-D", data, "-U", "haidang", "-E", "UTF8", "--locale=C", "--auth=scram-sha-256"]
    subprocess.run([*prefix, *map(str, init), f"--pwfile={secret}"], check=True, capture_output=True)
    port = _free_port()
    options = [f"{name}={value}" for name, value in (postgres_server.SETTINGS | {"port": str(port)}).items()]
    command = [
        *prefix,
        str(programs.postgres),
        "-D",
        str(data),
        *(word for o in options for word in ("-c", o)),
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            dsn = f"postgresql://haidang:{password}@127.0.0.1:{port}/postgres"
            _wait(dsn)
            yield dsn
        finally:
            server.send_signal(2)
            server.wait(20)


def _free_port() -> int:
    import socket  # noqa: PLC0415  only for an embedded run

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(dsn: str) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            psycopg.connect(dsn).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    msg = "the embedded PostgreSQL did not start"
    raise TimeoutError(msg)


async def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--sensors", type=int, default=5_000)
    parser.add_argument("--late", action="store_true", help="from the newest backwards: every row is late")
    parser.add_argument("--database")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    async with a_database(given.database) as dsn:
        found = await measure(dsn, given.rows, given.sensors, late=given.late)
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write(
            f"{found['rows']:,.0f} rows of {found['sensors']:,.0f} sensors: "
            f"COPY alone {found['plain']:,.0f} rows/s, archive {found['archive']:,.0f} rows/s, "
            f"ratio {found['ratio']:.2f}\n"
        )


if __name__ == "__main__":
    asyncio.run(main())
