"""Other words for a public message: before it is approved, or as an update of what is out."""

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError, NotFoundError

from services.api.bulletins import AWAY, MOVED, SETTLED, TRIES, moved, put, shelf_of, shown
from services.api.context import Context
from services.api.errors import Problem, away, invalid
from services.api.shapes.bulletins import Reworded
from services.cap import bulletin as nouns
from services.cap import wording
from services.cap.bulletin import Bulletin, Thread
from services.cap.draft import author_of, identifier_of, needed_of, rule_of
from services.cap.violation import Refused, Violation
from services.cap.wording import Asked, Wish
from services.observation.text import Text
from services.runtime.principal import Principal
from services.runtime.streams import ALERTS

_SAME = Text(
    "hai thứ tiếng có cùng một lời; hãy viết mỗi thứ tiếng một lời, hoặc description chỉ một thứ tiếng",
    "both languages have the same words; write each in its own, or `description` in one only",
)
_NOTHING = Text(
    "cần headline, description hoặc instruction", "headline, description or instruction is needed"
)
_WAITING = Text(
    "một bản thảo của cảnh báo này đang chờ duyệt; hãy sửa lời của bản đó",
    "a draft of this alert waits for approval; change the words of that one",
)
_NOT_OUT = Text(
    "bản tin này không phải bản đang có hiệu lực; xem bản mới nhất",
    "this message is not the one that holds; look at the last one",
)


def asked_of(who: Principal, body: Reworded) -> Asked:
    """What somebody wants to be said.

    Raises:
        Problem: 422 nothing is asked for, or both languages have the same words.
    """
    given = body.description
    wish = Wish(
        None if body.headline is None else Text(body.headline.vi, body.headline.en),
        None if given is None else Text(given.vi or "", given.en or ""),
        None if body.instruction is None else Text(body.instruction.vi, body.instruction.en),
    )
    if all(one is None for one in wish) or wish.description == Text("", ""):
        raise invalid(_NOTHING, "headline")
    for name, text in zip(Wish._fields, wish, strict=True):
        if text is not None and text.vi.strip() == text.en.strip():
            raise invalid(_SAME, name)
    return Asked(who.subject, wish, body.why)


async def reword(here: Context, thread: Thread, proposal: str, asked: Asked) -> tuple[Thread, bool]:
    """Put a draft that waits into other words: it takes the first one's place, and must be approved anew.

    Returns the thread after it, and whether this was said before.

    Raises:
        Problem: 409 (with the thread as it is) when it is not what stands there, or the alert has moved on;
            422 the words break a rule; 503 not known to be written.
    """
    name = _name(here, asked, "reworded", proposal)
    for _ in range(TRIES):
        pending = thread.pending
        if _stands(thread, name):
            return thread, True
        if pending is None or pending.id != proposal:
            settled = pending is None and nouns.answer_to(thread, proposal, asked.by, nouns.REJECTED)
            code, what = ("settled", SETTLED) if settled == "settled" else ("outdated", MOVED)
            raise Problem(409, code, what, bulletin=shown(here, thread))
        if moved(here, pending.data):
            raise Problem(409, "outdated", MOVED, bulletin=shown(here, thread))
        try:
            found = wording.reworded(pending.data, asked)
        except Refused as refused:
            raise away(AWAY, retry_s=1, code="alerts-away") from refused
        if await put(here, nouns.PROPOSED, name, _good(found), thread.area, thread.sequence) is not None:
            return _thread(here, thread), False
        thread = _thread(here, thread)
    raise away(AWAY, retry_s=1, code="alerts-away")


async def update(here: Context, thread: Thread, message: str, asked: Asked) -> tuple[Thread, bool]:
    """Propose an update of the message that is out, in other words; approved like any other.

    Returns the thread after it, and whether this was said before.

    Raises:
        Problem: as `reword`; also 409 when `message` is not the last one that holds, or a draft waits.
    """
    name = _name(here, asked, "update", message)
    for _ in range(TRIES):
        if _stands(thread, name):
            return thread, True
        standing, now = thread.standing(here.clock()), here.clock()
        if not standing or standing[-1].data.identifier != message:
            raise Problem(409, "outdated", _NOT_OUT, bulletin=shown(here, thread))
        if thread.pending is not None:
            raise Problem(409, "waiting", _WAITING, bulletin=shown(here, thread))
        last, life = standing[-1].data, here.fold.get(thread.about)
        if life is None or moved(here, last):
            raise Problem(409, "outdated", MOVED, bulletin=shown(here, thread))
        site, policy = here.site.site, here.site.policy.publication
        identifier = identifier_of(last.sender, site.id, thread.bulletin_id, thread)
        document = await document_of(here, standing[-1].sequence)
        found = wording.update(document, thread, asked, identifier, now, site)
        if found is None:
            raise Problem(409, "outdated", _NOT_OUT, bulletin=shown(here, thread))
        data = _good(found)
        data.needed = max(1, needed_of(rule_of(life.life, policy), data.severity, standing))
        data.raised_by = author_of(life.life)
        if await put(here, nouns.PROPOSED, name, data, thread.area, thread.sequence) is not None:
            return _thread(here, thread), False
        thread = _thread(here, thread)
    raise away(AWAY, retry_s=1, code="alerts-away")


async def document_of(here: Context, sequence: int) -> str:
    """The document of an issued message, as it stands in the stream.

    Raises:
        Problem: 503 when it can't be read.
    """
    try:
        event = msgspec.json.decode((await here.js.get_msg(ALERTS, sequence)).data or b"{}")
        return str(event["data"]["xml"])
    except (
        NatsError,
        APIError,
        NotFoundError,
        TimeoutError,
        OSError,
        LookupError,
        msgspec.DecodeError,
    ) as error:
        what = Text("chưa đọc được bản tin", "the message can't be read now")
        raise away(what, retry_s=1, code="alerts-away") from error


def _name(here: Context, asked: Asked, act: str, about: str) -> str:
    """The event's id: the same wish of the same person about the same thing has the same one."""
    wish = msgspec.json.encode(asked.wish).decode()
    return nouns.identity(here.site.site.id, asked.by, act, about, wish)


def _stands(thread: Thread, name: str) -> bool:
    pending = thread.pending
    return (pending is not None and pending.id == name) or any(
        one.data.proposal == name for one in thread.issued
    )


def _thread(here: Context, thread: Thread) -> Thread:
    return shelf_of(here).thread(thread.bulletin_id) or thread


def _good(found: Bulletin | tuple[Violation, ...]) -> Bulletin:
    if isinstance(found, Bulletin):
        return found
    first = found[0]
    detail = Text(f"{first.path}: {first.what.vi}", f"{first.path}: {first.what.en}")
    raise invalid(detail, first.path.rsplit("/", 1)[-1])
