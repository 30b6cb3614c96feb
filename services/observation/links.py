"""Links between sites: what their services, and the api, read and write of them. Nouns only.

`Standing` is what a parent knows of a child; `Request` is a person's act on an alert of a site below.
"""

import msgspec

from services.observation.act import Cause
from services.observation.instants import SECOND
from services.observation.text import Text

FORMAT = 1
ACTS = "acts"
CHILD_KEY, PARENT_KEY = "link.child.", "link.parent"
"""In KV `STATE`."""
REFUSED_TYPE = "vn.haidang.link.refused.v1"
FRESH_US = 10 * SECOND
"""A copy that was not found to be whole for so long is no longer shown as fresh. Five heartbeats."""


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """A place in the child's stream: the message there had this hash."""

    epoch: str
    sequence: int
    hash: str


class Below(msgspec.Struct, frozen=True, kw_only=True):
    """A site below a child, as the child has it. `age_s`: since its copy was last whole, None: never.

    `orphans`: alerts that stand at the child and that this site, or one below it, does not know any more.
    """

    site: str
    age_s: float | None = None
    orphans: list[str] = []


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """A child's heartbeat, asked for by its parent.

    `t`: its clock, µs UTC; `epoch`, `last`: its stream of alerts when it answered; `below`: sites below it;
    `silent`: services there that its alerts depend on and that give no heartbeat; `machine`: of its server,
    until that is started again.
    """

    site: str
    t: int
    epoch: str
    last: int
    below: list[Below] = []
    silent: list[str] = []
    machine: str = ""
    v: int = 1


class Standing(msgspec.Struct, kw_only=True):
    """What a parent knows of one child; stands in KV `STATE`, for its own restart and for the api.

    Times in µs UTC of the parent's clock. `as_of`: everything that the child's stream held then is in ours;
    `heard`: when the last heartbeat was asked for that was answered; `beat`: that heartbeat. `below`: by
    site, as of when we hold it. `sites`: whose events came. `lost_tails`, `gaps`: how often the child's
    stream was found to lack what we had read, and how many events it had dropped unread. `differ`: days of
    which something is missing here after reading again; `extra`: days of which we hold more than the child
    still has; `orphans`: open alerts among them, which it does not know any more. `degraded`: since when
    services there have been silent; `removed`: since when it is linked no longer. What came stays.
    """

    site: str
    marks: list[Mark] = []
    as_of: int | None = None
    heard: int | None = None
    beat: Beat | None = None
    below: dict[str, int] = {}
    sites: list[str] = []
    copied: int = 0
    lost_tails: int = 0
    gaps: int = 0
    refused: dict[str, str] = {}
    compared: int | None = None
    differ: list[str] = []
    extra: list[str] = []
    orphans: list[str] = []
    degraded: int | None = None
    removed: int | None = None
    v: int = 1

    @property
    def position(self) -> int:
        """Sequence of the child's stream up to which ours has everything."""
        return self.marks[0].sequence if self.marks else 0

    @property
    def lag(self) -> int | None:
        """Sequences of the child's stream that we have not got, as of the last heartbeat."""
        return None if self.beat is None else max(0, self.beat.last - self.position)


class Request(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A person's act on an alert of a site below. `id` is that of the event it becomes.

    `site`, `area`, `alert`: what it is about; `by`: `<site above>/<person>`; `seen_event`: id of the last
    event they had seen, because sequences differ from site to site; `t`, `until` in µs UTC.
    """

    id: str
    site: str
    area: str
    alert: str
    act: str
    by: str
    t: int
    seen_event: str
    until: int | None = None
    why: str | None = None
    assignee: str | None = None
    text: str | None = None
    cause: Cause | None = None
    severity: str | None = None
    reason: Text | None = None
    v: int = FORMAT


def subject_of(child: str, request: Request) -> str:
    """Where a request to a child stands on ACTS; `child` is the next on the way to the alert's site."""
    return f"{ACTS}.{child}.{request.site}.{request.alert}"


def is_fresh(as_of: int | None, now: int) -> bool:
    """Whether a copy may be shown as the present; times in µs UTC of the same clock."""
    return as_of is not None and -SECOND <= now - as_of <= FRESH_US
