"""Which element stands where in CAP 1.2: one table that both the writer and the reader go by. Pure."""

from typing import NamedTuple

import msgspec

from services.cap.message import Area, Info, Message, Named, Resource


class Slot(NamedTuple):
    """One kind of child: its tag, the field it fills, how often it stands there, and what is inside of it."""

    tag: str
    field: str
    least: int = 0
    many: bool = False
    inside: "type[msgspec.Struct] | None" = None


NAMED = (Slot("valueName", "name", 1), Slot("value", "value", 1))
RESOURCE = (
    Slot("resourceDesc", "resource_desc", 1),
    Slot("mimeType", "mime_type", 1),
    Slot("size", "size"),
    Slot("uri", "uri"),
    Slot("derefUri", "deref_uri"),
    Slot("digest", "digest"),
)
AREA = (
    Slot("areaDesc", "area_desc", 1),
    Slot("polygon", "polygon", many=True),
    Slot("circle", "circle", many=True),
    Slot("geocode", "geocode", many=True, inside=Named),
    Slot("altitude", "altitude"),
    Slot("ceiling", "ceiling"),
)
INFO = (
    Slot("language", "language"),
    Slot("category", "category", 1, many=True),
    Slot("event", "event", 1),
    Slot("responseType", "response_type", many=True),
    Slot("urgency", "urgency", 1),
    Slot("severity", "severity", 1),
    Slot("certainty", "certainty", 1),
    Slot("audience", "audience"),
    Slot("eventCode", "event_code", many=True, inside=Named),
    Slot("effective", "effective"),
    Slot("onset", "onset"),
    Slot("expires", "expires"),
    Slot("senderName", "sender_name"),
    Slot("headline", "headline"),
    Slot("description", "description"),
    Slot("instruction", "instruction"),
    Slot("web", "web"),
    Slot("contact", "contact"),
    Slot("parameter", "parameter", many=True, inside=Named),
    Slot("resource", "resource", many=True, inside=Resource),
    Slot("area", "area", many=True, inside=Area),
)
ALERT = (
    Slot("identifier", "identifier", 1),
    Slot("sender", "sender", 1),
    Slot("sent", "sent", 1),
    Slot("status", "status", 1),
    Slot("msgType", "msg_type", 1),
    Slot("source", "source"),
    Slot("scope", "scope", 1),
    Slot("restriction", "restriction"),
    Slot("addresses", "addresses"),
    Slot("code", "code", many=True),
    Slot("note", "note"),
    Slot("references", "references"),
    Slot("incidents", "incidents"),
    Slot("info", "info", many=True, inside=Info),
)
SLOTS: dict[type[msgspec.Struct], tuple[Slot, ...]] = {
    Message: ALERT,
    Info: INFO,
    Area: AREA,
    Resource: RESOURCE,
    Named: NAMED,
}
