"""`alerting.toml` as its parts read it: single tables and lists of tables, each with its line."""

from collections.abc import Collection
from typing import Any

from services.observation.site import Site
from services.observation.site_problems import Findings
from services.observation.site_table import Table
from services.observation.site_values import tables


class Given:
    """The file as the parts read it: single tables and lists of tables, each with its line."""

    def __init__(
        self, findings: Findings, table: dict[str, Any], site: Site, hazards: Collection[str]
    ) -> None:
        """Of one file, at one site; `hazards`: names that may be meant."""
        self.findings, self.table, self.site, self.hazards = findings, table, site, hazards

    def one(self, key: str, allowed: tuple[str, ...]) -> Table | None:
        """The table `[key]`; None when the file has none."""
        given = self.table.get(key)
        if given is None:
            return None
        line = self.findings.line_of_key(key, 1)
        if not isinstance(given, dict):
            self.findings.error(
                line,
                (f"{key} phải là một bảng", f"{key} must be a table"),
                (f"bắt đầu bằng [{key}]", f"begin it with [{key}]"),
            )
            return None
        self.findings.unknown_keys(given, allowed, line)
        return Table(self.findings, given, line)

    def several(self, key: str, allowed: tuple[str, ...]) -> list[Table]:
        """The tables `[[key]]`, in order."""
        found = []
        for nth, entry in enumerate(tables(self.findings, self.table, key)):
            line = self.findings.line_of_table(key, nth)
            self.findings.unknown_keys(entry, allowed, line)
            found.append(Table(self.findings, entry, line))
        return found
