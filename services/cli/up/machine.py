"""The machine: everything that runs here under one `up`, from the first start to the last stop."""

import asyncio
import contextlib
import secrets
import shutil
import tomllib
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from pathlib import Path
from typing import Any

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from services.cli.site.base import read_base, write_base
from services.cli.up import nats_child, postgres_child, service_child
from services.cli.up.caretaker import Caretaker
from services.cli.up.plan import LINK, NATS_SERVER, POSTGRES, CannotStart, Plan
from services.cli.up.ports import answers_http
from services.cli.up.relink import Relink
from services.cli.up.watch import Watch
from services.cli.upgrade import steps as upgrade_steps
from services.cli.words import out, say
from services.observation.text import Text
from services.runtime import accounts, logging, nats, notify, run_file, sites, tied
from services.runtime.health import Health
from services.runtime.settings import ADMIN_TOKEN
from services.runtime.streams import Limits, limit_mqtt
from services.runtime.supervisor import Supervisor

CONNECT_S, REMIND_S = 8.0, 10.0
READ_S = 10.0  # so long `ready` waits for the api to have read the alerts
STORED_S = 10.0  # so long `ready` waits for the archive when the database is our own
CANCELLED_S, CLOSED_S = 0.5, 0.5

log = logging.get("up")


class Machine:
    """Starts in order, watches, stops in the reverse order."""

    def __init__(self, plan: Plan, stop: asyncio.Event) -> None:
        self._plan, self._stop = plan, stop
        self._supervisor = Supervisor(plan.data / "logs", self._write_run)
        self._tasks: set[asyncio.Task[None]] = set()
        self._connection: nats.Connection | None = None
        self._health: Health | None = None
        self._starts = True

    async def start(self) -> None:
        """Bring everything up; return when the first reading can come in.

        Raises:
            EmbeddedError, CannotStart, StaleBase, StreamsError, OSError: with words for the operator.
        """
        plan, settings = self._plan, self._plan.settings
        keep_admin_token(plan.data)
        self._write_run()
        store = nats_child.Store() if plan.nats_port is not None else None
        if plan.database_port is not None:
            starting = postgres_child.start(plan.data, plan.database_port, plan.credentials, self._supervisor)
            self._in_background(starting, "postgres")
        if plan.nats_port is not None and store is not None:
            self._plan = plan = await nats_child.start(plan, self._supervisor, store)
            settings = plan.settings
            self._write_run()
        js = (await self._connect()).js
        limits = Limits.of(shutil.disk_usage(plan.data).free)
        await nats.ensure_streams(js, limits)
        await upgrade_steps.at_start(js, plan.data, plan.held)
        await self._publish_site()
        self._health = Health(js, "up")
        self._in_background(self._health.run(), "health")
        own = plan.credentials if store is not None else None
        for name in plan.services:
            program = service_child.program(name, settings, own, plan.program, self._is_routine)
            await self._supervisor.start(program)
        watch = Watch(js, (*plan.services, "up"))
        await self._until(watch, "ingest", lambda: self._says_ready(watch, "ingest"))
        if store is not None:
            self._in_background(self._bound_mqtt(limits), "bound")
        out(f"mqtt {plan.mqtt_text}")
        await self._until(watch, "api", lambda: answers_http(settings.http or "", "/healthz"))
        await self._until_read(watch)
        await self._until_stored(watch)
        self._health.ready()
        caretaker = Caretaker(self._supervisor, self._health, watch, plan.data, store)
        cared = plan.children
        self._in_background(caretaker.run(cared), "caretaker")
        if store is not None:
            links = Relink(plan, self._supervisor, store, js, self._health, lambda: self._link(watch, cared))
            self._in_background(links.run(), "links")
        out(f"ready {plan.http_text}")
        notify.tell(notify.READY)

    async def serve(self) -> None:
        """Run until told to stop; raise what went wrong beyond repair."""
        stopped = asyncio.create_task(self._stop.wait())
        while not stopped.done():
            await asyncio.wait([stopped, *self._tasks], return_when=asyncio.FIRST_COMPLETED)
            self._raise_failures()

    async def stop(self) -> None:
        """Stop services, then database and server; nothing of ours is left, and no wait is without an end."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CANCELLED_S)
        await self._supervisor.stop(*self._plan.services)
        if self._connection is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._connection.close(), CLOSED_S)
        await self._supervisor.stop(POSTGRES, NATS_SERVER)
        with contextlib.suppress(OSError):
            run_file.write(self._plan.data, self._run({}))

    async def _link(self, watch: Watch, cared: list[str]) -> None:
        """Start the link service, of a site that was not linked when it started."""
        if LINK in self._plan.services:
            return
        plan = self._plan = replace(self._plan, services=(*self._plan.services, LINK))
        own = plan.credentials
        program = service_child.program(LINK, plan.settings, own, plan.program, self._is_routine)
        await self._supervisor.start(program)
        watch.expect(LINK)
        cared.append(LINK)

    async def _connect(self) -> nats.Connection:
        try:
            connecting = nats.connect(self._plan.settings, "up", stop=self._stop)
            self._connection = await asyncio.wait_for(connecting, CONNECT_S)
        except TimeoutError:
            raise CannotStart(
                Text(
                    f"không kết nối được NATS trong {CONNECT_S:.0f} giây",
                    f"no connection to NATS within {CONNECT_S:.0f} s",
                ),
                Text("kiểm tra --nats và --credentials", "look at --nats and --credentials"),
            ) from None
        return self._connection

    async def _publish_site(self) -> None:
        plan, js = self._plan, self._js()
        if (running := await sites.current(js)) is not None:
            with contextlib.suppress(NotFoundError):
                refuse_other_site(await sites.files_of(js, running.version), plan.site.id)
        published = await sites.publish(js, plan.files, read_base(plan.data, self._folder()))
        write_base(plan.data, self._folder(), published.version)
        if published.changed:
            say(f"site {plan.site.id} {published.version[:12]} published / đã nạp cấu hình địa bàn")

    def _folder(self) -> str:
        return self._plan.settings.site or ""

    async def _until(self, watch: Watch, name: str, done: Callable[[], Awaitable[bool]]) -> None:
        """Wait for a service, and say now and then for which."""
        if name not in self._plan.services:
            return
        loop = asyncio.get_running_loop()
        remind = loop.time() + REMIND_S
        while not (await watch.poll() and await done()):
            self._raise_failures()
            if loop.time() > remind:
                remind += REMIND_S
                file = self._plan.data / "logs" / f"{name}.log"
                say(f"still waiting for {name}; its log is {file} / đang chờ {name}, xem nhật ký {file}")
            await asyncio.sleep(0.1)

    async def _until_read(self, watch: Watch) -> None:
        """Wait for the api to answer for all alerts, but not for long: alerting does not depend on it."""
        try:
            async with asyncio.timeout(READ_S):
                await self._until(watch, "api", lambda: self._says_ready(watch, "api"))
        except TimeoutError:
            say(
                f"ready, but after {READ_S:.0f} s the api still reads the alerts; until then it answers 503"
                " / API còn đang đọc lại các cảnh báo, tạm thời trả lời 503"
            )

    async def _until_stored(self, watch: Watch) -> None:
        """Wait for our own database and the archive, but not for long: alerting does not depend on them."""
        if self._plan.database_port is None or "archive" not in self._plan.services:
            self._starts = False
            return

        async def stored() -> bool:
            return self._supervisor.is_up(POSTGRES) and await self._says_ready(watch, "archive")

        try:
            async with asyncio.timeout(STORED_S):
                await self._until(watch, "archive", stored)
        except TimeoutError:
            say(
                f"ready without the archive, not so after {STORED_S:.0f} s; readings wait in the stream"
                " / chưa lưu được lịch sử; số đo chờ trong luồng, cảnh báo vẫn chạy"
            )
        finally:
            self._starts = False

    def _is_routine(self, line: str) -> bool:
        """Whether a service's line goes to its log file only.

        While our own database comes up, that it does not answer yet is no news.
        """
        port = self._plan.database_port
        of_database = self._starts and port is not None and f"port {port} failed" in line
        return of_database or service_child.is_for_watch(line)

    async def _says_ready(self, watch: Watch, name: str) -> bool:
        found = self._supervisor.identities.get(name)
        return found is not None and watch.is_ready(name, found.pid)

    async def _bound_mqtt(self, limits: Limits) -> None:
        """Bound the broker's own stream, which exists from its first MQTT session on: that of ingest."""
        while True:
            with contextlib.suppress(NatsError, TimeoutError):
                if await limit_mqtt(self._js(), limits):
                    return
            await asyncio.sleep(1.0)

    def _in_background(self, work: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.add(asyncio.create_task(work, name=name))

    def _raise_failures(self) -> None:
        for task in [task for task in self._tasks if task.done()]:
            self._tasks.discard(task)
            task.result()

    def _js(self) -> JetStreamContext:
        if self._connection is None:
            raise CannotStart(
                Text("chưa kết nối NATS", "not connected to NATS"), Text("thử lại", "try again")
            )
        return self._connection.js

    def _run(self, running: dict[str, tied.Identity]) -> run_file.Run:
        plan = self._plan
        return run_file.Run(
            site=plan.site.id,
            mqtt=plan.mqtt_text,
            http=plan.http_text,
            nats=plan.settings.nats,
            database=plan.settings.database,
            pids={name: who.pid for name, who in running.items()},
            started={name: who.started for name, who in running.items()},
        )

    def _write_run(self) -> None:
        try:
            run_file.write(self._plan.data, self._run({"up": tied.us(), **self._supervisor.identities}))
        except OSError as error:  # a full disk must not keep a child from being started again
            log.warning("run_file_not_written", error=repr(error))


def keep_admin_token(data: Path) -> None:
    """One administrator's token, made at the first start."""
    file = data / ADMIN_TOKEN
    if not file.exists():
        accounts.write_private(file, secrets.token_urlsafe(32) + "\n")


def refuse_other_site(files: dict[str, bytes], site: str) -> None:
    """Two sites in one data folder would mix their alerts under one history.

    Raises:
        CannotStart: the folder belongs to another site.
    """
    try:
        stored = str(tomllib.loads(files.get("site.toml", b"").decode())["id"])
    except (ValueError, KeyError):
        return
    if stored != site:
        raise CannotStart(
            Text(
                f"thư mục dữ liệu này thuộc địa bàn {stored!r}, không phải {site!r}",
                f"this data folder belongs to site {stored!r}, not {site!r}",
            ),
            Text("dùng --data khác", "use another --data folder"),
        )
