"""A wrong parameter is told in Vietnamese too, not in the validator's English."""

from datetime import datetime
from typing import Annotated, Any, Literal

import pytest
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.api.errors import problem_of
from services.api.params import Every, From, read_token
from services.api.wording import what_is_wrong


class Asked(BaseModel):
    """Every kind of parameter."""

    model_config = ConfigDict(extra="forbid")
    must: str
    limit: Annotated[int, Field(ge=1, le=10)] = 1
    above: Annotated[float, Field(gt=0, lt=1)] = 0.5
    at: datetime | None = None
    state: Literal["open", "closed", "all"] = "open"
    reason: Annotated[str, Field(pattern="^[a-z]+$", max_length=5)] = "a"
    since: From = None
    every: Every = None
    many: list[int] = []


def test_a_body_that_is_no_json_is_named_as_that() -> None:
    found = [{"type": "json_invalid", "loc": ("body", 2), "msg": "JSON decode error", "ctx": {"error": "x"}}]
    document = problem_of(RequestValidationError(found)).document("/x")
    assert document["errors"][0]["parameter"] == "body"
    assert document["detail_vi"] == "tham số không hợp lệ: body: không phải JSON"


@pytest.mark.parametrize("kind", ["model_attributes_type", "dict_type"])
def test_a_body_that_is_no_object_is_told_what_to_send_in_both_languages(kind: str) -> None:
    said = what_is_wrong({"type": kind, "msg": "Input should be a valid dictionary"})
    assert said.en == "must be a JSON object, sent with Content-Type: application/json"
    assert "Content-Type: application/json" in said.vi


@pytest.mark.parametrize(
    ("given", "vi"),
    [
        ({}, "thiếu tham số này"),
        ({"limit": "x"}, "phải là số nguyên"),
        ({"limit": 0}, "phải từ 1 trở lên"),
        ({"limit": 11}, "không được quá 10"),
        ({"above": 0}, "phải lớn hơn 0"),
        ({"above": 1}, "phải nhỏ hơn 1"),
        ({"above": "x"}, "phải là một số"),
        ({"at": "x"}, "phải là thời điểm ISO 8601 có múi giờ"),
        ({"state": "ajar"}, "phải là một trong: 'open', 'closed' hoặc 'all'"),
        ({"reason": "0"}, "không đúng dạng ^[a-z]+$"),
        ({"reason": "abcdef"}, "dài quá 5 ký tự"),
        ({"from": "now"}, "'now' không phải thời điểm ISO 8601"),
        ({"form": "now"}, "không có tham số này"),
        ({"from": "1980-01-01T00:00:00Z"}, "không nằm trong khoảng năm 1990 đến 2100"),
        ({"every": "1w"}, "'1w' không phải độ rộng từ 1s đến 366d"),
        ({"many": 3}, "giá trị không hợp lệ"),
    ],
)
def test_what_is_wrong_with_a_parameter_is_said_in_vietnamese(given: dict[str, Any], vi: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Asked.model_validate({"must": "x", **given} if given else {})
    found = refused.value.errors()
    document = problem_of(RequestValidationError(found)).document("/x")
    assert vi in document["detail_vi"]
    wrong = document["errors"][0]
    assert vi in wrong["what_vi"]
    assert wrong["what"] in document["detail"]
    assert wrong["what"] not in document["detail_vi"]


def test_bounds_that_are_named_otherwise_are_left_out_not_a_fault() -> None:
    said = what_is_wrong({"type": "less_than_equal", "msg": "too much", "ctx": {"most": 1}})
    assert (said.vi, said.en) == ("giá trị không hợp lệ; xem /docs", "too much")


def test_a_text_that_is_no_token_is_told_so_in_both_languages() -> None:
    with pytest.raises(Exception, match="is not a token") as refused:
        read_token("xyz", "1f0c9a2b", "Last-Event-ID")
    document = problem_of(refused.value).document("/x")
    assert "không phải mã sự kiện" in document["detail_vi"]
    assert document["errors"][0]["parameter"] == "Last-Event-ID"
