"""Collecting what is wrong in a site's files, with the line a person should open."""

import re
from collections.abc import Mapping
from typing import Any

from services.observation.site import Problem
from services.observation.text import Text

_COMMA = re.compile(r"[:=]\s*[-+]?\d+,\d")
"""A number with a decimal comma, as TOML and JSON can't read it."""
_HEADER = re.compile(r"\s*\[\[?\s*[\"'A-Za-z]")


class Findings:
    """Problems of one file, in the order they were met.

    Attributes:
        unreadable: its syntax is wrong, so that what it declares is not known: what other files say of
            that is neither right nor wrong.
    """

    def __init__(self, file: str, content: bytes) -> None:
        """Keep the text of the file for finding lines in it; a byte order mark is no part of it."""
        self.file = file
        self.text = content.decode("utf-8-sig", errors="replace")
        self.problems: list[Problem] = []
        self.unreadable = False
        self._lines = self.text.split("\n")
        self._tables: dict[str, list[int]] = {}

    def error(self, line: int, what: tuple[str, str], remedy: tuple[str, str]) -> None:
        """Note an error; each pair is (vi, en)."""
        self.problems.append(Problem(self.file, line, Text(*what), Text(*remedy)))

    def syntax(self, line: int, what: tuple[str, str], remedy: tuple[str, str]) -> None:
        """Note an error that leaves nothing of the file to be read."""
        self.unreadable = True
        if line <= len(self._lines) and _COMMA.search(self._lines[line - 1]):
            remedy = ("dùng dấu chấm thập phân: 1.8, không phải 1,8", "use a decimal point: 1.8, not 1,8")
        self.error(line, what, remedy)

    def warning(self, line: int, what: tuple[str, str], remedy: tuple[str, str]) -> None:
        """Note what works and is probably not meant."""
        self.problems.append(Problem(self.file, line, Text(*what), Text(*remedy), "warning"))

    def unknown_keys(self, table: Mapping[str, Any], allowed: tuple[str, ...], line: int) -> None:
        """Refuse keys we do not know: a misspelt threshold must not pass in silence."""
        for key in table:
            if key not in allowed:
                self.error(
                    self.line_of_key(key, line),
                    (f"khóa lạ {key!r}", f"unknown key {key!r}"),
                    (f"dùng một trong: {', '.join(allowed)}", f"use one of: {', '.join(allowed)}"),
                )

    def line_of_key(self, key: str, start_line: int) -> int:
        """Line of a TOML key in the table that starts at `start_line`; that line when it is not there."""
        name = rf"[\"']?{re.escape(key)}[\"']?\s*"
        plain = re.compile(rf"\s*{name}(?:=|\.)")
        for number, line in enumerate(self._lines[start_line - 1 :], start_line):
            if number > start_line and _HEADER.match(line):
                break
            if plain.match(line):
                return number
        if start_line == 1:  # of the file itself: it may be a table
            header = re.compile(rf"\s*\[\[?\s*{name}[\].]")
            return next((n for n, line in enumerate(self._lines, 1) if header.match(line)), start_line)
        return start_line

    def line_of_table(self, name: str, nth: int) -> int:
        """Line of the nth `[[name]]`; 1 where it is written in another way."""
        if name not in self._tables:
            header = re.compile(rf"\s*\[\[\s*[\"']?{re.escape(name)}[\"']?\s*\]\]")
            self._tables[name] = [n for n, line in enumerate(self._lines, 1) if header.match(line)]
        lines = self._tables[name]
        return lines[nth] if nth < len(lines) else 1

    def last_line(self) -> int:
        """Line of the end of the file: where something is missing that should have come."""
        return max(1, len(self._lines) - (self._lines[-1] == ""))

    def utf8(self, content: bytes) -> bool:
        """Whether the file is UTF-8; notes the line where it is not."""
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            self.syntax(
                content.count(b"\n", 0, error.start) + 1,
                ("không phải UTF-8", "is not UTF-8"),
                ("lưu lại tệp với bảng mã UTF-8", "save the file as UTF-8"),
            )
            return False
        return True
