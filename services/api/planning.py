"""Maintenance windows that people plan, change and cancel: written only if nothing came between."""

from typing import NamedTuple

import msgspec
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from services.api.acts import PUBLISH_S, WRONG_LAST, folded, whole_fold
from services.api.context import Context
from services.api.errors import Problem, away, invalid, not_found
from services.api.filters import one_of
from services.api.identity import demand
from services.api.shapes.maintenance import WindowChange, WindowPlan
from services.observation import event as events
from services.observation import maintenance
from services.observation.instants import SECOND, iso
from services.observation.maintenance import Window, WindowEvent
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE
from services.runtime import logging
from services.runtime.principal import OPERATOR, Principal
from services.runtime.streams import ALERTS

_ABOUT = ("kind", "stations", "gateways", "areas")
"""What a window is about; no change touches it."""
AHEAD_US = 90 * 86_400 * SECOND
_NOTHING = Text("nêu ít nhất một trạm, gateway hoặc khu vực", "name at least one station, gateway or area")
_AWAY = Text(
    "chưa ghi được; hãy gửi lại với cùng Idempotency-Key",
    "it could not be written; send it again with the same Idempotency-Key",
)
_OTHER = Text(
    "Idempotency-Key này đã dùng cho việc khác; dùng khóa mới",
    "this Idempotency-Key was used for something else; use a new key",
)
_CHANGED = Text(
    "khoảng bảo trì đã thay đổi từ khi bạn xem; hãy xem lại",
    "the window has changed since you looked; look at it again",
)
_OVER = Text("khoảng bảo trì này đã kết thúc", "this window is over")
_LINKED = Text("của địa bàn khác; chỉ nơi đó được thao tác", "it is of a linked site, which decides about it")
log = logging.get("api_planning")


class Planned(NamedTuple):
    """A window that stands on the stream; `repeated`: it stood there before."""

    window: Window
    event: WindowEvent
    repeated: bool


async def plan(here: Context, who: Principal, key: str, asked: WindowPlan) -> Planned:
    """Plan a window; the same key again gives the same one.

    Raises:
        Problem: 403, 409 the key was used for another one, 422, 503.
    """
    site, now = here.site.site, here.clock()
    for noun, given, known in (
        ("stations", asked.stations, site.stations),
        ("gateways", asked.gateways, site.gateways),
        ("areas", asked.areas, site.areas),
    ):
        for one in given:
            one_of(noun, one, known)
    areas = set(asked.areas)
    areas |= {_area(site.stations[one].area) for one in asked.stations}
    areas |= {_area(site.gateways[one].area) for one in asked.gateways}
    if not areas:
        raise invalid(_NOTHING, "stations")
    for area in sorted(areas):
        demand(who, OPERATOR, area)
    start = now if asked.start is None else asked.start
    identity = maintenance.window_id(site.id, who.subject, key)
    data = Window(
        window_id=identity,
        area=maintenance.subject_area(areas),
        kind=asked.kind,
        start=iso(start),
        end=iso(asked.end),
        stations=sorted(set(asked.stations)),
        gateways=sorted(set(asked.gateways)),
        areas=sorted(set(asked.areas)),
        why=asked.why,
        by=who.subject,
        time=iso(now),
        reason=_said(who, "lập kế hoạch", "planned", asked.kind),
    )
    known_one = whole_fold(here).windows.get(identity)
    if known_one is None:
        _check_span(here, start, asked.end, now)
        event = maintenance.make(site.id, "planned", maintenance.event_id(identity, "planned", key), data)
        if await _write(here, event, 0):
            return Planned(data, event, repeated=False)
        known_one = whole_fold(here).windows.get(identity)
    event_id = maintenance.event_id(identity, "planned", key)
    untouched = whole_fold(here).windows.event(identity) == event_id  # else another end may be its own by now
    wish = (*_ABOUT, "why", "end", *(("start",) if asked.start is not None else ())) if untouched else _ABOUT
    if known_one is None or any(getattr(known_one, name) != getattr(data, name) for name in wish):
        raise Problem(409, "idempotency-conflict", _OTHER)
    event = maintenance.make(site.id, "planned", event_id, known_one)
    return Planned(known_one, event, repeated=True)


