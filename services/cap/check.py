"""The rules of CAP 1.2 on values: those of its schema and those of its prose. Pure.

The prose is that of sections 3.2 and 3.3 of the standard; what we publish is also held to `profile`. What
weather services send is not refused where there is no doubt what it says, where and until when: for a fault
of a picture beside it, for an outline or a name of the place that is there and empty.
"""

import re
from collections.abc import Iterator

import msgspec

from services.cap import message as cap
from services.cap.layout import SLOTS
from services.cap.message import Area, Info, Message, Resource, references_of
from services.cap.profile import profile
from services.cap.values import DECIMAL, circle_of, points_of, ring_of, time_of
from services.cap.violation import Violation, broken, prose

NAME = r"[^\s,<&]+"
"""Of identifier and sender: no space, comma, < or & (section 3.2.1)."""
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*")
_INTEGER = re.compile(r"[-+]?\d+")
_MIME = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:\s*;.*)?", re.ASCII)
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_URI = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:|[^:]*(?:[/?#]|\Z)).*", re.DOTALL)
"""What may be an address: a scheme, or a relative one without a colon before its first slash."""
_NOT_XML = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")
_LEAST_POINTS = 4


def check(message: Message, *, own: bool = False) -> list[Violation]:
    """Every rule that a message breaks; none: it is good.

    Args:
        message: as read or as it will be built.
        own: also the rules for what we publish.
    """
    found = [*_characters(message, "alert"), *_alert(message)]
    for nth, info in enumerate(message.info, 1):
        found += _info(info, f"alert/info[{nth}]")
    return [*found, *_strictly(message)] if own else found


def _strictly(message: Message) -> Iterator[Violation]:
    """What others may get away with, and we may not."""
    for nth, info in enumerate(message.info, 1):
        for n, resource in enumerate(info.resource, 1):
            yield from _attachment(resource, f"alert/info[{nth}]/resource[{n}]")
        for n, area in enumerate(info.area, 1):
            if not area.area_desc.strip() or not all(map(str.strip, (*area.polygon, *area.circle))):
                yield prose(
                    "empty", f"alert/info[{nth}]/area[{n}]", "có phần tử để trống", "has an empty element"
                )
            for k, polygon in enumerate(area.polygon, 1):
                if points_of(polygon) != ring_of(polygon):
                    where = f"alert/info[{nth}]/area[{n}]/polygon[{k}]"
                    yield prose("polygon", where, "chưa khép kín", "is not closed")
    yield from profile(message)


def _characters(noun: msgspec.Struct, path: str) -> Iterator[Violation]:
    """What XML can't hold can't be said."""
    for slot in SLOTS[type(noun)]:
        value = getattr(noun, slot.field)
        for nth, one in enumerate(value if slot.many else (value,), 1):
            where = f"{path}/{slot.tag}[{nth}]" if slot.many else f"{path}/{slot.tag}"
            if isinstance(one, msgspec.Struct):
                yield from _characters(one, where)
            elif isinstance(one, str) and _NOT_XML.search(one):
                yield broken(
                    "character", where, "có ký tự XML không chứa được", "has a character that XML can't hold"
                )


def _alert(message: Message) -> Iterator[Violation]:
    for tag, value in (("identifier", message.identifier), ("sender", message.sender)):
        if not re.fullmatch(NAME, value):
            yield prose(
                "name",
                f"alert/{tag}",
                f"{tag} rỗng hoặc có dấu cách, dấu phẩy, < hay &",
                f"{tag} is empty or has a space, a comma, < or &",
            )
    yield from _time("alert/sent", message.sent)
    yield from _word("alert/status", message.status, cap.STATUSES)
    yield from _word("alert/msgType", message.msg_type, cap.TYPES)
    yield from _word("alert/scope", message.scope, cap.SCOPES)
    if message.scope == "Restricted" and not (message.restriction or "").strip():
        yield prose(
            "restriction",
            "alert/restriction",
            "scope Restricted cần restriction",
            "scope Restricted needs restriction",
        )
    if message.scope == "Private" and not (message.addresses or "").strip():
        yield prose(
            "addresses", "alert/addresses", "scope Private cần addresses", "scope Private needs addresses"
        )
    yield from _references(message)


def _references(message: Message) -> Iterator[Violation]:
    path = "alert/references"
    try:
        named = references_of(message.references)
    except ValueError:
        yield prose(
            "references",
            path,
            "phải là sender,identifier,sent cách nhau bằng dấu cách",
            "must be sender,identifier,sent, separated by spaces",
        )
        return
    if any(time_of(one.sent) is None for one in named):
        yield prose(
            "references", path, "thời gian trong references không hợp lệ", "a time in references is not one"
        )
    if not named and message.msg_type != "Alert" and message.msg_type in cap.TYPES:
        yield prose(
            "references-missing",
            path,
            f"{message.msg_type} phải nêu các bản tin trước trong references",
            f"{message.msg_type} must name earlier messages in references",
        )


def _info(info: Info, path: str) -> Iterator[Violation]:
    if info.language is not None and not _LANGUAGE.fullmatch(info.language.strip(" \t\r\n")):
        yield broken("language", f"{path}/language", "không phải mã ngôn ngữ", "is not a language code")
    for nth, one in enumerate(info.category, 1):
        yield from _word(f"{path}/category[{nth}]", one, cap.CATEGORIES)
    for nth, one in enumerate(info.response_type, 1):
        yield from _word(f"{path}/responseType[{nth}]", one, cap.RESPONSES)
    yield from _word(f"{path}/urgency", info.urgency, cap.URGENCIES)
    yield from _word(f"{path}/severity", info.severity, cap.SEVERITIES)
    yield from _word(f"{path}/certainty", info.certainty, cap.CERTAINTIES)
    if not info.event.strip():
        yield prose("empty", f"{path}/event", "event để trống", "event is empty")
    for tag in ("effective", "onset", "expires"):
        value = getattr(info, tag)
        if value is not None:
            yield from _time(f"{path}/{tag}", value)
    yield from _uri(f"{path}/web", info.web)
    for nth, resource in enumerate(info.resource, 1):
        yield from _resource(resource, f"{path}/resource[{nth}]")
    for nth, area in enumerate(info.area, 1):
        yield from _area(area, f"{path}/area[{nth}]")


def _resource(resource: Resource, path: str) -> Iterator[Violation]:
    if resource.size is not None and not _INTEGER.fullmatch(resource.size.strip(" \t\r\n")):
        yield broken("size", f"{path}/size", "không phải số nguyên", "is not a whole number")
    yield from _uri(f"{path}/uri", resource.uri)


def _attachment(resource: Resource, path: str) -> Iterator[Violation]:
    if (resource.size or "").strip().startswith("-"):
        yield prose("size", f"{path}/size", "nhỏ hơn 0", "is below 0")
    if not _MIME.fullmatch(resource.mime_type):
        yield prose(
            "mime-type", f"{path}/mimeType", "không phải loại nội dung MIME", "is not a MIME content type"
        )
    if not resource.resource_desc.strip():
        yield prose("empty", f"{path}/resourceDesc", "resourceDesc để trống", "resourceDesc is empty")
    if resource.digest and not _SHA1.fullmatch(resource.digest):
        yield prose("digest", f"{path}/digest", "không phải SHA-1 dạng hex", "is not SHA-1 in hex")


def _area(area: Area, path: str) -> Iterator[Violation]:
    placed = any(map(str.strip, (*area.polygon, *area.circle, *(one.value for one in area.geocode))))
    if not area.area_desc.strip() and not placed:
        yield prose("empty", f"{path}/areaDesc", "areaDesc để trống", "areaDesc is empty")
    for nth, polygon in enumerate(area.polygon, 1):
        if not polygon.strip():
            continue
        where = f"{path}/polygon[{nth}]"
        points = ring_of(polygon)
        if points is None:
            yield prose("polygon", where, "có điểm không hợp lệ", "has a point that is not a place on Earth")
        elif len(points) < _LEAST_POINTS:
            yield prose("polygon", where, "cần ít nhất 4 điểm", "needs at least four points")
    yield from _round(area, path)


def _round(area: Area, path: str) -> Iterator[Violation]:
    """Circles and heights."""
    for nth, circle in enumerate(area.circle, 1):
        if circle.strip() and circle_of(circle) is None:
            yield prose(
                "circle",
                f"{path}/circle[{nth}]",
                "phải là 'vĩ,kinh bán_kính_km'",
                "must be 'lat,lon radius_km'",
            )
    for tag, value in (("altitude", area.altitude), ("ceiling", area.ceiling)):
        if value is not None and not DECIMAL.fullmatch(value.strip(" \t\r\n")):
            yield broken("number", f"{path}/{tag}", "không phải số", "is not a number")
    if area.ceiling is not None and area.altitude is None:
        yield prose("ceiling", f"{path}/ceiling", "ceiling cần có altitude", "ceiling needs altitude")


def _time(path: str, value: str) -> Iterator[Violation]:
    if time_of(value) is None:
        yield broken(
            "time",
            path,
            "phải như 2026-10-20T08:00:00+07:00, không có phần lẻ hay Z",
            "must be like 2026-10-20T08:00:00+07:00, no fraction, no Z",
        )


def _uri(path: str, value: str | None) -> Iterator[Violation]:
    if value is not None and not _URI.fullmatch(value.strip(" \t\r\n")):
        yield broken("uri", path, "không phải địa chỉ", "is not an address")


def _word(path: str, value: str, allowed: tuple[str, ...]) -> Iterator[Violation]:
    if value not in allowed:
        listed = ", ".join(allowed)
        yield broken(
            "word", path, f"{value!r:.60} không thuộc: {listed}", f"{value!r:.60} is not one of: {listed}"
        )
