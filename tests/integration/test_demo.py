"""`haidang demo` as somebody sees it, with a story of its own that is told five times as fast.

One test on purpose: the demonstration is started once, and all that it promises is looked for in it.
"""

import json
import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
HAZARDS = ("flood", "rip_current", "lightning", "lighting", "environment", "tree")
STORY = """format = 1
[story]
speed = 300
minutes = 600
[[story.chapter]]
minute = 5
vi = "Mưa rào đến"
en = "A shower comes"
look_en = "Look at the street."
[[story.shower]]
minute = 35
over = "rd-rain-001"
peak_mm_h = 140
radius_km = 3
minutes = 50
speed_m_s = 1
[[story.storm]]
minute = 5
minutes = 60
wind_m_s = 1
from_deg = 110
surge_m = 0
swell_m = 1.6
[[story.fault]]
kind = "spike"
target = "vt-tree-001.tilt"
minute = 40
minutes = 35
amount = 1.5
[[story.fault]]
kind = "spike"
target = "rd-water-001.ph"
minute = 15
minutes = 50
amount = 1.9
[[story.fault]]
kind = "lamp"
target = "vt-lamp-005"
minute = 20
minutes = 35
[[story.fault]]
kind = "dead"
target = "gw-tam-thang"
minute = 10
minutes = 600
[[story.order]]
minute = 12
group = "thuy-van"
vi = "tìm người"
en = "search"
[[story.order]]
minute = 14
group = "ba-muoi-thang-tu"
minutes = 5
[[story.controller]]
minute = 2
gateway = "gw-rach-dua-env"
how = "dead"
[[story.controller]]
minute = 148
gateway = "gw-rach-dua-env"
how = "well"
[[story.fault]]
kind = "dead"
target = "gw-rach-dua-env"
minute = 140
minutes = 15
"""


class _Events:
    """What the stream of events told so far: verbs by hazard, by rule and by sensor or gateway."""

    def __init__(self, base: str) -> None:
        self.verbs: dict[str, list[str]] = defaultdict(list)
        self.reasons: list[dict[str, str]] = []
        self._base = base
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        with urllib.request.urlopen(f"{self._base}/api/v1/events/stream?after=0", timeout=60) as stream:  # noqa: S310  our own
            for raw in stream:
                line = raw.decode("utf-8", "replace").strip()
                if line.startswith("data:"):
                    self._take(json.loads(line[5:]))

    def _take(self, event: dict[str, Any]) -> None:
        if not event.get("type", "").startswith("vn.haidang.alert."):
            return
        verb, alert = event["type"].split(".")[-2], event["data"]
        for name in (alert["hazard"], alert["rule"], alert["gateway"] or alert["sensor"] or ""):
            self.verbs[name].append(verb)
        self.reasons.append(alert["reason"])

    def told(self, name: str, *verbs: str) -> bool:
        return set(verbs) <= set(self.verbs[name])


@pytest.mark.timeout(400)
def test_in_a_story_all_six_hazards_begin_and_end_and_an_order_without_answer_is_reported(
    tmp_path: Path,
) -> None:
    lines: list[str] = []
    story = tmp_path / "story.toml"
    story.write_text(STORY, "utf-8")
    options = ["--data", str(tmp_path / "data"), "--story", str(story), "--language", "en"]
    with subprocess.Popen(
        [sys.executable, "-m", "services.cli", "demo", *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "HAIDANG_COMMAND_CONFIRM_S": "1"},
    ) as demo:
        reader = threading.Thread(target=lambda: lines.extend(iter(demo.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]
        reader.start()

        def told(*words: str) -> bool:
            return any(all(word in line for word in words) for line in lines)

        try:
            until(lambda: told("ready http"), 60, "ready")
            base = next(line.split()[1] for line in lines if line.startswith("ready http"))
            events = _Events(base)
            until(lambda: told("— ", "A shower comes / Mưa rào đến"), 20, "the chapter")
            until(lambda: told("confirmed", "gw-vung-tau-light thuy-van"), 30, "the confirmed order")
            until(lambda: told("unconfirmed", "gw-rach-dua-env"), 40, "the order without an answer")
            for hazard in HAZARDS:
                until(lambda: events.told(hazard, "raised", "cleared"), 90, hazard)  # noqa: B023  asked at once
            until(
                lambda: events.told("command-unconfirmed", "raised", "cleared"), 30, "the healed controller"
            )
            until(lambda: events.told("gw-tam-thang", "raised"), 30, "the dead gateway")
        finally:
            demo.send_signal(signal.SIGTERM)
            assert demo.wait(40) == 0
    text = "".join(lines)
    assert "/docs" in text
    assert "curl -N http://" in text
    assert told("raised", "30 Tháng 4 street")
    steps = [line.split()[2] for line in lines if "gw-rach-dua-env ba-muoi-thang-tu" in line]
    assert steps[:5] == ["ordered", "repeated", "repeated", "repeated", "unconfirmed"]
    assert not any("gw-tam-thang" not in line and "tt-noise-001" in line for line in lines)
    assert all(reason["vi"] and reason["en"] and reason["vi"] != reason["en"] for reason in events.reasons)
