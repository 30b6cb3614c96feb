"""Bytes of an MQTT 3.1.1 connection → packets. PUBLISH is taken apart, all else is handed on whole. Pure."""

from typing import NamedTuple

_PUBLISH = 0x30
_DUP, _RETAIN = 8, 1
_MOST_LENGTH_BYTES = 4
_HIGHEST_QOS = 1


class NotMqttError(ValueError):
    """Bytes that no broker may send to us."""


class Publish(NamedTuple):
    """A message. `mid` is 0 at QoS 0. A topic that is not UTF-8 keeps its place with replaced characters."""

    mid: int
    topic: str
    payload: bytes
    dup: bool
    retain: bool


def cut(data: bytes) -> tuple[list[Publish | bytes], bytes]:
    """Whole packets in their order, and the bytes of one that is not whole yet.

    Per packet in Python: the fixed header can't be found without looking at each.

    Raises:
        NotMqttError: a length of more than four bytes, QoS 2, or a packet shorter than its parts.
    """
    packets: list[Publish | bytes] = []
    at, size = 0, len(data)
    while at + 1 < size:
        # One byte of type and flags, then the length in groups of seven bits, the last below 0x80.
        length = data[at + 1]
        body = at + 2
        if length & 0x80:
            length, body = _long_length(data, at + 1)
            if not body:
                break
        end = body + length
        if end > size:
            break
        packets.append(_publish(data, at, body, end) if data[at] & 0xF0 == _PUBLISH else data[at:end])
        at = end
    return packets, data[at:]


def _long_length(data: bytes, at: int) -> tuple[int, int]:
    """(length, where the body begins); the body is 0 when the header is not whole."""
    length = 0
    for nth in range(_MOST_LENGTH_BYTES):
        if at + nth >= len(data):
            return 0, 0
        byte = data[at + nth]
        length |= (byte & 0x7F) << (7 * nth)
        if not byte & 0x80:
            return length, at + nth + 1
    msg = "a packet whose length has more than four bytes"
    raise NotMqttError(msg)


def _publish(data: bytes, start: int, body: int, end: int) -> Publish:
    header = data[start]
    qos = header >> 1 & 3
    topic_end = body + 2 + int.from_bytes(data[body : body + 2], "big")
    payload_at = topic_end + 2 if qos else topic_end
    if payload_at > end or qos > _HIGHEST_QOS:
        msg = f"a PUBLISH at QoS {qos} of {end - body} bytes"
        raise NotMqttError(msg)
    return Publish(
        int.from_bytes(data[topic_end:payload_at], "big"),
        data[body + 2 : topic_end].decode("utf-8", "replace"),
        data[payload_at:end],
        bool(header & _DUP),
        bool(header & _RETAIN),
    )
