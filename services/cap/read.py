"""A document from outside as a message. Pure, and hardened: what comes from the network is hostile.

No document type, so no entities; nothing is fetched; size, depth and number of elements are bounded before
anything is made of them. The XML is read by the table that also writes it.

Over 250 lines: everything that stands between bytes and a message, in the order in which it is done.
"""

import re
from typing import Any, NamedTuple, cast

import msgspec
from lxml import etree

from services.cap.envelope import taken_out
from services.cap.layout import SLOTS, Slot
from services.cap.message import DSIG, V11, Message
from services.cap.values import plain_time
from services.cap.violation import Refused, Violation, refused
from services.observation.text import Text

MAX_BYTES = 1_000_000
MAX_DEPTH = 24
"""A message is five deep; a signature with its certificates not twice as much."""
MAX_ELEMENTS = 20_000
SIGNATURE = f"{{{DSIG}}}Signature"
_BOM, _WIDE = b"\xef\xbb\xbf", (b"\xff\xfe", b"\xfe\xff")
_ENCODINGS = re.compile(
    r"utf-?8|(us-)?ascii|iso[-_]8859-\d{1,2}|windows-125\d|tis-620|koi8-[ru]"
    r"|gb2312|gbk|gb18030|big5|euc-(jp|kr)|shift_jis",
    re.IGNORECASE,
)
"""In all of these a `<` is the byte that it is in ASCII, and that byte is nothing else."""
_WIDE_NAMES = re.compile(r"utf-?16([lb]e)?", re.IGNORECASE)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_FIRST_ELEMENT = re.compile(rb"<[A-Za-z_:]")
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"


_WITHOUT_TYPE = "application/octet-stream"
_TIMES = frozenset({"sent", "effective", "onset", "expires"})


class Reading(NamedTuple):
    """What was read. `message` is None where so much is missing that there is none."""

    message: Message | None
    version: str
    violations: tuple[Violation, ...]
    root: etree._Element


def parse(data: bytes) -> etree._Element:
    """The root element of a document that did no harm.

    Raises:
        Refused: too large, too deep, with a document type, or no XML.
    """
    if len(data) > MAX_BYTES:
        raise refused(
            code="size",
            what=Text(f"lớn hơn {MAX_BYTES} byte", f"more than {MAX_BYTES} bytes"),
        )
    data = _narrow(data)
    first = _FIRST_ELEMENT.search(data)
    if b"<!DOCTYPE" in data[: first.start() if first else len(data)]:
        raise _doctype()
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        said = str(error)[:200]
        raise refused(code="xml", what=Text(f"không đọc được XML: {said}", f"not XML: {said}")) from error
    info = cast("Any", root.getroottree().docinfo)  # the stubs don't know all of it
    if info.doctype or info.internalDTD is not None:
        raise _doctype()
    _bound(root)
    return root


def _narrow(data: bytes) -> bytes:
    """The document in an encoding that agrees with ASCII, from its first sign on.

    UTF-16 is written anew as UTF-8. Some programs say UTF-16 of what they wrote in UTF-8: that is seen.

    Raises:
        Refused: another encoding.
    """
    found = data.removeprefix(_BOM).lstrip(b" \t\r\n")
    if data.startswith(_WIDE):
        try:
            found = data.decode("utf-16").lstrip(" \t\r\n").encode()
        except UnicodeError as error:
            raise _encoding() from error
    declared = _DECLARED.match(found)
    if b"\0" in found:
        raise _encoding()
    if declared and _WIDE_NAMES.fullmatch(declared[1].decode()):
        return found[: declared.start(1)] + b"UTF-8" + found[declared.end(1) :]
    if declared and not _ENCODINGS.fullmatch(declared[1].decode()):
        raise _encoding()
    return found


def _encoding() -> Refused:
    return refused(
        code="encoding",
        what=Text("bảng mã không được nhận; hãy dùng UTF-8", "not an encoding we take; use UTF-8"),
    )


def read(data: bytes) -> Reading:
    """Read a document; whatever is wrong with its structure is noted and the rest read on.

    Values are judged by `check`.

    Raises:
        Refused: it is no CAP document at all.
    """
    root = taken_out(parse(data))
    name = etree.QName(root)
    reader = _Reader(name.namespace or "")
    message = reader.noun(root, Message, "alert")
    return Reading(
        message if isinstance(message, Message) else None,
        name.namespace or "",
        tuple(reader.violations),
        root,
    )


