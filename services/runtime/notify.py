"""Notify: tells systemd that we are ready, and that we live. Without systemd nothing happens."""

import contextlib
import os
import socket

READY, ALIVE = "READY=1", "WATCHDOG=1"


def tell(state: str) -> None:
    """Send a state to whoever started us, if they asked for it (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address.startswith(("/", "@")):
        return
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sending:
        sending.settimeout(0.0)  # nobody may wait for a supervisor that does not read
        sending.sendto(state.encode(), "\0" + address[1:] if address.startswith("@") else address)
