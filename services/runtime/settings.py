"""Settings: read once, at the door of a process, and handed on as values.

The one place that looks at the environment. A setting comes from the command line, else from
`HAIDANG_<NAME>`, else from its default; an unknown `HAIDANG_*` is refused by name, because a
misspelt setting that is silently ignored shows itself on the worst day.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import unquote, urlsplit

from services.runtime import addresses

PREFIX = "HAIDANG_"

# name of the setting -> what it means; the environment name is HAIDANG_ and the same in capitals
NAMES: dict[str, str] = {
    "nats": "nats://user:password@host:port of the server with JetStream",
    "mqtt": "host:port, mqtt:// or mqtts:// of the MQTT listener, with user and password if it wants them",
    "database": "postgresql://… of the history; without one there is no history",
    "http": "host:port to serve HTTP on",
    "leaf": "host:port where the servers of sites below dial in; their names stand in alerting.toml",
    "data": "folder for what this machine keeps",
    "site": "the site's folder, where a command needs one",
    "credentials": "JSON file {user, password} for NATS and MQTT",
    "secrets": "private TOML file of what roads out need; secrets.toml in the data folder when empty",
    "log": "text or json",
    "log_level": "debug, info, warning or error: the lowest that is written; info when empty",
    "strict": "true: every message is flushed to the disk before it is acknowledged",
    "trusted_network": "true: other addresses than loopback may be open, as in a container network",
    "keep_days": "drop observations older than so many days; nothing is dropped when empty",
    "command_confirm_s": "seconds a controller may take to confirm a command before it is repeated; 60",
    "command_repeats": "how often a command is repeated before it is reported as unconfirmed; 3",
    "situation_window_s": "seconds without an open alert after which a situation has ended; 3600",
    "situation_areas": "areas with the same kind of situation that make it one of the whole site; 3",
    "partitions": "which partitions this worker owns, as 0-15 or 0,3,7; all when empty",
}
ALL_PARTITIONS = tuple(range(16))
LOOPBACK = ("127.0.0.1", "localhost", "::1")
ADMIN_TOKEN = "admin-token"  # noqa: S105  the name of a file, not a secret
LOG_LEVELS = ("debug", "info", "warning", "error")
_MOST_S, _MOST_REPEATS = 3_600.0, 20
_TRUE, _FALSE = ("1", "true", "yes", "on"), ("", "0", "false", "no", "off")


class SettingsError(ValueError):
    """A setting that can't be used; the message says which one and what to do."""


