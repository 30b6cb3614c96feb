"""Readiness: from heartbeats and canary to one verdict with its reasons. Pure.

Ready means that alerting works: a reading that comes in now is judged. The history being away is
shown and changes nothing; so is a silent keeper.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.observation.heartbeat import Heartbeat
from services.observation.text import Text

CANARY_LATE_S = 30.0
"""Six canaries: the path is broken, whatever the services say of themselves."""
NEEDED = ("ingest", "alerts")
SHOWN = ("archive", "keeper")


class Seen(NamedTuple):
    """What is known at one moment. Ages in seconds, None for never."""

    connected: bool
    caught_up: bool
    database: bool
    site: bool
    beats: Mapping[str, Heartbeat]
    ages: Mapping[str, float | None]
    silent: Mapping[str, bool]
    canary_engine_s: float | None
    canary_archive_s: float | None
    up_s: float


class Check(NamedTuple):
    """One thing that was looked at. `needed`: without it the service is not ready."""

    name: str
    state: str  # ok, degraded, away
    needed: bool
    age_s: float | None
    note: Text | None

    def document(self) -> dict[str, Any]:
        """As it is answered."""
        note = None if self.note is None else {"vi": self.note.vi, "en": self.note.en}
        return {
            "name": self.name,
            "state": self.state,
            "needed": self.needed,
            "age_s": self.age_s,
            "note": note,
        }


def look(seen: Seen) -> list[Check]:
    """Everything that was looked at, the needed things first."""
    checks = [
        _plain("stream", Text("mất kết nối với NATS", "no connection to NATS"), well=seen.connected),
        _plain("site", Text("chưa có địa bàn", "no site is loaded"), well=seen.site),
        _plain(
            "alert_log",
            Text("đang đọc luồng cảnh báo", "the stream of alerts is being read"),
            well=seen.caught_up,
        ),
    ]
    checks += [_service(seen, name, needed=True) for name in NEEDED]
    checks.append(_canary("canary_engine", seen.canary_engine_s, seen.up_s, needed=True))
    checks += [_service(seen, name, needed=False) for name in SHOWN]
    checks.append(_database(seen))
    checks.append(_canary("canary_archive", seen.canary_archive_s, seen.up_s, needed=False))
    return checks


def ready(checks: Sequence[Check]) -> bool:
    """Whether alerting works."""
    return all(check.state == "ok" for check in checks if check.needed)


def _database(seen: Seen) -> Check:
    said = Text("lịch sử không trả lời; cảnh báo vẫn chạy", "the history does not answer; alerts go on")
    state, note = ("ok", None) if seen.database else ("degraded", said)
    return Check("database", state, needed=False, age_s=None, note=note)


def _plain(name: str, note: Text, *, well: bool) -> Check:
    state, said = ("ok", None) if well else ("away", note)
    return Check(name, state, needed=True, age_s=None, note=said)


def _service(seen: Seen, name: str, *, needed: bool) -> Check:
    age = seen.ages.get(name)
    if seen.silent.get(name, True):
        said = Text(f"dịch vụ {name} im lặng", f"service {name} is silent")
        return Check(name, "away" if needed else "degraded", needed, age, said)
    if not seen.beats[name].ready:
        return Check(
            name,
            "degraded",
            needed,
            age,
            Text(f"dịch vụ {name} chưa sẵn sàng", f"service {name} is not ready"),
        )
    return Check(name, "ok", needed, age, None)


def _canary(name: str, age: float | None, up_s: float, *, needed: bool) -> Check:
    wrong = "away" if needed else "degraded"
    if age is None and not needed:
        # Nothing waits for this one, so what is not known need not pass for well meanwhile.
        never = Text(
            "chưa rõ: kho lưu chưa ghi số đo tự kiểm tra nào",
            "unknown: the archive has not stored a test reading of ours yet",
        )
        return Check(name, wrong, needed, None, never)
    # Never seen: it has as long as a late one, from our own start.
    if (up_s if age is None else age) <= CANARY_LATE_S:
        return Check(name, "ok", needed, age, None)
    what = Text("số đo tự kiểm tra không tới nơi", "our own test reading does not arrive")
    return Check(name, wrong, needed, age, what)
