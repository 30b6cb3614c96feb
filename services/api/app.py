"""The app: routers, errors, identity and metrics put together; it holds no rules of its own."""

import time
from importlib.metadata import PackageNotFoundError, version
from threading import Lock
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.routing import APIRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.api import errors
from services.api.context import Context
from services.api.examples import EXAMPLES
from services.api.identity import authenticate
from services.api.openapi import document
from services.api.params import only_known
from services.api.routers import (
    acts,
    alerts,
    cap,
    commands,
    docs,
    events,
    exercises,
    gateways,
    health,
    lgsp,
    lighting,
    load,
    maintenance,
    observations,
    people,
    reconciliation,
    rejects,
    reports,
    roads,
    rules,
    sensors,
    session,
    sites,
    situations,
    stations,
    strikes,
)
from services.runtime import metrics

PREFIX = "/api/v1"

_requests = metrics.counter("api_requests_total", "Requests answered", ["operation", "status"])
_took = metrics.histogram("api_request_seconds", "Until an answer began", ["operation"])


def create_app(context: Context) -> FastAPI:
    """The app of one service; every part it works with is in the context."""
    app = FastAPI(
        title="Hải Đăng",
        version=_version(),
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_name,
    )
    app.state.context = context
    errors.install(app)
    who = [Depends(authenticate)]
    strict = [Depends(only_known)]
    for room in (
        stations,
        sensors,
        strikes,
        alerts,
        acts,
        cap,
        situations,
        maintenance,
        exercises,
        commands,
        lighting,
        gateways,
        rejects,
        roads,
        rules,
        load,
        reports,
        session,
        people,
        observations,
        sites,
        reconciliation,
        lgsp,
    ):
        app.include_router(room.router, prefix=PREFIX, dependencies=who + strict)
    app.include_router(events.router, prefix=PREFIX, dependencies=who + strict)
    app.include_router(cap.public, dependencies=who + strict)
    app.include_router(cap.feed, dependencies=[Depends(cap.reader), *strict])
    app.include_router(health.guarded, dependencies=who + strict)
    app.include_router(session.open_router, prefix=PREFIX, dependencies=strict)
    app.include_router(health.router, dependencies=strict)
    app.include_router(docs.router)
    app.add_middleware(Measured)
    app.add_middleware(Heads)

    making = Lock()

    def openapi() -> dict[str, Any]:
        """The document, made when it is first asked for: it takes a second, so ask from a thread."""
        with making:
            if app.openapi_schema is None:
                app.openapi_schema = document(app, EXAMPLES)
            return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI's manual gives
    return app


class Measured:
    """Counts requests by operation and status, and how long an answer took to begin.

    Plain ASGI: Starlette's middleware base class would stand between a stream and its client.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, and note what was answered."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                route = scope.get("route")
                operation = str(route.name) if isinstance(route, APIRoute) else "none"
                _requests.labels(operation, message["status"]).inc()
                _took.labels(operation).observe(time.perf_counter() - begun)
            await send(message)

        await self._app(scope, receive, note)


class Heads:
    """Answers HEAD as GET without its body (RFC 9110, 9.3.2): feed readers and uptime checks ask so.

    The server leaves the body away by itself. A stream has no end to come to: it stays 405.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; the server keeps its own scope, and so still knows that it was HEAD."""
        if scope["type"] == "http" and scope["method"] == "HEAD" and not scope["path"].endswith("/stream"):
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)


def _name(route: APIRoute) -> str:
    return str(route.name)


def _version() -> str:
    try:
        return version("haidang")
    except PackageNotFoundError:  # run from a source tree that was not installed
        return "0"
