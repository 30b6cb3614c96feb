"""What two runs of the same recording must agree on."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

from services.cli import main
from services.observation import event as nouns

OUTSIDE = ("detected_at",)
"""When we could know is outside the id and outside every comparison."""

OURSELVES = ("self.", "gateway-silent")
"""Alerts about the machine and about links tell of this run, not of the recording."""

ENGINE = frozenset(nouns.type_of(verb) for verb in nouns.Verb)


def of_the_engine(event: dict[str, Any]) -> bool:
    """Whether the engine says it; what people and the keeper make of alerts is no part of a recording."""
    return event["type"] in ENGINE and not event["data"].get("by")


def essence(events: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Events about the recording by id, without what may differ; twice the same id is an error.

    Raises:
        AssertionError: an id came twice.
    """
    found: dict[str, dict[str, Any]] = {}
    for event in events:
        if not of_the_engine(event):
            continue
        if event["data"]["rule"].startswith(OURSELVES):
            continue
        assert event["id"] not in found, f"event {event['id']} came twice"
        data = {key: value for key, value in event["data"].items() if key not in OUTSIDE}
        found[event["id"]] = {key: event[key] for key in ("type", "subject", "time", "source")} | {
            "data": data
        }
    return found


def backtest(site: Path, files: Sequence[Path], *extra: str) -> dict[str, Any]:
    """Run `haidang backtest --json`; in this process, which has imported what takes longer than the run."""
    said, complained = TextIOWrapper(BytesIO(), "utf-8"), StringIO()
    with redirect_stdout(said), redirect_stderr(complained):
        code = main(["backtest", "--site", str(site), *map(str, files), "--json", *extra])
    assert code == 0, complained.getvalue()
    said.seek(0)
    answer: dict[str, Any] = json.load(said)
    return answer


def events_known(http: str) -> bool:
    """Whether the API has read ALERTS, so that it can answer for all of it."""
    try:
        with urllib.request.urlopen(f"{http}/api/v1/events?after=0&limit=1", timeout=40):  # noqa: S310
            return True
    except urllib.error.HTTPError:
        return False


def all_events(http: str) -> list[dict[str, Any]]:
    """Every event the API has, page by page."""
    events: list[dict[str, Any]] = []
    after = "0"
    while True:
        with urllib.request.urlopen(f"{http}/api/v1/events?after={after}&limit=1000", timeout=40) as answer:  # noqa: S310
            page = json.load(answer)
        events += page["items"]
        if not page["next"] or not page["items"]:
            return events
        after = page["next"]
