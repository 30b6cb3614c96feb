"""The shapes of exercises in answers, as OpenAPI tells them, and an example of each."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.api.schemas import Page, Severity, Time, Words


class _Shape(BaseModel):
    model_config = ConfigDict(extra="allow")


class Exercise(_Shape):
    """An exercise: what is played, since when, at which pace; `why` and `ended_at` once it is over."""

    exercise_id: str
    name: Words
    status: Literal["Exercise"]
    by: str
    played: str
    speed: float
    first: Time
    last: Time
    started_at: Time
    ended_at: Time | None = None
    why: Literal["done", "stopped", "aborted"] | None = None
    alerts: int = 0


class ExercisePage(Page[Exercise]):
    """Exercises, the newest first."""


class ExerciseDelivered(_Shape):
    """A road had handed it over, the first time; `to` is empty where the road has one receiver."""

    road: str
    to: str
    at: Time
    words: bool = Field(description="For people · Bằng lời, cho người")


class ExerciseCalled(_Shape):
    """A step of escalation. `to`: whom the rules named; `reached`: whom roads had reached."""

    at: Time
    step: int
    to: list[str]
    reached: list[ExerciseDelivered]
    answered: bool = Field(
        description="Somebody acknowledged or closed before the next step · Có người xác nhận trước bước sau"
    )


class ExerciseAlert(_Shape):
    """One alert of an exercise, step by step; null where it never came to that.

    `within`: it came into a situation that had been told, and nothing was sent for it alone.
    """

    alert_id: str
    hazard: str
    rule: str
    area: str
    severity: Severity
    raised_at: Time
    situation: str | None
    within: bool
    explained_by: str | None
    annunciated_at: Time | None
    delivered_at: Time | None
    deliveries: list[ExerciseDelivered]
    calls: list[ExerciseCalled]
    acknowledged_at: Time | None
    acknowledged_by: str | None
    assigned_at: Time | None
    assigned_to: str | None
    closed_at: Time | None
    closed_by: str | None
    cause: str | None
    cleared_at: Time | None


class ExerciseMet(_Shape):
    """Something that had to be told, and how that went, over all alerts that tell it.

    Seconds since it happened. `after_s`: until it was detected, which `within_s` limits; `quiet`: detected,
    and never told.
    """

    name: Words
    hazard: str
    at: Time
    within_s: float
    told: bool
    quiet: bool
    in_time: bool
    alert_id: str | None
    raised_at: Time | None
    annunciated_at: Time | None
    delivered_at: Time | None
    acknowledged_at: Time | None
    acknowledged_by: str | None
    after_s: float | None
    told_s: float | None
    delivered_s: float | None
    acknowledged_s: float | None
    deliveries: list[ExerciseDelivered]
    calls: list[ExerciseCalled]


class ExerciseReceiver(_Shape):
    """What a road brought to one receiver; seconds from the sound, of a machine from the first event."""

    road: str
    to: str
    letters: int
    waiting: int = Field(description="Tried, and not handed over · Đã thử mà chưa tới")
    alerts: int
    median_s: float | None
    slowest_s: float | None


class ExercisePerson(_Shape):
    """What reached one person, and what they did. `called`: steps of escalation that reached them."""

    name: str
    told: int
    called: int
    unanswered: int
    acknowledged: int
    assigned: int
    closed: int
    commented: int
    shelved: int
    acknowledge_s: float | None


class ExerciseScore(_Shape):
    """Who saw what when: seconds are medians; `things` are what was new to an operator."""

    exercise: Exercise
    alerts: list[ExerciseAlert]
    expected: list[ExerciseMet]
    receivers: list[ExerciseReceiver]
    people: list[ExercisePerson]
    things: int
    per_two_minutes: float
    most_in_10_min: int
    missed: int
    late: int
    unacknowledged: int
    calls: int
    unanswered: int
    annunciate_s: float | None
    deliver_s: float | None
    acknowledge_s: float | None


_ID = "5c2e9a1b4d7f40638e1a2b3c4d5e6f70"
_AT = "2026-10-20T01:00:00Z"
_EXERCISE: dict[str, Any] = {
    "exercise_id": _ID,
    "name": {"vi": "bão mô phỏng", "en": "a simulated storm"},
    "status": "Exercise",
    "by": "huong",
    "played": "storm",
    "speed": 10.0,
    "first": "2025-11-05T09:30:00Z",
    "last": "2025-11-05T13:29:59Z",
    "started_at": _AT,
    "time": "2026-10-20T01:29:00Z",
    "site_version": "0c1d2e3f4a5b",
    "seed": 26506,
    "minutes": 240.0,
    "alerts": 1,
    "why": "done",
    "ended_at": "2026-10-20T01:29:00Z",
    "ended_by": "huong",
}
_MAIL: dict[str, Any] = {"road": "duty-mail", "to": "huong", "at": "2026-10-20T01:03:14Z", "words": True}
_SCORE: dict[str, Any] = {
    "exercise": _EXERCISE,
    "alerts": [
        {
            "alert_id": "2f6c1c2b7d4a8f9c3e1d2a4b6c8e0f5e",
            "hazard": "flood",
            "rule": "rain",
            "area": "vung-tau",
            "severity": "warning",
            "raised_at": "2026-10-20T01:03:10Z",
            "station": "vt-rain-001",
            "gateway": None,
            "situation": None,
            "within": False,
            "explained_by": None,
            "annunciated_at": "2026-10-20T01:03:13Z",
            "delivered_at": "2026-10-20T01:03:14Z",
            "deliveries": [_MAIL],
            "calls": [],
            "acknowledged_at": "2026-10-20T01:04:02Z",
            "acknowledged_by": "huong",
            "assigned_at": None,
            "assigned_to": None,
            "closed_at": None,
            "closed_by": None,
            "cause": None,
            "cleared_at": "2026-10-20T01:12:40Z",
        }
    ],
    "expected": [
        {
            "name": {"vi": "mưa trên vt-rain-001", "en": "rain over vt-rain-001"},
            "hazard": "flood",
            "at": "2026-10-20T01:01:00Z",
            "within_s": 270.0,
            "told": True,
            "quiet": False,
            "in_time": True,
            "alert_id": "2f6c1c2b7d4a8f9c3e1d2a4b6c8e0f5e",
            "raised_at": "2026-10-20T01:03:10Z",
            "annunciated_at": "2026-10-20T01:03:13Z",
            "delivered_at": "2026-10-20T01:03:14Z",
            "acknowledged_at": "2026-10-20T01:04:02Z",
            "acknowledged_by": "huong",
            "after_s": 130.0,
            "told_s": 133.0,
            "delivered_s": 134.0,
            "acknowledged_s": 182.0,
            "deliveries": [_MAIL],
            "calls": [],
        }
    ],
    "receivers": [
        {
            "road": "duty-mail",
            "to": "huong",
            "letters": 2,
            "waiting": 0,
            "alerts": 1,
            "median_s": 1.0,
            "slowest_s": 1.0,
        }
    ],
    "people": [
        {
            "name": "huong",
            "told": 1,
            "called": 0,
            "unanswered": 0,
            "acknowledged": 1,
            "assigned": 0,
            "closed": 0,
            "commented": 0,
            "shelved": 0,
            "acknowledge_s": 49.0,
        }
    ],
    "things": 1,
    "per_two_minutes": 0.069,
    "most_in_10_min": 1,
    "missed": 0,
    "late": 0,
    "unacknowledged": 0,
    "calls": 0,
    "unanswered": 0,
    "annunciate_s": 3.0,
    "deliver_s": 1.0,
    "acknowledge_s": 49.0,
}
EXERCISE_EXAMPLES: dict[str, Any] = {
    "list_exercises": {"items": [_EXERCISE], "next": None},
    "get_exercise": _SCORE,
    "get_exercise_page": '<!doctype html><html lang="vi">…</html>',
}
