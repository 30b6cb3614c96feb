"""Bytes of a connection → packets, wherever the network cuts them."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingest.packets import NotMqttError, Publish, cut


def length_of(size: int) -> bytes:
    out = bytearray()
    while True:
        size, group = divmod(size, 128)
        out.append(group | (128 if size else 0))
        if not size:
            return bytes(out)


def publish(topic: bytes, payload: bytes, mid: int = 0, flags: int = 0) -> bytes:
    body = len(topic).to_bytes(2, "big") + topic + (mid.to_bytes(2, "big") if mid else b"") + payload
    return bytes([0x30 | (2 if mid else 0) | flags]) + length_of(len(body)) + body


packets = st.lists(
    st.one_of(
        st.builds(publish, st.binary(min_size=1, max_size=8), st.binary(max_size=300), st.integers(0, 65535)),
        st.just(b"\xd0\x00"),
        st.just(b"\x90\x03\x00\x01\x01"),
    ),
    max_size=8,
)


def test_a_publish_is_taken_apart() -> None:
    whole = publish(b"a/b", b"xyz", mid=258, flags=8)
    assert cut(whole) == ([Publish(258, "a/b", b"xyz", dup=True, retain=False)], b"")
    assert cut(publish(b"a/b", b"", flags=1)) == ([Publish(0, "a/b", b"", dup=False, retain=True)], b"")


def test_a_long_payload_has_a_long_length() -> None:
    for size in (0, 100, 120, 130, 20_000, 3_000_000):
        [[packet], rest] = cut(publish(b"a", b"x" * size, mid=1))
        assert isinstance(packet, Publish)
        assert len(packet.payload) == size
        assert not rest


def test_other_packets_are_handed_on_whole() -> None:
    assert cut(b"\xd0\x00\x20\x02\x01\x00") == ([b"\xd0\x00", b"\x20\x02\x01\x00"], b"")


@given(packets, st.lists(st.integers(0, 2_000), max_size=6))
def test_it_does_not_matter_where_the_network_cuts(whole: list[bytes], cuts: list[int]) -> None:
    data = b"".join(whole)
    edges = [0, *sorted(min(c, len(data)) for c in cuts), len(data)]
    found, rest = [], b""
    for a, b in pairwise(edges):
        some, rest = cut(rest + data[a:b])
        found += some
    assert (found, rest) == cut(data)
    assert rest == b""


@pytest.mark.parametrize(
    "data", [b"\x30\xff\xff\xff\xff\x01", b"\x34\x05\x00\x01a\x00\x01", b"\x32\x03\x00\x09a"]
)
def test_what_no_broker_may_send_ends_the_connection(data: bytes) -> None:
    with pytest.raises(NotMqttError):
        cut(data)


def test_a_topic_that_is_not_utf8_does_not_raise() -> None:
    [[packet], _] = cut(publish(b"a/\xff", b"x"))
    assert isinstance(packet, Publish)
    assert packet.topic == "a/\ufffd"
