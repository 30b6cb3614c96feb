"""What alerts do to streets: while one is open, the lamps of its area are bright in the dark. Pure.

Each is an override with a lease that is renewed while the alert is open. When it is cleared nothing is sent:
the last lease runs out, so a street does not go dim in the minute the water falls, and a service that died
leaves no street bright for ever. A person's later word holds against it.
"""

from collections.abc import Iterable, Mapping

import msgspec

from services.lighting.desired import BY, Order
from services.lighting.ledger import Ledger, Standing
from services.lighting.programme import Brighten, Group, Lighting
from services.observation import command as nouns
from services.observation.command import Command
from services.observation.command import Override as Body
from services.observation.event import SEVERITIES, CloudEvent, Verb, verb_of
from services.observation.instants import SECOND, micros
from services.observation.topics import SITE_AREA

RENEW_AT = 1 / 3
"""A lease is renewed when so much of it is left: enough for all repeats of the command."""


class Open(msgspec.Struct, frozen=True):
    """An alert whose condition holds; `since` in µs UTC."""

    alert: str
    hazard: str
    area: str
    severity: str
    since: int


class Alerts:
    """Open alerts, folded from ALERTS."""

    def __init__(self) -> None:
        """Start with none."""
        self.open: dict[str, Open] = {}

    def apply(self, event: CloudEvent) -> None:
        """Take in an event; what people and the keeper do to an alert does not move its condition."""
        try:
            verb = verb_of(event.type)
        except ValueError:
            return
        data = event.data
        if data.status != "Actual":
            return  # an exercise or a test lights no street
        if verb == Verb.CLEARED:
            self.open.pop(data.alert_id, None)
        elif verb in (Verb.RAISED, Verb.ESCALATED, Verb.EASED):
            # Worse is news: a person who said "dim" to a watch has not said it to an emergency.
            before = self.open.get(data.alert_id)
            kept = before is not None and verb != Verb.ESCALATED
            since = before.since if before is not None and kept else micros(event.time)
            self.open[data.alert_id] = Open(data.alert_id, data.hazard, data.area, data.severity, since)


def orders(  # noqa: PLR0913  what the orders are made of
    site: str,
    lighting: Lighting,
    ledger: Ledger,
    alerts: Iterable[Open],
    areas: Mapping[str, str],
    now: int,
) -> list[Order]:
    """Overrides that are to begin or to be renewed at `now`, µs UTC. `areas`: of the gateways."""
    known = list(alerts)
    found: list[Order] = []
    for rule in lighting.brighten:
        for group in lighting.groups.values():
            calling = [one for one in known if _counts(rule, group, one)]
            if not calling:
                continue
            newest = max(calling, key=lambda one: (one.since, one.alert))
            found += [
                order
                for gateway, lamps in group.lamps.items()
                if gateway in areas
                and (order := _order(site, rule, group, newest, gateway, areas, lamps, ledger, now))
                is not None
            ]
    return found


def _counts(rule: Brighten, group: Group, alert: Open) -> bool:
    rank = SEVERITIES.index
    if alert.hazard != rule.hazard or alert.severity not in SEVERITIES:
        return False
    if rank(alert.severity) < rank(rule.severity):
        return False
    if rule.areas is not None and alert.area not in rule.areas:
        return False
    if rule.groups is not None:
        return group.id in rule.groups
    # An alert of the whole site reaches every street.
    return alert.area == SITE_AREA or alert.area in group.areas


def _order(  # noqa: PLR0913  what the order is made of
    site: str,
    rule: Brighten,
    group: Group,
    alert: Open,
    gateway: str,
    areas: Mapping[str, str],
    lamps: tuple[str, ...],
    ledger: Ledger,
    now: int,
) -> Order | None:
    """The first lease, or the next one when the present one nears its end; None while it holds."""
    order = f"{rule.id}.{group.id}"
    last = _last(ledger, gateway, order)
    lease = round(rule.lease_s * SECOND)
    if last is not None and last.override is not None:
        same = last.override.ordered == alert.since and last.override.level == rule.level
        if same and last.override.until - now > lease * RENEW_AT:
            return None
    name = nouns.identity(
        site, order, gateway, alert.since, rule.level, "" if last is None else last.command.id
    )
    until = now + lease
    body = Body(ordered=alert.since, level=rule.level, start=now, until=until, brighten=True)
    command = Command(
        id=name,
        kind="override",
        targets=list(lamps),
        issued_at=now,
        expires_at=until,
        body=msgspec.to_builtins(body),
    )
    return Order(command, gateway, areas[gateway], order, [group.id], BY, f"{rule.id}: {alert.alert}")


def _last(ledger: Ledger, gateway: str, order: str) -> Standing | None:
    found = [
        one
        for one in ledger.of_gateway(gateway)
        if one.order == order and one.override is not None and one.override.brighten
    ]
    return max(found, key=lambda one: one.newness, default=None)
