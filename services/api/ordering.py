"""An order as it is asked for → a command to each controller. Pure, but for the problems it raises."""

from collections.abc import Mapping

import msgspec

from services.api.errors import invalid
from services.api.filters import one_of
from services.api.shapes.commands import OrderRequest
from services.lighting.desired import Order
from services.lighting.precedence import MAX_LEASE_S, refused
from services.lighting.programme import Group, Lighting
from services.observation import command as nouns
from services.observation.command import Command, Override
from services.observation.instants import SECOND
from services.observation.site import Site
from services.observation.text import Text

READ_US = 600 * SECOND
"""So long a question is of use."""

Reach = Mapping[str, list[str]]
"""Lamps by the gateway that speaks for them."""


def orders_of(
    asked: OrderRequest, lighting: Lighting, site: Site, now: int, order: tuple[str, str]
) -> list[Order]:
    """The commands of an order; `order` is its id and who gives it.

    Raises:
        Problem: 422 with what is wrong.
    """
    reach, groups = _reach(asked, lighting)
    body, until = _body(asked, groups, now)
    name, by = order
    wish = fingerprint(asked)
    found = []
    for gateway, lamps in sorted(reach.items()):
        if gateway not in site.gateways:
            continue
        command = Command(
            id=nouns.identity(name, gateway),
            kind=asked.kind,
            targets=[] if asked.kind == "read" else sorted(lamps),
            issued_at=now,
            expires_at=until,
            body={} if body is None else msgspec.to_builtins(body),
        )
        touched = sorted(group.id for group in groups if set(group.lamps.get(gateway, ())) & set(lamps))
        found.append(
            Order(command, gateway, site.gateways[gateway].area, name, touched, by, asked.reason, wish)
        )
    return found


def fingerprint(asked: OrderRequest) -> str:
    """Tells one wish from another."""
    return nouns.identity(asked.model_dump_json())


def _reach(asked: OrderRequest, lighting: Lighting) -> tuple[Reach, list[Group]]:
    """Lamps by gateway, and the groups that any of them is of."""
    given = [name for name in ("group", "gateway", "lamps") if getattr(asked, name) is not None]
    if len(given) != 1:
        raise invalid(
            Text(
                "cần đúng một trong group, gateway, lamps", "exactly one of group, gateway, lamps is needed"
            ),
            given[1] if given else "group",
        )
    reach: dict[str, list[str]] = {}
    one_of("group", asked.group, lighting.groups)
    one_of(
        "gateway", asked.gateway, {gateway for group in lighting.groups.values() for gateway in group.lamps}
    )
    wanted = None if asked.lamps is None else set(asked.lamps)
    touched = []
    for group in lighting.groups.values():
        mine = {
            gateway: [lamp for lamp in lamps if wanted is None or lamp in wanted]
            for gateway, lamps in group.lamps.items()
            if (asked.group in (None, group.id)) and (asked.gateway in (None, gateway))
        }
        if any(mine.values()):
            touched.append(group)
        for gateway, lamps in mine.items():
            if lamps:
                reach.setdefault(gateway, []).extend(lamps)
    unknown = (wanted or set()).difference(*reach.values())
    if unknown:
        known = {
            lamp for group in lighting.groups.values() for lamps in group.lamps.values() for lamp in lamps
        }
        one_of("lamps", min(unknown), known)
    return reach, touched


def _body(asked: OrderRequest, groups: list[Group], now: int) -> tuple[Override | None, int]:
    """The body, and until when it is of any use."""
    if asked.kind == "read":
        _absent(asked, "level", "start", "until")
        return None, now + READ_US
    if asked.kind == "release":
        _absent(asked, "level")
    elif asked.level is None or asked.until is None:
        missing = "level" if asked.level is None else "until"
        raise invalid(
            Text(f"lệnh override cần {missing}", f"an override needs {missing}: every order has a lease"),
            missing,
        )
    start = now if asked.start is None else max(asked.start, now)
    # A release holds as long as any order before it may, so that none of them comes back.
    until = start + round(MAX_LEASE_S * SECOND) if asked.until is None else asked.until
    for group in groups:
        why = refused(group, asked.level, start, until)
        if why is not None:
            raise invalid(why, "until" if until <= start or asked.level is None else "level")
    return Override(ordered=now, level=asked.level, start=start, until=until), until


def _absent(asked: OrderRequest, *names: str) -> None:
    for name in names:
        if getattr(asked, name) is not None:
            raise invalid(Text(f"{asked.kind} không có {name}", f"a {asked.kind} has no {name}"), name)
