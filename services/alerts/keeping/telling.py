"""The keeper's events: ids that follow from what was due, and words that say why. Pure."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Any

import msgspec

from services.alerts.keeping.escalation import Due
from services.alerts.lifecycle import KEEPER, Life
from services.alerts.suppression import Difference
from services.observation import event as events
from services.observation import maintenance
from services.observation.act import Act, KeeperVerb, PersonVerb
from services.observation.event import Verb
from services.observation.instants import SECOND, iso
from services.observation.maintenance import Window, Windows
from services.observation.text import Text

LATE_US = 60 * SECOND
"""What is done so much later than it was due says so: the keeper was away, or a table was changed."""
_COVERED = Text("cảnh báo khác trong tình huống đã gọi thay", "another alert of its situation had called")


class Owed(msgspec.Struct, frozen=True):
    """An event that the stream lacks.

    `expected`: sequence of the last event on its subject that it was decided on; it goes in only if nothing
    came after that. `about`: the alert or the window.
    """

    id: str
    verb: str
    subject: str
    expected: int
    about: str
    data: bytes


class Teller:
    """Writes the events of one site."""

    def __init__(self, site: str) -> None:
        """Of that site."""
        self._site = site

    def quiet(self, life: Life, expected: int, difference: Difference, now: int) -> Owed:
        """Something begins, changes or ends that keeps an alert quiet."""
        verb, quiet = difference
        cause = f"{quiet.key}/{quiet.until}/{expected}"
        status = "Test" if verb == KeeperVerb.SUPPRESSED and quiet.kind == "test" else None
        if status is not None and life.data.get("status", "Actual") != "Actual":
            status = None  # an exercise stays one
        return self._act(life, expected, verb, cause, Act(quiet=quiet), now, status)

    def unshelved(self, life: Life, expected: int, due: int, now: int) -> Owed:
        """The time of a shelving is up."""
        vi, en = "hết thời gian tạm gác", "the shelving is over"
        if life.shelving is None:
            vi, en = "chưa có người thứ hai đồng ý tạm gác", "no second person agreed to shelve it"
        act = Act(why=_late(vi, en, due, now))
        return self._act(life, expected, PersonVerb.UNSHELVED, f"{due}/{expected}", act, now)

    def reopened(self, life: Life, expected: int, due: int, now: int) -> Owed:
        """It was closed while it held, long ago, and still holds."""
        why = _late("đã đóng từ lâu mà điều kiện vẫn còn", "closed long ago, and it still holds", due, now)
        return self._act(life, expected, PersonVerb.REOPENED, f"{due}/{expected}", Act(why=why), now)

    def overdue(  # noqa: PLR0913  what a call is made of
        self, life: Life, expected: int, due: Due, to: Sequence[str], now: int, *, covered: bool
    ) -> Owed:
        """Nobody has acknowledged it: the next ones are told. `covered`: another alert had called for it."""
        why = _late(
            "chưa ai xác nhận", "nobody has acknowledged it", due.at, now, _COVERED if covered else None
        )
        act = Act(step=due.number, to=list(to), why=why)
        return self._act(life, expected, KeeperVerb.OVERDUE, f"{due.number}/{due.at}/{expected}", act, now)

    def realarmed(self, life: Life, expected: int, due: int, now: int) -> Owed:
        """It was acknowledged long ago, and still holds."""
        hours = f"{(now - (life.acknowledged_at or due)) / (3600 * SECOND):.3g}"
        by = life.acknowledged_by or "–"
        vi, en = (
            f"{by} xác nhận {hours.replace('.', ',')} giờ trước mà vẫn còn",
            f"{by} acknowledged it {hours} h ago",
        )
        why = f"{vi} · {en} and it still holds"
        return self._act(life, expected, KeeperVerb.REALARMED, f"{due}/{expected}", Act(why=why), now)

    def cleared(self, life: Life, expected: int, now: int) -> Owed:
        """What a person or a bulletin stated has come to its end; it was due at `life.until`."""
        due = life.until or now
        reason = life.reason
        over = {"vi": f"Đã đến giờ kết thúc: {reason.vi}", "en": f"Its time is up: {reason.en}"}
        data = {**life.data, "time": iso(due), "detected_at": iso(now), "by": KEEPER, "reason": over}
        data.pop("act", None)
        return self._envelope(life, expected, Verb.CLEARED, str(due), data, due)

    def window_ended(self, window: Window, windows: Windows, now: int) -> Owed:
        """A window's time is up."""
        ended = msgspec.structs.replace(
            window,
            state="ended",
            by=KEEPER,
            time=iso(now),
            reason=Text("Hết giờ bảo trì hoặc thử nghiệm.", "The window is over."),
        )
        event = maintenance.make(
            self._site, "ended", maintenance.event_id(window.window_id, "ended", window.end), ended
        )
        subject = events.subject(self._site, window.area, window.window_id)
        expected = windows.sequence(window.window_id)
        return Owed(event.id, "ended", subject, expected, window.window_id, maintenance.encode(event))

    def _act(  # noqa: PLR0913  what an act is made of
        self, life: Life, expected: int, verb: str, cause: str, act: Act, now: int, status: str | None = None
    ) -> Owed:
        data = {**life.data, "by": KEEPER, "seen": None, "act": msgspec.to_builtins(act)}
        if life.data.get("severity") != life.severity:
            data["severity"] = life.severity
        if status is not None:
            data["status"] = status
        return self._envelope(life, expected, verb, cause, data, now)

    def _envelope(  # noqa: PLR0913  the same
        self, life: Life, expected: int, verb: str, cause: str, data: dict[str, Any], time: int
    ) -> Owed:
        event = sha256(f"{life.alert_id}\x1f{verb}\x1f{cause}".encode()).hexdigest()[:32]
        body = {
            "id": event,
            "source": f"/sites/{self._site}",
            "type": events.type_of(verb),
            "subject": life.alert_id,
            "time": iso(time),
            "data": data,
            "specversion": "1.0",
            "datacontenttype": "application/json",
        }
        subject = events.subject(self._site, life.area, life.alert_id)
        return Owed(event, verb, subject, expected, life.alert_id, msgspec.json.encode(body))


def _late(vi: str, en: str, due: int, now: int, since: Text | None = None) -> str:
    if now < due + LATE_US:
        return f"{vi} · {en}"
    minutes = round((now - due) / (60 * SECOND))
    return (
        f"{vi} (đến hạn {iso(due)}, báo chậm {minutes} phút{'' if since is None else ': ' + since.vi}) · "
        f"{en} (due {iso(due)}, told {minutes} min late{'' if since is None else ': ' + since.en})"
    )
