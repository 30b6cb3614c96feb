"""Rules in force, read only: they are changed in the site's files."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from services.alerts.hazards import hazards
from services.alerts.reach import Reach, reach
from services.alerts.rule import Rule as SiteRule
from services.alerts.saying import says
from services.api.context import Here
from services.api.filters import one_of
from services.api.params import Cursor, Limit, Slug
from services.api.responses import cut, page
from services.api.running_site import RunningSite
from services.api.schemas import RulePage
from services.observation.site import Site

router = APIRouter(tags=["rules"])


@router.get("/rules", response_model=RulePage, summary="Rules in force · Quy tắc đang áp dụng")
async def list_rules(here: Here, hazard: Slug = None, limit: Limit = 1000, after: Cursor = None) -> Response:
    """Rules of the site and the hazards' defaults (`default`), by id. `sensors`: how many it judges.

    `text` says what a rule is about; `source` and `status` what its numbers rest on.

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
    watched = _reach(here.site)
    shown = [show(rule, watched[rule.id].sensors) for rule in items]
    return page(shown, items[-1].id if more else None, site_version=site.version)


def _reach(running: RunningSite) -> dict[str, Reach]:
    """What each rule judges, derived sensors and members of groups too. Laid out once per site version."""
    return _of(running.site.version, _Laid(running.site, running.rules))


class _Laid(NamedTuple):
    """A site and its rules, which the version names."""

    site: Site
    rules: Sequence[SiteRule]

    def __hash__(self) -> int:
        """Equal for all: the version decides."""
        return 0

    def __eq__(self, other: object) -> bool:
        """As above."""
        return isinstance(other, _Laid)


@lru_cache(maxsize=2)
def _of(version: str, laid: _Laid) -> dict[str, Reach]:
    del version
    return reach(laid.site, laid.rules)


def show(rule: SiteRule, sensors: int) -> dict[str, Any]:
    """A rule as it is answered."""
    said = says(rule)
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
        "text": {"vi": said.vi, "en": said.en},
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
        "sensors": sensors,
    }
