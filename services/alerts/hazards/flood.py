"""Floods: of rivers, streets and the coast, from reservoirs and through sewers.

River levels are attributes of the station: law where it is in the annex of Decision 05/2020/QĐ-TTg, else the
site's own; closed on the left: H ≥ BĐk. Whatever else is a number here is a design default unless it says
otherwise, and every default gives way to a rule of the site or an attribute of the station.

One flood at one gauge is one alert. So how fast the water rises, and how long until the next level, stand in
the reason of that alert; the rules on them, `flood-rise`, `street-rise` and `flood-ahead`, are switched off
until a site writes them (measured: docs/backtests.md).

Over 250 lines: nine things derived and twelve rules, as tables.
"""

import numpy as np

from services.alerts.derive import Computed, Series
from services.alerts.hazard import Cap, Derivation, Hazard, derived
from services.alerts.hazards import _flood_attributes as reads
from services.alerts.hazards import _flood_rain as rain
from services.alerts.hazards import _flood_shower as shower
from services.alerts.hazards import _flood_stage as stage
from services.alerts.hazards import _flood_texts as texts
from services.alerts.hazards._flood_reasons import reason
from services.alerts.hazards._flood_tide import residual
from services.alerts.rule.expression import parse
from services.observation.text import Text

RATE = "water_level_rate"
ETA = ("water_level_eta", "water_level_eta_low", "water_level_eta_high")
WORDS = texts.RIVER_WORDS

# Further below the first level than this, waves and noise at low water would look like a rise.
_ARMED = parse("station.bd1 - 0.5 or station.bd2 - 0.5 or station.bd3 - 0.5 or station.normal_level - 0.5")
_PONDING = parse(0.05)
_HALF_HOUR = 1800


_PROPERTIES = (
    derived(RATE, "m/h", "tốc độ nước lên", "rate of rise of the water"),
    derived(ETA[0], "min", "thời gian tới cấp báo động kế tiếp", "time to the next alert level"),
    derived(ETA[1], "min", "thời gian sớm nhất tới cấp kế tiếp", "earliest time to the next alert level"),
    derived(ETA[2], "min", "thời gian muộn nhất tới cấp kế tiếp", "latest time to the next alert level"),
    derived("street_depth_rate", "m/h", "tốc độ ngập đường", "rate of rise of the water on the street"),
    derived(
        "street_backflow", "m", "độ sâu nước trào ngược từ cống", "depth of water from a sewer that backs up"
    ),
    derived("tide_residual", "m", "nước dâng so với triều thiên văn", "surge above the predicted tide"),
    derived("reservoir_level", "m", "mực nước hồ", "reservoir level"),
    derived(
        "outflow_rise", "m3/s", "mức tăng lưu lượng xả trong một giờ", "growth of the outflow within an hour"
    ),
)

_DRY_MM = 1.0
"""Rain of the last hour, mm, below which water on a street has another cause (design default)."""


def backflow(series: Series) -> Computed:
    """Street water that rain does not explain, while the tide is above the outfall: its depth, m, (1, m).

    None where it rained, or the tide is below the station's `outfall_level` (m, datum of the tide gauge);
    nothing is said where rain or tide are not known.
    """
    rain, tide = series.held["rain_1h"], series.held["tide_level"]
    dry = rain < series.attributes.get("dry_rain_1h", _DRY_MM)
    drowned = tide >= series.attributes["outfall_level"]
    depth = np.where(dry & drowned, series.new_value, np.inf)
    return Computed(np.where(np.isnan(rain) | np.isnan(tide), np.nan, depth)[None, :])


def lake(series: Series) -> Computed:
    """The level of a reservoir under a name of its own: (1, m)."""
    return Computed(series.new_value[None, :])


def growth(series: Series) -> Computed:
    """How much more is released than at the least within the window: m³/s, (1, m)."""
    first = np.searchsorted(series.time, series.new_time - series.window)
    values = np.full((1, len(series.new_time)), np.nan)
    for at, (begin, end) in enumerate(zip(first.tolist(), series.upto.tolist(), strict=True)):
        if end > begin:
            values[0, at] = max(series.new_value[at] - series.value[begin:end].min(), 0.0)
    return Computed(values)


