"""The sites that come with the service: right, without needless warnings, and as large as they say."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from services.alerts.columns.layout import Layout
from services.alerts.hazards import _flood_tide, extra_properties, hazards
from services.alerts.hazards.system import GATEWAY_SILENT
from services.alerts.rule import Kind, parse_rules
from services.cli import main
from services.cli.folder import check_site
from services.observation.instants import SECOND, micros
from services.observation.site import Site
from services.observation.site_files import parse
from simulators.city import sky

SITES = Path(__file__).resolve().parents[2] / "sites"


def site_of(name: str) -> Site:
    files = {file.name: file.read_bytes() for file in (SITES / name).iterdir()}
    site, problems = parse(files, extra_properties())
    assert site is not None, "\n".join(map(str, problems))
    return site


@pytest.mark.parametrize("name", ["vung-tau", "minimal"])
def test_a_shipped_site_has_nothing_to_mend_and_no_needless_warning(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [str(problem) for problem in check_site(SITES / name).problems] == []
    assert main(["site", "check", str(SITES / name)]) == 0
    assert "0 errors, 0 warnings" in capsys.readouterr().out


def test_the_example_city_is_as_large_as_it_is_said_to_be() -> None:
    site = site_of("vung-tau")
    assert len(site.stations) >= 60
    communes = {station.area for station in site.stations.values()} - {"site"}
    assert communes == site.areas.keys()
    assert len(communes) >= 15
    # Something of each of the six hazards is measured; strikes come from a source of their own.
    measured = {sensor.property for sensor in site.sensors.values()}
    assert measured >= {"water_level", "street_depth", "rainfall", "tide_level", "inflow", "outflow"}
    assert measured >= {"wave_height", "current_speed", "electric_field", "lamp_state", "door"}
    assert measured >= {"pm2_5", "sound_level", "dissolved_oxygen", "tilt", "soil_moisture"}
    assert [source.id for source in site.sources] == ["vn-strikes"]
    assert site.sources[0].gateway in site.gateways


def test_the_stations_that_other_things_are_built_on_are_still_there() -> None:
    sensors = site_of("vung-tau").sensors.keys()
    assert sensors >= {
        "vt-tide-001.tide_level",
        "vt-wave-001.wave_height",
        "vt-wind-001.electric_field",
        "vt-lamp-001.lamp_state",
        "vt-tree-001.tilt",
        "tt-street-001.street_depth",
        "tt-air-001.pm2_5",
        "tt-noise-001.sound_level",
        "rd-gauge-001.water_level",
        "rd-rain-001.rainfall",
        "rd-street-001.street_depth",
    }


def test_every_commune_has_its_code_of_today_and_those_it_had_before() -> None:
    site = site_of("vung-tau")
    seen: Counter[str] = Counter()
    for area in site.areas.values():
        (now,) = [code for code in area.codes if code.scheme == "VN-2025"]
        before = [code for code in area.codes if code.scheme == "VN-2004"]
        assert (now.code[:3], now.start, now.end) == ("79/", "2025-07-01", None)
        assert before
        assert {(code.code[:3], code.end) for code in before} == {("77/", "2025-06-30")}
        seen.update(code.code for code in area.codes)
    assert set(seen.values()) == {1}  # many-to-one: an old unit went into one new one


def test_a_gateway_of_the_example_city_is_missed_within_half_a_minute() -> None:
    site = site_of("vung-tau")
    layout = Layout(site, parse_rules(site)[0], None)
    patience = dict(zip(layout.gateways, layout.patience.tolist(), strict=True))
    assert patience["gw-vung-tau-mill"] <= 30_000_000
    assert all(gateway.reporting_s for gateway in site.gateways.values())


def test_the_rules_of_the_example_city_show_every_kind_and_say_what_they_rest_on() -> None:
    site = site_of("vung-tau")
    own = [rule for rule in parse_rules(site)[0] if not rule.default]
    assert {rule.kind for rule in own} == set(Kind)
    assert all(rule.source for rule in own)
    # No official figure was found for any of them: nothing may claim the law.
    assert {rule.status for rule in own} == {"local", "default"}
    defaults = {table["id"] for hazard in hazards().values() for table in hazard.rules} | {GATEWAY_SILENT}
    # One default is replaced, so that the demonstration shows its end too.
    assert {rule.id for rule in own} & defaults == {"tree-fall"}


def test_the_tide_that_is_simulated_is_the_tide_that_is_predicted() -> None:
    """Else every calm day of the demonstration would be a surge."""
    attributes = site_of("vung-tau").stations["vt-tide-001"].attributes
    expected = _flood_tide.constituents_of(attributes)
    found = sky.tide_of(attributes)
    assert expected is not None
    assert found is not None
    times = np.arange(micros("2026-01-01T00:00:00Z"), micros("2032-01-01T00:00:00Z"), 6 * 3600 * SECOND + 7)
    assert np.abs(_flood_tide.predicted(times, expected) - sky.height(found, times / SECOND)).max() < 0.05
