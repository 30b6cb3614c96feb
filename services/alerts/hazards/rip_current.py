"""Rip currents (ao xoáy, dòng rip): how likely they are by the waves, and what a current meter measures.

A beach is a station with `shore_normal_deg`, the bearing from the shore straight out to sea. Waves, tide and
wind come from whatever gauge is nearest; the current only from a meter at the beach itself.

One beach is one alert. Waves and current make one index, `rip_danger`, and one ladder stands on it. Where
there is a meter the index moves with each of its readings, two minutes apart, and holds what the waves say;
elsewhere it moves with the waves. A meter in the surf dies sooner or later, and an index that moves with it
would go blind: then `rip_waves` speaks for the waves alone, and falls silent again when the meter is heard.

All numbers that are not the model's are design defaults, and give way to attributes of the beach.
"""

from services.alerts.hazard import Derivation, Hazard, derived
from services.alerts.hazards import _rip_attributes as reads
from services.alerts.hazards import _rip_beach as beach
from services.alerts.hazards import _rip_model as model
from services.alerts.hazards import _rip_texts as texts
from services.alerts.hazards._rip_reasons import BY_WAVES, DANGER, reason
from services.observation.quantity import Property
from services.observation.text import Text

_BEACH = ("shore_normal_deg",)
_SEA = ("wave_direction", "tide_above_mean", "~tide", "wave_event", "wave_peak_age", "wave_history")
_INDEX = (DANGER, "rip_flag", "rip_by_waves", "rip_missing")
_TWO_HOURS = 7_200


_PROPERTIES = (
    derived("wave_event", "1", "sau đỉnh một đợt sóng trên 1 m", "after the peak of a sea above 1 m"),
    derived("wave_peak_age", "h", "thời gian từ đỉnh đợt sóng", "time since the sea peaked"),
    derived("wave_history", "h", "số giờ có số liệu sóng", "hours of waves on record"),
    derived("wave_max_12h", "m", "sóng cao nhất 12 giờ", "highest sea of 12 h"),
    derived("tide_above_mean", "m", "mực nước so với trung bình", "sea level against its mean"),
    derived("rip_probability", "%", "chỉ số dòng rip theo sóng", "rip current index by waves"),
    derived("rip_probability_low", "%", "chỉ số dòng rip đã biết", "rip index by what is known"),
    derived("rip_probability_high", "%", "chỉ số dòng rip cao nhất có thể", "most the rip index can be"),
    derived("rip_wave_height", "m", "độ cao sóng đã dùng", "wave height that was used"),
    derived("rip_wave_angle", "deg", "góc sóng so với vuông góc bờ", "waves against the shore normal"),
    derived("rip_tide", "m", "mực nước đã dùng, so với trung bình", "sea level that was used"),
    derived("rip_peak_age", "h", "số giờ sau đỉnh sóng đã dùng", "hours since the peak that was used"),
    derived("rip_history", "h", "số giờ số liệu sóng đã dùng", "hours of waves that were used"),
    derived("offshore_current", "m/s", "dòng chảy ra biển", "seaward current, mean of 2 min"),
    derived(DANGER, "1", "mức nguy hiểm dòng rip", "danger of rip currents"),
    derived("rip_flag", "1", "cờ khuyến nghị", "recommended flag"),
    derived("rip_by_waves", "%", "chỉ số theo sóng trong đánh giá", "index by waves that had part in it"),
    derived("rip_wave_missing", "1", "số liệu sóng, triều còn thiếu", "what was missing of the waves"),
    derived("rip_missing", "1", "số liệu còn thiếu", "what was missing"),
    derived(BY_WAVES, "1", "nguy hiểm dòng rip theo sóng", "danger of rip currents by waves alone"),
    derived("rip_checklist", "1", "bảng điểm dòng rip", "rip current checklist"),
    Property(name="flag_set", unit="1", text=Text("cờ cứu hộ đang treo", "flag flown by the lifeguards"),
             reports="on_change", interval_s=86_400.0, codes=texts.FLAG_SET),
)  # fmt: skip

