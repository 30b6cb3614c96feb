"""What keeps alerts quiet and who is told next: the part of `alerting.toml` that the keeper goes by.

Over 250 lines: one short function for each table of the file.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from services.observation.event import SEVERITIES
from services.observation.roles import ROLES
from services.observation.site_table import Table
from services.observation.site_values import name, slug, texts
from services.policy.given import Given
from services.policy.keeping_gaps import warn_of_gaps
from services.policy.keeping_nouns import (
    DAY_MIN,
    DAYS,
    LEAST_REALARM_H,
    LONGEST_REALARM_H,
    LONGEST_STEP_MIN,
    MOST_STEPS,
    ROLE,
    ROTA,
    SAFETY_RULES,
    Chattering,
    Escalation,
    Hours,
    Keeping,
    MaintenanceLimits,
    Realarm,
    Rota,
    ShelvingLimits,
    Shift,
    Step,
    rank,
    realarms,
    wall,
)
from services.policy.keeping_schema import SCHEMA
from services.policy.keeping_table import DEFAULTS, WITHIN, Inhibition, in_circle

__all__ = [
    "KEYS",
    "ROLE",
    "ROTA",
    "SAFETY_RULES",
    "SCHEMA",
    "Chattering",
    "Escalation",
    "Hours",
    "Inhibition",
    "Keeping",
    "MaintenanceLimits",
    "Realarm",
    "Rota",
    "ShelvingLimits",
    "Shift",
    "Step",
    "rank",
    "read",
    "wall",
]

CHATTERING = ("times", "within_s", "again_times", "again_within_s", "first_s", "longest_s")
SHELVING = ("longest_h", "two_person_from")
MAINTENANCE = ("longest_h", "area_most")
INHIBITION = ("id", "by", "quiets", "within", "least", "most", "why")
ROTA_KEYS = ("id", "shifts")
SHIFT = ("days", "from", "to", "people")
ESCALATION = ("id", "hazards", "areas", "least", "most", "hours", "steps")
HOURS = ("days", "from", "to")
REALARM = ("id", "hazards", "areas", "least", "most", "after_h")
STEP = ("after_min", "to")
KEYS: tuple[str, ...] = (
    "public_safety",
    "inhibition_defaults",
    "inhibition",
    "chattering",
    "shelving",
    "maintenance",
    "rota",
    "escalation",
    "realarm",
)
"""Top-level keys of the file that are read here."""
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_SECONDS, _HOURS = ("giây", "seconds"), ("giờ", "hours")


def read(given: Given) -> Keeping:
    """Read this part of the file; what is wrong is noted in `given.findings`."""
    top = Table(given.findings, given.table, 1)
    safety = top.names("public_safety", dict.fromkeys(given.hazards), ("loại", "hazard"))
    rotas = _rotas(given)
    escalations = _escalations(given, rotas)
    default = Keeping()
    safety = default.public_safety if safety is None else safety
    realarmed = _realarms(given)
    for key in ("inhibition", "rota", "escalation", "realarm"):
        _once(given, key)
    read = Keeping(
        public_safety=safety,
        inhibitions=_inhibitions(given, top),
        chattering=_chattering(given),
        shelving=_shelving(given),
        maintenance=_maintenance(given),
        rotas=rotas,
        escalations=escalations if "escalation" in given.table else default.escalations,
        realarms=realarmed if "realarm" in given.table else realarms(safety),
    )
    if "escalation" in given.table:
        warn_of_gaps(given, read)
    return read


def _once(given: Given, key: str) -> None:
    """Each name once: the second would take the first one's place, or never be reached."""
    seen = set[str]()
    listed = given.table.get(key)
    for nth, entry in enumerate(listed if isinstance(listed, list) else ()):
        name = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(name, str) and name in seen:
            given.findings.error(
                given.findings.line_of_table(key, nth),
                (f"[[{key}]] {name!r} ghi hai lần", f"[[{key}]] {name!r} stands twice"),
                ("đặt tên khác, hoặc bỏ một mục", "name it otherwise, or leave one out"),
            )
        seen.add(str(name))


