"""Units and their conversion."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation.units import UNITS, converter, known


def convert(value: float, unit_from: str, unit_to: str) -> float:
    pair = converter(unit_from, unit_to)
    assert pair is not None
    return value * pair[0] + pair[1]


@pytest.mark.parametrize(
    ("value", "unit_from", "expected", "unit_to"),
    [
        (1, "m", 100, "cm"),
        (250, "cm", 2.5, "m"),
        (1, "[ft_i]", 0.3048, "m"),
        (1, "[in_i]", 25.4, "mm"),
        (32, "[degF]", 0, "Cel"),
        (212, "[degF]", 100, "Cel"),
        (0, "Cel", 273.15, "K"),
        (300, "K", 26.85, "Cel"),
        (36, "km/h", 10, "m/s"),
        (1, "[kn_i]", 0.514444, "m/s"),
        (3.6, "mm/h", 1e-6, "m/s"),
        (1013.25, "hPa", 101325, "Pa"),
        (760, "mm[Hg]", 1013.25, "hPa"),
        (3600, "m3/h", 1, "m3/s"),
        (5, "hm3", 5_000_000, "m3"),
        (2, "kV/m", 2000, "V/m"),
        (50, "%", 0.5, "1"),
        (1, "mg/m3", 1000, "ug/m3"),
        (1, "g/m3", 1, "mg/l"),
        (500, "uS/cm", 0.05, "S/m"),
        (1, "kWh", 3.6e6, "J"),
        (3.14159265, "rad", 180, "deg"),
        (2, "min", 120, "s"),
    ],
)
def test_known_conversions(value: float, unit_from: str, expected: float, unit_to: str) -> None:
    assert convert(value, unit_from, unit_to) == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_a_unit_is_itself_to_the_last_bit() -> None:
    for unit in UNITS:
        assert converter(unit, unit) == (1.0, 0.0)


def test_a_decimal_step_leaves_no_dust() -> None:
    assert converter("cm", "m") == (0.01, 0.0)
    assert converter("mm", "m") == (0.001, 0.0)
    assert converter("hPa", "Pa") == (100.0, 0.0)


@pytest.mark.parametrize("unit", ["", "furlong", "M", "cel", "m ", "water_level", "None"])
def test_an_unknown_unit_is_never_a_guess(unit: str) -> None:
    assert not known(unit)
    assert converter(unit, "m") is None
    assert converter("m", unit) is None


@pytest.mark.parametrize(
    ("a", "b"), [("m", "s"), ("Cel", "%RH"), ("dB", "dBm"), ("V", "V/m"), ("ug/m3", "ppb")]
)
def test_units_of_different_dimension_do_not_convert(a: str, b: str) -> None:
    """µg/m³ and ppb differ by the gas and its temperature: that is no conversion of units."""
    assert converter(a, b) is None


@pytest.mark.parametrize(
    ("spelling", "unit"),
    [
        ("°C", "Cel"),
        ("C", "Cel"),
        ("\u00b5g/m3", "ug/m3"),
        ("\u03bcg/m3", "ug/m3"),
        ("dBA", "dB"),
        ("m³/s", "m3/s"),
    ],
)
def test_spellings_of_people_are_understood(spelling: str, unit: str) -> None:
    assert converter(spelling, unit) == (1.0, 0.0)


@given(st.sampled_from(sorted(UNITS)), st.sampled_from(sorted(UNITS)), st.floats(-1e6, 1e6))
def test_there_and_back_is_where_one_was(a: str, b: str, value: float) -> None:
    if converter(a, b) is None:
        assert UNITS[a][0] != UNITS[b][0]
        return
    assert convert(convert(value, a, b), b, a) == pytest.approx(value, rel=1e-9, abs=1e-6)
