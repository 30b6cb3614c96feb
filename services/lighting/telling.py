"""A plan in words for a person: one line a group."""

from services.lighting.astro import wall
from services.lighting.plan import plan, window
from services.lighting.programme import Lighting


def tonight(lighting: Lighting, now: int) -> list[str]:
    """What each group does from the noon before `now` (µs UTC) to the next, in local time.

    "thuy-van (2 lamps, gw-01): 2026-11-22 promenade: 17:31 100 %, 23:00 80 %, 05:50 0 %".
    """
    start, end = window(lighting, now, nights=1)
    told = []
    for group in lighting.groups.values():
        made = plan(lighting, group.id, start, end)
        steps = [
            f"{wall(step.time, lighting.zone):%H:%M} {step.level:g} %"
            for step in made.steps
            if step.time > start or step.level > 0
        ]
        programme = next(iter(made.programmes.values()), "") or "default state / trạng thái mặc định"
        lamps = sum(len(stations) for stations in group.lamps.values())
        by = ", ".join(group.lamps)
        day = f"{wall(start, lighting.zone):%Y-%m-%d}"
        never = ", never dimmed / không giảm sáng" if group.never_dim else ""
        told.append(
            f"{group.id} ({lamps} {'lamp' if lamps == 1 else 'lamps'} / đèn, {by}{never}): "
            f"{day} {programme}: {', '.join(steps) or '0 %'}"
        )
    return told
