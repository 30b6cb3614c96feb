"""Principal: who is asking, and what they may do. Every request and connection has one.

The one place that says which role includes which, and what a scope by area means:

- What a role includes stands in `observation.roles`.
- An account may be held to areas. What belongs to the whole site (`_`, `site`) is for everybody to see, and
  for those alone to act on who are held to none. `site/area` and `site/*` name areas of a linked site.
"""

from dataclasses import dataclass

from services.observation.roles import (
    ADMINISTRATOR,
    APPROVER,
    INCLUDES,
    MACHINE,
    OPERATOR,
    ROLES,
    VIEWER,
)
from services.observation.topics import SITE_AREA, SITE_SCOPE

__all__ = [
    "ADMIN",
    "ADMINISTRATOR",
    "APPROVER",
    "INCLUDES",
    "LOCAL",
    "MACHINE",
    "OPERATOR",
    "ROLES",
    "VIEWER",
    "Principal",
    "allowed",
]

WHOLE_SITE = frozenset({SITE_AREA, SITE_SCOPE, ""})
"""Areas that are no single area."""


@dataclass(frozen=True)
class Principal:
    """A person, a service or a gateway; `areas` None means all areas."""

    subject: str
    roles: frozenset[str]
    areas: frozenset[str] | None = None

    def may(self, role: str) -> bool:
        """Whether they hold the role, or one that includes it; where they may is `allowed`."""
        return any(role in INCLUDES.get(held, ()) for held in self.roles)

    def sees(self, area: str, site: str | None = None) -> bool:
        """Whether they may see what belongs to an area; `site`: of a linked site, None is our own."""
        if self.areas is None:
            return True
        if site is None:
            return area in WHOLE_SITE or area in self.areas
        if area in WHOLE_SITE:
            return any(held.startswith(f"{site}/") for held in self.areas)
        return f"{site}/*" in self.areas or f"{site}/{area}" in self.areas


def allowed(who: Principal, role: str, area: str, site: str | None = None) -> bool:
    """Whether somebody may do in an area what takes a role; `site`: a linked site, None is our own.

    To see what is of the whole site is everybody's right; to act on it takes an account for all areas.
    """
    if not who.may(role):
        return False
    if role == VIEWER or who.areas is None:
        return who.sees(area, site)
    return area not in WHOLE_SITE and who.sees(area, site)


LOCAL = Principal("local", ROLES)
"""Whoever connects on loopback, where nothing is asked: they are on the machine already."""

ADMIN = Principal("administrator", ROLES)
"""Whoever shows the administrator's token."""
