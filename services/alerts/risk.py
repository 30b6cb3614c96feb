"""The national disaster-risk level: shown with its official bulletin, or not at all. Pure.

Decision 18/2021/QĐ-TTg knows five levels with a colour each. Who declares one is the national
hydrometeorological system (Law 90/2015/QH13): nothing that this service computes is a level. So `level`
answers only to a bulletin; what the tables say beside it is for the duty officer to compare, by article and
with how sure we are of the cell. Hazards acting together may raise the level by one, by two where many
lives are at stake; that is a person's decision and carries the person's name.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from services.observation.text import Text

HIGHEST = 5
_BUMPS = (0, 1, 2)
Tag = Literal["verified", "verified: third-party code, legal text to check", "verified, partial"]
_LAW: Tag = "verified"
_CODE: Tag = "verified: third-party code, legal text to check"
_PART: Tag = "verified, partial"


class Bulletin(msgspec.Struct, frozen=True):
    """The official bulletin a level comes from: number, issuer, time (ISO 8601) and a link to read it."""

    number: str
    issuer: str
    time: str
    link: str


class Cell(msgspec.Struct, frozen=True):
    """What a table of the Decision says: its level, article, and how sure we are of the cell."""

    level: int
    article: str
    tag: Tag


class Name(msgspec.Struct, frozen=True):
    """A level for people. `colour` is the legal name; `hex` is a suggestion, no official RGB exists."""

    text: Text
    colour: Text
    hex: str


NAMES: dict[int, Name] = {
    1: Name(Text("thấp", "low"), Text("xanh dương nhạt", "light blue"), "#87CEEB"),
    2: Name(Text("trung bình", "moderate"), Text("vàng nhạt", "light yellow"), "#FFF3A0"),
    3: Name(Text("lớn", "high"), Text("da cam", "orange"), "#FFA500"),
    4: Name(Text("rất lớn", "very high"), Text("đỏ", "red"), "#E03131"),
    5: Name(Text("thảm họa", "disaster"), Text("tím", "purple"), "#800080"),
}


class RiskLevel(msgspec.Struct, frozen=True):
    """A level that may be shown: never without its bulletin.

    `declared` is the bulletin's; `level` has a person's `bump` on it; `table` is what our own tables say of
    what was observed, for comparison only.
    """

    level: int
    declared: int
    bulletin: Bulletin
    bump: int = 0
    by: str | None = None
    table: Cell | None = None

    @property
    def name(self) -> Name:
        """What the level is called, and its colour."""
        return NAMES[self.level]


def level(
    declared: int | None,
    bulletin: Bulletin | None,
    *,
    table: Cell | None = None,
    bump: int = 0,
    by: str | None = None,
) -> RiskLevel | None:
    """The level to show, or None: without a bulletin, or where the bulletin declares none.

    Args:
        declared: the level that the bulletin states.
        bulletin: where it states it; all four of its fields are filled in.
        table: what the observed values would be by `heavy_rain`, `flood` or `surge`; never a level by itself.
        bump: 1 or 2 for hazards that act together, set by a person.
        by: that person; needed with a bump.

    Raises:
        ValueError: a level outside 1 to 5, another bump, or a bump by nobody.
    """
    if bulletin is None or declared is None:
        return None
    if not all(text.strip() for text in (bulletin.number, bulletin.issuer, bulletin.time, bulletin.link)):
        return None
    if declared not in NAMES:
        msg = f"disaster-risk level {declared} is not one of 1 to {HIGHEST}"
        raise ValueError(msg)
    if bump not in _BUMPS or (bump and not (by and by.strip())):
        msg = f"a bump is 0, 1 or 2, and a person sets it: {bump} by {by!r}"
        raise ValueError(msg)
    return RiskLevel(min(HIGHEST, declared + bump), declared, bulletin, bump, by if bump else None, table)


# Art. 44, mm in 24 h from … on, days over … up to …: (mm, days above, level, tag). The last that fits counts.
_RainRow = tuple[float, float, int, Tag]
_MOUNTAIN: tuple[_RainRow, ...] = (
    (100, 0, 1, _LAW), (100, 2, 2, _CODE), (100, 4, 3, _CODE),
    (200, 0, 2, _CODE), (200, 2, 3, _CODE), (200, 4, 4, _CODE),
    (400, 0, 3, _CODE), (400, 2, 4, _CODE),
)  # fmt: skip
_PLAIN: tuple[_RainRow, ...] = (
    (100, 0, 1, _LAW), (100, 2, 2, _CODE),
    (200, 0, 2, _CODE), (200, 2, 3, _CODE),
    (400, 0, 3, _CODE), (400, 4, 4, _CODE),
)  # fmt: skip


def heavy_rain(
    mm_24h: float, days: float, terrain: Literal["mountain", "plain"], mm_12h: float = 0.0
) -> Cell | None:
    """Art. 44: rain in 24 h (or 50 to 100 mm in 12 h) over so many days; `plain` includes the coast."""
    rows = _MOUNTAIN if terrain == "mountain" else _PLAIN
    step = max((row[0] for row in rows if mm_24h >= row[0]), default=None)
    if step is None:
        return Cell(1, "44", _LAW) if mm_12h >= 50 and days > 0 else None  # noqa: PLR2004  as in the article
    fitting = [row for row in rows if row[0] == step and days > row[1]]
    return Cell(fitting[-1][2], "44", fitting[-1][3]) if fitting else None


def flood(
    stage: float,
    levels: Sequence[float],
    zone: Literal[1, 2, 3, 4],
    *,
    historic: float | None = None,
    several_basins: bool = False,
) -> Cell | None:
    """Art. 45: a stage against BĐ1, BĐ2, BĐ3 of its station, by zone of Annex XII and number of basins.

    Where the text seen was cut (BĐ3 and more outside zone 4), the cell is the lowest that cannot be wrong.
    The zone of the rivers of Bà Rịa - Vũng Tàu was not found: it is the site's to give.
    """
    bd1, bd2, bd3 = levels
    if stage < bd1:
        return None
    if historic is not None and stage > historic:
        return Cell(5, "45", _CODE)
    if stage >= bd3:
        return _above_bd3(round(stage - bd3, 6), zone)
    upper = stage >= bd2
    if zone == _LAST_ZONE:
        return Cell(3, "45", _PART) if upper else Cell(2, "45", _LAW)
    second = (upper and zone != 1) or (several_basins and (zone == 1 or not upper))
    return Cell(2 if second else 1, "45", _LAW)


_LAST_ZONE = 4
_STEP_IN_LAST_ZONE, _STEP = 0.3, 1.0
"""m above BĐ3 where the next level begins, in zone 4 and in zones 1 and 2."""


def _above_bd3(excess: float, zone: int) -> Cell:
    if zone == _LAST_ZONE:
        return Cell(3, "45", _PART) if excess < _STEP_IN_LAST_ZONE else Cell(4, "45", _CODE)
    if zone in (1, 2) and excess < _STEP:
        return Cell(2, "45", _LAW)
    return Cell(3, "45", _PART)


_SURGE = ((4.0, 4), (3.0, 3), (2.0, 2))


def surge(metres: float) -> Cell | None:
    """Art. 43, sector Bình Thuận to Cà Mau: 2 to 3 m, 3 to 4 m, above 4 m. Daily high tides are not in it."""
    for limit, found in _SURGE:
        if metres > limit or (metres == limit and found < 4):  # noqa: PLR2004  the highest is above 4 m
            return Cell(found, "43", _CODE)
    return None


def thunderstorm(struck: int, communes: int) -> Cell | None:
    """Art. 52, tornado, lightning and hail: how many of a province's communes were struck."""
    if not struck or not communes:
        return None
    return Cell(2 if 2 * struck >= communes else 1, "52", _CODE)
