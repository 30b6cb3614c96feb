"""General sentences of alerts: they read as a person would say them."""

import pytest

from services.alerts.hazard import Facts
from services.alerts.reasons import sentence
from services.observation.text import Text


def said(kind: str, verb: str, name: str) -> str:
    facts = Facts(
        verb=verb,
        severity="advisory",
        rule="r",
        kind=kind,
        property=name,
        place=Text("cầu Bến Đá", "Bến Đá bridge"),
        value=1.5,
        unit="m",
        threshold=None,
        since=0,
        time=0,
        attributes={},
    )
    return sentence(facts, "system").en


@pytest.mark.parametrize(
    ("kind", "verb", "name", "expected"),
    [
        ("silent", "raised", "rainfall", "The rainfall sensor at Bến Đá bridge has been silent for"),
        ("silent", "cleared", "water_level", "The water level sensor at Bến Đá bridge is sending again."),
        ("stuck", "raised", "tilt_x", "The x-axis tilt sensor at Bến Đá bridge is stuck at 1.5 m."),
        ("threshold", "blind", "water_level", "No usable water level readings from Bến Đá bridge any more;"),
        ("threshold", "sighted", "rain_day", "Good rain-day total readings again from Bến Đá bridge: 1.5 m."),
        ("threshold", "sighted", "water_level_rate", "Good readings of the rate of rise of the water again"),
    ],
)
def test_a_sentence_names_the_sensor_in_natural_words(kind: str, verb: str, name: str, expected: str) -> None:
    assert said(kind, verb, name).startswith(expected)
