"""An explanation as sentences, Vietnamese and English: why an alert stands, why there is none. Pure.

Over 250 lines: each sentence stands twice.
"""
# ruff: noqa: E501  sentences in two languages, side by side

from collections.abc import Iterator

from services.alerts.explain.facts import Explanation, RuleState, RungState
from services.alerts.reasons import SEVERITY_WORDS
from services.observation.text import Text, in_vietnamese

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def headline(found: Explanation) -> Text:
    """The state of the sensor itself in one sentence."""
    if found.heard is None:
        return Text("Chưa nhận được số đo nào.", "No reading has come yet.")
    ago = span((found.at - found.heard) / 1e6)
    if found.unknown:
        return Text(
            f"Cổng {found.gateway} mất liên lạc: không biết gì về cảm biến này. Số đo cuối cách đây {ago.vi}.",
            f"Gateway {found.gateway} is silent or offline: nothing is known of this sensor. "
            f"Its last reading is {ago.en} old.",
        )
    if found.silent:
        return Text(
            f"Mất tín hiệu: số đo cuối cách đây {ago.vi}; không kết luận gì từ số đo cũ.",
            f"Silent: the last reading is {ago.en} old; nothing is concluded from it.",
        )
    if found.failing:
        return Text(
            f"Số đo mới nhất ({ago.vi} trước) không đạt kiểm tra chất lượng nên không làm thay đổi cảnh báo.",
            f"The newest reading ({ago.en} ago) failed quality control, so it moves nothing.",
        )
    value = number(found.value, found.unit)
    least = Text("ít nhất ", "at least ") if found.least else Text("", "")
    doubt = Text("; nghi ngờ, cần số đo sau xác nhận", "; suspect, a further reading must confirm it")
    more = doubt if found.suspect else Text("", "")
    vi, en = (word[:1].upper() + word[1:] for word in (found.what.vi, found.what.en))
    return Text(
        f"{vi} {least.vi}{value.vi}, {ago.vi} trước{more.vi}.",
        f"{en} {least.en}{value.en}, {ago.en} ago{more.en}.",
    )


def why(found: Explanation, rule: RuleState) -> Text:
    """Why a rule stands where it stands, and what it is waiting for."""
    if not rule.in_force:
        return Text(
            "Ngoài khung giờ hoặc thời hạn của quy tắc: không xét.",
            "Outside the rule's schedule or validity: not judged.",
        )
    if rule.kind == "silent":
        return _silent(found, rule)
    if rule.kind == "stuck":
        return _stuck(found, rule)
    if rule.members is not None:
        return _members(rule, found.at)
    if rule.blind:
        word = SEVERITY_WORDS[rule.severity or "advisory"]
        return Text(
            f"Mức {word.vi} được giữ: không còn nhìn thấy cảm biến, cảnh báo không tự hết khi không ai thấy.",
            f"Kept at {word.en}: the sensor is not seen any more, and an alert does not end unseen.",
        )
    parts = [*_standing(rule, found.at), *_waiting(rule)]
    if not parts:
        parts = [_normal(found, rule)]
    return Text(" ".join(part.vi for part in parts), " ".join(part.en for part in parts))


