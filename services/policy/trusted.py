"""Whose official bulletins count: their senders, by certificate or by a trusted channel. Pure."""

from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.x509 import load_pem_x509_certificate

from services.observation.site_table import Table
from services.observation.site_values import name, slug, text, texts
from services.observation.text import Text
from services.policy.given import Given

if TYPE_CHECKING:
    from collections.abc import Mapping

KEY = "trusted"
_KEYS = ("id", "sender", "name", "certificates", "unsigned", "hazards", "hazard")


class Trusted(msgspec.Struct, frozen=True, kw_only=True):
    """One sender of official bulletins.

    `certificates`: PEM, what is trusted is each itself. `unsigned`: the channel is trusted, a message without
    a signature counts; a wrong signature never does. `hazards`: ours by event code or word of theirs;
    `hazard`: for what none of these fits.
    """

    id: str
    sender: str
    name: Text
    certificates: tuple[str, ...] = ()
    unsigned: bool = False
    hazards: "Mapping[str, str]" = {}
    hazard: str = "environment"


def read_trusted(given: Given) -> tuple[Trusted, ...]:
    """The senders that the file names; what is wrong is noted in `given.findings`."""
    found = tuple(one for table in given.several(KEY, _KEYS) if (one := _trusted(given, table)) is not None)
    _once(given, found)
    return found


def _trusted(given: Given, table: Table) -> Trusted | None:
    of = dict(table.table)
    found = slug(given.findings, of, "id", table.line)
    sender = text(given.findings, of, "sender", table.line)
    certificates = texts(given.findings, of, "certificates", table.line, '["-----BEGIN CERTIFICATE-----…"]')
    if not all(map(_is_certificate, certificates)):
        table.error(
            "certificates",
            ("chứng thư PEM không đọc được", "a certificate is not one in PEM"),
            ('viết certificates = ["""…"""]', 'write certificates = ["""…"""]'),
        )
    unsigned = table.flag("unsigned")
    if not sender or not (certificates or unsigned):
        table.error(
            "sender",
            ("nguồn tin cậy cần sender và certificates", "a trusted sender needs sender and certificates"),
            (
                "thêm chứng thư, hoặc unsigned = true nếu kênh truyền đã tin cậy",
                "add a certificate, or unsigned = true where the channel is trusted",
            ),
        )
    hazards = of.get("hazards", {})
    if not isinstance(hazards, dict) or any(one not in given.hazards for one in hazards.values()):
        listed = ", ".join(given.hazards)
        table.error(
            "hazards",
            ("hazards không hợp lệ", "hazards is not understood"),
            (
                f'viết hazards = {{ "mã" = "…" }} với: {listed}',
                f'write hazards = {{ "code" = "…" }} with: {listed}',
            ),
        )
        hazards = {}
    hazard = table.choice("hazard", tuple(given.hazards), "environment")
    named = name(given.findings, of.get("name"), given.findings.line_of_key("name", table.line))
    if found is None:
        return None
    return Trusted(
        id=found,
        sender=sender,
        name=named,
        certificates=certificates,
        unsigned=unsigned,
        hazards={str(key): str(one) for key, one in hazards.items()},
        hazard=hazard or "environment",
    )


def _is_certificate(pem: str) -> bool:
    try:
        load_pem_x509_certificate(pem.encode())
    except ValueError:
        return False
    return True


def _once(given: Given, trusted: tuple[Trusted, ...]) -> None:
    for nth, one in enumerate(trusted):
        if any(one.id == other.id or one.sender == other.sender for other in trusted[:nth]):
            given.findings.error(
                given.findings.line_of_table("trusted", nth),
                (f"nguồn {one.id!r} khai báo hai lần", f"sender {one.id!r} is declared twice"),
                ("bỏ một trong hai", "leave one of them out"),
            )


_HAZARD: dict[str, Any] = {"type": "string"}
_TEXTS: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
NAME: dict[str, Any] = {
    "type": "object",
    "properties": {"vi": {"type": "string"}, "en": {"type": "string"}},
    "required": ["vi", "en"],
    "additionalProperties": False,
}
"""Schema of a name in both languages."""


def closed(properties: dict[str, Any], required: tuple[str, ...]) -> dict[str, Any]:
    """Schema of an object with these keys and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


SCHEMA: dict[str, Any] = {
    "type": "array",
    "items": closed(
        {
            "id": _HAZARD,
            "sender": {"type": "string"},
            "name": NAME,
            "certificates": _TEXTS,
            "unsigned": {"type": "boolean", "default": False},
            "hazards": {"type": "object", "additionalProperties": _HAZARD},
            "hazard": _HAZARD,
        },
        ("id", "sender", "name"),
    ),
}
"""JSON Schema of the key."""
