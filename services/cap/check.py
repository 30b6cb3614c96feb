"""The rules of CAP 1.2 on values: those of its schema, those of its prose, and those of what we publish. Pure.

The prose is that of sections 3.2 and 3.3 of the standard; `own` adds the profile of docs/cap.md, which is what
`../domain` section 7.1 asks of what goes out: one `info` per language, alike in everything but the words.
"""

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from services.cap import message as cap
from services.cap.layout import SLOTS
from services.cap.message import Area, Info, Message, Resource, references_of
from services.cap.violation import Violation
from services.observation.text import Text

NAME = r"[^\s,<&]+"
"""Of identifier and sender: no space, comma, < or & (section 3.2.1)."""
_TIME = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+](?:0\d|1[0-3]):[0-5]\d|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[-+]14:00"
)
_LANGUAGE = re.compile(r"[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*")
_DECIMAL = re.compile(r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)")
_INTEGER = re.compile(r"[-+]?\d+")
_MIME = re.compile(r"[\w!#$&^.+-]+/[\w!#$&^.+-]+(?:\s*;.*)?", re.ASCII)
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_POINT = re.compile(r"([-+]?\d+(?:\.\d+)?),([-+]?\d+(?:\.\d+)?)")
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
    if own:
        found += _own(message)
    return found


def time_of(text: str) -> datetime | None:
    """A dateTime of CAP: no fraction, no Z; None where it is not one."""
    stripped = text.strip(" \t\r\n")
    if not _TIME.fullmatch(stripped):
        return None
    try:
        return datetime.fromisoformat(stripped)
    except ValueError:
        return None


def points_of(polygon: str) -> list[tuple[float, float]] | None:
    """(latitude, longitude) of each point of a polygon; None where one is not a place on Earth."""
    found = [_point(piece) for piece in polygon.split()]
    return None if None in found else [point for point in found if point is not None]


def circle_of(circle: str) -> tuple[float, float, float] | None:
    """(latitude, longitude, km) of a circle; None where it is not one."""
    pieces = circle.split()
    point = _point(pieces[0]) if len(pieces) == 2 else None  # noqa: PLR2004  centre and radius
    if point is None or not _DECIMAL.fullmatch(pieces[1]) or float(pieces[1]) < 0:
        return None
    return (*point, float(pieces[1]))


def _point(text: str) -> tuple[float, float] | None:
    found = _POINT.fullmatch(text)
    if found is None:
        return None
    lat, lon = float(found[1]), float(found[2])
    return (lat, lon) if -90 <= lat <= 90 and -180 <= lon <= 180 else None  # noqa: PLR2004  degrees


def _characters(noun: msgspec.Struct, path: str) -> Iterator[Violation]:
    """What XML can't hold can't be said."""
    for slot in SLOTS[type(noun)]:
        value = getattr(noun, slot.field)
        for nth, one in enumerate(value if slot.many else (value,), 1):
            where = f"{path}/{slot.tag}[{nth}]" if slot.many else f"{path}/{slot.tag}"
            if isinstance(one, msgspec.Struct):
                yield from _characters(one, where)
            elif isinstance(one, str) and _NOT_XML.search(one):
                yield _broken(
                    "character", where, "có ký tự XML không chứa được", "has a character that XML can't hold"
                )