def _chattering(given: Given) -> Chattering:
    table, default = given.one("chattering", CHATTERING), Chattering()
    if table is None:
        return default
    read = Chattering(
        times=int(table.number("times", default.times, 2, 100, ("lần", "times"))),
        within_s=table.number("within_s", default.within_s, 1, 3_600, _SECONDS),
        again_times=int(table.number("again_times", default.again_times, 2, 1_000, ("lần", "times"))),
        again_within_s=table.number("again_within_s", default.again_within_s, 1, 86_400, _SECONDS),
        first_s=table.number("first_s", default.first_s, 10, 86_400, _SECONDS),
        longest_s=table.number("longest_s", default.longest_s, 10, 86_400, _SECONDS),
    )
    if read.longest_s < read.first_s:
        table.error(
            "longest_s",
            ("longest_s nhỏ hơn first_s", "longest_s is less than first_s"),
            ("để longest_s ít nhất bằng first_s", "make longest_s at least first_s"),
        )
    return read


def _shelving(given: Given) -> ShelvingLimits:
    table, default = given.one("shelving", SHELVING), ShelvingLimits()
    if table is None:
        return default
    return ShelvingLimits(
        longest_h=table.number("longest_h", default.longest_h, 0.1, 168, _HOURS),
        two_person_from=table.choice("two_person_from", SEVERITIES, default.two_person_from)
        or default.two_person_from,
    )


def _maintenance(given: Given) -> MaintenanceLimits:
    table, default = given.one("maintenance", MAINTENANCE), MaintenanceLimits()
    if table is None:
        return default
    return MaintenanceLimits(
        longest_h=table.number("longest_h", default.longest_h, 0.1, 720, _HOURS),
        area_most=table.choice("area_most", SEVERITIES, default.area_most) or default.area_most,
    )


def _inhibitions(given: Given, top: Table) -> tuple[Inhibition, ...]:
    wanted = "inhibition_defaults" not in given.table or top.flag("inhibition_defaults")
    found = {one.id: one for one in DEFAULTS if wanted}
    for table in given.several("inhibition", INHIBITION):
        identity = slug(table.findings, dict(table.table), "id", table.line)
        most = table.choice("most", SEVERITIES) if "most" in table.table else None
        one = Inhibition(
            id=identity or "",
            by=_some(table, "by", '["flood-level"]'),
            quiets=_some(table, "quiets", '["flood-rise"]'),
            within=msgspec.convert(table.choice("within", WITHIN, "station") or "station", Any),
            least=table.choice("least", SEVERITIES, SEVERITIES[0]) or SEVERITIES[0],
            most=most,
            why=name(table.findings, table.table.get("why"), table.line),
        )
        found[one.id] = one
        circle = in_circle(tuple(found.values()))
        if circle is not None:
            table.error(
                "quiets",
                ("các quy tắc làm im lẫn nhau", "rules would keep each other quiet"),
                ("để một chiều: cảnh báo nào giải thích cảnh báo nào", "let one explain the other, one way"),
            )
            del found[one.id]
    return tuple(found.values())


def _some(table: Table, key: str, example: str) -> tuple[str, ...]:
    found = texts(table.findings, dict(table.table), key, table.line, example)
    if not found:
        table.error(
            key, (f"thiếu {key}", f"{key} is missing"), (f"ví dụ {example}", f"for example {example}")
        )
    return found


def _missing(table: Table, key: str, example: str) -> None:
    missing = (f"thiếu {key}", f"{key} is missing")
    table.error(key, missing, (f"ví dụ {example}", f"for example {example}"))


def _rotas(given: Given) -> tuple[Rota, ...]:
    found = {}
    for table in given.several("rota", ROTA_KEYS):
        identity = slug(table.findings, dict(table.table), "id", table.line) or ""
        shifts = [
            Shift(hours=_hours(one), people=_some(one, "people", '["lan", "minh"]'))
            for one in _inner(
                table, "shifts", SHIFT, 'shifts = [{ from = "06:00", to = "14:00", people = [] }]'
            )
        ]
        found[identity] = Rota(id=identity, shifts=tuple(shifts))
    return tuple(found.values())


