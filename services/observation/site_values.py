"""Checks that the readers of a site's files share."""

from typing import Any

from services.observation.sensor import CANARY_GATEWAY, MANUAL_GATEWAY
from services.observation.site_problems import Findings
from services.observation.text import Text
from services.observation.topics import SITE_AREA, SITE_SCOPE, is_slug

LANGUAGES = ("vi", "en")

RESERVED = (SITE_SCOPE, SITE_AREA, CANARY_GATEWAY, MANUAL_GATEWAY)
"""Names that mean something to the service itself."""

_LARGEST = 1e300


def is_number(value: object) -> bool:
    """Whether a TOML or JSON value is a finite number (true and false are none)."""
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST < value < _LARGEST


def slug(findings: Findings, table: dict[str, Any], key: str, line: int) -> str | None:
    """Read an id; None when it can't be one."""
    value = table.get(key)
    if isinstance(value, str) and is_slug(value):
        return value
    findings.error(
        findings.line_of_key(key, line),
        (f"{key} = {value!r} không hợp lệ", f"{key} = {value!r} is not a slug"),
        ("chỉ dùng a-z, 0-9 và dấu gạch nối", "use a-z, 0-9 and hyphens only"),
    )
    return None


def name(findings: Findings, value: object, line: int) -> Text:
    """Read a name in both languages."""
    given = value if isinstance(value, dict) else {}
    texts = {language: given.get(language) for language in LANGUAGES}
    for language, text in texts.items():
        if not isinstance(text, str) or not text.strip():
            findings.error(
                line,
                (f"thiếu bản dịch name.{language}", f"missing translation name.{language}"),
                ('viết name = { vi = "…", en = "…" }', 'write name = { vi = "…", en = "…" }'),
            )
    return Text(str(texts["vi"] or ""), str(texts["en"] or ""))


def text(findings: Findings, table: dict[str, Any], key: str, line: int) -> str:
    """Read an optional text; "" when it is absent or none."""
    value = table.get(key, "")
    if isinstance(value, str):
        return value
    findings.error(
        findings.line_of_key(key, line),
        (f"{key} = {value!r} phải là chữ", f"{key} = {value!r} must be a text"),
        ("đặt trong dấu ngoặc kép", "put it in quotes"),
    )
    return ""


def texts(findings: Findings, table: dict[str, Any], key: str, line: int, example: str) -> tuple[str, ...]:
    """Read an optional list of texts; empty when it is absent or none."""
    value = table.get(key, [])
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    findings.error(
        findings.line_of_key(key, line),
        (f"{key} phải là danh sách chữ", f"{key} must be a list of texts"),
        (f"ví dụ {key} = {example}", f"for example {key} = {example}"),
    )
    return ()


def tables(findings: Findings, table: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """Read the entries of `[[key]]`."""
    found = table.get(key, [])
    if isinstance(found, list) and all(isinstance(entry, dict) for entry in found):
        return found
    findings.error(
        findings.line_of_key(key, 1),
        (f"{key} phải là các bảng [[{key}]]", f"{key} must be [[{key}]] tables"),
        (f"bắt đầu mỗi mục bằng [[{key}]]", f"begin each entry with [[{key}]]"),
    )
    return []
