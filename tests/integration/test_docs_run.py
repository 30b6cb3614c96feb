"""The guide, done as it is written: every command of it on one real machine."""

import shutil
from pathlib import Path

import pytest

from tests.support.broker import free_port
from tests.support.pages import DOCS, ROOT, Desk, read_blocks, up_options
from tests.support.up import running

FIRST = DOCS / "your-own-site.md"
PAGES = [
    page
    for page in [FIRST, *sorted(DOCS.glob("*.md")), ROOT / "README.md"]
    if any(block.mark == "sh" for block in read_blocks(page))
]
PAGES = list(dict.fromkeys(PAGES))


@pytest.mark.timeout(120)
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
