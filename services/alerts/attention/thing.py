"""A new thing to look at, and the words for one alert. Pure."""

from typing import Literal

import msgspec

from services.alerts.lifecycle import Life
from services.observation.instants import SECOND
from services.observation.text import Text


class Thing(msgspec.Struct, frozen=True):
    """One new thing to look at.

    Attributes:
        at: when it became one, µs UTC of the wall clock.
        kind, id: an alert or a situation, and which.
        hazard: of the alert; of a situation its kind.
        severity: the worst of what it tells. area, status: as they stand then.
        why: one sentence.
        sequence: of the event that made it one; with kind and id it is the thing's own name.
        covers: the alerts that it tells of.
        again: it was acknowledged and still holds: no news, but somebody must look again.
    """

    at: int
    kind: Literal["alert", "situation"]
    id: str
    hazard: str
    area: str
    severity: str
    status: str
    why: Text
    sequence: int
    covers: tuple[str, ...] = ()
    again: bool = False


def of_alert(life: Life, at: int, sequence: int, why: Text, *, again: bool = False) -> Thing:
    """That an alert is new, for itself."""
    return Thing(
        at=at,
        kind="alert",
        id=life.alert_id,
        hazard=life.hazard,
        area=life.area,
        severity=life.severity,
        status=life.status,
        why=why,
        sequence=sequence,
        covers=(life.alert_id,),
        again=again,
    )


def still(life: Life, at: int) -> Text:
    """Why it came back, and what it is about."""
    said, back = life.reason, life.realarmed
    if back is None or back.acknowledged_at is None:
        return said
    hours = f"{(at - back.acknowledged_at) / (3600 * SECOND):.2g}"
    by = back.acknowledged_by or "–"
    return Text(
        f"Vẫn còn, {by} xác nhận {hours.replace('.', ',')} giờ trước: {said.vi}",
        f"It still holds, {by} acknowledged it {hours} h ago: {said.en}",
    )


def held_back(life: Life, why: Text | None) -> Text:
    """What comes again and again, and that it is held back: the second alone would name nothing."""
    said = life.reason
    if why is None:
        return said
    return Text(f"{said.vi.rstrip('.')} – {why.vi}", f"{said.en.rstrip('.')} – {why.en}")
