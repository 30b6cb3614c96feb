"""`haidang demo` as somebody sees it in the first minute."""

import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tests.support.waiting import until

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(180)
def test_within_a_minute_the_river_is_told_and_the_dead_sensor_is_missed(tmp_path: Path) -> None:
    lines: list[str] = []
    with subprocess.Popen(
        [sys.executable, "-m", "services.cli", "demo", "--data", str(tmp_path / "data")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        reader = threading.Thread(target=lambda: lines.extend(iter(demo.stdout.readline, "")), daemon=True)  # type: ignore[union-attr]
        reader.start()
        try:
            until(lambda: any(line.startswith("ready ") for line in lines), 60, "ready")
            until(
                lambda: any("escalated" in line and "rd-gauge-001" in line for line in lines), 60, "the flood"
            )
            until(
                lambda: any("raised" in line and "tt-noise-001" in line for line in lines), 60, "the silence"
            )
        finally:
            demo.send_signal(signal.SIGTERM)
            assert demo.wait(20) == 0
    told = "".join(lines)
    assert "/docs" in told
    assert "curl -N http://" in told
