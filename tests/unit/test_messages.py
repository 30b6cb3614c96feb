"""The other kinds of message on READINGS, and the agent's envelope."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from services.observation import envelope, messages
from services.observation.messages import GatewayState, SiteVersion, Strike, StrikeBatch, Tick
from services.observation.sources import Source

SAMPLES: list[tuple[Any, Callable[[bytes], Any]]] = [
    (Tick(t=1, dt=1_000_000, sources=["broker"], clocks={"gw-01": 2}), messages.decode_tick),
    (Tick(t=1, dt=0, sources=["broker"], clocks={}, resumed=["broker"]), messages.decode_tick),
    (SiteVersion(t=1, version="ab", previous=None), messages.decode_site),
    (SiteVersion(t=1, version="ab", previous="aa"), messages.decode_site),
    (GatewayState(t=1, gateway="gw-01", status="online"), messages.decode_gateway),
    (GatewayState(t=1, gateway="gw-01", buf="9f", first=17, lost=[(1, 3), (5, 5)]), messages.decode_gateway),
    (
        StrikeBatch([Source("gw", "", 0, 0, 1, 5, 1)], [Strike("net", 1, 10.3, 107.1, ka=-12.5)]),
        messages.decode_strikes,
    ),
]


@pytest.mark.parametrize(("message", "decode"), SAMPLES, ids=lambda x: type(x).__name__)
def test_each_kind_comes_out_as_it_went_in(message: Any, decode: Callable[[bytes], Any]) -> None:
    assert decode(messages.encode(message)) == message


@pytest.mark.parametrize(("message", "decode"), SAMPLES, ids=lambda x: type(x).__name__)
def test_each_kind_carries_its_format_number(message: Any, decode: Callable[[bytes], Any]) -> None:
    raw = msgspec.json.decode(messages.encode(message))
    assert raw["v"] == 1
    assert decode(msgspec.json.encode({**raw, "of_a_newer_release": 1})) == message


@pytest.mark.parametrize("decode", [decode for _, decode in SAMPLES])
def test_what_is_no_message_raises_one_exception(decode: Callable[[bytes], Any]) -> None:
    for data in (b"", b"[]", b"{}", b"\xff", b'{"t": "soon"}'):
        with pytest.raises(msgspec.MsgspecError):
            decode(data)


def test_a_gateway_is_online_or_offline_or_its_state_is_not_told() -> None:
    with pytest.raises(msgspec.MsgspecError):
        messages.decode_gateway(b'{"t": 1, "gateway": "gw", "status": "asleep"}')


def test_the_kinds_are_the_ones_of_the_header() -> None:
    assert messages.KINDS == ("readings", "strikes", "tick", "site", "gateway")


@pytest.mark.parametrize("kind", ["want", "seen", "stored"])
def test_an_acknowledgement_names_one_kind_and_its_whole_set(kind: str) -> None:
    data = envelope.encode_ack(kind, "9f3a", [[1, 3], [7, 7]])
    assert msgspec.json.decode(data) == {"v": 1, "buf": "9f3a", kind: [[1, 3], [7, 7]]}
    assert getattr(envelope.decode_ack(data), kind) == [(1, 3), (7, 7)]


def test_an_empty_set_is_not_the_same_as_none() -> None:
    ack = envelope.decode_ack(envelope.encode_ack("want", "9f3a", []))
    assert ack.want == []
    assert ack.seen is None


def test_the_records_of_an_envelope_are_looked_at_one_by_one() -> None:
    data = b'{"v": 1, "buf": "9f", "seq": 4, "prev": 3, "lost": [[1, 2]], "records": [{"n": "a", "v": "x"}]}'
    head = msgspec.json.decode(data, type=envelope.RawEnvelope)
    assert (head.seq, head.prev, head.lost, head.lane, head.first) == (4, 3, [(1, 2)], "live", 1)
    assert msgspec.json.decode(head.records) == [{"n": "a", "v": "x"}]


def test_a_tick_of_an_earlier_release_resumes_nobody() -> None:
    assert messages.decode_tick(b'{"t":1,"dt":0,"sources":["broker"],"clocks":{}}').resumed == []
