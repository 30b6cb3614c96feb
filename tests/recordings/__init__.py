"""Real recordings, converted to ours: one function per format, each with a small site of its own.

The originals are not part of the project; without them the tests that need them are skipped by name.

    recording = convert("aire", tmp_path)      # .site, .files, .truth, .counts
"""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recordings import air, flood, lightning, payloads, sea
from tests.recordings.writing import Recording, data

__all__ = ["RECORDINGS", "Recording", "available", "convert"]

RECORDINGS: dict[str, Callable[[Path], Recording]] = {
    "aire": flood.aire,
    "vndms": flood.vndms,
    "calder": flood.calder,
    "calder_near": flood.calder_near,
    "vlissingen": sea.vlissingen,
    "vlissingen_tide": sea.vlissingen_tide,
    "ndbc": sea.ndbc,
    "glm_snapshots": lightning.glm_snapshots,
    "glm_snapshots_repeated": lightning.glm_snapshots_repeated,
    "glm_flashes": lightning.glm_flashes,
    "wtlma": lightning.wtlma,
    "airnow": air.airnow,
    "airnow_2018": air.airnow_2018,
    "airnow_2020": air.airnow_2020,
    "sensor_community": air.sensor_community,
    "beijing": air.beijing,
    "payloads": payloads.payloads,
    "sparkplug": payloads.sparkplug,
    "streetlight": payloads.streetlight,
}


def available() -> bool:
    """Whether the originals are beside the project."""
    return (data() / "flood").is_dir()


def convert(name: str, out: Path) -> Recording:
    """Convert one recording into a folder; skips the test where the originals are absent."""
    if not available():
        pytest.skip(f"recording {name}: no folder {data()}")
    out.mkdir(parents=True, exist_ok=True)
    return RECORDINGS[name](out)
