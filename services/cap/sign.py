"""XML signatures of what we publish: enveloped, over the exact document. Pure: keys are given."""

from datetime import datetime, timedelta
from typing import NamedTuple

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from signxml.signer import XMLSigner

from services.cap.build import element_of, to_bytes
from services.cap.message import DSIG, Message

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
"""Holds wherever the message is put, an Atom entry for instance."""
ENVELOPED = f"{DSIG}enveloped-signature"
_YEARS = 10


class Keys(NamedTuple):
    """A private key and its certificate, PEM."""

    key: bytes
    certificate: bytes


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
