"""Payload → records and rejects. Never raises: what can't be read is a reject, whatever it is.

The fast path is one typed decode by C code. Only when that refuses does the slow path look at
record after record, so that one bad record costs itself and not its pack.

Over 250 lines: the fast way and the patient way through a payload, side by side.
"""

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import cbor2
import msgspec

from services.ingest.rejects import Reason, Reject
from services.observation import senml
from services.observation.envelope import FORMAT, MAX_BYTES, MAX_RECORDS, Envelope, Head
from services.observation.senml import Record, Resolved
from services.observation.topics import is_slug


class Pack(NamedTuple):
    """A pack as sent, base fields applied. `head` is None for a plain pack.

    `numbers` numbers the readings as the sender did, where some records are missing; None: from 0.
    """

    head: Head | None
    readings: Resolved
    numbers: list[int] | None = None


class RawStrike(msgspec.Struct):
    """A strike as sent: seconds since 1970, degrees, kA, metres."""

    t: float
    lat: float
    lon: float
    id: str | None = None
    type: str | None = None
    ka: float | None = None
    err_m: float | None = None


class Decoded(NamedTuple):
    """What a payload held. `pack` is None when not even an envelope could be read."""

    pack: Pack | None
    rejects: Sequence[Reject] = ()


class DecodedStrikes(NamedTuple):
    """Strikes with their number in the payload. `head` is None for a bare array."""

    head: Head | None
    strikes: list[tuple[int, RawStrike]]
    rejects: Sequence[Reject] = ()


_UNFIT = (msgspec.ValidationError, RecursionError, OverflowError)
_NOTHING = Resolved([], [], [], [])
_pack = msgspec.json.Decoder(list[Record])
_envelope = msgspec.json.Decoder(Envelope)


class _Bases(msgspec.Struct):
    """The base fields alone: a bad record must not take its pack's names with it."""

    bn: str | None = None
    bt: float | None = None
    bu: str | None = None
    bv: float | None = None


def decode(payload: bytes) -> Decoded:
    """Read a payload of readings: a SenML array, bare or in the agent's envelope, JSON or CBOR."""
    if len(payload) > MAX_BYTES:
        return _whole(Reason.TOO_LARGE, f"{len(payload)} bytes")
    try:
        first = payload[:1]
        if first == b"[":
            return _checked(None, _pack.decode(payload))
        if first == b"{":
            envelope = _envelope.decode(payload)
            return _checked(envelope, envelope.records)
    except (*_UNFIT, msgspec.DecodeError, UnicodeDecodeError):
        pass  # the slow path says what it is
    return _decode_slowly(payload)


def decode_strikes(payload: bytes) -> DecodedStrikes:
    """Read a payload of strikes: an array, bare or in the agent's envelope. A storm brings tens a second."""
    if len(payload) > MAX_BYTES:
        return DecodedStrikes(None, [], [Reject(Reason.TOO_LARGE, None, f"{len(payload)} bytes")])
    head, records, reject = _opened(payload)
    if reject is not None:
        return DecodedStrikes(head, [], [reject])
    strikes: list[tuple[int, RawStrike]] = []
    rejects: list[Reject] = []
    for at, raw in enumerate(records):
        try:
            strikes.append((at, msgspec.convert(raw, RawStrike)))
        except _UNFIT as error:
            rejects.append(Reject(Reason.BAD_RECORD, at, str(error)))
    return DecodedStrikes(head, strikes, rejects)


def _whole(reason: Reason, detail: str = "") -> Decoded:
    return Decoded(None, (Reject(reason, None, detail),))


def _checked(head: Head | None, records: list[Record]) -> Decoded:
    wrong = None if head is None else _wrong_head(head)
    if wrong is not None:
        return _whole(Reason.BAD_ENVELOPE, wrong)
    if len(records) > MAX_RECORDS:
        return _closing(head, Reject(Reason.TOO_LARGE, None, f"{len(records)} records"))
    if not records:
        return _closing(head, Reject(Reason.EMPTY_PACK))
    return Decoded(Pack(head, senml.resolve(records)))


def _closing(head: Head | None, reject: Reject) -> Decoded:
    """Nothing usable, but an envelope's seq must still close. An empty one may only tell `lost`."""
    if head is None:
        return Decoded(None, (reject,))
    return Decoded(Pack(head, _NOTHING), () if reject.reason is Reason.EMPTY_PACK else (reject,))


def _wrong_head(head: Head) -> str | None:
    """What is wrong with an envelope whose types are right."""
    if head.v != FORMAT:
        return f"v is {head.v}, this release reads {FORMAT}"
    if not is_slug(head.buf) or len(head.buf) > 64:  # noqa: PLR2004  it becomes a token of a subject
        return f"buf {head.buf[:80]!r} is not a short slug"
    if not 0 < head.seq < 2**53 or not 0 <= head.prev < head.seq or not 0 < head.first < 2**53:
        return f"seq {head.seq}, prev {head.prev}, first {head.first} do not follow each other"
    if head.lost and any(not 0 < a <= b < 2**53 for a, b in head.lost):
        return "lost holds a range that runs backwards"
    return None


