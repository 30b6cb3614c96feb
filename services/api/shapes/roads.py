"""The shapes of roads out, as OpenAPI tells them, with an example of each answer."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.schemas import Severity, Time, Words

_AT = "2026-10-20T01:10:00Z"


class ReplayRequest(BaseModel):
    """What is to be carried again: dead letters by id, all of them, or (machines) events after a token."""

    model_config = ConfigDict(extra="forbid")

    letters: Annotated[list[Annotated[str, Field(min_length=1, max_length=64)]], Field(max_length=1000)] = []
    every: bool = Field(default=False, description="All dead letters · Mọi thư đã ngừng thử")
    after: Annotated[str, Field(min_length=1, max_length=40)] | None = Field(
        None, description="A token: what came after it, up to where the road is · Mã sự kiện"
    )


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class RoadShown(_Shape):
    """A road as it stands. `lag`: events of the stream that it has not come to; null for roads of people.

    `state`: `well`; `failing`: letters wait; `refused`: the last one was refused for itself; `broken`: it
    can't be opened, `problem` says why; `starting`.
    """

    road: str
    kind: str
    carries: Literal["events", "words"]
    state: Literal["well", "failing", "refused", "broken", "starting"]
    problem: Words | None
    to: list[str]
    hazards: list[str]
    areas: list[str]
    severity: Severity
    status: list[str]
    lag: int | None
    waiting: int
    token: str | None
    said: str = Field(description="What the receiver answered last · Trả lời gần nhất")
    last_success: Time | None
    last_failure: Time | None
    failing_since: Time | None
    next_try: Time | None
    delivered: int
    failures: int
    dead: int
    tested_at: Time | None
    test_passed: bool | None
    test_said: str
    next_test: Time | None


class RoadPage(_Shape):
    """All roads; there is no second page."""

    items: list[RoadShown]
    next: str | None


class Attempt(_Shape):
    """One attempt of a road. `to`: an account, empty for a machine; `about`: ids of alerts and the like."""

    time: Time
    id: str
    attempt: int
    outcome: Literal["delivered", "failed", "dead"]
    said: str
    events: int
    took_ms: int
    test: bool
    to: str
    about: list[str]


class RoadDetail(_Shape):
    """A road and its last attempts, newest first."""

    road: RoadShown
    attempts: list[Attempt]


class DeadLetter(_Shape):
    """A letter that was given up. `title`: of words; `tokens`: of events."""

    id: str
    time: Time
    stored_at: Time
    attempts: int
    said: str
    to: str
    title: str | None
    tokens: list[str]


class DeadLetterPage(_Shape):
    """Dead letters, oldest first."""

    items: list[DeadLetter]
    next: str | None


class RoadAsked(_Shape):
    """The request is written down; the road does it and shows what came of it."""

    request: str
    road: str
    ask: Literal["test", "replay"]


_ROAD: dict[str, Any] = {
    "road": "ioc",
    "kind": "webhook",
    "carries": "events",
    "state": "well",
    "problem": None,
    "to": [],
    "hazards": [],
    "areas": [],
    "severity": "advisory",
    "status": ["Actual", "Exercise", "Test"],
    "lag": 0,
    "waiting": 0,
    "token": "1f0c9a2b.42",
    "said": "HTTP 200",
    "last_success": _AT,
    "last_failure": None,
    "failing_since": None,
    "next_try": None,
    "delivered": 4210,
    "failures": 3,
    "dead": 0,
    "tested_at": "2026-10-18T20:11:00Z",
    "test_passed": True,
    "test_said": "HTTP 200",
    "next_test": "2026-10-25T20:11:00Z",
}
_ASKED = {"request": "5f1c9a3b0e7d42688c6f5a1e9b2d4c70", "road": "ioc"}
EXAMPLES: dict[str, Any] = {
    "list_roads": {"items": [_ROAD], "next": None},
    "get_road": {
        "road": _ROAD,
        "attempts": [
            {
                "time": _AT,
                "id": "a7d3c9e1f0b24586a7d3c9e1f0b24586",
                "attempt": 1,
                "outcome": "delivered",
                "said": "HTTP 200",
                "events": 1,
                "took_ms": 38,
                "test": False,
                "to": "",
                "about": ["2f6c1c2b7d4a8f9c3e1d2a4b6c8e0f5e"],
            }
        ],
    },
    "list_dead_letters": {
        "items": [
            {
                "id": "a7d3c9e1f0b24586a7d3c9e1f0b24586",
                "time": _AT,
                "stored_at": "2026-10-20T01:00:00Z",
                "attempts": 5,
                "said": "HTTP 422 unknown station",
                "to": "",
                "title": None,
                "tokens": ["1f0c9a2b.41"],
            }
        ],
        "next": None,
    },
    "test_road": {**_ASKED, "ask": "test"},
    "replay_road": {**_ASKED, "ask": "replay"},
}
