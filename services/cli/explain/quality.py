"""Why quality control flagged a reading as it did: the test that spoke, with its numbers."""
# ruff: noqa: E501  sentences in two languages, side by side

from collections.abc import Sequence
from typing import NamedTuple

from services.alerts.explain.words import number, span
from services.observation.flags import Flag
from services.observation.sensor import Sensor
from services.observation.text import Text

_WITNESS_INTERVALS = 3
"""As in quality control: an older reading is no witness against a leap."""


class Heard(NamedTuple):
    """A reading as it went to the engine: µs UTC, canonical unit, flag, and when it came."""

    time: int
    value: float
    flag: int
    received: int


def verdict(sensor: Sensor, last: Heard, before: Sequence[Heard]) -> Text:
    """Why the last reading of a sensor has its flag; `before`: those that came before it, oldest first."""
    flag = Flag(last.flag)
    if flag is Flag.MISSING:
        return Text("Gói tin có tới nhưng không có giá trị.", "A message came, but without a value.")
    if flag is Flag.FAIL:
        return _outside(sensor, last, sensor.fail_min, sensor.fail_max, _FAILED)
    if flag is Flag.SUSPECT:
        return _doubt(sensor, last, before)
    if flag is Flag.NOT_EVALUATED:
        return Text(
            "Đến muộn: không mới hơn số đo trước, nên không xét tốc độ thay đổi và không làm thay đổi cảnh báo.",
            "Late: not newer than the reading before, so its change was not judged, and it moves no ladder.",
        )
    return Text("Đạt mọi kiểm tra chất lượng.", "Passed every test of quality.")


_FAILED = Text("Ngoài giới hạn vật lý", "Outside what is physically possible")
_DOUBTED = Text("Ngoài khoảng thường gặp", "Outside the usual range")


def _outside(sensor: Sensor, last: Heard, low: float | None, high: float | None, word: Text) -> Text:
    value = number(last.value, sensor.unit)
    least, most = number(low, sensor.unit), number(high, sensor.unit)
    return Text(
        f"{word.vi}: {value.vi}, giới hạn {least.vi} … {most.vi}.",
        f"{word.en}: {value.en}, limits {least.en} … {most.en}.",
    )


def _doubt(sensor: Sensor, last: Heard, before: Sequence[Heard]) -> Text:
    low, high = sensor.suspect_min, sensor.suspect_max
    if (low is not None and last.value < low) or (high is not None and last.value > high):
        return _outside(sensor, last, low, high, _DOUBTED)
    witness = next((one for one in reversed(before) if one.flag <= Flag.SUSPECT), None)
    if witness is None:
        return Text("Nghi ngờ.", "Suspect.")
    step, elapsed = abs(last.value - witness.value), (last.time - witness.time) / 1e6
    moved, time = number(step, sensor.unit), span(elapsed)
    if sensor.rate_per_s is not None and elapsed > 0 and step > sensor.rate_per_s * elapsed:
        allowed = number(sensor.rate_per_s * elapsed, sensor.unit)
        return Text(
            f"Thay đổi quá nhanh: {moved.vi} trong {time.vi}, tối đa {allowed.vi}.",
            f"Changed too fast: {moved.en} in {time.en}, at most {allowed.en}.",
        )
    if sensor.spike is not None and step > sensor.spike and elapsed <= sensor.interval_s * _WITNESS_INTERVALS:
        allowed = number(sensor.spike, sensor.unit)
        return Text(
            f"Nhảy vọt {moved.vi} so với số đo trước, quá {allowed.vi}; chờ số đo sau xác nhận.",
            f"Leapt by {moved.en} from the reading before, more than {allowed.en}; the next one must confirm it.",
        )
    return Text(
        f"Nhảy một mình: {moved.vi} trong {time.vi}, các trạm lân cận không đổi theo.",
        f"Leapt alone: by {moved.en} in {time.en}, and its neighbours did not move with it.",
    )
