"""Numbers of a beach that the rip current hazard reads, and which of them are impossible."""

from services.alerts.hazard import Ascending, Attribute
from services.alerts.hazards._rip_beach import P_STEPS, U_STEPS
from services.observation.text import Text

_BEACH = "shore_normal_deg"


def _hour(vi: str, en: str, other: str) -> Attribute:
    return Attribute(Text(vi, en), "h", 0.0, 24.0, needs=other)


ATTRIBUTES = {
    _BEACH: Attribute(Text("hướng từ bờ thẳng ra biển", "bearing straight out to sea"), "°", 0.0, 360.0),
    "guard_from_h": _hour("giờ bắt đầu trực cứu hộ", "hour in which guarding begins", "guard_to_h"),
    "guard_to_h": _hour("giờ kết thúc trực cứu hộ", "hour in which guarding ends", "guard_from_h"),
    "mean_sea_level": Attribute(Text("mực nước biển trung bình", "mean sea level"), "m", -100.0, 100.0),
    "tidal_range": Attribute(
        Text("biên độ triều", "range of the tide"), "m", 0.0, 20.0, beyond=True, needs=_BEACH
    ),
    "wave_angle_given": Attribute(
        Text("góc sóng khi không đo", "angle of waves where none is measured"), "°", -90.0, 90.0, needs=_BEACH
    ),
    "sea_given": Attribute(
        Text("mực nước khi không đo", "sea level where none is measured"), "m", -20.0, 20.0, needs=_BEACH
    ),
    "meter_alone": Attribute(
        Text("1: chỉ có máy đo dòng chảy", "1: the current meter is all there is"), "", 0, 1, whole=True,
        needs=_BEACH,
    ),
    "rip_calibrated": Attribute(
        Text("1: đã hiệu chỉnh tại chỗ", "1: compared with local logs"), "", 0, 1, whole=True, needs=_BEACH
    ),
    # Its being there is what counts: 0 would switch nothing off.
    "rip_checklist": Attribute(
        Text("1: tính cả bảng kiểm", "1: the checklist too"), "", 1, 1, whole=True, needs=_BEACH
    ),
    **{
        name: Attribute(
            Text("ngưỡng của chỉ số dòng rip", "step of the rip index"), "%", 0.0, 100.0, beyond=True,
            default=default, needs=_BEACH,
        )
        for name, default in P_STEPS.items()
    },
    **{
        name: Attribute(
            Text("ngưỡng của dòng chảy ra khơi", "step of the seaward current"), "m/s", 0.0, 10.0,
            beyond=True, default=default, needs=_BEACH,
        )
        for name, default in U_STEPS.items()
    },
}  # fmt: skip

ASCENDING = (Ascending(tuple(P_STEPS)), Ascending(tuple(U_STEPS)))
