"""The configuration of the embedded nats-server, written at each start."""

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

from services.runtime.accounts import LOCAL, Credentials, users, write_private
from services.runtime.leaf import Leaf

ACCOUNT = "HD"
MAX_PAYLOAD = 8 << 20  # a message above it closes the connection; the agent splits at 1 MB


class Ports(NamedTuple):
    """Where the server listens: clients on loopback, MQTT where the operator says."""

    nats: int
    mqtt_host: str
    mqtt: int


def write_config(  # noqa: PLR0913  what a configuration is made of
    folder: Path,
    ports: Ports,
    credentials: Credentials,
    *,
    strict: bool,
    linked: Leaf | None = None,
    name: str = "nats.conf",
) -> Path:
    """Write `nats.conf` into the folder, readable by us only; return its path. `linked`: to other sites."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = folder / name
    # The server's own configuration language takes JSON.
    config = _config(folder, ports, credentials, strict=strict)
    if linked is not None:
        config["accounts"][ACCOUNT]["exports"] = linked.exports()
        config["accounts"] |= linked.accounts(ACCOUNT)
        config |= linked.config()
    write_private(file, json.dumps(config, indent=1) + "\n")
    return file


def _config(folder: Path, ports: Ports, credentials: Credentials, *, strict: bool) -> dict[str, Any]:
    return {
        "server_name": "haidang",
        "host": "127.0.0.1",
        "port": ports.nats,
        "max_payload": MAX_PAYLOAD,
        "jetstream": {
            "store_dir": str(folder / "store"),
            # A power cut costs at most the last 100 ms; strict: nothing, at about ten times the price.
            "sync_interval": "always" if strict else "100ms",
            # Our streams have bounds of their own. The default, three quarters of the *free* disk,
            # would shrink as they fill, and could refuse at a restart what it allowed before.
            "max_file_store": shutil.disk_usage(folder).total,
            "max_memory_store": 64 << 20,
        },
        "mqtt": {
            "host": ports.mqtt_host,
            "port": ports.mqtt,
            # The defaults, 30 s and 1,024, leave ingest deaf for half a minute after a crash.
            "ack_wait": "2s",
            "max_ack_pending": 4096,
            # MQTT's own, not the server's: a NATS client without a name stays outside.
            "no_auth_user": LOCAL,
        },
        "accounts": {ACCOUNT: {"jetstream": "enabled", "users": users(credentials)}},
    }