def _alert(message: Message) -> Iterator[Violation]:
    for tag, value in (("identifier", message.identifier), ("sender", message.sender)):
        if not re.fullmatch(NAME, value):
            yield _prose(
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
        yield _prose(
            "restriction",
            "alert/restriction",
            "scope Restricted cần restriction",
            "scope Restricted needs restriction",
        )
    if message.scope == "Private" and not (message.addresses or "").strip():
        yield _prose(
            "addresses", "alert/addresses", "scope Private cần addresses", "scope Private needs addresses"
        )
    yield from _references(message)


def _references(message: Message) -> Iterator[Violation]:
    path = "alert/references"
    try:
        named = references_of(message.references)
    except ValueError:
        yield _prose(
            "references",
            path,
            "phải là sender,identifier,sent cách nhau bằng dấu cách",
            "must be sender,identifier,sent, separated by spaces",
        )
        return
    if any(time_of(one.sent) is None for one in named):
        yield _prose(
            "references", path, "thời gian trong references không hợp lệ", "a time in references is not one"
        )
    if not named and message.msg_type != "Alert" and message.msg_type in cap.TYPES:
        yield _prose(
            "references-missing",
            path,
            f"{message.msg_type} phải nêu các bản tin trước trong references",
            f"{message.msg_type} must name earlier messages in references",
        )


def _info(info: Info, path: str) -> Iterator[Violation]:
    if info.language is not None and not _LANGUAGE.fullmatch(info.language.strip(" \t\r\n")):
        yield _broken("language", f"{path}/language", "không phải mã ngôn ngữ", "is not a language code")
    for nth, one in enumerate(info.category, 1):
        yield from _word(f"{path}/category[{nth}]", one, cap.CATEGORIES)
    for nth, one in enumerate(info.response_type, 1):
        yield from _word(f"{path}/responseType[{nth}]", one, cap.RESPONSES)
    yield from _word(f"{path}/urgency", info.urgency, cap.URGENCIES)
    yield from _word(f"{path}/severity", info.severity, cap.SEVERITIES)
    yield from _word(f"{path}/certainty", info.certainty, cap.CERTAINTIES)
    if not info.event.strip():
        yield _prose("empty", f"{path}/event", "event để trống", "event is empty")
    for tag in ("effective", "onset", "expires"):
        value = getattr(info, tag)
        if value is not None:
            yield from _time(f"{path}/{tag}", value)
    for nth, resource in enumerate(info.resource, 1):
        yield from _resource(resource, f"{path}/resource[{nth}]")
    for nth, area in enumerate(info.area, 1):
        yield from _area(area, f"{path}/area[{nth}]")


def _resource(resource: Resource, path: str) -> Iterator[Violation]:
    if resource.size is not None:
        if not _INTEGER.fullmatch(resource.size.strip(" \t\r\n")):
            yield _broken("size", f"{path}/size", "không phải số nguyên", "is not a whole number")
        elif int(resource.size) < 0:
            yield _prose("size", f"{path}/size", "nhỏ hơn 0", "is below 0")
    if not _MIME.fullmatch(resource.mime_type):
        yield _prose(
            "mime-type", f"{path}/mimeType", "không phải loại nội dung MIME", "is not a MIME content type"
        )
    if not resource.resource_desc.strip():
        yield _prose("empty", f"{path}/resourceDesc", "resourceDesc để trống", "resourceDesc is empty")
    if resource.digest and not _SHA1.fullmatch(resource.digest):
        yield _prose("digest", f"{path}/digest", "không phải SHA-1 dạng hex", "is not SHA-1 in hex")


def _area(area: Area, path: str) -> Iterator[Violation]:
    if not area.area_desc.strip():
        yield _prose("empty", f"{path}/areaDesc", "areaDesc để trống", "areaDesc is empty")
    for nth, polygon in enumerate(area.polygon, 1):
        where = f"{path}/polygon[{nth}]"
        points = points_of(polygon)
        if points is None:
            yield _prose("polygon", where, "có điểm không hợp lệ", "has a point that is not a place on Earth")
        elif len(points) < _LEAST_POINTS:
            yield _prose("polygon", where, "cần ít nhất 4 điểm", "needs at least four points")
        elif points[0] != points[-1]:
            yield _prose("polygon", where, "chưa khép kín", "is not closed")
    for nth, circle in enumerate(area.circle, 1):
        if circle_of(circle) is None:
            yield _prose(
                "circle",
                f"{path}/circle[{nth}]",
                "phải là 'vĩ,kinh bán_kính_km'",
                "must be 'lat,lon radius_km'",
            )
    for tag, value in (("altitude", area.altitude), ("ceiling", area.ceiling)):
        if value is not None and not _DECIMAL.fullmatch(value.strip(" \t\r\n")):
            yield _broken("number", f"{path}/{tag}", "không phải số", "is not a number")
    if area.ceiling is not None and area.altitude is None:
        yield _prose("ceiling", f"{path}/ceiling", "ceiling cần có altitude", "ceiling needs altitude")


_ALIKE = (
    "category",
    "urgency",
    "severity",
    "certainty",
    "response_type",
    "effective",
    "onset",
    "expires",
    "event_code",
)


def _own(message: Message) -> Iterator[Violation]:
    if not message.info:
        yield _prose("info", "alert/info", "không có info", "has no info")
        return
    languages = [info.language or "en-US" for info in message.info]
    if len(set(languages)) != len(languages):
        yield _prose(
            "languages", "alert/info", "mỗi ngôn ngữ chỉ một info", "has more than one info of a language"
        )
    if message.msg_type == "Alert" and (message.references or "").strip():
        yield _prose(
            "references", "alert/references", "Alert không có references", "an Alert has no references"
        )
    if message.status in ("Exercise", "Test") and not (message.note or "").strip():
        yield _prose(
            "note",
            "alert/note",
            "diễn tập, thử nghiệm phải ghi ở note",
            "an exercise or test must say so in note",
        )
    first, sent = message.info[0], time_of(message.sent)
    for nth, info in enumerate(message.info, 1):
        path = f"alert/info[{nth}]"
        if any(getattr(info, field) != getattr(first, field) for field in _ALIKE):
            yield _prose(
                "languages",
                path,
                "khác info thứ nhất ngoài câu chữ",
                "differs from the first info in more than words",
            )
        expires = None if info.expires is None else time_of(info.expires)
        if expires is None or sent is None or expires <= sent:
            yield _prose("expires", f"{path}/expires", "phải sau sent", "must be after sent")
        if not info.area:
            yield _prose("area", f"{path}/area", "không có area", "has no area")
        for tag in ("headline", "description"):
            if not (getattr(info, tag) or "").strip():
                yield _prose("empty", f"{path}/{tag}", f"thiếu {tag}", f"{tag} is missing")
        if "Assess" in info.response_type:
            yield _prose(
                "response",
                f"{path}/responseType",
                "Assess không dùng cho công chúng",
                "Assess is not for the public",
            )


def _time(path: str, value: str) -> Iterator[Violation]:
    if time_of(value) is None:
        yield _broken(
            "time",
            path,
            "phải như 2026-10-20T08:00:00+07:00, không có phần lẻ hay Z",
            "must be like 2026-10-20T08:00:00+07:00, no fraction, no Z",
        )


def _word(path: str, value: str, allowed: tuple[str, ...]) -> Iterator[Violation]:
    if value not in allowed:
        listed = ", ".join(allowed)
        yield _broken(
            "word", path, f"{value!r:.60} không thuộc: {listed}", f"{value!r:.60} is not one of: {listed}"
        )


def _broken(code: str, path: str, vi: str, en: str) -> Violation:
    return Violation(code, path, Text(vi, en))


def _prose(code: str, path: str, vi: str, en: str) -> Violation:
    return Violation(code, path, Text(vi, en), schema=False)
