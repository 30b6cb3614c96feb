"""One table of a site's TOML file: its values by key, each checked as it is read."""

from collections.abc import Mapping
from typing import Any

from services.observation.site_problems import Findings
from services.observation.site_values import is_number


class Table:
    """One table of the file: its values by key, each checked as it is read, and the line it starts on."""

    def __init__(self, findings: Findings, table: Mapping[str, Any], line: int) -> None:
        """Of a table that starts on a line."""
        self.findings, self.table, self.line = findings, table, line

    def error(self, key: str, what: tuple[str, str], remedy: tuple[str, str]) -> None:
        """Note what is wrong with a key; each pair is (vi, en)."""
        self.findings.error(self.findings.line_of_key(key, self.line), what, remedy)

    def number(
        self, key: str, default: float | None, least: float, most: float, unit: tuple[str, str]
    ) -> float:
        """A number within limits; without a default it must be given."""
        value = self.table.get(key, default)
        if is_number(value) and least <= value <= most:
            return float(value)
        self.error(
            key,
            (f"{key} = {value!r} không hợp lệ", f"{key} = {value!r} is out of range"),
            (
                f"ghi một số từ {least:g} đến {most:g} {unit[0]}",
                f"give a number from {least:g} to {most:g} {unit[1]}",
            ),
        )
        return least if default is None else default

    def flag(self, key: str) -> bool:
        """True or false; false where it is absent."""
        value = self.table.get(key, False)
        if not isinstance(value, bool):
            self.error(
                key,
                (f"{key} = {value!r} không hợp lệ", f"{key} = {value!r} is not understood"),
                ("viết true hoặc false", "write true or false"),
            )
        return value is True

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str | None:
        """One of some words; None when it is none of them."""
        value = self.table.get(key, default)
        if isinstance(value, str) and value in allowed:
            return value
        listed = ", ".join(allowed) or "–"
        self.error(
            key,
            (f"{key} = {value!r} không có", f"{key} = {value!r} is not known"),
            (f"dùng một trong: {listed}", f"use one of: {listed}"),
        )
        return None

    def names(self, key: str, allowed: Mapping[str, Any], noun: tuple[str, str]) -> tuple[str, ...] | None:
        """A list of names that are declared elsewhere; None where the key is absent."""
        value = self.table.get(key)
        if value is None:
            return None
        if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
            self.error(
                key,
                (f"{key} phải là danh sách chữ", f"{key} must be a list of texts"),
                (f'ví dụ {key} = ["…"]', f'for example {key} = ["…"]'),
            )
            return None
        for one in value:
            if one not in allowed:
                self.error(
                    key,
                    (f"{key}: không có {noun[0]} {one!r}", f"{key}: no {noun[1]} {one!r}"),
                    (
                        f"sửa tên, hoặc khai báo {noun[0]} này",
                        f"correct the name, or declare this {noun[1]}",
                    ),
                )
        return tuple(one for one in dict.fromkeys(value) if one in allowed)
