"""`lighting.toml`: every fault is told with its line and a remedy, in both languages."""

from pathlib import Path

import pytest

from services.lighting.site_lighting import FILE, read_lighting
from services.lighting.telling import tonight
from services.observation.instants import micros
from services.observation.site import EVERY_FILE, FILES, Site, bundle, unbundle, version_of
from services.observation.site_files import parse
from tests.support.lighting import STREET, lit, problems_of, street_site
from tests.support.site_folder import good_site

ROOT = Path(__file__).parents[2]


def site_of(folder: str) -> tuple[Site, dict[str, bytes]]:
    """A site of the repository with its files."""
    from services.alerts.hazards import extra_properties

    path = ROOT / "sites" / folder
    files = {name: (path / name).read_bytes() for name in EVERY_FILE if (path / name).is_file()}
    site, problems = parse(files, extra_properties())
    assert site is not None, [str(problem) for problem in problems]
    return site, files


def test_a_site_without_the_file_has_no_lighting_and_no_problem() -> None:
    assert read_lighting(None, street_site()) == (None, [])


def test_a_good_file_says_who_does_what() -> None:
    lighting = lit()
    assert set(lighting.programmes) == {"quiet", "feast"}
    street, junction = lighting.groups["street"], lighting.groups["junction"]
    assert street.lamps == {"gw-01": ("lamp-1", "lamp-2")}
    assert street.areas == ("thang-tam",)
    assert (street.lat, street.lon) == (10.346, 107.084)
    assert junction.never_dim
    assert lighting.programmes["quiet"].dims()
    assert not lighting.programmes["feast"].dims()
    assert (lighting.fallback.on_min, lighting.fallback.off_min) == (1065, 345)
    assert (lighting.brighten[0].lease_s, lighting.brighten[0].level) == (3600, 100)


def test_a_group_stands_in_the_middle_of_its_lamps_unless_it_says_where() -> None:
    group = lit(STREET.replace("position = [107.084, 10.346]", "", 1)).groups["street"]
    assert (group.lat, round(group.lon, 6)) == (10.35, 107.0815)


