"""Logging: an event name and key-values on stderr, for a person or, asked for, as JSON lines."""

import json
import logging as stdlib
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

LEVELS = ("debug", "info", "warning", "error")


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
        if self.json:
            record = {"t": now, "level": level, "component": component, "event": event, **values}
            line = json.dumps(record, ensure_ascii=False, default=str)
        else:
            pairs = "".join(f" {name}={_text(value)}" for name, value in values.items())
            line = f"{now} {level:7} {component} {event}{pairs}"
        stream = self.stream or sys.stderr
        try:
            stream.write(line + "\n")
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


def get(component: str) -> Logger:
    """A logger for one component of a service."""
    return Logger(component)


def configure(*, as_json: bool = False, lowest: str = "info", stream: TextIO | None = None) -> None:
    """Set the form once per process, and catch what libraries log in the same form."""
    _output.json, _output.lowest, _output.stream = as_json, LEVELS.index(lowest), stream
    root = stdlib.getLogger()
    root.handlers = [_FromLibraries()]
    root.setLevel(stdlib.WARNING)


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
