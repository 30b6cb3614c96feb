"""Waves and currents off the coast. Seconds since 1970; metres; degrees from which waves and wind come."""

from typing import NamedTuple

import numpy as np

from simulators.city.chance import Floats

G = 9.81
_FETCH_SEA_M, _FETCH_LAND_M = 250_000.0, 4_000.0
_GROWS_S, _DECAYS_S = 3_600.0, 14_400.0
_STEEP = 4.6  # s for a metre to the half: a steepness of 3 %, as of seas under wind


class Sea(NamedTuple):
    """What a wave gauge sees. Height in m (significant), period in s (of the peak), direction in degrees."""

    height: Floats
    period: Floats
    direction: Floats


def fetch_m(from_deg: Floats, seaward_deg: Floats) -> Floats:
    """Over how much water the wind has come: far from the open sea, little from the land."""
    facing = np.clip(np.cos(np.radians(from_deg - seaward_deg)), 0.0, 1.0)
    return np.asarray(_FETCH_LAND_M + (_FETCH_SEA_M - _FETCH_LAND_M) * facing, np.float64)


def grown_height(wind_m_s: Floats, fetch: Floats) -> Floats:
    """Significant height of a sea that had time to grow.

    JONSWAP (Hasselmann 1973): g·Hs/U² = 1.6e-3·√(g·F/U²), and not above Pierson and Moskowitz (1964): 0.243.
    """
    wind = np.maximum(wind_m_s, 0.5)
    young = 1.6e-3 * np.sqrt(G * fetch / wind**2)
    return np.asarray(np.minimum(young, 0.243) * wind**2 / G, np.float64)


def sea_step(height: Floats, grown: Floats, dt: float) -> Floats:
    """Height after a step: seas rise within an hour or two and die slowly."""
    pause = np.where(grown > height, _GROWS_S, _DECAYS_S)
    return np.asarray(grown + (height - grown) * np.exp(-dt / pause), np.float64)


def together(sea_m: Floats, wind_from: Floats, swell_m: Floats, swell_s: Floats, swell_from: Floats) -> Sea:
    """Sea and swell as one: energies add, period and direction are weighted by energy."""
    energy_sea, energy_swell = sea_m**2, swell_m**2
    total = np.maximum(energy_sea + energy_swell, 1e-6)
    period_sea = 1.5 + _STEEP * np.sqrt(sea_m)
    east = energy_sea * np.sin(np.radians(wind_from)) + energy_swell * np.sin(np.radians(swell_from))
    north = energy_sea * np.cos(np.radians(wind_from)) + energy_swell * np.cos(np.radians(swell_from))
    return Sea(
        np.asarray(np.sqrt(total), np.float64),
        np.asarray((energy_sea * period_sea + energy_swell * swell_s) / total, np.float64),
        direction(-east, -north),
    )


def direction(east: Floats, north: Floats) -> Floats:
    """Where a movement towards east and north comes from, 0 to below 360."""
    return np.asarray(np.degrees(np.arctan2(-east, -north)) % 360.0, np.float64)


def current(slope_m_h: Floats, waves_m: Floats, seaward_deg: Floats) -> tuple[Floats, Floats]:
    """Current near a beach, m/s towards east and north.

    Along the shore with the flood (0.35 m/s for a metre an hour), and out to sea where breaking waves pile
    water up: 0.3 to 0.6 m/s under waves of 1.5 to 2 m, as rip currents are measured.
    """
    along, out = np.radians(seaward_deg + 90.0), np.radians(seaward_deg)
    tide, rip = 0.35 * slope_m_h, 0.14 * np.maximum(waves_m - 0.4, 0.0) ** 2 + 0.06 * waves_m
    return (
        np.asarray(tide * np.sin(along) + rip * np.sin(out), np.float64),
        np.asarray(tide * np.cos(along) + rip * np.cos(out), np.float64),
    )
