"""Alerts about ourselves: from heartbeats and the fill of streams to findings and events. Pure.

The keeper looks every few seconds and passes what it saw; nothing here reads a clock.
"""

from collections.abc import Iterable, Mapping
from hashlib import sha256
from types import MappingProxyType

import msgspec

from services.observation import event as events
from services.observation.event import Alert, CloudEvent
from services.observation.heartbeat import Heartbeat
from services.observation.instants import SECOND, iso
from services.observation.text import Text
from services.observation.topics import SITE_AREA

HAZARD = "system"
_CONDITION = frozenset(events.Verb)
RULE_PREFIX = "self."
SILENT_AFTER_US = 15 * SECOND
"""Three heartbeats of 5 s. A slower machine must not cry wolf, a dead service must not hide."""
COMPLAINT_AFTER_US = 15 * SECOND
"""A complaint younger than this is a restart or a reconnect, which heals itself."""
AGAIN_US = 60 * SECOND
"""A service that began anew has so long to find again what it complained of: its restart mended nothing."""
COMPLAINT = f"{RULE_PREFIX}complaint"
SPACE = ((0.8, "warning"), (0.5, "advisory"))
"""Fill of a stream and its severity, highest first."""

VERSION = sha256(repr((SILENT_AFTER_US, COMPLAINT_AFTER_US, SPACE)).encode()).hexdigest()[:12]


class Finding(msgspec.Struct, frozen=True):
    """Something wrong with ourselves: rule, what it is about, how bad, since when (µs UTC), in words."""

    rule: str
    about: str
    severity: str
    since: int
    reason: Text
    value: float | None = None
    threshold: float | None = None
    unit: str | None = None

    @property
    def key(self) -> str:
        """One open alert for each."""
        return f"{self.rule}/{self.about}"


def since(beats: Mapping[str, Heartbeat], expected: Iterable[str], floor: int) -> list[Heartbeat]:
    """Heartbeats as if nobody could have spoken before `floor` (µs UTC).

    A keeper that has just started, or was cut off, reads old words: they say nothing about now. Who is
    expected and has never spoken counts from there too.
    """
    silent = {name: Heartbeat(name, 0, floor) for name in expected if name not in beats}
    return [
        beat if beat.t >= floor else msgspec.structs.replace(beat, t=floor)
        for beat in (*beats.values(), *silent.values())
    ]


def look(heartbeats: Iterable[Heartbeat], fill: Mapping[str, float], now: int) -> list[Finding]:
    """List what is wrong at `now` (µs UTC).

    Args:
        heartbeats: the last word of every service that ever spoke.
        fill: share of its limit that each stream takes, 0 to 1.
        now: wall clock of the keeper.
    """
    findings = []
    for beat in heartbeats:
        due = beat.t + SILENT_AFTER_US
        if now >= due:
            findings.append(_silent(beat.service, due, (now - beat.t) / SECOND))
            continue
        findings += [
            Finding(
                COMPLAINT,
                f"{beat.service}.{c.code}",
                "watch",
                c.since + COMPLAINT_AFTER_US,
                Text(c.vi, c.en),
            )
            for c in beat.complaints
            if now >= c.since + COMPLAINT_AFTER_US
        ]
    findings += [
        finding for stream, share in fill.items() if (finding := _space(stream, share, now)) is not None
    ]
    return findings


def _silent(service: str, due: int, age_s: float) -> Finding:
    return Finding(
        f"{RULE_PREFIX}service-silent",
        service,
        "warning",
        due,
        Text(
            f"Dịch vụ {service} không báo nhịp; xem nhật ký của nó trên máy chủ",
            f"Service {service} gives no heartbeat; look at its log on the server",
        ),
        value=round(age_s, 1),
        threshold=SILENT_AFTER_US / SECOND,
        unit="s",
    )


def _space(stream: str, share: float, now: int) -> Finding | None:
    for limit, severity in SPACE:
        if share >= limit:
            reason = Text(
                f"Luồng {stream} đã đầy {share:.0%}; khi đầy, số đo cũ nhất bị bỏ; xem archive và đĩa",
                f"Stream {stream} is {share:.0%} full; when full its oldest go. See archive and disk",
            )
            return Finding(
                f"{RULE_PREFIX}space", stream, severity, now, reason, round(share * 100, 1), limit * 100, "%"
            )
    return None