_DERIVES = (
    *shower.DERIVES,
    Derivation(
        (RATE, *ETA), "water_level", stage.rise, window_s=3_600.0, window_intervals=3, slots=16, above=_ARMED
    ),
    Derivation(
        ("street_depth_rate",), "street_depth", stage.rate, window_s=600.0, window_intervals=4, slots=16,
        above=_PONDING, alike=(),
    ),
    Derivation(
        ("street_backflow",), "street_depth", backflow, needs=("outfall_level",),
        inputs=("rain_1h", "tide_level"), alike=("dry_rain_1h", "outfall_level"),
    ),
    Derivation(("tide_residual",), "tide_level", residual, needs=("tide_z0",)),
    Derivation(("reservoir_level",), "water_level", lake, needs=("normal_level",), alike=()),
    Derivation(("outflow_rise",), "outflow", growth, window_s=3_600.0, window_intervals=1, alike=()),
)  # fmt: skip

_LEVEL = {
    "id": "flood-level",
    "property": "water_level",
    "advisory": "station.bd1",
    "watch": "station.bd2",
    "warning": "station.bd3",
    # Kept apart from the three of the law: what bulletins call "vượt lũ lịch sử", or BĐ3 + 1 m where
    # nobody knows the record.
    "emergency": "station.historic_max or station.bd3 + 1.0",
    # 5 cm: half the step between the levels of a tidal station (Phú An: 1.4, 1.5, 1.6 m).
    "hysteresis": 0.05,
    # Quality control has already dealt with spikes, and many Vietnamese gauges report once an hour: a
    # delay would cost an hour of warning, so the very reading that reaches the level raises.
    "on_delay_s": 0,
    # Half an hour below before it is over: stages oscillate about a level.
    "off_delay_s": _HALF_HOUR,
    "source": "levels of the station: of Decision 05/2020/QĐ-TTg where it is in its annex, "
    "else the site's own; hysteresis and delays: design default",
}
_STREET = {
    "id": "street-depth",
    "property": "street_depth",
    "advisory": 0.10,
    "watch": 0.20,
    "warning": 0.30,
    "emergency": 0.50,
    "hysteresis": 0.03,
    # Water that drains within half an hour is no flooded point in the lists of Hồ Chí Minh City.
    "off_delay_s": _HALF_HOUR,
    "source": "design default; 10 cm criterion of HCMC's lists, cars 25 and 35 cm, limits H1 and H2 of AIDR",
}
_TIDE = {
    "id": "tide-band",
    "property": "tide_level",
    "advisory": "station.tide_band_1",
    "watch": "station.tide_band_2",
    "warning": "station.tide_band_3",
    "emergency": "station.tide_band_4",
    "hysteresis": 0.05,
    "off_delay_s": _HALF_HOUR,
    "source": "bands in the datum of the station itself; at Vũng Tàu 4.0, 4.1, 4.2, 4.3 m (design default)",
}
_SURGE = {
    "id": "tide-surge",
    "property": "tide_residual",
    "advisory": 0.3,
    "watch": 0.5,
    "hysteresis": 0.05,
    # Half a tide: a surge comes and goes with the depth of the water it runs in.
    "off_delay_s": 12 * _HALF_HOUR,
    "source": "design default: observed less predicted tide, 0.3 and 0.5 m",
}
_BACKFLOW = {
    "id": "street-backflow",
    "property": "street_backflow",
    # Below the first rung of `street-depth`: from there on the street is flooded, whatever the cause.
    "advisory": 0.05,
    "hysteresis": 0.02,
    "off_delay_s": _HALF_HOUR,
    "source": "design default: 5 cm without rain while the tide is above the outfall",
}
_LOCKED = {
    "id": "outfall-locked",
    "kind": "and",
    "of": [
        {"property": "rain_1h", "at_least": 30, "hysteresis": 10},
        {
            "property": "tide_level",
            "at_least": "station.outfall_lock or station.tide_band_4",
            "hysteresis": 0.05,
        },
    ],
    # 30 mm in an hour are an advisory of rain: one class worse.
    "severity": "watch",
    "off_delay_s": _HALF_HOUR,
    "source": "design default: 30 mm in 1 h and the tide in its top band, or above the outfalls",
}
_RESERVOIR = {
    "id": "reservoir-level",
    "property": "reservoir_level",
    # A full lake at the end of the season is what everybody wants; 10 cm more is a flood being stored.
    "advisory": "station.normal_level + 0.1",
    "warning": "station.raised_level",
    "emergency": "station.crest_level",
    "hysteresis": 0.05,
    "off_delay_s": _HALF_HOUR,
    "source": "levels of the reservoir's own rules; 10 cm: design default",
}
_RELEASE = {
    "id": "reservoir-release",
    "property": "outflow",
    "advisory": "station.release_1",
    "watch": "station.release_2",
    "warning": "station.release_3",
    "emergency": "station.release_4",
    "off_delay_s": 2 * _HALF_HOUR,
    "source": "flows of the reservoir's own rules or of the channel downstream; none is built in",
}
_SUDDEN = {
    "id": "reservoir-sudden",
    "property": "outflow_rise",
    "watch": "station.release_rise_2",
    "warning": "station.release_rise_3",
    "off_delay_s": 2 * _HALF_HOUR,
    "source": "growth within an hour, by the reservoir's own rules; none is built in",
}
# Switched off: see the module's text. A site writes one to switch it on.
_OFF = "switched off until a site writes it; "
_RISE = {
    "id": "flood-rise",
    "property": RATE,
    "watch": 0.1,
    "warning": 0.3,
    "emergency": 0.5,
    "hysteresis": 0.03,
    "off_delay_s": _HALF_HOUR,
    "source": _OFF + "design default for rivers (canals and streams 0.3, 0.5, 1.0); tune it per station",
    "enabled": False,
}
_STREET_RISE = {
    "id": "street-rise",
    "property": "street_depth_rate",
    # 5, 10 and 20 cm in ten minutes.
    "watch": 0.3,
    "warning": 0.6,
    "emergency": 1.2,
    "hysteresis": 0.1,
    "off_delay_s": _HALF_HOUR,
    "source": _OFF + "design default: 5, 10, 20 cm in 10 min",
    "enabled": False,
}
_AHEAD = {
    "id": "flood-ahead",
    "property": ETA[0],
    "direction": "down",
    "advisory": 60,
    "hysteresis": 30,
    "off_delay_s": _HALF_HOUR,
    "source": _OFF + "design default: the next level within the hour",
    "enabled": False,
}

