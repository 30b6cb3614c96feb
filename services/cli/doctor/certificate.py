"""The key that signs public messages: whether it is there, fits, is private, and how long it holds."""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from services.cap.sign import Keys, check_keys
from services.cli.doctor.finding import Finding, Level, lasting, ok, wrong
from services.observation.text import Text

FOLDER, KEY, CERTIFICATE = "cap", "key.pem", "certificate.pem"
SOON_S = 45 * 86_400.0
"""Receivers have to be given the next certificate before the last one ends."""
_OTHERS = 0o077


def look(data: Path, now_s: float) -> Finding | None:
    """What there is to say of it; None before the first message was signed."""
    folder = data / FOLDER
    key, certificate = folder / KEY, folder / CERTIFICATE
    if not key.exists() and not certificate.exists():
        return None
    remedy = Text(
        f"đặt khóa và chứng thư mới vào {folder}, gửi chứng thư cho bên nhận, rồi khởi động lại",
        f"put a new key and certificate into {folder}, hand the certificate to receivers, start again",
    )
    try:
        keys = Keys(key.read_bytes(), certificate.read_bytes())
        check_keys(keys)
    except (OSError, ValueError) as error:
        what = Text(f"bản tin công khai không ký được: {error}", f"public messages can't be signed: {error}")
        return wrong(Level.BAD, "service", "cap_key", what, remedy)
    if key.stat().st_mode & _OTHERS:
        what = Text(f"{key}: người khác đọc được khóa ký", f"{key}: others can read the signing key")
        return wrong(Level.BAD, "service", "cap_key", what, Text(f"chmod 600 {key}", f"chmod 600 {key}"))
    return _judge(x509.load_pem_x509_certificate(keys.certificate).not_valid_after_utc, now_s, remedy)


def _judge(ends: datetime, now_s: float, remedy: Text) -> Finding:
    left_s = (ends - datetime.fromtimestamp(now_s, UTC)).total_seconds()
    figures = {"left_s": left_s}
    if left_s <= 0:
        what = Text(
            f"chứng thư ký bản tin công khai đã hết hạn ngày {ends:%d/%m/%Y}",
            f"the certificate of public messages ended on {ends:%Y-%m-%d}",
        )
        return wrong(Level.BAD, "service", "cap_certificate", what, remedy, figures=figures)
    span = lasting(left_s)
    what = Text(
        f"chứng thư ký bản tin công khai còn {span.vi}", f"the certificate of public messages holds {span.en}"
    )
    if left_s < SOON_S:
        return wrong(Level.WARN, "service", "cap_certificate", what, remedy, figures=figures)
    return ok("service", "cap_certificate", what.vi, what.en, figures)
