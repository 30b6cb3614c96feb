"""Which controllers owe us an answer, and the alerts about it. Pure.

A command whose repeats ran out, or that its controller refused, is *owed* until it is confirmed, a newer
order stands in its place, or its time is over. One alert for each gateway that owes any: the operator needs
to know that a cabinet does not obey, not how many messages it missed.
"""

from hashlib import sha256

import msgspec

from services.observation import event as events
from services.observation.command import CommandEvent, Verb, verb_of
from services.observation.event import Alert, CloudEvent
from services.observation.instants import iso, micros
from services.observation.text import Text

HAZARD = "lighting"
RULE = "command-unconfirmed"
SEVERITY = "advisory"
VERSION = sha256(repr((RULE, SEVERITY, "one alert per gateway")).encode()).hexdigest()[:12]
EXPIRED = "expired"
"""What a controller says that was told too late: then nothing is owed."""
SHOWN = 3


class Debt(msgspec.Struct, frozen=True):
    """A command that is owed; instants in µs UTC."""

    gateway: str
    area: str
    kind: str
    groups: tuple[str, ...]
    since: int
    expires: int
    sendings: int
    refused: str | None


class Owed:
    """Folds COMMANDS into what is owed."""

    def __init__(self) -> None:
        """Nothing is."""
        self._ordered: dict[str, tuple[str, tuple[str, ...], int, int]] = {}
        self._debts: dict[str, Debt] = {}

    def apply(self, event: CommandEvent) -> None:
        """Take in an event, in stream order."""
        try:
            verb = verb_of(event.type)
        except ValueError:
            return
        told = event.data
        match verb:
            case Verb.ORDERED:
                if told.wire is not None and told.wire.kind != "read":
                    wire = told.wire
                    self._ordered[told.command] = (wire.kind, tuple(told.groups), wire.expires_at, 0)
            case Verb.SENT | Verb.REPEATED:
                if told.command in self._ordered:
                    self._ordered[told.command] = (*self._ordered[told.command][:3], told.sending)
            case Verb.UNCONFIRMED:
                self._owe(event, None)
            case Verb.REFUSED if told.note != EXPIRED:
                self._owe(event, told.note or "?")
            case Verb.CONFIRMED | Verb.EXPIRED | Verb.SUPERSEDED | Verb.RELEASED | Verb.ENDED | Verb.REFUSED:
                self._debts.pop(told.command, None)

    def debts(self, now: int) -> dict[str, list[Debt]]:
        """What is owed at an instant, µs UTC, by gateway, the oldest first."""
        for command in [command for command, known in self._ordered.items() if known[2] <= now]:
            del self._ordered[command]
            self._debts.pop(command, None)
        found: dict[str, list[Debt]] = {}
        for debt in sorted(self._debts.values(), key=lambda debt: debt.since):
            found.setdefault(debt.gateway, []).append(debt)
        return found

    def _owe(self, event: CommandEvent, refused: str | None) -> None:
        told = event.data
        known = self._ordered.get(told.command)
        if known is None:
            return
        kind, groups, expires, sendings = known
        since = micros(event.time)
        before = self._debts.get(told.command)
        if before is not None:
            since = before.since
        self._debts[told.command] = Debt(
            told.gateway, told.area, kind, groups, since, expires, sendings, refused
        )


class Watch:
    """Open alerts about gateways that owe, and the events that lead from what was to what is."""

    def __init__(self, site: str) -> None:
        """Start with none open; `restore` puts back what ALERTS says is."""
        self.site = site
        self.open: dict[str, Alert] = {}
        self._last: dict[str, str] = {}

    def restore(self, event: CloudEvent) -> None:
        """Fold one event of ALERTS, in stream order; others than ours are passed over."""
        alert = event.data
        if alert.rule != RULE or alert.gateway is None or event.source != f"/sites/{self.site}":
            return
        try:
            verb = events.Verb(events.verb_of(event.type))
        except ValueError:
            return  # what people do to an alert does not move it
        if verb == events.Verb.CLEARED:
            self.open.pop(alert.gateway, None)
        else:
            self.open[alert.gateway] = alert
        self._last[alert.gateway] = alert.alert_id

    def update(self, debts: dict[str, list[Debt]], now: int) -> list[CloudEvent]:
        """Events that make the open alerts equal to the debts; `now` in µs UTC."""
        out = [self._clear(gateway, now) for gateway in list(self.open) if gateway not in debts]
        out += [self._raise(gateway, debts[gateway], now) for gateway in debts if gateway not in self.open]
        return out

    def _raise(self, gateway: str, debts: list[Debt], now: int) -> CloudEvent:
        first = debts[0]
        name = events.event_id(self.site, RULE, VERSION, gateway, first.since, "raised", first.since)
        alert = Alert(
            alert_id=name,
            previous=self._last.get(gateway),
            hazard=HAZARD,
            area=first.area,
            gateway=gateway,
            severity=SEVERITY,
            value=float(len(debts)),
            threshold=1.0,
            rule=RULE,
            rule_version=VERSION,
            time=iso(first.since),
            since=iso(first.since),
            detected_at=iso(now),
            reason=_reason(gateway, debts),
        )
        self.open[gateway] = alert
        self._last[gateway] = name
        return events.make(site=self.site, verb="raised", event=name, time=first.since, alert=alert)

    def _clear(self, gateway: str, now: int) -> CloudEvent:
        alert = self.open.pop(gateway)
        over = Text(
            f"Tủ {gateway}: không còn lệnh nào chưa được xác nhận.",
            f"Cabinet {gateway}: no command is without its confirmation any more.",
        )
        cleared = msgspec.structs.replace(alert, time=iso(now), detected_at=iso(now), reason=over, value=0.0)
        # One alert is cleared once: its end needs no time in its id.
        name = events.event_id(self.site, RULE, VERSION, gateway, 0, f"{alert.alert_id}/cleared", 0)
        return events.make(site=self.site, verb="cleared", event=name, time=now, alert=cleared)


_KINDS = {
    "programme": Text("chương trình chiếu sáng", "lighting programme"),
    "override": Text("lệnh đổi mức sáng", "order to change the light"),
    "release": Text("lệnh thu hồi", "release"),
}


def _reason(gateway: str, debts: list[Debt]) -> Text:
    """What is owed by whom, in words."""
    first = debts[0]
    kind = _KINDS.get(first.kind, Text(first.kind, first.kind))
    groups = ", ".join(first.groups[:SHOWN])
    where = Text(f" cho {groups}", f" for {groups}") if groups else Text("", "")
    rest = len(debts) - 1
    more = Text(f"; và {rest} lệnh khác", f"; and {rest} more") if rest else Text("", "")
    if first.refused is not None:
        return Text(
            f"Tủ {gateway} từ chối {kind.vi}{where.vi} ({first.refused}){more.vi}.",
            f"Cabinet {gateway} refused the {kind.en}{where.en} ({first.refused}){more.en}.",
        )
    times = first.sendings
    return Text(
        f"Tủ {gateway} chưa xác nhận {kind.vi}{where.vi}, đã gửi {times} lần{more.vi}."
        " Đèn có thể không đúng lệnh; sẽ gửi lại khi tủ có tín hiệu.",
        f"Cabinet {gateway} has not confirmed the {kind.en}{where.en}, sent {times} times{more.en}."
        " Its lamps may not do as ordered; it is sent again when the cabinet is back.",
    )
