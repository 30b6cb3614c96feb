"""A made-up hazard, as whoever adds one would write it: this one file, put where hazards are found."""

import numpy as np

from services.alerts.derive import Computed, Points
from services.alerts.hazard import Advice, Cap, Derivation, Facts, Hazard, Part
from services.observation.quantity import Property
from services.observation.text import Text


def lean(points: Points) -> Computed:
    """Inclination of a slope's rod from its two axes, degrees."""
    return Computed(np.hypot(points.value, points.held["slope_tilt_y"])[None])


def reason(facts: Facts) -> Text | None:
    """Why, in the hazard's own words."""
    if facts.property != "slope_lean" or facts.value is None:
        return None
    degrees = f"{facts.value:.1f}"
    return Text(
        f"Sườn dốc tại {facts.place.vi} nghiêng {degrees.replace('.', ',')} độ.",
        f"The slope at {facts.place.en} leans {degrees} degrees.",
    )


HAZARD = Hazard(
    name="landslide",
    text=Text("sạt lở đất", "landslide"),
    properties={
        "slope_tilt_x": Property(
            name="slope_tilt_x", unit="deg", text=Text("độ nghiêng x", "slope tilt, x axis")
        ),
        "slope_tilt_y": Property(
            name="slope_tilt_y", unit="deg", text=Text("độ nghiêng y", "slope tilt, y axis")
        ),
        "slope_lean": Property(
            name="slope_lean", unit="deg", text=Text("độ nghiêng sườn dốc", "lean of the slope"), derived=True
        ),
    },
    derives=(Derivation(("slope_lean",), "slope_tilt_x", inputs=("slope_tilt_y",), points=lean),),
    rules=(
        {
            "id": "landslide-lean",
            "property": "slope_lean",
            "watch": 2,
            "warning": 5,
            "hysteresis": 0.5,
            "source": "made up for a test",
            "status": "default",
        },
    ),
    words={"warning": Text("nguy cơ sạt lở cao", "high danger of a landslide")},
    advice=dict.fromkeys(
        ("advisory", "watch", "warning", "emergency"),
        Advice(
            Text("Cử người kiểm tra sườn dốc.", "Send someone to look."),
            Text("Rời xa sườn dốc.", "Keep away."),
        ),
    ),
    cap=Cap("Geo", Text("Sạt lở đất", "Landslide")),
    reason=reason,
    of_property={"slope_lean": Part(text=Text("độ nghiêng sườn dốc", "lean of the slope"))},
)
