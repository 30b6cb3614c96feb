"""Observed properties: what can be measured, in which canonical unit, and what is plausible.

The numbers are *design defaults* for quality control, not law: a site's `sensors.csv` overrides
each of them per sensor. Hazards may add properties of their own.
"""

from typing import Literal

import msgspec

from services.observation.text import Text

Reports = Literal["periodic", "on_change", "momentary"]


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """One observed property. Limits are in `unit`; None is no limit. See `Sensor` for their meaning.

    `codes` maps the texts a sensor may send (`vs`) to integers; a text that is not listed is a reject.
    `derived`: the engine computes it; no gateway may send it.
    `leap`: a change since the last reading above this is SUSPECT when the neighbours within `neighbour_km`
    kilometres did not move with it; None is no such test. Both may be set per station, as attributes.
    `many`: it comes by the hundred at one gateway, as of lamps, so that their silence is told together.
    """

    name: str
    unit: str
    text: Text
    reports: Reports = "periodic"
    interval_s: float = 600.0
    fail_min: float | None = None
    fail_max: float | None = None
    suspect_min: float | None = None
    suspect_max: float | None = None
    rate_per_s: float | None = None
    spike: float | None = None
    leap: float | None = None
    neighbour_km: float = 5.0
    codes: dict[str, int] | None = None
    derived: bool = False
    many: bool = False


_ON_OFF = {"off": 0, "on": 1, "OFF": 0, "ON": 1, "false": 0, "true": 1}
_DOOR = {"closed": 0, "open": 1, "CLOSED": 0, "OPEN": 1}


def _property(  # noqa: PLR0913  one row of the table below
    name: str,
    unit: str,
    vi: str,
    en: str,
    fail: tuple[float | None, float | None] = (None, None),
    *,
    interval_s: float = 600.0,
    rate_per_s: float | None = None,
    spike: float | None = None,
    leap: float | None = None,
    neighbour_km: float = 5.0,
    codes: dict[str, int] | None = None,
    many: bool = False,
) -> Property:
    return Property(
        name=name,
        unit=unit,
        text=Text(vi, en),
        reports="on_change" if codes else "periodic",
        interval_s=interval_s,
        fail_min=fail[0],
        fail_max=fail[1],
        rate_per_s=rate_per_s,
        spike=spike,
        leap=leap,
        neighbour_km=neighbour_km,
        codes=codes,
        many=many,
    )


