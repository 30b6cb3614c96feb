"""A message as it came, and where from. Pure."""

from typing import NamedTuple, Protocol


class Endpoint(NamedTuple):
    """A broker, and who we are there. `client_id` must stay the same for the session to be found again."""

    source: str
    host: str
    port: int
    client_id: str
    topics: tuple[str, ...]
    user: str | None = None
    password: str | None = None
    tls: bool = False


class Line(Protocol):
    """The connection a message came on, as far as the path of a reading needs to know it."""

    alive: bool
    endpoint: Endpoint

    def acknowledge(self, mids: list[int]) -> None:
        """Acknowledge on this connection, or not at all."""


class RawMessage(NamedTuple):
    """A message as it came. `mid` is 0 for QoS 0; `received_at` in µs UTC."""

    connection: Line
    mid: int
    topic: str
    payload: bytes
    retain: bool
    received_at: int
