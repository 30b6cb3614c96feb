"""Which alerts explain others, by default: rules whose alerts are quiet while a stronger one stands. Data.

Every entry is a *design default*: no published authority lists them. A site replaces one by its id, or leaves
all of them out (`inhibition_defaults = false`).
"""

from typing import Literal

import msgspec

from services.observation.text import Text

Within = Literal["station", "gateway", "area"]
WITHIN: tuple[Within, ...] = ("station", "gateway", "area")


class Inhibition(msgspec.Struct, frozen=True, kw_only=True):
    """While an alert of a rule in `by` is active, those of `quiets` say nothing new.

    It quiets nothing more severe than it is itself, nothing of another status, and nothing while it is blind.

    Attributes:
        id: its name; a site's entry of the same one replaces it.
        by, quiets: rules; one that ends in `*` stands for all that begin so.
        within: both have the same station, gateway or area.
        least: the lowest severity from which it quiets.
        most: the highest severity that it quiets; None: its own.
        why: the sentence shown with what it keeps quiet.
    """

    id: str
    by: tuple[str, ...]
    quiets: tuple[str, ...]
    within: Within = "station"
    least: str = "advisory"
    most: str | None = None
    why: Text


DEFAULTS = (
    Inhibition(
        id="level-over-rise",
        by=("flood-level",),
        quiets=("flood-rise", "flood-ahead"),
        least="watch",
        why=Text(
            "mực nước tại trạm này đã có cảnh báo cao hơn hoặc bằng",
            "the level at this station is told by an alert as severe or more so",
        ),
    ),
    Inhibition(
        id="street-over-rise",
        by=("street-depth",),
        quiets=("street-rise", "street-backflow"),
        why=Text(
            "đường tại trạm này đã được báo ngập", "the street at this station is told as flooded already"
        ),
    ),
    Inhibition(
        id="tide-over-surge",
        by=("tide-band",),
        quiets=("tide-surge",),
        why=Text("triều tại trạm này đã được cảnh báo", "the tide at this station is told already"),
    ),
    Inhibition(
        id="lightning-over-parts",
        by=("lightning",),
        quiets=("strike-rings", "field-mill"),
        why=Text(
            "cảnh báo sét tại nơi này đã gồm dấu hiệu đó",
            "the lightning alert of this place takes this sign in already",
        ),
    ),
    Inhibition(
        id="lightning-over-area",
        by=("lightning",),
        quiets=("field-mills", "flash-jump"),
        within="area",
        why=Text(
            "khu vực này đã có cảnh báo sét bao gồm dấu hiệu đó",
            "a lightning alert of this area takes this sign in already",
        ),
    ),
    Inhibition(
        id="rip-over-parts",
        by=("rip-current",),
        quiets=("rip-waves", "rip-checklist"),
        why=Text(
            "bãi tắm này đã có cảnh báo dòng rip bao gồm dấu hiệu đó",
            "the rip-current alert of this beach takes this sign in already",
        ),
    ),
    Inhibition(
        id="index-over-air",
        by=("vn-aqi",),
        quiets=("air-*",),
        within="area",
        why=Text(
            "chỉ số VN_AQI của khu vực đã được cảnh báo",
            "the air-quality index of this area is told already",
        ),
    ),
    Inhibition(
        id="supply-over-lamps",
        by=("supply-loss",),
        quiets=("lamp-*", "supply-voltage-low"),
        within="gateway",
        why=Text(
            "tủ đèn này mất nguồn: đèn của nó tắt theo",
            "this cabinet has no supply: its lamps are out with it",
        ),
    ),
    Inhibition(
        id="fall-over-dry",
        by=("tree-fall",),
        quiets=("tree-dry",),
        why=Text("cây này đã được cảnh báo nguy cơ đổ", "this tree is told as likely to fall already"),
    ),
)


def names(pattern: str, rule: str) -> bool:
    """Whether a rule is meant: by its name, or by how it begins where the pattern ends in `*`."""
    return rule.startswith(pattern[:-1]) if pattern.endswith("*") else rule == pattern


def in_circle(table: tuple[Inhibition, ...]) -> str | None:
    """Id of an entry by which rules would quiet each other, so that nobody would speak; None: none.

    A rule may not quiet itself either: two of its alerts would.
    """
    after = {
        one.id: [
            other.id
            for other in table
            if any(names(b, q) or names(q, b) for q in one.quiets for b in other.by)
        ]
        for one in table
    }
    for one, others in after.items():
        seen, todo = set[str](), list(others)
        while todo:
            now = todo.pop()
            if now == one:
                return one
            if now not in seen:
                seen.add(now)
                todo += after[now]
    return None
