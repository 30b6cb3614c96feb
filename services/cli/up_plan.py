"""What `up` is to run: addresses, ports, the site and the lock, decided before anything runs."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from services.cli import nats_child, postgres_child
from services.cli.folder import load_site, read_site_folder
from services.cli.plan import CannotStart, Plan
from services.cli.ports import ANY, choose, open_to_others
from services.cli.words import say
from services.observation.text import Text
from services.runtime import run_file
from services.runtime.accounts import ADMIN, Credentials
from services.runtime.settings import Settings, SettingsError

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
    http = choose("http", texts.get("http"), _port_of(before.http) if before else None)
    nats_port = database_port = None
    mqtt = (settings.mqtt_host, settings.mqtt_port)
    if "nats" not in texts:
        mqtt = choose("mqtt", texts.get("mqtt"), _port_of(before.mqtt) if before else None)
        _, nats_port = choose("nats", None, _port_of(before.nats) if before else None)
        settings = replace(settings, nats=nats_child.url(ADMIN, nats_port, credentials), mqtt=_reach(mqtt))
    elif "mqtt" not in texts:
        msg = "--nats needs --mqtt HOST:PORT, the MQTT listener of that server"
        raise SettingsError(msg)
    if "database" not in texts:
        postgres_child.check()
        _, database_port = choose(
            "database", None, _port_of(before.database) if before and before.database else None
        )
        settings = replace(settings, database=postgres_child.url(database_port, credentials))
    _refuse_open(settings, http, mqtt if nats_port else None)
    settings = replace(settings, http=f"{http[0]}:{http[1]}", data=data, site=texts["site"])
    return Plan(settings, data, site, files, mqtt, nats_port, database_port, credentials)


def _refuse_open(settings: Settings, http: tuple[str, int], mqtt: tuple[str, int] | None) -> None:
    """Loopback may be open; any other address not, unless the network is declared to be trusted."""
    if settings.trusted_network:
        return
    for option, where in (("http", http), ("mqtt", mqtt)):
        if where is not None and open_to_others(where[0]):
            msg = (
                f"--{option} {where[0]}:{where[1]} would be open to other machines without accounts"
                " → use 127.0.0.1, or --trusted-network in a closed container network"
                f" / --{option} sẽ mở cho máy khác mà không cần tài khoản → dùng 127.0.0.1,"
                " hoặc --trusted-network trong mạng container khép kín"
            )
            raise SettingsError(msg)


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


def _reach(where: tuple[str, int]) -> str:
    """How we ourselves reach an address we listen on."""
    host, port = where
    return f"{'127.0.0.1' if host in ANY else host}:{port}"
