"""The docs say what is there: examples are run, names are looked up, generated pages are up to date."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from docs import generate
from services.alerts.columns.layout import Layout
from services.alerts.combining.groups import Groups
from services.alerts.hazards import derivations, extra_properties, hazards
from services.alerts.hazards.system import GATEWAY_SILENT
from services.alerts.rule import COMBINED, Kind, parse_rules
from services.alerts.rule import tables as rule_tables
from services.alerts.rule.tables import read_rules
from services.api.app import create_app
from services.api.context import Context
from services.api.database import Database
from services.api.fold import Fold
from services.api.push.hub import Hub
from services.cli import COMMANDS, main
from services.observation import envelope, senml
from services.observation.event import Alert
from services.observation.site import FILES, Site
from services.observation.site_files import parse
from services.observation.site_sensors import COLUMNS
from services.observation.units import known
from services.runtime.settings import Settings
from tests.support.pages import DOCS, README, ROOT, blocks, commands, read_blocks, text_of
from tests.support.site_folder import RULES, SENSORS, SITE, STATIONS

PAGES = [README, ROOT / "README.vi.md", *sorted(DOCS.rglob("*.md"))]
MINIMAL = ROOT / "sites" / "minimal"
FIRST = DOCS / "your-own-site.md"


def site_of(file: Path, *, rules: bool = True) -> Site:
    """Parse the site that a page shows as an example."""
    files = {
        "site.toml": blocks(file, "toml")[0].encode(),
        "stations.geojson": blocks(file, "json")[0].encode(),
        "sensors.csv": blocks(file, "csv")[0].encode(),
    }
    if rules and len(blocks(file, "toml")) > 1:
        files["rules.toml"] = blocks(file, "toml")[1].encode()
    site, problems = parse(files)
    assert not problems, "\n".join(map(str, problems))
    assert site is not None
    return site


# Names


def test_every_room_of_the_architecture_exists() -> None:
    rooms = re.findall(r"^\| `([a-z/]+)` \|", text_of(DOCS / "architecture.md"), re.MULTILINE)
    rooms = [room for room in rooms if (ROOT / room.split("/")[0]).exists() or "/" in room]
    assert len(rooms) > 10
    assert [room for room in rooms if not (ROOT / room).is_dir()] == []


def test_every_room_that_exists_is_in_the_architecture() -> None:
    written = text_of(DOCS / "architecture.md")
    rooms = [file.parent.relative_to(ROOT) for file in (ROOT / "services").glob("*/__init__.py")]
    assert [str(room) for room in rooms if f"`{room}`" not in written] == []


def test_every_module_is_in_the_architecture() -> None:
    written = text_of(DOCS / "architecture.md")
    found = [
        file for room in ("services", "edge", "simulators") for file in sorted((ROOT / room).rglob("*.py"))
    ]
    found = [file for file in found if not file.name.startswith("_") and file.parent.name != "routers"]
    paths = {file: (file.stem, f"{file.parent.name}/{file.stem}") for file in found}
    assert [
        str(file.relative_to(ROOT)) for file in found if not any(f"`{n}`" in written for n in paths[file])
    ] == []


@pytest.mark.parametrize("page", sorted((DOCS / "adr").glob("*.md")), ids=lambda page: page.name)
def test_every_adr_says_where_it_stands_why_what_and_what_follows(page: Path) -> None:
    headings = re.findall(r"^## (.+)$", text_of(page), re.MULTILINE)
    assert headings[:4] == ["Status", "Context", "Decision", "Consequences"]


def test_no_two_adrs_have_one_number() -> None:
    numbers = [page.name[:4] for page in (DOCS / "adr").glob("[0-9]*.md")]
    assert sorted(numbers) == sorted(set(numbers))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", text_of(page))
    local = [link for link in links if "://" not in link]
    assert [link for link in local if not (page.parent / link).exists()] == []


def test_every_column_of_a_sensor_is_explained() -> None:
    page = text_of(DOCS / "site-files.md")
    assert [column for column in COLUMNS if f"`{column}`" not in page] == []


def test_every_attribute_that_a_hazard_reads_is_explained() -> None:
    page = text_of(DOCS / "site-files.md")
    tables = [table for hazard in hazards().values() for table in hazard.rules]
    read = set(re.findall(r"station\.([a-z0-9_]+)", json.dumps(tables)))
    read |= {name for one in derivations() for name in one.needs}
    assert {"bd1", "tide_z0"} <= read
    told = {*re.findall(r"`([a-z0-9_]+)`", page)}
    told |= {f"{stem}{n}" for stem in re.findall(r"`([a-z_]+_)1` …", page) for n in range(1, 5)}
    assert sorted(read - told) == []


def test_every_field_of_an_alert_that_is_promised_is_explained() -> None:
    page = text_of(DOCS / "wire.md")
    fields = {field.name for field in msgspec.structs.fields(Alert) if field.required}
    assert [field for field in sorted(fields) if f"`{field}`" not in page] == []


def test_the_units_the_guide_names_are_understood_or_refused_as_it_says() -> None:
    page = text_of(DOCS / "site-files.md")
    told = page[page.index("Units are spelt") : page.index("A property that is not")]
    good, bad = (re.findall("`([^`]+)`", part) for part in told.split("Not understood"))
    assert good
    assert bad
    assert [unit for unit in good if not known(unit)] == []
    assert [unit for unit in bad if known(unit)] == []


# Commands


SHOWN = sorted({tuple(words) for page in PAGES for words in commands(page)})


@pytest.mark.parametrize("words", SHOWN, ids=" ".join)
def test_every_command_of_a_page_exists_with_its_options(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert words[0] in COMMANDS
    verb = [words[1]] if words[0] in ("site", "schema", "people", "exercise") else []
    with pytest.raises(SystemExit) as left:
        main([words[0], *verb, "--help"])
    assert left.value.code == 0
    told = capsys.readouterr().out
    assert [word for word in words if word.startswith("--") and word not in told] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_running_text_exists(page: Path) -> None:
    assert [name for name in re.findall(r"`haidang (\w+)", text_of(page)) if name not in COMMANDS] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_make_target_of_a_page_exists(page: Path) -> None:
    named = re.findall(r"^make ([a-z -]+)", "\n".join(blocks(page)), re.MULTILINE)
    named += re.findall(r"`make ([a-z -]+)`", text_of(page))
    if page.name.startswith("README"):
        assert {"demo", "test"} <= set(named)
    targets = re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE)
    assert [name for names in named for name in names.split() if name not in targets] == []


VIETNAMESE = [ROOT / "README.vi.md", *sorted((DOCS / "vi").glob("*.md"))]


@pytest.mark.parametrize("page", VIETNAMESE, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_vietnamese_page_shows_the_commands_and_files_of_the_english_one(page: Path) -> None:
    english = README if page.name == "README.vi.md" else DOCS / page.name
    shown, expected = (
        [(block.mark, block.text, block.file) for block in read_blocks(one) if block.mark != "text"]
        for one in (page, english)
    )
    assert shown == expected
    headings = [re.findall(r"^#+ ", text_of(one), re.MULTILINE) for one in (page, english)]
    assert headings[0] == headings[1]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_file_of_ours_that_a_command_uses_is_there(page: Path) -> None:
    lines = "\n".join([*blocks(page), *blocks(page, "sh")])
    named = re.findall(r"(?<![\w/])(?:deploy|sites|docs|tests)/[\w./*-]+", lines)
    assert [name for name in named if not list(ROOT.glob(name))] == []


def test_every_snippet_of_python_is_python() -> None:
    for page in PAGES:
        for text in blocks(page, "python"):
            compile(text, str(page), "exec")


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What the api says of itself."""
    unused: Any = None
    context = Context(
        Settings(), unused, lambda: False, Database(None), unused, Fold(), Hub(), unused, unused
    )
    made: dict[str, Any] = json.loads(json.dumps(create_app(context).openapi()))
    return made


