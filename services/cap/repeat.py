"""Saying again, word for word, what is out: a message that follows itself. Pure."""

import msgspec

from services.cap.build import build
from services.cap.bulletin import Bulletin, Issued, Thread
from services.cap.compose import local, renewed
from services.cap.message import Message, Reference
from services.cap.read import read
from services.cap.violation import Refused
from services.observation.instants import SECOND
from services.observation.site import Site

RENEW = 4
"""A message is repeated when no more than a fourth of its time is left."""
AHEAD_US = 10 * 60 * SECOND
"""No message is dated further ahead than this, whatever the clock did before."""


def after(thread: Thread, now: int) -> int:
    """The hour of a thread's next message, µs UTC: later than every one before it, by whole seconds.

    Receivers go by `sent`: of two in the same second, or after a clock was set back, the second one would
    not count, be it the end.
    """
    last = max((one.sent for one in thread.issued), default=0)
    next_one = last + SECOND
    return next_one if now < next_one <= now + AHEAD_US else now


def near_its_end(one: Issued, now: int) -> bool:
    """Whether it is time to say it again."""
    return now >= one.expires - (one.expires - one.sent) // RENEW


def repeated(  # noqa: PLR0913  what a message is made of
    document: str, thread: Thread, what: str, identifier: str, now: int, site: Site
) -> tuple[Bulletin, Message] | None:
    """The message that is out as an update of itself; nobody has to agree to the same words again.

    Args:
        document: what was issued last.
        thread: names what still holds.
        what: why it is said again.
        identifier: of the new message.
        now: µs UTC.
        site: for the wall clock.
    """
    standing = thread.standing(now)
    try:
        before = read(document.encode()).message
    except Refused:
        return None
    if before is None or not standing:
        return None
    last = standing[-1]
    hour = after(thread, now)
    expires = hour + last.expires - last.sent
    named = tuple(Reference(one.data.sender, one.data.identifier, one.data.sent) for one in standing)
    anew = msgspec.structs.replace(before, identifier=identifier, msg_type="Update")
    message = renewed(anew, site, hour, expires, named)
    data = msgspec.structs.replace(
        last.data,
        version=thread.version + 1,
        what=what,
        msg_type="Update",
        identifier=identifier,
        needed=0,
        raised_by=None,
        proposal="",
        approved_by=[],
        by=None,
        why=None,
        worded_by=None,
        original=None,
        sent=message.sent,
        expires=local(expires, site),
        references=message.references or "",
        xml=build(message).decode(),
    )
    return data, message
