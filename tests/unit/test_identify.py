"""Whose readings these are: gateway, station, sensor, unit, time."""

from typing import Any

import numpy as np
import pytest

from services.ingest.decode import Pack
from services.ingest.identify import Columns, Taken, identify
from services.ingest.rejects import Reason
from services.ingest.site_index import EVERYWHERE, SiteIndex
from services.observation import senml, topics
from services.observation.quantity import Property
from services.observation.senml import Record
from services.observation.sensor import CANARY, CANARY_GATEWAY
from services.observation.text import Text
from tests.support.site_folder import SENSORS, parsed

NOW_S = 1_763_600_000
NOW = NOW_S * 1_000_000
LEVEL, RAIN, DEPTH, TIDE = (
    "vt-flood-001.water_level",
    "vt-flood-001.rainfall",
    "vt-flood-002.street_depth",
    "vt-sea-001.tide_level",
)


@pytest.fixture(scope="module")
def index() -> SiteIndex:
    return SiteIndex(
        parsed(
            sensors_csv=SENSORS + "vt-flood-001.lamp_state,,,,,,,,,,\nvt-flood-002.water_level,,,,,,,,,,\n"
        )
    )


def taken(*records: Record, gateway: str = "gw-01", numbers: list[int] | None = None) -> Taken:
    return Taken(gateway, Pack(None, senml.resolve(records), numbers), NOW)


def reading(name: str = LEVEL, t: float | None = NOW_S, v: float | None = 100.0, **more: Any) -> Record:
    return Record(n=name, t=t, v=v, **more)


def reasons(columns: Columns) -> list[tuple[int | None, Reason]]:
    return [(reject.record, reject.reason) for rejects in columns.rejects.values() for reject in rejects]


def test_a_reading_becomes_a_row_in_canonical_units(index: SiteIndex) -> None:
    columns = identify(index, [taken(reading(v=150.0), reading(TIDE, v=2.0, u="cm", t=NOW_S + 0.25))])
    assert [index.names[row] for row in columns.row] == [LEVEL, TIDE]
    assert columns.value.tolist() == [1.5, 0.02]
    assert columns.time.tolist() == [NOW, NOW + 250_000]
    assert columns.counts.tolist() == [2]
    assert not columns.rejects


def test_no_packs_no_columns(index: SiteIndex) -> None:
    columns = identify(index, [])
    assert (len(columns.row), len(columns.counts)) == (0, 0)


def test_packs_keep_their_order_and_their_counts(index: SiteIndex) -> None:
    columns = identify(index, [taken(reading()), taken(), taken(reading(DEPTH, v=1.0), gateway="gw-02")])
    assert columns.counts.tolist() == [1, 0, 1]
    assert [index.names[row] for row in columns.row] == [LEVEL, DEPTH]


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (reading("nobody-7.water_level"), Reason.UNKNOWN_STATION),
        (reading("vt-flood-002.street_depth"), Reason.FOREIGN_STATION),
        (reading("vt-flood-001.tilt"), Reason.UNKNOWN_SENSOR),
        (reading("vt-flood-001"), Reason.UNKNOWN_SENSOR),
        (reading(""), Reason.NO_NAME),
        (reading(u="furlong"), Reason.UNKNOWN_UNIT),
        (reading(u="Cel"), Reason.WRONG_DIMENSION),
        (reading(v=None), Reason.NO_VALUE),
        (reading(v=float("nan")), Reason.NOT_FINITE),
        (reading(v=float("inf")), Reason.NOT_FINITE),
        (reading(t=None), Reason.TIME_MISSING),
        (reading(t=-10), Reason.TIME_RELATIVE),
        (reading(t=86_400), Reason.TIME_RELATIVE),
        (reading(t=2**28), Reason.TIME_TOO_OLD),
        (reading(t=946_684_799), Reason.TIME_TOO_OLD),
        (reading(t=4_070_908_800), Reason.TIME_IN_FUTURE),
        (reading(t=NOW_S + 301), Reason.TIME_IN_FUTURE),
        (reading(t=1e300), Reason.TIME_IN_FUTURE),
        (reading(t=NOW_S * 1000), Reason.TIME_IN_MILLISECONDS),
        (reading("vt-flood-001.lamp_state", v=None, vs="perhaps"), Reason.UNKNOWN_TEXT),
        (reading(v=None, vs="high"), Reason.UNKNOWN_TEXT),
    ],
)
def test_what_can_not_be_used_is_a_reject_and_does_not_stop_its_pack(
    index: SiteIndex, record: Record, reason: Reason
) -> None:
    columns = identify(index, [taken(reading(), record, reading(RAIN, v=3.0))])
    assert reasons(columns) == [(1, reason)]
    assert [index.names[row] for row in columns.row] == [LEVEL, RAIN]
    assert columns.counts.tolist() == [2]


