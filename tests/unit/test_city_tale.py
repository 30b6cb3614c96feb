"""A story in the terminal: where it goes on, when it counts as told, and its live readings."""

import json
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from msgspec import structs

from services.alerts.hazards import extra_properties
from services.cli.demo.live import Live, address, sparkline
from services.cli.demo.news import Reader, moment
from services.cli.demo.tale import BEGUN, PLAYED, Tale, plan
from services.cli.exercise.sources import SEED, simulated
from services.cli.exercise.steps import play
from services.cli.numerals import english, measured, vietnamese
from services.observation.event import verb_of
from services.observation.instants import SECOND, micros
from services.observation.site import Site
from simulators.city.place import read_site
from simulators.city.script import FILE, Chance, Chapter, Script, Story, read_script
from simulators.publisher import Progress, Publisher

VUNG_TAU = Path(__file__).resolve().parents[2] / "sites" / "vung-tau"
NOW = micros("2026-07-10T05:00:00Z")
MINUTE = 60 * SECOND
SCRIPT = Script(
    story=Story(
        minutes=60, chapter=(Chapter(minute=5, vi="Một", en="One"), Chapter(minute=20, vi="Hai", en="Two"))
    )
)
WHO = Reader(ZoneInfo("Asia/Ho_Chi_Minh"), vietnamese=False, colours=False, columns=100)


@pytest.fixture(scope="module")
def site() -> Site:
    return read_site(VUNG_TAU)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until it is moved."""
    seconds = [1000.0]
    monkeypatch.setattr("services.cli.demo.tale.time.monotonic", lambda: seconds[0])
    return seconds


def told(folder: Path, site: Site, clock: list[float], minutes: float, *, now: int = NOW) -> None:
    """Tell the story up to a minute; everything is stored."""
    played = plan(folder, site, SCRIPT, 1, now)
    publisher = SimpleNamespace(progress=Progress(at=played.at), stored=0, unstored=0)
    tale = Tale(played, cast("Publisher", publisher), site, "http://nowhere", WHO)
    publisher.progress.at = played.start + round(minutes * MINUTE)
    for _ in range(2):
        clock[0] += 10
        tale.mark(folder)


def test_a_story_cut_short_goes_on_where_its_readings_end(
    tmp_path: Path, site: Site, clock: list[float]
) -> None:
    told(tmp_path, site, clock, 30)
    again = plan(tmp_path, site, SCRIPT, 1, NOW + 10 * MINUTE)
    assert again.script.story is not None
    assert (again.start, again.at) == (NOW - 60 * MINUTE, NOW - 32 * MINUTE)
    assert not (tmp_path / PLAYED).exists()


def test_a_story_cut_short_long_ago_is_told_again(tmp_path: Path, site: Site, clock: list[float]) -> None:
    told(tmp_path, site, clock, 30)
    later = NOW + 60 * MINUTE
    again = plan(tmp_path, site, SCRIPT, 1, later)
    assert again.start == again.at == later - 60 * MINUTE


def test_a_story_told_to_its_end_is_not_told_again(tmp_path: Path, site: Site, clock: list[float]) -> None:
    told(tmp_path, site, clock, 60)
    assert plan(tmp_path, site, SCRIPT, 1, NOW).script.story is None


def test_another_story_does_not_overwrite_what_is_there(
    tmp_path: Path, site: Site, clock: list[float]
) -> None:
    told(tmp_path, site, clock, 30)
    assert plan(tmp_path, site, SCRIPT, 2, NOW).script.story is None


def test_a_bookmark_that_cannot_be_read_is_none(tmp_path: Path, site: Site) -> None:
    (tmp_path / BEGUN).write_text("{", "utf-8")
    assert plan(tmp_path, site, SCRIPT, 1, NOW).at == NOW - 60 * MINUTE


def test_a_heading_comes_before_news_of_its_time_but_not_before_its_readings(
    tmp_path: Path, site: Site, capsys: pytest.CaptureFixture[str]
) -> None:
    """An event about a gateway carries the wall's time, which is far ahead of the story."""
    played = plan(tmp_path, site, SCRIPT, 1, NOW)
    publisher = SimpleNamespace(progress=Progress(at=played.start, sending=played.start + 10 * MINUTE))
    tale = Tale(played, cast("Publisher", publisher), site, "http://nowhere", WHO)
    tale.reach(NOW)
    text = capsys.readouterr().out
    assert "One / Một" in text
    assert "Two" not in text


def answering(monkeypatch: pytest.MonkeyPatch, *answers: Any) -> None:
    left = list(answers)

    def opened(*_: object, **__: object) -> BytesIO:
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return BytesIO(json.dumps(answer).encode())

    monkeypatch.setattr("urllib.request.urlopen", opened)


