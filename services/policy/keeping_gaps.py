"""Hours at which nobody would be called: what a file may say and hardly means. Pure."""

from collections.abc import Iterable
from typing import NamedTuple

from services.policy.given import Given
from services.policy.keeping_nouns import DAY_MIN, DAYS, ROTA, Hours, Keeping, Rota

WORST = "emergency"


class Hour(NamedTuple):
    """A minute of the week: the day, 0 Monday, and the minute of it."""

    weekday: int
    minute: int

    def __str__(self) -> str:
        """As people read it."""
        return f"{DAYS[self.weekday]} {self.minute // 60:02}:{self.minute % 60:02}"


def uncalled(keeping: Keeping, areas: Iterable[str]) -> tuple[str, str, Hour] | None:
    """The first danger to life, of which an emergency calls nobody: hazard, area, hour; None: none."""
    hours = _changes(one.hours for one in keeping.escalations if one.hours is not None)
    for hazard in keeping.public_safety:
        for area in areas:
            for hour in hours:
                found = keeping.escalation(hazard, area, WORST, hour.weekday, hour.minute)
                if found is None or not found.steps:
                    return hazard, area, hour
    return None


def unmanned(keeping: Keeping) -> list[tuple[Rota, Hour]]:
    """Rotas that some step calls, each with the first hour of the week at which nobody is on duty."""
    meant = {name for one in keeping.escalations for step in one.steps for name in step.to}
    out = []
    for rota in keeping.rotas:
        hours = _changes(shift.hours for shift in rota.shifts)
        gap = next((hour for hour in hours if not rota.people(hour.weekday, hour.minute)), None)
        if ROTA + rota.id in meant and gap is not None:
            out.append((rota, gap))
    return out


def _changes(hours: Iterable[Hours]) -> list[Hour]:
    """Every minute of the week at which it may be others: what holds then holds until the next one."""
    minutes = sorted({0, *(at % DAY_MIN for one in hours for at in (one.start, one.end))})
    return [Hour(weekday, minute) for weekday in range(len(DAYS)) for minute in minutes]


def warn_of_gaps(given: Given, keeping: Keeping) -> None:
    """Hours at which nobody would be called for what may cost lives."""
    limited = any(one.areas is not None for one in keeping.escalations)
    found = uncalled(keeping, [*given.site.areas, "_"] if limited else ["_"])
    if found is not None:
        hazard, area, hour = found
        where = f" ({area})" if limited else ""
        given.findings.warning(
            given.findings.line_of_table("escalation", 0),
            (
                f"mức khẩn cấp của {hazard}{where} không gọi ai lúc {hour}",
                f"an emergency of {hazard}{where} calls nobody on {hour}",
            ),
            (
                "thêm một [[escalation]] cuối cùng không giới hạn loại, khu vực và giờ",
                "add a last [[escalation]] without hazards, areas and hours",
            ),
        )
    for rota, hour in unmanned(keeping):
        nth = next(at for at, one in enumerate(keeping.rotas) if one is rota)
        given.findings.warning(
            given.findings.line_of_table("rota", nth),
            (f"lịch trực {rota.id} không có ai lúc {hour}", f"rota {rota.id} has nobody on duty on {hour}"),
            (
                "thêm ca trực; nếu không, mọi người có vai trò operator được gọi thay",
                "add a shift; without one everybody of role operator is called instead",
            ),
        )
