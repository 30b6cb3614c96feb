"""What is derived from an air station: means of hours, 8 and 24 hours, AQI of each pollutant, VN_AQI.

Level by level: readings → the mean of each hour → that pollutant's index, longer means and, at hour 24, its
daily index → the station's VN_AQI. Between two hours every level is silent, so a station that reports by
the minute costs a comparison per reading.

Days run from hour 1 to hour 24 (Decision 1459/QĐ-TCMT). A mean of 8 hours needs 6 of them, one of 24 hours 18
(recalled, design default); so does the daily index of a gas, a maximum.
"""

import numpy as np

from services.alerts.derive import Compute, Computed, Floats, Ints, Series
from services.alerts.hazard import HIDDEN, Derivation, derived
from services.alerts.hazards import _env_aqi as aqi
from services.alerts.hazards import _env_hours as hours
from services.observation.quantity import Property
from services.observation.text import Text

NAMES = {
    "pm2_5": Text("bụi PM2.5", "PM2.5"),
    "pm10": Text("bụi PM10", "PM10"),
    "o3": Text("ôzôn (O₃)", "ozone (O₃)"),
    "no2": Text("nitơ điôxit (NO₂)", "nitrogen dioxide (NO₂)"),
    "so2": Text("lưu huỳnh điôxit (SO₂)", "sulphur dioxide (SO₂)"),
    "co": Text("cacbon monoxit (CO)", "carbon monoxide (CO)"),
    "tsp": Text("tổng bụi lơ lửng (TSP)", "total suspended particles (TSP)"),
}
AQI, AQI_DAY = "aqi_{}", "aqi_day_{}"
VN_AQI, VN_AQI_DAY = "vn_aqi", "vn_aqi_day"
INDICES = tuple(AQI.format(name) for name in aqi.POLLUTANTS)

_DAY, _EIGHT = 24, 8
_DAY_NEEDS, _EIGHT_NEEDS = 18, 6
_AT = HIDDEN + "{}_hour"
"""Which hour the index of a pollutant is of, in hours since 1970: so that two hours are never mixed."""


def _day(series: Series, end: Ints, found: Floats) -> Floats:
    """The same where hour 24 closes, else NaN."""
    return np.where(hours.label(series, end) == _DAY, found, np.nan)


def _hour(series: Series, end: Ints) -> Floats:
    return np.asarray((end - series.shift) / hours.HOUR)


def particles(name: str) -> Compute:
    """Nowcast and its index, the hours it rests on, and at hour 24 the day's mean and its index."""

    def compute(series: Series) -> Computed:
        means, end = hours.past_hours(series, _DAY)
        latest = means[:, : aqi.HOURS]
        now = aqi.nowcast(latest)
        used = np.where(np.isnan(now), np.nan, (~np.isnan(latest)).sum(axis=1))
        day = _day(series, end, hours.mean_of(means, _DAY_NEEDS))
        return Computed(
            np.stack([aqi.index(now, name), now, used, day, aqi.index(day, name), _hour(series, end)])
        )

    return compute


def ozone(series: Series) -> Computed:
    """Index of the hour, mean of 8 hours; at hour 24 the worse of the day's highest hour and 8 hours."""
    means, end = hours.past_hours(series, _DAY + _EIGHT - 1)
    eight = hours.mean_of(means[:, :_EIGHT], _EIGHT_NEEDS)
    day = np.full(len(end), np.nan)
    last = np.flatnonzero(hours.label(series, end) == _DAY)
    if len(last):
        rows = means[last]
        moving = np.stack([hours.mean_of(rows[:, k : k + _EIGHT], _EIGHT_NEEDS) for k in range(_DAY)], axis=1)
        by_hour = aqi.index(hours.most_of(rows[:, :_DAY], _DAY_NEEDS), "o3")
        day[last] = np.where(
            np.isnan(by_hour), np.nan, np.fmax(by_hour, aqi.index(hours.most_of(moving, 1), "o3_8h"))
        )
    return Computed(np.stack([aqi.index(series.new_value, "o3"), eight, day, _hour(series, end)]))


def gas(name: str, *, eight: bool) -> Compute:
    """Index of the hour, mean of 8 hours (`eight`) or of the day, and at hour 24 the index of its maximum."""

    def compute(series: Series) -> Computed:
        means, end = hours.past_hours(series, _DAY)
        if eight:
            long = hours.mean_of(means[:, :_EIGHT], _EIGHT_NEEDS)
        else:
            long = _day(series, end, hours.mean_of(means, _DAY_NEEDS))
        day = _day(series, end, hours.most_of(means, _DAY_NEEDS))
        return Computed(
            np.stack([aqi.index(series.new_value, name), long, aqi.index(day, name), _hour(series, end)])
        )

    return compute


def dust(series: Series) -> Computed:
    """Mean of the day of total suspended particles, at hour 24: they have no index."""
    means, end = hours.past_hours(series, _DAY)
    return Computed(_day(series, end, hours.mean_of(means, _DAY_NEEDS))[None])


