"""What the agent could not keep, and whether the other side has heard of it."""

from services.observation.ranges import Ranges


class Losses:
    """Seqs named in `lost`: all of them, and those the archive may not yet know.

    A range is told when a pack that named it is stored; from then on it is left out of envelopes,
    until somebody asks for it again.
    """

    def __init__(self) -> None:
        """Nothing is lost yet."""
        self.all = Ranges()
        self.mark = 0
        self._untold: list[tuple[int, int, int]] = []  # (mark, first, last)
        self._text = b"[]"

    def add(self, seq: int) -> None:
        """Name a seq; it stays in the envelopes until it is told."""
        self.all.add(seq)
        self._tell(seq, seq)

    def again(self, first: int, last: int) -> bool:
        """Name again what is lost in first..last; whether anything is."""
        holes = Ranges([(first, last)])
        for a, b in self.all.missing(first, last):
            holes.remove(a, b)
        for a, b in holes:
            self._tell(a, b)
        return bool(holes)

    def _tell(self, first: int, last: int) -> None:
        self.mark += 1
        if self._untold and self._untold[-1][2] + 1 == first:  # an overflowing buffer drops in a row
            first = self._untold.pop()[1]
        self._untold.append((self.mark, first, last))
        self._text = b""

    def told(self, mark: int) -> None:
        """A pack that named everything up to this mark is stored."""
        if self._untold and self._untold[0][0] <= mark:
            self._untold = [entry for entry in self._untold if entry[0] > mark]
            self._text = b""

    @property
    def untold(self) -> bool:
        """Whether something is still to be told."""
        return bool(self._untold)

    def text(self) -> bytes:
        """The ranges as they stand in an envelope."""
        if not self._text:
            ranges = Ranges((first, last) for _, first, last in self._untold)
            self._text = str(ranges.as_list()).replace(" ", "").encode()
        return self._text
