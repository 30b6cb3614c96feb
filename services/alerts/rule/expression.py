"""Thresholds as data: a number, or an attribute of the sensor's station with an offset.

`"station.historic_max or station.bd3 + 1.0"` is the first alternative the station can answer. A
station that can answer none lacks the rung: it is absent there, not zero.
"""

import re
from collections.abc import Mapping

import msgspec

_TERM = re.compile(r"station\.([a-z0-9_]+)(?:\s*([+-])\s*([0-9]+(?:\.[0-9]+)?))?\Z")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?\Z")


class Term(msgspec.Struct, frozen=True):
    """`attribute + offset`, or `offset` alone when there is no attribute."""

    attribute: str | None
    offset: float


class Expression(msgspec.Struct, frozen=True):
    """Alternatives, the first that a station can answer counts."""

    terms: tuple[Term, ...]

    def resolve(self, attributes: Mapping[str, float]) -> float | None:
        """Value at a station with these attributes, or None."""
        for term in self.terms:
            if term.attribute is None:
                return term.offset
            base = attributes.get(term.attribute)
            if base is not None:
                return base + term.offset
        return None

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the attributes it may ask for."""
        return tuple(term.attribute for term in self.terms if term.attribute is not None)

    def __str__(self) -> str:
        """As it would be written in `rules.toml`."""
        return " or ".join(_show(term) for term in self.terms)


def parse(raw: object) -> Expression | None:
    """Read a number or an expression text; None when it is neither."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int | float):
        return Expression((Term(None, float(raw)),)) if raw == raw and abs(raw) != float("inf") else None  # noqa: PLR0124
    if not isinstance(raw, str):
        return None
    terms = [_term(text.strip()) for text in raw.split(" or ")]
    return Expression(tuple(term for term in terms if term is not None)) if None not in terms else None


def _term(text: str) -> Term | None:
    if _NUMBER.match(text):
        return Term(None, float(text))
    match = _TERM.match(text)
    if match is None:
        return None
    offset = float(match[3] or 0.0)
    return Term(match[1], -offset if match[2] == "-" else offset)


def _show(term: Term) -> str:
    if term.attribute is None:
        return f"{term.offset:g}"
    if not term.offset:
        return f"station.{term.attribute}"
    return f"station.{term.attribute} {'-' if term.offset < 0 else '+'} {abs(term.offset):g}"
