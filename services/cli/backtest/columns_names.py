"""Names out of bytes: a number for each distinct cell, found a column at a time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from services.cli.backtest.columns_text import LONGEST_CELL, WORD, Flags, Ints, Text, Words, u64

_BITS = 12
"""A table begins with 2**12 places, and keeps eight for each name."""

_SPREAD = 0x9E3779B97F4A7C15
_FACTORS = [u64((_SPREAD * (2 * n + 1) | 1) % 2**64) for n in range(LONGEST_CELL // WORD + 1)]


class Names:
    """Numbers for cells of bytes. A hash finds the candidate, the bytes themselves decide."""

    def __init__(self) -> None:
        """Know no cell yet."""
        self._tables: dict[tuple[int, int], _Table] = {}

    def find(self, text: Text, first: Ints, last: Ints, name: Callable[[bytes], int]) -> NDArray[np.int64]:
        """The number of each cell; `name` gives it for a new one, called in order of appearance."""
        lengths = last - first
        longest = int(lengths.max(initial=1))
        if longest > LONGEST_CELL:  # per row: no name of ours is that long
            return np.array([name(text.cell(a, b)) for a, b in zip(first, last, strict=True)], dtype=np.int64)
        shortest = int(lengths.min(initial=longest))
        words = _words_of(text, first, last, lengths, (shortest, longest))
        # Words tell cells of one length apart; where lengths differ, the length is one of them.
        key = (len(words), shortest if shortest == longest else -1)
        table = self._tables.get(key)
        if table is None:
            table = self._tables[key] = _Table()
        number, other = table.look_up(words)
        if len(other):
            new = other[_firsts([word[other] for word in words])]
            numbers = [name(text.cell(int(first[row]), int(last[row]))) for row in new.tolist()]
            table.learn([word[new] for word in words], numbers)
            number, other = table.look_up(words)
            for row in other.tolist():  # two names, one hash: has to be right, need not be fast
                number[row] = name(text.cell(int(first[row]), int(last[row])))
        return number


class _Table:
    """Cells of one number of words, in the order of their hashes."""

    def __init__(self) -> None:
        self._hashes = np.empty(0, dtype=np.uint64)
        self._words: list[Words] = []
        self._numbers = np.empty(0, dtype=np.int64)
        self._at = np.zeros(1 << _BITS, dtype=np.int64)  # by the top bits of the hash: a place in the above

    def look_up(self, words: list[Words]) -> tuple[NDArray[np.int64], Ints]:
        """Numbers of cells, and rows where the table does not know."""
        if not self._words:
            return np.zeros(len(words[0]), dtype=np.int64), np.arange(len(words[0]))
        hashes = _hash(words)
        at: Ints = self._at[hashes >> self._shift()]
        other = np.flatnonzero(self._differ(words, at))
        if len(other):  # two names share a place in the table, or the name is new
            found = np.minimum(np.searchsorted(self._hashes, hashes[other]), len(self._hashes) - 1)
            at[other] = found
            other = other[self._differ([word[other] for word in words], found)]
        return self._numbers[at], other

    def _differ(self, words: list[Words], at: Ints) -> Flags:
        differ: Flags = self._words[0][at] != words[0]
        for known, word in zip(self._words[1:], words[1:], strict=True):
            differ |= known[at] != word
        return differ

    def learn(self, words: list[Words], numbers: list[int]) -> None:
        """Take in cells that were not known."""
        before = self._words or [np.empty(0, dtype=np.uint64) for _ in words]
        words = [np.concatenate(two) for two in zip(before, words, strict=True)]
        hashes = _hash(words)
        order = np.argsort(hashes)
        self._hashes, self._words = hashes[order], [word[order] for word in words]
        self._numbers = np.concatenate([self._numbers, np.array(numbers, dtype=np.int64)])[order]
        self._at = np.zeros(1 << max(_BITS, (len(order) * 8).bit_length()), dtype=np.int64)
        self._at[self._hashes >> self._shift()] = np.arange(len(order))

    def _shift(self) -> np.uint64:
        return u64(64 - (len(self._at).bit_length() - 1))


def _firsts(words: list[Words]) -> Ints:
    """Where each of these cells first stands, in order."""
    return np.sort(np.unique(_hash(words), return_index=True)[1])


def _hash(words: list[Words]) -> Words:
    mixed = words[0] * _FACTORS[0]
    for word, factor in zip(words[1:], _FACTORS[1:], strict=False):
        mixed += word * factor
    return mixed


def _words_of(text: Text, first: Ints, last: Ints, lengths: Ints, bounds: tuple[int, int]) -> list[Words]:
    """Cells as words: from the front, then the last eight bytes, then the length where it differs."""
    shortest, longest = bounds
    words = []
    for at in range(0, longest - WORD, WORD):
        if at + WORD <= shortest:
            words.append(text.words[first + at])
        else:  # cells that end before this word show their last one again
            words.append(text.words[np.minimum(first + at, last - WORD)])
    words.append(text.words[last - WORD])
    if shortest < WORD:
        cut = (np.clip(WORD - lengths, 0, WORD) * WORD).astype(np.uint64)
        words = [word >> cut for word in words]
    if shortest < longest:
        words.append(lengths.astype(np.uint64))
    return words
