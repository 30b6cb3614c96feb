"""Alerts that a person states: raised by hand, told like any other, ended at a time. Origin `manual`."""

import msgspec

from services.api.acts import Done, catch_up, whole_fold, write
from services.api.context import Context
from services.api.errors import Problem, away, invalid
from services.api.filters import known_hazard, one_of
from services.api.identity import demand
from services.api.shapes.acts import Statement
from services.observation.act import Stated
from services.observation.command import identity
from services.observation.event import Verb
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.observation.topics import SITE_AREA
from services.runtime.principal import OPERATOR, Principal

MAX_US = 7 * 86_400 * SECOND
RULE, VERSION = "manual", "1"
_UNTIL = Text("until phải ở tương lai, tối đa 7 ngày", "until must be in the future, 7 days ahead at most")
_WORDS = Text("cần nội dung bằng vi hoặc en", "a text is needed, in vi or en")
_SELF = Text(
    "loại system dành cho chính hệ thống này", "the hazard `system` is what the service says of itself"
)
_AWAY = Text(
    "chưa ghi được cảnh báo; hãy gửi lại với cùng Idempotency-Key",
    "the alert could not be written; send it again with the same Idempotency-Key",
)
_OTHER = Text(
    "Idempotency-Key này đã dùng cho một cảnh báo khác; dùng khóa mới",
    "this Idempotency-Key was used for another alert; use a new key",
)


_WISH = ("hazard", "area", "station", "severity", "status", "until", "reason")
"""What the same key must ask for again."""


async def state(here: Context, who: Principal, key: str, asked: Statement) -> Done:
    """Raise an alert by hand; the same key again gives the same one.

    Raises:
        Problem: 403, 409 the key was used for another one, 422, 503.
    """
    fold, now = whole_fold(here), here.clock()
    alert = identity(here.site.site.id, who.subject, key, "raised")
    data = _data(here, asked, alert, who.subject, now)
    demand(who, OPERATOR, data.area)
    repeated = fold.get(alert) is not None
    if not repeated and await write(here, Verb.RAISED, alert, data, 0) is None:
        # Named after this very event: that the subject is not empty is the proof that it stands there.
        repeated = True
        await catch_up(here, data)
    standing = fold.get(alert)
    if standing is None:
        raise away(_AWAY, retry_s=1, code="alerts-away")
    told = standing.events[0]
    said, wish = told.body["data"], msgspec.to_builtins(data)
    if any(said.get(name) != wish.get(name) for name in _WISH):
        raise Problem(409, "idempotency-conflict", _OTHER)
    return Done(standing, told, repeated)


def _data(here: Context, asked: Statement, alert: str, by: str, now: int) -> Stated:
    site = here.site.site
    known_hazard(asked.hazard)
    one_of("area", asked.area, {SITE_AREA, *site.areas})
    one_of("station", asked.station, site.stations)
    if asked.hazard == "system":
        raise invalid(_SELF, "hazard")
    if not now < asked.until <= now + MAX_US:
        raise invalid(_UNTIL, "until")
    vi, en = asked.text.vi, asked.text.en
    if not vi and not en:
        raise invalid(_WORDS, "text")
    when = iso(now)
    return Stated(
        alert_id=alert,
        hazard=asked.hazard,
        area=asked.area,
        severity=asked.severity,
        rule=RULE,
        rule_version=VERSION,
        time=when,
        detected_at=when,
        since=when,
        reason=Text(vi or en or "", en or vi or ""),
        language=msgspec.UNSET if vi and en else "vi" if vi else "en",
        station=asked.station,
        status=asked.status,
        by=by,
        origin="manual",
        until=iso(asked.until),
    )
