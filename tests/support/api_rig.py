"""The api service as it runs, on a real nats-server, with the other services' words put in by hand.

It runs in a thread with a loop of its own, so that tests can ask it like any client; `Rig.tell` and the
like speak to NATS as administrator from the test's own loop.
"""

import asyncio
import contextlib
import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from services.api import service
from services.observation import event as events
from services.observation import site as sites
from services.observation.event import Alert
from services.observation.heartbeat import Heartbeat
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.runtime.nats import Connection, connect
from services.runtime.settings import Settings
from services.runtime.streams import ALERTS, Limits, ensure_streams
from tests.support.broker import free_port
from tests.support.site_folder import good_site
from tests.support.up import NatsOnly, nats_only
from tests.support.waiting import until

T0 = 1_760_000_000 * SECOND
SITE = "vung-tau"
T = TypeVar("T")


class Running:
    """A service in a thread; stopped by its own event."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._main, daemon=True)
        self._thread.start()

    def _main(self) -> None:
        async def main() -> None:
            self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
            await service.run(self._settings, self._stop)

        try:
            asyncio.run(main())
        except BaseException as error:  # noqa: BLE001  shown by `stop`
            self.error = error

    def stop(self, timeout_s: float = 40.0) -> float:
        """Stop; returns how long it took and raises what it died of."""
        begun = time.monotonic()
        if self._loop is not None and self._stop is not None:
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(timeout_s)
        assert not self._thread.is_alive(), f"the api did not stop within {timeout_s:g} s"
        if self.error is not None:
            raise self.error
        return time.monotonic() - begun


class Rig:
    """A server, its streams and site, and the api on top."""

    def __init__(self, server: NatsOnly, data: Path, database: str | None = None) -> None:
        self.server, self._data, self._database = server, data, database
        self.http = f"http://127.0.0.1:{free_port()}"
        self._api: Running | None = None
        self._told = 0

    def settings(self, **more: str) -> Settings:
        """What the api is told."""
        if self._database is not None:
            more.setdefault("database", self._database)
        return self.server.settings(
            "api", http=self.http.removeprefix("http://"), data=str(self._data), **more
        )

    def start(self, **more: str) -> None:
        """Start the api and wait until alerts can be read."""
        self._api = Running(self.settings(**more))
        until(self._answers, 20, "the api to have read the alerts")

    def stop(self) -> float:
        """Stop the api."""
        api, self._api = self._api, None
        return 0.0 if api is None else api.stop()

    def _answers(self) -> bool:
        if self._api is not None and self._api.error is not None:
            error, self._api = self._api.error, None
            raise error
        return self.get("/api/v1/alerts")[0] == 200 and self.get("/api/v1/stations")[0] == 200

    def get(self, path: str, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and document of a GET; 0 when nobody answers."""
        request = urllib.request.Request(self.http + path, headers=headers or {})  # noqa: S310  our own address
        try:
            with urllib.request.urlopen(request, timeout=40) as answer:  # noqa: S310
                return answer.status, _read(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, _read(error.read())
        except OSError:
            return 0, None

    def pages(self, path: str) -> list[Any]:
        """All items of a list under `/api/v1`, read one by one."""
        items: list[Any] = []
        following = ""
        while True:
            status, found = self.get(f"/api/v1/{path}?limit=1{following}")
            assert status == 200, found
            items += found["items"]
            if found["next"] is None:
                return items
            following = f"&after={urllib.parse.quote(found['next'])}"

    def nats(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        """Do something as administrator."""

        async def main() -> T:
            connection = await connect(self.server.settings(), "test")
            try:
                return await work(connection)
            finally:
                await connection.close()

        answer: Future[T] = Future()

        def aside() -> None:
            try:
                answer.set_result(asyncio.run(main()))
            except BaseException as error:  # noqa: BLE001  handed on
                answer.set_exception(error)

        # In a thread of its own: a test that drives a browser has a loop running in its thread already.
        # Nobody waits for it at the end: endless work would outlive its test's time-out, and hold up all.
        threading.Thread(target=aside, daemon=True).start()
        return answer.result()

    def prepare(self, files: dict[str, bytes] | None = None) -> None:
        """Make the streams and put a site in place."""
        content = files or good_site()

        async def work(connection: Connection) -> None:
            js = connection.js
            await ensure_streams(js, Limits.of(1 << 30))
            version = sites.version_of(content)
            await (await js.object_store("SITES")).put(version, sites.bundle(content))
            state = await js.key_value("STATE")
            await state.put("site.current", json.dumps({"version": version, "t": T0}).encode())

        self.nats(work)

    def tell(self, *told: tuple[str, bytes]) -> list[int]:
        """Publish events on ALERTS in order; returns their sequences, once the api has read them."""

        async def work(connection: Connection) -> list[int]:
            return [(await connection.js.publish(subject, data)).seq for subject, data in told]

        sequences = self.nats(work)
        self.caught_up()
        return sequences

    def caught_up(self) -> str:
        """Token of the end of ALERTS, once the api has read up to there; at once when there is no api."""

        async def end(connection: Connection) -> str:
            info = await connection.js.stream_info(ALERTS)
            return f"{(info.config.metadata or {})['epoch']}.{info.state.last_seq}"

        token = self.nats(end)
        if self._api is not None:
            until(lambda: self._has_read(token), 20, f"the api to have read {token}")
        return token

    def _has_read(self, token: str) -> bool:
        """Others may write meanwhile: it may be further."""
        document = self.get("/api/v1/alerts?limit=1")[1]
        found = document.get("token", "") if isinstance(document, dict) else ""
        (epoch, _, last), (wanted, _, least) = found.partition("."), token.partition(".")
        return bool(epoch == wanted and int(last) >= int(least))

    def beat(self, *services: str, ready: bool = True, age_s: float = 0.0, canary: bool = True) -> None:
        """Put heartbeats of other services, and the canary's time at the engine."""
        now = time.time_ns() // 1000 - int(age_s * SECOND)

        async def work(connection: Connection) -> None:
            for name in services:
                data = msgspec.json.encode(Heartbeat(name, 1, now, ready, [], {"packs_total": 3.0}))
                await connection.js.publish(f"$KV.HEALTH.{name}", data)
            if canary:
                await connection.js.publish("$KV.HEALTH.canary", json.dumps({"time": now}).encode())

        self.nats(work)

    def epoch(self) -> str:
        """Epoch of ALERTS."""

        async def work(connection: Connection) -> str:
            info = await connection.js.stream_info(ALERTS)
            return str((info.config.metadata or {})["epoch"])

        return self.nats(work)


@contextmanager
def beating(machine: Rig, *services: str) -> Iterator[None]:
    """Other services live, and beat as they do, for as long as it takes; ready is the machine then."""
    stop = threading.Event()

    def beat() -> None:
        while not stop.is_set():
            machine.beat(*services)
            stop.wait(3.0)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        until(lambda: machine.get("/readyz")[0] == 200, 20, "readiness")
        yield
    finally:
        stop.set()
        thread.join()


@contextmanager
def rig(folder: Path, database: str | None = None, *, start: bool = True, **more: str) -> Iterator[Rig]:
    """A rig with a site; started unless told otherwise, stopped at the end."""
    with nats_only(folder / "server") as server:
        made = Rig(server, folder, database)
        made.prepare()
        if start:
            made.start(**more)
        try:
            yield made
        finally:
            made.stop()


def told(
    alert: str,
    verb: str = "raised",
    *,
    severity: str = "watch",
    hazard: str = "flood",
    area: str = "thang-tam",
    at_s: float = 0.0,
) -> tuple[str, bytes]:
    """Subject and bytes of an event as the engine writes it."""
    time_us = T0 + int(at_s * SECOND)
    data = Alert(
        alert_id=alert,
        hazard=hazard,
        area=area,
        severity=severity,
        station="vt-flood-001",
        sensor="vt-flood-001.water_level",
        value=1.7,
        unit="m",
        threshold=1.6,
        rule="bridge-a",
        rule_version="0123456789ab",
        time=iso(time_us),
        since=iso(T0),
        detected_at=iso(time_us + SECOND),
        reason=Text("nước cao", "high water"),
    )
    event = events.make(site=SITE, verb=verb, event=f"{alert}-{verb}-{at_s:g}", time=time_us, alert=data)
    return events.subject(SITE, area, alert), events.encode(event)


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body.decode("utf-8", "replace")
