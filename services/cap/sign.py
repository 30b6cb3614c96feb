"""XML signatures of messages: enveloped, over the exact document that is published. Pure: keys are given.

What is accepted is one kind only: one signature at the end of `alert`, one reference to the whole document,
the enveloped transform and a canonicalisation. Everything else that XML-DSig can ask for (XSLT, XPath, other
documents, elements by id) is refused before anything is computed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from lxml import etree
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, XMLVerifier

from services.cap.build import element_of, to_bytes
from services.cap.message import DSIG, Message
from services.cap.read import SIGNATURE
from services.observation.text import Text

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
"""Holds wherever the message is put, an Atom entry for instance."""
ENVELOPED = f"{DSIG}enveloped-signature"
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
_YEARS = 10
_NS = {"ds": DSIG}

State = Literal["valid", "absent", "unknown", "expired", "wrong"]
"""`unknown`: signed, by nobody that is known here; `expired`: by whom we know, with a certificate that does
not hold now; `wrong`: signed, and not what was signed."""


class Keys(NamedTuple):
    """A private key and its certificate, PEM."""

    key: bytes
    certificate: bytes


class Signed(NamedTuple):
    """What a signature says: `by` is the known sender whose certificate it fits."""

    state: State
    by: str | None = None
    why: Text | None = None


def new_keys(name: str, now: datetime) -> Keys:
    """A key of our own (EC, P-256) and a certificate signed by itself, for ten years."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=365 * _YEARS))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Keys(private, certificate.public_bytes(serialization.Encoding.PEM))


def check_keys(keys: Keys) -> None:
    """Refuse a key that can't sign, or is not that of its certificate.

    Raises:
        ValueError: with a word.
    """
    try:
        private = serialization.load_pem_private_key(keys.key, None)
        certificate = x509.load_pem_x509_certificate(keys.certificate)
    except (TypeError, UnsupportedAlgorithm) as error:
        raise ValueError(str(error)) from error
    if not isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        msg = "the key is neither RSA nor EC"
        raise ValueError(msg)  # noqa: TRY004  what the file holds, not what was passed
    if private.public_key() != certificate.public_key():
        msg = "the key is not that of the certificate"
        raise ValueError(msg)


def validity(keys: Keys) -> tuple[datetime, datetime]:
    """From when until when the certificate of good keys holds."""
    certificate = x509.load_pem_x509_certificate(keys.certificate)
    return certificate.not_valid_before_utc, certificate.not_valid_after_utc


def sign(message: Message, keys: Keys) -> bytes:
    """The message as a signed document: publish exactly these bytes."""
    private = serialization.load_pem_private_key(keys.key, None)
    method = "rsa-sha256" if isinstance(private, rsa.RSAPrivateKey) else "ecdsa-sha256"
    signer = XMLSigner(signature_algorithm=method, digest_algorithm="sha256", c14n_algorithm=EXCLUSIVE)
    signed = signer.sign(element_of(message), key=keys.key, cert=keys.certificate.decode())
    return to_bytes(signed)


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
    if _fits(root, None):
        return Signed(
            "unknown",
            None,
            Text("người ký không có trong danh sách tin cậy", "whoever signed it is not trusted here"),
        )
    return Signed("wrong", None, Text("nội dung không khớp chữ ký", "the content is not what was signed"))


def _refused(root: etree._Element, signatures: list[etree._Element]) -> Text | None:
    """Why a signature is not of the one kind that is accepted."""
    one = signatures[0]
    if len(signatures) > 1 or one.getparent() is not root:
        return Text("phải có đúng một chữ ký, trong alert", "there must be one signature, in alert itself")
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
        or one.find(".//ds:Object", _NS) is not None
    ):
        return Text(
            "chữ ký dùng phép biến đổi không được nhận",
            "the signature asks for transforms that are not accepted",
        )
    return None


def _fits(root: etree._Element, certificate: x509.Certificate | None) -> bool:
    """Whether the document is what a certificate's key signed; None: what the key in the signature signed."""
    config = SignatureConfiguration(require_x509=certificate is not None, location="./")
    pinned = certificate if certificate is not None else _enclosed(root)
    if pinned is None:
        return False
    try:
        XMLVerifier().verify(root, x509_cert=pinned, expect_config=config)
    except (SignXMLException, etree.LxmlError, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    except Exception as error:
        if type(error).__module__.startswith("cryptography."):  # InvalidSignature and its like
            return False
        raise
    return True


def _enclosed(root: etree._Element) -> x509.Certificate | None:
    found = root.findtext(f".//{{{DSIG}}}X509Certificate")
    if found is None:
        return None
    lines = "\n".join(
        "".join(found.split())[start : start + 64] for start in range(0, len("".join(found.split())), 64)
    )
    pem = f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n"
    try:
        return x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return None
