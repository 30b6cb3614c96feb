"""What is told of a lamp from its command and its power, all lamps at once. Vectors: domain page 4.2."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

import numpy as np
import pytest
from astral import Observer
from astral.sun import elevation

from services.alerts.derive import Floats, Points, Series
from services.alerts.hazards import _lighting_lamp as lamp
from services.alerts.hazards import _lighting_told as codes
from services.alerts.hazards._lighting_sun import altitude
from services.alerts.hazards._lighting_talq import BY_EVENT, EVENTS
from services.alerts.hazards.lighting import HAZARD
from services.alerts.hazards.system import SENSOR_SILENT
from services.observation.instants import micros

NIGHT = micros("2026-09-23T15:00:00Z")  # 22:00 at Vũng Tàu
NOON = micros("2026-09-23T05:00:00Z")
MINUTE = 60_000_000
NAN = math.nan


def points(
    value: float | Sequence[float],
    *,
    time: int = NIGHT,
    held: Mapping[str, float] | None = None,
    **attributes: float,
) -> Points:
    """Readings of lamps at Vũng Tàu; what is not held is not known."""
    values = np.atleast_1d(np.asarray(value, float))
    given = {"lamp_wattage": 100.0, **attributes}
    names = ("dimming", "supply_loss", "active_power", "supply_voltage_l2", "supply_voltage_l3")
    return Points(
        time=np.full(len(values), time),
        value=values,
        place=np.zeros(len(values), np.int64),
        lat=np.array([10.346]),
        lon=np.array([107.084]),
        attribute=lambda name, default: np.full(len(values), given.get(name, default)),
        held={name: np.full(len(values), (held or {}).get(name, NAN)) for name in names},
        local=lambda instants: instants + 7 * 3600 * 1_000_000,
    )


def told(power: float, dimming: float, **more: float) -> list[str]:
    """Faults of a lamp of 100 W that takes so much at such a command."""
    time = int(more.pop("time", NIGHT))
    found = faults(points(power, time=time, held={"dimming": dimming, "supply_loss": 0}, **more))
    return [name for name, value in zip(codes.FAULTS, found[:, 0], strict=True) if value == 1]


def of_codes(given: Sequence[float], interval_s: float = 300) -> Floats:
    """What is told of a lamp at each of its reports: (5, reports)."""
    every = round(interval_s * 1e6)
    times = NIGHT + np.arange(len(given)) * every
    values: Floats = np.array(given, float)
    upto = np.arange(len(given))
    return codes.told(
        Series(times, values, upto, times, values, 60 * MINUTE, every, {}, {}, lambda instants: instants)
    ).values


def faults(lamps: Points) -> Floats:
    """The faults of lamps, each at its first report: (5, m)."""
    return each(lamp.faults(lamps).values[0])


def each(given: Floats) -> Floats:
    """Of codes, each by itself."""
    return np.concatenate([of_codes([code]) for code in given], axis=1)


def test_the_sun_stands_where_astral_says() -> None:
    days = [f"2026-{month:02}-{day}" for month in (1, 3, 6, 9, 12) for day in ("05", "21")]
    instants = [f"{day}T{hour:02}:17:00Z" for day in days for hour in range(24)]
    for lat, lon in ((10.346, 107.084), (21.0, 105.8), (-33.9, 151.2), (51.5, -0.1)):
        times = np.array([micros(instant) for instant in instants])
        found = altitude(times, np.full(len(times), lat), np.full(len(times), lon))
        for instant, height in zip(instants, found, strict=True):
            when = datetime.fromisoformat(instant).astimezone(UTC)
            assert height == pytest.approx(
                elevation(Observer(lat, lon), when, with_refraction=False), abs=0.02
            )


def test_expected_power_is_linear_in_the_command() -> None:
    # P_exp = W (1 - g (1 - dim/100)); g = 1 unless the lamp says otherwise (design default).
    levels = np.array([0.0, 10, 50, 100])
    assert lamp.expected_power(np.full(4, 100.0), levels).tolist() == pytest.approx([0, 10, 50, 100])
    assert lamp.expected_power(np.full(4, 100.0), levels, 0.8).tolist() == pytest.approx([0, 28, 60, 100])


def test_the_power_factor_follows_talq_s_example_curve() -> None:
    curve = (0.65, 0.60, 0.70, 0.75, 0.80, 0.85, 0.87, 0.89, 0.90, 0.95, 0.98)
    for dimming, least in zip(range(0, 101, 10), curve, strict=True):
        assert lamp.least_power_factor(np.array([float(dimming)]))[0] == pytest.approx(least)
    assert lamp.least_power_factor(np.array([95.0, 15.0])).tolist() == pytest.approx([0.965, 0.65])


def test_power_factor_is_too_low_from_five_hundredths_below_the_curve() -> None:
    full = {"dimming": 100.0, "active_power": 100.0}
    assert lamp.power_factor(points([0.94, 0.931, 0.929, -0.95], held=full)).values[0].tolist() == [
        0,
        0,
        1,
        0,
    ]
    assert lamp.power_factor(points(0.5, held={"dimming": 100.0, "active_power": 5.0})).values[0, 0] == 0
    assert math.isnan(lamp.power_factor(points(0.5, held={"active_power": 50.0})).values[0, 0])
    assert lamp.power_factor(points(0.8, held=full, lamp_power_factor=0.9)).values[0, 0] == 1


@pytest.mark.parametrize(
    ("power", "dimming", "fault"),
    [
        (100, 100, []),
        (9.9, 100, ["failure"]),  # under a tenth of P_exp
        (10.1, 100, ["low"]),
        (1.9, 10, ["failure"]),  # under 2 W
        (0, 9, []),  # less than 10 % asks for no light
        (84.9, 100, ["low"]),  # TALQ: P < P_exp - tolerance; 15 %
        (85.1, 100, []),
        (114.9, 100, []),
        (115.1, 100, ["high"]),
        (14.9, 20, ["low"]),  # the floor of 5 W counts where 15 % is less
        (15.1, 20, []),
        (70.1, 50, ["dimming"]),  # P_exp + 20 % of the wattage
        (69.9, 50, ["high"]),
        (104, 91, []),  # from 90 % on it is no question of dimming
        (116, 91, ["high"]),
        (10.1, 0, ["unexpected"]),
        (9.9, 0, []),
    ],
)
def test_a_lamp_has_the_one_fault_that_explains_the_others(
    power: float, dimming: float, fault: list[str]
) -> None:
    assert told(power, dimming) == fault


def test_a_tolerance_and_a_gradient_of_its_own() -> None:
    assert told(90, 100, lamp_tolerance=8) == ["low"]
    assert told(60, 50, lamp_gradient=0.8) == []
    assert told(60, 50) == ["high"]


def test_a_lamp_is_not_meant_to_burn_by_day_whatever_it_was_told() -> None:
    assert told(100, 100, time=NOON) == ["unexpected"]
    assert told(100, 100, time=NOON, day_lamp=1) == []
    assert told(100, 0, time=NOON, day_lamp=1) == ["unexpected"]


def test_without_a_command_only_a_lamp_that_burns_by_day_is_told() -> None:
    night, day = (faults(points(100, time=time))[:, 0] for time in (NIGHT, NOON))
    assert night[1] == 0
    assert day[1] == 1
    assert np.isnan(night[[0, 2, 3, 4]]).all()


def test_a_lamp_of_all_night_needs_no_command() -> None:
    dark = faults(points([0, 100], all_night=1))
    assert dark[0].tolist() == [1, 0]
    by_day = faults(points([0, 100], time=NOON, all_night=1))
    assert by_day[0].tolist() == [0, 0]
    assert by_day[1].tolist() == [0, 1]
    dusk = micros("2026-09-23T10:55:00Z")  # 17:55: the sun is down, and it is not dark yet
    assert np.isnan(faults(points(0, time=dusk, all_night=1))[0, 0])


def test_no_lamp_is_at_fault_where_the_supply_is_lost() -> None:
    lost = {"dimming": 100.0, "supply_loss": 1.0}
    for compute in (lamp.faults, lamp.states, lamp.dropped, lamp.gear, lamp.dali_lamp):
        assert np.isinf(compute(points(0, held=lost)).values).all()
    there = {"dimming": 100.0}  # nothing known of the supply
    assert faults(points(0, held=there))[0, 0] == 1


def test_a_lamp_without_a_meter_says_on_or_off() -> None:
    lit = lamp.states(points([0, 1], held={"dimming": 100.0})).values[0]
    assert lit.tolist() == [codes.CODES["failure"], 0]
    off = lamp.states(points([0, 1], held={"dimming": 0.0})).values[0]
    assert off.tolist() == [0, codes.CODES["unexpected"]]
    assert np.isnan(each(lamp.states(points(0)).values[0])[0, 0])


def test_a_lamp_without_a_fault_says_so_once_and_is_not_stored_again() -> None:
    """Nothing, failure twice, nothing twice: 0, 1, 1, 0, and then none."""
    assert of_codes([0, 1, 1, 0, 0])[0].tolist() == [0, 1, 1, 0, math.inf]
    assert of_codes([0, 0, 2, 7, 0])[1].tolist() == [0, math.inf, 1, 1, 0]
    assert np.isnan(of_codes([6, 7])[[0, 2, 3, 4]]).all()  # without a command nothing but its day is known
    assert of_codes([6, 7])[1].tolist() == [0, 1]


def test_of_a_lamp_that_reports_rarely_two_reports_make_a_fault() -> None:
    """A single report in the minute in which it was switched, or a spike, outlasts a delay of ten minutes."""
    assert np.isnan(of_codes([0, 2, 0], 900)[1][1])
    assert of_codes([0, 2, 0], 900)[1][[0, 2]].tolist() == [0, 0]
    assert of_codes([0, 1, 1, 1], 900)[0][2:].tolist() == [1, 1]
    assert of_codes([0, 1, 1], 300)[0].tolist() == [0, 1, 1]


def test_a_supply_is_lost_when_all_phases_are() -> None:
    values = lamp.supply(points([10, 230, 10])).values
    assert values[0].tolist() == [1, 0, 1]
    assert values[1].tolist() == [math.inf, 230, math.inf]
    two = lamp.supply(points([10, 225], held={"supply_voltage_l2": 231.0})).values
    assert two[0].tolist() == [0, 0]
    assert two[1].tolist() == [231, 231]
    assert two[2].tolist() == [10, 225]


def test_behind_the_contactor_no_voltage_by_day_is_as_it_should_be() -> None:
    assert lamp.supply(points(0, time=NOON, switched_supply=1)).values[0, 0] == 0
    assert lamp.supply(points(0, time=NIGHT, switched_supply=1)).values[0, 0] == 1


def _cycles(minutes: Sequence[float], states: Sequence[float]) -> list[float]:
    """Whether it cycles, at each reading; each sees those before it."""
    times = np.array([NIGHT + round(minute * MINUTE) for minute in minutes])
    values: Floats = np.array(states, float)
    series = Series(
        times, values, np.arange(len(times)), times, values, 60 * MINUTE, 0, {}, {}, lambda instants: instants
    )
    return [float(value) for value in lamp.cycling(series).values[0]]


def test_three_transitions_within_an_hour_are_cycling() -> None:
    assert _cycles([0, 10, 20, 30], [0, 1, 0, 1]) == [0, 0, 0, 1]
    assert _cycles([0, 25, 50, 75], [0, 1, 0, 1]) == [0, 0, 0, 0]
    assert _cycles([0, 10, 20, 30, 100], [0, 1, 0, 1, 1]) == [0, 0, 0, 1, 0]
    assert _cycles([0, 1, 2, 3, 4], [1, 1, 1, 1, 1]) == [0] * 5


def test_a_lamp_that_follows_its_command_has_not_dropped() -> None:
    assert lamp.dropped(points([0, 1], held={"dimming": 100.0})).values[0].tolist() == [1, 0]
    assert lamp.dropped(points([0, 1], held={"dimming": 0.0})).values[0].tolist() == [0, 0]


def test_bits_of_a_dali_status() -> None:
    # Domain page 4.2: bit 0 gear failure, 1 lamp failure, 2 lamp on, 3 limit error, 4 fade running,
    # 5 reset state, 6 missing short address, 7 power cycle.
    assert lamp.dali(0) == frozenset()
    assert lamp.dali(0b0000_0110) == {"lamp_failure", "lamp_on"}
    assert lamp.dali(0b1100_0001) == {"control_gear_failure", "missing_short_address", "power_cycle"}
    assert lamp.dali(0b0011_1000) == {"limit_error", "fade_running", "reset_state"}
    # An alert as published with the decoder of a LoRaWAN controller; its last byte is the status.
    assert lamp.dali(bytes.fromhex("83200202")[-1]) == {"lamp_failure"}
    with pytest.raises(ValueError, match="byte"):
        lamp.dali(256)
    # The gear has failed by bit 0; by bit 1 its lamp has, which is a lamp failure and told as one.
    assert lamp.gear(points([0b100, 0b101, 0b110, 300])).values[0].tolist()[:3] == [0, 1, 0]
    assert lamp.dali_lamp(points([0b100, 0b101, 0b110])).values[0].tolist() == [0, 0, codes.CODES["failure"]]
    assert math.isnan(lamp.gear(points(300)).values[0, 0])


def test_every_event_of_talq_has_its_property_and_its_rule() -> None:
    rules = {rule["id"]: rule for rule in HAZARD.rules}
    for event in EVENTS:
        if event.rule != SENSOR_SILENT:
            assert rules[event.rule]["property"] == event.property, event
            assert event.property in HAZARD.of_property, event
    assert {event.rule for event in EVENTS} - {SENSOR_SILENT} == set(rules)
    assert "dayBurner" not in BY_EVENT  # TALQ calls it lampUnexpectedOn


def test_every_rule_says_what_it_rests_on() -> None:
    for rule in HAZARD.rules:
        assert rule["status"] == "default"
        assert "design default" in rule["source"]


def test_leakage_and_an_open_door_are_told_as_danger_in_a_flood() -> None:
    for name in ("leakage_current", "door", "supply_loss"):
        part = HAZARD.of_property[name]
        assert part.cap is not None
        assert part.cap.category == "Infra"
        assert all("flood" in advice.operator.en for advice in part.advice.values())
        assert all("ngập" in advice.operator.vi for advice in part.advice.values())
    for name in ("leakage_current", "door"):
        assert all("Do not touch" in one.public.en for one in HAZARD.of_property[name].advice.values())
