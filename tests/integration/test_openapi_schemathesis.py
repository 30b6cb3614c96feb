"""The API holds what its OpenAPI document says, whatever it is asked (schemathesis)."""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from services import schema as tables
from services.alerts import situation
from services.observation import command as nouns
from services.observation import event as events
from services.observation.command import Command, Told
from services.runtime.nats import Connection
from services.runtime.streams import REPORTS
from tests.support.api_rig import SITE, T0, Rig, beating, rig, told
from tests.support.databases import Postgres
from tests.support.situations import Stream, alert

RAIN, TREE = alert("rain", sort="rain", area="thang-tam"), alert("tree", sort="tree", area="thang-tam")
STORM = Stream().live(RAIN, TREE)[0]
ENDLESS = "/api/v1/events/stream"
EXAMPLES = 6
DEAR = {"/api/v1/reports/{kind}": 2}
"""Each answer is made in a process of its own."""
REAL = {
    "station": "vt-flood-001",
    "sensor": "vt-flood-001.water_level",
    "alert_id": "one",
    "gateway": "gw-01",
    "command": "one-command",
    "situation_id": STORM.subject,
    "kind": "shift",
    "file": "shift-20261020T0600.vi.pdf",
}
HELD = [
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("openapi")
    server = Postgres(folder / "data")
    server.start()
    asyncio.run(_prepare(server.dsn()))
    with rig(folder / "api", server.dsn()) as made:
        place = events.subject("vung-tau", "thang-tam", STORM.subject)
        made.tell((place, situation.encode(STORM)))
        made.tell(told("one"), told("two", severity="warning"), told("one", "cleared", at_s=60))
        made.tell(_ordered())
        made.nats(_report)
        with beating(made, "ingest", "alerts", "keeper", "archive"):
            yield made
    server.stop()


async def _prepare(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as db:
        await tables.migrate(db)
        await db.execute("insert into sensor (name) values ('vt-flood-001.water_level')")
        await db.execute(
            "insert into observation select 1, now() - n * interval '1 minute', n, 1, now()"
            " from generate_series(0, 99) n"
        )
        await db.execute(
            "insert into strike"
            " values ('s', '1', now() - interval '1 hour', 10.3, 107.1, 'cg', -20, null, now())"
        )


async def _report(connection: Connection) -> None:
    """A report as it is stored."""
    await (await connection.js.object_store(REPORTS)).put(REAL["file"], b"%PDF-1.7")


def _ordered() -> tuple[str, bytes]:
    """A command, as it is written down."""
    wire = Command(id="one-command", kind="read", targets=[], issued_at=T0, expires_at=T0 + 1)
    told = Told(command=wire.id, gateway="gw-01", area="thang-tam", wire=wire, order="one", by="local")
    event = nouns.make(SITE, nouns.Verb.ORDERED, told, T0)
    return nouns.subject(SITE, "gw-01", wire.id), nouns.encode(event)


def _operations(machine: Rig) -> Iterator[schemathesis.APIOperation[Any, Any, Any, Any]]:
    """Every operation whose answer has an end."""
    for found in schemathesis.openapi.from_url(
        machine.http + "/openapi.json", timeout=60
    ).get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        if operation.path != ENDLESS:
            yield operation


def _real_ids(operation: schemathesis.APIOperation[Any, Any, Any, Any]) -> dict[str, str]:
    """Path parameters that name something; random ones never do."""
    return {name: real for name, real in REAL.items() if f"{{{name}}}" in operation.path}


def _can_be_wrong(operation: schemathesis.APIOperation[Any, Any, Any, Any]) -> bool:
    """Whether there is a query or a body of JSON: to look for a wrong path takes seconds and finds none."""
    bodies = [body for body in operation.body if body.media_type == "application/json"]
    return bool(bodies) or bool(list(operation.query))


# The strategies are drawn from by hand: the plugin's own parametrizing is made for another pytest.
@pytest.mark.parametrize("mode", list(GenerationMode))
def test_every_operation_answers_as_documented_and_never_fails(machine: Rig, mode: GenerationMode) -> None:
    for operation in _operations(machine):
        if mode is GenerationMode.NEGATIVE and not _can_be_wrong(operation):
            continue
        try:
            strategy = operation.as_strategy(generation_mode=mode)
        except Unsatisfiable:
            continue

        @settings(
            max_examples=DEAR.get(operation.path, EXAMPLES), deadline=None,
            suppress_health_check=list(HealthCheck), derandomize=True,
        )  # fmt: skip
        @given(case=strategy)
        def holds(case: schemathesis.Case[Any]) -> None:
            if mode is GenerationMode.POSITIVE:
                case.path_parameters = {**(case.path_parameters or {}), **_real_ids(case.operation)}
            answer = case.call(timeout=60)
            # 503 is what this API says when something it needs is away; it is documented where it can be.
            assert answer.status_code < 500 or answer.status_code == 503, answer.text
            if answer.status_code >= 400:
                assert answer.headers["content-type"][0] == "application/problem+json"
            case.validate_response(answer, checks=HELD)

        try:
            holds()
        except Unsatisfiable:  # an operation without parameters has nothing wrong to be asked
            continue


def test_the_real_ids_answer_as_documented(machine: Rig) -> None:
    tried = 0
    for operation in _operations(machine):
        if operation.method.upper() != "GET":
            continue  # an order needs a body and a site that lights streets
        if set(re.findall(r"{(\w+)}", operation.path)) - REAL.keys():
            continue  # of what this rig has none
        case = operation.Case(path_parameters=_real_ids(operation))
        answer = case.call(timeout=60)
        assert answer.status_code == 200, (operation.path, answer.text)
        case.validate_response(answer, checks=HELD)
        tried += 1
    assert tried >= 15
