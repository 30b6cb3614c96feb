"""What a group of lamps should do now: override, then calendar, then default state (TALQ data model 2.7).

Every override has a lease and ends by itself; one that has expired is as if it never was. Of persons' the
last ordered wins, and one without a level returns to the programme. What an alert brightens never beats a
person: somebody may be working on the line. It is a floor under the programme while it is dark, so it
can't light a street by day.
"""

from collections.abc import Iterable
from typing import Literal, NamedTuple

import msgspec

from services.lighting.plan import Plan, is_dark, level_at
from services.lighting.programme import FULL, Group
from services.observation.text import Text, in_vietnamese

MAX_LEASE_S = 86_400.0
"""The longest lease of an override, s: a forgotten one ends within a day (design default)."""

Origin = Literal["override", "brighten", "programme", "default"]


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """An order for a group, with its lease. Instants in µs UTC.

    Attributes:
        ordered: when it was given; of several the last wins, and of equals the larger id.
        level: %; None ends every earlier one and returns to the programme.
        start, expires: in force from `start`, and no longer at `expires`.
        brighten: an alert made it; see the module's text.
    """

    id: str
    group: str
    ordered: int
    level: float | None
    start: int
    expires: int
    by: str
    reason: str
    brighten: bool = False


class Desired(NamedTuple):
    """The level wanted, why, the first instant at which that may change (None: never), by which override."""

    level: float
    origin: Origin
    until: int | None
    override: str | None = None


def desired(plan: Plan | None, overrides: Iterable[Override], t: int, default_level: float = FULL) -> Desired:
    """What a group should do at an instant.

    Args:
        plan: of the group; None, or one that does not reach `t`: lamps are in their default state.
        overrides: of the group, in any order.
        t: µs UTC.
        default_level: of the group.
    """
    known = list(overrides)
    planned = plan is not None and plan.start <= t < plan.end
    level, origin = (level_at(plan, t), "programme") if plan and planned else (default_level, "default")
    instants = {at for one in known for at in (one.start, one.expires)}
    if plan is not None:
        instants |= {plan.start, plan.end, *(step.time for step in plan.steps)}
        if any(one.brighten for one in known):
            instants |= {at for span in plan.dark for at in span}
    until = min((at for at in instants if at > t), default=None)
    mine = [one for one in known if one.start <= t < one.expires]
    person = _last([one for one in mine if not one.brighten])
    if person is not None and person.level is not None:
        return Desired(person.level, "override", until, person.id)
    bright = [one for one in mine if one.brighten and one.level is not None]
    # An alert that was told to stop, by a person's word later than it, stays stopped.
    bright = [one for one in bright if person is None or one.ordered > person.ordered]
    dark = plan is not None and planned and is_dark(plan, t)
    if bright and dark:
        best = max(bright, key=lambda one: (one.level or 0.0, one.ordered, one.id))
        if best.level is not None and best.level > level:
            return Desired(best.level, "brighten", until, best.id)
    return Desired(level, "programme" if origin == "programme" else "default", until)


def _last(overrides: list[Override]) -> Override | None:
    return max(overrides, key=lambda one: (one.ordered, one.id), default=None)


def refused(group: Group, level: float | None, start: int, expires: int) -> Text | None:
    """Why a person may not give such an order for a group; None when they may."""
    if level is not None and not 0 <= level <= FULL:
        shown = f"{level:g}"
        return Text(f"mức {in_vietnamese(shown)} % nằm ngoài 0–100 %", f"{shown} % is not within 0 to 100 %")
    if level is not None and level < FULL and group.never_dim:
        return Text(
            f"{group.name.vi} là nơi không được giảm sáng (nút giao, lối qua đường, đầu cầu); chỉ nhận 100 %",
            f"{group.name.en} is never dimmed (junction, crossing, bridge approach); only 100 % is accepted",
        )
    if expires <= start:
        return Text("thời hạn của lệnh phải sau lúc bắt đầu", "the lease must end after it begins")
    if expires - start > MAX_LEASE_S * 1e6:
        hours = f"{MAX_LEASE_S / 3600:.0f}"
        return Text(f"thời hạn của lệnh dài hơn {hours} giờ", f"the lease is longer than {hours} hours")
    return None
