"""The agents of a site's gateways: one sender each, made when it first has something to say."""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from edge.sender import Sender, Settings
from services.observation.instants import SECOND
from simulators.controllers import Controllers
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


class Commanded:
    """Simulated controllers behind the agents of their gateways. Commands come in each agent's own thread."""

    def __init__(self, controllers: Controllers, wall: Callable[[], float] = time.time) -> None:
        """`wall`: the clock of all controllers, seconds since 1970."""
        self.controllers, self._wall = controllers, wall
        self._senders: dict[str, Sender] = {}
        self._lock = threading.Lock()

    def hearer(self, gateway: str) -> Callable[[bytes], None] | None:
        """What a gateway does with a command; None for one that has no controller."""
        if gateway not in self.controllers.of:
            return None

        def hear(payload: bytes) -> None:
            with self._lock:
                self.controllers.hear(gateway, payload, self._now())
            self.turn()

        return hear

    def meet(self, gateway: str, sender: Sender) -> None:
        """From now on this agent speaks for the gateway."""
        self._senders[gateway] = sender

    def turn(self) -> None:
        """Say what is due by now; to be called now and then."""
        with self._lock:
            for gateway, result in self.controllers.answers(self._now()):
                sender = self._senders.get(gateway)
                if sender is not None:
                    sender.answer(result)

    def level(self, lamp: str) -> float | None:
        """What a lamp is told to do now, %."""
        with self._lock:
            return self.controllers.level(lamp, self._now())

    def held(self, *, programme: bool) -> dict[str, float]:
        """What lamps are told now, %, where somebody told them."""
        with self._lock:
            return self.controllers.held(self._now(), programme=programme)

    def _now(self) -> int:
        return round(self._wall() * SECOND)


class Agents:
    """Senders by gateway; None is the client that publishes recorded messages as they are."""

    def __init__(
        self,
        target: Target,
        notice: Callable[[str], None] = lambda _: None,
        commanded: "Commanded | None" = None,
    ) -> None:
        """Connect nobody yet. `commanded`: controllers that some of the gateways speak for."""
        self._target, self._notice = target, notice
        self._commanded = commanded
        self._senders: dict[Route | None, Sender] = {}
        self._ending: list[Sender] = []
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
            on_command=None if self._commanded is None else self._commanded.hearer(gateway),
        )
        if self._commanded is not None:
            self._commanded.meet(gateway, sender)
        first = not self._senders
        self._senders[route] = sender
        if not sender.wait_connected(CONNECT_S) and first:
            raise AgentError(sender.problem or f"no answer from {target.host}:{target.port}")
        return sender

    def end(self, route: Route, timeout_s: float) -> None:
        """A gateway goes off; what it holds may be stored before, but not for long. Nobody waits for it."""
        sender = self._senders.pop(route, None)
        if sender is not None:
            self._ending.append(sender)
            threading.Thread(target=self._end, args=(sender, timeout_s), daemon=True).start()

    def _end(self, sender: Sender, timeout_s: float) -> None:
        sender.wait_all_stored(timeout_s)
        sender.close()
        self._ending.remove(sender)
        self._stored += sender.stored

    @property
    def stored(self) -> int:
        """Packs stored so far (plain: PUBACKed)."""
        every = [*self._senders.values(), *self._ending]
        return self._stored + sum(sender.stored for sender in every)

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
