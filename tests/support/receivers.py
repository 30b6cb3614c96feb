"""Receivers that fail as the world's do: HTTP and SMTP, flaky by a seed, and down when told.

They take what came whole and no more, however slowly the machine runs and wherever its sender was killed.
"""

import asyncio
import json
import os
import socket
import sys
import threading
import time
import weakref
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, NamedTuple, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

LOCAL = "127.0.0.1"


class Port:
    """A port that stays ours while nobody listens on it.

    Given back in between, it could be anybody's: that of another test, or of the very sender, which would
    then be connected to itself.
    """

    def __init__(self) -> None:
        held = self._bound(0)
        self.number = int(held.getsockname()[1])
        weakref.finalize(self, os.close, held.detach())

    def listening(self) -> socket.socket:
        """A socket that listens on it, to be closed by the caller."""
        made = self._bound(self.number)
        made.listen(64)
        return made

    @staticmethod
    def _bound(number: int) -> socket.socket:
        made = socket.socket()
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((LOCAL, number))
        return made


class Post(NamedTuple):
    """A request that was answered with success."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def json(self) -> Any:
        """The body as a document."""
        return json.loads(self.body)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that was killed while we answered it is nobody's fault."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Http:
    """Takes posts. `failing`: share of requests answered 503; `refuse`: status for a body, or None."""

    def __init__(self, failing: float = 0.0, refuse: Callable[[Post], int | None] | None = None) -> None:
        self._port = Port()
        self.url = f"http://{LOCAL}:{self._port.number}"
        self.taken: list[Post] = []
        self.failing, self.refuse = failing, refuse
        self.failed = 0
        self.answer = b"{}"
        self._random = Random(5)
        self._server: ThreadingHTTPServer | None = None
        self._lock = threading.Lock()
        self.up()

    def up(self) -> None:
        """Listen."""
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = self.rfile.read(length)
                if len(body) < length:  # The sender died halfway: nothing was taken.
                    return
                post = Post(self.path, {k.lower(): v for k, v in self.headers.items()}, body, time.time())
                status = outer._status(post)
                self.send_response(status)
                self.send_header("content-length", str(len(outer.answer)))
                self.end_headers()
                self.wfile.write(outer.answer)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002  its name there
                """Stay silent."""

        self._server = _Server((LOCAL, self._port.number), Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = self._port.listening()
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _status(self, post: Post) -> int:
        with self._lock:
            wanted = self.refuse(post) if self.refuse is not None else None
            if wanted is not None:
                return wanted
            if self._random.random() < self.failing:
                self.failed += 1
                # Half of the failures come after the body was taken: the sender can't know.
                if self.failed % 2:
                    self.taken.append(post)
                return 503
            self.taken.append(post)
            return 200

    def down(self) -> None:
        """Refuse connections."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()


class Mailbox:
    """An SMTP server; `failing`: share of mails answered 451; `unknown`: recipients answered 550.

    `largest`: bytes of a mail beyond which it is answered 552.
    """

    def __init__(self, failing: float = 0.0) -> None:
        self._port = Port()
        self.port = self._port.number
        self.mails: list[EmailMessage] = []
        self.failing, self.failed = failing, 0
        self.unknown: set[str] = set()
        self.largest = 1 << 25
        self._random = Random(7)
        self._end: Callable[[], object] = lambda: None
        self._thread: threading.Thread | None = None
        self.up()

    def up(self) -> None:
        """Listen."""
        ready = threading.Event()
        listening = self._port.listening()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(listening, ready)), daemon=True
        )
        self._thread.start()
        ready.wait()

    async def _serve(self, listening: socket.socket, ready: threading.Event) -> None:
        """Until told to end; then whoever is connected is cut off, and nothing stays open."""
        loop, end, made = asyncio.get_running_loop(), asyncio.Event(), weakref.WeakSet[SMTP]()

        def make() -> SMTP:
            one = SMTP(self, hostname="localhost", enable_SMTPUTF8=True, loop=loop)
            made.add(one)
            return one

        self._end = lambda: loop.call_soon_threadsafe(end.set)
        server = await loop.create_server(make, sock=listening)
        ready.set()
        await end.wait()
        server.close()
        for one in list(made):
            if one.transport is not None:
                cast("asyncio.WriteTransport", one.transport).abort()
        await asyncio.sleep(0.01)  # what was cut off hears of it

    def down(self) -> None:
        """Refuse connections."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._end()
            thread.join()

    async def handle_RCPT(  # noqa: N802  the name that aiosmtpd calls
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Know some, and not others."""
        if address in self.unknown:
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, or say that we are busy, or that it is too large."""
        if len(cast("bytes", envelope.content)) > self.largest:
            return "552 5.3.4 message too big"
        if self._random.random() < self.failing:
            self.failed += 1
            return "451 4.3.0 try again later"
        parsed = BytesParser(policy=default).parsebytes(cast("bytes", envelope.content))
        self.mails.append(parsed)
        return "250 OK"
