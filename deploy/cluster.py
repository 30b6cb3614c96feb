"""What `haidang up` does for one box, as steps for several: for docker-compose.yml and the split units.

    cluster.py config FOLDER       passwords, a credentials file for each service, nats.conf; before NATS
    cluster.py streams --site DIR  streams, buckets, limits and the site version; once NATS answers
    cluster.py healthy SERVICE     exit code 0 while the service's heartbeat is fresh; for a health check

Settings come from HAIDANG_* as for every service. All steps may be repeated: passwords are made once, streams
are left as they are, a site that runs already is not published again.
"""  # noqa: INP001  a script, not a package

import argparse
import asyncio
import json
import os
import shutil
import sys
import time
from pathlib import Path
from typing import Any

from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from services.cli.folder import Refused, load_site, read_site_folder
from services.cli.site import stale_words
from services.cli.site.base import read_base, write_base
from services.cli.up.machine import keep_admin_token
from services.cli.words import complain, out, say
from services.observation.heartbeat import decode
from services.runtime import logging, nats, sites
from services.runtime.accounts import ADMIN, SERVICES, Credentials, write_private
from services.runtime.errors import OperatorError
from services.runtime.nats_config import Ports, write_config
from services.runtime.settings import Settings, SettingsError
from services.runtime.streams import HEALTH, Limits, limit_mqtt

WAIT_S = 120.0
FRESH_S = 20.0
MQTT_STREAMS_S = 10.0


def main() -> int:
    """Run a step; 0 done, 1 not healthy, 2 can't be done as asked."""
    logging.configure(lowest="warning")
    options = _parser().parse_args()
    try:
        return int(options.step(options))
    except (OperatorError, SettingsError, nats.NatsError, OSError, TimeoutError) as error:
        return complain(logging.scrubbed(str(error) or repr(error)))
    except Refused as refused:
        return refused.code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    steps = parser.add_subparsers(required=True, metavar="STEP")
    config = steps.add_parser("config", help="credentials and nats.conf")
    config.add_argument("folder", metavar="FOLDER", type=Path)
    config.add_argument("--host", default="0.0.0.0", help="where nats-server listens")  # noqa: S104  a closed network
    config.add_argument("--port", type=int, default=4222)
    config.add_argument("--mqtt", type=int, default=1883)
    config.add_argument("--monitor", type=int, default=8222, help="of the server's own /healthz, on loopback")
    config.add_argument("--store", default="/data", help="where nats-server keeps its streams")
    config.add_argument("--database-host", default="timescaledb")
    config.add_argument("--strict", action="store_true", help="flush every message to the disk")
    config.set_defaults(step=_config)
    streams = steps.add_parser("streams", help="streams, buckets and the site")
    streams.add_argument("--site", metavar="DIR", required=True)
    streams.set_defaults(step=_streams)
    healthy = steps.add_parser("healthy", help="whether a service's heartbeat is fresh")
    healthy.add_argument("service", metavar="SERVICE", choices=SERVICES)
    healthy.set_defaults(step=_healthy)
    return parser


def _config(options: argparse.Namespace) -> int:
    """Everything as `up` writes it, but for where the server listens and keeps its store."""
    folder: Path = options.folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    credentials = Credentials.keep(folder / "credentials.json")
    ports = Ports(options.port, options.host, options.mqtt)
    file = write_config(folder, ports, credentials, strict=options.strict)
    config: dict[str, Any] = json.loads(file.read_text("utf-8"))
    config["host"] = options.host
    config["http"] = f"127.0.0.1:{options.monitor}"
    config["jetstream"]["store_dir"] = options.store
    write_private(file, json.dumps(config, indent=1) + "\n")
    for user in (ADMIN, *SERVICES):
        said = {"user": user, "password": credentials.nats[user]}
        write_private(folder / f"{user}.json", json.dumps(said) + "\n")
    write_private(folder / "postgres-password", credentials.postgres)
    write_private(folder / "pgpass", f"{options.database_host}:*:*:*:{credentials.postgres}\n")
    out(str(file))
    return 0


def _streams(options: argparse.Namespace) -> int:
    settings = Settings.load()
    if settings.data is None:
        return complain("HAIDANG_DATA is needed: the folder that remembers what was published")
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    keep_admin_token(settings.data)
    load_site(options.site)
    try:
        return asyncio.run(_make(settings, options.site, settings.data))
    except sites.StaleBase as stale:
        return stale_words(stale, options.site, str(settings.data))


async def _make(settings: Settings, folder: str, data: Path) -> int:
    connection = await asyncio.wait_for(nats.connect(settings, "setup"), WAIT_S)
    try:
        js = connection.js
        limits = Limits.of(shutil.disk_usage(data).free)
        await nats.ensure_streams(js, limits)
        await asyncio.to_thread(_knock, settings)
        deadline = time.monotonic() + MQTT_STREAMS_S
        while not await limit_mqtt(js, limits):
            if time.monotonic() > deadline:
                return complain("the MQTT listener made no streams; look at nats-server's log")
            await asyncio.sleep(0.2)
        files = read_site_folder(folder)
        published = await sites.publish(js, files, read_base(data, folder))
        write_base(data, folder, published.version)
        say(f"site {published.version[:12]} {'published' if published.changed else 'runs already'}")
        return 0
    finally:
        await connection.close()


def _knock(settings: Settings) -> None:
    """One MQTT session: the broker makes its streams for the first one, and they want a bound at once."""
    client = Client(CallbackAPIVersion.VERSION2, client_id="haidang-setup", clean_session=True)
    if settings.mqtt_user:
        client.username_pw_set(settings.mqtt_user, settings.mqtt_password)
    client.connect(settings.mqtt_host, settings.mqtt_port)
    client.loop_start()
    deadline = time.monotonic() + MQTT_STREAMS_S
    while not client.is_connected() and time.monotonic() < deadline:
        time.sleep(0.05)
    client.disconnect()
    client.loop_stop()


def _healthy(options: argparse.Namespace) -> int:
    async def ask() -> float:
        connection = await asyncio.wait_for(nats.connect(Settings.load(), "health-check"), 5.0)
        try:
            bucket = await connection.js.key_value(HEALTH)
            beat = decode((await bucket.get(options.service)).value or b"")
            return beat.age_s(time.time_ns() // 1000)
        finally:
            await connection.close()

    age = asyncio.run(ask())
    out(f"{options.service}: {age:.1f} s")
    return 0 if age < FRESH_S else 1


if __name__ == "__main__":
    os.umask(0o077)
    sys.exit(main())