ASKED = re.compile(r"(?<![\w.-])(/(?:api|cap)/v1/[\w/{}<>.$…-]*[\w}>])(?:\?([\w=&,.$:%+-]*))?")
BESIDES = ("/api/v1/events/ws",)
"""Served, and not in the document: OpenAPI has no word for a WebSocket."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_address_of_the_api_that_a_page_names_is_served_with_its_parameters(
    page: Path, document: dict[str, Any]
) -> None:
    patterns = {
        re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + "$"): {
            one["name"] for each in methods.values() for one in each.get("parameters", [])
        }
        for path, methods in document["paths"].items()
    }
    wrong = []
    for named, query in ASKED.findall(text_of(page)):
        path = named.replace("<act>", "acknowledge")
        known = [names for pattern, names in patterns.items() if pattern.match(path)]
        asked = [one.partition("=")[0] for one in query.split("&") if one]
        if path not in BESIDES and (not known or set(asked) - set.union(*known)):
            wrong.append(f"{path}?{query}")
    assert wrong == []


# Examples


def test_the_first_page_shows_the_files_of_the_smallest_site_and_its_reading_fits() -> None:
    shown = {block.file: block.text for block in read_blocks(FIRST) if block.file in FILES}
    assert shown == {file.name: file.read_text("utf-8") for file in MINIMAL.iterdir()}
    site = site_of(FIRST, rules=False)
    sent = re.search(r"-m '(.*)'$", "\n".join(blocks(FIRST, "sh")), re.MULTILINE)
    assert sent is not None
    pack = senml.resolve(
        msgspec.json.decode(sent[1].replace("'$(date +%s)'", "1763600400"), type=list[senml.Record])
    )
    sensor = site.sensors[pack.names[0]]
    gateway = site.gateways["gw-01"]
    assert sensor.station in gateway.stations
    bd2, bd3 = (site.stations[sensor.station].attributes[level] for level in ("bd2", "bd3"))
    value = pack.values[0]
    assert isinstance(value, float)
    assert bd2 <= value < bd3


def test_the_readme_does_what_the_first_page_does() -> None:
    lines = [line for text in blocks(FIRST, "sh") for line in text.split("\n")]
    own = next(text for text in blocks(README) if "sites/minimal" in text)
    assert [line for line in own.strip().split("\n")[1:] if line not in lines] == []
    sending = next(text for text in blocks(README) if text.startswith("mosquitto_pub"))
    assert (
        sending.split("\n")[:2]
        == next(text for text in blocks(FIRST, "sh") if text.startswith("mosquitto_pub")).split("\n")[:2]
    )


def test_the_site_of_the_guide_is_right_and_its_rules_too() -> None:
    site = site_of(DOCS / "site-files.md")
    assert [rule.table["id"] for rule in site.rules] == ["ben-da-bridge"]
    assert read_rules(site)[1] == []


def test_the_packs_of_the_wire_page_are_read_as_they_are_explained() -> None:
    examples = blocks(DOCS / "wire.md", "json")
    site = site_of(DOCS / "site-files.md")
    pack = senml.resolve(msgspec.json.decode(examples[0], type=list[senml.Record]))
    assert set(pack.names) <= site.sensors.keys()
    assert pack.times == [1763600400, 1763600400, 1763600700]
    head = msgspec.json.decode(examples[1], type=envelope.Envelope)
    assert {field.encode_name for field in msgspec.structs.fields(head)} == json.loads(examples[1]).keys()
    for line in examples[2].strip().split("\n"):
        assert envelope.decode_ack(line.encode()).buf == head.buf


def stations_of(**area_of: str) -> str:
    """A `stations.geojson` of stations and their areas."""
    levels = {"bd1": 1.2, "bd2": 1.6, "bd3": 2.0, "historic_max": 2.9}
    features = [
        {
            "type": "Feature",
            "id": station.replace("_", "-"),
            "geometry": {"type": "Point", "coordinates": [107.08, 10.36]},
            "properties": {"name_vi": "Trạm", "name_en": "Station", "area": area, **levels},
        }
        for station, area in area_of.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": features})


RULED = {
    "site.toml": blocks(DOCS / "site-files.md", "toml")[0]
    + """
