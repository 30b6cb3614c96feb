"""What `up` is to run: addresses, ports, the site and the lock, decided before anything runs."""

import fcntl
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import NamedTuple

from services.cli.folder import load_site, read_site_folder
from services.cli.up import links as up_links
from services.cli.up import nats_child, postgres_child, service_child
from services.cli.up.plan import LINK, CannotStart, Plan
from services.cli.up.ports import choose, open_to_others
from services.cli.words import say
from services.observation.text import Text
from services.runtime import addresses, leaf, run_file
from services.runtime.accounts import ADMIN, Credentials
from services.runtime.settings import Settings, SettingsError, address, origin

LEAST_FREE = 256 << 20


def make_plan(data: Path, texts: dict[str, str]) -> Plan:
    """Decide everything that can be decided before anything runs."""
    settings = Settings.load(texts, {})
    site = load_site(texts["site"])
    files = read_site_folder(texts["site"])
    before = run_file.read(data)
    if before is not None:
        left = run_file.end_leftovers(before)
        if left:
            say(f"ended what an earlier start left: {', '.join(left)} / đã dừng tiến trình còn sót lại")
    credentials = Credentials.keep(data / "credentials.json")
    last = _Last.of(before, credentials)
    http = choose("http", texts.get("http"), last.http)
    nats_port = database_port = None
    moveable: frozenset[str] = frozenset()
    mqtt = (settings.mqtt_host, settings.mqtt_port)
    if "nats" not in texts:
        mqtt = choose("mqtt", texts.get("mqtt"), last.mqtt)
        _, nats_port = choose("nats", None, last.nats)
        settings = nats_child.at_ports(settings, credentials, nats_port, mqtt)
        asked = bool(_port_of(texts.get("mqtt", "")))
        kept = {"nats": nats_port == last.nats, "mqtt": asked or mqtt[1] == last.mqtt}
        moveable = frozenset(name for name, is_kept in kept.items() if not is_kept)
    elif "mqtt" not in texts:
        msg = "--nats needs --mqtt HOST:PORT, the MQTT listener of that server"
        raise SettingsError(msg)
    if "database" not in texts:
        postgres_child.check()
        _, database_port = choose("database", None, last.database)
        settings = replace(settings, database=postgres_child.url(database_port, credentials))
    _refuse_open(settings, http, mqtt if nats_port else None)
    links = up_links.declared(files, site)
    linked = up_links.prepare(data, site.id, links, settings, own_server=nats_port is not None)
    # Where it was linked once, the service says that it is no longer.
    serves = links.any or (nats_port is not None and (data / leaf.OWN).exists())
    services = (*service_child.SERVICES, *((LINK,) if serves else ()))
    settings = replace(settings, http=f"{http[0]}:{http[1]}", data=data, site=texts["site"])
    if before is not None:
        _tell_change(
            "nats", before.nats, settings.nats, embedded=(last.nats is not None, nats_port is not None)
        )
        now = database_port is not None
        _tell_change(
            "database", before.database, settings.database, embedded=(last.database is not None, now)
        )
    return Plan(
        settings,
        data,
        site,
        files,
        mqtt,
        nats_port,
        database_port,
        credentials,
        services=services,
        moveable=moveable,
        linked=linked,
    )


class _Last(NamedTuple):
    """The ports of our own servers at the last start. Those of others' servers are none of ours."""

    http: int | None
    mqtt: int | None
    nats: int | None
    database: int | None

    @classmethod
    def of(cls, before: run_file.Run | None, credentials: Credentials) -> "_Last":
        """Known by our own password in the address: what was given by `--nats` or `--database` has others."""
        if before is None:
            return cls(None, None, None, None)
        nats, database = _port_of(before.nats), _port_of(before.database or "")
        if nats is not None and before.nats != nats_child.url(ADMIN, nats, credentials):
            nats = None
        if database is not None and before.database != postgres_child.url(database, credentials):
            database = None
        return cls(_port_of(before.http), _port_of(before.mqtt) if nats else None, nats, database)


def tell_given(texts: dict[str, str], overrides: Mapping[str, str | None]) -> None:
    """Say which servers of others are used, who says so, and how to get back. Nothing is remembered."""
    for name in ("nats", "database"):
        if name in texts:
            where = f"{name}: {addresses.shown(texts[name])} ({origin(name, overrides)})"
            say(f"{where}; without it, the embedded one / bỏ tham số này thì dùng máy chủ đi kèm")


def _tell_change(name: str, before: str | None, now: str | None, *, embedded: tuple[bool, bool]) -> None:
    """Say that another server is used than last time, because what the other holds stays there."""
    was, is_now = embedded
    if before is None or now is None or (was and is_now) or before == now:
        return
    old = "the embedded one" if was else addresses.shown(before)
    new = "the embedded one" if is_now else addresses.shown(now)
    say(
        f"{name}: {new} now; at the last start it was {old}, and what that one holds stays there"
        f" / trước đây dùng máy chủ khác; dữ liệu ở đó được giữ nguyên tại chỗ"
    )


def _refuse_open(settings: Settings, http: tuple[str, int], mqtt: tuple[str, int] | None) -> None:
    """Loopback may be open; any other address not, unless the network is declared to be trusted."""
    if settings.trusted_network:
        return
    below = address(settings.leaf, "leaf") if settings.leaf else None
    for option, where in (("http", http), ("mqtt", mqtt), ("leaf", below)):
        if where is not None and open_to_others(where[0]):
            msg = (
                f"--{option} {where[0]}:{where[1]} would be open to other machines without accounts"
                " → use 127.0.0.1, or --trusted-network in a closed container network"
                f" / --{option} sẽ mở cho máy khác mà không cần tài khoản → dùng 127.0.0.1,"
                " hoặc --trusted-network trong mạng container khép kín"
            )
            raise SettingsError(msg)


@contextmanager
def untouched_if_refused(data: Path) -> Iterator[Event]:
    """Take a folder that was made for nothing away again, unless the event given was set."""
    made = next((one for one in reversed([data, *data.parents]) if not one.exists()), None)
    settled = Event()
    try:
        yield settled
    finally:
        if made is not None and not settled.is_set():
            for name in ("lock", "credentials.json"):
                (data / name).unlink(missing_ok=True)
            with suppress(OSError):  # something else lies there: it stays
                for one in [data, *data.parents]:
                    one.rmdir()
                    if one == made:
                        break


@contextmanager
def lock(data: Path) -> Iterator[None]:
    """One `up` per data folder. The kernel drops the lock when we end, however we end."""
    file = data / "lock"
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = file.read_text("utf-8").strip() or "?"
            raise CannotStart(
                Text(f"{data} đang được tiến trình {pid} dùng", f"{data} is in use by process {pid}"),
                Text(
                    f"dừng nó (kill {pid}) hoặc dùng --data khác",
                    f"stop it (kill {pid}), or use another --data folder",
                ),
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield
    finally:
        os.close(descriptor)


def make_folder(data: Path) -> None:
    """The data folder, for us alone; refused on a disk where nothing would fit.

    Raises:
        CannotStart: too little space.
        OSError: it can't be made.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(data).free
    if free < LEAST_FREE:
        raise CannotStart(
            Text(f"{data}: đĩa chỉ còn {free >> 20} MB", f"{data}: only {free >> 20} MB free on its disk"),
            Text(
                f"cần ít nhất {LEAST_FREE >> 20} MB", f"at least {LEAST_FREE >> 20} MB are needed; make room"
            ),
        )


def _port_of(url: str) -> int | None:
    tail = url.rpartition(":")[2].split("/")[0]
    return int(tail) if tail.isdecimal() else None
