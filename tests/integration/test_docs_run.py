"""The guide, done as it is written: every command of it on one real machine."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.broker import free_port
from tests.support.pages import DOCS, ROOT, Desk, lines_of, read_blocks, up_options
from tests.support.up import running

FIRST = DOCS / "your-own-site.md"
PAGES = [
    page
    for page in [FIRST, *sorted(DOCS.glob("*.md")), ROOT / "README.md"]
    if any(block.mark == "sh" for block in read_blocks(page))
]
PAGES = list(dict.fromkeys(PAGES))


@pytest.mark.timeout(900)
def test_what_the_guide_says_happens(tmp_path: Path) -> None:
    """All pages on one machine, the first page first: each finds what it needs."""
    folder = tmp_path / "desk"
    options = up_options(FIRST)
    assert options.keys() == {"--site", "--data", "--mqtt", "--http"}
    http, mqtt = free_port(), free_port()
    desk = Desk(folder, f"http://127.0.0.1:{http}", ("127.0.0.1", mqtt))
    shutil.copytree(ROOT / "sites" / "minimal", folder / options["--site"])
    site, data = folder / options["--site"], folder / options["--data"]
    with running(site, data, "--mqtt", f"127.0.0.1:{mqtt}", "--http", f"127.0.0.1:{http}"):
        wrong = [one for page in PAGES for one in desk.run_page(page)]
    assert not wrong, "\n\n".join(wrong)


def test_the_hazard_that_the_guide_writes_works_in_one_file(tmp_path: Path) -> None:
    """In a copy of the code: the file, a site with its sensor, a recording, and what is told."""
    shutil.copytree(ROOT / "services", tmp_path / "services", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "sites" / "minimal", tmp_path / "ben-da")
    told = ""
    for block in read_blocks(DOCS / "developer.md"):
        if block.file == "services/observation/quantity.py":
            file = tmp_path / block.file
            file.write_text(
                file.read_text("utf-8").replace("_TABLE = (\n", f"_TABLE = (\n{block.text.strip()},\n"),
                "utf-8",
            )
            told += run(
                tmp_path, ["-c", "from services.observation.quantity import PROPERTIES as p\nprint(*p)"]
            )
        elif block.file is not None and block.mark in ("python", "csv"):
            inside = tmp_path / ("ben-da" if block.file == "sensors.csv" else "")
            (inside / block.file).write_text(block.text, "utf-8")
        elif block.text.startswith("haidang "):
            for line in lines_of(block.text):
                told += run(tmp_path, ["-m", "services.cli", *line.split()[1:]])
        elif block.mark == "text":
            assert " ".join(block.text.split()) in " ".join(told.split())
    assert "uv_index" in told
    assert "raised watch" in " ".join(told.split())


def run(folder: Path, words: list[str]) -> str:
    """Run Python with the code of a folder."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
    return done.stdout
