"""Payload → records and rejects: whatever comes, something is said about it and nothing is raised."""

import json
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.decode import Decoded, decode, decode_strikes
from services.ingest.rejects import Reason
from services.observation.senml import CBOR_LABELS

GOOD = {"n": "vt-flood-001.water_level", "t": 1763600000, "v": 1.5}
HEAD = {"v": 1, "buf": "9f3a", "seq": 42, "prev": 41, "lane": "live", "first": 17}


def js(document: object) -> bytes:
    return json.dumps(document).encode()


def only(decoded: Decoded) -> Reason:
    assert decoded.pack is None or not decoded.pack.readings.names
    [reject] = decoded.rejects
    return reject.reason


def values(decoded: Decoded) -> list[Any]:
    assert decoded.pack is not None
    return decoded.pack.readings.values


def test_a_bare_array_is_a_plain_pack() -> None:
    pack, rejects = decode(
        js(
            [
                {"bn": "vt-flood-001.", "bt": 1763600000, "n": "water_level", "v": 1.5},
                {"n": "rainfall", "t": 1, "v": 2},
            ]
        )
    )
    assert pack is not None
    assert pack.head is None
    assert pack.readings.names == ["vt-flood-001.water_level", "vt-flood-001.rainfall"]
    assert pack.readings.times == [1763600000, 1763600001]
    assert not rejects


def test_an_envelope_brings_its_head() -> None:
    pack, rejects = decode(js(HEAD | {"records": [GOOD], "lost": [[3, 9]], "sent_at": 1763600001.5}))
    assert pack is not None
    assert pack.head is not None
    assert (pack.head.seq, pack.head.prev, pack.head.first, pack.head.lost) == (42, 41, 17, [(3, 9)])
    assert not rejects


def test_cbor_says_the_same_as_json() -> None:
    labels = {name: number for number, name in CBOR_LABELS.items()}
    records = [GOOD, {"bn": "vt-sea-001.", "n": "tide_level", "bt": 1763600000, "v": 2.25, "u": "m"}]
    short = [{labels[name]: value for name, value in record.items()} for record in records]
    assert decode(cbor2.dumps(short)) == decode(js(records))
    assert values(decode(cbor2.dumps(HEAD | {"records": short}))) == values(
        decode(js(HEAD | {"records": records}))
    )


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", Reason.NOT_JSON),
        (b"hello", Reason.NOT_JSON),
        (b"12 apples", Reason.NOT_JSON),
        (js([GOOD])[:-4], Reason.TRUNCATED),
        (js(HEAD | {"records": [GOOD]})[:-1], Reason.TRUNCATED),
        (cbor2.dumps([GOOD])[:-1], Reason.TRUNCATED),
        (b"\x9c\xff\xff", Reason.NOT_CBOR),
        (b'[{"n":"vt-flood-001.water_l\xe9vel","t":1763600000,"v":1}]', Reason.NOT_UTF8),
        (b"\xff\xfe[\x00]\x00", Reason.NOT_UTF8),
        (b" " * 2_000_000, Reason.TOO_LARGE),
        (js([{"v": 1}] * 10_001), Reason.TOO_LARGE),
        (b"[" * 100_000, Reason.TOO_DEEP),
        (b'[{"vs":' + b"[" * 100_000 + b"]" * 100_000 + b"}]", Reason.TOO_DEEP),
        (b'{"v":' * 20_000 + b"1" + b"}" * 20_000, Reason.TOO_DEEP),
        (b"[]", Reason.EMPTY_PACK),
        (b"{}", Reason.BAD_ENVELOPE),
        (b"3", Reason.BAD_ENVELOPE),
        (js(HEAD | {"records": "none"}), Reason.BAD_ENVELOPE),
        (js(HEAD | {"seq": "one", "records": [GOOD]}), Reason.BAD_ENVELOPE),
        (js(HEAD | {"seq": 0, "prev": 0, "records": [GOOD]}), Reason.BAD_ENVELOPE),
        (js(HEAD | {"prev": 42, "records": [GOOD]}), Reason.BAD_ENVELOPE),
        (js(HEAD | {"buf": "a.b", "records": [GOOD]}), Reason.BAD_ENVELOPE),
        (js(HEAD | {"buf": ">", "records": [GOOD]}), Reason.BAD_ENVELOPE),
        (js(HEAD | {"lost": [[9, 3]], "records": [GOOD]}), Reason.BAD_ENVELOPE),
        (js(HEAD | {"v": 2, "records": [GOOD]}), Reason.BAD_ENVELOPE),
        (js(["a"]), Reason.BAD_RECORD),
        (js([GOOD | {"v": "1.5"}]), Reason.BAD_RECORD),
        (js([GOOD | {"t": "now"}]), Reason.BAD_RECORD),
        (b'[{"n":"a.b","t":1763600000,"v":' + b"9" * 5000 + b"}]", Reason.NOT_JSON),
    ],
)
def test_what_can_not_be_read_is_a_reject_with_its_reason(payload: bytes, reason: Reason) -> None:
    assert only(decode(payload)) is reason


