"""The page of a backtest, opened from disk in a real browser: it shows, complains of nothing, asks nobody."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from services.cli import main
from services.observation.instants import iso
from tests.support.engine_world import MINUTE, T0
from tests.support.site_folder import small_site

CHROMIUM = Path("/usr/bin/chromium")
APT = "no browser: apt-get install chromium"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(APT)
        pytest.skip(APT)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()
