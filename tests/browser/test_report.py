"""The page of a backtest, opened from disk in a real browser: it shows, complains of nothing, asks nobody."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from services.cli import main
from services.observation.instants import iso
from tests.support.engine_world import MINUTE, T0
from tests.support.world import write_site

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


def written(folder: Path) -> Path:
    """A report with an alert, a truth, a doubtful reading and a gap."""
    levels = {"bd1": 1.0, "bd2": 2.0, "bd3": 3.0}
    site = write_site(folder / "site", gateways=1, stations=2, interval_s=600, attributes=levels)
    values = [0.5] * 20 + [1.5, 2.5, 3.5, 3.2, 1.5, 0.4] + [0.5] * 10
    rows = [f"{iso(T0 + at * 10 * MINUTE)},g0-s0.water_level,{v}" for at, v in enumerate(values)]
    rows += [f"{iso(T0 + at * 10 * MINUTE)},g0-s1.water_level,0.2" for at in range(36) if not 5 <= at < 15]
    (folder / "rows.csv").write_text("\n".join(["time,sensor,value", *rows]) + "\n", encoding="utf-8")
    start, end = iso(T0 + 200 * MINUTE), iso(T0 + 240 * MINUTE)
    truth = folder / "truth.csv"
    truth.write_text(
        f"start,end,area,hazard,severity\n{start},{end},area-0,flood,warning\n", encoding="utf-8"
    )
    page = folder / "out.html"
    words = ["backtest", "--site", str(site), str(folder / "rows.csv"), "--truth", str(truth), "--bare"]
    assert main([*words, "--report", str(page)]) == 0
    return page


def test_the_page_opens_from_disk_shows_its_pictures_and_asks_nobody(
    browser: Browser, tmp_path: Path
) -> None:
    page = written(tmp_path)
    shown = browser.new_page(viewport={"width": 1200, "height": 900})
    asked: list[str] = []
    faults: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.on("pageerror", lambda error: faults.append(str(error)))
    shown.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    shown.goto(page.as_uri())
    light = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    shown.emulate_media(color_scheme="dark")
    assert shown.evaluate("getComputedStyle(document.body).backgroundColor") != light
    assert shown.locator("svg.chart").count() >= 2
    assert shown.locator("rect.step.warning").first.bounding_box() is not None
    assert shown.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert (asked, faults) == ([page.as_uri()], [])
    shown.close()


def test_dragging_over_a_picture_zooms_all_of_them_and_a_double_click_goes_back(
    browser: Browser, tmp_path: Path
) -> None:
    shown = browser.new_page(viewport={"width": 1200, "height": 2400})
    shown.goto(written(tmp_path).as_uri())
    box = shown.locator("svg.chart").last.bounding_box()
    assert box is not None
    y = box["y"] + 60
    shown.mouse.move(box["x"] + 300, y)
    shown.mouse.down()
    shown.mouse.move(box["x"] + 500, y)
    shown.mouse.up()
    boxes = {one.get_attribute("viewBox") for one in shown.locator("svg.x").all()}
    assert len(boxes) == 1
    assert boxes != {"0 0 1000 100"}
    shown.mouse.dblclick(box["x"] + 400, y)
    assert {one.get_attribute("viewBox") for one in shown.locator("svg.x").all()} == {"0 0 1000 100"}
    shown.close()


def test_without_scripts_the_page_says_the_same(browser: Browser, tmp_path: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    shown = context.new_page()
    shown.goto(written(tmp_path).as_uri())
    text = shown.inner_text("body")
    assert "Điểm số" in text
    assert "Station g0-s0" in text
    assert shown.locator("path.line").count() >= 2
    context.close()