@dataclass(frozen=True)
class Settings:
    """What a process was told. Passwords are kept out of `repr`, so they can't reach a log."""

    nats: str = field(default="nats://127.0.0.1:4222", repr=False)
    mqtt: str = "127.0.0.1:1883"
    database: str | None = field(default=None, repr=False)
    http: str | None = None
    leaf: str | None = None
    data: Path | None = None
    site: str | None = None
    secrets: Path | None = None
    log_json: bool = False
    log_level: str = "info"
    strict: bool = False
    trusted_network: bool = False
    mqtt_user: str | None = None
    mqtt_password: str | None = field(default=None, repr=False)
    mqtt_tls: bool = False
    admin_token: str | None = field(default=None, repr=False)
    keep_days: int | None = None
    partitions: tuple[int, ...] = ALL_PARTITIONS
    command_confirm_s: float = 60.0
    command_repeats: int = 3
    situation_window_s: float = 3600.0
    situation_areas: int = 3

    @property
    def mqtt_host(self) -> str:
        """Host of the MQTT listener."""
        return address(self.mqtt, "mqtt")[0]

    @property
    def mqtt_port(self) -> int:
        """Port of the MQTT listener."""
        return address(self.mqtt, "mqtt")[1]

    @classmethod
    def load(
        cls, overrides: Mapping[str, str | None] | None = None, env: Mapping[str, str] | None = None
    ) -> "Settings":
        """Join command line and environment.

        Raises:
            SettingsError: a name is unknown or a value can't be read.
        """
        texts = given(overrides or {}, env)
        data = Path(texts["data"]) if texts.get("data") else None
        settings = cls(
            nats=_nats(texts.get("nats", cls.nats)),
            database=_database(texts.get("database")),
            http=texts.get("http"),
            leaf=texts.get("leaf"),
            data=data,
            site=texts.get("site"),
            secrets=Path(texts["secrets"]) if texts.get("secrets") else None,
            log_json=_choice("log", texts.get("log", "text"), ("text", "json")) == "json",
            log_level=_choice("log_level", texts.get("log_level", "info"), LOG_LEVELS),
            strict=_truth("strict", texts.get("strict", "")),
            trusted_network=_truth("trusted_network", texts.get("trusted_network", "")),
            admin_token=_first_line(data / ADMIN_TOKEN) if data else None,
            keep_days=_days(texts.get("keep_days", "")),
            partitions=_partitions(texts.get("partitions", "")),
            command_confirm_s=_seconds("command_confirm_s", texts.get("command_confirm_s", "60")),
            situation_window_s=_seconds("situation_window_s", texts.get("situation_window_s", "3600")),
            situation_areas=max(_whole("situation_areas", texts.get("situation_areas", "3")), 2),
            command_repeats=_whole("command_repeats", texts.get("command_repeats", "3")),
        )
        settings = _with_mqtt(settings, texts.get("mqtt", cls.mqtt))
        if settings.http is not None:
            address(settings.http, "http")
        if settings.leaf is not None:
            address(settings.leaf, "leaf")
        return _with_credentials(settings, texts.get("credentials"))


def address(text: str, name: str) -> tuple[str, int]:
    """Split `host:port`; `[::1]:80` too.

    Raises:
        SettingsError: not such an address.
    """
    host, colon, port = text.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:  # noqa: PLR2004  highest port
        msg = f"--{name} {text!r} is not HOST:PORT; write it like 127.0.0.1:8080"
        raise SettingsError(msg)
    return host.strip("[]"), int(port)


