"""Numbers of stations: the impossible is refused, the misspelt is asked about, the rest is let alone."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import services.alerts.hazards as room
from services.alerts.hazard import Ascending, Attribute, Hazard
from services.alerts.hazards import _flood_tide, derivations, hazards, strike_derivations
from services.alerts.rule.attributes import attribute_faults
from services.cli.folder import check_files
from services.observation.site import Problem, RawRule, Site
from services.observation.text import Text
from tests.support.pages import DOCS, text_of
from tests.support.site_folder import RULES, SENSORS, SITE, STATIONS, parsed

STATION = "vt-flood-002"


def site_with(**numbers: float) -> Site:
    """The small site, one of its stations with these numbers."""
    site = parsed()
    stations = {**site.stations, STATION: msgspec.structs.replace(site.stations[STATION], attributes=numbers)}
    return msgspec.structs.replace(site, stations=stations)


def found(**numbers: float) -> list[Problem]:
    return attribute_faults(site_with(**numbers), hazards().values())


BEACH = {"shore_normal_deg": 160.0}
PLACE = {"lightning_place": 1.0}

IMPOSSIBLE: list[tuple[str, dict[str, float], str, str]] = [
    ("shore_normal_deg", {"shore_normal_deg": 400}, "0 to 360 °", "từ 0 đến 360 °"),
    ("shore_normal_deg", {"shore_normal_deg": -1}, "0 to 360 °", "từ 0 đến 360 °"),
    ("lightning_danger_km", PLACE | {"lightning_danger_km": -3}, "above 0 and at most 300 km", "lớn hơn 0"),
    ("lamp_wattage", {"lamp_wattage": 0}, "above 0", "lớn hơn 0"),
    ("lamp_wattage", {"lamp_wattage": -5}, "above 0", "lớn hơn 0"),
    ("lamp_power_factor", {"lamp_wattage": 70, "lamp_power_factor": 95}, "at most 1", "không quá 1"),
    ("all_night", {"lamp_wattage": 70, "all_night": 2}, "a whole number from 0 to 1", "số nguyên từ 0 đến 1"),
    ("noise_zone", {"noise_zone": 7}, "a whole number from 1 to 2", "số nguyên từ 1 đến 2"),
    ("noise_zone", {"noise_zone": 1.5}, "a whole number from 1 to 2", "số nguyên từ 1 đến 2"),
    ("water_class", {"water_class": 9}, "a whole number from 1 to 4", "số nguyên từ 1 đến 4"),
    ("fresh_water", {"fresh_water": 0}, ": 1)", ": 1)"),
    ("lightning_place", {"lightning_place": 0}, ": 1)", ": 1)"),
    ("guard_from_h", BEACH | {"guard_from_h": 30, "guard_to_h": 18}, "0 to 24 h", "từ 0 đến 24 h"),
    ("tilt_baseline", {"tilt_baseline": 500}, "-90 to 90 °", "từ -90 đến 90 °"),
    ("wilting_point", {"wilting_point": 0.12, "field_capacity": 32}, "1 to 100 %", "từ 1 đến 100 %"),
    ("tree_soaked_h", {"tree_soaked_h": 120}, "at most 90 h", "không quá 90 h"),
    ("rain_3h_watch", {"rain_3h_watch": -70}, "above 0", "lớn hơn 0"),
    ("tide_m2_phase", {"tide_m2_phase": 500, "tide_m2_amp": 0.8}, "-360 to 360 °", "từ -360 đến 360 °"),
    ("release_1", {"release_1": 0}, "above 0", "lớn hơn 0"),
    ("gas_reference_celsius", {"gas_reference_celsius": 298}, "-50 to 60 °C", "từ -50 đến 60 °C"),
]


@pytest.mark.parametrize(
    ("name", "numbers", "en", "vi"), IMPOSSIBLE, ids=[f"{c[0]}-{n}" for n, c in enumerate(IMPOSSIBLE)]
)
def test_an_impossible_number_is_refused_with_what_would_be_possible(
    name: str, numbers: dict[str, float], en: str, vi: str
) -> None:
    errors = [one for one in found(**numbers) if one.level == "error" and name in one.what.en]
    one = errors[0]
    assert (one.file, one.line) == ("stations.geojson", parsed().stations[STATION].line)
    assert STATION in one.what.en
    assert f"{name} = {numbers[name]:g} is impossible" in one.what.en
    assert en in one.what.en
    assert STATION in one.what.vi
    assert vi in one.what.vi
    assert name in one.remedy.en
    assert name in one.remedy.vi


DISORDER: list[tuple[dict[str, float], str]] = [
    (
        PLACE | {"lightning_warning_km": 30, "lightning_monitor_km": 5, "lightning_prepare_km": 30},
        "lightning_warning_km 30 > lightning_monitor_km 5",
    ),
    (PLACE | {"lightning_warning_km": 18}, "lightning_warning_km 18 > lightning_prepare_km 16 (default)"),
    (PLACE | {"lightning_all_clear_km": 17}, "lightning_all_clear_km 17 > lightning_prepare_km 16 (default)"),
    ({"wilting_point": 32, "field_capacity": 12}, "wilting_point 32 > field_capacity 12"),
    ({"wilting_point": 12, "field_capacity": 12}, "wilting_point 12 = field_capacity 12"),
    (
        {"field_capacity": 50, "wilting_point": 5, "soil_saturation": 42},
        "field_capacity 50 > soil_saturation 42",
    ),
    ({"rain_1h_watch": 80}, "rain_1h_watch 80 > rain_1h_warning 70 (default)"),
    (BEACH | {"rip_p_watch": 20}, "rip_p_advisory 25 (default) > rip_p_watch 20"),
    ({"field_watch": 300}, "field_calm 500 (default) > field_watch 300"),
    ({"tree_warning": 3}, "tree_warning 3 > tree_urgent 2 (default)"),
]  # fmt: skip


@pytest.mark.parametrize(("numbers", "said"), DISORDER, ids=[said for _, said in DISORDER])
def test_numbers_in_disorder_are_refused(numbers: dict[str, float], said: str) -> None:
    errors = [one for one in found(**numbers) if one.level == "error"]
    assert [one.what.en for one in errors] == [f"station {STATION}: {said}"]
    assert errors[0].what.vi == f"trạm {STATION}: {said.replace('(default)', '(mặc định)')}"
    assert errors[0].remedy.en.startswith("keep ")
    assert errors[0].remedy.vi.startswith("giữ ")


@pytest.mark.parametrize(
    ("sensors", "numbers"),
    [
        (f"{STATION}.water_level", {"bd1": 2.0, "bd2": 1.6, "bd3": 2.4}),
        (f"{STATION}.tide_level", {"tide_band_1": 4.2, "tide_band_2": 4.1}),
        (f"{STATION}.outflow", {"release_1": 50, "release_2": 20}),
    ],
    ids=["bd", "tide_band", "release"],
)
def test_levels_of_a_rule_in_disorder_are_refused_once(sensors: str, numbers: dict[str, float]) -> None:
    collection = json.loads(STATIONS)
    collection["features"][1]["properties"] |= numbers
    files = {
        "site.toml": SITE.encode(),
        "stations.geojson": json.dumps(collection).encode(),
        "sensors.csv": f"sensor\n{sensors}\n".encode(),
    }
    errors = check_files(files).errors
    assert [one.file for one in errors] == ["stations.geojson"]
    assert "is not beyond" in errors[0].what.en


MISSPELT = [
    ("lightning_plac", "lightning_place"),
    ("lightening_place", "lightning_place"),
    ("lamp_watage", "lamp_wattage"),
    ("Lamp_Wattage", "lamp_wattage"),
    ("lamp_wattgae", "lamp_wattage"),
    ("lightning_warn_km", "lightning_warning_km"),
    ("bd_1", "bd1"),
    ("db1", "bd1"),
    ("rain_1h_advisry", "rain_1h_advisory"),
    ("tide_m2_phse", "tide_m2_phase"),
    ("shore_normal", "shore_normal_deg"),
]


@pytest.mark.parametrize(("written", "meant"), MISSPELT, ids=[written for written, _ in MISSPELT])
def test_a_misspelt_name_is_asked_about(written: str, meant: str) -> None:
    (one,) = found(**{written: 1.0})
    assert one.level == "warning"
    assert f"nothing reads {written}; did you mean {meant}?" in one.what.en
    assert f"có phải là {meant}?" in one.what.vi


@pytest.mark.parametrize(
    "name", ["drain_mm_h", "faces_deg", "catchment_km2", "full_m3", "height_m", "x", "my_own"]
)
def test_a_number_of_the_sites_own_is_let_alone(name: str) -> None:
    assert found(**{name: -1e9}) == []


def test_a_name_the_station_has_beside_the_right_one_was_not_misspelt() -> None:
    assert found(lamp_wattage=70, lamp_wattage_2=35) == []


def test_what_a_rule_of_the_site_reads_is_known_and_guarded_too() -> None:
    rule = RawRule({"id": "mine", "advisory": "station.lamp_watage or station.ferry_stop - 0.2"}, 1)
    site = msgspec.structs.replace(site_with(lamp_watage=1, ferry_stop=1), rules=(rule,))
    assert attribute_faults(site, hazards().values()) == []
    site = msgspec.structs.replace(site_with(fery_stop=1), rules=(rule,))
    (one,) = attribute_faults(site, hazards().values())
    assert "did you mean ferry_stop?" in one.what.en


@pytest.mark.parametrize(
    ("name", "lacks"),
    [
        ("lightning_warning_km", "lightning_place"),
        ("guard_to_h", "guard_from_h"),
        ("tide_m2_amp", "tide_m2_phase"),
        ("tilt_x_baseline", "tilt_y_baseline"),
        ("tilt_temp_coef", "tilt_temp_ref"),
    ],
)
def test_a_number_that_does_nothing_without_another_is_told(name: str, lacks: str) -> None:
    (one,) = found(**{name: 10.0})
    assert one.level == "warning"
    assert f"{name} does nothing without {lacks}" in one.what.en
    assert lacks in one.remedy.vi


def test_the_check_of_a_site_folder_says_it() -> None:
    collection = json.loads(STATIONS)
    collection["features"][1]["properties"] |= {"noise_zone": 7, "lamp_watage": 70}
    files = {
        "site.toml": SITE.encode(),
        "stations.geojson": json.dumps(collection, indent=1).encode(),
        "sensors.csv": SENSORS.encode(),
        "rules.toml": RULES.encode(),
    }
    problems = [str(one) for one in check_files(files).problems if one.file == "stations.geojson"]
    assert any("noise_zone = 7 is impossible" in one for one in problems)
    assert any("did you mean lamp_wattage?" in one for one in problems)


def test_a_new_hazard_declares_its_own() -> None:
    landslide = msgspec.structs.replace(
        hazards()["system"],
        attributes={
            "slope_low": Attribute(Text("thấp", "low"), "°", 0.0),
            "slope_high": Attribute(Text("cao", "high"), high=90.0, default=45.0),
        },
        ascending=(Ascending(("slope_low", "slope_high")),),
    )
    said = [
        one.what.en.removeprefix(f"station {STATION}: ")
        for numbers in ({"slope_low": -1}, {"slope_high": 91}, {"slope_low": 50}, {"slope_lo": 1})
        for one in attribute_faults(site_with(**numbers), [landslide])
    ]
    assert said == [
        "slope_low = -1 is impossible (low: at least 0 °)",
        "slope_high = 91 is impossible (high: at most 90)",
        "slope_low 50 > slope_high 45 (default)",
        "nothing reads slope_lo; did you mean slope_low?",
    ]


# What is declared


def read_in_code() -> Iterator[str]:
    """Names that the code of hazards asks stations for, as it is written."""
    asks = (
        r"""(?:attribute|attributes\.get|series\.attributes|facts\.attributes)[(\[]\s*f?"([a-z0-9_{}]+)\""""
    )
    for file in sorted(Path(room.__file__).parent.glob("*.py")):
        yield from re.findall(asks, file.read_text(encoding="utf-8"))


def test_every_attribute_that_a_hazard_reads_is_declared() -> None:
    declared = {name for hazard in hazards().values() for name in hazard.attributes}
    tables = [table for hazard in hazards().values() for table in hazard.rules]
    read = set(re.findall(r"station\.([a-z0-9_]+)", json.dumps(tables)))
    read |= {name for one in derivations() for name in one.needs}
    read |= {name for one in strike_derivations() for name in one.needs}
    read |= {name for one in derivations() for name in one.alike or ()}
    read |= {name for name in read_in_code() if "{" not in name}
    patterns = [re.sub(r"\{.*?\}", "[a-z0-9_]+", name) for name in read_in_code() if "{" in name]
    assert {"bd1", "lightning_all_clear_km", "tilt_calm_wind", "day_lamp", "dry_rain_1h"} <= read
    assert patterns
    assert sorted(read - declared) == []
    assert [one for one in patterns if not any(re.fullmatch(one, name) for name in declared)] == []


def test_every_attribute_that_is_declared_is_explained_and_says_what_it_is_in_both_languages() -> None:
    pages = text_of(DOCS / "site-files.md") + "".join(map(text_of, sorted((DOCS / "hazards").glob("*.md"))))
    told = set(re.findall(r"`([a-z0-9_]+)`", pages))
    told |= {f"{stem}{n}" for stem in re.findall(r"`([a-z_]+_)1` …", pages) for n in range(1, 5)}
    families = re.compile(
        rf"rain_(10min|1h|3h|12h|24h)_(advisory|watch|warning|emergency)|tide_({'|'.join(_flood_tide.LINES)})_(amp|phase)"
    )
    for hazard in hazards().values():
        names = hazard.attributes.keys()
        assert sorted(name for name in names - told if not families.fullmatch(name)) == []
        assert [name for name, one in hazard.attributes.items() if not (one.text.vi and one.text.en)] == []
        assert {one.needs for one in hazard.attributes.values()} - {""} <= names
        assert {name for order in hazard.ascending for name in order.names} <= names


@pytest.mark.parametrize("hazard", hazards().values(), ids=lambda hazard: hazard.name)
def test_every_default_is_possible_and_in_order(hazard: Hazard) -> None:
    numbers = {name: one.default for name, one in hazard.attributes.items() if one.default is not None}
    problems = attribute_faults(site_with(**numbers), [hazard])
    assert [str(one) for one in problems if one.level == "error"] == []
