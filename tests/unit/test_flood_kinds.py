"""Floods of streets, coast, reservoirs and sewers, and heavy rain: the default rules in the engine."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from services.alerts.hazards import hazards
from services.alerts.hazards._flood_tide import Tide, predicted
from services.observation.event import CloudEvent
from tests.support.engine_world import MINUTE, T0, city, engine_of, readings, sensor, told, without_detection

Values = Sequence[float]
BANDS = {"tide_band_1": 4.0, "tide_band_2": 4.1, "tide_band_3": 4.2, "tide_band_4": 4.3}


def events(
    series: Mapping[str, tuple[int, Values]],
    attributes: Mapping[str, Mapping[str, float]] | None = None,
    areas: Mapping[str, str] | None = None,
) -> list[CloudEvent]:
    """Events of series (minutes between readings, values from minute 0 on) in order of time."""
    rows = [
        (name, T0 + at * step * MINUTE, float(value))
        for name, (step, values) in series.items()
        for at, value in enumerate(values)
    ]
    site = city(
        [sensor(name, step * 60) for name, (step, _) in series.items()],
        attributes=attributes,
        areas=areas,
        bare=False,
    )
    return engine_of(site).apply([readings(*sorted(rows, key=lambda row: row[1]))])


def test_a_street_is_flooded_from_ten_centimetres_on_and_below_it_is_ponding() -> None:
    street = "a.street_depth"
    found = events({street: (1, [0.0, 0.09, 0.1, 0.199, 0.2, 0.3, 0.499, 0.5])})
    assert told(found) == [
        f"raised advisory {street} @2",
        f"escalated watch {street} @4",
        f"escalated warning {street} @5",
        f"escalated emergency {street} @7",
    ]
    assert "ngập rất sâu" in found[-1].data.reason.vi
    assert "v = 0" in found[-1].data.reason.en


def test_a_street_is_dry_again_half_an_hour_after_the_water_has_drained() -> None:
    street = "a.street_depth"
    waves = [0.12, 0.08, 0.11, 0.075, 0.12]  # within the hysteresis
    assert told(events({street: (1, [*waves, *[0.06] * 30])})) == [f"raised advisory {street} @0"]
    found = events({street: (1, [*waves, *[0.06] * 31])})
    assert told(found) == [f"raised advisory {street} @0", f"cleared advisory {street} @35"]
    assert "tụ nước" in found[-1].data.reason.vi


def test_water_that_stands_just_below_its_class_is_not_over() -> None:
    street = "a.street_depth"
    assert told(events({street: (1, [0.1, *[0.08] * 90])})) == [f"raised advisory {street} @0"]


def test_the_bands_of_a_tide_gauge_are_its_own() -> None:
    tide = "t.tide_level"
    found = events({tide: (10, [3.9, 4.0, 4.1, 4.2, 4.3])}, {"t": BANDS})
    assert [line.split()[1] for line in told(found)] == ["advisory", "watch", "warning", "emergency"]
    assert told(events({tide: (10, [3.9, 4.0, 4.1, 4.2, 4.3])})) == []  # no other port has Vũng Tàu's


def test_a_surge_is_what_the_predicted_tide_does_not_explain() -> None:
    tide = Tide(2.6, ("m2", "k1"), (0.8, 0.6), (35.0, 310.0))
    time = T0 + np.arange(30) * 10 * MINUTE
    surge = np.where(np.arange(30) < 10, 0.1, 0.35) + np.where(np.arange(30) >= 20, 0.2, 0.0)
    level = (predicted(time, tide) + surge).tolist()
    found = events({"t.tide_level": (10, level)}, {"t": tide.attributes()})
    assert told(found) == ["raised advisory t.tide_residual @100", "escalated watch t.tide_residual @200"]
    assert events({"t.tide_level": (10, level)}) == []


def test_rain_while_the_tide_locks_the_outfalls_is_an_alert_of_the_area_one_class_worse() -> None:
    """30 mm in an hour are an advisory of rain; with the tide in its top band the area is at watch."""
    rain = [0.0] * 12 + [5.0] * 6 + [0.0] * 12
    for tide, locked in ((4.3, ["raised watch city @170", "cleared watch city @230"]), (4.29, [])):
        found = events(
            {"r.rainfall": (10, rain), "t.tide_level": (10, [tide] * 30)}, {"t": BANDS}, {"t": "site"}
        )
        assert [line for line in told(found) if line.split()[2] == "city"] == locked
        assert "raised advisory r.rain_severity @170" in told(found)
    known = {"t": BANDS | {"outfall_lock": 3.8}}
    found = events({"r.rainfall": (10, rain), "t.tide_level": (10, [3.9] * 30)}, known, {"t": "site"})
    assert "raised watch city @170" in told(found)
    assert "cửa xả bị khóa" in next(e for e in found if e.data.sensor is None).data.reason.vi


@pytest.mark.parametrize(
    ("tide", "rain", "expected"),
    [(3.6, 0.0, True), (3.4, 0.0, False), (3.6, 0.5, False)],
    ids=["high tide, no rain", "low tide", "it rains"],
)
def test_water_on_a_street_without_rain_at_high_tide_comes_from_the_sewer(
    tide: float, rain: float, *, expected: bool
) -> None:
    found = events(
        {
            "r.rainfall": (10, [rain] * 12),
            "t.tide_level": (10, [tide] * 12),
            "s.street_depth": (10, [0.0] * 8 + [0.04, 0.06, 0.07, 0.08]),
        },
        {"s": {"outfall_level": 3.5}},
        {"t": "site"},
    )
    assert told(found) == (["raised advisory s.street_backflow @90"] if expected else [])


def test_without_a_rain_gauge_nobody_says_where_the_water_comes_from() -> None:
    found = events(
        {"t.tide_level": (10, [3.6] * 12), "s.street_depth": (10, [0.08] * 12)},
        {"s": {"outfall_level": 3.5}},
        {"t": "site"},
    )
    assert told(found) == []


def test_a_rain_gauge_that_falls_silent_ends_no_alert_of_a_sewer() -> None:
    """Nobody knows then whether it rains: what was told stands."""
    found = events(
        {
            "r.rainfall": (10, [0.0] * 12),
            "t.tide_level": (10, [3.6] * 60),
            "s.street_depth": (10, [0.08] * 60),
        },
        {"s": {"outfall_level": 3.5}},
        {"t": "site"},
    )
    of_sewer = [line for line in told(found) if "backflow" in line]
    assert [line.split()[0] for line in of_sewer] == ["raised"]


LAKE = {"normal_level": 50.0, "raised_level": 52.0, "crest_level": 54.0}


def test_a_reservoir_is_told_when_it_stores_a_flood_and_not_when_it_is_full() -> None:
    found = events({"h.water_level": (60, [49.9, 50.05, 50.1, 52.0, 54.0])}, {"h": LAKE})
    assert told(found) == [
        "raised advisory h.reservoir_level @120",
        "escalated warning h.reservoir_level @180",
        "escalated emergency h.reservoir_level @240",
    ]


def test_a_release_is_told_by_the_flows_of_the_reservoir_and_when_it_grows_suddenly() -> None:
    flows = {"release_1": 100.0, "release_2": 500.0, "release_rise_2": 200.0, "release_rise_3": 1000.0}
    outflow = [50.0, 60.0, 120.0, 200.0, 300.0, 550.0, 1300.0]
    assert set(told(events({"h.outflow": (30, outflow)}, {"h": flows}))) == {
        "raised advisory h.outflow @60",
        "escalated watch h.outflow @150",
        "raised watch h.outflow_rise @150",
        "escalated warning h.outflow_rise @180",
    }
    assert events({"h.outflow": (30, outflow)}) == []


def test_a_shower_is_one_alert_with_the_window_that_made_it() -> None:
    """Five windows cross their thresholds; the gauge has one alert."""
    shower = [0.0] * 144 + [3.0, 6.0, 9.0, 10.0, 12.0, 14.0, 6.0] + [0.0] * 30
    found = events({"a.rainfall": (10, shower)})
    assert [line.split()[0] for line in told(found)].count("raised") == 1
    first = found[0].data
    assert (first.hazard, first.rule) == ("flood", "rain")
    assert "9,0 mm trong 10 phút (ngưỡng 8 mm)" in first.reason.vi
    assert any("mm in 1 h" in event.data.reason.en for event in found)
    assert all(event.data.flag == 1 for event in found)


def test_rain_known_only_at_least_raises_and_says_so_and_does_not_clear() -> None:
    """A gauge that has just begun: 30 mm in four hours are an advisory of twelve, whatever fell before.

    Then it is dry for hours, and nothing is over: the twelve hours are not covered yet.
    """
    found = [e.data for e in events({"a.rainfall": (10, [1.25] * 24 + [0.0] * 24)}) if e.data.rule == "rain"]
    assert [data.severity for data in found] == ["advisory"]
    assert "ít nhất 26,2 mm trong 12 giờ" in found[0].reason.vi
    assert "at least 26.2 mm in 12 h" in found[0].reason.en


@pytest.mark.parametrize("depth", [10.0, 16.0])
def test_a_shower_is_over_as_soon_at_a_gauge_that_has_just_begun_as_at_a_warm_one(depth: float) -> None:
    """What the long windows of a young gauge hold at least reaches no class: it keeps nothing alive."""
    shower = [0.0] * 6 + [depth] + [0.0] * 90
    ends = []
    for before in (0, 144):
        found = [e for e in events({"a.rainfall": (10, [0.0] * before + shower)}) if e.data.rule == "rain"]
        assert [line.split()[0] for line in told(found)] == ["raised", "cleared"]
        ends.append(int(told(found)[-1].rsplit("@", 1)[1]) - 10 * before)
    assert ends[0] == ends[1] <= 110


def test_both_kinds_of_gauge_make_the_same_sums() -> None:
    depth = [0.0] * 12 + [5.0] * 6
    total = [100.0 + sum(depth[: at + 1]) for at in range(len(depth))]
    found = [
        [line.replace(name, "") for line in told(events({f"a.{name}": (10, values)}))]
        for name, values in (("rainfall", depth), ("rain_total", total))
    ]
    assert found[0] == found[1]
    assert found[0]


def test_every_kind_has_words_and_advice_for_every_severity_in_both_languages() -> None:
    for hazard in (hazards()["flood"],):
        parts = [(hazard.words, hazard.advice), *((p.words, p.advice) for p in hazard.of_property.values())]
        for words, advice in parts:
            assert set(words) == set(advice) == {"advisory", "watch", "warning", "emergency"}
            said = [text for one in advice.values() for text in (one.operator, one.public)]
            for text in (*words.values(), *said):
                assert text.vi
                assert text.en
                assert text.vi != text.en
        watched = {rule["property"] for rule in hazard.rules if "property" in rule}
        assert watched - {"water_level", "water_level_rate", "water_level_eta"} <= set(hazard.of_property)


def test_a_storm_is_told_the_same_wherever_its_batches_are_cut() -> None:
    """Sums, rates, times, residuals, sentences and all: to the last letter."""
    rng = np.random.default_rng(11)
    tide = Tide(3.6, ("m2", "k1"), (0.5, 0.3), (35.0, 310.0))
    level = np.cumsum(rng.normal(0.03, 0.05, 160)) + 0.6
    series: dict[str, tuple[int, Values]] = {
        "a.water_level": (10, level.tolist()),
        "r.rainfall": (10, np.where(rng.random(160) < 0.3, rng.gamma(1.5, 5.0, 160), 0.0).tolist()),
        "s.street_depth": (5, np.abs(np.cumsum(rng.normal(0, 0.02, 320))).tolist()),
        "t.tide_level": (10, (predicted(T0 + np.arange(160) * 10 * MINUTE, tide) + 0.35).tolist()),
    }
    attributes = {
        "a": {"bd1": 1.0, "bd2": 2.0, "bd3": 3.0},
        "s": {"outfall_level": 3.5},
        "t": {**BANDS, **tide.attributes()},
    }
    rows = [
        (name, T0 + at * step * MINUTE, float(value))
        for name, (step, values) in series.items()
        for at, value in enumerate(values)
        if (at * 7919) % 13
    ]
    rows.sort(key=lambda row: row[1])
    sensors = [sensor(name, step * 60) for name, (step, _) in series.items()]
    site = city(sensors, attributes=attributes, areas={"t": "site"}, bare=False)
    whole = without_detection(engine_of(site).apply([readings(*rows)]))
    assert {event.data.rule for event in whole} >= {
        "flood-level", "street-depth", "rain", "tide-band", "tide-surge",
    }  # fmt: skip
    for size in (1, 7, 100):
        engine = engine_of(site)
        parts = [readings(*rows[at : at + size]) for at in range(0, len(rows), size)]
        told_in_parts = without_detection([event for part in parts for event in engine.apply([part])])
        assert sorted(told_in_parts, key=_when) == sorted(whole, key=_when)


def _when(event: CloudEvent) -> tuple[str, str]:
    return event.time, event.id
