"""The news of a demonstration: one line for each event, headings for each chapter of the story."""

import contextlib
import json
import os
import re
import shutil
import sys
import threading
import urllib.request
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from services.cli.words import out
from services.observation.instants import SECOND, micros

if TYPE_CHECKING:
    from simulators.city.script import Chapter

_MARKS = {"raised": "▲", "escalated": "▲", "eased": "▽", "cleared": "✓", "blind": "●", "sighted": "○",
          "opened": "◆", "updated": "◇", "ended": "◆"}  # fmt: skip
_VERBS = {
    "raised": ("bắt đầu", "raised"),
    "escalated": ("tăng mức", "escalated"),
    "eased": ("giảm mức", "eased"),
    "cleared": ("kết thúc", "cleared"),
    "blind": ("mất quan sát", "blind"),
    "sighted": ("quan sát lại", "sighted"),
}
_SEVERITIES = {
    "advisory": ("chú ý", "advisory", "36"),
    "watch": ("theo dõi", "watch", "33"),
    "warning": ("cảnh báo", "warning", "35"),
    "emergency": ("khẩn cấp", "emergency", "31"),
}
_SITUATIONS = "vn.haidang.situation."
_THINGS = {
    "opened": ("tình huống", "situation"),
    "updated": ("diễn biến", "unfolds"),
    "ended": ("kết thúc", "ended"),
}
_OVER = ("cleared", "eased", "ended")
_GREY = "90"
_MORE_S = 60.0
_WIDE = 140
_SENTENCE = re.compile(r"(?<=[.;]) (?=[^\W\d_])")


class Reader(NamedTuple):
    """Who reads: zone of the times, language, whether the terminal has colours, and how wide it is."""

    zone: ZoneInfo
    vietnamese: bool
    colours: bool
    columns: int

    def clock(self, us: int) -> str:
        """Hour and minute at the site."""
        return datetime.fromtimestamp(us / SECOND, UTC).astimezone(self.zone).strftime("%H:%M")


def reader(zone: str, language: str | None) -> Reader:
    """Who sits at this terminal: the language is asked of the environment unless told."""
    spoken = (
        language or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG", "")
    )
    colours = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    columns = shutil.get_terminal_size((_WIDE, 24)).columns
    return Reader(ZoneInfo(zone), spoken.startswith("vi"), colours, columns)


def headline(text: str, who: Reader) -> str | None:
    """One line for an event; None for what is no event of an alert."""
    try:
        event = json.loads(text)
        verb, alert = event["type"].split(".")[-2], event["data"]
        if event["type"].startswith(_SITUATIONS) and not _worth_a_line(verb, alert):
            return None
        severity, reason = alert["severity"], alert["reason"]["vi" if who.vietnamese else "en"]
        words = _THINGS if event["type"].startswith(_SITUATIONS) else _VERBS
        told = words[verb][0 if who.vietnamese else 1]  # what people and the keeper do is no news here
        how, colour = severity, "0"
        if severity in _SEVERITIES:
            vi, en, colour = _SEVERITIES[severity]
            how = vi if who.vietnamese else en
        head = f"{who.clock(micros(alert['time']))} {_MARKS.get(verb, '·')} {told:12} {how:9} "
        line = head + first_sentences(reason, who.columns - len(head))
    except (ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None
    if not who.colours:
        return line
    return f"\x1b[{_GREY if verb in _OVER else colour}m{line}\x1b[0m"


def _worth_a_line(verb: str, situation: dict[str, Any]) -> bool:
    """A situation is told when it begins, worsens or is over; who joins or leaves has a line of its own."""
    if verb == "ended":
        return bool(situation["state"] == "ended")
    return verb == "opened" or bool(situation["annunciate"])


def first_sentences(text: str, room: int) -> str:
    """As many sentences as there is room for, and at least one: the rest stands on the console."""
    sentences = _SENTENCE.split(text)
    told = sentences[0]
    for more in sentences[1:]:
        if len(told) + 1 + len(more) > room:
            break
        told += f" {more}"
    return told


def heading(chapter: "Chapter", start: int, who: Reader) -> str:
    """A chapter's title in both languages, and what to look at in the reader's."""
    at = who.clock(start + round(chapter.minute * 60 * SECOND))
    title = f"— {at}  {chapter.en} / {chapter.vi} —"
    look = chapter.look_vi if who.vietnamese else chapter.look_en
    if who.colours:
        title = f"\x1b[1m{title}\x1b[0m"
    return f"\n{title}" + (f"\n         {look}" if look else "")


def moment(text: str) -> int | None:
    """When an event of an alert happened, µs UTC; None for what is none.

    A situation may end by wall-clock time, which is not the story's.
    """
    try:
        event = json.loads(text)
        of_alert = not event.get("type", "").startswith(_SITUATIONS)
        return micros(event["data"]["time"]) if of_alert else None
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def follow(
    http: str, who: Reader, stop: threading.Event, before: Callable[[int], None] = lambda _: None
) -> None:
    """Tell each event of the stream, from the last one seen on; `before` is told its time first."""
    token: str | None = None
    while not stop.is_set():
        headers: dict[str, str] = {"Last-Event-ID": token} if token else {}
        request = urllib.request.Request(f"{http}/api/v1/events/stream", headers=headers)  # noqa: S310  our own address
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=_MORE_S) as stream:  # noqa: S310
            for raw in stream:
                line = raw.decode("utf-8", "replace").rstrip()
                if line.startswith("id:"):
                    token = line[3:].strip() or token
                elif line.startswith("data:") and (told := headline(line[5:], who)):
                    before(moment(line[5:]) or 0)
                    out(told)
        stop.wait(1.0)