def _standing(rule: RuleState, at: int) -> Iterator[Text]:
    """What is on, and what keeps it."""
    on = [rung for rung in rule.rungs if rung.on]
    if not on:
        return
    top = on[-1]
    word, value, limit = (
        SEVERITY_WORDS[top.severity],
        number(rule.value, rule.unit),
        number(top.threshold, rule.unit),
    )
    since = span((at - rule.since) / 1e6) if rule.since is not None else Text("—", "—")
    if top.met:
        sign = "≥" if rule.upward else "≤"
        yield Text(
            f"Đang ở mức {word.vi}: {value.vi} {sign} ngưỡng {limit.vi}; cảnh báo có từ {since.vi} trước.",
            f"At {word.en}: {value.en} {sign} threshold {limit.en}; the alert began {since.en} ago.",
        )
    elif top.holding:
        clear = number(top.clear, rule.unit)
        yield Text(
            f"Vẫn ở mức {word.vi}: {value.vi} đã qua ngưỡng {limit.vi} nhưng chưa qua mức hết {clear.vi} (độ trễ).",
            f"Still at {word.en}: {value.en} is past the threshold {limit.en} but not past the clear level "
            f"{clear.en}; the hysteresis holds it.",
        )
    elif top.left_s is not None:
        left, clear = span(top.left_s), number(top.clear, rule.unit)
        yield Text(
            f"Sắp hết mức {word.vi}: {value.vi} đã qua mức hết {clear.vi}; còn chờ {left.vi} nữa"
            f"{_completed(top).vi}.",
            f"About to leave {word.en}: {value.en} is past the clear level {clear.en}; {left.en} of the "
            f"off-delay left{_completed(top).en}.",
        )
    else:
        yield Text(
            f"Đang ở mức {word.vi}; cảnh báo có từ {since.vi} trước.",
            f"At {word.en}; the alert began {since.en} ago.",
        )


def _waiting(rule: RuleState) -> Iterator[Text]:
    """Rungs that are on their way up."""
    for rung in rule.rungs:
        if rung.on or rung.left_s is None:
            continue
        word, left = SEVERITY_WORDS[rung.severity], span(rung.left_s)
        if rung.unconfirmed:
            yield Text(
                f"Mức {word.vi} chờ một số đo nữa xác nhận: số đo vượt ngưỡng còn nghi ngờ.",
                f"{word.en.capitalize()} waits for another reading to confirm: the one that reached it is suspect.",
            )
        else:
            limit = number(rung.threshold, rule.unit)
            yield Text(
                f"Đã đạt ngưỡng {word.vi} {limit.vi}, phải kéo dài {span(rung.delay_s).vi}: còn {left.vi}"
                f"{_completed(rung).vi}.",
                f"The {word.en} threshold {limit.en} is met and must last {span(rung.delay_s).en}: {left.en} left"
                f"{_completed(rung).en}.",
            )


def _completed(rung: RungState) -> Text:
    if not rung.by_reading:
        return Text("", "")
    return Text(", rồi đến số đo kế tiếp", ", and then the next reading") if not rung.left_s else Text("", "")


def _normal(found: Explanation, rule: RuleState) -> Text:
    """Nothing stands, nothing waits."""
    if rule.value is None:
        if found.good is None:
            return Text("Không có cảnh báo: chưa có số đo dùng được.", "No alert: no usable reading yet.")
        return Text(
            "Không có cảnh báo: hiện không tính được giá trị này.",
            "No alert: there is no such value at present.",
        )
    nearest = next(iter(rule.rungs), None)
    if nearest is None:
        return Text("Không có cảnh báo.", "No alert.")
    value, limit = number(rule.value, rule.unit), number(nearest.threshold, rule.unit)
    apart, word = number(abs(nearest.threshold - rule.value), rule.unit), SEVERITY_WORDS[nearest.severity]
    if nearest.met:
        return Text(
            f"Không có cảnh báo: {value.vi} đạt ngưỡng {word.vi} {limit.vi}, nhưng số đo này không được tính.",
            f"No alert: {value.en} reaches the {word.en} threshold {limit.en}, but this reading was not counted.",
        )
    vi, en = ("thấp hơn", "below") if rule.upward else ("cao hơn", "above")
    return Text(
        f"Không có cảnh báo: {value.vi} còn {vi} ngưỡng {word.vi} {limit.vi} {apart.vi}.",
        f"No alert: {value.en} is {apart.en} {en} the {word.en} threshold {limit.en}.",
    )


