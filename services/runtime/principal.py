"""Principal: who is asking, and what they may do. Every request and connection has one."""

from dataclasses import dataclass

VIEWER, OPERATOR, APPROVER = "viewer", "operator", "approver"
ADMINISTRATOR, MACHINE = "administrator", "machine"
ROLES = frozenset({VIEWER, OPERATOR, APPROVER, ADMINISTRATOR, MACHINE})


@dataclass(frozen=True)
class Principal:
    """A person, a service or a gateway; `areas` None means all areas."""

    subject: str
    roles: frozenset[str]
    areas: frozenset[str] | None = None

    def may(self, role: str) -> bool:
        """Whether they hold the role."""
        return role in self.roles

    def sees(self, area: str) -> bool:
        """Whether the area is theirs."""
        return self.areas is None or area in self.areas


LOCAL = Principal("local", ROLES)
"""Whoever connects on loopback, where nothing is asked: they are on the machine already."""

ADMIN = Principal("administrator", ROLES)
"""Whoever shows the administrator's token."""