def origin(name: str, overrides: Mapping[str, str | None]) -> str:
    """Where a setting that was given is from, as its giver wrote it."""
    return f"--{name}" if overrides.get(name) is not None else PREFIX + name.upper()


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach the address."""
    if host in LOOPBACK:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:  # a name: 127.0.0.1.example.org may be anywhere, and anybody's page
        return False


def child_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Our environment for a child, with exactly the given settings and none inherited."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {PREFIX + name.upper(): value for name, value in given.items()}


def given(overrides: Mapping[str, str | None], env: Mapping[str, str] | None = None) -> dict[str, str]:
    """What was set, and nothing that was not: command line before environment.

    Raises:
        SettingsError: a name is unknown.
    """
    env = os.environ if env is None else env
    known = {PREFIX + name.upper(): name for name in NAMES}
    unknown = sorted(name for name in env if name.startswith(PREFIX) and name not in known)
    unknown += sorted(name for name in overrides if name not in NAMES)
    if unknown:
        msg = f"unknown setting {unknown[0]}; known are {', '.join(sorted(known))}"
        raise SettingsError(msg)
    texts = {known[name]: value for name, value in env.items() if name in known and value}
    return texts | {name: value for name, value in overrides.items() if value is not None}


def _nats(text: str) -> str:
    if not addresses.is_nats(text):
        msg = (
            f"--nats {addresses.shown(text)!r} is not the URL of a NATS server;"
            " write it like nats://127.0.0.1:4222 / không phải địa chỉ máy chủ NATS"
        )
        raise SettingsError(msg)
    return text


def _database(text: str | None) -> str | None:
    if text is not None and not addresses.is_postgres(text):
        msg = (
            f"--database {addresses.shown(text)!r} is not the URL of a PostgreSQL server;"
            " write it like postgresql://user:password@127.0.0.1:5432/name"
            " / không phải địa chỉ máy chủ PostgreSQL"
        )
        raise SettingsError(msg)
    return text


def _with_mqtt(settings: Settings, text: str) -> Settings:
    if "://" not in text:
        address(text, "mqtt")
        return replace(settings, mqtt=text)
    url = urlsplit(text)
    if url.scheme not in ("mqtt", "mqtts") or not url.hostname:
        msg = f"mqtt address {url.scheme}://… can't be used; write HOST:PORT, mqtt://… or mqtts://…"
        raise SettingsError(msg)
    tls = url.scheme == "mqtts"
    return replace(
        settings,
        mqtt=f"{url.hostname}:{url.port or (8883 if tls else 1883)}",
        mqtt_tls=tls,
        mqtt_user=unquote(url.username) if url.username else None,
        mqtt_password=unquote(url.password) if url.password else None,
    )


def read_credentials(file: Path) -> tuple[str, str]:
    """User and password out of the JSON file that `--credentials` names.

    Raises:
        SettingsError: there is no such file, or it has another form.
    """
    try:
        given = json.loads(file.read_text("utf-8"))
        return str(given["user"]), str(given["password"])
    except OSError as error:
        msg = f"--credentials {file}: {error.strerror or error} → check the path and the rights"
        raise SettingsError(msg) from error
    except (ValueError, KeyError, TypeError) as error:
        msg = f'--credentials {file}: not as expected → write JSON: {{"user": "…", "password": "…"}}'
        raise SettingsError(msg) from error


def _with_credentials(settings: Settings, file: str | None) -> Settings:
    """One user and password for NATS and MQTT, as an operator of both gives them to us."""
    if file is None:
        return settings
    user, password = read_credentials(Path(file))
    url = urlsplit(settings.nats)
    host = f"{url.hostname or '127.0.0.1'}:{url.port or 4222}"
    return replace(
        settings, nats=f"{url.scheme}://{user}:{password}@{host}", mqtt_user=user, mqtt_password=password
    )


def _truth(name: str, text: str) -> bool:
    return _choice(name, text.lower(), _TRUE + _FALSE) in _TRUE


def _choice(name: str, text: str, choices: tuple[str, ...]) -> str:
    if text not in choices:
        msg = f"{PREFIX}{name.upper()}={text!r}: expected one of {', '.join(filter(None, choices))}"
        raise SettingsError(msg)
    return text


def _partitions(text: str) -> tuple[int, ...]:
    if not text:
        return ALL_PARTITIONS
    try:
        spans = [part.split("-") for part in text.split(",")]
        chosen = sorted({p for span in spans for p in range(int(span[0]), int(span[-1]) + 1)})
    except ValueError:
        chosen = []
    if not chosen or chosen[-1] not in ALL_PARTITIONS:
        msg = f"{PREFIX}PARTITIONS={text!r}: expected numbers from 0 to 15, as 0-7 or 0,3,7"
        raise SettingsError(msg)
    return tuple(chosen)


def _days(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or int(text) == 0:
        msg = f"{PREFIX}KEEP_DAYS={text!r}: expected 1 or more days; leave it out to keep everything"
        raise SettingsError(msg)
    return int(text)


def _seconds(name: str, text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= _MOST_S:
        msg = f"{PREFIX}{name.upper()}={text!r}: expected seconds, above 0 and at most {_MOST_S:g}"
        raise SettingsError(msg)
    return found


def _whole(name: str, text: str) -> int:
    if not text.isdecimal() or int(text) > _MOST_REPEATS:
        msg = f"{PREFIX}{name.upper()}={text!r}: expected a whole number from 0 to {_MOST_REPEATS}"
        raise SettingsError(msg)
    return int(text)


def _first_line(file: Path) -> str | None:
    try:
        return file.read_text("utf-8").strip() or None
    except OSError:  # no such file yet, or not for us to read: then there is no token
        return None