# --- the slow path ---------------------------------------------------------------------------


def _decode_slowly(payload: bytes) -> Decoded:
    head, records, reject = _opened(payload)
    if reject is not None:
        return _closing(head, reject)
    return _records_one_by_one(head, records)


def _opened(payload: bytes) -> tuple[Head | None, list[Any], Reject | None]:
    """(envelope or None, records as plain Python, reject of the whole); a head still closes its seq."""
    document, reject = _document(payload)
    if reject is not None:
        return None, [], reject
    head: Head | None = None
    records = document
    if isinstance(document, dict):
        records = document.get("records")
        head, reject = _head(document)
    if reject is None and not isinstance(records, list):
        head, reject = (
            None,
            Reject(Reason.BAD_ENVELOPE, None, "no array, and no object with an array `records`"),
        )
    elif reject is None and len(records) > MAX_RECORDS:
        reject = Reject(Reason.TOO_LARGE, None, f"{len(records)} records")
    elif reject is None and not records:
        reject = Reject(Reason.EMPTY_PACK)
    return head, [] if reject else records, reject


def _head(document: dict[str, Any]) -> tuple[Head | None, Reject | None]:
    try:
        head = msgspec.convert({k: v for k, v in document.items() if k != "records"}, Head)
    except _UNFIT as error:
        return None, Reject(Reason.BAD_ENVELOPE, None, str(error))
    wrong = _wrong_head(head)
    return (head, None) if wrong is None else (None, Reject(Reason.BAD_ENVELOPE, None, wrong))


def _records_one_by_one(head: Head | None, records: list[Any]) -> Decoded:
    """Per record in Python: only for packs that hold a bad one, or CBOR."""
    good: list[Record] = []
    rejects: list[Reject] = []
    bad: set[int] = set()
    for at, raw in enumerate(records):
        try:
            good.append(msgspec.convert(raw, Record))
        except _UNFIT as error:
            bad.add(at)
            rejects.append(Reject(Reason.BAD_RECORD, at, str(error)))
            good.append(_bases_of(raw))
    whole = senml.resolve(good)
    if not bad:
        return Decoded(Pack(head, whole))
    keep = [at for at in range(len(records)) if at not in bad]
    readings = Resolved(
        [whole.names[at] for at in keep],
        [whole.times[at] for at in keep],
        [whole.values[at] for at in keep],
        [whole.units[at] for at in keep],
    )
    return Decoded(Pack(head, readings, keep), rejects)


def _bases_of(raw: object) -> Record:
    try:
        bases = msgspec.convert(raw, _Bases)
    except _UNFIT:
        return Record()
    return Record(bn=bases.bn, bt=bases.bt, bu=bases.bu, bv=bases.bv)


def _document(payload: bytes) -> tuple[Any, Reject | None]:
    """The payload as plain Python, or why not. NaN and Infinity pass here and are rejected by value."""
    first = payload[0] if payload else 0
    if 0x80 <= first < 0xE0:  # noqa: PLR2004  CBOR array, map or tag; no JSON starts so
        return _cbor(payload)
    try:
        return json.loads(payload.decode("utf-8-sig")), None
    except UnicodeDecodeError as error:
        return None, Reject(Reason.NOT_UTF8, None, f"byte {error.start}")
    except RecursionError:
        return None, Reject(Reason.TOO_DEEP)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(payload.rstrip()) or "Unterminated" in error.msg
        reason = Reason.TRUNCATED if payload and cut else Reason.NOT_JSON
        return None, Reject(reason, None, str(error))
    except ValueError as error:  # a whole number of more digits than Python converts
        return None, Reject(Reason.NOT_JSON, None, str(error))


def _cbor(payload: bytes) -> tuple[Any, Reject | None]:
    try:
        document = cbor2.loads(payload)
        return _named(document), None
    except RecursionError:
        return None, Reject(Reason.TOO_DEEP)
    except cbor2.CBORDecodeEOF as error:
        return None, Reject(Reason.TRUNCATED, None, str(error))
    except (
        cbor2.CBORError,
        ValueError,
        TypeError,
        OverflowError,
        MemoryError,
        LookupError,
        ArithmeticError,
    ) as error:
        return None, Reject(Reason.NOT_CBOR, None, str(error))


def _named(document: object) -> object:
    """Give records their text labels."""
    if isinstance(document, dict):
        head = {str(key): value for key, value in document.items()}
        head["records"] = _named(head.get("records"))
        return head
    if isinstance(document, list):
        return [senml.from_cbor_labels(r) if isinstance(r, dict) else r for r in document]
    return document
