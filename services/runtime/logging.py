"""Logging: an event name and key-values on stderr, for a person or, asked for, as JSON lines.

No password reaches a line: addresses are written without user and password, whoever put them there, be it
the text of a driver's error.
"""

import json
import logging as stdlib
import re
import sys
import traceback
from datetime import UTC, datetime
from typing import Any, TextIO

LEVELS = ("debug", "info", "warning", "error")
_SECRETS = (
    # The greedy part ends at the last @ before the path, so that a password may hold one.
    (re.compile(r"([a-z][a-z0-9+.-]*://)[^\s/'\"]*@", re.IGNORECASE), r"\1"),
    (re.compile(r"(passw(?:or)?d['\"]?\s*[=:]\s*)('[^']*'|\"[^\"]*\"|[^\s,;&)]+)", re.IGNORECASE), r"\1…"),
    (re.compile(r"(authorization['\"]?\s*[=:]\s*['\"]?\w+\s+)[^\s'\"]+", re.IGNORECASE), r"\1…"),
)
_SECRET_NAMES = frozenset({"password", "passwd", "secret", "authorization"})


class _Output:
    """Where lines go. One per process, set by `configure`; a default so that tests need none."""

    def __init__(self) -> None:
        self.json = False
        self.lowest = LEVELS.index("info")
        self.stream: TextIO | None = None  # None: sys.stderr at the moment of writing

    def write(self, level: str, component: str, event: str, values: dict[str, Any]) -> None:
        """Write one line; a closed stderr (the terminal went away) must not end a service."""
        if LEVELS.index(level) < self.lowest:
            return
        now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        values = {name: "…" if name in _SECRET_NAMES else value for name, value in values.items()}
        if self.json:
            record = {"t": now, "level": level, "component": component, "event": event, **values}
            line = json.dumps(record, ensure_ascii=False, default=str)
        else:
            pairs = "".join(f" {name}={_text(value)}" for name, value in values.items())
            line = f"{now} {level:7} {component} {event}{pairs}"
        stream = self.stream or sys.stderr
        try:
            stream.write(scrubbed(line) + "\n")
            stream.flush()
        except (OSError, ValueError):
            pass


_output = _Output()


class Logger:
    """Writes events of one component; `bind` adds values to every line."""

    def __init__(self, component: str, bound: dict[str, Any] | None = None) -> None:
        self._component = component
        self._bound = bound or {}

    def bind(self, **values: Any) -> "Logger":
        """The same component with more values on each line."""
        return Logger(self._component, self._bound | values)

    def debug(self, event: str, **values: Any) -> None:
        """For whoever hunts a bug."""
        _output.write("debug", self._component, event, self._bound | values)

    def info(self, event: str, **values: Any) -> None:
        """Something happened as it should."""
        _output.write("info", self._component, event, self._bound | values)

    def warning(self, event: str, **values: Any) -> None:
        """Something went wrong that we can live with or try again."""
        _output.write("warning", self._component, event, self._bound | values)

    def error(self, event: str, **values: Any) -> None:
        """Something went wrong that a person should look at."""
        _output.write("error", self._component, event, self._bound | values)

    def crash(self, event: str, error: BaseException) -> None:
        """An error with its traceback, still one line: whoever collects lines gets it whole."""
        told = "".join(traceback.format_exception(error)).rstrip()
        _output.write(
            "error", self._component, event, self._bound | {"error": repr(error), "traceback": told}
        )


def get(component: str) -> Logger:
    """A logger for one component of a service."""
    return Logger(component)


def configure(*, as_json: bool = False, lowest: str = "info", stream: TextIO | None = None) -> None:
    """Set the form once per process, and catch what libraries log in the same form."""
    _output.json, _output.lowest, _output.stream = as_json, LEVELS.index(lowest), stream
    root = stdlib.getLogger()
    root.handlers = [_FromLibraries()]
    root.setLevel(stdlib.WARNING)


def scrubbed(text: str) -> str:
    """A text without passwords: in addresses, after `password=`, in an `Authorization` header."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def child_line(name: str, line: str) -> str:
    """A line of a child as it is passed on: as JSON, one object whoever wrote it; else behind its name."""
    if not _output.json:
        return f"{name}: {line}"
    # A service of ours says its component itself.
    return line if line.startswith("{") else person_line(line, name)


def person_line(line: str, component: str = "up") -> str:
    """A line for whoever sits at the terminal; an object where the log is asked for as JSON."""
    if not _output.json:
        return line
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    record = {"t": now, "level": "info", "component": component, "event": "line", "text": scrubbed(line)}
    return json.dumps(record, ensure_ascii=False)


class _FromLibraries(stdlib.Handler):
    def emit(self, record: stdlib.LogRecord) -> None:
        level = record.levelname.lower()
        values: dict[str, Any] = {"text": record.getMessage()}
        if record.exc_info and record.exc_info[1] is not None:
            values["error"] = repr(record.exc_info[1])
        known = level if level in LEVELS else "error"
        _output.write(known, record.name, "library", values)


def _text(value: Any) -> str:
    """A value on one line, quoted when it would be hard to tell where it ends."""
    if isinstance(value, float):
        return f"{value:.6g}"
    text = str(value)
    if text and not any(c in ' "=\n\r\t' for c in text):
        return text
    return json.dumps(text, ensure_ascii=False)
