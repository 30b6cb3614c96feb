"""Conditions over several sensors: and, or, k of n. To be joined below."""

from typing import Any


class Groups:
    """Placeholder of the groups."""

    def dump(self) -> dict[str, Any]:
        return {}

    def load(self, data: dict[str, Any]) -> None:
        return

    def carry(self, old: "Groups", t: int) -> None:
        return

    def restless(self) -> list[int]:
        return []
