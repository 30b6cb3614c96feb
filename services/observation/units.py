"""Units by their SenML (RFC 8428, RFC 8798) and UCUM names, and how to convert.

A unit is (dimension, scale, offset): base = x * scale + offset. Two units convert when their
dimension is the same. An unknown unit is an answer (None), never a guess.
"""

_FOOT, _INCH, _MILE, _KNOT = 0.3048, 0.0254, 1609.344, 1852 / 3600
_SECONDS = {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


def _with(dimension: str, **scales: float) -> dict[str, tuple[str, float, float]]:
    return {name: (dimension, scale, 0.0) for name, scale in scales.items()}


UNITS: dict[str, tuple[str, float, float]] = {
    **_with("length", m=1.0, mm=1e-3, cm=1e-2, dm=1e-1, km=1e3),
    "[ft_i]": ("length", _FOOT, 0.0),
    "[in_i]": ("length", _INCH, 0.0),
    **{name: ("time", scale, 0.0) for name, scale in _SECONDS.items()},
    "ms": ("time", 1e-3, 0.0),
    "m/s": ("speed", 1.0, 0.0),
    "cm/s": ("speed", 1e-2, 0.0),
    "m/h": ("speed", 1 / 3600, 0.0),
    "cm/h": ("speed", 1e-2 / 3600, 0.0),
    "mm/h": ("speed", 1e-3 / 3600, 0.0),
    "km/h": ("speed", 1 / 3.6, 0.0),
    "[kn_i]": ("speed", _KNOT, 0.0),
    "kn": ("speed", _KNOT, 0.0),
    "[mi_i]/h": ("speed", _MILE / 3600, 0.0),
    "m3": ("volume", 1.0, 0.0),
    "l": ("volume", 1e-3, 0.0),
    "L": ("volume", 1e-3, 0.0),
    "hm3": ("volume", 1e6, 0.0),
    "m3/s": ("flow", 1.0, 0.0),
    "l/s": ("flow", 1e-3, 0.0),
    "L/s": ("flow", 1e-3, 0.0),
    "m3/h": ("flow", 1 / 3600, 0.0),
    "K": ("temperature", 1.0, 0.0),
    "Cel": ("temperature", 1.0, 273.15),
    "[degF]": ("temperature", 5 / 9, 459.67 * 5 / 9),
    **_with("pressure", Pa=1.0, hPa=1e2, kPa=1e3, bar=1e5, mbar=1e2),
    "mm[Hg]": ("pressure", 133.322387415, 0.0),
    "m[H2O]": ("pressure", 9806.65, 0.0),
    **_with("angle", deg=1.0, rad=57.29577951308232),
    "V/m": ("field", 1.0, 0.0),
    "kV/m": ("field", 1e3, 0.0),
    **_with("voltage", V=1.0, mV=1e-3, kV=1e3),
    **_with("current", A=1.0, mA=1e-3, kA=1e3),
    **_with("power", W=1.0, kW=1e3, mW=1e-3),
    **_with("energy", J=1.0, Wh=3600.0, kWh=3.6e6, kJ=1e3),
    **_with("apparent", VA=1.0, kVA=1e3),
    **_with("reactive", var=1.0, kvar=1e3),
    "W/m2": ("irradiance", 1.0, 0.0),
    "lx": ("illuminance", 1.0, 0.0),
    "Hz": ("frequency", 1.0, 0.0),
    "1/s": ("frequency", 1.0, 0.0),
    "1/min": ("frequency", 1 / 60, 0.0),
    "1/h": ("frequency", 1 / 3600, 0.0),
    "/": ("ratio", 1.0, 0.0),
    "1": ("ratio", 1.0, 0.0),
    "%": ("ratio", 1e-2, 0.0),
    "/100": ("ratio", 1e-2, 0.0),
    "ppm": ("ratio", 1e-6, 0.0),
    "[ppm]": ("ratio", 1e-6, 0.0),
    "ppb": ("ratio", 1e-9, 0.0),
    "[ppb]": ("ratio", 1e-9, 0.0),
    "%RH": ("humidity", 1.0, 0.0),
    "%EL": ("charge", 1.0, 0.0),
    "count": ("count", 1.0, 0.0),
    "pH": ("acidity", 1.0, 0.0),
    "[pH]": ("acidity", 1.0, 0.0),
    "dB": ("level", 1.0, 0.0),
    "dB[SPL]": ("level", 1.0, 0.0),
    "dBm": ("radio", 1.0, 0.0),
    "NTU": ("turbidity", 1.0, 0.0),
    "[NTU]": ("turbidity", 1.0, 0.0),
    "S/m": ("conductivity", 1.0, 0.0),
    "uS/cm": ("conductivity", 1e-4, 0.0),
    "mS/cm": ("conductivity", 1e-1, 0.0),
    "kg/m3": ("concentration", 1.0, 0.0),
    "g/m3": ("concentration", 1e-3, 0.0),
    "mg/l": ("concentration", 1e-3, 0.0),
    "mg/L": ("concentration", 1e-3, 0.0),
    "mg/m3": ("concentration", 1e-6, 0.0),
    "ug/m3": ("concentration", 1e-9, 0.0),
    "ug/l": ("concentration", 1e-6, 0.0),
    "[PSU]": ("salinity", 1.0, 0.0),
    **_with("mass", kg=1.0, g=1e-3),
}

# The same unit as people write it; the sign µ has two code points.
_SPELLINGS = {
    "°C": "Cel",
    "C": "Cel",
    "°F": "[degF]",
    "°": "deg",
    "ft": "[ft_i]",
    "in": "[in_i]",
    "µg/m3": "ug/m3",
    "μg/m3": "ug/m3",
    "µg/m³": "ug/m3",
    "ug/m³": "ug/m3",
    "m³/s": "m3/s",
    "m³": "m3",
    "µS/cm": "uS/cm",
    "dBA": "dB",
    "dB(A)": "dB",
    "mph": "[mi_i]/h",
}
# SenML's own "C" is coulomb; no property of ours is a charge, and every thermometer sends degrees.


def known(unit: str) -> bool:
    """Whether the unit has a meaning here."""
    return _SPELLINGS.get(unit, unit) in UNITS


def converter(unit_from: str, unit_to: str) -> tuple[float, float] | None:
    """(scale, offset) with x_to = x_from * scale + offset; None when unknown or of another dimension."""
    source = UNITS.get(_SPELLINGS.get(unit_from, unit_from))
    target = UNITS.get(_SPELLINGS.get(unit_to, unit_to))
    if source is None or target is None or source[0] != target[0]:
        return None
    if source == target:
        return 1.0, 0.0
    return _ratio(source[1], target[1]), (source[2] - target[2]) / target[1]


def _ratio(a: float, b: float) -> float:
    """A / b, without the last-digit dust that 1e-2 / 1.0 or 1e2 / 1e-2 can carry."""
    return float(f"{a / b:.15g}")
