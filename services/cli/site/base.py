"""The base: the version that a folder's files started from, remembered beside the data of this machine.

Folder by folder: two folders that were pulled at different times started from different versions, and
what one pushed must not be overwritten by the other unseen.
"""

import json
from pathlib import Path
from typing import Any

from services.runtime.accounts import write_private

FILE = "site-base.json"


def read_base(data: Path, folder: str | Path) -> str | None:
    """The version that the folder's files started from.

    A folder never seen before stands on the last base known here, be it a copy, or the same one after
    a move; None when nothing was published from here.
    """
    stored = _read(data)
    base = stored["folders"].get(_name(folder), stored["version"])
    return None if base is None else str(base)


def write_base(data: Path, folder: str | Path, version: str) -> None:
    """Remember what the folder's files now stand on."""
    folders = _read(data)["folders"] | {_name(folder): version}
    stored = {"format": 1, "version": version, "folders": folders}
    write_private(data / FILE, json.dumps(stored, indent=1, ensure_ascii=False) + "\n")


def _read(data: Path) -> dict[str, Any]:
    """What is stored; `folders` is missing in files of earlier releases."""
    try:
        stored = json.loads((data / FILE).read_text("utf-8"))
        version, folders = stored["version"], stored.get("folders", {})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {"version": None, "folders": {}}
    return {"version": version, "folders": folders if isinstance(folders, dict) else {}}


def _name(folder: str | Path) -> str:
    return str(Path(folder).resolve())
