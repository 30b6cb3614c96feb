"""Deliveries: how each road out stands, what it carried, what it had to give up, what people ask of it.

Records are on stream DELIVERIES: `deliveries.<road>.sent` every attempt, `deliveries.<road>.dead.<letter>`
what was given up (the newest word under a letter's subject counts), `deliveries.<road>.request` what is
asked. How a road stands is in KV STATE under `roads.<road>`; which roads there are, under `roads._all`.
"""

from hashlib import sha256
from typing import Literal

import msgspec

from services.observation.text import Text

ALL = "roads._all"
"""Key in STATE of the list of roads; no road can be called so."""

Outcome = Literal["delivered", "failed", "dead", "aside"]
"""`aside`: a letter to somebody who is not reached, while others are; it is tried on, and here whole."""
Trouble = Literal["none", "refused", "shut", "away"]
"""`refused`: this one message; `shut`: the receiver wants nothing from us; `away`: it can't be reached."""

Noun = Literal["events", "words"]
Tells = Literal["", "new", "again", "end", "overdue", "report"]
"""Of words: something new, that it still holds, its end, that nobody acknowledged it, or a report; "" of
events, trials and older records."""


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One thing said for people, in every form that a road may need.

    Attributes:
        title: one line. short: for a screen of a telephone. text, html: for a mail. spoken: to be read aloud.
    """

    title: str
    short: str
    text: str
    html: str
    spoken: str


class Enclosed(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Files that go with a letter; they are fetched when it is carried.

    Attributes:
        files: each its name in object store REPORTS, and its name for the reader.
        largest: bytes of all together; beyond it none goes. language: of the words about them.
        areas: of which they are; none: of the whole site.
    """

    files: tuple[tuple[str, str], ...]
    largest: int
    language: str = "vi"
    areas: tuple[str, ...] = ()


class Letter(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is carried as one: events for a machine, or words for one person.

    Attributes:
        id: the same at every attempt and after every restart, so that a receiver can tell a repeat.
        stored_us: when its cause was stored, µs UTC.
        sequences: of its events on ALERTS, in order. to: an account's name; "" where there is one receiver.
        severity, status: of what it tells. test: the road tries itself.
        about: ids of the alerts, situations or bulletins that it tells of; none in older records.
        enclosed: a report's files.
    """

    id: str
    stored_us: int
    noun: Noun = "events"
    sequences: tuple[int, ...] = ()
    to: str = ""
    severity: str = "advisory"
    status: str = "Actual"
    words: Words | None = None
    test: bool = False
    enclosed: Enclosed | None = None
    about: tuple[str, ...] = ()
    tells: Tells = ""


class Delivery(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A record: one attempt, or a letter that was given up (then it is here whole).

    `about`, `to`, `tells`: as of the letter; empty in older records.
    """

    t: int
    road: str
    id: str
    attempt: int
    outcome: Outcome
    word: str = ""
    events: int = 0
    took_ms: int = 0
    test: bool = False
    letter: Letter | None = None
    about: tuple[str, ...] = ()
    to: str = ""
    tells: Tells = ""
    v: int = 1


class Request(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a person asks of a road: to try itself, or to carry again.

    Attributes:
        letters: ids of dead letters to carry again; every one when `every` is set.
        after: a sequence on ALERTS; what the road would carry of the events after it is carried again.
    """

    t: int
    id: str
    by: str
    ask: Literal["test", "replay"]
    letters: tuple[str, ...] = ()
    every: bool = False
    after: int | None = None
    v: int = 1


class RoadState(msgspec.Struct, kw_only=True):
    """How a road stands; what it needs to go on after a restart stands here too. Times µs UTC, 0: never.

    Attributes:
        epoch, sequence, hash: the place on ALERTS up to which everything is carried, given up or not for it.
        reached_us, reached: the same for words to people: time of the last one, and ids at that very time.
        tries: of the letter at hand; failing_since: of the road.
        told: ids of letters that were carried although their notice, or one before it, is not done.
        alarmed: whether it was said that the road can't send.
        asked: sequence of the last request that was done.
    """

    road: str
    kind: str
    epoch: str = ""
    sequence: int = 0
    hash: str = ""
    reached_us: int = 0
    reached: tuple[str, ...] = ()
    told: tuple[str, ...] = ()
    since_us: int = 0
    tries: int = 0
    failing_since: int = 0
    alarmed: bool = False
    next_try: int = 0
    trouble: Trouble = "none"
    word: str = ""
    last_success: int = 0
    last_failure: int = 0
    delivered: int = 0
    failures: int = 0
    dead: int = 0
    waiting: int = 0
    tested_at: int = 0
    test_passed: bool = False
    test_word: str = ""
    next_test: int = 0
    asked: int = 0
    v: int = 1


class Listed(msgspec.Struct, kw_only=True):
    """A road as it is declared, for whoever shows it; `problem`: why it can't run."""

    road: str
    kind: str
    carries: Noun
    to: tuple[str, ...] = ()
    hazards: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    severity: str = "advisory"
    status: tuple[str, ...] = ()
    problem: Text | None = None


def sent(road: str) -> str:
    """Subject of attempts."""
    return f"deliveries.{road}.sent"


def dead(road: str, letter: str) -> str:
    """Subject of a letter that was given up; `*` for all of a road."""
    return f"deliveries.{road}.dead.{letter}"


def request(road: str) -> str:
    """Subject of requests."""
    return f"deliveries.{road}.request"


def key(road: str) -> str:
    """Key in STATE."""
    return f"roads.{road}"


def letter_id(*parts: object) -> str:
    """32 hex that only the same letter has."""
    return sha256("\x1f".join(str(part) for part in parts).encode()).hexdigest()[:32]


encode = msgspec.json.encode
"""Any of these, as JSON."""


def read_delivery(data: bytes) -> Delivery:
    """Read a record; raises msgspec.MsgspecError."""
    return msgspec.json.decode(data, type=Delivery)


def read_request(data: bytes) -> Request:
    """Read a request; raises msgspec.MsgspecError."""
    return msgspec.json.decode(data, type=Request)


def read_state(data: bytes) -> RoadState:
    """Read how a road stands; raises msgspec.MsgspecError."""
    return msgspec.json.decode(data, type=RoadState)


def read_listed(data: bytes) -> list[Listed]:
    """Read which roads there are; raises msgspec.MsgspecError."""
    return msgspec.json.decode(data, type=list[Listed])
