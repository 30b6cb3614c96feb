"""What is wrong with a parameter, in both languages. The validator's own words are English only. Pure.

Its English stands, but where it speaks of the validator and not of what the caller has to do.
"""

from collections.abc import Mapping
from typing import Any

from services.observation.text import Text

_VIETNAMESE = {
    "missing": "thiếu tham số này",
    "int_parsing": "phải là số nguyên",
    "int_type": "phải là số nguyên",
    "int_from_float": "phải là số nguyên",
    "int_parsing_size": "số quá lớn",
    "float_parsing": "phải là một số",
    "float_type": "phải là một số",
    "finite_number": "phải là một số hữu hạn",
    "bool_parsing": "phải là true hoặc false",
    "greater_than": "phải lớn hơn {gt}",
    "greater_than_equal": "phải từ {ge} trở lên",
    "less_than": "phải nhỏ hơn {lt}",
    "less_than_equal": "không được quá {le}",
    "datetime_parsing": "phải là thời điểm ISO 8601 có múi giờ, ví dụ 2026-01-31T07:00:00+07:00",
    "datetime_from_date_parsing": "phải là thời điểm ISO 8601 có múi giờ, ví dụ 2026-01-31T07:00:00+07:00",
    "timezone_aware": "thiếu múi giờ, ví dụ Z hoặc +07:00",
    "literal_error": "phải là một trong: {expected}",
    "enum": "phải là một trong: {expected}",
    "string_type": "phải là một chuỗi",
    "string_pattern_mismatch": "không đúng dạng {pattern}",
    "string_too_long": "dài quá {max_length} ký tự",
    "string_too_short": "cần ít nhất {min_length} ký tự",
    "extra_forbidden": "không có tham số này",
    "json_invalid": "không phải JSON",
    "model_attributes_type": "phải là một đối tượng JSON, gửi với Content-Type: application/json",
    "dict_type": "phải là một đối tượng JSON, gửi với Content-Type: application/json",
    "date_from_datetime_parsing": "phải là một ngày, ví dụ 2026-01-31",
    "date_parsing": "phải là một ngày, ví dụ 2026-01-31",
    "string_unicode": "có ký tự không thuộc Unicode",
}
_ENGLISH = dict.fromkeys(
    ("model_attributes_type", "dict_type"),
    "must be a JSON object, sent with Content-Type: application/json",
)
_OTHERWISE = "giá trị không hợp lệ; xem /docs"


class UnreadableError(ValueError):
    """A value that can't be read, with the reason in both languages."""

    def __init__(self, text: Text) -> None:
        """As a ValueError it speaks English."""
        self.text = text
        super().__init__(text.en)


def bad_token(text: str) -> Text:
    """What a text is told that is not a token."""
    shown = text[:40]
    return Text(
        f"{shown!r} không phải mã sự kiện; cần <8 chữ số hex>.<số> hoặc một số",
        f"{shown!r} is not a token; expected <8 hex>.<number> or a number",
    )


def what_is_wrong(error: Mapping[str, Any]) -> Text:
    """The words for one error of the validator, as pydantic describes it."""
    context = error.get("ctx") or {}
    cause = context.get("error")
    if isinstance(cause, UnreadableError):
        return cause.text
    kind = str(error.get("type"))
    said = _ENGLISH.get(kind, str(error.get("msg", "")).removeprefix("Value error, "))
    words = _VIETNAMESE.get(kind, _OTHERWISE)
    if "expected" in context:
        context = {**context, "expected": str(context["expected"]).replace(" or ", " hoặc ")}
    try:
        return Text(words.format_map(context), said)
    except (KeyError, IndexError):  # another version of the validator names its bounds otherwise
        return Text(_OTHERWISE, said)
