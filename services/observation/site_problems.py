"""Collecting what is wrong in a site's files, with the line a person should open."""

import re
from collections.abc import Mapping
from typing import Any

from services.observation.site import Problem
from services.observation.text import Text


class Findings:
    """Problems of one file, in the order they were met."""

    def __init__(self, file: str, content: bytes) -> None:
        """Keep the text of the file for finding lines in it."""
        self.file = file
        self.text = content.decode("utf-8", errors="replace")
        self.problems: list[Problem] = []

    def error(self, line: int, what: tuple[str, str], remedy: tuple[str, str]) -> None:
        """Note an error; each pair is (vi, en)."""
        self.problems.append(Problem(self.file, line, Text(*what), Text(*remedy)))

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

    def line_of(self, pattern: str, nth: int = 0, start_line: int = 1) -> int:
        """Line of the nth match of a pattern at or after a line; the start line when there is none."""
        offset = _offset_of_line(self.text, start_line)
        for count, match in enumerate(re.finditer(pattern, self.text[offset:], re.MULTILINE)):
            if count == nth:
                return self.text.count("\n", 0, offset + match.start()) + 1
        return start_line

    def line_of_key(self, key: str, start_line: int) -> int:
        """Line on which a TOML key of the table that starts at `start_line` stands."""
        return self.line_of(rf"^\s*[\"']?{re.escape(key)}[\"']?\s*=", start_line=start_line)

    def line_of_table(self, name: str, nth: int) -> int:
        """Line of the nth `[[name]]`."""
        return self.line_of(rf"^\s*\[\[\s*{re.escape(name)}\s*\]\]", nth)

    def utf8(self, content: bytes) -> bool:
        """Whether the file is UTF-8; notes the line where it is not."""
        try:
            content.decode("utf-8")
        except UnicodeDecodeError as error:
            self.error(
                content.count(b"\n", 0, error.start) + 1,
                ("không phải UTF-8", "is not UTF-8"),
                ("lưu lại tệp với bảng mã UTF-8", "save the file as UTF-8"),
            )
            return False
        return True


def _offset_of_line(text: str, line: int) -> int:
    offset = 0
    for _ in range(line - 1):
        found = text.find("\n", offset)
        if found < 0:
            return len(text)
        offset = found + 1
    return offset
