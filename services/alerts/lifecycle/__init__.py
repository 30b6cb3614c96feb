"""The life of an alert: what the other rooms need of it. Pure: no clock, no I/O.

The engine moves the condition, people acknowledge, shelve, assign and close, the keeper keeps quiet and calls
the next person. `fold` makes an alert of its events, `decide` says which acts of people are allowed on it.
"""

from services.alerts.lifecycle.acts import (
    ACTS,
    CAUSES,
    STATED_ACTS,
    Asked,
    Decision,
    Limits,
    Refusal,
    Step,
    allowed_acts,
    decide,
    limits_of,
)
from services.alerts.lifecycle.folding import fold
from services.alerts.lifecycle.life import (
    COMMENTS_KEPT,
    KEEPER,
    Closing,
    Comment,
    Label,
    Life,
    Realarmed,
    Shelving,
    Touch,
)
from services.alerts.lifecycle.read import rank_of
from services.alerts.lifecycle.realarm import realarm_at, reopens_at
from services.alerts.lifecycle.tables import TABLES, Machine
from services.alerts.lifecycle.telling import acted
from services.observation.act import Quiet

__all__ = [
    "ACTS",
    "CAUSES",
    "COMMENTS_KEPT",
    "KEEPER",
    "STATED_ACTS",
    "TABLES",
    "Asked",
    "Closing",
    "Comment",
    "Decision",
    "Label",
    "Life",
    "Limits",
    "Machine",
    "Quiet",
    "Realarmed",
    "Refusal",
    "Shelving",
    "Step",
    "Touch",
    "acted",
    "allowed_acts",
    "decide",
    "fold",
    "limits_of",
    "rank_of",
    "realarm_at",
    "reopens_at",
]
