"""Numbers of protected places and of field mills, and which of them are impossible."""

from services.alerts.hazard import Ascending, Attribute
from services.alerts.hazards._lightning_field import LEVELS
from services.alerts.hazards._lightning_rings import RINGS
from services.observation.text import Text

_PLACE = "lightning_place"
_FARTHEST = 300.0
"""km: no network places a strike so far from all its detectors."""
_BREAKDOWN = 100_000.0
"""V/m at the ground: far beyond any storm."""


def _km(vi: str, en: str, default: float | None = None) -> Attribute:
    return Attribute(Text(vi, en), "km", 0.0, _FARTHEST, beyond=True, default=default, needs=_PLACE)


ATTRIBUTES = {
    # Its being there is what counts: 0 would switch nothing off.
    _PLACE: Attribute(Text("1: nơi cần bảo vệ", "1: a place to be protected"), "", 1, 1, whole=True),
    **{name: _km("bán kính vòng cảnh báo", "radius of a ring", default) for name, default in RINGS},
    "lightning_all_clear_km": _km("bán kính giữ cảnh báo", "radius in which a strike keeps a warning"),
    "lightning_jump_km": _km("bán kính tìm sét tăng vọt", "radius in which a jump is told"),
    **{
        name: Attribute(
            Text("ngưỡng điện trường", "step of the field"), "V/m", 0.0, _BREAKDOWN, beyond=True,
            default=default,
        )
        for name, default in LEVELS
    },
    "field_sign": Attribute(
        Text("-1: máy đếm ngược dấu", "-1: the mill counts downwards"), "", -1, 1, whole=True
    ),
}  # fmt: skip

ASCENDING = (
    Ascending(tuple(name for name, _ in reversed(RINGS)), strict=False),
    Ascending(("lightning_warning_km", "lightning_all_clear_km"), strict=False),
    Ascending(("lightning_all_clear_km", "lightning_prepare_km"), strict=False),
    Ascending(tuple(name for name, _ in LEVELS), strict=False),
)