def _silent(found: Explanation, rule: RuleState) -> Text:
    if rule.silent_after_s is None:
        return Text("Cảm biến không có chu kỳ: không bao giờ tính là mất tín hiệu.",
                    "The sensor has no rhythm: it is never called silent.")  # fmt: skip
    limit = span(rule.silent_after_s)
    if rule.severity is not None:
        return Text(f"Không có số đo quá {limit.vi}.", f"No reading for more than {limit.en}.")
    if found.unknown:
        return Text(
            "Cổng mất liên lạc: chỉ báo một lần cho cả cổng.",
            "Its gateway is silent: told once, for the gateway.",
        )
    left = span(max(0.0, ((found.silent_at or found.at) - found.at) / 1e6))
    return Text(
        f"Không có cảnh báo: sẽ báo mất tín hiệu nếu thêm {left.vi} không có số đo (giới hạn {limit.vi}).",
        f"No alert: it will be silent after {left.en} more without a reading (limit {limit.en}).",
    )


def _stuck(found: Explanation, rule: RuleState) -> Text:
    window = span(rule.window_s or 0.0)
    if rule.severity is not None:
        return Text(
            f"Giá trị đứng yên quá {window.vi}.", f"The value has been flat for more than {window.en}."
        )
    if rule.flat_since is None:
        floor = number(rule.floor, rule.unit)
        if rule.floor is not None:
            return Text(
                f"Không có cảnh báo: chỉ xét từ {floor.vi} trở lên.",
                f"No alert: only judged at {floor.en} or above.",
            )
        return Text("Không có cảnh báo: giá trị vẫn thay đổi.", "No alert: the value moves.")
    flat = span((found.at - rule.flat_since) / 1e6)
    return Text(
        f"Không có cảnh báo: đứng yên {flat.vi}, báo khi quá {window.vi}.",
        f"No alert: flat for {flat.en}, told after {window.en}.",
    )


def _members(rule: RuleState, at: int) -> Text:
    met, total = rule.members or (0, 0)
    parts = [
        Text(
            f"{met} trong {total} cảm biến đạt điều kiện.", f"{met} of {total} sensors meet their condition."
        )
    ]
    on = [rung for rung in rule.rungs if rung.on]
    if on:
        word = SEVERITY_WORDS[on[-1].severity]
        since = span((at - rule.since) / 1e6) if rule.since is not None else Text("—", "—")
        parts.append(
            Text(
                f"Đang ở mức {word.vi}; cảnh báo có từ {since.vi} trước.",
                f"At {word.en}; the alert began {since.en} ago.",
            )
        )
    for rung in rule.rungs:
        if rung.left_s is not None:
            left = span(rung.left_s)
            vi, en = ("sắp hết", "about to end") if rung.on else ("đang chờ", "on its way")
            word = SEVERITY_WORDS[rung.severity]
            parts.append(
                Text(f"Mức {word.vi} {vi}, còn {left.vi}.", f"{word.en.capitalize()} {en}, {left.en} left.")
            )
    return Text(" ".join(part.vi for part in parts), " ".join(part.en for part in parts))


def number(value: float | None, unit: str) -> Text:
    """A value with its unit; a dash where there is none."""
    if value is None or value != value:  # noqa: PLR0124  NaN
        return Text("—", "—")
    shown, unit = f"{value:.6g}", "" if unit == "1" else f" {unit}"
    return Text(in_vietnamese(shown) + unit, shown + unit)


def span(seconds: float) -> Text:
    """A span of time in both languages."""
    total = round(seconds)
    if total < _MINUTE:
        return Text(f"{total} giây", f"{total} s")
    if total < _HOUR:
        return Text(f"{total // 60} phút", f"{total // 60} min")
    if total < 2 * _DAY:
        hours, minutes = total // _HOUR, total % _HOUR // 60
        if not minutes:
            return Text(f"{hours} giờ", f"{hours} h")
        return Text(f"{hours} giờ {minutes} phút", f"{hours} h {minutes} min")
    return Text(
        f"{total // _DAY} ngày {total % _DAY // _HOUR} giờ", f"{total // _DAY} d {total % _DAY // _HOUR} h"
    )
