"""SenML: the facts of RFC 8428, and our own way through it."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.observation import senml
from services.observation.senml import Record

_decode = msgspec.json.Decoder(list[Record]).decode


def resolve(text: str) -> senml.Resolved:
    return senml.resolve(_decode(text))


def test_a_single_record_stands_for_itself() -> None:
    """RFC 8428 section 5.1.1: a name, a unit, a value and no time, which means "now"."""
    found = resolve('[{"n": "urn:dev:ow:10e2073a01080063", "u": "Cel", "v": 23.1}]')
    assert found == senml.Resolved(["urn:dev:ow:10e2073a01080063"], [None], [23.1], ["Cel"])


def test_base_fields_hold_for_the_record_they_stand_in_and_all_after_it() -> None:
    """RFC 8428 section 5.1.2: base time and base unit, relative times, a unit of its own."""
    found = resolve("""[
        {"bn": "urn:dev:ow:10e2073a0108006:", "bt": 1.276020076001e9, "bu": "A", "bver": 5,
         "n": "voltage", "u": "V", "v": 120.1},
        {"n": "current", "t": -5, "v": 1.2},
        {"n": "current", "t": -4, "v": 1.3},
        {"n": "current", "v": 1.7}]""")
    assert found.names == [
        "urn:dev:ow:10e2073a0108006:voltage",
        *["urn:dev:ow:10e2073a0108006:current"] * 3,
    ]
    assert found.units == ["V", "A", "A", "A"]
    assert found.values == [120.1, 1.2, 1.3, 1.7]
    assert found.times == pytest.approx([1276020076.001, 1276020071.001, 1276020072.001, 1276020076.001])


def test_a_record_without_a_name_is_the_base_name_itself() -> None:
    found = resolve('[{"bn": "st.water_level", "bt": 1e9, "v": 1}, {"t": 1, "v": 2}]')
    assert found.names == ["st.water_level", "st.water_level"]
    assert found.times == [1e9, 1e9 + 1]


def test_each_base_field_changes_on_its_own() -> None:
    """A new base name keeps the base time and unit that were in force."""
    found = resolve("""[
        {"bn": "a.", "bt": 1000000000, "bu": "m", "n": "water_level", "v": 1},
        {"n": "tide_level", "t": 2, "v": 2},
        {"bn": "b.", "n": "water_level", "v": 3},
        {"bt": 2000000000, "bu": "cm", "n": "water_level", "v": 4},
        {"n": "water_level", "v": 5, "u": "mm"}]""")
    assert found.names == ["a.water_level", "a.tide_level", "b.water_level", "b.water_level", "b.water_level"]
    assert found.times == [1e9, 1e9 + 2, 1e9, 2e9, 2e9]
    assert found.units == ["m", "m", "m", "cm", "mm"]
    assert found.values == [1, 2, 3, 4, 5]


def test_a_base_value_is_added_to_numbers_only() -> None:
    found = resolve(
        '[{"bn": "a.", "bv": 20, "n": "x", "v": 1.5}, {"n": "y", "vs": "on"}, {"n": "z", "vb": true}]'
    )
    assert found.values == [21.5, "on", 1.0]


def test_a_missing_value_counts_as_zero_beside_a_base_value() -> None:
    """RFC 8428 section 4.5.4."""
    assert resolve('[{"bn": "a.x", "bv": 20, "t": 1}, {"t": 2}, {"t": 3, "v": 0.5}]').values == [20, 20, 20.5]


def test_a_record_without_any_value_has_none() -> None:
    assert resolve(
        '[{"n": "a.x", "t": 1}, {"n": "a.x", "t": 2, "vd": "aGk"}, {"n": "a.x", "s": 3}]'
    ).values == [
        None,
        None,
        None,
    ]


def test_true_and_false_are_one_and_zero() -> None:
    assert resolve('[{"n": "a", "vb": true}, {"n": "a", "vb": false}]').values == [1.0, 0.0]


def test_an_empty_pack_is_no_readings() -> None:
    assert senml.resolve([]) == senml.Resolved([], [], [], [])


def test_a_base_time_of_zero_is_a_base_time() -> None:
    assert resolve('[{"bt": 0, "n": "a", "v": 1}]').times == [0.0]


def test_fields_we_do_not_know_are_passed_over() -> None:
    assert resolve('[{"n": "a", "v": 1, "quality": "good"}]').values == [1]


def test_the_labels_of_cbor_become_the_names_of_json() -> None:
    """RFC 8428 table 4."""
    renamed = senml.from_cbor_labels(
        {-2: "a.", -3: 1e9, -4: "m", -5: 1, -6: 2, -1: 10, 0: "x", 1: "cm", 2: 1.5, 6: 7}
    )
    assert renamed == {
        "bn": "a.",
        "bt": 1e9,
        "bu": "m",
        "bv": 1,
        "bs": 2,
        "bver": 10,
        "n": "x",
        "u": "cm",
        "v": 1.5,
        "t": 7,
    }
    assert senml.from_cbor_labels({3: "on", 4: True, 5: 1, 7: 60, 8: b"x", "n": "y", 99: 1}) == {
        "vs": "on",
        "vb": True,
        "s": 1,
        "ut": 60,
        "vd": b"x",
        "n": "y",
        "99": 1,
    }


micros = st.integers(946_684_800_000_000, 4_102_444_800_000_000)
readings = st.lists(
    st.tuples(
        st.sampled_from(["a.water_level", "b.door", "a-1.pm2_5"]),
        micros,
        st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["on", "đóng", ""]),
        st.sampled_from([None, "m", "ug/m3"]),
    ),
    max_size=20,
)


@given(readings)
def test_what_we_write_we_read_again(made: list[tuple[str, int, float | str, str | None]]) -> None:
    found = senml.resolve(_decode(senml.encode([senml.record(*reading) for reading in made])))
    assert found.names == [name for name, *_ in made]
    assert found.values == [value for _, _, value, _ in made]
    assert found.units == [unit for *_, unit in made]
    assert [round(time * 1e6) for time in found.times if time is not None] == [time for _, time, *_ in made]


bases = st.fixed_dictionaries(
    {},
    optional={
        "bn": st.sampled_from(["a.", "b."]),
        "bt": st.integers(0, 10),
        "bu": st.sampled_from(["m", "cm"]),
        "bv": st.integers(0, 10),
        "n": st.sampled_from(["x", "y"]),
        "t": st.integers(-5, 5),
        "u": st.sampled_from(["mm", "km"]),
        "v": st.integers(-9, 9),
    },
)


@given(st.lists(bases, max_size=12))
def test_a_pack_is_resolved_as_one_record_after_the_other_would_be(pack: list[dict[str, object]]) -> None:
    found = senml.resolve(msgspec.convert(pack, list[Record], strict=False))
    force: dict[str, object] = {}
    for at, record in enumerate(pack):
        force.update({key: value for key, value in record.items() if key in ("bn", "bt", "bu", "bv")})
        assert found.names[at] == str(force.get("bn", "")) + str(record.get("n", ""))
        assert found.units[at] == record.get("u", force.get("bu"))
        assert found.times[at] == _sum(force.get("bt"), record.get("t"))
        assert found.values[at] == _sum(force.get("bv"), record.get("v"))


def _sum(*parts: object) -> float | None:
    given = [part for part in parts if isinstance(part, int)]
    return float(sum(given)) if given else None
