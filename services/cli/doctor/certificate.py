"""Certificates of public messages: ours with its key, and those of the senders whose bulletins we take."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509

from services.cap.sign import Keys, check_keys
from services.cli.doctor.finding import Finding, Level, lasting, ok, wrong
from services.observation.text import Text
from services.policy.trusted import Trusted

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


def senders(trusted: Iterable[Trusted], now_s: float) -> Iterator[Finding]:
    """How long the certificates of `[[trusted]]` hold; after the last one's end its bulletins are refused."""
    shortest = None
    for one in trusted:
        if not one.certificates:
            continue
        # Of an old and a new one side by side the one that holds longer counts.
        ends = max(
            x509.load_pem_x509_certificate(pem.encode()).not_valid_after_utc for pem in one.certificates
        )
        left_s = (ends - datetime.fromtimestamp(now_s, UTC)).total_seconds()
        if left_s >= SOON_S:
            shortest = left_s if shortest is None else min(shortest, left_s)
            continue
        remedy = Text(
            f"xin {one.sender} chứng thư mới, thêm vào [[trusted]] {one.id!r} trong alerting.toml,"
            " rồi: haidang site push",
            f"ask {one.sender} for the next one, add it to [[trusted]] {one.id!r} in alerting.toml,"
            " then: haidang site push",
        )
        code, figures = f"trusted_certificate.{one.id}", {"left_s": left_s}
        if left_s <= 0:
            what = Text(
                f"chứng thư của {one.name.vi} đã hết hạn ngày {ends:%d/%m/%Y}:"
                " bản tin có chữ ký của họ bị từ chối",
                f"the certificate of {one.name.en} ended on {ends:%Y-%m-%d}:"
                " their signed bulletins are refused",
            )
            yield wrong(Level.BAD, "service", code, what, remedy, figures=figures)
            continue
        span = lasting(left_s)
        what = Text(
            f"chứng thư của {one.name.vi} còn {span.vi}", f"the certificate of {one.name.en} holds {span.en}"
        )
        yield wrong(Level.WARN, "service", code, what, remedy, figures=figures)
    if shortest is not None:
        span = lasting(shortest)
        vi, en = (
            f"chứng thư của bên gửi bản tin còn ít nhất {span.vi}",
            f"certificates of trusted senders hold {span.en} at least",
        )
        yield ok("service", "trusted_certificates", vi, en, {"left_s": shortest})
