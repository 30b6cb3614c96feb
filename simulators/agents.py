"""The agents of a site's gateways: one sender each, made when it first has something to say."""

from collections.abc import Callable
from typing import NamedTuple

from edge.sender import Sender, Settings
from simulators.routes import Route

MAX_UNSTORED = 2_000
CONNECT_S = 5.0


class AgentError(RuntimeError):
    """No agent could connect; the text says why."""


class Target(NamedTuple):
    """Where to, as whom, and how."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None
    plain: bool = False


class Agents:
    """Senders by gateway; None is the client that publishes recorded messages as they are."""

    def __init__(self, target: Target, notice: Callable[[str], None] = lambda _: None) -> None:
        """Connect nobody yet."""
        self._target, self._notice = target, notice
        self._senders: dict[Route | None, Sender] = {}
        self._stored = 0

    def of(self, route: Route | None) -> Sender:
        """The agent of a gateway.

        Raises:
            AgentError: the first of all finds no broker. Later ones hold what they are given and try again.
        """
        found = self._senders.get(route)
        if found is not None:
            return found
        target = self._target
        area, gateway = route or ("replay", "replay")
        sender = Sender(
            target.host,
            target.port,
            area,
            gateway,
            username=target.username,
            password=target.password,
            plain=target.plain or route is None,
            settings=Settings(backlog_after_s=None),  # what waits is as new as the sender's own present
            max_unstored=MAX_UNSTORED,
            notice=lambda text: self._notice(f"{gateway}: {text}"),
        )
        first = not self._senders
        self._senders[route] = sender
        if not sender.wait_connected(CONNECT_S) and first:
            raise AgentError(sender.problem or f"no answer from {target.host}:{target.port}")
        return sender

    def end(self, route: Route, timeout_s: float) -> None:
        """A gateway goes off; what it holds may be stored before, but not for long."""
        sender = self._senders.pop(route, None)
        if sender is not None:
            sender.wait_all_stored(timeout_s)
            self._stored += sender.stored
            sender.close()

    @property
    def stored(self) -> int:
        """Packs stored so far (plain: PUBACKed)."""
        return self._stored + sum(sender.stored for sender in list(self._senders.values()))

    @property
    def unstored(self) -> int:
        """Packs handed to agents and not yet stored."""
        return sum(sender.unstored for sender in list(self._senders.values()))

    @property
    def problem(self) -> str | None:
        """Why an agent has no connection now; None while all have."""
        return next((sender.problem for sender in list(self._senders.values()) if sender.problem), None)

    def wait_all_stored(self, timeout_s: float) -> bool:
        """Wait at most so long for each; False when something is held still."""
        return all(sender.wait_all_stored(timeout_s) for sender in list(self._senders.values()))

    def stop(self) -> None:
        """Make every wait return now; from any thread."""
        for sender in list(self._senders.values()):
            sender.stop()

    def close(self) -> None:
        """End all agents."""
        for sender in self._senders.values():
            sender.close()
