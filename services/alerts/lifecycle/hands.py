"""What each act of a person or the keeper changes in the life of an alert. Pure."""

from collections.abc import Callable

from services.alerts.lifecycle.life import COMMENTS_KEPT, Closing, Comment, Life, Shelving
from services.alerts.lifecycle.read import Happened, instant, rank_of, word
from services.alerts.lifecycle.tables import ASKED, CLEARED, SHELVED, SHELVING, UNSHELVED
from services.observation.act import KeeperVerb, PersonVerb
from services.observation.event import Verb


def shelve(life: Life, happened: Happened) -> None:
    """Move the machine of shelving, and who asked for it until when."""
    state = ASKED if life.shelve_asked else SHELVED if life.shelving else UNSHELVED
    kept = life.shelving
    if (
        happened.verb == Verb.ESCALATED
        and kept is not None
        and rank_of(life.severity) <= rank_of(kept.severity)
    ):
        return
    after = SHELVING.next(state, happened.verb)
    if happened.verb in (PersonVerb.SHELVED, PersonVerb.SHELVE_ASKED) and after in (ASKED, SHELVED):
        asked = life.shelve_asked
        first = happened.by or "" if asked is None else asked.by
        until = instant(happened.act.until, 0)
        if until <= 0:
            return  # a shelving without an end is none
        said = Shelving(
            until,
            first,
            happened.act.why or "",
            happened.at,
            life.severity,
            None if asked is None else happened.by,
        )
        life.shelving = said if after == SHELVED else None
        life.shelve_asked = said if after == ASKED else None
    elif after == UNSHELVED:
        life.shelving = life.shelve_asked = None


def _assign(life: Life, happened: Happened) -> None:
    life.assignee = happened.act.assignee


def _unassign(life: Life, _happened: Happened) -> None:
    life.assignee = None


def _comment(life: Life, happened: Happened) -> None:
    said = [*life.comments, Comment(happened.by or "", happened.at, happened.act.text or "")]
    life.comments_dropped += max(0, len(said) - COMMENTS_KEPT)
    life.comments = said[-COMMENTS_KEPT:]


def _close(life: Life, happened: Happened) -> None:
    if happened.act.cause is not None:
        life.closing = Closing(happened.act.cause, happened.by or "", happened.at, happened.act.why)


def _reopen(life: Life, _happened: Happened) -> None:
    life.closing = None


def _quieten(life: Life, happened: Happened) -> None:
    reason = happened.act.quiet
    if reason is None or life.condition == CLEARED:
        return
    life.quiet = {**life.quiet, reason.key: reason}
    if reason.kind == "test" and life.status == "Actual":
        life.status = "Test"


def _let_go(life: Life, happened: Happened) -> None:
    reason = happened.act.quiet
    if reason is None or reason.key not in life.quiet:
        return
    life.quiet = {key: kept for key, kept in life.quiet.items() if key != reason.key}
    if not any(kept.kind == "test" for kept in life.quiet.values()):
        life.status = word(life.data, "status") or "Actual"


def _overdue(life: Life, happened: Happened) -> None:
    life.step = max(life.step, happened.act.step or 0)
    life.overdue_at = happened.at


HANDS: dict[str, Callable[[Life, Happened], None]] = {
    PersonVerb.ASSIGNED: _assign,
    PersonVerb.UNASSIGNED: _unassign,
    PersonVerb.COMMENTED: _comment,
    PersonVerb.CLOSED: _close,
    PersonVerb.REOPENED: _reopen,
    KeeperVerb.INHIBITED: _quieten,
    KeeperVerb.SUPPRESSED: _quieten,
    KeeperVerb.UNINHIBITED: _let_go,
    KeeperVerb.UNSUPPRESSED: _let_go,
    KeeperVerb.OVERDUE: _overdue,
}
