"""Receivers that fail as the world's do: HTTP and SMTP, flaky by a seed, and down when told."""

import json
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import Random
from typing import Any, NamedTuple, cast

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.support.broker import free_port


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


class Http:
    """Takes posts. `failing`: share of requests answered 503; `refuse`: status for a body, or None."""

    def __init__(self, failing: float = 0.0, refuse: Callable[[Post], int | None] | None = None) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
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

        ThreadingHTTPServer.allow_reuse_address = True
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
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
        self.port = free_port()
        self.mails: list[EmailMessage] = []
        self.failing, self.failed = failing, 0
        self.unknown: set[str] = set()
        self.largest = 1 << 25
        self._random = Random(7)
        self._controller: Controller | None = None
        self.up()

    def up(self) -> None:
        """Listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def down(self) -> None:
        """Refuse connections."""
        controller, self._controller = self._controller, None
        if controller is not None:
            controller.stop()

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
