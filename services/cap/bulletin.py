"""The events of bulletins on ALERTS, and what stands after them. Pure; total: it never raises.

One subject per alert that goes to the public (`bulletin_id`), with everything that becomes of it: proposed,
approved or rejected, withdrawn, issued. And one per message that came from outside: received, or refused.
`data` names no `alert_id`, so that no fold takes it for an alert.

Over 250 lines: the nouns of one kind of event and the fold over them.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any, Literal

import msgspec

from services.observation.instants import iso, micros
from services.observation.text import Text

PROPOSED, APPROVED, REJECTED = "proposed", "approved", "rejected"
WITHDRAWN, ISSUED = "withdrawn", "issued"
RECEIVED, REFUSED = "received", "refused"
UNSAID = frozenset({"late", "noted"})
"""`did` of what came and changed nothing of what its authority says."""
AGAIN = "again:"
"""`what` of a message that says once more what is out, beside a draft that waits or was refused."""
WORDS = "words:"
"""`what` of an update that a person asked for: the same alert in other words."""
UNNAMED = frozenset({"local", "administrator", "network"})
"""Who approves without an account of their own: on the machine, by its token, in its network. However many
of these agree, they may be one person, and count as one."""
KEPT_XML = 65_536
"""Characters of a refused document that are kept."""


class Words(msgspec.Struct, frozen=True):
    """What people read of a message."""

    headline: Text
    description: Text
    instruction: Text


class Bulletin(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`data` of what we publish. Times in ISO 8601.

    Attributes:
        about: the alert. version: of the message in its thread, from 1.
        what: what led to it, like `update:warning`; the same again is not proposed twice.
        end: it ends what was published: all clear, or cancelled.
        needed: approvals that it takes. raised_by: who stated the alert; never the only one to approve it.
        proposal: id of the proposing event that this one is about; the proposal's own id is its event's.
        incident: what it shares with messages of other alerts of the same danger at the same place.
        approved_by: who has agreed so far. by, why: whoever approves, rejects or withdraws, and their words.
        worded_by: who put it in other words; never the only one to approve them.
        original: what it said before that.
        void: of an approval: earlier ones that count no more, of accounts that may not approve now.
        xml: of a proposal the draft, of an issued one the exact bytes, as text.
    """

    bulletin_id: str
    about: str
    version: int
    what: str
    hazard: str
    rule: str
    area: str
    severity: str
    status: str
    msg_type: str
    identifier: str
    sender: str
    event: Text
    headline: Text
    description: Text
    instruction: Text
    areas: list[str] = []
    end: bool = False
    needed: int = 1
    raised_by: str | None = None
    sent: str = ""
    expires: str = ""
    references: str = ""
    xml: str = ""
    proposal: str = ""
    approved_by: list[str] = []
    by: str | None = None
    why: str | None = None
    worded_by: str | None = None
    original: Words | None = None
    void: list[str] = []
    incident: str = ""

    @property
    def words(self) -> Words:
        """What people read of it."""
        return Words(self.headline, self.description, self.instruction)

    @property
    def repeats(self) -> bool:
        """Whether it leaves a draft that waits, or was refused, as it is."""
        return self.what.startswith(AGAIN)


class Official(msgspec.Struct, kw_only=True, omit_defaults=True):
    """`data` of a message that came from outside: whose it is, what was made of it, and the message itself.

    `about`: the alert of its thread; empty: none. `did`: raised, escalated, eased, kept, cleared, late,
    noted, ended (the end of what is over, or has not come yet), elsewhere (it is about another place),
    restricted (it is not for the public) or refused. `names`: identifiers that belong to the same thread.
    `risk`: the level of Decision 18 that it declares.
    """

    bulletin_id: str
    source: str
    sender: str
    identifier: str
    sent: str
    msg_type: str
    status: str
    did: str
    signature: str
    about: str = ""
    area: str = "_"
    areas: list[str] = []
    hazard: str = ""
    severity: str = ""
    headline: Text = Text("", "")
    expires: str = ""
    names: list[str] = []
    risk: int | None = None
    link: str = ""
    by: str | None = None
    code: str = ""
    why: Text = Text("", "")
    xml: str = ""


