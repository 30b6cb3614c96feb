"""One new file is a new hazard: its property, what it derives, its rules, its words; nothing else changes."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import services.alerts.hazards as room
from services.alerts.engine import Engine
from services.alerts.hazards import extra_properties, hazards
from services.alerts.judging import beside
from services.alerts.rule import parse_rules
from services.alerts.saying import says
from services.api.routers.rules import show
from services.cli import main
from services.observation import site_files, topics
from services.observation.site import Site
from tests.support import seventh_hazard
from tests.support.engine_world import MINUTE, T0, readings, told

CACHES = (room.hazards, room.properties, room.extra_properties, room.derivations, beside.speaking)
X, Y = "hill.slope_tilt_x", "hill.slope_tilt_y"


@pytest.fixture
def landslide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Put the file where hazards are found, and take it away again."""
    shutil.copy(seventh_hazard.__file__, tmp_path / "landslide.py")
    monkeypatch.setattr(room, "__path__", [*room.__path__, str(tmp_path)])
    for cache in CACHES:
        cache.cache_clear()
    yield
    monkeypatch.undo()
    sys.modules.pop("services.alerts.hazards.landslide", None)
    for cache in CACHES:
        cache.cache_clear()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A site with a rod in a slope."""
    where = tmp_path / "site"
    where.mkdir()
    (where / "site.toml").write_text(
        'format = 1\nid = "hill-town"\nname = { vi = "Phố Đồi", en = "Hill Town" }\n'
        "bounds = [107.0, 10.3, 107.2, 10.5]\n"
        '[[area]]\nid = "slope"\nname = { vi = "Dốc", en = "Slope" }\n'
        '[[gateway]]\nid = "gw-1"\narea = "slope"\nstations = ["hill"]\n'
    )
    (where / "stations.geojson").write_text(
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "id": "hill", "geometry":'
        ' {"type": "Point", "coordinates": [107.1, 10.4]},'
        ' "properties": {"name_vi": "Đồi", "name_en": "Hill", "area": "slope"}}]}'
    )
    (where / "sensors.csv").write_text(f"sensor\n{X}\n{Y}\n")
    return where


def site_of(folder: Path) -> Site:
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    site, problems = site_files.parse(files, extra_properties())
    assert site is not None
    assert problems == []
    return site


@pytest.mark.usefixtures("landslide")
def test_a_seventh_hazard_is_one_file(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    site = site_of(folder)
    rules, problems = parse_rules(site)
    assert problems == []
    engine = Engine(site, rules, None, T0)
    rows = [(Y, T0, 3.0), (X, T0 + 1, 0.5), (X, T0 + 10 * MINUTE, 4.0), (Y, T0 + 20 * MINUTE, 0.0)]
    events = engine.apply([readings(*rows, (X, T0 + 20 * MINUTE + 1, 0.4))])
    assert [line.split(" @")[0] for line in told(events)] == [
        "raised watch hill.slope_lean",
        "escalated warning hill.slope_lean",
        "cleared warning hill.slope_lean",
    ]
    assert events[1].data.reason.en == "The slope at Hill leans 5.0 degrees."
    assert topics.alerts("slope", events[0].data.hazard) == "haidang-alerts/v1/slope/landslide"

    assert main(["site", "rules", str(folder)]) == 0
    shown = capsys.readouterr().out
    assert "landslide-lean" in shown
    assert "default: made up for a test" in shown
    assert "lean of the slope" in shown
    (answered,) = [show(rule, 1) for rule in rules if rule.hazard == "landslide"]
    assert (answered["source"], answered["status"]) == ("made up for a test", "default")
    assert answered["text"]["vi"].startswith("độ nghiêng sườn dốc")


def test_every_default_rule_says_what_it_rests_on_and_what_it_is_about_in_both_languages(
    folder: Path,
) -> None:
    folder.joinpath("sensors.csv").write_text("sensor\nhill.water_level\n")
    site = site_of(folder)
    for hazard in hazards().values():
        for table in hazard.rules:
            assert table.get("source"), table["id"]
            assert table.get("status") in {"legal", "guideline", "local", "default"}, table["id"]
    rules, problems = parse_rules(site)
    assert problems == []
    for rule in rules:
        said = says(rule)
        assert said.vi
        assert said.en
        assert said.vi != said.en
