"""The same message in other words, as a person wants them. Pure.

Only what people read changes: what it is about, how bad, where and until when are the alert's. What it said
before stays beside it, with the name of whoever changed it; they are never enough to approve it.
"""

from typing import NamedTuple

import msgspec

from services.cap import words as standard
from services.cap.build import build
from services.cap.bulletin import WORDS, Bulletin, Thread, Words
from services.cap.check import check
from services.cap.compose import LANGUAGES, clean, cleaned
from services.cap.message import Info, Message
from services.cap.read import read
from services.cap.repeat import repeated
from services.cap.violation import Violation, refused
from services.observation.site import Site
from services.observation.text import Text


class Wish(NamedTuple):
    """Other words; None: as they are. A description may be in one language: the other text is empty then."""

    headline: Text | None = None
    description: Text | None = None
    instruction: Text | None = None


class Asked(NamedTuple):
    """Who wants other words, which, and why."""

    by: str
    wish: Wish
    why: str | None = None


def reworded(data: Bulletin, asked: Asked) -> Bulletin | tuple[Violation, ...]:
    """A draft in other words; or the rules that these would break.

    Its first words again make it the writer's own draft: nobody is their author then.

    Raises:
        Refused: the draft can't be read.
    """
    message = read(data.xml.encode()).message
    if message is None:
        raise refused(code="draft", what=Text("không đọc được bản thảo", "the draft can't be read"))
    return _said(data, message, asked, data.original or data.words)


def update(  # noqa: PLR0913  what a message is made of
    document: str, thread: Thread, asked: Asked, identifier: str, now: int, site: Site
) -> Bulletin | tuple[Violation, ...] | None:
    """What is out as an update of itself in other words; None where nothing is out.

    The caller says how many must agree, and who stated the alert.
    """
    found = repeated(document, thread, f"{WORDS}{thread.version}", identifier, now, site)
    return None if found is None else _said(found[0], found[1], asked, found[0].words)


def _said(
    data: Bulletin, message: Message, asked: Asked, original: Words
) -> Bulletin | tuple[Violation, ...]:
    after = _merged(data, Wish(*(None if one is None else cleaned(one) for one in asked.wish)))
    infos = tuple(_info(info, after) for info in message.info)
    message = msgspec.structs.replace(message, info=infos)
    violations = tuple(check(message, own=True))
    if violations:
        return violations
    own = after == original and not data.what.startswith(WORDS)
    return msgspec.structs.replace(
        data,
        headline=after.headline,
        description=after.description,
        instruction=after.instruction,
        worded_by=None if own else asked.by,
        original=None if own else original,
        by=asked.by,
        why=asked.why,
        xml=build(message).decode(),
    )


def _merged(data: Bulletin, wish: Wish) -> Words:
    mark, note = standard.MARKS.get(data.status, Text("", "")), standard.NOTES.get(data.status, "")
    headline = data.headline if wish.headline is None else _marked(wish.headline, mark)
    description = data.description
    if wish.description is not None:
        given = wish.description
        elsewhere = Text(
            f"{headline.vi.removeprefix(mark.vi)}. {standard.ELSEWHERE.vi}",
            f"{headline.en.removeprefix(mark.en)}. {standard.ELSEWHERE.en}",
        )
        description = _marked(
            Text(given.vi or elsewhere.vi, given.en or elsewhere.en),
            Text(f"{note} " if note else "", f"{note} " if note else ""),
        )
    instruction = data.instruction if wish.instruction is None else wish.instruction
    return Words(headline, description, instruction)


def _marked(text: Text, mark: Text) -> Text:
    """An exercise or a test says so, whatever is written."""
    return Text(
        text.vi if text.vi.startswith(mark.vi) else f"{mark.vi}{text.vi}",
        text.en if text.en.startswith(mark.en) else f"{mark.en}{text.en}",
    )


def _info(info: Info, after: Words) -> Info:
    short = next((short for short, long in LANGUAGES if long == info.language), "en")
    return msgspec.structs.replace(
        info,
        headline=clean(getattr(after.headline, short)),
        description=clean(getattr(after.description, short)),
        instruction=clean(getattr(after.instruction, short)),
    )