FAULTS = {
    "an unknown key": ({"ramp_s = 30": "ramp = 30"}, "6: unknown key 'ramp'"),
    "no period": ({'[[programme.period]]\ntype = "AstroClockActivePeriod"\non = "sunset"\n': "",
                   'off = "sunrise"\n\n[[cal': "[[cal"},
                  "no [[programme.period]]"),
    "a sensor's period": ({"AstroClockActivePeriod": "SensorActivePeriod"},
                          "9: SensorActivePeriod needs a light sensor"),
    "an unknown period": ({"AstroClockActivePeriod": "Moonlight"}, "9: type = 'Moonlight' is not known"),
    "no instant": ({'on = "dusk"': 'on = "25:00"'}, "10: on = '25:00' is no instant"),
    "a clock in an astro period": ({'on = "dusk"\noff = "sunrise"': 'on = "18:00"\noff = "05:00"'},
                                   "AstroClockActivePeriod does not go with this instant"),
    "the sun in a fixed control": ({'at = "22:00"': 'at = "sunset+60"'}, "15: FixedTimeControl does not go"),
    "an empty period": ({'off = "sunrise"': 'off = "dusk"'}, "11: on and off are the same"),
    "a level above full": ({"level = 70": "level = 170"}, "16: level = 170 is out of range"),
    "a control without a level": ({"level = 70\n": ""}, "level = None is out of range"),
    "an unknown programme": ({'default = "quiet"': 'default = "quite"'}, "default = 'quite' is not known"),
    "an unknown day": ({'days = ["sat"]': 'days = ["saturday"]'}, "days: no day of the week 'saturday'"),
    "no date": ({"2027-02-04/2027-02-10": "2027-02-30"}, "dates: '2027-02-30' is no day"),
    "dates the wrong way round": ({"2027-02-04/2027-02-10": "2027-02-10/2027-02-04"},
                                  "2027-02-10 is after 2027-02-04"),
    "an unknown gateway": ({'gateways = ["gw-01"]': 'gateways = ["gw-09"]'}, "gateways: no gateway 'gw-09'"),
    "an unknown station": ({'stations = ["lamp-3"]': 'stations = ["lamp-9"]'},
                           "stations: no station 'lamp-9'"),
    "a lamp in two groups": ({'stations = ["lamp-3"]': 'stations = ["lamp-3", "lamp-1"]'},
                             "lamp 'lamp-1' is in both street and junction"),
    "a group without lamps": ({'gateways = ["gw-01"]': "areas = []"}, "areas must be a list of texts"),
    "no place": ({"position = [107.084, 10.346]": "position = [10.346, 107.084]"}, "is no place"),
    "an unknown calendar": ({'calendar = "city"': 'calendar = "town"'}, "calendar = 'town' is not known"),
    "an unknown hazard": ({'hazard = "flood"': 'hazard = "fire"'}, "hazard = 'fire' is not known"),
    "an unknown severity": ({'from = "watch"': 'from = "high"'}, "from = 'high' is not known"),
    "a flag that is none": ({"never_dim = true": 'never_dim = "yes"'}, "never_dim = 'yes' is not understood"),
    "the same programme twice": ({'id = "feast"': 'id = "quiet"'}, "id 'quiet' is declared twice"),
    "another format": ({"format = 1": "format = 2"}, "1: format must be 1"),
    "no TOML": ({"ramp_s = 30": "ramp_s = = 30"}, "6: not valid TOML"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_told_with_its_line_and_a_remedy(fault: str) -> None:
    changes, said = FAULTS[fault]
    problems = [problem for problem in problems_of(changes) if problem.level == "error"]
    assert any(said in f"{problem.line}: {problem.what.en}" for problem in problems), list(map(str, problems))
    for problem in problems:
        assert problem.file == FILE
        assert problem.what.vi != problem.what.en
        assert problem.remedy.vi
        assert problem.remedy.en


def test_fixed_times_are_asked_for_where_the_clock_is_wrong() -> None:
    problems = problems_of(added='\n[fallback]\non = "sunset"\noff = "05:45"\n')
    assert "without a right clock there is no sun" in str(problems[0])


def test_what_works_and_is_probably_not_meant_is_a_warning() -> None:
    lamp = problems_of({'gateways = ["gw-01"]': 'stations = ["lamp-1"]'})
    assert [(one.level, "1 lamp is in no group: lamp-2" in str(one)) for one in lamp] == [("warning", True)]
    no_default = problems_of({'default = "quiet"\n': ""})
    assert [one.level for one in no_default] == ["warning"]
    burning = problems_of({'gateways = ["gw-01"]\ncalendar = "city"': 'gateways = ["gw-01"]'})
    assert "burn at 100 % day and night" in str(burning[0])


def test_a_station_nobody_speaks_for_takes_no_orders() -> None:
    site = street_site()
    lonely = {**site.stations}
    import msgspec

    lonely["lamp-3"] = msgspec.structs.replace(lonely["lamp-3"], gateway=None)
    problems = read_lighting(STREET.encode(), msgspec.structs.replace(site, stations=lonely))[1]
    assert any("lamp-3 has no gateway" in str(problem) for problem in problems)


def test_the_file_travels_with_the_site_and_a_site_without_it_keeps_its_version() -> None:
    files = good_site()
    # As it was made before there was a fifth file.
    from hashlib import sha256

    digest = sha256()
    for name in FILES:
        digest.update(f"{name}\0{len(files[name])}\0".encode())
        digest.update(files[name])
    assert version_of(files) == digest.hexdigest()[:32]
    lit_up = {**files, FILE: STREET.encode()}
    assert version_of(lit_up) != version_of(files)
    assert unbundle(bundle(lit_up)) == lit_up
    assert unbundle(bundle(files)) == files


def test_the_example_site_lights_its_streets_tonight() -> None:
    site, files = site_of("vung-tau")
    from services.alerts.hazards import hazards

    lighting, problems = read_lighting(files[FILE], site, tuple(hazards()))
    assert lighting is not None, [str(problem) for problem in problems]
    lines = tonight(lighting, micros("2026-09-23T05:00:00Z"))
    assert len(lines) == len(lighting.groups)
    quiet = next(line for line in lines if line.startswith("le-hong-phong "))
    assert quiet.endswith("quiet-street: 18:08 100 %, 22:00 70 %, 00:00 50 %, 04:30 80 %, 05:40 0 %")
    assert any("never dimmed" in line for line in lines)


def test_the_schema_accepts_a_good_file_and_refuses_an_unknown_key() -> None:
    import tomllib

    import jsonschema_rs
    import msgspec

    from docs.lighting_schema import lighting

    schema = lighting()
    for toml in (STREET, site_of("vung-tau")[1][FILE].decode()):
        jsonschema_rs.validate(schema, msgspec.to_builtins(tomllib.loads(toml)))
    for old, new in (("ramp_s", "ramp"), ('on = "dusk"', 'on = "noon"'), ("level = 70", "level = 170")):
        with pytest.raises(jsonschema_rs.ValidationError):
            jsonschema_rs.validate(schema, tomllib.loads(STREET.replace(old, new)))
