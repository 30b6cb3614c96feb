"""The disaster-risk level: never without its bulletin, never raised by a machine; the tables of the law."""

import json

import msgspec
import pytest

from services.alerts.hazards import hazards
from services.alerts.risk import NAMES, Bulletin, Cell, flood, heavy_rain, level, surge

PAPER = Bulletin("DBQG-0412", "Đài KTTV Nam Bộ", "2025-11-04T08:00:00+07:00", "https://example.vn/0412")


def test_there_is_no_level_without_a_bulletin() -> None:
    assert level(3, None) is None
    assert level(None, PAPER) is None
    assert level(3, None, table=Cell(5, "45", "verified"), bump=2, by="Nguyễn Văn A") is None
    for empty in ("number", "issuer", "time", "link"):
        assert level(3, msgspec.structs.replace(PAPER, **{empty: " "})) is None


def test_a_level_is_the_one_of_its_bulletin_whatever_our_tables_say() -> None:
    found = level(1, PAPER, table=surge(4.5))
    assert found is not None
    assert (found.level, found.bulletin, found.table) == (1, PAPER, Cell(4, "43", surge(4.5).tag))  # type: ignore[union-attr]
    assert found.name.colour.vi == "xanh dương nhạt"


def test_only_a_person_raises_a_level_and_never_above_five() -> None:
    found = level(4, PAPER, bump=2, by="Trần Thị B")
    assert found is not None
    assert (found.level, found.declared, found.by) == (5, 4, "Trần Thị B")
    for bump, by in ((1, None), (1, " "), (3, "A"), (-1, "A")):
        with pytest.raises(ValueError, match="bump"):
            level(2, PAPER, bump=bump, by=by)
    with pytest.raises(ValueError, match="level 6"):
        level(6, PAPER)


def test_nothing_a_hazard_says_names_a_risk_level() -> None:
    """Words, advice and names of all hazards; the sentences are looked at in `test_flood_words`."""
    for hazard in hazards().values():
        said = json.dumps(
            msgspec.to_builtins([hazard.words, hazard.advice, hazard.text, hazard.of_property]),
            ensure_ascii=False,
        ).lower()
        assert "cấp độ rủi ro" not in said
        assert "rủi ro thiên tai" not in said
        assert "risk level" not in said


def test_the_five_levels_have_the_names_and_colours_of_the_decision() -> None:
    assert [NAMES[at].text.vi for at in range(1, 6)] == ["thấp", "trung bình", "lớn", "rất lớn", "thảm họa"]
    assert [NAMES[at].colour.vi for at in range(1, 6)] == [
        "xanh dương nhạt",
        "vàng nhạt",
        "da cam",
        "đỏ",
        "tím",
    ]


@pytest.mark.parametrize(
    ("mm", "days", "terrain", "expected"),
    [
        (99.9, 2, "plain", None),
        (100, 1, "plain", 1),
        (100, 2, "mountain", 1),
        (100, 3, "plain", 2),
        (100, 5, "mountain", 3),
        (200, 1, "plain", 2),
        (399, 3, "plain", 3),
        (400, 4, "plain", 3),
        (400, 5, "plain", 4),
        (400, 2, "mountain", 3),
        (400, 3, "mountain", 4),
        (250, 5, "mountain", 4),
    ],
)
def test_heavy_rain_by_depth_and_duration(mm: float, days: float, terrain: str, expected: int | None) -> None:
    found = heavy_rain(mm, days, terrain)  # type: ignore[arg-type]
    assert (None if found is None else found.level) == expected


def test_fifty_millimetres_in_twelve_hours_are_level_one() -> None:
    assert heavy_rain(60, 1, "plain", mm_12h=50) == Cell(1, "44", "verified")
    assert heavy_rain(60, 1, "plain", mm_12h=49.9) is None


@pytest.mark.parametrize(
    ("stage", "zone", "several", "expected"),
    [
        (0.9, 1, False, None),
        (1.0, 1, False, 1),
        (2.0, 1, False, 1),
        (2.0, 2, False, 2),
        (1.0, 4, False, 2),
        (2.0, 4, False, 3),
        (3.29, 4, False, 3),
        (3.3, 4, False, 4),
        (3.5, 1, False, 2),
        (4.0, 1, False, 3),
        (3.0, 3, False, 3),
        (1.0, 3, True, 2),
        (2.0, 1, True, 2),
        (5.1, 2, False, 5),
    ],
)
def test_a_flood_by_level_zone_and_basins(
    stage: float, zone: int, *, several: bool, expected: int | None
) -> None:
    found = flood(stage, (1.0, 2.0, 3.0), zone, historic=5.0, several_basins=several)  # type: ignore[arg-type]
    assert (None if found is None else found.level) == expected


@pytest.mark.parametrize(("metres", "expected"), [(1.9, None), (2.0, 2), (3.0, 3), (4.0, 3), (4.1, 4)])
def test_a_surge_by_height(metres: float, expected: int | None) -> None:
    found = surge(metres)
    assert (None if found is None else found.level) == expected
