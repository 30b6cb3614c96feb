"""A block of a file as bytes and as the 8-byte words that begin at each of them.

Cells are taken as words at any offset, and the arithmetic is done on all bytes of a word at once: a gather
per word and row instead of one per byte is what makes this fast (`columns_times`, `columns_numbers`).
"""

from typing import IO

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]

WORD = 8
LONGEST_CELL = 64
_EDGE = LONGEST_CELL + WORD


def u64(number: int) -> np.uint64:
    """A word as numpy has it: arithmetic with Python's integers would leave the 64 bits."""
    return np.uint64(number)


def all_bytes(byte: int) -> np.uint64:
    """The byte in each place of a word."""
    return u64(byte * 0x0101010101010101)


def word_of(pattern: str, places: dict[str, int]) -> np.uint64:
    """A word with a byte where the pattern has a letter of `places`, first letter lowest."""
    return u64(sum(places.get(letter, 0) << (8 * at) for at, letter in enumerate(pattern)))


ZEROS = all_bytes(ord("0"))


class Text:
    """A buffer of bytes, and the words that begin at each of them; a few bytes more on either side.

    One buffer serves all blocks of a file: fresh memory is what costs most here.

    Attributes:
        raw, bytes: the buffer; the block lies from `begin` on.
        words: (…,) uint64, the eight bytes from each place on, first byte lowest.
    """

    begin = _EDGE

    def __init__(self, size: int) -> None:
        """Room for `size` bytes."""
        self.raw = bytearray(size + 2 * _EDGE)
        self.bytes = np.frombuffer(self.raw, dtype=np.uint8)
        self.words: Words = np.ndarray(
            (len(self.raw) - WORD + 1,), dtype="<u8", buffer=self.raw, strides=(1,)
        )
        self._size = size
        self._filled = self._used = _EDGE
        self._cut, self._other = np.empty(size + 1, dtype=bool), np.empty(size + 1, dtype=bool)

    def fill(self, stream: IO[bytes]) -> bool:
        """Keep what was not used, read more behind it; False at the end of the stream."""
        rest = self._filled - self._used
        self.raw[_EDGE : _EDGE + rest] = self.raw[self._used : self._filled]
        self._used, self._filled = _EDGE, _EDGE + rest
        with memoryview(self.raw) as view:
            count: int = stream.readinto(view[self._filled : _EDGE + self._size])  # type: ignore[attr-defined]
        self._filled += count
        return count > 0

    def lines(self) -> int:
        """Where the last whole line of what was read ends; `begin` when there is none. They are used up."""
        self._used = max(self.raw.rfind(b"\n", _EDGE, self._filled) + 1, _EDGE)
        return self._used

    def full(self) -> bool:
        """Whether there is no room to read more."""
        return self._filled - self._used >= self._size

    def last_line(self) -> int:
        """The same for what is left at the end of a stream, without a newline."""
        end = self._filled
        if end > _EDGE:
            self.raw[end] = ord("\n")
            end += 1
        self._used = self._filled = end
        return end

    def has(self, byte: bytes, end: int) -> bool:
        """Whether the block holds this byte."""
        return self.raw.find(byte, _EDGE, end) >= 0

    def count(self, what: bytes, end: int) -> int:
        """How often it stands in the block."""
        return self.raw.count(what, _EDGE, end)

    def where(self, one: int, other: int, end: int) -> Ints:
        """Positions of two bytes in the block, in order."""
        data, size = self.bytes[_EDGE:end], end - _EDGE
        cut = np.equal(data, one, out=self._cut[:size])
        cut |= np.equal(data, other, out=self._other[:size])
        return np.flatnonzero(cut) + _EDGE

    def cell(self, first: int, last: int) -> bytes:
        """One cell."""
        return bytes(self.raw[first:last])
