"""Names out of bytes: a number for each distinct cell, found a column at a time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from services.cli.columns_text import LONGEST_CELL, MASKS, WORD, Ints, Text, Words, u64


class Names:
    """Numbers for cells of bytes. A hash finds the candidate, the bytes themselves decide."""

    def __init__(self) -> None:
        """Know no cell yet."""
        spread = 0x9E3779B97F4A7C15
        factors = (spread * (2 * n + 1) % 2**64 for n in range(LONGEST_CELL // WORD))
        self._factors = [u64(factor | 1) for factor in factors]
        self._hashes = np.empty(0, dtype=np.uint64)  # sorted
        self._numbers = np.empty(0, dtype=np.uint32)
        self._words = np.empty((LONGEST_CELL // WORD, 0), dtype=np.uint64)
        self._table = np.zeros(1 << 12, dtype=np.int64)  # by the top bits of the hash: a row of the above

    def find(self, text: Text, first: Ints, last: Ints, name: Callable[[bytes], int]) -> NDArray[np.uint32]:
        """The number of each cell; `name` gives it for a new one, called in order of appearance."""
        lengths = last - first
        longest = int(lengths.max(initial=1))
        if longest > LONGEST_CELL:  # per row: no name of ours is that long
            return np.array(
                [name(text.cell(a, b)) for a, b in zip(first, last, strict=True)], dtype=np.uint32
            )
        words = _words_of(text, first, lengths, longest)
        hashes = self._hash(words, lengths)
        at = self._look_up(hashes)
        unknown = np.flatnonzero(self._hashes[at] != hashes) if len(self._hashes) else np.arange(len(first))
        if len(unknown):
            self._learn(text, first, last, words, hashes, unknown, name)
            at = self._look_up(hashes)
        numbers = self._numbers[at]
        same = np.ones(len(first), dtype=bool)
        for known, word in zip(self._words, words, strict=False):
            same &= known[at] == word
        for row in np.flatnonzero(~same):  # two names, one hash: has to be right, need not be fast
            numbers[row] = name(text.cell(first[row], last[row]))
        return numbers

    def _hash(self, words: list[Words], lengths: Ints) -> Words:
        mixed = lengths.astype(np.uint64)
        for word, factor in zip(words, self._factors, strict=False):
            mixed = (mixed ^ (word * factor)) * u64(0xFF51AFD7ED558CCD)
            mixed ^= mixed >> u64(32)
        return mixed * u64(0xC4CEB9FE1A85EC53)

    def _look_up(self, hashes: Words) -> Ints:
        if not len(self._hashes):
            return np.zeros(len(hashes), dtype=np.int64)
        bits = len(self._table).bit_length() - 1
        at: Ints = self._table[hashes >> u64(64 - bits)]
        other = np.flatnonzero(self._hashes[at] != hashes)
        if len(other):  # two names share a place in the table
            found = np.searchsorted(self._hashes, hashes[other])
            at[other] = np.minimum(found, len(self._hashes) - 1)
        return at

    def _learn(  # noqa: PLR0913  what `find` has in hand
        self,
        text: Text,
        first: Ints,
        last: Ints,
        words: list[Words],
        hashes: Words,
        unknown: Ints,
        name: Callable[[bytes], int],
    ) -> None:
        _, at = np.unique(hashes[unknown], return_index=True)
        rows = unknown[np.sort(at)]
        numbers = np.array([name(text.cell(first[row], last[row])) for row in rows], dtype=np.uint32)
        fresh = np.zeros((len(self._words), len(rows)), dtype=np.uint64)
        for nth, word in enumerate(words):
            fresh[nth] = word[rows]
        hashes = np.concatenate([self._hashes, hashes[rows]])
        order = np.argsort(hashes)
        self._hashes = hashes[order]
        self._numbers = np.concatenate([self._numbers, numbers])[order]
        self._words = np.concatenate([self._words, fresh], axis=1)[:, order]
        bits = max(12, (len(order) * 8).bit_length())
        self._table = np.zeros(1 << bits, dtype=np.int64)
        self._table[self._hashes >> u64(64 - bits)] = np.arange(len(order))


def _words_of(text: Text, first: Ints, lengths: Ints, longest: int) -> list[Words]:
    """Cells as words, zero after their end."""
    words = []
    for at in range(0, longest, WORD):
        left = np.clip(lengths - at, 0, WORD)
        words.append(text.words[np.where(left > 0, first + at, 0)] & MASKS[left])
    return words