class BulletinEvent(msgspec.Struct, kw_only=True):
    """CloudEvents 1.0 of a bulletin."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Bulletin | dict[str, Any]
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


def type_of(verb: str) -> str:
    """`issued` → `vn.haidang.bulletin.issued.v1`."""
    return f"vn.haidang.bulletin.{verb}.v1"


def identity(*parts: str) -> str:
    """32 hex that only these parts have."""
    return sha256("\x1f".join(parts).encode()).hexdigest()[:32]


def make(*, site: str, verb: str, event: str, time: int, data: Bulletin | Official) -> BulletinEvent:
    """Put it into its envelope; `time` in µs UTC."""
    return BulletinEvent(
        id=event,
        source=f"/sites/{site}",
        type=type_of(verb),
        subject=data.bulletin_id,
        time=iso(time),
        data=data if isinstance(data, Bulletin) else msgspec.to_builtins(data),
    )


def encode(event: BulletinEvent) -> bytes:
    """As JSON."""
    return msgspec.json.encode(event)


class Issued(msgspec.Struct, frozen=True):
    """A message that is out, without its text: where it stands, and what later ones must know."""

    sequence: int
    time: int
    data: Bulletin

    @property
    def expires(self) -> int:
        """µs UTC."""
        return instant(self.data.expires)

    @property
    def sent(self) -> int:
        """µs UTC."""
        return instant(self.data.sent)


class Pending(msgspec.Struct, frozen=True):
    """A proposal that waits, or was refused: its id, who has agreed, who refused it and why."""

    id: str
    sequence: int
    time: int
    data: Bulletin
    approved_by: tuple[str, ...] = ()
    refused_by: str | None = None
    refused_why: str | None = None

    @property
    def ready(self) -> bool:
        """Whether all who must have agreed; who stated the alert or wrote the words is never enough alone."""
        agreed = persons(self.approved_by)
        for author in (self.data.raised_by, self.data.worded_by):
            if author is not None and not agreed - persons([author]):
                return False
        return len(agreed) >= self.data.needed


def persons(names: Iterable[str]) -> frozenset[str]:
    """How many different persons these surely are."""
    return frozenset("" if name in UNNAMED else name for name in names)


class Thread(msgspec.Struct):
    """What became of one alert in public."""

    bulletin_id: str
    about: str
    area: str
    pending: Pending | None = None
    issued: list[Issued] = []
    declined: Pending | None = None
    """What a person refused last, with the place of the refusal."""
    sequence: int = 0
    hazard: str = ""

    @property
    def status(self) -> str:
        """Actual, Exercise or Test, by the newest word of it."""
        newest = (self.pending, *self.issued[-1:], self.declined)
        return next((one.data.status for one in newest if one is not None), "")

    @property
    def incident(self) -> str:
        """What its messages share with those of other alerts; empty: nothing was said yet."""
        newest = (self.pending, *self.issued[-1:], self.declined)
        return next((one.data.incident for one in newest if one is not None), "")

    @property
    def version(self) -> int:
        """Messages so far."""
        return len(self.issued)

    def standing(self, now: int) -> list[Issued]:
        """Messages that a later one must name: not expired, and none of before the last end."""
        last_end = max((nth for nth, one in enumerate(self.issued) if one.data.end), default=-1)
        return [one for one in self.issued[last_end + 1 :] if one.expires > now]


KEPT = 50
"""Messages of a thread that are remembered."""


def apply(thread: Thread | None, sequence: int, event: Mapping[str, Any]) -> Thread | None:
    """Fold one event of a thread, in stream order; None for what is not of a thread."""
    data = event.get("data")
    verb = verb_of(event)
    if verb not in (PROPOSED, APPROVED, REJECTED, WITHDRAWN, ISSUED) or not isinstance(data, Mapping):
        return thread
    try:
        told = msgspec.convert(data, Bulletin)
    except msgspec.ValidationError:
        return thread
    if thread is None:
        thread = Thread(told.bulletin_id, told.about, told.area, hazard=told.hazard)
    if sequence <= thread.sequence:
        return thread
    after = msgspec.structs.replace(thread, sequence=sequence)
    pending = thread.pending
    match verb:
        case "proposed":
            after.pending = Pending(str(event.get("id")), sequence, instant(event.get("time")), told)
        case "approved" if pending is not None and told.proposal == pending.id and told.by:
            kept = (name for name in pending.approved_by if name not in told.void)
            by = tuple(dict.fromkeys((*kept, told.by)))
            after.pending = msgspec.structs.replace(pending, approved_by=by)
        case "rejected" if pending is not None and told.proposal == pending.id:
            after.pending = None
            after.declined = msgspec.structs.replace(
                pending, sequence=sequence, refused_by=told.by, refused_why=told.why
            )
        case "withdrawn":
            after.pending = None
        case "issued":
            meta = msgspec.structs.replace(told, xml="")
            issued = Issued(sequence, instant(event.get("time")), meta)
            # What waits for a word goes on waiting while what is out is said again.
            both = (pending, thread.declined) if told.repeats else (None, None)
            after.pending, after.declined = both
            after.issued = [*thread.issued, issued][-KEPT:]
        case _:
            pass
    return after


def verb_of(event: Mapping[str, Any]) -> str | None:
    """The verb of a bulletin's event; None for any other."""
    kind = event.get("type")
    parts = kind.split(".") if isinstance(kind, str) else []
    if len(parts) != 5 or parts[:3] != ["vn", "haidang", "bulletin"] or parts[4] != "v1":  # noqa: PLR2004
        return None
    return parts[3]


def instant(text: object) -> int:
    """µs UTC; 0 for what is no time."""
    try:
        return micros(text) if isinstance(text, str) else 0
    except (ValueError, OverflowError):
        return 0


Answer = Literal["accepted", "repeated", "outdated", "settled"]
"""`outdated`: another proposal stands there now, or none; `settled`: this one was issued or refused."""


def answer_to(thread: Thread, proposal: str, who: str, verb: str) -> Answer:
    """What an approval or rejection of a proposal comes to."""
    pending = thread.pending
    if pending is None or pending.id != proposal:
        known = thread.declined is not None or any(one.data.proposal == proposal for one in thread.issued)
        return "settled" if pending is None and known else "outdated"
    if verb == APPROVED and who in pending.approved_by:
        return "repeated"
    return "accepted"
