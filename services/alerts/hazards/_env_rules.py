"""The default rules of air, noise and water: tables, each with what its numbers rest on."""

from typing import Any

from services.alerts.hazards import _env_air as air
from services.alerts.hazards import _env_noise as noise
from services.alerts.hazards import _env_water as water

Table = dict[str, Any]

_HALF_HOUR, _HOUR, _DAY = 1_800, 3_600, 86_400
_OVER = 1e-6
"""A limit that is just met is met, and a rung is reached at its threshold."""
_OFF = "switched off until a site writes it; "

AQI: Table = {
    "id": "vn-aqi",
    # The worst pollutant of the worst station: one alert for an area, not one per instrument.
    "kind": "k_of_n",
    "k": 1,
    "property": air.INDICES[0],
    "also": list(air.INDICES[1:]),
    "advisory": 101,
    "watch": 151,
    "warning": 201,
    "emergency": 301,
    # Indices are told once an hour, and waver about a step: ten below it before a class is left.
    "hysteresis": 10,
    "status": "legal",
    "source": "classes of Decision 1459/QĐ-TCMT of 12 Nov 2019; hysteresis: design default",
}

_QCVN_AIR = "QCVN 05:2023/BTNMT (Circular 01/2023/TT-BTNMT)"


def _over(name: str, limit: float, why: str = "", **more: Any) -> Table:
    # The mean of a day is told at 24:00, when the next has begun: dates of its rules are a day later.
    of_day = name.endswith("_24h")
    return {
        "id": f"air-{name.replace('_', '-')}",
        "property": name,
        "advisory": limit + _OVER,
        # The mean of 8 hours moves each hour, that of a day once a day.
        "off_delay_s": 0,
        "status": "legal",
        "source": f"{why}{_QCVN_AIR}: {limit:g} µg/Nm³"
        + ("; a day's mean is told at 24:00, hence dates a day later" if of_day else ""),
        "valid_from": "2023-09-13" if of_day else "2023-09-12",
        **more,
    }


# The limits of one hour are the breakpoints of index 100 to the letter, and what is above a day's limit of
# particles has been above index 100 within the day: there the alert on the index has told it already.
_AS_INDEX = _OFF + "the index tells it first: "
_RECALLED = "recalled, to be checked: "
LIMITS: tuple[Table, ...] = (
    _over("so2_1h", 350, _AS_INDEX, enabled=False),
    _over("no2_1h", 200, _AS_INDEX, enabled=False),
    _over("o3_1h", 200, _AS_INDEX, enabled=False),
    _over("co_1h", 30_000, _AS_INDEX, enabled=False),
    _over("tsp_1h", 300, _RECALLED),
    _over("co_8h", 10_000),
    _over("o3_8h", 120),
    _over("so2_24h", 125),
    _over("no2_24h", 100),
    _over("pm10_24h", 100, _AS_INDEX + _RECALLED, enabled=False),
    _over("pm2_5_24h", 50, _AS_INDEX, enabled=False, id="air-pm2-5-24h-to-2025", valid_to="2026-01-01"),
    _over("pm2_5_24h", 45, _AS_INDEX, enabled=False, id="air-pm2-5-24h", valid_from="2026-01-02"),
    _over("tsp_24h", 200, _RECALLED),
)


def _noise(name: str, **more: Any) -> Table:
    return {
        "id": name,
        "property": noise.EXCESS,
        "advisory": 0.1,
        # Ten decibels are twice as loud to the ear (design default).
        "watch": 10,
        # One hour within the limit before it is over.
        "off_delay_s": _HOUR,
        **more,
    }


NOISE: tuple[Table, ...] = (
    _noise(
        "noise-limit",
        status="legal",
        source="QCVN 26:2010/BTNMT: special areas 55 / 45 dBA, ordinary 70 / 55, 06–21 / 21–06 h; "
        "10 dB: design default",
        valid_to="2025-11-13",
    ),
    _noise(
        "noise-guideline",
        status="guideline",
        source="no legal verdict: QCVN 26:2025/BNNMT is in force and its numbers are not known here; "
        "compared with the limits of QCVN 26:2010/BTNMT",
        valid_from="2025-11-14",
    ),
)

_QCVN_WATER = "QCVN 08:2023/BTNMT"


def _of_health(name: str, limit: float) -> Table:
    return {
        "id": f"water-{name.replace('_', '-')}",
        "property": name,
        "advisory": limit + limit * _OVER,
        "on_delay_s": _HOUR,
        "off_delay_s": _HOUR,
        "status": "legal",
        "source": f"{_QCVN_WATER} Table 1: {limit:g} mg/L; an hour: design default",
    }


def _of_grade(name: str) -> Table:
    probe = name in ("ph", "dissolved_oxygen")
    return {
        "id": f"water-grade-{name.replace('_', '-')}",
        "property": f"{name}_grades_worse",
        "advisory": 1,
        "watch": 2,
        "on_delay_s": _HOUR,
        "off_delay_s": 6 * _HOUR,
        "status": "legal",
        "source": ((_OFF + "the probe's early warning tells it: ") if probe else "")
        + f"{_QCVN_WATER} Table 2 against the station's water_class; delays: design default",
        **({"enabled": False} if probe else {}),
    }


_DEFAULT = "design default for early warning by a probe: "
_BELOW = -_OVER
"""The same downward: water that has just what it needs has it."""


def _ph(side: str, direction: str, first: float, second: float) -> Table:
    return {
        "id": f"water-ph-{side}",
        "property": "ph",
        "direction": direction,
        "advisory": first,
        "watch": second,
        # Two probes in one water are seldom nearer to one another (design default).
        "hysteresis": 0.1,
        "on_delay_s": _HALF_HOUR,
        "off_delay_s": _HOUR,
        "source": _DEFAULT + "outside 6.0 to 8.5 for 30 min; outside 5.0 to 9.5",
    }


def _step(name: str) -> Table:
    return {
        "id": f"water-{name}",
        "property": f"{name}_step",
        "advisory": 30 + _OVER,
        "hysteresis": 10,
        "off_delay_s": _HOUR,
        "source": _DEFAULT + "30 % within 1 h, where the water is to be fresh",
    }


_PROBES: tuple[Table, ...] = (
    {
        "id": "water-oxygen",
        "property": "dissolved_oxygen",
        "direction": "down",
        "watch": 4 + _BELOW,
        "warning": 2 + _BELOW,
        "hysteresis": 0.3,
        "on_delay_s": {"watch": _HOUR, "warning": _HALF_HOUR},
        "off_delay_s": _HOUR,
        "source": _DEFAULT + "below 4 mg/L for 1 h, below 2 mg/L for 30 min",
    },
    # Two rules, one for each side: acid and alkaline water are not the same news, and never at once.
    _ph("low", "down", 6 + _BELOW, 5 + _BELOW),
    _ph("high", "up", 8.5 + _OVER, 9.5 + _OVER),
    {
        "id": "water-turbidity",
        "property": "turbidity_ratio",
        "advisory": 3 + _OVER,
        "hysteresis": 0.5,
        "on_delay_s": _HOUR,
        "off_delay_s": 3 * _HOUR,
        "source": _DEFAULT + "more than three times the median of 7 days for 1 h",
    },
    _step("conductivity"),
    _step("salinity"),
)
WATER: tuple[Table, ...] = (
    *({**table, "status": "default"} for table in _PROBES),
    *(_of_health(name, limit) for name, (limit, _) in water.TABLE_1.items()),
    *(_of_grade(name) for name in water.GRADED),
)
