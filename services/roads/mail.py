"""The road of e-mail: SMTP by the standard library, so that the server's own words are read.

Not through apprise: it says only whether it worked, and a mail needs more. A recipient that does not exist
is that mail's own trouble, a wrong password is the road's, a busy server is nobody's; and `Message-ID` is
the letter's id, so that a mail sent twice lies in the box once.
"""

import asyncio
import smtplib
import ssl
from email.header import Header
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import formatdate
from typing import NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from services.observation.delivery import Trouble
from services.policy.road_nouns import Road
from services.roads.carrier import Parcel
from services.roads.enclosing import without_files
from services.roads.patience import Answer
from services.roads.threads import Threads

PERMANENT = 500
TOO_LARGE = (523, 552)
"""RFC 5321: the message is larger than the server, or the mailbox, takes."""
STEPS = 4
"""A mail takes several questions and answers; so many times the road's time limit is all that they get."""
SLOWEST = 16_000
"""Bytes of files a second: a thin line, on which a report must not hold up the road for ever."""
_WORD = 200


class _Policy(EmailPolicy):
    """Subjects folded by `Header`: the default drops the space at which it cuts a Vietnamese one in two."""

    def fold(self, name: str, value: str) -> str:
        """As text."""
        if name.lower() != "subject" or str(value).isascii():
            return str(super().fold(name, value))
        cut = Header(str(value), "utf-8", header_name=name).encode(linesep=self.linesep)
        return f"{name}: {cut}{self.linesep}"

    def fold_binary(self, name: str, value: str) -> bytes:
        """As bytes."""
        if name.lower() != "subject" or str(value).isascii():
            return bytes(super().fold_binary(name, value))
        return self.fold(name, value).encode("ascii")


POLICY = _Policy()


class Server(NamedTuple):
    """Where mail is handed in. `tls`: from the first byte; `upgrade`: STARTTLS, else no TLS at all."""

    host: str
    port: int
    user: str
    password: str
    sender: str
    tls: bool
    upgrade: bool


def server_of(url: str) -> Server:
    """Read `smtp://user:password@host:587?from=…` (`starttls=no` for a server of one's own) or `smtps://…`.

    Raises:
        ValueError: not such an address.
    """
    found = urlsplit(url)
    asked = parse_qs(found.query)
    sender = asked.get("from", [""])[0]
    if found.scheme not in ("smtp", "smtps") or not found.hostname or "@" not in sender:
        msg = "the url of a mail server is smtp://user:password@host:587?from=name@domain, or smtps://…"
        raise ValueError(msg)
    tls = found.scheme == "smtps"
    return Server(
        found.hostname,
        found.port or (465 if tls else 587),
        unquote(found.username or ""),
        unquote(found.password or ""),
        sender,
        tls,
        not tls and asked.get("starttls", ["yes"])[0] != "no",
    )


class Mail:
    """Hands in one mail per attempt, on a connection of its own, in a thread."""

    def __init__(self, road: Road, server: Server) -> None:
        """Of a road and its server."""
        self._road, self._server, self._threads = road, server, Threads()

    async def carry(self, parcel: Parcel) -> Answer:
        """Hand in one mail; taken is what the server answered 250 to. All of it has its time, too."""
        longest = STEPS * self._road.timeout_s + _slow_s(sum(len(file.data) for file in parcel.files))
        try:
            async with asyncio.timeout(longest):
                return await self._threads.run(lambda: self._send(parcel))
        except TimeoutError:
            return Answer("away", f"the server did not come to an end within {longest:g} s")

    async def close(self) -> None:
        """Nothing stays open."""
        self._threads.close()

    def _send(self, parcel: Parcel) -> Answer:
        """With its files; without them, and saying so, where the server finds them too large."""
        answer, code = self._hand_in(parcel)
        if parcel.files and code in TOO_LARGE:
            answer, _ = self._hand_in(without_files(parcel, sum(len(file.data) for file in parcel.files)))
        return answer

    def _hand_in(self, parcel: Parcel) -> tuple[Answer, int]:
        """Hand it in once; what it came to, and the server's code where it was refused (else 0)."""
        try:
            with self._connected() as smtp:
                if parcel.files and smtp.sock is not None:
                    smtp.sock.settimeout(
                        self._road.timeout_s + _slow_s(sum(len(one.data) for one in parcel.files))
                    )
                smtp.send_message(message_of(parcel, self._server))
        except smtplib.SMTPRecipientsRefused as error:
            code, words = next(iter(error.recipients.values()), (PERMANENT, b""))
            trouble: Trouble = "refused" if code >= PERMANENT else "away"
            return Answer(trouble, _said(code, words), of_one=True), code
        except smtplib.SMTPResponseException as error:
            return _refusal(error), error.smtp_code
        except smtplib.SMTPNotSupportedError as error:
            return Answer("shut", str(error)[:_WORD]), 0
        except (smtplib.SMTPException, OSError) as error:
            return Answer("away", f"{type(error).__name__}: {error}"[:_WORD]), 0
        return Answer("none", f"250 {self._server.host}"), 0

    def _connected(self) -> smtplib.SMTP:
        server, timeout = self._server, self._road.timeout_s
        if server.tls:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=timeout, context=ssl.create_default_context()
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=timeout)
        try:
            if server.upgrade:
                smtp.starttls(context=ssl.create_default_context())
            if server.user:
                smtp.login(server.user, server.password)
        except BaseException:
            smtp.close()
            raise
        return smtp


def _slow_s(size: int) -> float:
    """Seconds more for files: python's time limit is of the whole body, however large."""
    return size / SLOWEST


def _refusal(error: smtplib.SMTPResponseException) -> Answer:
    """What a server's refusal means: the mail's own trouble, the road's, or nobody's."""
    word = _said(error.smtp_code, error.smtp_error)
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return Answer("shut", word)
    if error.smtp_code < PERMANENT:
        return Answer("away", word, of_one=isinstance(error, smtplib.SMTPDataError))
    if error.smtp_code in TOO_LARGE or isinstance(error, smtplib.SMTPDataError):
        return Answer("refused", word, of_one=True)
    return Answer("shut" if isinstance(error, smtplib.SMTPSenderRefused) else "away", word)


def message_of(parcel: Parcel, server: Server) -> EmailMessage:
    """The mail: text, the same as HTML, and the files that go with it."""
    letter, words = parcel.letter, parcel.letter.words
    mail = EmailMessage(policy=POLICY)
    domain = server.sender.rpartition("@")[2].strip("> ")
    mail["From"], mail["To"] = server.sender, parcel.address
    mail["Subject"] = words.title if words is not None else letter.id
    mail["Message-ID"] = f"<{letter.id}@{domain}>"
    mail["Date"] = formatdate(letter.stored_us / 1e6)
    mail["Auto-Submitted"] = "auto-generated"
    if letter.severity in ("warning", "emergency") and letter.status == "Actual":
        mail["Importance"] = "high"
    mail.set_content(words.text if words is not None else "")
    if words is not None and words.html:
        mail.add_alternative(f"<!doctype html><html><body>{words.html}</body></html>", subtype="html")
    for file in parcel.files:
        main, _, sub = file.media.partition("/")
        mail.add_attachment(file.data, maintype=main, subtype=sub, filename=file.name)
    return mail


def _said(code: int, words: bytes | str) -> str:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    return f"{code} {text}".replace("\n", " ")[:_WORD]
