"""Numbers of a tree and of its soil that the tree hazard reads, and which of them are impossible."""

from services.alerts.hazard import Ascending, Attribute
from services.alerts.hazards._tree_danger import ONE_STEP, STEPS, SWAY
from services.observation.text import Text

_LONGEST_SOAK_H = 90.0
"""Four days of the soil are remembered: more would never be reached."""


def _baseline(axis_vi: str, axis_en: str, needs: str = "") -> Attribute:
    return Attribute(Text(f"{axis_vi} lúc lắp", f"{axis_en} when installed"), "°", -90.0, 90.0, needs=needs)


def _drift() -> Attribute:
    text = Text("độ nghiêng theo nhiệt độ", "tilt by temperature")
    return Attribute(text, "°/°C", -10.0, 10.0, needs="tilt_temp_ref")


def _wind(vi: str, en: str) -> Attribute:
    return Attribute(Text(vi, en), "m/s", 0.0, 100.0, beyond=True)


def _degrees(default: float) -> Attribute:
    text = Text("ngưỡng nghiêng", "step of the tilt")
    return Attribute(text, "°", 0.0, 90.0, beyond=True, default=default)


def _soil(vi: str, en: str) -> Attribute:
    # In percent: a fraction (0.32) is what is most often written by mistake.
    return Attribute(Text(vi, en), "%", 1.0, 100.0)


ATTRIBUTES = {
    "tilt_baseline": _baseline("độ nghiêng", "tilt"),
    "tilt_x_baseline": _baseline("độ nghiêng trục x", "tilt of the x axis", "tilt_y_baseline"),
    "tilt_y_baseline": _baseline("độ nghiêng trục y", "tilt of the y axis", "tilt_x_baseline"),
    "tilt_x_azimuth": Attribute(Text("hướng của trục x", "bearing of the x axis"), "°", 0.0, 360.0),
    **{f"tilt_{axis}temp_coef": _drift() for axis in ("", "x_", "y_")},
    "tilt_temp_ref": Attribute(Text("nhiệt độ quy chiếu", "temperature of reference"), "°C", -50.0, 80.0),
    "tilt_calm_wind": _wind("gió coi như lặng", "wind that is calm"),
    "tree_storm_gust": _wind("gió giật của một cơn bão", "gust that makes a storm"),
    "tree_gale": _wind("gió nâng bậc khi đất ngậm nước", "wind that makes a step more on wet ground"),
    **{name: _degrees(default) for name, default in (STEPS | SWAY).items()},
    **{name: _degrees(default) for _, name, default in ONE_STEP.values()},
    "tree_soaked_h": Attribute(
        Text("số giờ đất ngậm nước", "hours of waterlogged ground"), "h", 0.0, _LONGEST_SOAK_H, beyond=True
    ),
    "wilting_point": _soil("độ ẩm cây héo", "wilting point"),
    "field_capacity": _soil("độ ẩm đồng ruộng", "field capacity"),
    "soil_saturation": _soil("độ ẩm bão hòa", "saturation of the soil"),
}

ASCENDING = (
    Ascending(tuple(STEPS)),
    Ascending(tuple(SWAY)),
    Ascending(("wilting_point", "field_capacity")),
    Ascending(("field_capacity", "soil_saturation"), strict=False),
    Ascending(("wilting_point", "soil_saturation")),
)
