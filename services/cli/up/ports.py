"""Ports: which are free, and who may be reached from where."""

import asyncio
import contextlib
import errno
import socket

from services.observation.text import Text
from services.runtime.errors import OperatorError
from services.runtime.settings import address, is_loopback

ANY = ("0.0.0.0", "::")  # noqa: S104  to recognise it, not to listen on it


class PortTaken(OperatorError):  # noqa: N818  a fact
    """Someone listens there already."""

    def __init__(self, option: str, host: str, port: int) -> None:
        super().__init__(
            Text(
                f"--{option} {host}:{port} đang bị chương trình khác dùng",
                f"--{option} {host}:{port} is taken by another program",
            ),
            Text(
                "dừng chương trình đó, chọn cổng khác, hoặc 0 để tự chọn",
                f"stop it (ss -ltnp 'sport = :{port}' names it), choose another port, or 0 for any free one",
            ),
        )


class NotHere(OperatorError):  # noqa: N818  a fact
    """The address is not one that we may listen on."""

    def __init__(self, option: str, host: str, reason: str) -> None:
        super().__init__(
            Text(f"--{option} {host}: {reason}", f"--{option} {host}: {reason}"),
            Text(
                "dùng địa chỉ của máy này, như 127.0.0.1, và cổng từ 1024 trở lên",
                "use an address of this machine, as 127.0.0.1, and a port from 1024 up",
            ),
        )


def choose(option: str, text: str | None, before: int | None = None) -> tuple[str, int]:
    """The address to listen on. Port 0 or no text: the one of last time if it is free, else any.

    Raises:
        PortTaken: the port that was asked for is taken.
        NotHere: the host is not ours.
        SettingsError: not an address.
    """
    host, port = address(text, option) if text else ("127.0.0.1", 0)
    if port == 0 and before and _bind(option, host, before) is not None:
        return host, before
    bound = _bind(option, host, port)
    if bound is None:
        raise PortTaken(option, host, port)
    return host, bound


def open_to_others(host: str) -> bool:
    """Whether other machines can reach an address."""
    return not is_loopback(host)


def answers(host: str, port: int) -> bool:
    """Whether someone listens there."""
    try:
        with socket.create_connection((host, port), timeout=0.5):
            return True
    except OSError:
        return False


def reach(where: tuple[str, int]) -> str:
    """How we ourselves reach an address we listen on."""
    host, port = where
    return f"{'127.0.0.1' if host in ANY else host}:{port}"


def _bind(option: str, host: str, port: int) -> int | None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still being forgotten is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            # Bound is not enough: with SO_REUSEADDR on both, only listening finds the other listener.
            probe.listen(1)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return None
            raise NotHere(option, host, error.strerror or str(error)) from error
        return int(probe.getsockname()[1])


async def answers_http(where: str, path: str) -> bool:
    """Whether an HTTP server answers 200 there. A few bytes by hand: the base has no HTTP client."""
    host, port = address(where, "http")
    try:
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_connection("127.0.0.1" if host in ANY else host, port)
            writer.write(f"GET {path} HTTP/1.0\r\nHost: {where}\r\n\r\n".encode())
            status = await reader.readline()
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return b" 200 " in status