def station(series: Series) -> Computed:
    """VN_AQI of the hour and, at hour 24, of the day: the worst index of that very hour or day.

    Only where PM2.5 or PM10 has one. *At least* while a pollutant that had an index an hour ago has not yet
    told this hour's.
    """
    mine = _hour(series, hours.ends(series, series.new_time))
    worst, worst_day = (np.full(len(mine), np.nan) for _ in range(2))
    pending = np.zeros(len(mine), bool)
    dusty, dusty_day = (np.zeros(len(mine), bool) for _ in range(2))
    for name in aqi.POLLUTANTS:
        at = series.held[_AT.format(name)]
        hourly = np.where(at == mine, series.held[AQI.format(name)], np.nan)
        daily = np.where(at == mine, series.held[AQI_DAY.format(name)], np.nan)
        worst, worst_day = np.fmax(worst, hourly), np.fmax(worst_day, daily)
        pending |= at == mine - 1
        if name in aqi.PARTICLES:
            dusty |= ~np.isnan(hourly)
            dusty_day |= ~np.isnan(daily)
    values = np.stack([np.where(dusty, worst, np.nan), np.where(dusty_day, worst_day, np.nan)])
    return Computed(values, np.stack([pending, pending]))


_KEPT_S = 3600.0 * (_DAY + 1)
_INPUTS = tuple(form.format(name) for name in aqi.POLLUTANTS for form in (AQI, AQI_DAY, _AT))


def _outputs(name: str, *more: str) -> tuple[str, ...]:
    return AQI.format(name), *more, AQI_DAY.format(name), _AT.format(name)


def _of_particles(name: str) -> Derivation:
    outputs = _outputs(name, f"{name}_nowcast", f"{name}_hours", f"{name}_24h")
    return Derivation(outputs, f"{name}_1h", particles(name), window_s=_KEPT_S, alike=())


_DUSTS, _GASES = ("pm2_5", "pm10", "tsp"), ("o3", "no2", "so2", "co")
DERIVES = (
    *(
        Derivation((f"{name}_1h",), name, compute, window_s=hours.KEPT_S, alike=(hours.GAS_REFERENCE,))
        for names, compute in ((_DUSTS, hours.mean), (_GASES, hours.mean_of_gas))
        for name in names
    ),
    _of_particles("pm2_5"),
    _of_particles("pm10"),
    Derivation(_outputs("o3", "o3_8h"), "o3_1h", ozone, window_s=_KEPT_S + 3600.0 * _EIGHT, alike=()),
    Derivation(_outputs("no2", "no2_24h"), "no2_1h", gas("no2", eight=False), window_s=_KEPT_S, alike=()),
    Derivation(_outputs("so2", "so2_24h"), "so2_1h", gas("so2", eight=False), window_s=_KEPT_S, alike=()),
    Derivation(_outputs("co", "co_8h"), "co_1h", gas("co", eight=True), window_s=_KEPT_S, alike=()),
    Derivation(("tsp_24h",), "tsp_1h", dust, window_s=_KEPT_S, alike=()),
    # Of a station with both, PM2.5 gives the beat.
    Derivation((VN_AQI, VN_AQI_DAY), "pm2_5_1h", station, inputs=_INPUTS, alike=()),
    Derivation((VN_AQI, VN_AQI_DAY), "pm10_1h", station, inputs=_INPUTS, alike=()),
)  # fmt: skip


def _properties() -> tuple[Property, ...]:
    found = [
        Property(
            name="tsp", unit="ug/m3", text=NAMES["tsp"], interval_s=3600.0, fail_min=0.0, fail_max=5000.0
        ),
        derived(VN_AQI, "1", "VN_AQI giờ", "VN_AQI of the hour"),
        derived(VN_AQI_DAY, "1", "VN_AQI ngày", "VN_AQI of the day"),
    ]
    for name, text in NAMES.items():
        found.append(derived(f"{name}_1h", "ug/m3", f"{text.vi} trung bình 1 giờ", f"{text.en}, mean of 1 h"))
        if name in aqi.POLLUTANTS:
            found.append(derived(AQI.format(name), "1", f"AQI giờ của {text.vi}", f"hourly AQI of {text.en}"))
            found.append(
                derived(AQI_DAY.format(name), "1", f"AQI ngày của {text.vi}", f"daily AQI of {text.en}")
            )
        if name in aqi.PARTICLES:
            found.append(derived(f"{name}_nowcast", "ug/m3", f"Nowcast {text.vi}", f"Nowcast of {text.en}"))
            found.append(
                derived(f"{name}_hours", "h", f"số giờ có số liệu của {text.vi}", f"hours known of {text.en}")
            )
        span = 8 if name in ("o3", "co") else 24
        found.append(
            derived(
                f"{name}_{span}h", "ug/m3", f"{text.vi} trung bình {span} giờ", f"{text.en}, mean of {span} h"
            )
        )
    return tuple(found)


PROPERTIES = _properties()
