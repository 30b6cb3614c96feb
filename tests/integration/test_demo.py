"""`haidang demo` as somebody sees it in the first minute, with a story that is told five times as fast."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]
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
[[story.fault]]
kind = "dead"
target = "gw-tam-thang"
minute = 10
minutes = 600
"""


@pytest.mark.timeout(180)
def test_within_a_minute_a_street_floods_and_is_dry_again_and_a_dead_gateway_is_missed(
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
    ) as demo:
        reader = threading.Thread(target=lambda: lines.extend(iter(demo.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]
        reader.start()

        def told(*words: str) -> bool:
            return any(all(word in line for word in words) for line in lines)

        try:
            until(lambda: told("ready http"), 60, "ready")
            until(lambda: told("— ", "A shower comes / Mưa rào đến"), 20, "the chapter")
            until(lambda: told("raised", "30 Tháng 4 street"), 40, "the flood in the street")
            until(lambda: told("cleared", "30 Tháng 4 street"), 60, "its end")
            until(lambda: told("raised", "gw-tam-thang"), 60, "the dead gateway")
        finally:
            demo.send_signal(signal.SIGTERM)
            assert demo.wait(20) == 0
    text = "".join(lines)
    assert "/docs" in text
    assert "curl -N http://" in text
    assert not any("gw-tam-thang" not in line and "tt-noise-001" in line for line in lines)
