"""A site's four files: what is right, and every way to be wrong, with its line and its remedy."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.observation import site as sites
from services.observation.quantity import Property
from services.observation.site import FILES
from services.observation.site_files import parse
from services.observation.text import Text
from tests.support.site_folder import RULES, SENSORS, SITE, STATIONS, good_site, parsed, problems_of


def line_of(text: str, part: str) -> int:
    """Line on which a part of a text stands."""
    return text[: text.index(part)].count("\n") + 1


def the_problem(**changed: str | bytes | None) -> sites.Problem:
    """Return the only problem of a site, which is an error."""
    site, problems = parse(good_site(**changed))
    assert site is None
    assert len(problems) == 1, "\n".join(map(str, problems))
    return problems[0]


# What is right


def test_a_good_site_has_no_problems() -> None:
    site, problems = parse(good_site())
    assert problems == []
    assert site is not None
    assert site.id == "vung-tau"
    assert site.name == Text("Vũng Tàu", "Vung Tau")
    assert site.bounds == (106.9, 10.2, 107.7, 10.8)
    assert list(site.areas) == ["thang-tam", "rach-dua"]
    assert site.areas["thang-tam"].codes == (sites.AreaCode("VN-2025", "26506", "2025-07-01", None),)
    assert site.gateways["gw-01"].reporting_s == 60
    assert site.sources[0].adapter == "chirpstack"
    assert site.rules[0].table["advisory"] == "station.bd1"
    assert site.rules[0].line == line_of(RULES, "[[rule]]")


def test_a_station_knows_its_place_its_gateway_and_its_numbers() -> None:
    station = parsed().stations["vt-flood-001"]
    assert (station.lon, station.lat, station.area, station.gateway) == (107.08, 10.35, "thang-tam", "gw-01")
    assert station.attributes == {"bd1": 1.2, "bd2": 1.6}


def test_limits_of_a_row_are_in_the_rows_own_unit() -> None:
    """Centimetres in the file, metres inside."""
    sensor = parsed().sensors["vt-flood-001.water_level"]
    assert (sensor.unit, sensor.raw_unit) == ("m", "cm")
    assert (sensor.fail_min, sensor.suspect_min, sensor.suspect_max, sensor.fail_max) == (-0.5, 0.0, 5.0, 8.0)
    assert (sensor.rate_per_s, sensor.spike) == (0.01, 0.4)


def test_an_offset_moves_a_limit_and_not_a_difference() -> None:
    row = "vt-flood-001.air_temperature,[degF],,,,32,122,,,1.8,9\n"
    sensor = parsed(sensors_csv=SENSORS + row).sensors["vt-flood-001.air_temperature"]
    assert sensor.fail_min == pytest.approx(0)
    assert sensor.fail_max == pytest.approx(50)
    assert sensor.rate_per_s == pytest.approx(1)
    assert sensor.spike == pytest.approx(5)


def test_an_empty_cell_is_the_default_of_the_property() -> None:
    sensor = parsed().sensors["vt-flood-001.rainfall"]
    assert (sensor.unit, sensor.raw_unit, sensor.interval_s) == ("mm", "mm", 600)
    assert (sensor.fail_min, sensor.fail_max, sensor.spike) == (0.0, 500.0, None)
    assert (sensor.reports, sensor.clock) == ("periodic", "measured")


def test_rules_may_be_left_to_the_hazards() -> None:
    assert parsed(rules_toml=None).rules == ()


def test_a_hazard_may_add_a_property() -> None:
    sand = Property(name="sand_height", unit="m", text=Text("cát", "sand"))
    site, problems = parse(
        good_site(sensors_csv=SENSORS + "vt-flood-001.sand_height,,,,,,,,,,\n"), {"sand_height": sand}
    )
    assert problems == []
    assert site is not None
    assert site.sensors["vt-flood-001.sand_height"].unit == "m"


def test_an_unknown_property_with_a_known_unit_is_taken_with_a_warning() -> None:
    site, problems = parse(good_site(sensors_csv=SENSORS + "vt-flood-001.sap_flow,l/s,,,,,,,,,\n"))
    assert site is not None
    assert site.sensors["vt-flood-001.sap_flow"].unit == "l/s"
    assert [(problem.level, problem.line) for problem in problems] == [("warning", 6)]


def test_what_windows_and_spreadsheets_write_is_read() -> None:
    """Byte order marks and CR LF."""
    files = good_site()
    windows = {name: b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n") for name, content in files.items()}
    site, problems = parse(windows)
    assert problems == []
    assert site is not None
    assert site.sensors == parsed().sensors


def test_features_numbered_by_qgis_keep_their_id_among_the_properties() -> None:
    collection = json.loads(STATIONS)
    for number, feature in enumerate(collection["features"]):
        feature["properties"]["id"] = feature["id"]
        feature["id"] = number
    assert list(parsed(stations_geojson=json.dumps(collection)).stations) == [
        "vt-flood-001",
        "vt-flood-002",
        "vt-sea-001",
    ]


def test_a_station_that_no_gateway_lists_is_a_warning_at_its_line() -> None:
    text = SITE.replace('"vt-flood-001", "vt-sea-001"', '"vt-flood-001"')
    site, problems = parse(good_site(site_toml=text))
    assert site is not None
    assert [(problem.level, problem.file, problem.line) for problem in problems] == [
        ("warning", "stations.geojson", line_of(STATIONS, '"id": "vt-sea-001"'))
    ]
    assert "all its readings will be rejected" in problems[0].what.en


# What is wrong: (file, old, new, where the line is, a word of the sentence)

WRONG: list[tuple[str, str, str, str, str]] = [
    ("site.toml", "format = 1", "format = 2", "format", "format must be 1"),
    ("site.toml", 'id = "vung-tau"', 'id = "Vũng Tàu"', 'id = "V', "not a slug"),
    ("site.toml", 'zone = "Asia/Ho_Chi_Minh"', 'zone = "Asia/Atlantis"', "zone", "unknown time zone"),
    ("site.toml", 'languages = ["vi", "en"]', 'languages = ["fr"]', "languages", "languages"),
    ("site.toml", "bounds = [106.9, 10.2", "bounds = [10.2, 106.9", "bounds", "not a box"),
    ("site.toml", "bounds = [106.9, 10.2", "bounds = [nan, 10.2", "bounds", "not a box"),
    ("site.toml", "languages =", "colour = 1\nlanguages =", "colour", "unknown key 'colour'"),
    ("site.toml", 'en = "Vung Tau"', 'en = " "', "name = {", "missing translation name.en"),
    ("site.toml", 'name = { vi = "Vũng Tàu", en = "Vung Tau" }\n', "", "format", "missing translation"),
    ("site.toml", 'name = { vi = "Thắng Tam", en = "Thang Tam" }\n', "", "[[area]]", "missing translation"),
    (
        "site.toml",
        'id = "rach-dua"',
        'id = "thang-tam"',
        'id = "thang-tam"\nname = { vi = "Rạch',
        "declared twice",
    ),
    ("site.toml", 'id = "rach-dua"\n', 'id = "rach-dua"\nnmae = 1\n', "nmae", "unknown key 'nmae'"),
    ("site.toml", 'code = "26506"', "code = 26506", "codes", "both as text"),
    ("site.toml", "codes = [{", "codes = 5 #", "codes", "both as text"),
    ("site.toml", 'area = "thang-tam"', 'area = "nowhere"', 'area = "nowhere"', "no area 'nowhere'"),
    ("site.toml", 'area = "thang-tam"\n', "", "[[gateway]]", "no area ''"),
    ("site.toml", "reporting_s = 60", "reporting_s = 0", "reporting_s", "not a duration"),
    ("site.toml", "reporting_s = 60", "reporting_s = nan", "reporting_s", "not a duration"),
    ("site.toml", 'id = "gw-02"', 'id = "haidang-self"', 'id = "haidang-self"', "reserved"),
    ("site.toml", '"vt-sea-001"]', '"vt-lost-009"]', '"vt-lost-009"', "no station 'vt-lost-009'"),
    (
        "site.toml",
        '["vt-flood-002"]',
        '["vt-flood-002", "vt-sea-001"]',
        '"vt-flood-002", "vt-sea',
        "under both",
    ),
    ("site.toml", '["vt-flood-002"]', '"vt-flood-002"', 'stations = "vt', "must be a list"),
    ("site.toml", 'gateway = "gw-02"', 'gateway = "gw-99"', "gw-99", "no gateway 'gw-99'"),
    ("site.toml", 'adapter = "chirpstack"', "adapter = 5", "adapter", "must be a text"),
    ("site.toml", 'topics = ["application/#"]', "topics = [1]", "topics", "must be a list"),
    ("site.toml", 'id = "lora"', 'id = "broker"', 'id = "broker"', "reserved"),
    ("site.toml", "[[source]]", "[source]", "[source]", "must be [[source]] tables"),
    ("site.toml", "[[source]]", "[[sauce]]", "[[sauce]]", "unknown key 'sauce'"),
    ("site.toml", "reporting_s = 60", "reporting_s = sixty", "reporting_s", "not valid TOML"),
    ("stations.geojson", '"id": "vt-flood-002"', '"id": "vt-flood-001"', "", "declared twice"),
    ("stations.geojson", '"id": "vt-flood-002"', '"id": "Cầu B"', '"id": "Cầu B"', "not a slug"),
    (
        "stations.geojson",
        "[107.11, 10.38]",
        "[10.38, 107.11]",
        '"id": "vt-flood-002"',
        "outside the site's bounds",
    ),
    ("stations.geojson", "[107.11, 10.38]", "[107.11]", '"id": "vt-flood-002"', "no point"),
    ("stations.geojson", "[107.11, 10.38]", "[107.11, NaN]", '"id": "vt-flood-002"', "no point"),
    ("stations.geojson", "[107.11, 10.38]", '["107.11", 10.38]', '"id": "vt-flood-002"', "no point"),
    (
        "stations.geojson",
        '"type": "Point", "coordinates": [107.11, 10.38]',
        '"type": "Polygon", "coordinates": [[[107.1, 10.3], [107.2, 10.3], [107.2, 10.4], [107.1, 10.3]]]',
        '"id": "vt-flood-002"',
        "the geometry is Polygon; a station is one Point",
    ),
    (
        "stations.geojson",
        '"geometry": { "type": "Point", "coordinates": [107.11, 10.38] }',
        '"geometry": null',
        '"id": "vt-flood-002"',
        "the geometry is missing",
    ),
    (
        "stations.geojson",
        '"name_en": "Bridge B", ',
        "",
        '"id": "vt-flood-002"',
        "missing translation name_en",
    ),
    ("stations.geojson", '"area": "rach-dua"', '"area": "mars"', '"id": "vt-flood-002"', "no area 'mars'"),
    ("stations.geojson", '"area": "rach-dua"', '"area": ["x"]', '"id": "vt-flood-002"', "no area"),
    ("stations.geojson", '"bd2": 1.6', '"bd2": "1,6"', '"id": "vt-flood-001"', "is not a number"),
    ("stations.geojson", '"bd2": 1.6', '"bd2": true', '"id": "vt-flood-001"', "is not a number"),
    ("stations.geojson", '"Cầu B",', '"Cầu B"', "Bridge B", "not valid JSON"),
    ("stations.geojson", '"features"', '"feature"', "{", "not a FeatureCollection"),
    ("sensors.csv", "clock,", "clok,", "sensor,", "unknown column 'clok'"),
    ("sensors.csv", "clock,", "unit,", "sensor,", "unknown column 'unit', or it stands twice"),
    (
        "sensors.csv",
        "vt-sea-001.tide_level",
        "vt-flood-001.rainfall",
        "vt-flood-001.rainfall,m,",
        "declared twice",
    ),
    (
        "sensors.csv",
        "vt-sea-001.tide_level",
        "vt-sea-001",
        "vt-sea-001,",
        "is not <station>.<observed_property>",
    ),
    ("sensors.csv", "vt-sea-001.tide_level", "vt-x.tide_level", "vt-x.", "no station 'vt-x'"),
    ("sensors.csv", "tide_level,m,", "glow,,", "vt-sea", "unknown property 'glow'"),
    ("sensors.csv", "tide_level,m,", "tide_level,furlong,", "vt-sea", "has an unknown unit"),
    ("sensors.csv", "tide_level,m,", "tide_level,s,", "vt-sea", "of another dimension"),
    ("sensors.csv", "m,600,", "m,0,", "vt-sea", "must be above 0"),
    ("sensors.csv", "m,600,", "m,ten,", "vt-sea", "'ten' is not a number"),
    ("sensors.csv", "m,600,", "m,inf,", "vt-sea", "'inf' is not a number"),
    ("sensors.csv", "periodic", "sometimes", "vt-sea", "not understood"),
    ("sensors.csv", "measured", "mine", "vt-sea", "not understood"),
    ("sensors.csv", "-50,800", "800,-50", "vt-flood-001.water_level", "out of order"),
    ("sensors.csv", "0,500,1,40", "0,500,0,1,40", "vt-flood-001.water_level", "12 cells under 11 columns"),
    ("sensors.csv", "received", '"received', "vt-flood-002", "not valid CSV"),
    ("rules.toml", "[[rule]]", "[rule]", "[rule]", "must be [[rule]] tables"),
    ("rules.toml", "format = 1", "format = 7", "format", "format must be 1"),
    ("rules.toml", "[[rule]]", "[[ruel]]", "[[ruel]]", "unknown key 'ruel'"),
    ("rules.toml", 'kind = "threshold"', "kind = ", "kind", "not valid TOML"),
]
TEXTS = {"site.toml": SITE, "stations.geojson": STATIONS, "sensors.csv": SENSORS, "rules.toml": RULES}


@pytest.mark.parametrize(
    ("file", "old", "new", "where", "word"), WRONG, ids=[f"{w[0]}-{w[4]}" for w in WRONG]
)
def test_each_fault_is_named_with_its_file_its_line_and_a_remedy(
    file: str, old: str, new: str, where: str, word: str
) -> None:
    assert old in TEXTS[file]
    text = TEXTS[file].replace(old, new, 1)
    site, problems = parse(good_site(**{file.replace(".", "_"): text}))
    assert site is None
    named = [problem for problem in problems if word in problem.what.en]
    assert named, "\n".join(map(str, problems))
    problem = named[0]
    # "" stands for the second of two stations with one id
    expected = line_of(text, where) if where else 12
    assert (problem.file, problem.line, problem.level) == (file, expected, "error")
    assert str(problem).startswith(f"{file}:{expected}: ")
    for said in (problem.what.vi, problem.what.en, problem.remedy.vi, problem.remedy.en):
        assert said.strip()


@pytest.mark.parametrize("file", FILES)
def test_a_file_that_is_not_utf8_is_named_with_the_line(file: str) -> None:
    content = good_site()[file].split(b"\n")
    content[1] += b" # C\xe2u"
    problem = the_problem_in(file, b"\n".join(content))
    assert (problem.line, problem.what.en) == (2, "is not UTF-8")


@pytest.mark.parametrize("file", ["site.toml", "stations.geojson", "sensors.csv"])
def test_a_file_that_is_missing_is_named(file: str) -> None:
    problem = the_problem(**{file.replace(".", "_"): None})
    assert (problem.file, problem.line, problem.what.en) == (file, 1, "the file is missing")


@pytest.mark.parametrize("file", FILES)
def test_an_empty_file_is_a_problem_or_nothing_to_say(file: str) -> None:
    site, problems = parse(good_site(**{file.replace(".", "_"): b""}))
    assert (site is None) == (file != "rules.toml")
    assert all(problem.line >= 1 for problem in problems)


def test_a_text_that_stops_too_early_is_found_at_its_end() -> None:
    problem = the_problem_in("site.toml", (SITE + 'codes = [{ scheme = "x"').encode())
    assert problem.line == SITE.count("\n") + 1


def test_semicolons_for_commas_are_understood_as_such() -> None:
    problem = the_problem(sensors_csv=SENSORS.replace(",", ";"))
    assert problem.line == 1
    assert "not separated by commas" in problem.what.en


def test_all_faults_are_told_at_once() -> None:
    problems = problems_of(
        site_toml=SITE.replace("reporting_s = 60", "reporting_s = -1"),
        stations_geojson=STATIONS.replace("Bridge A", ""),
        sensors_csv=SENSORS.replace("600", "often"),
        rules_toml="[[rule",
    )
    assert [problem.file for problem in problems] == [FILES[3], *FILES[:3]]


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("site.toml", SITE.replace("reporting_s = 60", "reporting_s = sixty")),
        ("stations.geojson", STATIONS.replace('"Cầu B",', '"Cầu B"')),
        ("stations.geojson", "{}"),
    ],
)
def test_a_file_that_cannot_be_read_is_told_alone_without_what_only_follows_from_it(
    file: str, text: str
) -> None:
    assert text != TEXTS[file]
    problem = the_problem(**{file.replace(".", "_"): text})
    assert problem.file == file


def test_a_file_that_cannot_be_read_is_told_first_and_other_faults_are_still_told() -> None:
    problems = problems_of(
        site_toml=SITE.replace("reporting_s = 60", "reporting_s = -1"),
        stations_geojson=STATIONS.replace('"Cầu B",', '"Cầu B"'),
        sensors_csv=SENSORS.replace("600", "often"),
    )
    assert [problem.file for problem in problems] == ["stations.geojson", "site.toml", "sensors.csv"]


@pytest.mark.parametrize(
    ("typed", "remedy"),
    [
        ('"1,8"', "write 1.8, with a decimal point"),
        ('" 1.8"', "write 1.8 without quotation marks"),
        ('"high"', "remove this one"),
    ],
)
def test_a_number_that_was_typed_as_text_is_to_be_written_as_a_number(typed: str, remedy: str) -> None:
    problem = the_problem(stations_geojson=STATIONS.replace('"area":', f'"bd3": {typed}, "area":', 1))
    assert remedy in problem.remedy.en
    assert ("1.8" in problem.remedy.vi) == ("1.8" in remedy)


@pytest.mark.parametrize(
    "files",
    [
        {"site_toml": SITE.replace("reporting_s = 60", "reporting_s = 60,5")},
        {"stations_geojson": STATIONS.replace('"area":', '"bd3": 1,8, "area":', 1)},
        {"rules_toml": "[[rule]]\nadvisory = 1,8\n"},
    ],
)
def test_a_decimal_comma_that_is_no_syntax_is_named(files: dict[str, str]) -> None:
    assert the_problem(**files).remedy.en == "use a decimal point: 1.8, not 1,8"


def test_without_bounds_a_warning_and_still_no_station_off_the_globe() -> None:
    site_toml = SITE.replace("bounds =", "# bounds =")
    site, problems = parse(good_site(site_toml=site_toml))
    assert site is not None
    assert [(problem.level, problem.what.en) for problem in problems] == [("warning", "no bounds given")]
    swapped = STATIONS.replace("[107.11, 10.38]", "[10.38, 107.11]")
    assert "outside" in problems_of(site_toml=site_toml, stations_geojson=swapped)[-1].what.en


def test_each_of_many_stations_is_found_on_its_own_line() -> None:
    features = [
        {
            "type": "Feature",
            "id": f"st-{number}",
            "geometry": {"type": "Point", "coordinates": [107.08, 10.35]},
            "properties": {"name_vi": "a", "name_en": "a", "area": "nowhere"},
        }
        for number in range(2000)
    ]
    text = json.dumps({"type": "FeatureCollection", "features": features}, indent=1)
    problems = problems_of(stations_geojson=text)
    unknown = [problem for problem in problems if problem.what.en.endswith("no area 'nowhere'")]
    assert [problem.line for problem in unknown] == [
        number for number, line in enumerate(text.split("\n"), 1) if '"id"' in line
    ]


# Versions and bundles


def test_a_version_names_exactly_these_files() -> None:
    version = parsed().version
    assert version == sites.version_of(good_site())
    assert len(version) == 32
    for file in FILES:
        changed = good_site()
        changed[file] += b"\n"
        assert sites.version_of(changed) != version


def test_what_moves_from_one_file_to_the_next_changes_the_version() -> None:
    one = {"site.toml": b"ab", "stations.geojson": b"c"}
    other = {"site.toml": b"a", "stations.geojson": b"bc"}
    assert sites.version_of(one) != sites.version_of(other)


def test_a_bundle_comes_apart_into_the_same_files() -> None:
    files = good_site()
    assert sites.unbundle(sites.bundle({**files, "notes.txt": b"not ours"})) == files


def test_what_is_no_bundle_is_refused() -> None:
    for data in (b"", b"{}", b"\x81\xa1x\x01"):
        with pytest.raises(ValueError):  # noqa: PT011  the words are the library's
            sites.unbundle(data)


# No input may break the reader


def the_problem_in(file: str, content: bytes) -> sites.Problem:
    return the_first(parse({**good_site(), file: content})[1], file)


def the_first(problems: list[sites.Problem], file: str) -> sites.Problem:
    return next(problem for problem in problems if problem.file == file)


tree = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150)
@given(st.data())
def test_whatever_stands_in_place_of_a_value_is_told_and_never_raised(data: st.DataObject) -> None:
    collection = json.loads(STATIONS)
    _replace_somewhere(collection, data.draw(tree), data)
    text = json.dumps(collection, indent=1)
    _, problems = parse(good_site(stations_geojson=text))
    lines = text.count("\n") + 1
    assert all(1 <= problem.line <= lines for problem in problems if problem.file == "stations.geojson")


def _replace_somewhere(node: Any, value: Any, data: st.DataObject) -> None:
    keys = list(node) if isinstance(node, dict) else list(range(len(node)))
    key = data.draw(st.sampled_from(keys))
    if isinstance(node[key], dict | list) and node[key] and data.draw(st.booleans()):
        _replace_somewhere(node[key], value, data)
    else:
        node[key] = value


@settings(max_examples=100)
@given(st.sampled_from(FILES), st.data())
def test_no_cut_of_a_file_raises(file: str, data: st.DataObject) -> None:
    content = good_site()[file]
    cut = data.draw(st.integers(0, len(content)))
    noise = data.draw(st.sampled_from([b"", b"\x00", b'"', b"[", b"\xff", b"9" * 5000, b"\r"]))
    _, problems = parse({**good_site(), file: content[:cut] + noise})
    assert all(problem.line >= 1 for problem in problems)


@given(
    st.sampled_from(["id", "name", "zone", "languages", "bounds", "format"])
    | st.sampled_from(["area", "gateway", "source"]),
    st.sampled_from(
        ["1", "[]", "[1]", "{}", '"x"', "true", "nan", "1979-05-27", "[[1]]", "[{}]", "[{ id = [] }]"]
    ),
)
def test_no_value_of_a_key_raises(key: str, value: str) -> None:
    head = "\n".join(line for line in SITE.split("\n\n")[0].split("\n") if not line.startswith(key))
    _, problems = parse(good_site(site_toml=f"{key} = {value}\n{head}\n"))
    assert problems