[[area]]
id = "ben-dinh"
name = { vi = "Bến Đình", en = "Ben Dinh" }

[[gateway]]
id = "gw-02"
area = "ben-dinh"
stations = ["bd-river-002", "bd-street-001"]
""",
    "stations.geojson": stations_of(
        bd_river_001="thang-nhi", bd_river_002="thang-nhi", bd_street_001="ben-dinh", bd_sea_001="site"
    ),
    "sensors.csv": """sensor
bd-river-001.water_level
bd-river-002.water_level
bd-river-002.rainfall
bd-river-002.battery
bd-street-001.street_depth
bd-sea-001.tide_level
""",
}
"""The site that docs/rules.md speaks of."""

RULE_EXAMPLES = blocks(DOCS / "rules.md", "toml")


@pytest.mark.parametrize("example", RULE_EXAMPLES, ids=lambda text: tomllib.loads(text)["rule"][0]["id"])
def test_an_example_of_the_rules_page_is_right_and_watches_something(example: str) -> None:
    files = {name: text.encode() for name, text in {**RULED, "rules.toml": example}.items()}
    site, problems = parse(files, extra_properties())
    assert site is not None, "\n".join(map(str, problems))
    rules, more = parse_rules(site)
    assert [str(problem) for problem in [*problems, *more]] == []
    jsonschema_rs.validate(generate.schemas()["rules.toml"], tomllib.loads(example))
    layout = Layout(site, rules, None)
    groups = {group.rule.id for group in Groups(layout).groups}
    for table in tomllib.loads(example)["rule"]:
        found = [rule for rule in rules if rule.id == table["id"]]
        assert bool(found) is table.get("enabled", True)
        for rule in found:
            assert rule.id in groups if rule.kind in COMBINED else rule in layout.rule_at


def test_the_rules_page_shows_every_kind_and_explains_every_key_and_default() -> None:
    page = text_of(DOCS / "rules.md")
    shown = [rule for text in RULE_EXAMPLES for rule in tomllib.loads(text)["rule"]]
    assert {rule.get("kind", "threshold") for rule in shown} == {str(kind) for kind in Kind}
    assert [key for key in rule_tables.KEYS if f"`{key}`" not in page] == []
    defaults = [rule["id"] for hazard in hazards().values() for rule in hazard.rules]
    listed = text_of(DOCS / "rule-kinds.md")
    assert [name for name in [*defaults, GATEWAY_SILENT] if f"`{name}`" not in listed] == []


# Generated pages


GENERATED = generate.pages()


@pytest.mark.parametrize("file", GENERATED, ids=lambda file: file.name)
def test_a_generated_page_is_up_to_date(file: Path) -> None:
    assert file.exists(), "run: make docs"
    assert text_of(file) == GENERATED[file], "run: make docs"


def instance(file: str, content: str) -> object:
    """What a file holds, as JSON would hold it."""
    if file == "sensors.csv":
        head, *lines = content.strip().split("\n")
        return [
            {key: _cell(cell) for key, cell in zip(head.split(","), line.split(","), strict=True)}
            for line in lines
        ]
    return msgspec.to_builtins(tomllib.loads(content) if file.endswith(".toml") else json.loads(content))


def _cell(cell: str) -> object:
    try:
        return float(cell) if cell else None
    except ValueError:
        return cell


GOOD = dict(zip(FILES, (SITE, STATIONS, SENSORS, RULES), strict=True))


@pytest.mark.parametrize("file", FILES)
def test_the_schema_of_a_file_accepts_a_good_one_and_refuses_an_unknown_key(file: str) -> None:
    schema = generate.schemas()[file]
    good = instance(file, GOOD[file])
    jsonschema_rs.validate(schema, good)
    if file == "stations.geojson":
        bad: object = {"type": "FeatureCollection"}
    elif file == "sensors.csv":
        bad = [{"sensor": "a.b", "colour": 1}]
    else:
        assert isinstance(good, dict)
        bad = {**good, "colour": 1}
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema, bad)


def holes(schema: object, path: str = "") -> list[str]:
    """Places of a schema that say nothing."""
    if isinstance(schema, list):
        return [hole for at, one in enumerate(schema) for hole in holes(one, f"{path}/{at}")]
    if not isinstance(schema, dict):
        return []
    own = [path] if not schema else []
    return own + [hole for key, one in schema.items() for hole in holes(one, f"{path}/{key}")]


@pytest.mark.parametrize("file", FILES)
def test_the_schema_of_a_file_says_something_about_every_key(file: str) -> None:
    assert holes(generate.schemas()[file]) == []


@pytest.mark.parametrize(
    "wrong",
    [
        'advisory = "station.bd1 * 2"',
        'advisory = 1\nstatus = "binding"',
        'advisory = 1\nschedule = { from = "25:00" }',
        'advisory = 1\nschedule = [{ days = ["monday"] }]',
        'kind = "k_of_n"\nadvisory = 1\nof = "everywhere"',
        'kind = "and"\nof = [{ property = "rainfall", at_least = 1 }]',
        'kind = "or"\nof = [{ property = "rainfall" }, { property = "rainfall", at_least = 1, at_most = 2 }]',
    ],
)
def test_the_schema_of_rules_refuses_what_the_service_refuses(wrong: str) -> None:
    table = f'[[rule]]\nid = "a"\nhazard = "flood"\nproperty = "rainfall"\n{wrong}\n'
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(generate.schemas()["rules.toml"], tomllib.loads(table))
    site, _ = parse({name: text.encode() for name, text in {**RULED, "rules.toml": table}.items()})
    assert site is not None
    assert parse_rules(site)[1] != []


# The house


def test_no_module_is_longer_than_one_can_read() -> None:
    """Past 250 lines a module explains itself in review; past 400 it is two."""
    files = [
        file for room in ("services", "edge", "simulators", "bench") for file in (ROOT / room).rglob("*.py")
    ]
    assert [str(file.relative_to(ROOT)) for file in files if len(text_of(file).split("\n")) > 400] == []
