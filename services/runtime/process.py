"""Process: how a service starts, is told to stop, and ends."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from services.runtime import logging
from services.runtime.errors import OperatorError, Stopped
from services.runtime.settings import Settings, SettingsError

OK, CRASHED, REFUSED = 0, 1, 2
"""Exit codes: done; a fault of ours, start again; what we were told can't work, do not."""

GRACE_S = 4.5  # below the patience of the supervisor, so that we end by ourselves and say why

Main = Callable[[Settings, asyncio.Event], Awaitable[None]]


class Refused(Exception):  # noqa: N818  the remedy lies with who started us, it is not a fault
    """A service can't start with what it was given; the message says what and the remedy."""


def run(main: Main, settings: Settings, component: str) -> int:
    """Run a service until it ends or SIGTERM or SIGINT comes; return the exit code.

    At the first signal the `stop` event is set and the service has a few seconds to finish its
    work; then, or at a second signal, it is cancelled.
    """
    logging.configure(as_json=settings.log_json, lowest=settings.log_level)
    log = logging.get(component)
    log.info("starting", pid=os.getpid())
    try:
        code = _runner(_until_stopped(main, settings, log))
    except (OperatorError, Refused, SettingsError) as error:
        log.warning("refused", error=str(error))
        return REFUSED
    except KeyboardInterrupt:
        return OK
    except Exception as error:  # noqa: BLE001  the last door: say it, and let the supervisor try again
        log.crash("crashed", error)
        return CRASHED
    log.info("ended")
    return code


async def _until_stopped(main: Main, settings: Settings, log: logging.Logger) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    work = asyncio.ensure_future(main(settings, stop))

    def told(number: int) -> None:
        log.info("told_to_stop", signal=signal.Signals(number).name)
        if stop.is_set():
            work.cancel()
        stop.set()
        loop.call_later(GRACE_S, work.cancel)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told, number)
    try:
        await work
    except asyncio.CancelledError:
        if not stop.is_set():
            raise
        log.warning("cut_short", after_s=GRACE_S)
    except Stopped:
        log.info("ended_before_it_began")
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    return OK


def _runner(main: Coroutine[Any, Any, int]) -> int:
    try:
        import uvloop  # noqa: PLC0415  an extra: absent from an edge gateway and from some platforms
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)
