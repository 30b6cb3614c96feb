"""The OpenAPI document: what FastAPI makes of the routes, finished by hand. Pure.

OpenAPI 3.0.3, not the 3.1 that FastAPI writes: the Swagger UI that comes as a package shows 3.0 only, and one
document that both people and machines read is better than two that drift (ADR 0008).
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from services.alerts.lifecycle import ACTS
from services.api.examples import PROBLEMS
from services.api.schemas import ProblemDocument

VERSION = "3.0.3"
DESCRIPTION = """
Early warning and city sensors: stations, observations, alerts and their events.

- **Lists** answer `{"items": […], "next": …}`; put `next` into `after` for the next page; `null` is the end.
- **Times** are ISO 8601 with a zone; answers are in UTC.
- **Errors** are problem documents (RFC 9457) with `detail` in English and `detail_vi` in Vietnamese.
- **Events** resume after a token, `<epoch>.<sequence>`: read `/alerts`, then go on after its `token` with
  `/events/stream` (SSE), `/events/ws` (WebSocket) or `/events` (JSON). Nothing is missed; a stale token is
  told so.
- **Alerts work while the history is away**; what needs the history then answers 503 with `Retry-After`.

Cảnh báo sớm và cảm biến đô thị: trạm, số liệu, cảnh báo và sự kiện. Danh sách trả về `items` và `next`; lỗi
là tài liệu có `detail_vi` bằng tiếng Việt. Sự kiện nối lại được sau một mã: đọc `/alerts`, rồi theo dõi từ
`token` của nó.
"""
TAGS = {
    "stations": "Places with sensors · Trạm",
    "sensors": "Sensors and what they observed · Cảm biến và số liệu",
    "strikes": "Lightning · Sét",
    "alerts": "Alerts as they stand · Cảnh báo hiện tại",
    "situations": "Alerts that belong together, told as one · Tình huống",
    "exercises": "Exercises and their scores · Diễn tập và kết quả",
    "roads": "Roads out: webhooks, mail, SMS, loudspeakers · Đường gửi cảnh báo",
    "maintenance": "Windows in which somebody works or tests · Bảo trì, thử nghiệm",
    "people": "Logging in, accounts and tokens · Đăng nhập, tài khoản, mã truy cập",
    "bulletins": "To the public, and official ones from outside, as CAP · Bản tin công khai và chính thức",
    "events": "What happened to alerts, live and resumable · Diễn biến cảnh báo",
    "commands": "Orders to street lights, and what became of them · Lệnh chiếu sáng và kết quả",
    "lighting": "Street lighting: desired and reported · Chiếu sáng đường phố",
    "gateways": "Gateways and their accounts · Gateway và sổ ghi",
    "rejects": "What could not be used · Dữ liệu bị loại",
    "rules": "Rules in force · Quy tắc",
    "reports": "Reports and alarm load · Báo cáo và tải cảnh báo",
    "health": "How the service is · Tình trạng dịch vụ",
}
_PROBLEMS = {
    400: "The body can't be read · Không đọc được nội dung gửi lên",
    401: "Who asks must show a token · Cần mã truy cập",
    403: "Not allowed to whoever asks · Không được phép",
    404: "There is no such thing · Không có",
    409: "It does not fit with what was there before · Không hợp với điều đã có",
    410: "The token is stale; `token` is the current one · Mã đã cũ; `token` là mã hiện tại",
    422: "A parameter is wrong · Tham số không hợp lệ",
    429: "Too many, or too many wrong ones; see `Retry-After` · Quá nhiều lần, hoặc quá nhiều lần sai",
    503: "What is needed for this is away; see `Retry-After` · Tạm thời không có",
}
_BY_OPERATION = {
    "list_alerts": (410, 503),
    "list_situations": (410, 503),
    "list_events": (410, 503),
    "list_flat_events": (410, 503),
    "reconcile": (404, 503),
    "order_command": (400, 403, 409, 503),
    "approve_bulletin": (400, 403, 404, 409, 503),
    "reject_bulletin": (400, 403, 404, 409, 503),
    "reopen_bulletin": (400, 403, 404, 409, 503),
    "reword_bulletin": (400, 403, 404, 409, 503),
    "update_bulletin": (400, 403, 404, 409, 503),
    "receive_cap": (403, 503),
    "cap_feed": (429, 503),
    "cap_message": (404, 429, 503),
    "cap_certificate": (429, 503),
    **dict.fromkeys(
        (
            *(f"{act}_alert" for act in ACTS),
            "acknowledge_situation",
        ),
        (400, 403, 404, 409, 503),
    ),
    "list_roads": (403, 503),
    "get_road": (403, 404, 503),
    "list_dead_letters": (403, 404, 503),
    "test_road": (403, 404, 503),
    "replay_road": (400, 403, 404, 410, 503),
    "list_maintenance": (503,),
    "get_maintenance": (404, 503),
    "plan_maintenance": (400, 403, 404, 409, 503),
    "change_maintenance": (400, 403, 404, 409, 503),
    "cancel_maintenance": (400, 403, 404, 409, 503),
    "state_alert": (400, 403, 409, 503),
    "log_in": (400, 401, 403, 429, 503),
    "report_observation": (400, 403, 404, 409, 503),
    "who_am_i": (),
    "end_session": (403, 409, 503),
    "change_password": (400, 403, 409, 429, 503),
    "list_people": (403, 503),
    "get_person": (403, 404, 503),
    "make_person": (400, 403, 409, 503),
    "change_person": (400, 403, 404, 503),
    "make_token": (400, 403, 404, 503),
    "drop_token": (403, 404, 503),
    "get_report_file": (403, 404, 503),
    "get_report": (503,),
    "healthz": (),
    "get_station": (404, 503),
    "readyz": (503,),
    "prometheus": (),
}
_OPEN = ("healthz", "readyz", "log_in")


def document(app: FastAPI, examples: Mapping[str, Any]) -> dict[str, Any]:
    """The finished document; `examples` are answers by operation."""
    made = get_openapi(
        title="Hải Đăng",
        version=app.version,
        description=DESCRIPTION.strip(),
        routes=app.routes,
        tags=[{"name": name, "description": text} for name, text in TAGS.items()],
    )
    made["openapi"] = VERSION
    shapes = made.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        shapes.pop(name, None)
    shapes |= models_json_schema(
        [(ProblemDocument, "serialization")], ref_template="#/components/schemas/{model}"
    )[1]["$defs"]
    made["components"]["securitySchemes"] = {"administrator": {"type": "http", "scheme": "bearer"}}
    for path, operations in made["paths"].items():
        for operation in operations.values():
            _finish(operation, path, examples)
    downgraded: dict[str, Any] = _down(made)
    return downgraded


def _finish(operation: dict[str, Any], path: str, examples: Mapping[str, Any]) -> None:
    name = operation["operationId"]
    codes = _BY_OPERATION.get(name, (404, 503) if "{" in path else (503,))
    if name not in _OPEN:
        codes = (401, *codes)
        operation["security"] = [{}, {"administrator": []}]
    # Every operation refuses parameters that it does not have.
    codes = (*codes, 422)
    answers = operation["responses"]
    answers["200"]["description"] = "Well · Thành công"
    for code in sorted(codes):
        answers[str(code)] = _problem(code)
    if name in examples:
        content = answers["200"]["content"]
        content[next(iter(content))]["example"] = examples[name]


def _problem(code: int) -> dict[str, Any]:
    shape = {"schema": {"$ref": "#/components/schemas/ProblemDocument"}, "example": PROBLEMS[code]}
    found: dict[str, Any] = {"description": _PROBLEMS[code], "content": {"application/problem+json": shape}}
    if code in (429, 503):
        seconds = {"description": "Seconds", "schema": {"type": "integer"}}
        found["headers"] = {"Retry-After": seconds}
    return found


def _down(node: Any) -> Any:
    """JSON Schema of 2020 as OpenAPI 3.0 writes it."""
    if isinstance(node, list):
        return [_down(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: value if key == "example" else _down(value) for key, value in node.items()}
    choices = found.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        kept = [choice for choice in choices if choice != {"type": "null"}]
        del found["anyOf"]
        found["nullable"] = True
        if len(kept) == 1 and "$ref" not in kept[0]:
            found = {**kept[0], **found}
        else:
            # Beside a $ref 3.0 reads nothing else.
            found["anyOf" if len(kept) > 1 else "allOf"] = kept
    if "const" in found:
        found["enum"] = [found.pop("const")]
    if isinstance(found.get("examples"), list):
        found["example"] = found.pop("examples")[0]
    return found
