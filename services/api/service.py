"""The api service: joins the parts, and stops them in the reverse order."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from services.api.app import create_app
from services.api.canary import Canary
from services.api.context import Context
from services.api.database import Database
from services.api.errors import Problem
from services.api.feed import AlertFeed
from services.api.fold import Fold
from services.api.heard import Heard
from services.api.heartbeats import Heartbeats
from services.api.push.hub import Hub
from services.api.queries import canary_time
from services.api.reports.duty import ReportDuty
from services.api.running_site import RunningSite
from services.runtime import logging
from services.runtime.health import Health
from services.runtime.nats import connect
from services.runtime.pause import pause
from services.runtime.process import Refused
from services.runtime.settings import Settings, address

NAME = "api"
LOOK_S = 2.0
GRACE_S = 3
"""For answers under way when told to stop; streams end at once."""

log = logging.get("api")


async def run(settings: Settings, stop: asyncio.Event) -> None:
    """Serve until told to stop.

    Raises:
        Refused: the address can't be had.
    """
    listener = _listen(settings)
    connection = await connect(settings, NAME, stop=stop)
    health = Health(connection.js, NAME)
    context = Context(
        settings=settings,
        js=connection.js,
        connected=lambda: connection.connected,
        database=Database(settings.database),
        site=RunningSite(connection.js),
        fold=Fold(),
        hub=Hub(),
        heartbeats=Heartbeats(connection.js),
        heard=Heard(connection.js),
    )
    canary = Canary(settings)
    context.send = canary.send
    feed = AlertFeed(
        connection.js,
        context.fold,
        context.hub,
        health,
        context.load,
        context.tally,
        context.requested.take,
    )
    server = _server(context)
    workers = (
        feed.run(stop),
        context.heartbeats.run(stop),
        context.heard.run(stop),
        context.linked.run(stop),
        context.requested.run(stop),
        context.lit.run(stop),
        context.site.run(stop),
        context.people.follow(context.book, stop, context.hub.wake),
        canary.run(stop),
        ReportDuty(context, health).run(stop),
        _look_at_history(context, health, stop),
        _tell_ready(context, health, stop),
    )
    tasks = [asyncio.create_task(worker) for worker in workers]
    tasks.append(asyncio.create_task(_serve(server, listener, context, stop), name="api-http"))
    beating = asyncio.create_task(health.run(), name="api-health")
    try:
        # The first to end ends all: either we were told to stop, or it failed and a clean start is due.
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        for task in done:
            task.result()
        await asyncio.gather(*tasks)
    finally:
        for task in (*tasks, beating):
            task.cancel()
        await asyncio.gather(*tasks, beating, return_exceptions=True)
        await context.database.close()
        await connection.close()
        listener.close()


def _listen(settings: Settings) -> socket.socket:
    host, port = address(settings.http or "127.0.0.1:0", "http")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        msg = f"--http {host}:{port} can't be had: {error.strerror}; give a free port, or 0 for any"
        raise Refused(msg) from error
    listener.listen(2048)
    return listener


def _server(context: Context) -> uvicorn.Server:
    config = uvicorn.Config(
        create_app(context),
        log_config=None,  # ours catches what libraries log
        access_log=False,
        lifespan="off",
        server_header=False,
        proxy_headers=False,  # who asks is the peer of the socket; see identity.py
        ws="websockets-sansio",
        ws_max_size=64 * 1024,  # clients have nothing to say here
        timeout_graceful_shutdown=GRACE_S,
    )
    return _Server(config)


class _Server(uvicorn.Server):
    """Signals are the process's business, not the web server's."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


async def _serve(
    server: uvicorn.Server, listener: socket.socket, context: Context, stop: asyncio.Event
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listener]), name="uvicorn")
    stopped = asyncio.create_task(stop.wait())
    host, port = listener.getsockname()[:2]
    log.info("listening", http=f"http://{host}:{port}")
    try:
        await asyncio.wait((serving, stopped), return_when=asyncio.FIRST_COMPLETED)
        context.hub.close()
        server.should_exit = True
        await serving
    finally:
        stopped.cancel()


async def _look_at_history(context: Context, health: Health, stop: asyncio.Event) -> None:
    """Read the canary's time at the archive, and so whether the history answers."""
    while not stop.is_set():
        try:
            context.canary_archived_us = await canary_time(context.database)
            health.settle("history-away")
        except Problem as problem:
            if context.settings.database is not None:
                health.complain("history-away", problem.detail.vi, problem.detail.en)
        await pause(stop, LOOK_S)


async def _tell_ready(context: Context, health: Health, stop: asyncio.Event) -> None:
    """Alerts can be read and pushed: then this service does its work."""
    while not stop.is_set():
        health.ready(context.hub.caught_up.is_set() and context.site.known)
        health.figure("alerts_open", context.fold.open_count)
        await pause(stop, 0.2)
