"""The OpenAPI document: whole, true to its examples, and readable by what shows it."""

import json
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

import jsonschema_rs
import pytest
import swagger_ui_bundle
from fastapi import APIRouter
from fastapi.routing import APIRoute, APIWebSocketRoute

from services.api import canary, routers
from services.api.app import create_app
from services.api.context import Context
from services.api.database import Database
from services.api.fold import Fold
from services.api.openapi import VERSION
from services.api.params import query_names
from services.api.push.hub import Hub
from services.runtime.settings import Settings


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    unused: Any = None
    context = Context(
        Settings(), unused, lambda: False, Database(None), unused, Fold(), Hub(), unused, unused
    )
    made: dict[str, Any] = json.loads(json.dumps(create_app(context).openapi()))
    return made


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {found["operationId"]: found for path in document["paths"].values() for found in path.values()}


def test_every_operation_has_an_example_a_tag_and_words_in_both_languages(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        content = next(iter(operation["responses"]["200"]["content"].values()))
        assert content.get("example"), name
        assert operation["tags"], name
        assert " · " in operation["summary"], name
        assert not operation["description"].isascii(), f"{name} has no Vietnamese"


def test_every_example_has_the_documented_shape(document: dict[str, Any]) -> None:
    known = jsonschema_rs.Registry([("urn:api", {"components": _with_null(document["components"])})])
    tried = set()
    for name, operation in operations(document).items():
        for code, answer in operation["responses"].items():
            for content in answer["content"].values():
                assert "example" in content, (name, code)
                pair = json.dumps([content["schema"], content["example"]], sort_keys=True)
                if pair in tried:  # refusals have the same few examples everywhere
                    continue
                tried.add(pair)
                schema = json.loads(json.dumps(_with_null(content["schema"])).replace('"#/', '"urn:api#/'))
                found = jsonschema_rs.validator_for(schema, registry=known).iter_errors(content["example"])
                assert [str(error) for error in found] == [], (name, code)
    assert len(tried) > 50


def test_a_query_takes_what_is_documented_over_a_socket_too(document: dict[str, Any]) -> None:
    rooms = [import_module(f"{routers.__name__}.{found.name}") for found in iter_modules(routers.__path__)]
    kept = [each for room in rooms for each in vars(room).values() if isinstance(each, APIRouter)]
    routes = [each for router in kept for each in router.routes]
    taken = {
        each.name: query_names(each) for each in routes if isinstance(each, APIRoute | APIWebSocketRoute)
    }
    for name, operation in operations(document).items():
        shown = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "query"}
        assert taken[name] == shown, name
    assert taken["socket_events"] == taken["stream_events"]


def test_errors_are_documented_as_problems(document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        answers = operation["responses"]
        assert "422" in answers, name
        for code, answer in answers.items():
            if not code.startswith("2"):
                assert list(answer["content"]) == ["application/problem+json"], (name, code)
    found = operations(document)
    assert "410" in found["list_events"]["responses"]
    assert "404" in found["get_alert"]["responses"]
    assert "503" in found["list_observations"]["responses"]
    assert "401" in found["list_alerts"]["responses"]


def test_nothing_of_later_json_schema_is_left(document: dict[str, Any]) -> None:
    assert document["openapi"] == VERSION

    def look(node: Any, path: str) -> None:
        if isinstance(node, list):
            for at, item in enumerate(node):
                look(item, f"{path}/{at}")
        if isinstance(node, dict):
            assert "const" not in node, path
            assert node.get("type") != "null", path
            assert not isinstance(node.get("type"), list), path
            assert not isinstance(node.get("exclusiveMinimum"), int | float) or isinstance(
                node["exclusiveMinimum"], bool
            ), path
            for key, value in node.items():
                if key != "example":
                    look(value, f"{path}/{key}")

    look(document, "")


def test_what_shows_the_document_can_read_its_version() -> None:
    bundle = (Path(swagger_ui_bundle.swagger_ui_path) / "swagger-ui-bundle.js").read_text("utf-8")
    assert "openapi: 3.0.n" in bundle.replace("<code>", "").replace("</code>", "")
    assert VERSION.startswith("3.0.")


def test_no_page_names_another_host() -> None:
    pages = Path(canary.__file__).parent / "pages"
    for page in pages.iterdir():
        text = page.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "//" not in "".join(line for line in text.splitlines() if "://" in line), page.name


def test_the_canary_s_pack_is_one_plain_reading_of_the_reserved_sensor() -> None:
    pack = json.loads(canary.pack(7, 1_760_000_000.25))
    assert pack == [{"n": "haidang-self.canary", "u": "1", "t": 1_760_000_000.25, "v": 7}]
    assert canary.TOPIC == "haidang/v1/haidang-self/haidang-self/readings"


def _with_null(node: Any) -> Any:
    """`nullable` as the validator of plain JSON Schema reads it."""
    if isinstance(node, list):
        return [_with_null(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: value if key == "example" else _with_null(value) for key, value in node.items()}
    if found.pop("nullable", False):
        return {"anyOf": [found, {"type": "null"}]}
    return found
