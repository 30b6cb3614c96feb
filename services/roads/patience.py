"""How a road goes on: what an answer means, how long to wait, when to give a letter up. Pure.

In order, and the head first: a letter that can't be carried is tried again before the next one, so that a
receiver sees things as they happened. Two ways past the head: a letter that the receiver refuses for what
it is goes to the dead letters after a few tries; one that has waited for a day goes there too.
"""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import msgspec

from services.observation.delivery import Trouble
from services.policy.road_nouns import Retry

REFUSED = frozenset({400, 405, 406, 409, 411, 413, 414, 415, 422, 431, 451})
"""Of HTTP: this message will not be taken; another may."""
SHUT = frozenset({401, 403, 404, 407, 410})
"""Of HTTP: nothing will be taken until somebody mends the road."""
REFUSED_TRIES = 5
JITTER = 0.3
SECOND = 1_000_000
LONGEST_WISH_S = 300.0
"""A receiver that asks for an hour may be well in a minute, and alerts wait; a question costs it nothing."""
SHUT_TIMES = 10
"""Where somebody must mend the road first, we ask so much less often: wrong passwords lock a mailbox."""


class Answer(NamedTuple):
    """What became of an attempt. `wait_s`: what the receiver asked for.

    `of_one`: it was said of this message or its person, so that others may get through all the same.
    """

    trouble: Trouble
    word: str
    wait_s: float = 0.0
    of_one: bool = False

    @property
    def taken(self) -> bool:
        """Whether the receiver has it."""
        return self.trouble == "none"


class Trying(msgspec.Struct):
    """The letter at hand: how often it was tried, how often refused for what it is."""

    tries: int = 0
    refused: int = 0


class Verdict(NamedTuple):
    """What follows: done, dead, or tried again after so many seconds."""

    what: str
    wait_s: float = 0.0


def of_http(status: int, word: str, retry_after: str | None = None, now_us: int = 0) -> Answer:
    """What an HTTP status says; `now_us` is for a `retry_after` that is a date."""
    said = f"HTTP {status} {word}".strip()[:200]
    if 200 <= status < 300:  # noqa: PLR2004  success
        return Answer("none", said)
    if status in REFUSED:
        return Answer("refused", said)
    if status in SHUT:
        return Answer("shut", said)
    return Answer("away", said, min(_wish_s((retry_after or "").strip(), now_us), LONGEST_WISH_S))


def _wish_s(retry_after: str, now_us: int) -> float:
    """RFC 9110 10.2.3: seconds, or a date."""
    if retry_after.isascii() and retry_after.isdecimal():
        return float(retry_after)
    try:
        until = parsedate_to_datetime(retry_after)
    except ValueError:
        return 0.0
    until = until if until.tzinfo is not None else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.fromtimestamp(now_us / SECOND, UTC)).total_seconds())


def wait_s(failures: int, chance: float, retry: Retry, times: int = 1) -> float:
    """Seconds before the next attempt: doubling, bounded, and spread by ± 30 %.

    Args:
        failures: attempts in a row that failed, from 1.
        chance: of [0, 1), drawn by the caller.
        retry: the road's own bounds.
        times: so much longer is the longest wait.
    """
    doubled = retry.first_s * 2.0 ** min(failures - 1, 30)
    return float(min(doubled, retry.longest_s * times) * (1 - JITTER + 2 * JITTER * chance))


def after(trying: Trying, answer: Answer, failures: int, chance: float, retry: Retry) -> Verdict:
    """What follows an attempt; `trying` has counted it. `failures`: of the road, in a row."""
    if answer.taken:
        return Verdict("done")
    if answer.trouble == "refused" and trying.refused >= REFUSED_TRIES:
        return Verdict("dead")
    times = SHUT_TIMES if answer.trouble == "shut" else 1
    return Verdict("again", max(wait_s(max(failures, 1), chance, retry, times), answer.wait_s))


def too_old(stored_us: int, open_since_us: int, now: int, retry: Retry) -> bool:
    """Whether a letter has waited long enough to be given up.

    Args:
        stored_us: when its cause was stored.
        open_since_us: when the road last carried something, or began: a letter that waited because *we* were
            away still gets its attempts.
        now: µs UTC.
        retry: how long is long enough.
    """
    return now - max(stored_us, open_since_us) > retry.give_up_s * SECOND
