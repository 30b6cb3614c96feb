"""Orphans: alerts that a linked site no longer knows and whose copies stand here. Nouns only.

A site restored from a backup, or begun anew, has lost its last events: an alert among them can't end any
more. Its parent says so, in its own name and for itself alone, on a subject of its own: `orphaned` and
`known` by the link, as that site lacks or has it; `closed` by a person, who asked there. Nothing of it goes
down, and nobody else's word about an alert of a third site counts.
"""

from typing import Any

import msgspec

from services.observation.act import Cause
from services.observation.command import identity
from services.observation.event import noun_and_verb
from services.observation.instants import iso
from services.observation.text import Text

ORPHANED, KNOWN, CLOSED = "orphaned", "known", "closed"
VERBS = frozenset({ORPHANED, KNOWN, CLOSED})
_TYPE = "vn.haidang.link."
_encoder = msgspec.json.Encoder()


class Orphan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """`data`: about which alert of which site (not as `alert_id`: it says nothing of its condition).

    `by`, `cause`, `why`: of a person who closed it; `by` alone: who took that back. `request`: a hash of what
    that person asked for, so that a key that is used for another wish is seen.
    """

    about: str
    site: str
    area: str
    hazard: str
    severity: str
    status: str
    reason: Text
    time: str
    by: str | None = None
    cause: Cause | None = None
    why: str | None = None
    request: str | None = None


class OrphanEvent(msgspec.Struct, frozen=True, kw_only=True):
    """CloudEvents 1.0; `subject` is the alert."""

    id: str
    source: str
    type: str
    subject: str
    time: str
    data: Orphan
    specversion: str = "1.0"
    datacontenttype: str = "application/json"


def make(own: str, verb: str, event: str, data: Orphan) -> OrphanEvent:
    """The event of site `own` and of id `event`."""
    source, kind = f"/sites/{own}", f"{_TYPE}{verb}.v1"
    return OrphanEvent(id=event, source=source, type=kind, subject=data.about, time=data.time, data=data)


def encode(event: OrphanEvent) -> bytes:
    """As JSON."""
    return _encoder.encode(event)


def verb_of(event_type: object) -> str | None:
    """Which of the three it is; None: none of them."""
    noun, verb = noun_and_verb(event_type) or ("", "")
    return verb if noun == "link" and verb in VERBS else None


def subject_of(own: str, area: str, alert: str) -> str:
    """Where the words of site `own` about an alert stand on ALERTS; an `area` of `*`: wherever it is."""
    return f"alerts.{own}.{area or '_'}.{identity('orphan', alert)}"


def said(verb: str, data: dict[str, Any], site: str, now: int, *, unlinked: bool = False) -> Orphan:
    """What is said of an alert whose last `data` is this; `now` in µs UTC; `unlinked`: its link is off."""
    return Orphan(
        about=str(data.get("alert_id")),
        site=site,
        area=str(data.get("area") or "_"),
        hazard=str(data.get("hazard", "")),
        severity=str(data.get("severity", "")),
        status=str(data.get("status", "Actual")),
        reason=(_OFF if unlinked else _LOST if verb == ORPHANED else _BACK).of(site),
        time=iso(now),
    )


class _Words(msgspec.Struct, frozen=True):
    vi: str
    en: str

    def of(self, site: str) -> Text:
        return Text(self.vi.format(site), self.en.format(site))


_LOST = _Words(
    "{} không còn biết cảnh báo này (đã mất các sự kiện cuối, ví dụ khôi phục từ bản sao lưu) nên sẽ không"
    " báo kết thúc; hỏi nơi đó rồi đóng ở đây",
    "{} does not know this alert any more (it lost its last events, as by a restored backup), so its end will"
    " not come: ask there, then close it here",
)
_OFF = _Words(
    "liên kết với {} đã bỏ nên cảnh báo này sẽ không được báo kết thúc ở đây; hỏi nơi đó rồi đóng ở đây",
    "{} is linked no longer, so the end of this alert will not come here: ask there, then close it here",
)
_BACK = _Words("{} lại biết cảnh báo này", "{} knows this alert again")
