"""When a stored report is made anew: word of its span came after it was made. Pure.

A report says what was known when it was made. What is measured or done within its span and comes later makes
another, with a number; not at every word, but when no more has come for a while, and not without end.
"""

from collections.abc import Iterable

import msgspec

from services.alerts.load.book import Affair
from services.alerts.load.late import Late
from services.observation.instants import SECOND, micros
from services.policy.reporting import Kind
from services.report.calendar import Span

QUIET_US = 600 * SECOND
"""Nothing more has come for so long: what a gateway had kept is in."""
AT_LATEST_US = 7_200 * SECOND
MOST = 4
"""The fourth is the last: three corrections."""


class Told(msgspec.Struct):
    """What `report.made` says, as far as a correction needs it; `as_of`: up to when it knew, ISO 8601."""

    kind: Kind
    start: str
    end: str
    areas: list[str] = []
    revision: int = 1
    as_of: str | None = None


class Correction(msgspec.Struct, frozen=True):
    """A report that is to be made anew, in all its editions; `revision`: its number."""

    kind: Kind
    span: Span
    revision: int


def due(affairs: Iterable[Affair], late: Iterable[Late], site: str, now: int) -> list[Correction]:
    """Reports of a site that are to be made anew, the oldest span first.

    Args:
        affairs: events beside those of alerts, in order; the reports that were made are among them.
        late: what came late.
        site: whose.
        now: µs UTC.
    """
    newest: dict[tuple[Kind, int, int], tuple[int, int]] = {}
    for affair in affairs:
        if affair.noun == "report" and affair.verb == "made" and affair.site == site:
            read = _read(affair)
            if read is not None:
                newest[read[0]] = read[1]
    words = [one for one in late if one.site == site and one.status == "Actual"]
    found = []
    for (kind, first, last), (revision, as_of) in newest.items():
        heard = [one.heard for one in words if first <= one.at < last and one.heard > as_of]
        if not heard or revision >= MOST:
            continue
        if now - max(heard) >= QUIET_US or now - min(heard) >= AT_LATEST_US:
            found.append(Correction(kind, (first, last), revision + 1))
    return sorted(found, key=lambda one: one.span)


def _read(affair: Affair) -> tuple[tuple[Kind, int, int], tuple[int, int]] | None:
    try:
        told = msgspec.convert(affair.data, Told)
        as_of = affair.at if told.as_of is None else micros(told.as_of)
        return (told.kind, micros(told.start), micros(told.end)), (told.revision, as_of)
    except (msgspec.ValidationError, ValueError, OverflowError):
        return None
