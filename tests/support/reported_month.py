"""November 2025 at a site of its own, in the history, with every figure worked out by hand. Local times."""

from typing import Any

from services.alerts.hazards._env_aqi import CLASSES
from services.api.reports.job import Job, Names, Place, Told
from services.observation.text import Text
from services.report import calendar
from services.report.axes import local
from tests.support.duty import DAY, HOUR, MINUTE, T0, ZONE, Duty

SITE = "beach"
FIRST, LAST = calendar.month_span(local(T0, ZONE).date(), ZONE)
Reading = tuple[str, int, float, int]


def job(first: int = FIRST, last: int = LAST, **more: Any) -> Job:
    """A report of the site as its process is told."""
    places = {"air": None, "late": None, "lamp-1": 100.0, "lamp-2": 100.0, "lamp-3": 100.0, "lamp-4": 70.0}
    areas = {"lamp-2": "b", "lamp-3": "c", "lamp-4": "c"}
    gateways = {"late": "gw-1"}
    sensors = [
        ("air.vn_aqi_day", 60.0, False), ("late.water_level", 600.0, True), ("lamp-1.energy", 3600.0, False),
        ("lamp-2.active_power", 3600.0, False), ("lamp-3.energy", 3600.0, False),
        *((f"lamp-{n}.lamp_failure", 60.0, False) for n in (1, 2, 3, 4)),
    ]  # fmt: skip
    names = Names(
        site=SITE, name=Text("Bãi Sau", "Back Beach"), zone=ZONE,
        areas={name: Text(name, name) for name in "abc"}, hazards={},
        stations=[
            Place(name, Text(name, name), areas.get(name, "a"), gateways.get(name), 10.35, 107.08, watts)
            for name, watts in places.items()
        ],
        sensors=[
            Told(name, name.split(".")[0], name.split(".")[1], every, due) for name, every, due in sensors
        ],
        gateways={"gw-1": "a", "gw-2": "b"}, air_classes=[(one.least, one.text) for one in CLASSES],
        silent_rules=["gateway-silent"],
    )  # fmt: skip
    return Job(
        kind="monthly", first=first, last=last, made_at=last, names=names, operators=1, shifts=[],
        languages=["en"], formats=["json"], facts=True, **more,
    )  # fmt: skip


def events() -> list[dict[str, Any]]:
    """Silences of gateways, one across the beginning of the month; an answer that took three days."""
    duty, start = Duty(), (FIRST - T0) / 1e6
    for name, gateway, begin, end, more in (
        ("within", "gw-1", 4 * 86_400, 4 * 86_400 + 7200, {}),
        ("across", "gw-2", -5 * 86_400, 3600, {}),
        ("played", "gw-1", 6 * 86_400, 7 * 86_400, {"status": "Exercise"}),
    ):
        known: dict[str, Any] = {
            "rule": "gateway-silent",
            "hazard": "system",
            "station": None,
            "gateway": gateway,
            **more,
        }
        duty.alert(name, "raised", start + begin, **known)
        duty.alert(name, "cleared", start + end, **known)
    duty.act("within", "acknowledged", start + 4 * 86_400 + 300, by="lan")
    duty.alert("answered late", "raised", start - 3 * 86_400, station="air")
    duty.alert("answered late", "cleared", start - 2 * 86_400, station="air")
    duty.act("answered late", "acknowledged", start + 600, by="minh")
    out = [event for _, _, event in sorted(duty.stored, key=lambda one: one[1])]
    return [{**event, "id": f"beach-{event['id']}", "source": f"/sites/{SITE}"} for event in out]


def readings() -> list[Reading]:
    """Sensor, when, value, flag."""
    out: list[Reading] = []
    # The index of a day is told as it ends: the first is of 31 October, the last of 30 November.
    for at, index in ((0, 40), (1, 50), (2, 51), (3, 160), (30, 30)):
        out.append(("air.vn_aqi_day", FIRST + at * DAY, index, 1))
    out += [
        ("late.water_level", FIRST + 15 * DAY + n * 10 * MINUTE, 1.0, flag)
        for n, flag in enumerate((1, 3, 4, 9))
    ]
    for lamp, said in (("lamp-1", (0, 0, 0, 1)), ("lamp-2", (1, 0))):
        out += [(f"{lamp}.lamp_failure", FIRST + n * HOUR, value, 1) for n, value in enumerate(said)]
    # From noon to noon, two nights; the meter was replaced: 12 + 2 + 1 kWh.
    for hours, kwh in ((12, 10.0), (36, 22.0), (50, 2.0), (60, 3.0)):
        out.append(("lamp-1.energy", FIRST + hours * HOUR, kwh, 1))
    # 100 W from 20:00 to 22:00, then dark, then nobody heard of it for three days: it counts to 1:00.
    for hours, watts in ((44, 100.0), (45, 100.0), (46, 0.0), (118, 0.0)):
        out.append(("lamp-2.active_power", FIRST + hours * HOUR, watts, 1))
    # From midnight to 23:50 of the fifth.
    out += [
        ("lamp-3.energy", FIRST + 4 * DAY, 7.0, 1),
        ("lamp-3.energy", FIRST + 5 * DAY - 10 * MINUTE, 8.0, 1),
    ]
    return out
