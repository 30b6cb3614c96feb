"""What a road out is: its noun with the defaults, its kinds, and how the file's schema describes it. Pure."""

from typing import Any, Literal

import msgspec

from services.observation.event import SEVERITIES
from services.observation.site_values import LANGUAGES

MACHINES = ("webhook",)
"""Roads for programs: every event, as it stands on the stream."""
PEOPLE = ("email", "sms", "telegram", "zalo", "apprise", "modem")
"""Roads for people: what deserves their attention, in words."""
SPEAKERS = ("loudspeaker",)
NEVER_SPOKEN = ("system", "outage")
"""What is no business of a commune's: our own sensors and roads. Not carried by loudspeakers."""
SPOKEN_IF_NAMED = ("lighting",)
KINDS = (*MACHINES, *PEOPLE, *SPEAKERS)
STATUSES = ("Actual", "Exercise", "Test")
NEED_SECRET = ("webhook", "email", "sms", "telegram", "zalo", "apprise")
NEED_TO = ("email", "sms", "telegram", "zalo", "modem")
MOST_BATCH, MOST_ROADS = 500, 50
OF_RETRY = ("first_s", "longest_s", "give_up_s")


class QuietHours(msgspec.Struct, frozen=True, kw_only=True):
    """Minutes of the site's day (over midnight too) in which what is `below` waits for their end."""

    start: int
    end: int
    below: str = "watch"


class Retry(msgspec.Struct, frozen=True, kw_only=True):
    """How a road waits: seconds before the second attempt, at the most, and until a letter is given up.

    At the most: so late do alerts come after a receiver that was away is back.
    """

    first_s: float = 1.0
    longest_s: float = 30.0
    give_up_s: float = 86_400.0


class Road(msgspec.Struct, frozen=True, kw_only=True):
    """One road.

    Attributes:
        to: accounts, or `rota:<name>`. secret: a name in the private file; never the secret itself.
        severity: the lowest that is carried. nouns: of events, for machines; empty: all.
        letters: `plain` without Vietnamese marks, so that an SMS holds 160 characters; `full` with them: 70.
        escalation: whether overdue steps go out here, to the persons whom they name.
        children: whether events of the sites below are carried too.
        alarm_after_s: so long without a way through, and it is an alert. longest: characters read aloud.
    """

    id: str
    kind: str
    to: tuple[str, ...] = ()
    url: str = ""
    device: str = ""
    baud: int = 115_200
    secret: str = ""
    hazards: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    severity: str = "advisory"
    status: tuple[str, ...] = STATUSES
    nouns: tuple[str, ...] = ()
    batch: int = 1
    format: str = "cloudevents"
    languages: tuple[str, ...] = ("vi",)
    letters: Literal["plain", "full"] = "full"
    sms_mode: Literal["pdu", "text"] = "pdu"
    quiet: QuietHours | None = None
    escalation: bool = True
    children: bool = False
    alarm_after_s: float = 300.0
    timeout_s: float = 15.0
    retry: Retry = Retry()
    longest: int = 400

    @property
    def for_machines(self) -> bool:
        """Whether it carries events and not words."""
        return self.kind in MACHINES


class Roads(msgspec.Struct, frozen=True, kw_only=True):
    """The roads of a site."""

    roads: tuple[Road, ...] = ()


def _list_of(*allowed: str) -> dict[str, Any]:
    item: dict[str, Any] = {"enum": list(allowed)} if allowed else {"type": "string"}
    return {"type": "array", "items": item, "minItems": 1}


SCHEMA: dict[str, Any] = {
    "road": {
        "type": "array",
        "items": {
            "type": "object",
            "additionalProperties": False,
            "required": ["id", "kind"],
            "properties": {
                "id": {"type": "string", "pattern": "^[a-z0-9-]+$"},
                "kind": {"enum": list(KINDS)},
                "to": {**_list_of(), "description": "accounts by name, or rota:<name>"},
                "url": {"type": "string", "description": "http://, https://; loudspeakers also file://"},
                "device": {"type": "string", "description": "the modem's line, /dev/serial/by-id/…"},
                "baud": {"type": "integer", "default": 115_200},
                "secret": {"type": "string", "description": "a name in DATA/secrets.toml"},
                "hazards": {**_list_of(), "description": "absent: all"},
                "areas": {
                    **_list_of(),
                    "description": "absent: all; what concerns the whole site always passes",
                },
                "severity": {"enum": list(SEVERITIES), "default": "advisory"},
                "status": {**_list_of(*STATUSES), "description": "people: Actual; machines: all"},
                "nouns": {**_list_of(), "description": "machines: alert, situation, …; absent: all"},
                "batch": {"type": "integer", "minimum": 1, "maximum": MOST_BATCH, "default": 1},
                "format": {"enum": ["cloudevents", "lgsp"], "default": "cloudevents"},
                "languages": {**_list_of(*LANGUAGES), "default": ["vi"]},
                "letters": {"enum": ["plain", "full"], "description": "plain: SMS without Vietnamese marks"},
                "sms_mode": {"enum": ["pdu", "text"], "default": "pdu"},
                "quiet": {
                    "type": "object",
                    "properties": {
                        "from": {"type": "string", "pattern": r"^\d\d:\d\d$"},
                        "to": {"type": "string", "pattern": r"^\d\d:\d\d$"},
                        "below": {"enum": ["watch", "warning"], "default": "watch"},
                    },
                    "required": ["from", "to"],
                    "additionalProperties": False,
                },
                "escalation": {"type": "boolean", "description": "overdue steps to the persons they name"},
                "children": {"type": "boolean", "default": False},
                "alarm_after_s": {"type": "number", "minimum": 1, "default": 300},
                "timeout_s": {"type": "number", "exclusiveMinimum": 0, "default": 15},
                "retry": {
                    "type": "object",
                    "properties": {key: {"type": "number", "exclusiveMinimum": 0} for key in OF_RETRY},
                    "additionalProperties": False,
                },
                "longest": {"type": "integer", "minimum": 100, "maximum": 2_000, "default": 400},
            },
        },
    }
}
"""This part of the JSON Schema of the file."""
