"""An explanation as a person reads it, or as JSON."""

import math
from collections.abc import Iterator
from typing import Any

import msgspec

from services.alerts.explain import Explanation, RuleState
from services.alerts.explain.words import headline, number, span, why
from services.cli.explain.quality import Heard, verdict
from services.observation.event import SEVERITIES
from services.observation.flags import Flag
from services.observation.instants import iso
from services.observation.sensor import Sensor
from services.observation.text import Text

_FLAGS = {
    Flag.PASS: Text("đạt", "pass"),
    Flag.NOT_EVALUATED: Text("không xét hết", "not evaluated"),
    Flag.SUSPECT: Text("nghi ngờ", "suspect"),
    Flag.FAIL: Text("bị loại", "fail"),
    Flag.MISSING: Text("thiếu", "missing"),
}
_LATE_S = 120.0
"""Beyond, a reading is said to have come late."""


def lines(found: Explanation, sensor: Sensor | None, heard: list[Heard]) -> Iterator[str]:
    """Vietnamese first, English below it."""
    yield f"{found.sensor}  {found.name.vi} / {found.name.en}  ·  {iso(found.at)}"
    yield from _two(headline(found))
    if sensor is not None and heard:
        last = heard[-1]
        flag = _FLAGS[Flag(last.flag)]
        yield f"  {iso(last.time)}  {number(last.value, found.unit).en}  {flag.vi} / {flag.en}"
        yield from _two(verdict(sensor, last, heard[:-1]))
        late = (last.received - last.time) / 1e6
        if late > _LATE_S:
            yield from _two(
                Text(f"Đến muộn {span(late).vi} sau khi đo.", f"Came {span(late).en} after it was measured.")
            )
    for rule in sorted(found.rules, key=_worst_first):
        where = f" ({rule.where})" if rule.where else ""
        stands = (rule.severity or "–").upper()
        yield ""
        yield f"{stands:<10} {rule.rule}{where}  [{rule.hazard}, {rule.kind}; {rule.status}]"
        yield from _two(why(found, rule))
        for rung in rule.rungs:
            if not math.isnan(rung.threshold):
                mark = "●" if rung.on else "○"
                kind = "off-delay / chờ hết" if rung.on else "on-delay / chờ báo"
                delay = f", {kind} {span(rung.delay_s).en}" if rung.delay_s else ""
                clear = (
                    f", ends at / hết ở {number(rung.clear, rule.unit).en}"
                    if rung.clear != rung.threshold
                    else ""
                )
                yield f"    {mark} {rung.severity:<9} {number(rung.threshold, rule.unit).en}{clear}{delay}"
    if not found.rules:
        yield from _two(Text("Không có quy tắc nào trên cảm biến này.", "No rule is on this sensor."))
    for other in found.elsewhere:
        yield ""
        yield f"{'not here':<10} {other.rule}  [{other.hazard}]"
        yield from _two(other.why)
    if found.derived:
        yield ""
        yield "derived from it / tính từ đó:"
        for one in found.derived:
            when = "" if one.time is None else f"  {iso(one.time)}"
            least = "≥ " if one.least else ""
            stands = f"  {one.severity.upper()}" if one.severity else ""
            yield f"  {one.sensor:<40}{least}{number(one.value, one.unit).en}{when}{stands}"


def _two(text: Text) -> Iterator[str]:
    yield f"  {text.vi}"
    if text.en != text.vi:
        yield f"  {text.en}"


def _worst_first(rule: RuleState) -> tuple[int, str]:
    return (-SEVERITIES.index(rule.severity) - 1 if rule.severity else 0), rule.rule


def as_json(found: Explanation, sensor: Sensor | None, heard: list[Heard]) -> dict[str, Any]:
    """The facts with their sentences; times in ISO 8601."""
    answer: dict[str, Any] = _clean(msgspec.to_builtins(found))
    for rule, given in zip(found.rules, answer["rules"], strict=True):
        given["why"] = msgspec.to_builtins(why(found, rule))
    answer["why"] = msgspec.to_builtins(headline(found))
    if sensor is not None and heard:
        last = heard[-1]
        answer["last"] = {
            "time": iso(last.time),
            "received_at": iso(last.received),
            "value": None if math.isnan(last.value) else last.value,
            "flag": int(last.flag),
            "quality": msgspec.to_builtins(verdict(sensor, last, heard[:-1])),
        }
    return answer


_TIMES = {"at", "heard", "good", "silent_at", "gateway_clock", "since", "next_edge", "flat_since", "time"}


def _clean(value: Any) -> Any:
    """Instants as text, and no NaN, which JSON has not."""
    if isinstance(value, dict):
        return {
            key: iso(one) if key in _TIMES and isinstance(one, int) else _clean(one)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_clean(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
