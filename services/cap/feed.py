"""The Atom feed (RFC 4287) of what is published. Pure."""

from collections.abc import Sequence
from urllib.parse import quote

from lxml import etree

from services.cap.bulletin import Issued
from services.cap.compose import clean
from services.observation.instants import iso
from services.observation.text import Text

ATOM = "http://www.w3.org/2005/Atom"
CAP_TYPE = "application/cap+xml"


def atom(issued: Sequence[Issued], *, base: str, sender: str, name: Text, now: int) -> bytes:
    """The feed, newest message first.

    Args:
        issued: messages to list.
        base: address of this service, without a slash at its end.
        sender: the domain in whose name they are.
        name: of the publisher.
        now: when it last changed, µs UTC.
    """
    root = etree.Element(f"{{{ATOM}}}feed", nsmap={None: ATOM})  # type: ignore[dict-item]  # as in `build`
    _put(root, "id", f"urn:haidang:cap:{sender}")
    _put(root, "title", f"{name.vi} · {name.en}" if name.vi else sender)
    _put(root, "updated", iso(now))
    author = etree.SubElement(root, f"{{{ATOM}}}author")
    _put(author, "name", name.vi or sender)
    etree.SubElement(
        root, f"{{{ATOM}}}link", rel="self", type="application/atom+xml", href=f"{base}/cap/v1/feed.atom"
    )
    for one in issued:
        data = one.data
        address = f"{base}/cap/v1/messages/{quote(data.identifier, safe='')}"
        entry = etree.SubElement(root, f"{{{ATOM}}}entry")
        _put(entry, "id", f"urn:haidang:cap:{data.identifier}")
        _put(entry, "title", f"{data.headline.vi} · {data.headline.en}")
        _put(entry, "updated", iso(one.time))
        _put(entry, "published", iso(one.time))
        etree.SubElement(entry, f"{{{ATOM}}}link", rel="alternate", type=CAP_TYPE, href=address)
        for term in (data.hazard, data.msg_type, data.status):
            etree.SubElement(entry, f"{{{ATOM}}}category", term=term)
        _put(entry, "summary", f"{data.description.vi}\n{data.description.en}")
    etree.indent(root)
    return bytes(etree.tostring(root, encoding="UTF-8", xml_declaration=True))


def _put(parent: etree._Element, tag: str, text: str) -> None:
    # What was issued before words were cleaned stands on the stream, and must not take the feed away.
    etree.SubElement(parent, f"{{{ATOM}}}{tag}").text = clean(text)
