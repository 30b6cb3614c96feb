"""Answers: JSON by msgspec, and lists with the token of the next page."""

from collections.abc import Sequence
from typing import Any

import msgspec
from starlette.responses import Response

_encoder = msgspec.json.Encoder()


def answer(content: object, status: int = 200) -> Response:
    """JSON. What is asked again next second must come from us, not from a cache."""
    return Response(
        _encoder.encode(content), status, headers={"Cache-Control": "no-store"}, media_type="application/json"
    )


def page(items: Sequence[object], following: str | None, **more: Any) -> Response:
    """A list: `items`, `next` (None at the end), and what the noun adds."""
    return answer({"items": items, "next": following, **more})


def cut(items: Sequence[Any], limit: int) -> tuple[Sequence[Any], bool]:
    """The first `limit` of items that were asked for with one more, and whether there is more."""
    return items[:limit], len(items) > limit
