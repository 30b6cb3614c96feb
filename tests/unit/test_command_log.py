"""What is written about commands is written on what was known when it was decided."""

import asyncio
from types import SimpleNamespace
from typing import Any

from services.lighting.loop import Patience, decide
from services.lighting.stream import EXPECTED, CommandLog
from services.observation import command as nouns
from services.observation.command import Result
from tests.support.streets import AREA, GATEWAY, SITE, Street


class Server:
    """The stream's side of a publish; something else may happen while a command goes down."""

    def __init__(self, street: Street, *, meanwhile: bool) -> None:
        self.street, self.meanwhile = street, meanwhile
        self.published: list[tuple[str, dict[str, str]]] = []

    async def publish(
        self, subject: str, data: bytes, headers: dict[str, str] | None = None, **_: Any
    ) -> Any:
        self.published.append((subject, headers or {}))
        if subject.startswith("down.") and self.meanwhile:
            command = nouns.decode_command(data)
            result = Result(id=command.id, state="done", at=self.street.now)
            event = nouns.answered(SITE, AREA, GATEWAY, result, self.street.now)
            self.street.ledger.apply(7, event)
        return SimpleNamespace(seq=8)


def sent(*, meanwhile: bool) -> tuple[Street, Server]:
    street = Street()
    street.override(50)
    server = Server(street, meanwhile=meanwhile)
    log: Any = CommandLog(server, SITE, street.ledger)  # type: ignore[arg-type]  # stands for JetStream
    acts = decide(street.ledger, street.now, {}, Patience())
    assert asyncio.run(log.do(acts, street.now))
    return street, server


def test_a_command_goes_down_before_its_sending_is_written() -> None:
    _, server = sent(meanwhile=False)
    assert [subject.split(".")[0] for subject, _ in server.published] == ["down", "commands"]


def test_an_answer_that_comes_while_it_is_sent_makes_the_writing_fail() -> None:
    _, server = sent(meanwhile=True)
    (_, headers) = server.published[-1]
    assert headers[EXPECTED] == "1", "the sequence at the moment of deciding, not the one of the answer"
