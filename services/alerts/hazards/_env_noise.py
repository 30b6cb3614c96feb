"""Noise of an hour against the limits by zone and time of day.

LAeq of an hour is the energy mean of its readings. The limits are those of QCVN 26:2010/BTNMT, which was law
up to 13 November 2025; QCVN 26:2025/BNNMT follows it with five areas and three periods, and its numbers were
not found. So from 14 November 2025 on there is no legal verdict here: the same numbers serve as a guideline.
Fines (Decree 45/2022/NĐ-CP) are for an inspector with a calibrated meter, and are not computed.
"""

import numpy as np

from services.alerts.derive import Bools, Computed, Floats, Ints, Series
from services.alerts.hazard import Derivation
from services.alerts.hazards import _env_hours as hours
from services.observation.quantity import Property
from services.observation.text import Text

LAEQ, EXCESS = "noise_laeq", "noise_excess"
ZONE = "noise_zone"

SPECIAL, ORDINARY = 1, 2
LIMITS: dict[float, tuple[float, float]] = {SPECIAL: (55.0, 45.0), ORDINARY: (70.0, 55.0)}
"""dBA by day (06 to 21 h) and by night, by zone (verified: text of QCVN 26:2010/BTNMT)."""

_MORNING, _EVENING = 6, 21
_TENTH = 10.0


def by_day(hour: Ints) -> Bools:
    """Whether the hour that ends at 1 to 24 o'clock lies between 06 and 21 h."""
    return np.asarray((hour > _MORNING) & (hour <= _EVENING))


def limit(zone: float, hour: Ints) -> Floats:
    """Limit, dBA, in a zone for the hours of these names; NaN for a zone that there is not."""
    light, dark = LIMITS.get(zone, (np.nan, np.nan))
    return np.where(by_day(hour), light, dark)


def excess(series: Series) -> Computed:
    """How far an hour's LAeq is above the limit, dB to a tenth: (1, m). A limit that is just met is met."""
    hour = hours.label(series, hours.ends(series, series.new_time))
    over = series.new_value - limit(series.attributes[ZONE], hour)
    return Computed((np.rint(over * _TENTH) / _TENTH)[None])


DERIVES = (
    Derivation((LAEQ,), "sound_level", hours.energy_mean, window_s=hours.KEPT_S, alike=()),
    Derivation((EXCESS,), LAEQ, excess, needs=(ZONE,), alike=(ZONE,)),
)
PROPERTIES = (
    Property(
        name=LAEQ, unit="dB", text=Text("mức ồn tương đương 1 giờ (LAeq)", "LAeq of the hour"), derived=True
    ),
    Property(
        name=EXCESS, unit="dB", text=Text("mức ồn vượt giới hạn", "noise above the limit"), derived=True
    ),
)
