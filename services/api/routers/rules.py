"""Rules in force, read only: they are changed in the site's files."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.alerts.hazards import hazards
from services.alerts.rule import Rule as SiteRule
from services.api.context import Here
from services.api.filters import one_of
from services.api.params import Cursor, Limit, Slug
from services.api.responses import cut, page
from services.api.schemas import RulePage
from services.observation.site import Site

router = APIRouter(tags=["rules"])


@router.get("/rules", response_model=RulePage, summary="Rules in force · Quy tắc đang áp dụng")
async def list_rules(here: Here, hazard: Slug = None, limit: Limit = 1000, after: Cursor = None) -> Response:
    """Rules of the site and the hazards' defaults (`default`), by id. `sensors`: on how many it is.

    Quy tắc của địa bàn và mặc định của từng hiểm họa, theo id.
    """
    one_of("hazard", hazard, {*hazards(), *(rule.hazard for rule in here.site.rules)})
    found = sorted(
        (
            rule
            for rule in here.site.rules
            if (hazard is None or rule.hazard == hazard) and (after is None or rule.id > after)
        ),
        key=lambda rule: rule.id,
    )
    items, more = cut(found[: limit + 1], limit)
    site = here.site.site
    shown = [show(rule, site) for rule in items]
    return page(shown, items[-1].id if more else None, site_version=site.version)


def show(rule: SiteRule, site: Site) -> dict[str, Any]:
    """A rule as it is answered."""
    return {
        "id": rule.id,
        "hazard": rule.hazard,
        "property": rule.property,
        "kind": rule.kind,
        "rungs": rule.rungs_said(),
        "hysteresis": rule.hysteresis,
        "on_delay_s": rule.on_delay_s,
        "off_delay_s": rule.off_delay_s,
        "direction": "up" if rule.upward else "down",
        "late": rule.late,
        "areas": rule.areas,
        "stations": rule.stations,
        "source": rule.source,
        "status": rule.status,
        "default": rule.default,
        "version": rule.version,
        "sensors": sum(1 for _ in rule.sensors(site)),
    }
