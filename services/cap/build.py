"""A message as XML. Pure."""

import msgspec
from lxml import etree

from services.cap.layout import SLOTS
from services.cap.message import V12, Message


def element_of(message: Message) -> etree._Element:
    """The `alert` element of a message, without a signature, and without space between elements.

    Some readers drop such space before they look at the signature, and find another document then.

    Raises:
        ValueError: a text has a character that XML can't hold; `check` names it.
    """
    root = etree.Element(f"{{{V12}}}alert", nsmap={None: V12})  # type: ignore[dict-item]  # the stubs know no default namespace
    _fill(root, message)
    return root


def to_bytes(root: etree._Element) -> bytes:
    """The document: these bytes are what is signed, kept and published."""
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def build(message: Message) -> bytes:
    """A message as a document of its own, unsigned."""
    return to_bytes(element_of(message))


def _fill(parent: etree._Element, noun: msgspec.Struct) -> None:
    for slot in SLOTS[type(noun)]:
        value = getattr(noun, slot.field)
        if value is None:
            continue
        for one in value if slot.many else (value,):
            child = etree.SubElement(parent, f"{{{V12}}}{slot.tag}")
            if isinstance(one, msgspec.Struct):
                _fill(child, one)
            else:
                child.text = one
