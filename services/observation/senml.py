"""SenML (RFC 8428) both ways: records of a pack, their resolution, and writing packs.

JSON here; CBOR differs only in its labels, which `from_cbor_labels` renames once decoded.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

RELATIVE_BELOW = 2**28
"""A resolved time below this is relative to now (RFC 8428 section 4.5.3), in seconds."""

CBOR_LABELS: dict[int, str] = {
    -1: "bver",
    -2: "bn",
    -3: "bt",
    -4: "bu",
    -5: "bv",
    -6: "bs",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}


class Record(msgspec.Struct, omit_defaults=True, gc=False):
    """One SenML record, as sent. `t`, `bt` in seconds; the value is one of `v`, `vb`, `vs`.

    Numbers and texts can form no cycle, so the garbage collector need not look at each record.
    """

    n: str | None = None
    t: float | None = None
    v: float | None = None
    u: str | None = None
    bn: str | None = None
    bt: float | None = None
    bu: str | None = None
    bv: float | None = None
    vs: str | None = None
    vb: bool | None = None
    vd: str | None = None
    s: float | None = None
    bs: float | None = None
    ut: float | None = None
    bver: int | None = None


class Resolved(msgspec.Struct, gc=False):
    """A pack with its base fields applied: four lists of one length.

    Attributes:
        names: full SenML names, which are sensor ids.
        times: seconds since 1970; None where the pack gives none.
        values: a number, a text (`vs`), or None where the record has no value.
        units: as sent; None where the pack names none.
    """

    names: list[str]
    times: list[float | None]
    values: list[float | str | None]
    units: list[str | None]


def resolve(records: Sequence[Record]) -> Resolved:
    """Apply base fields (RFC 8428 section 4.6).

    The loops are per reading, once, over structs that C code filled; everything later is columns.
    """
    if not records:
        return Resolved([], [], [], [])
    if len(records) == 1:
        return _resolve_one(records[0])
    # A list and not `any(…)`: a generator costs twice as much per record, and there are mostly none.
    later = records[1:]
    if [r for r in later if r.bn is not None or r.bt is not None or r.bu is not None or r.bv is not None]:
        return _resolve_changing(records)
    return _resolve_with(records, records[0].bn or "", records[0].bt, records[0].bu, records[0].bv)


def _resolve_with(
    records: Sequence[Record], name: str, time: float | None, unit: str | None, value: float | None
) -> Resolved:
    names = [name + r.n if r.n is not None else name for r in records]
    times = [r.t if time is None else time if r.t is None else time + r.t for r in records]
    values: list[float | str | None]
    if value is None:
        values = [r.v if r.v is not None else _other(r) for r in records]
    else:
        values = [value + r.v if r.v is not None else _other(r, value) for r in records]
    units = [r.u if r.u is not None else unit for r in records]
    return Resolved(names, times, values, units)


def _resolve_one(r: Record) -> Resolved:
    """The same for a pack of one reading, without the price of four loops: many devices send nothing else."""
    time = r.t if r.bt is None else r.bt if r.t is None else r.bt + r.t
    value = _other(r, r.bv) if r.v is None else r.v if r.bv is None else r.bv + r.v
    return Resolved([(r.bn or "") + (r.n or "")], [time], [value], [r.bu if r.u is None else r.u])


def _other(record: Record, base: float | None = None) -> float | str | None:
    """Value of a record without `v`: a missing value counts as zero beside a base value (RFC 8428, 4.5.4)."""
    if record.vb is not None:
        return float(record.vb)
    if record.vs is not None:
        return record.vs
    return base if record.vd is None and record.s is None else None


def _resolve_changing(records: Sequence[Record]) -> Resolved:
    """Resolve a pack whose base fields change on the way, run by run."""
    whole = Resolved([], [], [], [])
    name, time, unit, value = "", None, None, None
    start = 0
    for at in range(1, len(records) + 1):
        changes = at == len(records) or any(
            base is not None for base in (records[at].bn, records[at].bt, records[at].bu, records[at].bv)
        )
        if not changes:
            continue
        first = records[start]
        name = name if first.bn is None else first.bn
        time = time if first.bt is None else first.bt
        unit = unit if first.bu is None else first.bu
        value = value if first.bv is None else first.bv
        run = _resolve_with(records[start:at], name, time, unit, value)
        whole.names += run.names
        whole.times += run.times
        whole.values += run.values
        whole.units += run.units
        start = at
    return whole


def from_cbor_labels(record: Mapping[Any, Any]) -> dict[str, Any]:
    """Rename the integer labels of SenML in CBOR; text labels stay."""
    return {
        CBOR_LABELS.get(key, str(key)) if isinstance(key, int) else str(key): value
        for key, value in record.items()
    }


_encoder = msgspec.json.Encoder()


def record(sensor: str, time_us: int, value: float | str, unit: str | None = None) -> Record:
    """One reading as a record with its full name and absolute time."""
    if isinstance(value, str):
        return Record(n=sensor, t=time_us / 1e6, vs=value, u=unit)
    return Record(n=sensor, t=time_us / 1e6, v=value, u=unit)


def encode(records: Sequence[Record]) -> bytes:
    """Write a pack as JSON, leaving out what is absent."""
    return _encoder.encode(records)
