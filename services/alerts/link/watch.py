"""Alerts about links, under the parent's own site: a child silent, a child whose copy differs. Pure."""

from services.alerts.selfwatch import Finding, Watch
from services.observation import event as events
from services.observation.event import CloudEvent
from services.observation.instants import SECOND
from services.observation.links import Standing
from services.observation.text import Text

SILENT, DIFFERS, REFUSED = "site-silent", "site-differs", "site-refused"
DEGRADED, CLOCK = "site-degraded", "site-clock"
RULES = frozenset({SILENT, DIFFERS, REFUSED, DEGRADED, CLOCK})
DEGRADED_US, CLOCK_US = 30 * SECOND, 30 * SECOND
"""How long services of a child may be silent, and how far its clock may be off ours."""


class LinkWatch(Watch):
    """Open alerts about links; those that the keeper raises about ourselves are left to it."""

    def restore(self, event: CloudEvent) -> None:
        """Fold one event of the own site from ALERTS, in stream order."""
        alert = event.data
        if alert.rule not in RULES or event.source != f"/sites/{self.site}":
            return
        key = f"{alert.rule}/{alert.sensor}"
        try:
            verb = events.verb_of(event.type)
        except ValueError:
            return
        if verb == events.Verb.CLEARED:
            self.open.pop(key, None)
        elif verb in frozenset(events.Verb):
            self.open[key] = alert
        self._last[key] = alert.alert_id


def look(standing: Standing, silent_us: int, since: int, now: int) -> list[Finding]:
    """What is wrong with a child at `now`; `since`: from when on we could have heard it. Times in µs UTC."""
    found = []
    heard = max(standing.heard or 0, since)
    if now - heard >= silent_us:
        found.append(_silent(standing, heard + silent_us, silent_us, now - heard))
    else:
        found += _unwell(standing, now)
    if standing.differ:
        days = ", ".join(standing.differ[:5])
        found.append(
            Finding(
                DIFFERS,
                standing.site,
                "watch",
                standing.compared or now,
                Text(
                    f"Bản sao sự kiện của {standing.site} khác bản gốc vào {days}, kể cả sau khi đọc lại;"
                    " cần đối chiếu hai bên",
                    f"the copy of {standing.site}'s events differs from the original on {days}, after reading"
                    " it again too; compare both sides",
                ),
            )
        )
    found += [_refused(standing.site, site, why, now) for site, why in sorted(standing.refused.items())]
    return found


def _unwell(standing: Standing, now: int) -> list[Finding]:
    """What a child that is heard says of itself."""
    found = []
    site, beat = standing.site, standing.beat
    if beat is None or standing.heard is None:
        return []
    if beat.silent and standing.degraded is not None and now - standing.degraded >= DEGRADED_US:
        named = ", ".join(beat.silent)
        text = Text(
            f"Ở {site}, dịch vụ {named} không chạy: cảnh báo của nơi đó có thể thiếu; gọi người trực ở đó",
            f"At {site} {named} does not run: its alerts may be missing; call whoever is on duty there",
        )
        found.append(Finding(DEGRADED, site, "warning", standing.degraded + DEGRADED_US, text))
    off = beat.t - standing.heard
    if abs(off) >= CLOCK_US:
        text = Text(
            f"Đồng hồ của {site} lệch {off / SECOND:+.0f} giây so với ở đây: giờ của cảnh báo ở đó sai theo",
            f"The clock of {site} is {off / SECOND:+.0f} s off ours: so are the times of its alerts",
        )
        found.append(Finding(CLOCK, site, "watch", standing.heard, text))
    return found


def _silent(standing: Standing, due: int, limit: int, age: int) -> Finding:
    return Finding(
        SILENT,
        standing.site,
        "warning",
        due,
        Text(
            f"Địa bàn {standing.site} không liên lạc được; cảnh báo của nơi đó ở đây là trạng thái cũ",
            f"Site {standing.site} can't be heard; its alerts as shown here are old",
        ),
        value=round(age / SECOND, 1),
        threshold=limit / SECOND,
        unit="s",
    )


def _refused(child: str, site: str, why: str, now: int) -> Finding:
    if why == "loop":
        text = Text(
            f"{child} gửi lại sự kiện của chính {site}: liên kết thành vòng; bỏ liên kết thừa",
            f"{child} sends {site}'s own events back: the links form a loop; take one off",
        )
    elif why == "other-site":
        text = Text(
            f"Liên kết của {child} dẫn đến địa bàn {site}; kiểm tra tệp parent.json ở đó",
            f"the link of {child} leads to site {site}; look at its parent.json",
        )
    elif why == "two-machines":
        text = Text(
            f"Hai máy cùng xưng là {site} (một bản sao, hoặc máy cũ còn chạy):"
            " không nhận gì nữa; tắt một máy",
            f"two machines say that they are {site} (a copy, or the old one still runs):"
            " nothing is taken; stop one of them",
        )
    else:
        text = Text(
            f"Sự kiện của {site} đến theo hai đường; đường qua {child} không được nhận",
            f"events of {site} come by two ways; those by {child} are not taken",
        )
    return Finding(REFUSED, f"{child}.{site}", "watch", now, text)
