"""Parts per billion and million to µg/m³, and the state of the gas that they refer to.

1 ppb of a gas of molar mass M weighs M / V µg/m³, V its molar volume: 24.45 l at 25 °C and 760 mmHg, to which
QCVN 05:2023 refers (recalled, to be checked). A station that measures in ppb is converted by its gateway or
adapter, at the state its maker names; where that is not 25 °C its attribute `gas_reference_celsius` says so,
and means, indices and limits are of 25 °C. A property is of one unit here: ppb are never guessed at.
"""

MOLAR_MASS = {"o3": 47.998, "no2": 46.006, "so2": 64.066, "co": 28.010}
"""g/mol."""

_LITRES, _KELVIN, _HPA = 24.45, 298.15, 1013.25
_PPM = 1000.0


def micrograms(ppb: float, gas: str, celsius: float = 25.0, hpa: float = _HPA) -> float:
    """µg/m³ of so many ppb: O₃ 1.963, NO₂ 1.882, SO₂ 2.620 per ppb at 25 °C and 1 atm (computed).

    Raises:
        KeyError: a gas whose molar mass is not known here.
    """
    volume = _LITRES * ((celsius + 273.15) / _KELVIN) * (_HPA / hpa)
    return ppb * MOLAR_MASS[gas] / volume


def micrograms_of_ppm(ppm: float, gas: str, celsius: float = 25.0, hpa: float = _HPA) -> float:
    """µg/m³ of so many ppm: CO 1145.6 per ppm at 25 °C and 1 atm (computed)."""
    return micrograms(ppm * _PPM, gas, celsius, hpa)
