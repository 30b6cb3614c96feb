"""Numbers that a load is measured against, as domain.md 7.3 has them, with where they are from. Pure."""

from typing import NamedTuple

from services.alerts.scoring.load import BEARABLE_PER_HOUR, CHATTER, FLOOD_BEGINS, FLOOD_ENDS, SPLIT
from services.observation.text import Text


class Mark(NamedTuple):
    """A number to measure against, where it is from, and how sure that is."""

    value: float
    source: Text
    tag: str


MARKS: dict[str, Mark] = {
    "per_operator_hour": Mark(
        BEARABLE_PER_HOUR,
        Text(
            "một lần mỗi 10 phút, 144 lần mỗi ngày (IEC 62682:2014)",
            "one in 10 minutes, 144 a day (IEC 62682:2014)",
        ),
        "verified: vendor notes",
    ),
    "per_operator_hour_most": Mark(
        12.0,
        Text("hai lần mỗi 10 phút, 300 lần mỗi ngày (ISA-18.2)", "two in 10 minutes, 300 a day (ISA-18.2)"),
        "recalled: ISA-18.2, to be checked",
    ),
    "flood_begins": Mark(
        FLOOD_BEGINS,
        Text("quá 10 trong 10 phút cho mỗi người trực", "more than 10 in 10 minutes per operator"),
        "verified: after ISA-18.2 and EEMUA 191",
    ),
    "flood_ends": Mark(
        FLOOD_ENDS,
        Text("dưới 5 trong 10 phút", "below 5 in 10 minutes"),
        "verified: after ISA-18.2 and EEMUA 191",
    ),
    "flood_share": Mark(
        0.01,
        Text("dưới khoảng 1 % thời gian", "below about 1 % of the time"),
        "verified: after ISA-18.2 and EEMUA 191",
    ),
    "chattering": Mark(
        CHATTER,
        Text("từ 3 lần của một cảnh báo trong 1 phút", "3 or more of one alarm within 1 minute"),
        "verified: vendor notes",
    ),
    "stale_h": Mark(24.0, Text("đứng quá 24 giờ", "active for more than 24 hours"), "verified: vendor notes"),
    **{
        f"split_{name}": Mark(
            share,
            Text("80 % thấp, 15 % vừa, 5 % cao", "80 % low, 15 % medium, 5 % high"),
            "verified: exida note; which rung is which priority is a design default",
        )
        for name, share in SPLIT.items()
    },
}  # fmt: skip
