"""`haidang schema migrate`: bring a database's tables up to date, as the archive does at its start."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from services.cli import COMMANDS
from services.cli.words import complain, out


def add(subparsers: "argparse._SubParsersAction[Any]") -> None:
    """One verb so far."""
    parser = subparsers.add_parser("schema", help=COMMANDS["schema"].text)
    verbs = parser.add_subparsers(title="what to do", metavar="VERB", dest="verb", required=True)
    migrate = verbs.add_parser("migrate", help="create or update the tables; safe to repeat")
    migrate.add_argument("--database", metavar="URL", help="postgresql://…; else HAIDANG_DATABASE")
    migrate.add_argument(
        "--data", metavar="DIR", help="data folder of a running haidang up: use its database"
    )
    migrate.add_argument("--keep-days", metavar="N", help="drop observations older than this; default: never")
    migrate.add_argument("--json", action="store_true", help="for a script")


def run(options: argparse.Namespace) -> int:
    """Migrate and say what was done."""
    from services.runtime import run_file
    from services.runtime.settings import Settings, SettingsError

    try:
        settings = Settings.load({"database": options.database, "keep_days": options.keep_days})
    except SettingsError as error:
        return complain(str(error))
    database = settings.database
    if database is None and options.data is not None:
        found = run_file.read(Path(options.data))
        database = found.database if found is not None and found.is_running() else None
    if database is None:
        return complain(
            "no database was named → --database URL, or --data of a running haidang up",
            "chưa chỉ ra cơ sở dữ liệu → --database URL, hoặc --data của hệ thống đang chạy",
        )
    return asyncio.run(_migrate(database, settings.keep_days, as_json=options.json))


async def _migrate(database: str, keep_days: int | None, *, as_json: bool) -> int:
    import psycopg

    from services.schema.migrate import SchemaTooNew, migrate

    try:
        async with await psycopg.AsyncConnection.connect(
            database, autocommit=True, connect_timeout=10
        ) as connection:
            done = await migrate(connection, keep_days=keep_days)
    except (SchemaTooNew, psycopg.Error) as error:
        return complain(f"{str(error).strip()} → look at the database's address and its log")
    if as_json:
        out(json.dumps({**done._asdict(), "probe": done.probe._asdict()}))
        return 0
    server = f"TimescaleDB {done.probe.timescaledb}" if done.probe.has_timescaledb else "without TimescaleDB"
    out(f"schema {done.before} -> {done.after} on PostgreSQL {done.probe.server // 10000}, {server}")
    for step in done.steps:
        out(f"  {step}")
    if done.note:
        out(f"note: {done.note}")
    return 0