async def change(  # noqa: PLR0913  who asks for what, and what they saw
    here: Context, who: Principal, window_id: str, key: str, seen: int, asked: WindowChange | None
) -> Planned:
    """Change a window, or cancel it (`asked` None).

    Raises:
        Problem: 404, 403, 409 it is not what they saw, 422 over or of a linked site, 503.
    """
    windows, site, now = whole_fold(here).windows, here.site.site, here.clock()
    window = visible(here, who, window_id)
    if windows.source(window_id) != f"/sites/{site.id}":
        raise Problem(422, "linked-site", _LINKED)
    for area in sorted(areas_of(here, window)):
        demand(who, OPERATOR, area)
    verb = "cancelled" if asked is None else "changed"
    name = maintenance.event_id(window_id, verb, f"{who.subject}/{key}")
    if windows.event(window_id) == name:
        if asked is not None and not _as_asked(window, asked):
            raise Problem(409, "idempotency-conflict", _OTHER)
        return Planned(window, maintenance.make(site.id, verb, name, window), repeated=True)
    if window.state != "planned":
        raise Problem(422, "window-over", _OVER)
    expected = windows.sequence(window_id)
    if seen < expected:
        raise Problem(409, "window-changed", _CHANGED, version=here.hub.token(expected))
    said = _said(who, "hủy", "cancelled", window.kind)
    if asked is None:
        after = msgspec.structs.replace(window, state="cancelled", by=who.subject, time=iso(now), reason=said)
    else:
        start = window.from_us if asked.start is None else asked.start
        end = window.to_us if asked.end is None else asked.end
        _check_span(here, start, end, now)
        after = msgspec.structs.replace(
            window,
            start=iso(start),
            end=iso(end),
            why=asked.why or window.why,
            by=who.subject,
            time=iso(now),
            reason=_said(who, "thay đổi", "changed", window.kind),
        )
    event = maintenance.make(site.id, verb, name, after)
    if not await _write(here, event, expected):
        raise Problem(409, "window-changed", _CHANGED)
    return Planned(after, event, repeated=False)


def _as_asked(window: Window, asked: WindowChange) -> bool:
    """Whether a window is what a change asks for."""
    return (
        (asked.start is None or iso(asked.start) == window.start)
        and (asked.end is None or iso(asked.end) == window.end)
        and (not asked.why or asked.why == window.why)
    )


def visible(here: Context, who: Principal, window_id: str) -> Window:
    """A window that somebody may see.

    Raises:
        Problem: 404, 503.
    """
    windows = whole_fold(here).windows
    window = windows.get(window_id)
    if window is None or not sees(here, who, window):
        shown = window_id[:80]
        raise not_found(Text(f"không có khoảng bảo trì {shown!r}", f"there is no window {shown!r}"))
    return window


def linked(here: Context, window: Window) -> str | None:
    """The site that a window came from over a link; None for our own."""
    source = here.fold.windows.source(window.window_id).removeprefix("/sites/")
    return None if not here.site.known or source == here.site.site.id else source


def sees(here: Context, who: Principal, window: Window) -> bool:
    """Whether somebody may see a window."""
    return who.sees(window.area, linked(here, window))


def areas_of(here: Context, window: Window) -> set[str]:
    """The areas of what a window is about, as far as the running site knows it."""
    found = set(window.areas)
    if not here.site.known:
        return found | {window.area}
    site = here.site.site
    found |= {_area(site.stations[one].area) for one in window.stations if one in site.stations}
    found |= {_area(site.gateways[one].area) for one in window.gateways if one in site.gateways}
    return found or {window.area}


def _area(area: str) -> str:
    return SITE_AREA if area == SITE_SCOPE else area


def _said(who: Principal, vi: str, en: str, kind: str) -> Text:
    what_vi, what_en = ("thử nghiệm", "a test") if kind == "test" else ("bảo trì", "maintenance")
    return Text(f"{who.subject} {vi} {what_vi}.", f"{who.subject} {en} {what_en}.")


def _check_span(here: Context, start: int, end: int, now: int) -> None:
    longest = here.site.policy.keeping.maintenance.longest_h
    if not start < end or end <= now:
        raise invalid(
            Text("end phải sau start và sau bây giờ", "end must be after start and after now"), "end"
        )
    if end - start > longest * 3600 * SECOND:
        raise invalid(Text(f"tối đa {longest:g} giờ", f"at most {longest:g} hours"), "end")
    if start > now + AHEAD_US:
        raise invalid(Text("chỉ được hẹn trước 90 ngày", "at most 90 days ahead"), "start")


async def _write(here: Context, event: WindowEvent, expected: int) -> bool:
    """Put an event of a window on the stream, and wait until it is folded; False: another was first."""
    subject = events.subject(here.site.site.id, event.data.area, event.data.window_id)
    headers = {"Nats-Msg-Id": event.id, "Nats-Expected-Last-Subject-Sequence": str(expected)}
    try:
        ack = await here.js.publish(
            subject, maintenance.encode(event), timeout=PUBLISH_S, headers=headers, stream=ALERTS
        )
    except (NatsError, APIError, TimeoutError, OSError) as error:
        if getattr(error, "err_code", None) != WRONG_LAST:
            log.warning("window_not_written", window=event.subject, error=repr(error))
            raise away(_AWAY, retry_s=1, code="alerts-away") from error
        last = await here.js.get_last_msg(ALERTS, subject)
        await folded(here, last.seq or 0)
        return False
    await folded(here, ack.seq)
    return True