_DERIVES = (
    Derivation(
        ("wave_event", "wave_peak_age", "wave_history"), "wave_height", model.events,
        window_s=model.MEMORY_S, slots=model.SLOTS,
    ),
    # Only at gauges whose mean is known: elsewhere nothing can be said, and every gauge would pay for it.
    *(
        Derivation(
            ("tide_above_mean", "~tide"), "tide_level", beach.above_mean, window_s=beach.FLAT_S, slots=72,
            needs=(mean,),
        )
        for mean in ("mean_sea_level", "tide_z0")
    ),
    Derivation(
        ("rip_probability", "rip_probability_low", "rip_probability_high", "rip_wave_height",
         "rip_wave_angle", "rip_tide", "rip_peak_age", "rip_history", "rip_wave_missing"),
        "wave_height", points=beach.waves, anywhere=True, needs=_BEACH, inputs=_SEA,
    ),
    Derivation(
        ("~seaward_current",), "current_speed", points=beach.seaward, needs=_BEACH,
        inputs=("current_direction",),
    ),
    Derivation(("offshore_current",), "~seaward_current", beach.two_minutes, window_s=120.0, slots=120,
               alike=()),
    Derivation(
        _INDEX, "offshore_current", points=beach.by_meter,
        inputs=("rip_probability_low", "rip_probability_high", "rip_wave_missing", "wind_speed"),
    ),
    # Of two derivations of the same names the first that finds its source is the one: here, no meter.
    Derivation(
        _INDEX, "wave_height", points=beach.by_waves, anywhere=True, needs=_BEACH,
        inputs=(*_SEA, "wind_speed"),
    ),
    Derivation(
        (BY_WAVES,), "wave_height", points=beach.instead, anywhere=True, needs=_BEACH,
        inputs=(*_SEA, "rip_missing"),
    ),
    Derivation(("wave_max_12h",), "wave_height", model.highest, window_s=43_200.0, slots=72),
    Derivation(
        ("rip_checklist",), "wave_height", points=beach.checked, anywhere=True,
        needs=(*_BEACH, "rip_checklist"),
        inputs=("wave_direction", "wave_max_12h", "wave_period", "wind_speed"),
    ),
)  # fmt: skip

_SOURCE = (
    "P of Dusek & Seim 2013 (published, not calibrated here): 25 and 50 % of NOAA's maps, 80 % design "
    "default; seaward current 0.3, 0.5, 1.0 m/s: design default"
)
_LADDER = {
    # The scale of `_rip_beach`: P of 25, 50 and 80 %; a measured current of 0.3, 0.4, 0.5 and 1.0 m/s.
    "advisory": 1,
    "watch": 2,
    "warning": 3,
    "hysteresis": 0.2,
    # Rips come and go by the quarter of an hour, what drives them by the hour: four readings of a wave gauge.
    "off_delay_s": _TWO_HOURS,
    "source": _SOURCE,
}
_RULES = (
    {"id": "rip-current", "property": DANGER, **_LADDER, "emergency": 4},
    # When all comes up, waves may be heard before the meter: another reading of them must find it silent.
    {"id": "rip-waves", "property": BY_WAVES, **_LADDER, "on_delay_s": 1_800},
    {
        "id": "rip-checklist",
        "property": "rip_checklist",
        "advisory": 3,
        "watch": 7,
        "warning": 11.5,
        "hysteresis": 0.5,
        "off_delay_s": _TWO_HOURS,
        "source": "switched off until a site writes it; checklist after Meadows 2011, cuts 3, 7 and above 11 "
        "of public code (its comments: 4, 7): a second index for the same water, to compare with",
        "enabled": False,
    },
)

HAZARD = Hazard(
    name="rip_current",
    text=texts.NAME,
    properties={prop.name: prop for prop in _PROPERTIES},
    derives=_DERIVES,
    rules=tuple({**rule, "status": "default"} for rule in _RULES),
    words=texts.WORDS,
    advice=texts.ADVICE,
    cap=texts.CAP,
    reason=reason,
    attributes=reads.ATTRIBUTES,
    ascending=reads.ASCENDING,
    of_property={BY_WAVES: texts.BY_WAVES, "rip_checklist": texts.CHECKLIST},
)
