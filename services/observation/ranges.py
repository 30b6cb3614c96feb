"""Sets of whole numbers as inclusive ranges: what was seen, stored, lost, wanted."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """A growing set of integers kept as sorted, disjoint, inclusive ranges."""

    __slots__ = ("_first", "_last")

    def __init__(self, pairs: Iterable[Iterable[int]] = ()) -> None:
        """Start from inclusive pairs in any order, overlapping or not.

        Raises:
            ValueError: a pair that is not two numbers, or runs backwards.
        """
        self._first: list[int] = []
        self._last: list[int] = []
        for pair in pairs:
            first, last = pair
            self.add(first, last)

    def add(self, first: int, last: int | None = None) -> None:
        """Add first..last, both included; joins what it touches.

        Raises:
            ValueError: last is below first.
        """
        last = first if last is None else last
        if last < first:
            msg = f"range {first}..{last} runs backwards"
            raise ValueError(msg)
        if self._last and first == self._last[-1] + 1:  # the ordinary case: the next number
            self._last[-1] = last
            return
        low = bisect_right(self._last, first - 2)
        high = bisect_right(self._first, last + 1)
        if low < high:
            first = min(first, self._first[low])
            last = max(last, self._last[high - 1])
        self._first[low:high] = [first]
        self._last[low:high] = [last]

    def update(self, other: "Ranges") -> None:
        """Add all of another set."""
        for first, last in other:
            self.add(first, last)

    def remove(self, first: int, last: int) -> None:
        """Take first..last out, where present.

        Raises:
            ValueError: last is below first.
        """
        if last < first:
            msg = f"range {first}..{last} runs backwards"
            raise ValueError(msg)
        keep = [(a, b) for a, b in self if b < first or a > last]
        for a, b in self:
            if a < first <= b:
                keep.append((a, first - 1))
            if a <= last < b:
                keep.append((last + 1, b))
        keep.sort()
        self._first = [a for a, _ in keep]
        self._last = [b for _, b in keep]

    def missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """List the holes within first..last."""
        holes = []
        at = first
        for a, b in self:
            if b < at:
                continue
            if a > last:
                break
            if a > at:
                holes.append((at, a - 1))
            at = b + 1
        if at <= last:
            holes.append((at, last))
        return holes

    def count(self) -> int:
        """How many numbers are in the set."""
        return sum(b - a + 1 for a, b in self)

    def as_list(self) -> list[list[int]]:
        """As the wire has it: [[first, last], …]."""
        return [[a, b] for a, b in self]

    def __contains__(self, number: int) -> bool:
        """Whether the number is in the set."""
        at = bisect_right(self._first, number) - 1
        return at >= 0 and number <= self._last[at]

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Inclusive ranges, ascending."""
        return iter(list(zip(self._first, self._last, strict=True)))

    def __bool__(self) -> bool:
        """Whether the set holds anything."""
        return bool(self._first)

    def __eq__(self, other: object) -> bool:
        """Equal sets."""
        return isinstance(other, Ranges) and self._first == other._first and self._last == other._last

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        """For a person at a prompt."""
        return f"Ranges({self.as_list()})"