HAZARD = Hazard(
    name="flood",
    text=Text("lũ, ngập", "flood"),
    properties={prop.name: prop for prop in (*shower.PROPERTIES, *_PROPERTIES)},
    derives=_DERIVES,
    rules=tuple(
        {**rule, "status": "default"}
        for rule in (
            _LEVEL, shower.RULE, _STREET, _TIDE, _SURGE, _BACKFLOW, _LOCKED, _RESERVOIR, _RELEASE, _SUDDEN,
            _RISE, _STREET_RISE, _AHEAD,
        )
    ),
    words=WORDS,
    advice=texts.RIVER_ADVICE,
    cap=Cap("Met", Text("Lũ", "Flood"), ("Monitor", "Prepare", "Evacuate")),
    reason=reason,
    attributes=reads.ATTRIBUTES,
    ascending=reads.ASCENDING,
    of_property={
        rain.SEVERITY: shower.PART,
        "street_depth": texts.STREET,
        "street_depth_rate": texts.STREET,
        "street_backflow": texts.BACKFLOW,
        "tide_level": texts.TIDE,
        "tide_residual": texts.SURGE,
        "reservoir_level": texts.RESERVOIR,
        "outflow": texts.RELEASE,
        "outflow_rise": texts.RELEASE,
        "outfall-locked": texts.LOCKED,  # a rule without a property goes by its id
    },
)  # fmt: skip
