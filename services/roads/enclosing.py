"""Files that go with a letter: fetched from the store of reports at the moment when it is carried."""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import NamedTuple

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError, ObjectDeletedError, ObjectNotFoundError

from services.observation.delivery import Enclosed, Letter
from services.roads import reports
from services.roads.carrier import Carrier, File, Parcel
from services.roads.ledger import TROUBLE
from services.roads.patience import Answer
from services.runtime.streams import REPORTS

MEDIA = {
    "html": "text/html",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_GONE = (NotFoundError, ObjectNotFoundError, ObjectDeletedError)


class _Found(NamedTuple):
    """What the store has of a letter's files; `size`: bytes of all."""

    files: tuple[File, ...]
    size: int


class Enclosing:
    """Carries letters by another carrier, with the files that they name."""

    def __init__(
        self, carrier: Carrier, js: JetStreamContext, may: Callable[[str, Sequence[str]], bool]
    ) -> None:
        """`may`: whether an account may read reports of areas, none: of the whole site, at this moment."""
        self._carrier, self._js, self._may = carrier, js, may

    async def carry(self, parcel: Parcel) -> Answer:
        """Try once; a store that does not answer is tried again like a receiver that doesn't."""
        letter, enclosed = parcel.letter, parcel.letter.enclosed
        if enclosed is None:
            return await self._carrier.carry(parcel)
        if letter.to and not self._may(letter.to, enclosed.areas):
            return Answer("refused", "a report is not for who may not see all its areas")
        try:
            found = await self._fetch(enclosed)
        except TROUBLE as error:
            return Answer("away", f"the store of reports: {type(error).__name__}: {error}"[:200])
        if found.size > enclosed.largest:
            return await self._carrier.carry(without_files(parcel, found.size))
        if len(found.files) < len(enclosed.files):
            letter = _worded(letter, gone=True)
        return await self._carrier.carry(parcel._replace(letter=letter, files=found.files))

    async def close(self) -> None:
        """Let go of the other carrier's lines."""
        await self._carrier.close()

    async def _fetch(self, enclosed: Enclosed) -> _Found:
        """The files that are still there, unless they are too large together."""
        try:
            store = await self._js.object_store(REPORTS)
        except NotFoundError:
            return _Found((), 0)
        there, size = [], 0
        for name, shown in enclosed.files:
            try:
                size += (await store.get_info(name)).size or 0
            except _GONE:
                continue
            there.append((name, shown))
        files = []
        for name, shown in there if size <= enclosed.largest else ():
            held = BytesIO()
            try:
                await store.get(name, held)
            except _GONE:  # deleted just now
                continue
            files.append(
                File(shown, MEDIA.get(name.rpartition(".")[2], "application/octet-stream"), held.getvalue())
            )
        return _Found(tuple(files), size)


def without_files(parcel: Parcel, size: int) -> Parcel:
    """The letter alone, with a word that its files are too large."""
    return parcel._replace(letter=_worded(parcel.letter, size=size), files=())


def _worded(letter: Letter, *, gone: bool = False, size: int = 0) -> Letter:
    words, enclosed = letter.words, letter.enclosed
    if words is None or enclosed is None:
        return letter
    language = enclosed.language
    said = reports.gone(words, language) if gone else reports.too_large(words, language, size)
    return msgspec.structs.replace(letter, words=said)
