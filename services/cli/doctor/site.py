"""The site version that runs, against the files it may have come from."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from services.cli.doctor.finding import Finding, Level, ok, wrong
from services.cli.site.base import FILE
from services.observation.site import EVERY_FILE, version_of
from services.observation.text import Text
from services.runtime.sites import Current


def judge(current: Current | None, folders: Mapping[str, str], asked: tuple[str, str] | None) -> Finding:
    """Whether what runs is what lies in the folders.

    Args:
        current: the running version.
        folders: site folders that were published from here, with the version their files have now.
        asked: the folder of `--site` and its version.
    """
    if current is None:
        return wrong(
            Level.BAD,
            "site",
            "none",
            Text("chưa có cấu hình địa bàn nào", "no site was published"),
            Text("haidang site push THƯ_MỤC --data …", "haidang site push DIR --data …"),
        )
    version = current.version
    candidates = dict([asked]) if asked is not None else dict(folders)
    stale = sorted(folder for folder, have in candidates.items() if have != version)
    if stale and (asked is not None or len(stale) == len(candidates)):
        return wrong(
            Level.WARN,
            "site",
            "stale",
            Text(
                f"đang chạy {version[:12]}; tệp trong {stale[0]} khác",
                f"{version[:12]} runs; the files in {stale[0]} are others",
            ),
            Text(
                f"xem lại rồi: haidang site push {stale[0]} (hoặc pull để lấy bản đang chạy)",
                f"look at them, then: haidang site push {stale[0]} (or pull what runs)",
            ),
            current.t,
        )
    since = datetime.fromtimestamp(current.t / 1e6).astimezone().strftime("%Y-%m-%d %H:%M")
    return ok("site", "version", f"{version[:12]} chạy từ {since}", f"{version[:12]} runs since {since}")


def folders_of(data: Path) -> dict[str, str]:
    """Site folders that were published into a data folder and are still there, with their version now."""
    try:
        known = json.loads((data / FILE).read_text("utf-8")).get("folders", {})
    except (OSError, ValueError, AttributeError):
        return {}
    found = {}
    for folder in known if isinstance(known, dict) else {}:
        files = {}
        for name in EVERY_FILE:
            try:
                files[name] = (Path(folder) / name).read_bytes()
            except OSError:
                continue
        if files:
            found[folder] = version_of(files)
    return found
