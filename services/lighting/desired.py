"""Orders that nobody gives: each controller shall hold the present plan of its groups. Pure.

And the reverse: what a group should do by all that was ordered, beside what its controllers say it does.
"""

from collections.abc import Iterable, Mapping

import msgspec

from services.lighting.ledger import Ledger, Standing
from services.lighting.plan import NIGHTS, Plan, plan, window
from services.lighting.precedence import Desired, Override, desired
from services.lighting.programme import Group, Lighting
from services.observation import command as nouns
from services.observation.command import Command, CommandEvent, Programme, Told, Verb

BY = "lighting"
"""Who orders what follows from the site's files and from alerts."""


class Order(msgspec.Struct, frozen=True):
    """A command that is to be ordered, and what is written down about it."""

    command: Command
    gateway: str
    area: str
    order: str
    groups: list[str]
    by: str
    reason: str
    request: str = ""

    def event(self, site: str, time: int) -> CommandEvent:
        """Its first event; the same order is the same event."""
        told = Told(
            command=self.command.id,
            gateway=self.gateway,
            area=self.area,
            wire=self.command,
            order=self.order,
            groups=self.groups,
            by=self.by,
            reason=self.reason,
            request=self.request,
        )
        return nouns.make(site, Verb.ORDERED, told, time)


class Plans:
    """The plans of a site's groups. They change at noon and with the file; in between they are kept."""

    def __init__(self, lighting: Lighting) -> None:
        """Make none yet."""
        self.lighting = lighting
        self._window = (0, 0)
        self._renew_at = 0
        self._made: dict[str, Plan] = {}

    def of(self, group: str, now: int) -> Plan:
        """The plan of a group at an instant, µs UTC."""
        if not self._window[0] <= now < self._renew_at:
            start, end = self._window = window(self.lighting, now)
            self._renew_at = start + (end - start) // NIGHTS
            self._made = {}
        if group not in self._made:
            self._made[group] = plan(self.lighting, group, *self._window)
        return self._made[group]


def programmes(site: str, plans: Plans, ledger: Ledger, areas: Mapping[str, str], now: int) -> list[Order]:
    """A plan to each controller whose newest one of that group is another. `areas`: of the gateways."""
    found = []
    for group in plans.lighting.groups.values():
        wanted = plans.of(group.id, now)
        for gateway, lamps in group.lamps.items():
            last = newest_programme(ledger, gateway, group.id)
            if last is not None and last.programme is not None and last.programme.version == wanted.version:
                continue  # it holds it, is being told, or has refused it: the same again would not help
            if gateway not in areas:
                continue
            # The one before is in the id: a file that is changed back is a new order, a restart is not.
            name = nouns.identity(
                site, gateway, group.id, wanted.version, "" if last is None else last.command.id
            )
            body = msgspec.to_builtins(_body(group, wanted))
            command = Command(
                id=name,
                kind="programme",
                targets=list(lamps),
                issued_at=now,
                expires_at=wanted.end,
                body=body,
            )
            found.append(Order(command, gateway, areas[gateway], name, [group.id], BY, ""))
    return found


def read_order(site: str, where: tuple[str, str], since: int, now: int, useful_us: int) -> Order:
    """Ask a controller, (gateway, area), what it holds; `since` says on which occasion, µs UTC."""
    gateway, area = where
    name = nouns.identity(site, gateway, "read", since)
    command = Command(id=name, kind="read", targets=[], issued_at=now, expires_at=now + useful_us)
    return Order(command, gateway, area, name, [], BY, "")


def newest_programme(ledger: Ledger, gateway: str, group: str) -> Standing | None:
    """The last programme that was ordered for a group, whatever came of it."""
    found = [
        one
        for one in ledger.of_gateway(gateway)
        if one.programme is not None and one.programme.group == group and one.state != "ended"
    ]
    return max(found, key=lambda one: one.newness, default=None)


def overrides_of(group: Group, standings: Iterable[Standing]) -> list[Override]:
    """Orders in force, or to come, that reach all lamps of a group on some controller of it."""
    found = []
    for one in standings:
        override = one.override
        lamps = group.lamps.get(one.gateway)
        if override is None or not one.live or not lamps or not set(lamps) <= set(one.command.targets):
            continue
        found.append(
            Override(
                id=one.command.id,
                group=group.id,
                ordered=override.ordered,
                level=override.level,
                start=override.start,
                expires=override.until,
                by=one.by,
                reason=one.reason,
                brighten=override.brighten,
            )
        )
    return found


def of_group(plans: Plans, group: str, ledger: Ledger, now: int) -> Desired:
    """What a group should do by all that was ordered."""
    one = plans.lighting.groups[group]
    standings = [standing for gateway in one.lamps for standing in ledger.of_gateway(gateway)]
    return desired(plans.of(group, now), overrides_of(one, standings), now, one.default_level)


def _body(group: Group, wanted: Plan) -> Programme:
    fallback = wanted.fallback
    return Programme(
        group=group.id,
        version=wanted.version,
        start=wanted.start,
        end=wanted.end,
        steps=[(step.time, step.level, step.ramp_s) for step in wanted.steps],
        dark=list(wanted.dark),
        fallback=(fallback.on_min, fallback.off_min, fallback.level),
        zone=wanted.zone,
        default_level=group.default_level,
    )
