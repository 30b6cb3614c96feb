"""The base: the version that the files of this machine started from, remembered beside its data."""

import json
from pathlib import Path

from services.runtime.accounts import write_private

FILE = "site-base.json"


def read_base(data: Path) -> str | None:
    """The version that the files started from; None when nothing was published from here."""
    try:
        return str(json.loads((data / FILE).read_text("utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_base(data: Path, version: str) -> None:
    """Remember what the files now stand on."""
    write_private(data / FILE, json.dumps({"format": 1, "version": version}) + "\n")
