"""Pages of lists that have the newest first: a page goes on behind the token that the one before named."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from services.api.context import Context
from services.api.errors import stale
from services.api.params import read_token
from services.api.responses import cut
from services.observation.text import Text

Item = TypeVar("Item")

_OTHER = Text(
    "trang này thuộc một thời kỳ khác của luồng; đọc lại từ trang đầu",
    "this page is of another epoch of the stream; read from the first page again",
)


def before(here: Context, after: str | None) -> int | None:
    """The sequence that the `next` of a page names: the following page has what lies before it.

    Raises:
        Problem: 410 when it is of another epoch.
    """
    if after is None:
        return None
    token = read_token(after, here.hub.epoch)
    if token.epoch != here.hub.epoch:
        # Its number counted in another stream: a page behind it would leave items out in silence.
        raise stale(_OTHER, here.hub.token())
    return token.sequence


def first_of(
    here: Context, found: Sequence[Item], limit: int, place: Callable[[Item], int]
) -> tuple[Sequence[Item], str | None]:
    """The first `limit` of what was found, and the `next` of their page; `place`: the sequence of an item."""
    items, more = cut(found, limit)
    return items, here.hub.token(place(items[-1])) if more else None