# Every station has its own datum, and a gauge at 400 m above sea level is as right as one at 4 m. So the
# range of a level is that of all land, which keeps out codes of error (±9999, 1e12). How fast a level may
# change has no default: whoever tries a rule by hand sends in seconds what a river takes hours for, and a
# gauge that reports once an hour leaps in every flood. A site sets `rate_per_s` or `spike` where it knows.
_ANYWHERE = (-450.0, 9000.0)
_TABLE = (
    _property(
        "water_level",
        "m",
        "mực nước",
        "water level",
        _ANYWHERE,
        leap=0.5,
        neighbour_km=20.0,
    ),
    _property(
        "street_depth",
        "m",
        "độ sâu ngập đường",
        "street inundation depth",
        (-0.05, 5.0),
        interval_s=60,
        leap=0.3,
        neighbour_km=3.0,
    ),
    _property("tide_level", "m", "mực nước triều", "tide level", _ANYWHERE),
    _property("discharge", "m3/s", "lưu lượng", "discharge", (0.0, None)),
    _property("inflow", "m3/s", "lưu lượng đến hồ", "reservoir inflow"),
    _property("outflow", "m3/s", "lưu lượng xả", "reservoir outflow"),
    _property("storage", "m3", "dung tích hồ", "reservoir storage"),
    _property("rainfall", "mm", "lượng mưa", "rainfall in the interval", (0.0, 500.0)),
    _property("rain_total", "mm", "tổng lượng mưa (bộ đếm)", "rain counter", (0.0, None)),
    _property("rain_rate", "mm/h", "cường độ mưa", "rain rate", (0.0, 1000.0)),
    # One impossible sea would be remembered as an event for days.
    _property(
        "wave_height", "m", "độ cao sóng", "significant wave height", (0.0, 20.0), interval_s=1800, spike=1.5
    ),
    _property("wave_period", "s", "chu kỳ sóng", "dominant wave period", (0.0, 40.0), interval_s=1800),
    _property("wave_direction", "deg", "hướng sóng", "mean wave direction", (0.0, 360.0), interval_s=1800),
    _property("current_speed", "m/s", "tốc độ dòng chảy", "current speed", (0.0, 5.0)),
    _property("current_direction", "deg", "hướng dòng chảy", "current direction", (0.0, 360.0)),
    _property(
        "electric_field",
        "V/m",
        "điện trường khí quyển",
        "atmospheric electric field",
        (-5e4, 5e4),
        interval_s=1,
    ),
    _property("lamp_state", "1", "trạng thái đèn", "lamp state", codes=_ON_OFF, interval_s=900, many=True),
    _property("dimming", "%", "mức sáng", "dimming level", (0.0, 100.0), interval_s=900, many=True),
    _property("door", "1", "cửa tủ", "cabinet door", codes=_DOOR, interval_s=900),
    _property("active_power", "W", "công suất", "active power", (0.0, None), interval_s=900, many=True),
    _property("supply_voltage", "V", "điện áp", "supply voltage", (0.0, 500.0), interval_s=900),
    _property("supply_current", "A", "dòng điện", "supply current", (0.0, None), interval_s=900),
    _property("leakage_current", "A", "dòng rò", "leakage current", (0.0, None), interval_s=900),
    _property("power_factor", "1", "hệ số công suất", "power factor", (-1.0, 1.0), interval_s=900, many=True),
    _property("energy", "kWh", "điện năng", "energy", (0.0, None), interval_s=900, many=True),
    _property(
        "burning_hours", "h", "giờ thắp sáng", "burning hours", (0.0, None), interval_s=3600, many=True
    ),
    # A leap of 200 within an hour is no haze: of 12,000 hours in Hà Nội it stops the one artefact (323), and
    # holds up one of 37 real episodes in Beijing for an hour; 100 would stop real ones.
    _property("pm2_5", "ug/m3", "bụi PM2.5", "PM2.5", (0.0, 1000.0), interval_s=3600, spike=200.0),
    _property("pm10", "ug/m3", "bụi PM10", "PM10", (0.0, 2000.0), interval_s=3600),
    _property("so2", "ug/m3", "SO₂", "sulphur dioxide", (0.0, 5000.0), interval_s=3600),
    _property("no2", "ug/m3", "NO₂", "nitrogen dioxide", (0.0, 5000.0), interval_s=3600),
    _property("co", "ug/m3", "CO", "carbon monoxide", (0.0, 100_000.0), interval_s=3600),
    _property("o3", "ug/m3", "O₃", "ozone", (0.0, 2000.0), interval_s=3600),
    _property("sound_level", "dB", "mức ồn", "sound level", (0.0, 160.0), interval_s=60),
    _property("air_temperature", "Cel", "nhiệt độ không khí", "air temperature", (-40.0, 60.0)),
    _property("humidity", "%RH", "độ ẩm", "relative humidity", (0.0, 105.0)),
    _property("air_pressure", "hPa", "khí áp", "air pressure", (800.0, 1100.0)),
    _property("dew_point", "Cel", "điểm sương", "dew point", (-60.0, 40.0)),
    _property("wind_speed", "m/s", "tốc độ gió", "wind speed", (0.0, 100.0)),
    _property("wind_gust", "m/s", "gió giật", "wind gust", (0.0, 120.0)),
    _property("wind_direction", "deg", "hướng gió", "wind direction", (0.0, 360.0)),
    _property("water_temperature", "Cel", "nhiệt độ nước", "water temperature", (-3.0, 50.0)),
    _property("ph", "pH", "độ pH", "pH", (0.0, 14.0), interval_s=900),
    _property("dissolved_oxygen", "mg/l", "oxy hòa tan", "dissolved oxygen", (0.0, 25.0), interval_s=900),
    _property("turbidity", "NTU", "độ đục", "turbidity", (0.0, None), interval_s=900),
    _property("conductivity", "S/m", "độ dẫn điện", "conductivity", (0.0, 10.0), interval_s=900),
    _property("tilt", "deg", "độ nghiêng", "tilt", (-180.0, 180.0), spike=5.0),
    _property("tilt_x", "deg", "độ nghiêng trục x", "tilt, x axis", (-180.0, 180.0), spike=5.0),
    _property("tilt_y", "deg", "độ nghiêng trục y", "tilt, y axis", (-180.0, 180.0), spike=5.0),
    _property("soil_moisture", "%", "độ ẩm đất", "soil moisture", (0.0, 100.0), interval_s=3600),
    _property("battery", "%EL", "pin", "battery charge", (0.0, 100.0), interval_s=3600),
    _property("battery_voltage", "V", "điện áp pin", "battery voltage", (0.0, 60.0), interval_s=3600),
    _property("distance", "m", "khoảng cách", "distance", (0.0, None)),
)

PROPERTIES: dict[str, Property] = {prop.name: prop for prop in _TABLE}
"""All properties of the service by name; hazards add theirs."""
