"""A data folder of the previous release, as a backup that was taken of it while that release ran.

`restored` puts it where an upgrade can begin. The file was made once, and is made again for the next release:

    git worktree add OLD 397205a                       # the last commit of 0.1.0
    python -m tests.support.old_data OLD               # here, with the release that follows

The older release runs `up`, stores the first half of the storm below and stops, which writes its snapshots;
the newer one takes a backup of the folder. Passwords are left out of the file.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import msgspec

from services.cli.backup import format as backup_format
from services.cli.backup import shelf as backup_shelf
from services.cli.backup.format import MANIFEST
from tests.support.storm import write_storm
from tests.support.up import PROGRAM, ROOT, running
from tests.support.world import write_site

FILE = ROOT / "tests" / "fixtures" / "data-0.1.0.tar.gz"
SECRETS = ("files/credentials.json", "files/admin-token")
RULE = """
[[rule]]
id = "muc-nuoc"
hazard = "flood"
property = "water_level"
kind = "threshold"
advisory = 2.0
watch = 3.0
warning = 4.0
emergency = 5.5
hysteresis = 0.1
"""


def site(folder: Path) -> Path:
    """The site of the old folder: one rule of its own, so that new defaults change nothing."""
    return write_site(folder / "site", gateways=2, stations=2, interval_s=300, rules=RULE)


def storm(folder: Path) -> tuple[Path, Path, Path]:
    """The whole storm, the half that the old release stored, and the rest."""
    whole, first, rest = (folder / name for name in ("whole.csv", "first.csv", "rest.csv"))
    write_storm(whole, gateways=2, stations=2, hours=30, gaps=False)
    lines = whole.read_text("utf-8").splitlines(keepends=True)
    half = len(lines) // 2
    first.write_text("".join(lines[:half]), "utf-8")
    rest.write_text("".join([lines[0], *lines[half:]]), "utf-8")
    return whole, first, rest


def unpacked(folder: Path) -> Path:
    """The backup of the old folder."""
    with tarfile.open(FILE) as packed:
        packed.extractall(folder, filter="data")
    return backup_shelf.newest(folder)


def main(old: Path) -> None:
    """Make the file again; `old` is a checkout of the older release."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        where, (_, first, _) = site(folder), storm(folder)
        program = (sys.executable, "-c", _START.format(str(old)))
        with running(where, folder / "data", program=program) as up:
            host, port = up.mqtt
            replay = [*program, "replay", str(first), "--mqtt", f"{host}:{port}", "--site", str(where)]
            subprocess.run([*replay, "--speed", "max"], check=True)
        backup = [*PROGRAM, "backup", str(folder / "shelf"), "--data", str(folder / "data")]
        done = subprocess.run(backup, check=True, stdout=subprocess.PIPE, text=True)
        place = Path(done.stdout.strip())
        _without_secrets(place)
        FILE.parent.mkdir(exist_ok=True)
        with tarfile.open(FILE, "w:gz", compresslevel=9) as packed:
            packed.add(place, place.name)
        sys.stdout.write(f"{FILE} {FILE.stat().st_size:,} bytes\n")


# The checkout goes first on the path: an installed package of the newer release would hide it. What `up`
# starts gets the path from the working directory, hence the change of folder.
_START = (
    "import os, sys; os.chdir({0!r}); sys.path.insert(0, {0!r});"
    " from services.cli import main; sys.exit(main())"
)


def _without_secrets(place: Path) -> None:
    manifest = backup_format.read(place)
    for path in SECRETS:
        (place / path).unlink()
        del manifest.files[path]
    (place / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
