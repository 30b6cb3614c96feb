"""A connection to NATS: closing it."""

import asyncio
from typing import Any

import pytest
from nats.errors import TimeoutError as NatsTimeoutError

from services.runtime.nats import Connection


class Gone:
    """A client whose server goes away in the moment of closing."""

    is_closed = False

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def close(self) -> None:
        raise self._error


@pytest.mark.parametrize(
    "error", [ConnectionResetError(), BrokenPipeError(), OSError(5, "io"), NatsTimeoutError()]
)
def test_closing_never_fails_because_the_server_went_away(error: Exception) -> None:
    nothing: Any = None
    client: Any = Gone(error)
    connection = Connection(client, nothing)
    asyncio.run(connection.close())
    assert connection.closing


def test_a_fault_of_ours_in_closing_is_not_hidden() -> None:
    nothing: Any = None
    client: Any = Gone(ValueError("ours"))
    with pytest.raises(ValueError, match="ours"):
        asyncio.run(Connection(client, nothing).close())