def text_of(data: bytes, root: etree._Element) -> str:
    """A document that was read, as text to be kept; what is not UTF-8 is written anew."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return str(etree.tostring(root, encoding="unicode"))


class _Reader:
    """Reads elements by the table, noting what does not fit.

    CAP 1.1 differs: a time is any of XML Schema's, and a resource need not say its type.
    """

    def __init__(self, namespace: str) -> None:
        self._prefix = f"{{{namespace}}}"
        self._older = namespace == V11
        self.violations: list[Violation] = []

    def noun(self, parent: etree._Element, kind: type[msgspec.Struct], path: str) -> msgspec.Struct | None:
        """One structure of the standard; None where what it must have is missing."""
        self._attributes(parent, path)
        slots = {slot.tag: (nth, slot) for nth, slot in enumerate(SLOTS[kind])}
        values: dict[str, list[Any]] = {}
        self._no_text(parent, path)
        last, signed, whole = 0, False, True
        for child in parent:
            name = cast("Any", child.tag)
            if not isinstance(name, str):  # a comment or a processing instruction
                continue
            if kind is Message and name.startswith(f"{{{DSIG}}}"):
                signed = True
                continue
            tag = name.removeprefix(self._prefix)
            if tag not in slots or tag == name or signed:
                self._say(
                    "unknown-element",
                    path,
                    f"phần tử lạ {tag[:60]!r}",
                    f"element {tag[:60]!r} is not known here",
                )
                continue
            place, slot = slots[tag]
            if place < last:
                self._say("order", f"{path}/{tag}", "sai thứ tự", "stands in the wrong order")
            last = max(last, place)
            found = values.setdefault(slot.field, [])
            where = f"{path}/{tag}[{len(found) + 1}]" if slot.many else f"{path}/{tag}"
            if found and not slot.many:
                self._say("repeated", where, "chỉ được có một lần", "may stand there only once")
                continue
            value = self._value(child, slot, where)
            whole = whole and value is not None
            found.append(value)
        return self._made(kind, values, path) if whole else None

    def _value(self, child: etree._Element, slot: Slot, path: str) -> Any:
        if slot.inside is not None:
            return self.noun(child, slot.inside, path)
        self._attributes(child, path)
        text = self._text(child, path)
        if slot.tag in ("identifier", "sender"):
            return text.strip(" \t\r\n")
        if self._older and slot.tag in _TIMES:
            return plain_time(text)
        if self._older and slot.tag == "references":
            return " ".join(",".join(map(plain_time, one.split(","))) for one in text.split())
        return text

    def _made(
        self, kind: type[msgspec.Struct], values: dict[str, list[Any]], path: str
    ) -> msgspec.Struct | None:
        given: dict[str, Any] = {}
        for slot in SLOTS[kind]:
            found = values.get(slot.field, [])
            if not found and self._older and slot.tag == "mimeType":
                found = [_WITHOUT_TYPE]
            if len(found) < slot.least:
                self._say("missing", f"{path}/{slot.tag}", f"thiếu {slot.tag}", f"{slot.tag} is missing")
            elif slot.many:
                given[slot.field] = tuple(found)
            elif found:
                given[slot.field] = found[0]
        if any(slot.least and slot.field not in given for slot in SLOTS[kind]):
            return None
        return kind(**given)

    def _text(self, element: etree._Element, path: str) -> str:
        pieces = [element.text or ""]
        for child in element:
            if isinstance(child.tag, str):
                self._say("structure", path, "chỉ được chứa chữ", "may hold text only")
            pieces.append(child.tail or "")
        return "".join(pieces)

    def _no_text(self, element: etree._Element, path: str) -> None:
        if any(
            piece and piece.strip(" \t\r\n") for piece in (element.text, *(child.tail for child in element))
        ):
            self._say("structure", path, "có chữ giữa các phần tử", "has text between its elements")

    def _attributes(self, element: etree._Element, path: str) -> None:
        for name in element.attrib:
            if not str(name).startswith(_XSI):
                self._say(
                    "attribute", path, f"thuộc tính lạ {name!r:.60}", f"attribute {name!r:.60} is not known"
                )

    def _say(self, code: str, path: str, vi: str, en: str) -> None:
        self.violations.append(Violation(code, path, Text(vi, en)))


def _bound(root: etree._Element) -> None:
    """Refuse what is deeper or wider than any message."""
    depth = count = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > MAX_DEPTH:
            raise refused(code="depth", what=Text("lồng quá sâu", "nested too deep"))
        if count > MAX_ELEMENTS:
            raise refused(code="elements", what=Text("quá nhiều phần tử", "too many elements"))


def _doctype() -> Refused:
    return refused(
        code="doctype",
        what=Text(
            "có khai báo DOCTYPE, là cách tấn công bằng thực thể",
            "it declares a DOCTYPE, the door of entity attacks",
        ),
    )