def test_live_readings_stand_in_the_readers_language(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    answering(
        monkeypatch,
        {"last": {"value": 1.0}},
        {"last": {"value": 1458.0}},
        {"items": [{}] * 3, "next": None},
    )
    shown = ("vt-lamp-001.lamp_state", "vt-lamp-001.active_power", "vn-strikes")
    line = Live("http://nowhere", site, shown, WHO._replace(vietnamese=True)).line(NOW)
    assert line is not None
    assert line.split(" · ") == [
        "         vt-lamp-001 trạng thái đèn: sáng ban ngày",
        "vt-lamp-001 công suất 1.458 W",
        "sét 10 phút qua 3",
    ]


@pytest.mark.parametrize("answer", [TimeoutError(), {}, {"last": None}, [], {"last": {"value": "x"}}])
def test_a_slow_or_strange_api_costs_a_line(
    site: Site, monkeypatch: pytest.MonkeyPatch, answer: object
) -> None:
    answering(monkeypatch, answer)
    assert Live("http://nowhere", site, ("vt-wind-001.wind_speed",), WHO).line(NOW) is None


def test_an_address_leads_to_what_is_shown(site: Site) -> None:
    assert address("http://h", "vt-wind-001.wind_speed", site, NOW).endswith(
        "/sensors/vt-wind-001.wind_speed/observations?from=2026-07-10T05%3A00%3A00Z"
    )
    assert "/api/v1/strikes?from=" in address("http://h", "vn-strikes", site, NOW)


def test_bars_go_from_the_least_to_the_greatest() -> None:
    assert sparkline([0, 7, 3.5]) in {"▁█▄", "▁█▅"}
    assert sparkline([1, 2]) == sparkline([5, 5, 5]) == ""


def test_numbers_are_written_as_each_language_does() -> None:
    assert (english(487226), vietnamese(487226), vietnamese(9.83, 1)) == ("487,226", "487.226", "9,8")
    assert [measured(value, in_vietnamese=True) for value in (0.456, 27.66, 1458.4)] == [
        "0,46",
        "27,7",
        "1.458",
    ]


def test_the_time_of_an_event_is_found_or_is_none() -> None:
    assert moment('{"data": {"time": "2026-07-10T05:00:00Z"}}') == NOW
    assert moment("[]") is moment("{") is None


def test_a_chapter_shows_only_what_the_site_has(site: Site) -> None:
    content = b'format = 1\n[[story.chapter]]\nminute = 1\nvi = "a"\nen = "b"\nshow = ["atlantis.depth"]\n'
    with pytest.raises(ValueError, match="no atlantis"):
        read_script(FILE, content.replace(b"[[story", b"[story]\n[[story", 1), site)


NEAR = ("vt-tree-001", "vt-wind-001", "vt-current-003", "rd-rain-001")
"""The tree of the story, its wind, and where the showers before it pass."""
SEEN = ("tilt", "wind_speed", "wind_gust")


def about_the_tree(site: Site) -> tuple[Site, Script]:
    """Site and story, but for what the tree knows nothing of: a city takes seconds for each hour."""
    script = read_script(FILE, (VUNG_TAU / FILE).read_bytes(), site)
    assert script.story is not None
    story = structs.replace(
        script.story,
        minutes=130,
        fault=tuple(one for one in script.story.fault if one.target == "vt-tree-001.tilt"),
        shower=tuple(one for one in script.story.shower if one.over in NEAR),
        order=(),
        controller=(),
    )
    small = structs.replace(
        site,
        sources=(),
        stations={name: one for name, one in site.stations.items() if name in NEAR},
        sensors={
            name: one
            for name, one in site.sensors.items()
            if one.station in NEAR and name.rpartition(".")[2] in SEEN
        },
        gateways={
            name: structs.replace(one, stations=tuple(each for each in one.stations if each in NEAR))
            for name, one in site.gateways.items()
        },
    )
    return small, structs.replace(script, river=(), chance=Chance(), story=story)


def test_the_tree_of_the_story_is_told_in_its_chapter_whatever_the_hour(site: Site) -> None:
    """Sea breeze by day, a squall before it by night: neither hides that its foot moves."""
    small, script = about_the_tree(site)
    for hour in (3, 12, 18, 23):
        first = micros(f"2026-11-22T{hour:02d}:07:00+07:00")
        played = simulated(small, script, SEED, first, first + 130 * MINUTE)
        told = [
            (round((micros(one.time) - first) / MINUTE), verb_of(one.type), one.data.severity, one.data.rule)
            for moment in play(small, played, extra_properties(), 10 * MINUTE)
            for one in moment.events
        ]
        assert [one[1:] for one in told] == [("raised", "emergency", "tree-fall")], hour
        assert 100 < told[0][0] <= 130, hour