def _escalations(given: Given, rotas: Iterable[Rota]) -> tuple[Escalation, ...]:
    hazards, areas = dict.fromkeys(given.hazards), dict.fromkeys([*given.site.areas, "_"])
    known = {ROTA + one.id for one in rotas} | {ROLE + role for role in ROLES}
    found = []
    for table in given.several("escalation", ESCALATION):
        hours = table.table.get("hours")
        steps = _inner(table, "steps", STEP, 'steps = [{ after_min = 5, to = ["role:operator"] }]')
        found.append(
            Escalation(
                id=slug(table.findings, dict(table.table), "id", table.line) or "",
                hazards=table.names("hazards", hazards, ("loại", "hazard")),
                areas=table.names("areas", areas, ("khu vực", "area")),
                least=table.choice("least", SEVERITIES, SEVERITIES[0]) or SEVERITIES[0],
                most=table.choice("most", SEVERITIES, SEVERITIES[-1]) or SEVERITIES[-1],
                hours=None if hours is None else _hours(_one_inner(table, "hours", hours, HOURS)),
                steps=_steps(table, steps, known),
            )
        )
    return tuple(found)


def _realarms(given: Given) -> tuple[Realarm, ...]:
    hazards, areas = dict.fromkeys(given.hazards), dict.fromkeys([*given.site.areas, "_"])
    found = []
    for table in given.several("realarm", REALARM):
        after_h = table.number("after_h", None, 0.0, LONGEST_REALARM_H, _HOURS)
        if 0.0 < after_h < LEAST_REALARM_H:
            table.error(
                "after_h",
                ("after_h ngắn quá: sẽ gọi lại liên tục", "after_h is too short: it would call without end"),
                ("ít nhất 0.25; 0 là không báo lại", "at least 0.25; 0 for never"),
            )
        found.append(
            Realarm(
                id=slug(table.findings, dict(table.table), "id", table.line) or "",
                hazards=table.names("hazards", hazards, ("loại", "hazard")),
                areas=table.names("areas", areas, ("khu vực", "area")),
                least=table.choice("least", SEVERITIES, SEVERITIES[0]) or SEVERITIES[0],
                most=table.choice("most", SEVERITIES, SEVERITIES[-1]) or SEVERITIES[-1],
                after_h=after_h,
            )
        )
    return tuple(found)


def _steps(table: Table, given: list[Table], known: set[str]) -> tuple[Step, ...]:
    steps = []
    for one in given[:MOST_STEPS]:
        to = _some(one, "to", '["role:operator"]')
        for who in to:
            if who.startswith((ROTA, ROLE)) and who not in known:
                one.error(
                    "to",
                    (f"không có {who!r}", f"{who!r} is not known"),
                    ("khai báo [[rota]] này, hoặc sửa tên", "declare this [[rota]], or correct the name"),
                )
        steps.append(Step(one.number("after_min", None, 0.1, LONGEST_STEP_MIN, ("phút", "minutes")), to))
    if len(given) > MOST_STEPS or [s.after_min for s in steps] != sorted(s.after_min for s in steps):
        table.error(
            "steps",
            (
                f"các bước phải tăng dần, tối đa {MOST_STEPS}",
                f"steps must rise in time, at most {MOST_STEPS}",
            ),
            ("xếp theo after_min", "order them by after_min"),
        )
    return tuple(steps)


def _inner(table: Table, key: str, allowed: tuple[str, ...], example: str) -> list[Table]:
    """The tables of a list within a table."""
    given = table.table.get(key)
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        table.error(
            key, (f"thiếu {key}", f"{key} is missing"), (f"ví dụ {example}", f"for example {example}")
        )
        return []
    return [_one_inner(table, key, one, allowed) for one in given]


def _one_inner(table: Table, key: str, given: object, allowed: tuple[str, ...]) -> Table:
    line = table.findings.line_of_key(key, table.line)
    inner: Mapping[str, Any] = given if isinstance(given, dict) else {"": given}
    table.findings.unknown_keys(inner, allowed, line)
    return Table(table.findings, inner, line)


def _hours(table: Table) -> Hours:
    days = table.names("days", dict.fromkeys(DAYS), ("ngày", "day"))
    return Hours(
        days=tuple(range(7)) if days is None else tuple(DAYS.index(day) for day in days),
        start=_minute(table, "from", 0),
        end=_minute(table, "to", DAY_MIN),
    )


def _minute(table: Table, key: str, default: int) -> int:
    value = table.table.get(key)
    if value is None:
        return default
    if value == "24:00" and key == "to":
        return DAY_MIN
    found = _CLOCK.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        table.error(
            key,
            (f"{key} = {value!r} không phải giờ", f"{key} = {value!r} is no time of day"),
            ('viết như "06:00"', 'write it like "06:00"'),
        )
        return default
    return int(found[1]) * 60 + int(found[2])
