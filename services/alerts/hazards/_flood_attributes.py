"""Numbers of stations that the flood hazard reads, and which of them are impossible.

Ranges are wide: they catch another unit, a sign and a slip of the keyboard, not a doubtful survey.
"""

from collections.abc import Iterator

from services.alerts.hazard import Ascending, Attribute
from services.alerts.hazards._flood_rain import LADDERS, RUNG_NAMES
from services.alerts.hazards._flood_tide import LINES
from services.observation.text import Text

_STAGE = (-100.0, 5_000.0)
"""m: from a gauge whose zero lies high to the crest of a reservoir in the mountains."""
_SEA = (-100.0, 100.0)


def _stage(vi: str, en: str) -> Attribute:
    return Attribute(Text(vi, en), "m", *_STAGE)


def _sea(vi: str, en: str) -> Attribute:
    return Attribute(Text(vi, en), "m", *_SEA)


def _flow(vi: str, en: str) -> Attribute:
    return Attribute(Text(vi, en), "m³/s", 0.0, 1e6, beyond=True)


def _rain() -> Iterator[tuple[str, Attribute]]:
    for window, ladder in LADDERS.items():
        for rung, default in zip(RUNG_NAMES, ladder, strict=True):
            text = Text(f"bậc {rung} của {window}", f"step {rung} of {window}")
            yield f"{window}_{rung}", Attribute(text, "mm", 0.0, 3_000.0, beyond=True, default=default)


def _tide() -> Iterator[tuple[str, Attribute]]:
    for name in LINES:
        amplitude, phase = f"tide_{name}_amp", f"tide_{name}_phase"
        text = Text(f"biên độ của phân triều {name}", f"amplitude of the constituent {name}")
        yield amplitude, Attribute(text, "m", 0.0, 20.0, needs=phase)
        text = Text(f"pha Greenwich của phân triều {name}", f"Greenwich phase of the constituent {name}")
        yield phase, Attribute(text, "°", -360.0, 360.0, needs=amplitude)


ATTRIBUTES = {
    **{f"bd{n}": _stage(f"báo động {n}", f"alert level {n}") for n in (1, 2, 3)},
    "historic_max": _stage("mực nước lịch sử", "highest stage on record"),
    "tidal": Attribute(Text("1: chịu ảnh hưởng triều", "1: the tide moves it"), "", 0, 1, whole=True),
    **{f"tide_band_{n}": _sea(f"bậc triều cường {n}", f"step {n} of high tide") for n in (1, 2, 3, 4)},
    "tide_z0": _sea("mực nước trung bình", "mean level"),
    **dict(_tide()),
    "outfall_lock": _sea("mực triều mà cửa xả ngừng thoát", "tide at which outfalls no longer drain"),
    "outfall_level": _sea("cao độ cửa xả", "level of the outfall"),
    "dry_rain_1h": Attribute(
        Text("mưa 1 giờ coi như không mưa", "rain of an hour that is none"), "mm", 0.0, 100.0,
        needs="outfall_level",
    ),
    **dict(_rain()),
    "normal_level": _stage("mực nước dâng bình thường", "normal water level"),
    "raised_level": _stage("mực nước lũ cho phép", "level allowed in a flood"),
    "crest_level": _stage("cao trình đỉnh đập", "crest of the dam"),
    **{f"release_{n}": _flow(f"bậc xả {n}", f"step {n} of the outflow") for n in (1, 2, 3, 4)},
    **{
        f"release_rise_{n}": _flow(f"bậc tăng lưu lượng xả {n}", f"step {n} of the outflow's growth")
        for n in (2, 3)
    },
    "eta_horizon_s": Attribute(Text("dự báo xa nhất", "how far ahead"), "s", 0.0, 172_800.0, beyond=True),
    "eta_s_min": Attribute(Text("tốc độ lên ít nhất", "least rise"), "m/h", 0.0, 10.0),
    "eta_damping_s": Attribute(
        Text("thời gian tắt dần của đà lên", "time in which the rise dies away"), "s", 0.0, 2_592_000.0,
        beyond=True,
    ),
    "eta_least_band": Attribute(Text("sai số nhỏ nhất", "how sure it is at best"), "m", 0.0, 10.0),
}  # fmt: skip

ASCENDING = tuple(Ascending(tuple(f"{window}_{rung}" for rung in RUNG_NAMES)) for window in LADDERS)
