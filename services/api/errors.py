"""Errors: one table from what went wrong to the problem document a client gets (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from math import ceil
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketState

from services.api.wording import what_is_wrong
from services.observation.text import Text
from services.runtime import logging

MEDIA_TYPE = "application/problem+json"
log = logging.get("api")


class Problem(Exception):  # noqa: N818  the name of the document
    """Something a client must be told; becomes the answer as it stands."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: Text,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        """Put the document together; `extra` are members of its own, like `token` of a stale token."""
        self.status, self.code, self.detail = status, code, detail
        self.headers, self.extra = dict(headers or {}), extra
        super().__init__(f"{status} {code}: {detail.en}")

    def document(self, instance: str) -> dict[str, Any]:
        """The members of the document."""
        return {
            "type": f"urn:haidang:problem:{self.code}",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail.en,
            "detail_vi": self.detail.vi,
            "instance": instance,
            **self.extra,
        }

    def response(self, instance: str) -> Response:
        """The answer to a request for `instance`."""
        body = msgspec.json.encode(self.document(instance))
        return Response(body, self.status, headers=self.headers, media_type=MEDIA_TYPE)


def not_found(what: Text) -> Problem:
    """404 with a word about what is not there."""
    return Problem(404, "not-found", what)


def invalid(what: Text, name: str, possible: Sequence[str] | None = None) -> Problem:
    """422 about one parameter; `possible` where its values are a closed set."""
    wrong: dict[str, Any] = {"parameter": name, "what": what.en, "what_vi": what.vi}
    if possible is not None:
        wrong["possible"] = possible
    return Problem(422, "invalid-parameter", what, errors=[wrong])


def away(what: Text, *, retry_s: int = 5, code: str = "history-away") -> Problem:
    """503: what is needed for this answer is not there now."""
    return Problem(503, code, what, headers={"Retry-After": str(retry_s)})


def slow_down(what: Text, wait_s: float) -> Problem:
    """429: whoever asks may do so again in so many seconds, rounded up, at least 1."""
    return Problem(429, "slow-down", what, headers={"Retry-After": str(max(1, ceil(wait_s)))})


def stale(reason: Text, token: str) -> Problem:
    """410: the token names no place in the stream any more; `token` is the current one."""
    return Problem(410, "stale-token", reason, token=token)


def unauthorized(what: Text) -> Problem:
    """401: who asks must show who they are."""
    return Problem(401, "unauthorized", what, headers={"WWW-Authenticate": 'Bearer realm="haidang"'})


_BY_STATUS = {
    400: Text(
        "không đọc được nội dung gửi lên; cần JSON bằng UTF-8", "the body can't be read; send JSON in UTF-8"
    ),
    404: Text("không có gì ở địa chỉ này; xem /docs", "there is nothing at this address; see /docs"),
    405: Text("địa chỉ này không nhận phương thức đó", "this address does not take that method"),
}
_UNEXPECTED = Text(
    "lỗi của máy chủ, đã ghi vào nhật ký; hãy thử lại", "a fault of the server, written to its log; try again"
)


def _of_http(error: HTTPException) -> Problem:
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "-")
    detail = _BY_STATUS.get(error.status_code, Text("yêu cầu không được chấp nhận", str(error.detail)))
    return Problem(error.status_code, code, detail, headers=error.headers)


def _of_validation(error: RequestValidationError | WebSocketRequestValidationError) -> Problem:
    wrong = [(_named(item), what_is_wrong(item)) for item in error.errors()]
    vi = "; ".join(f"{name}: {what.vi}" for name, what in wrong)
    en = "; ".join(f"{name}: {what.en}" for name, what in wrong)
    return Problem(
        422,
        "invalid-parameter",
        Text(f"tham số không hợp lệ: {vi}", f"invalid parameter: {en}"),
        errors=[{"parameter": name, "what": what.en, "what_vi": what.vi} for name, what in wrong],
    )


def problem_of(error: Exception) -> Problem:
    """Look the error up; what is not in the table is a fault of ours."""
    match error:
        case Problem():
            return error
        case RequestValidationError() | WebSocketRequestValidationError():
            return _of_validation(error)
        case HTTPException():
            return _of_http(error)
        case _:
            return Problem(500, "internal", _UNEXPECTED)


def _named(item: dict[str, Any]) -> str:
    """The parameter's name; of a body that can't be read at all, not the place where reading stopped."""
    return "body" if item["type"] == "json_invalid" else str(item["loc"][-1])


def install(app: FastAPI) -> None:
    """Answer every error of the app by the table, also that of a WebSocket that is not yet accepted."""

    async def handle(connection: HTTPConnection, error: Exception) -> Response | None:
        problem = problem_of(error)
        if problem.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("request_failed", path=connection.url.path, error=repr(error))
        if isinstance(connection, WebSocket):
            if connection.application_state is WebSocketState.CONNECTING:
                await connection.send_denial_response(problem.response(connection.url.path))
            return None
        return problem.response(connection.url.path)

    for kind in (Problem, RequestValidationError, WebSocketRequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, handle)  # type: ignore[arg-type]  # starlette types requests and sockets apart
