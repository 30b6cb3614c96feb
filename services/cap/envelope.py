"""A message that comes in an envelope (EDXL-DE, OASIS 2006), taken out of it. Pure.

Fire and rescue services send theirs so. What the envelope says of itself must not contradict the message, and
it must hold one: each message is an event of its own.
"""

from lxml import etree

from services.cap.message import V11, V12
from services.cap.violation import refused
from services.observation.text import Text

_ALERTS = tuple(f"{{{version}}}alert" for version in (V12, V11))
_EDXL = "urn:oasis:names:tc:emergency:EDXL:DE:"


def taken_out(root: etree._Element) -> etree._Element:
    """The `alert` element of a document: its root, or the only one in an envelope.

    Raises:
        Refused: it holds none, several, or says another status on the outside.
    """
    if root.tag in _ALERTS:
        return root
    held = list(root.iter(*_ALERTS))
    if not held:
        raise refused(
            code="not-cap", what=Text("không phải phần tử alert của CAP", "not an alert element of CAP")
        )
    name = etree.QName(root)
    if len(held) > 1 or name.localname != "EDXLDistribution" or not (name.namespace or "").startswith(_EDXL):
        raise refused(
            code="envelope",
            what=Text(
                f"chứa {len(held)} bản tin bên trong; hãy gửi từng bản tin riêng",
                f"it holds {len(held)} inside of something else; hand each message in by itself",
            ),
        )
    outside = root.findtext(f"{{{name.namespace}}}distributionStatus")
    inside = held[0].findtext(f"{{{etree.QName(held[0]).namespace}}}status")
    if outside is None or outside.strip() != inside:
        raise refused(
            code="envelope",
            what=Text(
                f"phong bì ghi {outside!r:.40}, bản tin ghi {inside!r:.40}",
                f"the envelope says {outside!r:.40}, the message {inside!r:.40}",
            ),
        )
    alone = etree.fromstring(etree.tostring(held[0], with_tail=False))
    etree.cleanup_namespaces(alone)
    return alone
