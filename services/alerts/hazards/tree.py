"""Trees that may fall: tilt of the root collar against its baseline, its growth, jumps, sway, and the ground.

One tree is one alert, whatever it rests on: `tree_danger` puts every measure on one scale of three steps,
notice, warning and urgent, which are told as advisory, warning and emergency. Its reason says which measure
made the step, and tells a slow lean from a sudden movement.

Wind is taken out by looking at calm air alone, temperature by holding an hour against the same hour of other
days (`_tree_tilt`, `_tree_long`). A forecast of wind is not read: what is strong is measured. All numbers are
design defaults, and give way to attributes of the tree.
"""

from services.alerts.hazard import Derivation, Hazard, derived
from services.alerts.hazards import _tree_attributes as reads
from services.alerts.hazards import _tree_danger as fall
from services.alerts.hazards import _tree_long as long
from services.alerts.hazards import _tree_texts as texts
from services.alerts.hazards import _tree_tilt as tilt
from services.alerts.hazards._tree_reasons import DANGER, DRY, reason
from services.observation.text import Text

_HOURS = 3_600
_GUST = ("gust_72h", "gust_age")


_PROPERTIES = (
    derived(
        "tilt_lean", "deg", "độ nghiêng so với lúc lắp, mọi lúc", "tilt against its baseline, at any time"
    ),
    derived("lean_azimuth", "deg", "hướng nghiêng", "bearing of the lean"),
    derived("tilt_still", "deg", "độ nghiêng lặng gió, trung vị 6 giờ", "tilt of calm air, median of 6 h"),
    derived("tilt_wind_known", "1", "có số đo gió", "wind was known"),
    derived("tilt_jump", "deg", "xê dịch trong một giờ", "tilt within an hour"),
    derived("tilt_sway", "deg", "độ lay, phân vị 95 trong giờ", "sway, 95th percentile of an hour"),
    derived("tilt_peak", "deg", "độ lay lớn nhất trong giờ", "largest sway of an hour"),
    derived("gust_72h", "m/s", "gió mạnh nhất 72 giờ", "strongest wind of 72 h"),
    derived("gust_age", "h", "thời gian từ gió mạnh nhất", "time since the strongest wind"),
    derived("tilt_change", "deg", "độ nghiêng thêm so với lúc lắp", "tilt since installation"),
    derived("tilt_rate_day", "deg", "nghiêng thêm trong 24 giờ", "tilt within 24 h"),
    derived("tilt_rate_week", "deg", "nghiêng thêm trong 7 ngày", "tilt within 7 days"),
    derived("tilt_after_storm", "deg", "nghiêng thêm sau gió mạnh", "tilt over the last storm"),
    derived("tree_storm_gust_seen", "m/s", "gió giật của đợt đó", "gust of that storm"),
    derived("tilt_daily", "deg", "dao động theo giờ trong ngày", "what the hour of the day adds"),
    derived(DANGER, "1", "mức nguy hiểm của cây", "danger of the tree"),
    derived("tree_soaked", "1", "nâng bậc vì đất ngậm nước và gió", "a step for wet ground and wind"),
    derived(
        fall.BACK, "deg", "dịch lại về phía lúc lắp trong một giờ", "back towards baseline, within an hour"
    ),
    derived(DRY, "%", "lượng nước đất đã mất", "depletion of the soil"),
    derived("soil_waterlogged", "h", "thời gian đất ngậm nước", "time the soil has been waterlogged"),
)

_DERIVES = (
    Derivation(
        ("tilt_lean", "~tilt_calm", "lean_azimuth"), "tilt_y", points=tilt.two_axes,
        needs=("tilt_x_baseline", "tilt_y_baseline"), inputs=("tilt_x", "wind_speed", "air_temperature"),
    ),
    Derivation(
        ("tilt_lean", "~tilt_calm"), "tilt", points=tilt.one_axis, inputs=("wind_speed", "air_temperature")
    ),
    Derivation(
        ("tilt_still", "tilt_wind_known"), "~tilt_calm", tilt.still, window_s=tilt.STILL_S, slots=72,
        inputs=("wind_speed",), alike=(),
    ),
    Derivation(
        ("tilt_jump", "tilt_sway", "tilt_peak", *fall.JUMPED), "tilt_lean", tilt.moving,
        window_s=tilt.MOVING_S, slots=720,
        inputs=("wind_speed",), alike=("tilt_calm_wind", "tree_sway_peak"),
    ),
    Derivation(_GUST, "wind_gust", long.gusts, window_s=long.GUST_S, slots=long.GUST_SLOTS, alike=()),
    Derivation(_GUST, "wind_speed", long.gusts, window_s=long.GUST_S, slots=long.GUST_SLOTS, alike=()),
    Derivation(
        ("tilt_change", "tilt_rate_day", "tilt_rate_week", "tilt_after_storm", "tree_storm_gust_seen",
         "tilt_daily"),
        "tilt_still", long.lean, window_s=long.LONG_S, slots=long.LONG_SLOTS,
        inputs=_GUST,
    ),
    Derivation(("soil_waterlogged",), "soil_moisture", fall.waterlogged, window_s=fall.SOIL_S, slots=96,
               needs=("soil_saturation",), alike=("soil_saturation",)),
    Derivation((DRY,), "soil_moisture", points=fall.deficit, needs=("field_capacity", "wilting_point")),
    Derivation(
        (DANGER, "tree_soaked", fall.BACK), "tilt_lean", points=fall.danger,
        inputs=(*fall.MEASURES, *fall.JUMPED, "soil_waterlogged", "wind_speed"),
    ),
)  # fmt: skip

_RULES = (
    {
        "id": "tree-fall",
        "property": DANGER,
        "advisory": 1,
        "warning": 2,
        "emergency": 3,
        "hysteresis": 0.1,
        # As long as it takes until the calm median is made of readings after the movement; a notice stands
        # for a whole day, so that the hours of the day do not switch it.
        "off_delay_s": {"advisory": 24 * _HOURS, "warning": 6 * _HOURS, "emergency": 6 * _HOURS},
        "source": "design default after studies: change 0.25, 1.0, 2.0°; 0.1° in 7 days, 0.25° in 24 h, "
        "0.5° in 1 h; sway 1°, 2°, peak 3° (0.25°: pulling tests, Forests 2023; 1.6 to 2.9° at the largest "
        "moment, Forests 2025)",
    },
    {
        "id": "tree-dry",
        "property": DRY,
        "advisory": 50,
        "hysteresis": 10,
        "off_delay_s": 6 * _HOURS,
        "source": "depletion of 50 % between field capacity and wilting point (recalled: FAO-56); "
        "both are the site's own",
    },
)

HAZARD = Hazard(
    name="tree",
    text=Text("cây xanh", "trees"),
    properties={prop.name: prop for prop in _PROPERTIES},
    derives=_DERIVES,
    rules=tuple({**rule, "status": "default"} for rule in _RULES),
    words=texts.WORDS,
    advice=texts.ADVICE,
    cap=texts.CAP,
    reason=reason,
    attributes=reads.ATTRIBUTES,
    ascending=reads.ASCENDING,
    of_property={DRY: texts.DRY},
)
