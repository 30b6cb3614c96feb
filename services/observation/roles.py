"""Roles: what accounts may be, and which role includes which.

viewer < operator < approver: who approves may operate, who operates may look. An administrator looks and
keeps the accounts, and touches no alert unless given that role too. A machine reads events and hands in
bulletins.
"""

VIEWER, OPERATOR, APPROVER = "viewer", "operator", "approver"
ADMINISTRATOR, MACHINE = "administrator", "machine"
ROLES = frozenset({VIEWER, OPERATOR, APPROVER, ADMINISTRATOR, MACHINE})
INCLUDES: dict[str, frozenset[str]] = {
    VIEWER: frozenset({VIEWER}),
    OPERATOR: frozenset({OPERATOR, VIEWER}),
    APPROVER: frozenset({APPROVER, OPERATOR, VIEWER}),
    ADMINISTRATOR: frozenset({ADMINISTRATOR, VIEWER}),
    MACHINE: frozenset({MACHINE}),
}
"""What each role may do besides what it is named after."""
