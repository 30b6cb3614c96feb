"""Street lighting as it stands: what each group should do, beside what its controllers say."""

from collections.abc import Collection
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.api.context import Here
from services.api.filters import in_scope, one_of, place_area
from services.api.identity import Who
from services.api.params import Cursor, Limit, Slug
from services.api.responses import cut, page
from services.api.shapes.commands import LightingPage
from services.lighting import desired
from services.lighting.desired import Plans
from services.lighting.ledger import OPEN, Ledger, Standing
from services.lighting.plan import level_at
from services.lighting.programme import Group
from services.observation.command import Reported
from services.observation.instants import iso

router = APIRouter(tags=["lighting"])


@router.get("/lighting", response_model=LightingPage, summary="Street lighting · Chiếu sáng đường phố")
async def list_lighting(  # noqa: PLR0913  each is a filter
    here: Here, who: Who, area: Slug = None, group: Slug = None, limit: Limit = 1000, after: Cursor = None
) -> Response:
    """Groups of lamps: the level desired and why, the order in force, the next change, what controllers say.

    `agrees`: by its last word a controller holds the programme and every order it had confirmed; null while
    it has said nothing. `configured` is false at a site without `lighting.toml`.

    Các nhóm đèn: mức mong muốn và lý do, lệnh đang có hiệu lực cùng thời hạn, lần đổi kế tiếp, và điều mỗi tủ
    điều khiển báo về.
    """
    place_area(area, here.site, whole_site=False)
    in_scope(area, who)
    ledger, plans = here.lit.ledger, here.lit.plans
    if plans is None:
        one_of("group", group, ())
        return page([], None, configured=False)
    one_of("group", group, plans.lighting.groups)
    found = [
        one
        for name, one in sorted(plans.lighting.groups.items())
        if (area is None or area in one.areas)
        and (group is None or name == group)
        and (after is None or name > after)
        and any(map(who.sees, one.areas))
    ]
    items, more = cut(found[: limit + 1], limit)
    now = here.clock()
    gateways = here.site.site.gateways
    mine = {name for name in gateways if who.sees(gateways[name].area)}
    shown = [_show(one, plans, ledger, now, mine) for one in items]
    return page(shown, items[-1].id if more else None, configured=True)


def _show(group: Group, plans: Plans, ledger: Ledger, now: int, mine: Collection[str]) -> dict[str, Any]:
    """A group as it is answered; `mine` are the controllers that who asks may see."""
    plan = plans.of(group.id, now)
    wanted = desired.of_group(plans, group.id, ledger, now)
    following = next((step for step in plan.steps if step.time > now), None)
    open_ones = [
        one
        for gateway in group.lamps
        for one in ledger.of_gateway(gateway)
        if group.id in one.groups and one.state in OPEN
    ]
    override = None if wanted.override is None else ledger.get(wanted.override)
    return {
        "id": group.id,
        "name": group.name,
        "areas": group.areas,
        "lamps": sum(map(len, group.lamps.values())),
        "desired": {
            "level": wanted.level,
            "origin": wanted.origin,
            "until": None if wanted.until is None else iso(wanted.until),
            "command": wanted.override,
        },
        "programme_level": level_at(plan, now),
        "next_change": None if following is None else {"time": iso(following.time), "level": following.level},
        "planned_until": iso(plan.end),
        "override": None if override is None else _override(override),
        "controllers": [_cabinet(group, gateway, ledger) for gateway in group.lamps if gateway in mine],
        "open_commands": len(open_ones),
        "unconfirmed": sum(one.state == "unconfirmed" for one in open_ones),
    }


def _override(one: Standing) -> dict[str, Any] | None:
    if one.override is None:
        return None
    return {
        "command": one.command.id,
        "level": one.override.level,
        "until": iso(one.override.until),
        "by": one.by,
        "reason": one.reason,
        "state": one.state,
    }


def _cabinet(group: Group, gateway: str, ledger: Ledger) -> dict[str, Any]:
    """What a controller was told for a group, and what it said last."""
    told = desired.newest_programme(ledger, gateway, group.id)
    known = ledger.reported.get(gateway)
    lamps = group.lamps[gateway]
    levels = [] if known is None else [known.reported.levels.get(lamp) for lamp in lamps]
    same = levels[0] if levels and len(set(levels)) == 1 else None
    return {
        "gateway": gateway,
        "lamps": len(lamps),
        "programme": None if told is None or told.programme is None else told.programme.version,
        "programme_state": None if told is None else told.state,
        "programme_held": None if known is None else known.reported.programmes.get(group.id),
        "reported_at": None if known is None else iso(known.at),
        "level": same,
        "agrees": None if known is None else _holds(group, gateway, told, ledger, known.reported),
    }


def _holds(group: Group, gateway: str, told: Standing | None, ledger: Ledger, reported: Reported) -> bool:
    """Whether a controller holds what it was told for a group."""
    if told is not None and told.programme is not None:
        held = reported.programmes.get(group.id) == told.programme.version
        if not held:
            return False
    return all(
        one.command.id in reported.overrides
        for one in ledger.live(gateway)
        if one.override is not None and one.state == "confirmed" and group.id in one.groups
    )