@pytest.mark.parametrize("t", [946_684_800, NOW_S + 300])
def test_exactly_at_the_limits_of_time_is_inside(index: SiteIndex, t: float) -> None:
    assert identify(index, [taken(reading(t=t))]).time.tolist() == [t * 1_000_000]


def test_a_sensor_on_our_clock_takes_the_arrival_where_it_has_no_time(index: SiteIndex) -> None:
    columns = identify(
        index, [taken(reading(DEPTH, t=None), reading(DEPTH, t=-5), reading(DEPTH), gateway="gw-02")]
    )
    assert columns.time.tolist() == [NOW, NOW, NOW]


def test_texts_become_the_numbers_of_the_property(index: SiteIndex) -> None:
    lamp = "vt-flood-001.lamp_state"
    columns = identify(
        index,
        [
            taken(
                reading(lamp, v=None, vs="on"),
                reading(lamp, v=None, vs="OFF"),
                reading(lamp, v=None, vb=True),
            )
        ],
    )
    assert columns.value.tolist() == [1.0, 0.0, 1.0]


def test_records_keep_the_numbers_their_sender_gave_them(index: SiteIndex) -> None:
    columns = identify(index, [taken(reading(), reading("x.y"), reading(v=None), numbers=[0, 4, 7])])
    assert reasons(columns) == [(4, Reason.UNKNOWN_STATION), (7, Reason.NO_VALUE)]


def test_the_same_names_again_cost_no_new_plan(index: SiteIndex) -> None:
    one, two = (index.plan("gw-01", [LEVEL, RAIN], [None, None]) for _ in range(2))
    assert one is two
    assert index.plan("gw-02", [LEVEL, RAIN], [None, None]) is not one


def test_a_gateway_must_be_declared_and_under_its_area(index: SiteIndex) -> None:
    assert index.gateway("thang-tam", "gw-01") is None
    unknown, lying = index.gateway("thang-tam", "gw-09"), index.gateway("rach-dua", "gw-01")
    assert unknown is not None
    assert unknown.reason is Reason.UNKNOWN_GATEWAY
    assert lying is not None
    assert lying.reason is Reason.AREA_MISMATCH


def test_the_canary_is_known_and_goes_everywhere(index: SiteIndex) -> None:
    assert index.gateway("anywhere", CANARY_GATEWAY) is None
    columns = identify(index, [taken(reading(CANARY, v=1.0), gateway=CANARY_GATEWAY)])
    assert index.subject_of_row[columns.row].tolist() == [EVERYWHERE]


def test_stations_of_the_whole_site_go_everywhere_and_others_to_their_partition(index: SiteIndex) -> None:
    rows = np.array([index.row_of[TIDE], index.row_of[LEVEL]])
    assert index.subject_of_row[rows].tolist() == [EVERYWHERE, topics.partition("vung-tau", "thang-tam")]


def test_a_reading_in_another_unit_is_the_number_a_person_would_write(index: SiteIndex) -> None:
    sent = [165.0, 69.0, 57.0, 115.0, 7.0]
    columns = identify(index, [taken(*(reading(TIDE, v=v, u="cm") for v in sent))])
    assert columns.value.tolist() == [1.65, 0.69, 0.57, 1.15, 0.07]


def test_a_series_that_the_engine_computes_comes_from_nobody_else(index: SiteIndex) -> None:
    derived = Property(name="water_level_rate", unit="m/h", text=Text("tốc độ", "rate"), derived=True)
    knows = SiteIndex(index.site, {derived.name: derived})
    columns = identify(knows, [taken(reading("vt-flood-001.water_level_rate"))])
    assert reasons(columns) == [(0, Reason.DERIVED_SENSOR)]


def test_a_pack_that_tells_the_newest_first_is_put_in_order_of_time(index: SiteIndex) -> None:
    first = taken(*(reading(t=NOW_S - age, v=float(age)) for age in (0, 60, 120)))
    second = taken(*(reading(t=NOW_S - age, v=float(age)) for age in (30, 90)))
    columns = identify(index, [first, second])
    assert ((NOW - columns.time) // 1_000_000).tolist() == [120, 60, 0, 90, 30]
    assert (columns.value * 100).tolist() == [120.0, 60.0, 0.0, 90.0, 30.0]
    assert columns.counts.tolist() == [3, 2]
