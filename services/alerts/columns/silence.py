"""After how long a sensor is silent: one answer for the engine and for the cuts of a backtest. Pure."""

import numpy as np

from services.alerts.derive import Ints
from services.alerts.rule import INTERVALS
from services.observation.instants import SECOND
from services.observation.site import Site

FOREVER = 1 << 62
"""A span or an instant that is never reached."""


def silent_after(interval: Ints, reporting: Ints) -> Ints:
    """µs without a reading after which a sensor is silent.

    Args:
        interval: (n,) µs between readings as declared; 0 or less: it has no rhythm, and is never silent.
        reporting: (n,) µs between the reports of its gateway; 0 unknown.

    Returns:
        (n,) three times the longer of the two; FOREVER where there is no rhythm.
    """
    return np.where(interval <= 0, FOREVER, INTERVALS * np.maximum(interval, reporting))


def silent_of(site: Site) -> Ints:
    """The same for all sensors of a site, in its order."""
    sensors = site.sensors.values()
    gateways = [site.gateways.get(site.stations[sensor.station].gateway or "") for sensor in sensors]
    interval = np.array([round(sensor.interval_s * SECOND) for sensor in sensors], np.int64)
    reporting = [0 if one is None else round((one.reporting_s or 0.0) * SECOND) for one in gateways]
    return silent_after(interval, np.array(reporting, np.int64))
