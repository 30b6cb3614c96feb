"""The environment: the air by VN_AQI and by its limits, noise by hour and zone, surface water.

An index of the air is not a limit. VN_AQI (Decision 1459/QĐ-TCMT) tells people what to do in this hour, and
is one alert for an area; that a mean of 8 hours or of a day exceeds QCVN 05:2023/BTNMT is a finding for the
authority. Both are derived at every station. By default a limit alerts only where the index does not tell it.

Air and noise are told at the end of an hour of the legal clock; `_env_hours` says which reading is of which.
"""

from services.alerts.hazard import Cap, Hazard, Part
from services.alerts.hazards import _env_air as air
from services.alerts.hazards import _env_attributes as reads
from services.alerts.hazards import _env_noise as noise
from services.alerts.hazards import _env_rules as rules
from services.alerts.hazards import _env_texts as texts
from services.alerts.hazards import _env_water as water
from services.alerts.hazards._env_aqi import CLASSES
from services.alerts.hazards._env_reasons import reason
from services.observation.text import Text

__all__ = ["CLASSES", "HAZARD"]

_PROPERTIES = (*air.PROPERTIES, *noise.PROPERTIES, *water.PROPERTIES)
_PROBED = ("ph", "turbidity", "turbidity_ratio", "conductivity_step", "salinity_step")


def _parts() -> dict[str, Part]:
    found = {str(table["property"]): texts.LIMIT for table in rules.LIMITS}
    found |= dict.fromkeys((noise.LAEQ, noise.EXCESS), texts.NOISE)
    found |= dict.fromkeys((*water.TABLE_2, *(f"{name}_grades_worse" for name in water.GRADED)), texts.WATER)
    found |= dict.fromkeys(water.TABLE_1, texts.SUBSTANCE)
    return found | dict.fromkeys(_PROBED, texts.PROBE) | {"dissolved_oxygen": texts.OXYGEN}


HAZARD = Hazard(
    name="environment",
    text=Text("môi trường", "environment"),
    properties={prop.name: prop for prop in _PROPERTIES},
    derives=(*air.DERIVES, *noise.DERIVES, *water.DERIVES),
    rules=(rules.AQI, *rules.LIMITS, *rules.NOISE, *rules.WATER),
    words=texts.AQI_WORDS,
    advice=texts.AQI_ADVICE,
    cap=Cap("Env", Text("Ô nhiễm không khí", "Air pollution"), ("Monitor", "Avoid", "Shelter")),
    reason=reason,
    attributes=reads.ATTRIBUTES,
    of_property=_parts(),
)
