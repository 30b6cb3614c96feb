"""The api lists the derived sensors that the engine publishes, no more and no fewer."""

from pathlib import Path

from services.alerts.columns.layout import Layout
from services.alerts.rule import parse_rules
from services.api.running_site import derived_sensors
from simulators.city.place import read_site

VUNG_TAU = Path(__file__).resolve().parents[2] / "sites" / "vung-tau"


def test_the_api_knows_the_derived_sensors_that_the_engine_publishes() -> None:
    site = read_site(VUNG_TAU)
    layout = Layout(site, parse_rules(site)[0], None)
    published = {name for name, out in zip(layout.names, layout.published, strict=True) if out}
    assert set(derived_sensors(site)) == published
