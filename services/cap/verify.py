"""Whose XML signature a message carries, and whether it says what was signed. Pure: certificates are given.

What is checked is one kind only: in `alert` itself, one reference to the whole document, the enveloped
transform and a canonicalisation. Everything else that XML-DSig can ask for (XSLT, XPath, other documents,
elements by id) is refused before anything is computed. A message may carry several signatures (the author's,
and that of the network which passed it on): each is checked as if it stood there alone.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from cryptography import x509
from lxml import etree
from signxml.algorithms import CanonicalizationMethod
from signxml.verifier import SignatureConfiguration, XMLVerifier

from services.cap.message import DSIG
from services.cap.read import SIGNATURE
from services.cap.sign import ENVELOPED, EXCLUSIVE
from services.observation.text import Text

_CANONICAL = frozenset(
    {
        EXCLUSIVE,
        f"{EXCLUSIVE}WithComments",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
        "http://www.w3.org/2006/12/xml-c14n11",
        "http://www.w3.org/2006/12/xml-c14n11#WithComments",
    }
)
_NS = {"ds": DSIG}
_MOST = 4
"""Signatures of one message that are looked at."""

State = Literal["valid", "absent", "unknown", "unchecked", "expired", "wrong"]
"""`unknown`: signed, by nobody that is known here; `unchecked`: in a way that proves nothing here, for or
against; `expired`: by whom we know, with a certificate that does not hold now; `wrong`: signed, and not what
was signed."""


class Signed(NamedTuple):
    """What a signature says: `by` is the known sender whose certificate it fits."""

    state: State
    by: str | None = None
    why: Text | None = None


_WRONG = Signed("wrong", None, Text("nội dung không khớp chữ ký", "the content is not what was signed"))
_STRANGER = Signed(
    "unknown",
    None,
    Text("người ký không có trong danh sách tin cậy", "whoever signed it is not trusted here"),
)
_KEYLESS = Signed(
    "unchecked",
    None,
    Text(
        "chữ ký không kèm khóa, cũng không của nguồn tin cậy",
        "the signature brings no key, and is no trusted sender's",
    ),
)
_OLD = Signed(
    "unchecked",
    None,
    Text(
        "chữ ký dùng SHA-1, không còn chứng minh được gì",
        "it is signed with SHA-1, which proves nothing any more",
    ),
)


def verify(root: etree._Element, certificates: Mapping[str, str], now: datetime | None = None) -> Signed:
    """Whose signature a document carries.

    Args:
        root: the `alert` element as `read.parse` gave it.
        certificates: PEM by the name of who may sign; the certificate itself is what is trusted.
        now: when it must be valid; None: its dates are not looked at.
    """
    signatures = list(root.iter(SIGNATURE))
    if not signatures:
        return Signed("absent")
    wrong = _refused(root, signatures)
    if wrong is not None:
        return Signed("wrong", None, wrong)
    if len(signatures) == 1:
        return _one(root, certificates, now)
    found = [_one(_alone(root, nth), certificates, now) for nth in range(len(signatures))]
    known = next((one for state in ("valid", "expired") for one in found if one.state == state), None)
    if known is not None:
        return known
    # Which of them was made first nobody says: that one does not fit need not mean that words were changed.
    return Signed(
        "unchecked",
        None,
        Text(
            f"có {len(signatures)} chữ ký, không chữ ký nào của nguồn tin cậy",
            f"it has {len(signatures)} signatures, none of them a trusted sender's",
        ),
    )


def _alone(root: etree._Element, nth: int) -> etree._Element:
    """The same document with one of its signatures only."""
    copy = etree.fromstring(etree.tostring(root))
    for other, signature in enumerate(copy.findall(SIGNATURE)):
        if other != nth:
            _without(copy, signature)
    return copy


def _without(root: etree._Element, signature: etree._Element) -> None:
    """Take a signature out, and leave the space after it: that was signed, too."""
    before = signature.getprevious()
    if before is None:
        root.text = (root.text or "") + (signature.tail or "")
    else:
        before.tail = (before.tail or "") + (signature.tail or "")
    root.remove(signature)


def _one(root: etree._Element, certificates: Mapping[str, str], now: datetime | None) -> Signed:
    """What the only signature of a document says."""
    one = root.find(SIGNATURE)
    if one is None or _is_old(one):
        return _OLD
    over: Signed | None = None
    for name, pem in certificates.items():
        try:
            certificate = x509.load_pem_x509_certificate(pem.encode())
        except ValueError:
            continue
        if not _fits(root, certificate):
            continue
        begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
        if now is None or begins <= now.astimezone(UTC) <= ends:
            return Signed("valid", name)
        over = Signed(
            "expired",
            name,
            Text(
                f"chứng thư của nguồn này chỉ có hiệu lực từ {begins:%d/%m/%Y} đến {ends:%d/%m/%Y}",
                f"the certificate of this sender holds from {begins:%Y-%m-%d} to {ends:%Y-%m-%d} only",
            ),
        )
    if over is not None:
        return over
    own = _enclosed(one)
    if own is None and one.find("ds:KeyInfo/ds:KeyValue", _NS) is None:
        return _KEYLESS
    return _STRANGER if _fits(root, own) else _WRONG


def _is_old(signature: etree._Element) -> bool:
    kinds = (f"{{{DSIG}}}SignatureMethod", f"{{{DSIG}}}DigestMethod")
    return any("sha1" in (one.get("Algorithm") or "").lower() for one in signature.iter(*kinds))


def _refused(root: etree._Element, signatures: list[etree._Element]) -> Text | None:
    """Why signatures are not of the one kind that is accepted."""
    if len(signatures) > _MOST or any(one.getparent() is not root for one in signatures):
        return Text("chữ ký phải nằm ngay trong alert", "a signature must stand in alert itself")
    return next((why for one in signatures if (why := _strange(one)) is not None), None)


def _strange(one: etree._Element) -> Text | None:
    references = one.findall("ds:SignedInfo/ds:Reference", _NS)
    if (
        len(list(one.iter(f"{{{DSIG}}}Reference"))) != 1
        or len(references) != 1
        or references[0].get("URI") != ""
    ):
        return Text("chữ ký phải bao trùm toàn văn bản", "the signature must be of the whole document")
    transforms = [step.get("Algorithm") for step in one.iter(f"{{{DSIG}}}Transform")]
    methods = [step.get("Algorithm") for step in one.iter(f"{{{DSIG}}}CanonicalizationMethod")]
    if (
        ENVELOPED not in transforms
        or not set(transforms) <= _CANONICAL | {ENVELOPED}
        or not set(methods) <= _CANONICAL
        or one.find(".//ds:RetrievalMethod", _NS) is not None
    ):
        return Text(
            "chữ ký dùng phép biến đổi không được nhận",
            "the signature asks for transforms that are not accepted",
        )
    return None


def _fits(root: etree._Element, certificate: x509.Certificate | None) -> bool:
    """Whether the document is what a certificate's key signed; None: what the key in the signature signed."""
    config = SignatureConfiguration(
        require_x509=certificate is not None,
        location="./",
        default_reference_c14n_method=CanonicalizationMethod.CANONICAL_XML_1_0,  # XML-DSig, 4.4.3.2
        # Whether it holds now is looked at where it can be told as what it is.
        verification_time=None
        if certificate is None
        else certificate.not_valid_before_utc + timedelta(seconds=1),
    )
    try:
        XMLVerifier().verify(root, x509_cert=certificate, expect_config=config)
    except Exception:  # noqa: BLE001  on keys and curves that are none it fails in ways of its own: it does not fit
        return False
    return True


def _enclosed(signature: etree._Element) -> x509.Certificate | None:
    found = signature.findtext(f".//{{{DSIG}}}X509Certificate")
    if found is None:
        return None
    lines = "\n".join(
        "".join(found.split())[start : start + 64] for start in range(0, len("".join(found.split())), 64)
    )
    pem = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except (ValueError, x509.InvalidVersion):
        return None
