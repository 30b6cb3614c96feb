"""The environment: the air by VN_AQI and by its limits, noise by hour and zone, surface water.

An index of the air is not a limit. VN_AQI (Decision 1459/QĐ-TCMT) tells people what to do in this hour, and
is one alert for an area; that a mean of 8 hours or of a day exceeds QCVN 05:2023/BTNMT is a finding for the
authority. Both are derived at every station. By default a limit alerts only where the index does not tell it.

Air and noise are told at the end of an hour of the legal clock; `_env_hours` says which reading is of which.
"""

from services.alerts.hazard import Cap, Hazard, Part
from services.alerts.hazards import _env_air as air
from services.alerts.hazards import _env_noise as noise
from services.alerts.hazards import _env_rules as rules
from services.alerts.hazards import _env_texts as texts
from services.alerts.hazards import _env_water as water
from services.alerts.hazards._env_aqi import CLASSES
from services.alerts.hazards._env_reasons import reason
from services.observation.text import Text

__all__ = ["CLASSES", "HAZARD"]

_PROPERTIES = (*air.PROPERTIES, *noise.PROPERTIES, *water.PROPERTIES)
_WATERS = (*water.TABLE_1, *water.TABLE_2, *(prop.name for prop in water.PROPERTIES if prop.derived))


def _parts() -> dict[str, Part]:
    found = {str(table["property"]): texts.LIMIT for table in rules.LIMITS}
    found |= dict.fromkeys((noise.LAEQ, noise.EXCESS), texts.NOISE)
    return found | dict.fromkeys((*_WATERS, "dissolved_oxygen", "ph", "turbidity"), texts.WATER)


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
    of_property=_parts(),
)
