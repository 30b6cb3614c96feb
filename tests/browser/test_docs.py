"""The pages a person opens first, in a real browser that may ask nobody but us."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.support.api_rig import Rig, beating, rig, told

CHROMIUM = Path("/usr/bin/chromium")
APT = "no browser: apt-get install chromium"


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    _need_browser()
    with rig(tmp_path_factory.mktemp("docs")) as made:
        made.tell(told("open-alert"))
        with beating(made, "ingest", "alerts", "keeper", "archive"):
            yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    _need_browser()
    with sync_playwright() as playwright:
        # Chromium's own sandbox wants privileges that a container may not give; the pages are ours.
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


class Watched:
    """A page that remembers whom it asked and what it complained of."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []
        self.faults: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("console", lambda said: self.faults.append(said.text) if said.type == "error" else None)

    def asked_only_us(self) -> bool:
        """Whether every request went to loopback; data: is no request to anybody."""
        hosts = {urlsplit(url).hostname for url in self.asked if not url.startswith("data:")}
        return hosts == {"127.0.0.1"}


@pytest.fixture
def watched(browser: Browser) -> Iterator[Watched]:
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(60_000)
    yield Watched(page)
    page.close()


def test_the_documentation_shows_every_operation_and_asks_nobody_else(machine: Rig, watched: Watched) -> None:
    watched.page.goto(machine.http + "/docs")
    watched.page.wait_for_selector(".opblock")
    _, document = machine.get("/openapi.json")
    operations = sum(len(found) for found in document["paths"].values())
    all_shown = f"document.querySelectorAll('.opblock').length == {operations}"
    watched.page.wait_for_function(all_shown)
    assert "Hải Đăng" in watched.page.locator(".info .title").inner_text()
    assert watched.asked_only_us()
    assert watched.faults == []


def test_an_operation_opens_with_its_example_and_its_problems(machine: Rig, watched: Watched) -> None:
    watched.page.goto(machine.http + "/docs")
    watched.page.locator("#operations-events-list_events .opblock-summary").click()
    shown = watched.page.locator("#operations-events-list_events")
    shown.locator("text=urn:haidang:problem:stale-token").first.wait_for(timeout=40_000)
    assert "vn.haidang.alert.escalated.v1" in shown.inner_text()


def test_an_operation_can_be_tried_from_the_page(machine: Rig, watched: Watched) -> None:
    watched.page.goto(machine.http + "/docs")
    block = watched.page.locator("#operations-alerts-list_alerts")
    block.locator(".opblock-summary").click()
    block.locator("button.try-out__btn").click()
    block.locator("button.execute").click()
    block.locator(".live-responses-table").wait_for(timeout=40_000)
    assert "open-alert" in block.locator(".live-responses-table").inner_text()
    assert watched.asked_only_us()


def test_the_first_page_says_how_alerting_is_in_both_languages(machine: Rig, watched: Watched) -> None:
    watched.page.goto(machine.http + "/")
    watched.page.locator("#verdict.ok").wait_for(timeout=40_000)
    assert "Cảnh báo đang hoạt động" in watched.page.locator("#verdict").inner_text()
    assert "Alerting works" in watched.page.locator("#verdict").inner_text()
    assert watched.page.locator("#checks li").count() == len(machine.get("/readyz")[1]["checks"])
    assert watched.asked_only_us()
    assert watched.faults == []


def test_every_link_of_the_first_page_leads_somewhere(machine: Rig, watched: Watched) -> None:
    watched.page.goto(machine.http + "/")
    links = watched.page.locator("nav a").evaluate_all("found => found.map(a => a.getAttribute('href'))")
    assert len(links) > 5
    for link in links:
        if not link.endswith("/stream"):  # that one has no end
            assert machine.get(link)[0] == 200, link


def _need_browser() -> None:
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(APT)
        pytest.skip(APT)
