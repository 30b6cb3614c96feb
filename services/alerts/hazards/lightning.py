"""Lightning: strikes in rings round protected places, cells on their way, and field mills.

A protected place is a station with the attribute `lightning_place`. It has one alert, the ladder of its
phase: monitor, prepare, warning, danger. A strike moves it at once, at its own instant; at each full minute
the cells of the last half hour and the nearest field mill do. Each phase ends by a clock of its own, which
every strike within its ring starts again, and which stands still while no detector is heard.

Mills speak for a place's phase in the step that strikes make, so a site without a source of strikes switches
`field-mill` on. Two mills of an area that agree need no strike: `field-mills`, an alert of the area.

10 km and 30 min are published (30-30 rule); every other number is a design default, and each gives way to a
rule of the site or an attribute of the station.
"""

from services.alerts.hazard import Derivation, Hazard, Part, StrikeDerivation
from services.alerts.hazards import _lightning_attributes as reads
from services.alerts.hazards import _lightning_field as mill
from services.alerts.hazards import _lightning_rings as rings
from services.alerts.hazards import _lightning_texts as texts
from services.alerts.hazards._lightning_reasons import reason
from services.observation.quantity import Property
from services.observation.text import Text

PLACE = "lightning_place"
_MINUTE = 60.0
_ALL_CLEAR_S = 30 * _MINUTE
_MONITOR_S = 15 * _MINUTE
_CALM_S = 15 * _MINUTE


def _made(name: str, unit: str, vi: str, en: str) -> Property:
    """A property of a place that holds only at the instant of its reading."""
    return Property(name=name, unit=unit, text=Text(vi, en), reports="momentary", derived=True)


def _measured(name: str, unit: str, vi: str, en: str) -> Property:
    return Property(name=name, unit=unit, text=Text(vi, en), interval_s=1.0, derived=True)


_PROPERTIES = (
    _made("strike_distance", "km", "khoảng cách tới sét", "distance of a strike"),
    _made("strike_bearing", "deg", "hướng của sét", "direction of a strike"),
    _made("lightning_phase", "1", "mức nguy cơ sét", "phase of the lightning alert"),
    _made("strikes_10min", "1", "số lần sét trong 10 phút", "strikes in 10 min"),
    _made("storm_eta", "min", "thời gian ổ dông tới", "time until a storm cell arrives"),
    _made("storm_bearing", "deg", "hướng của ổ dông", "direction of the storm cell"),
    _made("flash_jump", "1", "mức tăng vọt của sét", "strength of a lightning jump"),
    _made("lightning_evidence", "1", "căn cứ của mức nguy cơ sét", "evidence of the lightning phase"),
    # A network is heard by this when no strike falls: its clock goes on, and its silence is known.
    Property(
        name="strike_detectors",
        unit="1",
        text=Text("số máy định vị sét đang hoạt động", "lightning detectors at work"),
        interval_s=60.0,
        fail_min=0.0,
    ),
    _measured("field_mean", "V/m", "điện trường trung bình 1 phút", "electric field, mean of a minute"),
    _measured("field_step", "1", "bậc điện trường", "step of the electric field"),
)

_LIGHTNING = {
    "id": "lightning",
    "property": "lightning_phase",
    "advisory": rings.MONITOR,
    "watch": rings.PREPARE,
    "warning": rings.WARNING,
    "emergency": rings.DANGER,
    # A value half below a warning keeps it: a strike within `lightning_all_clear_km`, a mill not calm.
    "hysteresis": {"watch": 0.5, "warning": 0.5},
    # Cleared by the clock, restarted by every strike in the ring; frozen while no detector is heard.
    "off_delay_s": {
        "advisory": _MONITOR_S,
        "watch": _ALL_CLEAR_S,
        "warning": _ALL_CLEAR_S,
        "emergency": _ALL_CLEAR_S,
    },
    "source": "10 km and 30 min published (30-30 rule); 20, 16 and 8 km, 15 min, ETA 30 and 15 min: design "
    "default; attributes lightning_monitor_km, _prepare_km, _warning_km, _danger_km, _all_clear_km",
    "status": "default",
}
_MILLS = {
    "id": "field-mills",
    "kind": "k_of_n",
    "k": 2,
    "property": "field_step",
    "warning": mill.WARNING,
    "emergency": mill.DANGER,
    # Calm is below 0.5 kV/m.
    "hysteresis": {"warning": 1.5, "emergency": 1.0},
    "off_delay_s": _CALM_S,
    "source": "design default: two mills of an area at 2 kV/m (mean of 1 min) or 4 kV/m (30 s)",
    "status": "default",
}
_OFF = "switched off until a site writes it; "
_MILL = {
    "id": "field-mill",
    "property": "field_step",
    "watch": mill.WATCH,
    "hysteresis": 0.5,
    "off_delay_s": _CALM_S,
    "source": _OFF + "design default: one mill at 1 kV/m, or reversed beyond 0.5 kV/m within 10 min; "
    "for sites without a source of strikes",
    "status": "default",
    "enabled": False,
}
_STRIKES = {
    "id": "strike-rings",
    "property": "strike_distance",
    "direction": "down",
    "advisory": 20,
    "watch": 16,
    "warning": 10,
    "emergency": 8,
    "off_delay_s": {
        "advisory": _MONITOR_S,
        "watch": _ALL_CLEAR_S,
        "warning": _ALL_CLEAR_S,
        "emergency": _ALL_CLEAR_S,
    },
    "source": _OFF
    + "the rings alone, without cells and mills: 10 km and 30 min published, rest design default",
    "status": "default",
    "enabled": False,
}
_JUMP = {
    "id": "flash-jump",
    "property": "flash_jump",
    "advisory": 1,
    # Jumps within six minutes are one.
    "off_delay_s": 6 * _MINUTE,
    "source": _OFF + "two-sigma jump, 10 flashes/min (Schultz et al. 2009, 2011); floor of sigma 0.5 and "
    "40 km: design default",
    "status": "guideline",
    "enabled": False,
}

HAZARD = Hazard(
    name="lightning",
    text=Text("sét", "lightning"),
    properties={prop.name: prop for prop in _PROPERTIES},
    derives=(
        Derivation(mill.OUTPUTS, "electric_field", mill.field, window_s=mill.WINDOW_S, slots=mill.SLOTS,
                   alike=mill.ATTRIBUTES, rests=mill.lowest_level),
    ),
    strikes=(
        StrikeDerivation(
            rings.OUTPUTS, (PLACE,), rings.near, rings.step, inputs=("field_step",), alive="strike_detectors"
        ),
    ),
    rules=(_LIGHTNING, _MILLS, _MILL, _STRIKES, _JUMP),
    words=texts.WORDS,
    advice=texts.ADVICE,
    cap=texts.CAP,
    reason=reason,
    attributes=reads.ATTRIBUTES,
    ascending=reads.ASCENDING,
    of_property={
        "field_step": texts.FIELD,
        "flash_jump": texts.JUMP,
        "field-mills": Part(text=texts.FIELD.text, words=texts.FIELD.words, advice=texts.ADVICE),
    },
)  # fmt: skip
