"""Why alerts belong together and what changed, in sentences. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from services.alerts.reasons import SEVERITY_WORDS
from services.alerts.situation import Left, Member
from services.alerts.situation.kinds import family_texts
from services.observation.instants import SECOND
from services.observation.text import Text
from services.observation.topics import SITE_AREA

_WHOLE = Text("toàn địa bàn", "the whole site")
_NAMED = 3
"""Areas that a sentence names; the event lists all."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a sentence is made of: `count` members are open now; `lost` are those that left."""

    name: Text
    area: str
    areas: Sequence[str]
    names: Mapping[str, Text]
    count: int
    joined: Sequence[Member]
    left: Sequence[Left]
    lost: Sequence[Member]
    severity: str
    severity_before: str | None
    window: int


def opened(told: Told) -> Text:
    """Why they are one thing."""
    where, what, count = _where(told), family_texts(m.family for m in told.joined), told.count
    return Text(
        f"{told.name.vi} {where.vi}: {count} cảnh báo {what.vi} cùng lúc, gộp thành một tình huống.",
        f"{told.name.en} {where.en}: {count} alerts of {what.en} at the same time, told as one situation.",
    )


def updated(told: Told) -> Text:
    """What joined, what is over, how bad it is now, and what is left."""
    parts = []
    if told.joined:
        what, areas = family_texts(m.family for m in told.joined), _areas(told, (m.area for m in told.joined))
        parts.append(Text(f"Thêm {what.vi} tại {areas.vi}.", f"Joined by {what.en} at {areas.en}."))
    gone_by = list(zip(told.lost, told.left, strict=True))
    aside = [member for member, gone in gone_by if gone.why == "aside"]
    over = [member for member, gone in gone_by if gone.why not in ("moved", "aside")]
    if aside:
        what, areas = family_texts(m.family for m in aside), _areas(told, (m.area for m in aside))
        parts.append(
            Text(
                f"Không tính {what.vi} tại {areas.vi}: đang bảo trì hoặc thử.",
                f"Set aside, under maintenance or test: {what.en} at {areas.en}.",
            )
        )
    if over:
        what, areas = family_texts(m.family for m in over), _areas(told, (m.area for m in over))
        parts.append(Text(f"Đã hết {what.vi} tại {areas.vi}.", f"Over: {what.en} at {areas.en}."))
    if told.severity_before is not None and told.severity != told.severity_before:
        word, before = SEVERITY_WORDS[told.severity], SEVERITY_WORDS[told.severity_before]
        parts.append(Text(f"Mức nay là {word.vi} (trước: {before.vi}).", f"Now {word.en}, was {before.en}."))
    count, minutes = told.count, told.window // (60 * SECOND)
    if count:
        parts.append(Text(f"{told.name.vi}: {count} cảnh báo đang mở.", f"{told.name.en}: {count} open."))
    else:
        parts.append(
            Text(
                f"Mọi cảnh báo đã hết; tình huống kết thúc nếu {minutes} phút nữa không có thêm.",
                f"All alerts are over; the situation ends if none joins within {minutes} min.",
            )
        )
    return Text(" ".join(part.vi for part in parts), " ".join(part.en for part in parts))


def ended(told: Told) -> Text:
    """That nothing more came."""
    where, minutes = _where(told), told.window // (60 * SECOND)
    return Text(
        f"{told.name.vi} {where.vi} kết thúc: {minutes} phút không còn cảnh báo nào.",
        f"{told.name.en} {where.en} is over: no alert for {minutes} min.",
    )


def merged(told: Told, into: Text, area: str) -> Text:
    """Where it goes on."""
    place = _name(told, area)
    return Text(
        f"Nay là một phần của tình huống «{into.vi}» tại {place.vi}.",
        f"Now part of the situation “{into.en}” at {place.en}.",
    )


def regrouped(told: Told) -> Text:
    """That another release or another table groups otherwise."""
    return Text(
        f"{told.name.vi}: cách gộp cảnh báo đã thay đổi.",
        f"{told.name.en}: alerts are grouped in another way now.",
    )


def _where(told: Told) -> Text:
    areas = sorted(area for area in told.areas if area != SITE_AREA)
    if told.area != SITE_AREA or not areas:
        name = _name(told, told.area)
        return Text(f"tại {name.vi}", f"at {name.en}")
    listed = _areas(told, areas)
    return Text(f"trên {len(areas)} khu vực ({listed.vi})", f"over {len(areas)} areas ({listed.en})")


def _areas(told: Told, areas: Iterable[str]) -> Text:
    found = [_name(told, area) for area in sorted(set(areas))]
    vi, en = (", ".join(side) for side in zip(*((n.vi, n.en) for n in found[:_NAMED]), strict=True))
    return Text(vi, en) if len(found) <= _NAMED else Text(f"{vi}, …", f"{en}, …")


def _name(told: Told, area: str) -> Text:
    return _WHOLE if area == SITE_AREA else told.names.get(area, Text(area, area))
