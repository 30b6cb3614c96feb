"""Accounts: who may do what on NATS and MQTT, one row per service.

Subjects, not topics: MQTT's `haidang/v1/a/g/readings` is `haidang.v1.a.g.readings` here. Who writes
which stream is design: only ingest writes readings, only engine, keeper and api write alerts; api orders
commands, the lighting service sends them, and ingest writes what came back; roads keeps account of what it
delivered, link writes what other sites say.
"""

import json
import os
import secrets
from pathlib import Path
from typing import Any, NamedTuple

ADMIN, LOCAL = "up", "local"
SERVICES = ("ingest", "archive", "alerts", "keeper", "api", "lighting", "roads", "link")

# What every reader of streams needs: to look, and to make and use consumers.
_READ = (
    "$JS.API.INFO",
    "$JS.API.STREAM.INFO.*",
    "$JS.API.STREAM.NAMES",
    "$JS.API.STREAM.LIST",
    "$JS.API.STREAM.MSG.GET.*",
    "$JS.API.DIRECT.GET.>",
    "$JS.API.CONSUMER.>",
    "$JS.ACK.>",
    "$JS.FC.>",
)
_EPOCHS = ("$JS.API.STREAM.UPDATE.READINGS", "$JS.API.STREAM.UPDATE.ALERTS")
_SNAPSHOTS = ("$O.SNAPSHOTS.>", "$JS.API.STREAM.PURGE.OBJ_SNAPSHOTS")
_SITES = ("$O.SITES.>", "$JS.API.STREAM.PURGE.OBJ_SITES", "$KV.STATE.site.current")
_UPLINK = (
    "haidang.v1.*.*.readings",
    "haidang.v1.*.*.strikes",
    "haidang.v1.*.*.status",
    "haidang.v1.*.*.commands.result",
)
_DOWNLINK = ("haidang.v1.*.*.ack", "haidang.v1.*.*.commands", "haidang-alerts.v1.>")

_WRITES: dict[str, tuple[str, ...]] = {
    "ingest": (
        "readings.>",
        "rejects.>",
        "down.>",
        "commands.>",
        "$KV.STATE.ingest",
        "$KV.STATE.downlink",
        *_SNAPSHOTS,
        *_EPOCHS,
        *_DOWNLINK,
    ),
    "archive": ("down.>", *_EPOCHS),
    "alerts": ("alerts.>", "derived.>", "$KV.STATE.engine.>", "$KV.HEALTH.canary", *_SNAPSHOTS, *_EPOCHS),
    "keeper": ("alerts.>", "acts.>", "$KV.STATE.keeper.>", *_SNAPSHOTS, *_EPOCHS),
    "api": (
        "alerts.>",
        "acts.>",
        "commands.>",
        "deliveries.>",
        "$KV.STATE.api.>",
        "$KV.PEOPLE.>",
        "$O.REPORTS.>",
        "$JS.API.STREAM.PURGE.OBJ_REPORTS",
        *_SITES,
        *_EPOCHS,
        *_UPLINK,
    ),
    "lighting": ("commands.>", "down.*.commands.*"),
    "roads": ("alerts.>", "deliveries.>", "$KV.STATE.roads.>", *_EPOCHS),
    "link": ("alerts.>", "acts.>", "$KV.STATE.link.>", *_EPOCHS),
}
_INBOX = ("_INBOX.>",)
# MQTT's `a/#` means `a` too, and the server asks for the right to both.
_MQTT_ALL = ("haidang.v1", "haidang.v1.>", "haidang-alerts.v1", "haidang-alerts.v1.>")
_HEARS: dict[str, tuple[str, ...]] = {"ingest": (*_INBOX, *_MQTT_ALL)}


class Credentials(NamedTuple):
    """Passwords of this machine's own accounts, made once and kept under the data folder."""

    nats: dict[str, str]
    postgres: str

    @classmethod
    def keep(cls, file: Path) -> "Credentials":
        """Read them, or make them at the first start; a new service gets its own as it comes."""
        try:
            stored = json.loads(file.read_text("utf-8"))
        except FileNotFoundError:
            stored = {}
        users: dict[str, str] = dict(stored.get("nats", {}))
        for user in (ADMIN, LOCAL, *SERVICES):
            users.setdefault(user, secrets.token_urlsafe(24))
        kept = cls(users, stored.get("postgres") or secrets.token_urlsafe(24))
        write_private(file, json.dumps({"format": 1, "nats": kept.nats, "postgres": kept.postgres}, indent=1))
        return kept


def users(credentials: Credentials) -> list[dict[str, Any]]:
    """The users of account HD, as nats-server's configuration wants them."""
    listed: list[dict[str, Any]] = [{"user": ADMIN, "password": credentials.nats[ADMIN]}]
    for name in SERVICES:
        own = (f"$KV.HEALTH.{name}", f"$KV.HEALTH.{name}.>")
        listed.append(_user(name, credentials, (*_READ, *own, *_WRITES[name]), _HEARS.get(name, _INBOX)))
    # Whoever comes to the MQTT listener on loopback without a name. MQTT only: NATS never is open.
    everyone = _user(LOCAL, credentials, ("haidang.v1.>",), _MQTT_ALL)
    return [*listed, everyone | {"allowed_connection_types": ["MQTT"]}]


def write_private(file: Path, text: str) -> None:
    """Replace a file as a whole, readable by its owner only from its first byte on."""
    beside = file.with_name(file.name + ".new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        os.fchmod(opened.fileno(), 0o600)
        opened.write(text)
        opened.flush()
        os.fsync(opened.fileno())
    beside.replace(file)


def _user(
    name: str, credentials: Credentials, publish: tuple[str, ...], subscribe: tuple[str, ...]
) -> dict[str, Any]:
    may = {"publish": {"allow": list(publish)}, "subscribe": {"allow": list(subscribe)}}
    return {"user": name, "password": credentials.nats[name], "permissions": may}
