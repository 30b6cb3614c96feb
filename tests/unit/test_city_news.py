"""What the terminal of a demonstration says."""

import json
from zoneinfo import ZoneInfo

import pytest

from services.cli.demo.news import Reader, first_sentences, heading, headline, moment
from services.observation.instants import micros
from simulators.city.script import Chapter

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
EVENT = {
    "type": "vn.haidang.alert.escalated.v1",
    "data": {
        "severity": "watch",
        "time": "2026-07-10T05:30:00Z",
        "reason": {"vi": "Nước lên.", "en": "The water rises. It is 1.14 m."},
    },
}


@pytest.mark.parametrize(
    ("language", "line"),
    [
        ("en", "12:30 ▲ escalated    watch     The water rises. It is 1.14 m."),
        ("vi", "12:30 ▲ tăng mức     theo dõi  Nước lên."),
    ],
)
def test_an_event_is_one_line_with_the_time_of_the_place(language: str, line: str) -> None:
    assert headline(json.dumps(EVENT), Reader(ZONE, language == "vi", colours=False, columns=100)) == line


def situation(verb: str, **more: object) -> str:
    """A storm as its event tells it."""
    data = {
        "severity": "watch",
        "time": "2026-07-10T05:30:00Z",
        "reason": {
            "vi": "Mưa dông tại Thắng Tam: mưa lớn và sét.",
            "en": "Storm at Thang Tam: rain, lightning.",
        },
        "state": "open",
        "joined": [],
        "annunciate": False,
        **more,
    }
    return json.dumps({"type": f"vn.haidang.situation.{verb}.v1", "data": data})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (situation("opened"), "12:30 ◆ situation    watch     Storm at Thang Tam: rain, lightning."),
        (
            situation("updated", annunciate=True),
            "12:30 ◇ unfolds      watch     Storm at Thang Tam: rain, lightning.",
        ),
        (situation("updated", joined=[{}]), None),
        (situation("ended", state="merged"), None),
        (
            situation("ended", state="ended"),
            "12:30 ◆ ended        watch     Storm at Thang Tam: rain, lightning.",
        ),
    ],
)
def test_a_situation_is_one_line_when_it_begins_worsens_or_is_over(text: str, line: str | None) -> None:
    assert headline(text, Reader(ZONE, vietnamese=False, colours=False, columns=100)) == line
    assert moment(text) is None, "its time may be wall-clock time, which is not the story's"


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"type": "x", "data": {}}', "not json"])
def test_what_is_no_event_makes_no_news(text: str) -> None:
    assert headline(text, Reader(ZONE, vietnamese=False, colours=False, columns=100)) is None


def test_a_narrow_terminal_gets_the_first_sentence_whole() -> None:
    text = "Stage is 1.14 m, 0.2 m above BĐ2. The flood rises. Đến nơi cao."
    assert first_sentences(text, 10) == "Stage is 1.14 m, 0.2 m above BĐ2."
    assert first_sentences(text, 52) == "Stage is 1.14 m, 0.2 m above BĐ2. The flood rises."
    assert first_sentences(text, 500) == text


def test_a_chapter_stands_in_both_languages_above_what_to_look_at() -> None:
    chapter = Chapter(
        minute=14, vi="Mưa rào", en="A shower", look_vi="Xem trạm mưa.", look_en="See the gauge."
    )
    told = heading(
        chapter, micros("2026-07-10T05:00:00Z"), Reader(ZONE, vietnamese=True, colours=False, columns=80)
    )
    assert told.split("\n")[1:] == ["— 12:14  A shower / Mưa rào —", "         Xem trạm mưa."]