def test_deep_cbor_is_a_reject() -> None:
    assert only(decode(b"\x81" * 100_000)) in (Reason.TOO_DEEP, Reason.NOT_CBOR)


def test_100_000_records_in_one_pack_are_a_reject() -> None:
    assert only(decode(b"[" + b",".join([b'{"v":1}'] * 100_000) + b"]")) is Reason.TOO_LARGE


def test_too_many_records_in_an_envelope_still_close_its_seq() -> None:
    decoded = decode(js(HEAD | {"records": [{"v": 1}] * 10_001}))
    assert only(decoded) is Reason.TOO_LARGE
    assert decoded.pack is not None
    assert decoded.pack.head is not None


def test_an_empty_envelope_closes_its_seq_and_is_no_reject() -> None:
    pack, rejects = decode(js(HEAD | {"records": []}))
    assert pack is not None
    assert not pack.readings.names
    assert not rejects


def test_one_bad_record_does_not_stop_its_pack() -> None:
    pack, rejects = decode(js([GOOD, GOOD | {"v": [1]}, "text", GOOD | {"v": 2.5}]))
    assert pack is not None
    assert pack.readings.values == [1.5, 2.5]
    assert pack.numbers == [0, 3]
    assert [(r.reason, r.record) for r in rejects] == [(Reason.BAD_RECORD, 1), (Reason.BAD_RECORD, 2)]


def test_a_bad_record_leaves_its_base_name_to_the_others() -> None:
    decoded = decode(
        js(
            [
                {"bn": "vt-flood-001.", "bt": 1763600000, "n": "rainfall", "v": "?"},
                {"n": "water_level", "v": 1},
            ]
        )
    )
    assert decoded.pack is not None
    assert decoded.pack.readings.names == ["vt-flood-001.water_level"]


@pytest.mark.parametrize("literal", [b"NaN", b"Infinity", b"-Infinity", b"1e999"])
def test_a_value_that_is_not_finite_does_not_stop_its_pack(literal: bytes) -> None:
    decoded = decode(
        b"[" + js(GOOD) + b',{"n":"vt-flood-001.water_level","t":1763600000,"v":' + literal + b"}]"
    )
    assert values(decoded)[0] == 1.5
    assert not abs(values(decoded)[1]) < 1e300


def test_texts_and_booleans_are_values_too() -> None:
    assert values(decode(js([GOOD | {"v": None, "vb": True}, {"n": "a.b", "vs": "on"}, {"n": "a.b"}]))) == [
        1.0,
        "on",
        None,
    ]


def test_strikes_come_bare_or_in_an_envelope() -> None:
    strike = {"t": 1763600000.25, "lat": 10.3, "lon": 107.1, "ka": -20}
    for document in ([strike], HEAD | {"records": [strike]}):
        head, strikes, rejects = decode_strikes(js(document))
        assert (head is None) == isinstance(document, list)
        assert [(n, s.lat, s.ka) for n, s in strikes] == [(0, 10.3, -20)]
        assert not rejects


def test_a_bad_strike_does_not_stop_the_others() -> None:
    strike = {"t": 1763600000.25, "lat": 10.3, "lon": 107.1}
    _, strikes, rejects = decode_strikes(js([strike, {"t": 1}, strike]))
    assert [n for n, _ in strikes] == [0, 2]
    assert [(r.reason, r.record) for r in rejects] == [(Reason.BAD_RECORD, 1)]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["n", "bn", "t", "bt", "v", "vs", "u", "records", "seq", "buf", "lost"]), inner
        )
    ),
    max_leaves=20,
)


@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_no_bytes_raise(payload: bytes) -> None:
    decoded = decode(payload)
    assert decoded.pack is not None or decoded.rejects
    decode_strikes(payload)


@given(json_values, st.sampled_from([json.dumps, cbor2.dumps]))
def test_no_document_raises(document: Any, write: Any) -> None:
    written = write(document)
    payload = written.encode() if isinstance(written, str) else written
    decoded = decode(payload)
    assert decoded.pack is not None or decoded.rejects
    decode_strikes(payload)