class Watch:
    """Open alerts about ourselves, and the events that lead from what was to what is."""

    def __init__(self, site: str) -> None:
        """Start with nothing open; `restore` puts back what ALERTS says is."""
        self.site = site
        self.open: dict[str, Alert] = {}
        self._last: dict[str, str] = {}
        self._said: dict[str, int] = {}
        """When the process began that complained of it last."""

    def restore(self, event: CloudEvent) -> None:
        """Fold one event from ALERTS, in stream order; others than ours are passed over."""
        alert = event.data
        verb = (events.noun_and_verb(event.type) or ("", ""))[1]
        # What people and the keeper do to an alert does not open it again; a linked site watches itself.
        if (
            not alert.rule.startswith(RULE_PREFIX)
            or verb not in _CONDITION
            or event.source != f"/sites/{self.site}"
        ):
            return
        key = f"{alert.rule}/{alert.sensor}"
        if verb == events.Verb.CLEARED:
            self.open.pop(key, None)
        else:
            self.open[key] = alert
        self._last[key] = alert.alert_id

    def update(
        self,
        findings: Iterable[Finding],
        now: int,
        undecided: frozenset[str] = frozenset(),
        beats: Mapping[str, Heartbeat] = MappingProxyType({}),
    ) -> list[CloudEvent]:
        """Events that make the open alerts equal to the findings; `now` in µs UTC.

        What is open about a service that is `undecided`, not heard since we look again, stays open. So does
        a complaint that stands in the `beats`, however young, or that a service begun anew has not had the
        time to find again.
        """
        for beat in beats.values():
            self._said |= {f"{beat.service}.{one.code}": beat.began for one in beat.complaints}
        present = {finding.key: finding for finding in findings}
        over = [
            key
            for key, alert in self.open.items()
            if key not in present
            and (alert.sensor or "").partition(".")[0] not in undecided
            and not self._may_stand(alert, beats, now)
        ]
        out = [self._clear(key, now) for key in over]
        for key, finding in present.items():
            alert = self.open.get(key)
            if alert is None:
                out.append(self._raise(finding, now))
            elif alert.severity != finding.severity:
                out.append(self._move(alert, finding, now))
        return out

    def _may_stand(self, alert: Alert, beats: Mapping[str, Heartbeat], now: int) -> bool:
        about = alert.sensor or ""
        service, _, code = about.partition(".")
        beat = beats.get(service)
        if alert.rule != COMPLAINT or beat is None:
            return False
        if any(one.code == code for one in beat.complaints):
            return True
        return self._said.get(about) != beat.began and now < beat.began + AGAIN_US

    def _raise(self, finding: Finding, now: int) -> CloudEvent:
        identity = self._id(finding.rule, finding.about, finding.since, "raised", finding.since)
        alert = Alert(
            alert_id=identity,
            previous=self._last.get(finding.key),
            hazard=HAZARD,
            area=SITE_AREA,
            sensor=finding.about,
            severity=finding.severity,
            value=finding.value,
            unit=finding.unit,
            threshold=finding.threshold,
            rule=finding.rule,
            rule_version=VERSION,
            time=iso(finding.since),
            since=iso(finding.since),
            detected_at=iso(now),
            reason=finding.reason,
        )
        self.open[finding.key] = alert
        self._last[finding.key] = identity
        return events.make(site=self.site, verb="raised", event=identity, time=finding.since, alert=alert)

    def _move(self, alert: Alert, finding: Finding, now: int) -> CloudEvent:
        rank = events.SEVERITIES.index
        verb = "escalated" if rank(finding.severity) > rank(alert.severity) else "eased"
        moved = msgspec.structs.replace(
            alert,
            severity=finding.severity,
            value=finding.value,
            threshold=finding.threshold,
            reason=finding.reason,
            time=iso(now),
            detected_at=iso(now),
        )
        self.open[finding.key] = moved
        return self._event(moved, verb, now)

    def _clear(self, key: str, now: int) -> CloudEvent:
        alert = self.open.pop(key)
        over = Text(f"Đã hết: {alert.reason.vi}", f"Over: {alert.reason.en}")
        cleared = msgspec.structs.replace(alert, time=iso(now), detected_at=iso(now), reason=over)
        return self._event(cleared, "cleared", now)

    def _event(self, alert: Alert, verb: str, now: int) -> CloudEvent:
        identity = self._id(alert.rule, alert.sensor or "", 0, f"{alert.alert_id}/{verb}", now)
        return events.make(site=self.site, verb=verb, event=identity, time=now, alert=alert)

    def _id(self, rule: str, about: str, start: int, transition: str, time: int) -> str:
        return events.event_id(self.site, rule, VERSION, about, start, transition, time)
