"""The key that signs messages to the public: a file of the data folder, read again when it changes.

A shell around `services.cap.sign`.
"""

import os
from datetime import UTC, datetime
from pathlib import Path

from services.cap.build import build
from services.cap.message import Message
from services.cap.sign import Keys, check_keys, new_keys, sign, validity
from services.policy.running import Running
from services.runtime import logging
from services.runtime.accounts import write_private
from services.runtime.health import Health
from services.runtime.settings import Settings

FOLDER, KEY, CERTIFICATE = "cap", "key.pem", "certificate.pem"
UNSIGNED, OUTDATED = "bulletins-unsigned", "bulletins-certificate"
log = logging.get("bulletins")


class Signer:
    """The site's own key: given in the data folder, or made there when the first message goes out.

    A key that is changed counts from the next message on. While the new one can't be used the last one that
    could signs on: its certificate is in each message.
    """

    def __init__(self, settings: Settings, running: Running, health: Health) -> None:
        """Know no key yet."""
        self._folder = None if settings.data is None else settings.data / FOLDER
        self._running, self._health = running, health
        self._keys: Keys | None = None
        self._read: object = None  # which files these keys were read from
        self._holds: tuple[datetime, datetime] | None = None

    def keys(self) -> Keys | None:
        """The key and its certificate; None (and a complaint) where there can be none."""
        if self._folder is None:
            self._complain("no data folder")
            return None
        files = _files(self._folder)
        if self._keys is not None and files == [None, None]:
            self._complain("it is gone")  # another one is made when this service starts, not in passing
        elif self._keys is None or files != self._read:
            try:
                self._keys = keys_of(self._folder, self._running.policy.publication.sender)
                self._read, self._holds = _files(self._folder), validity(self._keys)
                self._health.settle(UNSIGNED)
            except (OSError, ValueError) as error:
                self._complain(str(error))
        else:
            self._health.settle(UNSIGNED)
        return self._keys

    def document(self, message: Message) -> bytes:
        """A message as it is published: signed, if it can be."""
        keys = self.keys()
        return build(message) if keys is None else sign(message, keys)

    def look(self, now: datetime) -> None:
        """Complain while the certificate of the keys in use does not hold: receivers refuse such messages."""
        if self._holds is None or self._holds[0] <= now <= self._holds[1]:
            self._health.settle(OUTDATED)
            return
        begins, ends = self._holds
        self._health.complain(
            OUTDATED,
            f"Chứng thư ký bản tin công khai chỉ có hiệu lực từ {begins:%d/%m/%Y} đến {ends:%d/%m/%Y}:"
            f" bên nhận có thể từ chối bản tin; thay cap/{KEY} và cap/{CERTIFICATE} trong thư mục dữ liệu",
            f"the certificate of public messages holds from {begins:%Y-%m-%d} to {ends:%Y-%m-%d} only:"
            f" receivers may refuse them; replace cap/{KEY} and cap/{CERTIFICATE} in the data folder",
        )

    def _complain(self, why: str) -> None:
        if self._keys is not None:
            self._health.complain(
                UNSIGNED,
                f"Khóa mới để ký bản tin công khai chưa dùng được: {why}; bản tin vẫn được ký bằng khóa cũ",
                f"the new key of public messages can't be used: {why}; they are signed with the last one",
            )
            return
        self._health.complain(
            UNSIGNED,
            f"Bản tin công khai phát ra không có chữ ký: {why}; xem cap/{KEY} trong thư mục dữ liệu",
            f"public messages go out without a signature: {why}; see cap/{KEY} in the data folder",
        )


def _files(folder: Path) -> list[tuple[int, int, int] | None]:
    """What tells whether the key was changed."""
    found: list[tuple[int, int, int] | None] = []
    for name in (KEY, CERTIFICATE):
        try:
            status = (folder / name).stat()
        except OSError:
            found.append(None)
        else:
            found.append((status.st_mtime_ns, status.st_size, status.st_ino))
    return found


def keys_of(folder: Path, sender: str) -> Keys:
    """The key and certificate of a folder, made there if it has none.

    Raises:
        OSError: they can't be read or written. ValueError: they can't sign, or don't belong together.
    """
    key, certificate = folder / KEY, folder / CERTIFICATE
    if not key.exists() and not certificate.exists():
        made = new_keys(sender, datetime.now(UTC))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(key, made.key.decode())
        write_private(certificate, made.certificate.decode())
        log.info("key_made", folder=os.fspath(folder))
    found = Keys(key.read_bytes(), certificate.read_bytes())
    check_keys(found)
    return found
