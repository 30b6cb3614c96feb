"""Alerts of a duty as events in stream order: raised, answered, shelved, closed; stories and whole months."""

import random
from typing import Any

from services.alerts.load.book import LoadBook
from services.alerts.load.case import Case
from services.observation.instants import SECOND, iso

SITE = "vung-tau"
ZONE = "Asia/Ho_Chi_Minh"
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
T0 = 1_761_955_200 * SECOND
"""2025-11-01T00:00:00Z, 07:00 at the site."""

Stored = tuple[int, int, dict[str, Any]]
SORTS = (
    ("flood", "street-depth", "street_depth", ("Ngập đường 0,31 m, trên mức 0,30 m", "Flooded, 0.31 m")),
    ("flood", "flood-level", "water_level", ("Mực nước 2,31 m, trên báo động 2", "Water level 2.31 m")),
    ("environment", "vn-aqi", "vn_aqi", ("VN_AQI 156: không khí xấu", "VN_AQI 156: bad air")),
    ("tree", "tree-fall", "tilt", ("Cây nghiêng 6,2°, nguy cơ đổ", "Tree tilted 6.2°, may fall")),
    ("rip_current", "rip", "rip_probability", ("Nguy cơ dòng rút xa bờ 63 %", "Rip current likely, 63 %")),
    ("lightning", "lightning-ring", "strike_distance", ("Sét cách 6 km", "Lightning 6 km away")),
)  # fmt: skip


class Duty:
    """Writes events as they would stand on the stream; instants are seconds after `T0` unless in µs."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []

    def put(self, at: int, subject: str, noun: str, verb: str, data: dict[str, Any]) -> None:
        """One event, stored at an instant, µs."""
        number = len(self.stored) + 1
        event = {
            "specversion": "1.0",
            "id": f"event-{number}",
            "source": f"/sites/{SITE}",
            "type": f"vn.haidang.{noun}.{verb}.v1",
            "subject": subject,
            "time": iso(at),
            "data": data,
        }
        self.stored.append((number, at, event))

    def alert(
        self,
        name: str,
        verb: str = "raised",
        at_s: float = 0.0,
        *,
        severity: str = "watch",
        hazard: str = "flood",
        rule: str = "street-depth",
        area: str = "thang-tam",
        station: str | None = "vt-street-001",
        sensor: str | None = None,
        gateway: str | None = None,
        status: str = "Actual",
        reason: tuple[str, str] = ("Ngập đường 0,31 m", "Street flooded 0.31 m"),
    ) -> None:
        """A word of the engine."""
        at = T0 + round(at_s * SECOND)
        self.put(
            at,
            name,
            "alert",
            verb,
            {
                "alert_id": name, "hazard": hazard, "area": area, "severity": severity, "rule": rule,
                "rule_version": "0123456789ab", "time": iso(at), "detected_at": iso(at), "since": iso(at),
                "station": station, "sensor": sensor or (f"{station}.value" if station else None),
                "gateway": gateway,
                "status": status, "reason": {"vi": reason[0], "en": reason[1]},
            },
        )  # fmt: skip

    def act(self, name: str, verb: str, at_s: float, by: str = "lan", **act: Any) -> None:
        """A person's act, or the keeper's."""
        at = T0 + round(at_s * SECOND)
        last = next(event["data"] for _, _, event in reversed(self.stored) if event["subject"] == name)
        self.put(at, name, "alert", verb, {**last, "by": by, "act": act})

    def book(self, until_s: float | None = None) -> LoadBook:
        """Everything, folded."""
        book = LoadBook(keep_us=None)
        for sequence, at, event in self.stored:
            book.take(sequence, at, event)
        book.due(T0 + round(until_s * SECOND) if until_s is not None else self.stored[-1][1] + MINUTE)
        return book


def case_of(book: LoadBook, name: str) -> Case:
    """One alert of a book."""
    return book.cases[name]


def month(
    alerts: int, seed: int = 7, days: int = 30, areas: tuple[str, ...] = ("thang-tam",)
) -> list[Stored]:
    """So many alerts over a month, with storms, people who answer, shelvings and causes; in stream order."""
    rng = random.Random(seed)
    duty = Duty()
    people = ("lan", "minh", "thảo", "đức")
    told: list[tuple[float, int, str, str, dict[str, Any]]] = []
    for number in range(alerts):
        hazard, rule, prop, reason = rng.choices(SORTS, (6, 3, 3, 1, 2, 5))[0]
        storm = rng.random() < 0.5
        start = (
            rng.choice((3, 9, 14, 22)) * 86_400 + rng.gauss(50_000, 4_000)
            if storm
            else rng.random() * days * 86_400
        )
        start = min(max(start, 0.0), days * 86_400 - 60)
        name = f"alert-{number:06d}"
        place = rng.randrange(40)
        area = areas[place % len(areas)]
        severity = rng.choices(("advisory", "watch", "warning", "emergency"), (70, 20, 8, 2))[0]
        known: dict[str, Any] = {
            "severity": severity, "hazard": hazard, "rule": rule, "area": area,
            "station": f"vt-place-{place:03d}",
            "sensor": f"vt-place-{place:03d}.{prop}", "reason": reason,
        }  # fmt: skip
        told.append((start, number, name, "raised", known))
        lasts = rng.expovariate(1 / 5_400) + 120
        if rng.random() < 0.93:
            told.append(
                (
                    start + 20 + rng.expovariate(1 / 240),
                    number,
                    name,
                    "acknowledged",
                    {"by": rng.choice(people)},
                )
            )
        if rng.random() < 0.04:
            until = iso(T0 + round((start + 14_400) * SECOND))
            told.append(
                (
                    start + 700,
                    number,
                    name,
                    "shelved",
                    {"by": rng.choice(people), "until": until, "why": "Đang sửa nắp cống"},
                )
            )
        if rng.random() < 0.97:
            told.append((start + lasts, number, name, "cleared", known))
            if rng.random() < 0.8:
                cause = rng.choices(("real", "false", "test", "maintenance"), (80, 12, 3, 5))[0]
                told.append(
                    (start + lasts + 600, number, name, "closed", {"by": rng.choice(people), "cause": cause})
                )
    data: dict[str, dict[str, Any]] = {}
    for at_s, _, name, verb, known in sorted(told, key=lambda one: (one[0], one[1])):
        if verb in ("raised", "cleared"):
            duty.alert(name, verb, at_s, **known)
            data[name] = duty.stored[-1][2]["data"]
        else:
            by = known.pop("by")
            duty.put(T0 + round(at_s * SECOND), name, "alert", verb, {**data[name], "by": by, "act": known})
    return duty.stored
