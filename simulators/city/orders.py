"""A fault as it is ordered on the command line."""

import math
import re

from services.observation.instants import SECOND, micros
from simulators.city.faults import USUAL_S
from simulators.city.script import FaultAt, FaultKind, ScriptError

_FORM = re.compile(r"(?P<kind>[a-z]+):(?P<target>[^@=]+)(@(?P<when>[^=]+))?(=(?P<amount>.+))?")
_AFTER = re.compile(r"(\d+(?:\.\d+)?)(s|m|min|h|d)?")
_UNITS = {None: 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


def parse(text: str, start: int) -> FaultAt:
    """`KIND:TARGET[@START[+DURATION]][=AMOUNT]`; START after the start (`90s`, `10m`, `2h`) or ISO 8601.

    Raises:
        ScriptError: not of this form.
    """
    found = _FORM.fullmatch(text)
    if found is None or found["kind"] not in USUAL_S:
        msg = (
            f"--fault {text!r} → KIND:TARGET[@START[+DURATION]][=AMOUNT], KIND one of {', '.join(USUAL_S)}"
            " / viết đúng dạng này"
        )
        raise ScriptError(msg)
    kind: FaultKind = next(kind for kind in USUAL_S if kind == found["kind"])
    when, lasts = found["when"] or "0s", None
    head, plus, tail = when.rpartition("+")
    if plus and _AFTER.fullmatch(tail):  # else the plus belongs to a time with its zone
        when, lasts = head, tail
    amount = _amount(text, found["amount"])
    try:
        begin = _seconds(when) if _AFTER.fullmatch(when) else (micros(when) - start) / SECOND
        return FaultAt(
            kind=kind,
            target=found["target"],
            minute=begin / 60.0,
            minutes=_seconds(lasts) / 60.0 if lasts else None,
            amount=amount,
        )
    except ValueError as error:
        msg = (
            f"--fault {text!r}: {error} → times as 90s, 10m, 2h or 2025-11-20T08:00:00Z"
            " / viết thời gian như vậy"
        )
        raise ScriptError(msg) from error


def _amount(order: str, text: str | None) -> float | None:
    if not text:
        return None
    try:
        amount = float(text)
    except ValueError:
        amount = math.nan
    if not math.isfinite(amount):
        msg = (
            f"--fault {order!r}: the amount {text!r} is no number → =0.8, or leave it out"
            f" / {text!r} không phải số → viết =0.8 hoặc bỏ đi"
        )
        raise ScriptError(msg)
    return amount


def _seconds(text: str) -> float:
    found = _AFTER.fullmatch(text)
    if found is None:
        msg = f"{text!r} is not a duration"
        raise ValueError(msg)
    return float(found[1]) * _UNITS[found[2]]
