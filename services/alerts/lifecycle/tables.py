"""The three small machines of an alert, as tables: state and verb to state. Pure.

What no row names changes nothing. `docs/lifecycle.md` is drawn from them. OPC UA Part 9 cuts an alarm the
same way; ISA-18.2's names are labels that `Life.label` computes.
"""

from collections.abc import Mapping
from typing import NamedTuple

from services.observation.act import KeeperVerb, PersonVerb
from services.observation.event import Verb
from services.observation.text import Text

ACTIVE, CLEARED = "active", "cleared"
UNACKNOWLEDGED, ACKNOWLEDGED = "unacknowledged", "acknowledged"
UNSHELVED, ASKED, SHELVED = "unshelved", "asked", "shelved"


class Machine(NamedTuple):
    """One machine. `only_if` says of a row (state, verb) under what condition it holds, where it has one."""

    name: str
    text: Text
    states: tuple[str, ...]
    start: str
    moves: Mapping[tuple[str, str], str]
    only_if: Mapping[tuple[str, str], Text] = {}

    def next(self, state: str, verb: str) -> str:
        """The state after a verb; the same one where the table has no row."""
        return self.moves.get((state, verb), state)


_TIME_UP = Text(
    "chỉ khi keeper làm vì hết giờ: người xác nhận có thể đã hết ca",
    "only by the keeper, its time being up: who acknowledged it may have gone home",
)
_STILL = Text(
    "chỉ khi xảy ra sau lúc hết: địa bàn đó đã mất sự kiện hết (khôi phục từ bản sao lưu), ở đó nó vẫn còn",
    "only where it happened after that end: its site lost the end (a restored backup), there it still holds",
)
CONDITION = Machine(
    "condition",
    Text("điều kiện: số đo nói gì", "condition: what the readings say"),
    (ACTIVE, CLEARED),
    ACTIVE,
    {
        (ACTIVE, Verb.ESCALATED): ACTIVE,
        (ACTIVE, Verb.EASED): ACTIVE,
        (ACTIVE, Verb.BLIND): ACTIVE,
        (ACTIVE, Verb.SIGHTED): ACTIVE,
        (ACTIVE, Verb.CLEARED): CLEARED,
        (CLEARED, Verb.RAISED): ACTIVE,
        (CLEARED, Verb.ESCALATED): ACTIVE,
        (CLEARED, Verb.EASED): ACTIVE,
    },
    {(CLEARED, Verb.ESCALATED): _STILL, (CLEARED, Verb.EASED): _STILL},
)
ACKNOWLEDGEMENT = Machine(
    "acknowledgement",
    Text("xác nhận: đã có người biết chưa", "acknowledgement: has a person seen it"),
    (UNACKNOWLEDGED, ACKNOWLEDGED),
    UNACKNOWLEDGED,
    {
        (UNACKNOWLEDGED, PersonVerb.ACKNOWLEDGED): ACKNOWLEDGED,
        (UNACKNOWLEDGED, KeeperVerb.OVERDUE): UNACKNOWLEDGED,
        (UNACKNOWLEDGED, Verb.CLEARED): UNACKNOWLEDGED,
        (ACKNOWLEDGED, PersonVerb.UNACKNOWLEDGED): UNACKNOWLEDGED,
        (ACKNOWLEDGED, Verb.ESCALATED): UNACKNOWLEDGED,
        (ACKNOWLEDGED, Verb.RAISED): UNACKNOWLEDGED,
        (ACKNOWLEDGED, PersonVerb.UNSHELVED): UNACKNOWLEDGED,
        (ACKNOWLEDGED, PersonVerb.REOPENED): UNACKNOWLEDGED,
        (ACKNOWLEDGED, KeeperVerb.REALARMED): UNACKNOWLEDGED,
    },
    {
        (ACKNOWLEDGED, PersonVerb.UNSHELVED): _TIME_UP,
        (ACKNOWLEDGED, PersonVerb.REOPENED): _TIME_UP,
        (ACKNOWLEDGED, KeeperVerb.REALARMED): Text(
            "chỉ khi điều kiện vẫn còn, đã quá thời gian trong [[realarm]]",
            "only while it holds, the time of [[realarm]] being up",
        ),
    },
)
SHELVING = Machine(
    "shelving",
    Text("tạm gác: im đến một thời điểm", "shelving: quiet until an instant, by a person's word"),
    (UNSHELVED, ASKED, SHELVED),
    UNSHELVED,
    {
        (UNSHELVED, PersonVerb.SHELVE_ASKED): ASKED,
        (UNSHELVED, PersonVerb.SHELVED): SHELVED,
        (ASKED, PersonVerb.SHELVED): SHELVED,
        (ASKED, PersonVerb.UNSHELVED): UNSHELVED,
        (ASKED, Verb.ESCALATED): UNSHELVED,
        (ASKED, Verb.CLEARED): UNSHELVED,
        (ASKED, PersonVerb.CLOSED): UNSHELVED,
        (SHELVED, PersonVerb.SHELVED): SHELVED,
        (SHELVED, PersonVerb.UNSHELVED): UNSHELVED,
        (SHELVED, Verb.ESCALATED): UNSHELVED,
        (SHELVED, Verb.CLEARED): UNSHELVED,
        (SHELVED, PersonVerb.CLOSED): UNSHELVED,
    },
    {
        (SHELVED, Verb.ESCALATED): Text(
            "chỉ khi vượt mức lúc được tạm gác", "only above the severity at which it was shelved"
        )
    },
)
TABLES = (CONDITION, ACKNOWLEDGEMENT, SHELVING)
