"""What `haidang bench` and `python -m bench` do once their words are understood."""

import argparse
import json
import signal
import sys
from types import FrameType
from typing import Any

from bench import _parts, _table
from services.cli.words import complain, out, say

DONE, FAILED = 0, 1


def run(options: argparse.Namespace) -> int:
    """Measure, or take what was measured; then show, write and draw what was asked for."""
    unknown = [name for name in options.names if name not in _parts.PARTS]
    if unknown:
        parts = ", ".join(_parts.PARTS)
        return complain(f"no part {unknown[0]!r} → one of {parts}", f"không có phần {unknown[0]!r} → {parts}")
    if options.list:
        for name, part in _parts.PARTS.items():
            out(f"{name:<16}{part.text}")
        return DONE
    if options.given is not None:
        try:
            document = read(options.given.read_bytes())
        except (OSError, ValueError) as error:
            return complain(f"{options.given}: {error}")
    else:
        before = signal.signal(signal.SIGTERM, _told_to_end)
        try:
            document = _parts.run(options.names, options.seconds, quick=options.quick)
        finally:
            signal.signal(signal.SIGTERM, before)
    if options.json is not None:
        options.json.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")
    _draw(options, document)
    out(_table.text(document))
    return FAILED if _went_wrong(document) else DONE


def _told_to_end(_number: int, _frame: FrameType | None) -> None:
    """Leave through every `with` on the way, so that no server is left running."""
    sys.exit(128 + signal.SIGTERM)


def read(data: bytes) -> dict[str, Any]:
    """A document that an earlier run wrote.

    Raises:
        ValueError: it is not one, or of another format.
    """
    document = json.loads(data)
    if not isinstance(document, dict) or document.get("format") != _parts.FORMAT:
        msg = f"not figures of format {_parts.FORMAT} → measure again with --json"
        raise ValueError(msg)
    return document


def _draw(options: argparse.Namespace, document: dict[str, Any]) -> None:
    """Plots and page; matplotlib is an extra, and imported only here."""
    if options.plots is None and not options.page:
        return
    try:
        from bench import _page, _plots  # noqa: PLC0415
    except ImportError as error:
        say(f"no plots: {error} → pip install 'haidang[bench]'")
        return
    if options.plots is not None:
        _plots.draw(document, options.plots)
    if options.page:
        _page.write(document)
        say(f"wrote {_page.PAGE}")


def _went_wrong(document: dict[str, Any]) -> bool:
    parts = document["parts"].values()
    return any("failed" in part or part.get("result", {}).get("lost") for part in parts)
