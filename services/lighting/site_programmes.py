"""Reading `[[programme]]` and `[[calendar]]` of `lighting.toml`."""

from collections.abc import Mapping
from typing import Any, get_args

from services.lighting.programme import (
    NEEDS_A_SENSOR,
    Calendar,
    CalendarRule,
    Control,
    ControlKind,
    Edge,
    Period,
    PeriodKind,
    Programme,
)
from services.lighting.site_values import DAYS, Table, iso_day, yearly_day
from services.observation.site_problems import Findings
from services.observation.site_values import name, slug

PROGRAMME = ("id", "name", "ramp_s", "period", "control")
PERIOD = ("type", "on", "off", "level")
CONTROL = ("type", "at", "level")
CALENDAR = ("id", "default", "starts_h", "rule")
RULE = ("programme", "days", "dates", "yearly")
PERIODS: tuple[PeriodKind, ...] = get_args(PeriodKind)
CONTROLS: tuple[ControlKind, ...] = get_args(ControlKind)
LONGEST_RAMP_S = 3_600.0


class Lines:
    """Lines of tables within tables: they are numbered through the file."""

    def __init__(self, findings: Findings) -> None:
        """At the beginning of the file."""
        self.findings, self.seen = findings, dict[str, int]()

    def within(self, entry: Mapping[str, Any], outer: str, inner: str, line: int) -> list[Table]:
        """The tables `[[outer.inner]]` of an entry."""
        value = entry.get(inner, [])
        if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
            self.findings.error(
                self.findings.line_of_key(inner, line),
                (f"{inner} phải là các bảng [[{outer}.{inner}]]",
                 f"{inner} must be [[{outer}.{inner}]] tables"),
                (f"bắt đầu mỗi mục bằng [[{outer}.{inner}]]", f"begin each entry with [[{outer}.{inner}]]"),
            )  # fmt: skip
            return []
        found = []
        for one in value:
            nth = self.seen.get(f"{outer}.{inner}", 0)
            self.seen[f"{outer}.{inner}"] = nth + 1
            own = self.findings.line_of_table(f"{outer}.{inner}", nth)
            found.append(Table(self.findings, one, own if own > 1 else line))
        return found


def read_programme(
    findings: Findings, lines: Lines, programmes: dict[str, Programme], entry: dict[str, Any], line: int
) -> None:
    """Add one programme."""
    findings.unknown_keys(entry, PROGRAMME, line)
    table = Table(findings, entry, line)
    named = name(findings, entry.get("name"), findings.line_of_key("name", line))
    ramp = table.number("ramp_s", 0.0, 0, LONGEST_RAMP_S, ("giây", "seconds"))
    periods = [_period(one) for one in lines.within(entry, "programme", "period", line)]
    controls = [_control(one) for one in lines.within(entry, "programme", "control", line)]
    if not periods:
        findings.error(
            line,
            ("chương trình không có [[programme.period]]: đèn sẽ không bao giờ sáng",
             "the programme has no [[programme.period]]: its lamps would never burn"),
            ("thêm ít nhất một khoảng sáng", "add at least one period"),
        )  # fmt: skip
    identity = _identity(findings, entry, programmes, line)
    if identity is not None:
        programmes[identity] = Programme(
            identity,
            named,
            tuple(one for one in periods if one),
            tuple(one for one in controls if one),
            ramp,
        )


def _identity(findings: Findings, entry: dict[str, Any], known: Mapping[str, Any], line: int) -> str | None:
    identity = slug(findings, entry, "id", line)
    if identity is not None and identity in known:
        findings.error(
            findings.line_of_key("id", line),
            (f"id {identity!r} bị trùng", f"id {identity!r} is declared twice"),
            ("đặt một id khác", "give it another id"),
        )
        return None
    return identity


def _type(table: Table, allowed: tuple[str, ...]) -> str | None:
    value = table.table.get("type")
    if value in NEEDS_A_SENSOR:
        table.error(
            "type",
            (f"{value} cần cảm biến ánh sáng ở tủ, không thể lập kế hoạch trước",
             f"{value} needs a light sensor at the controller and can't be planned ahead"),
            (f"dùng một trong: {', '.join(allowed)}; cài đặt cảm biến ngay tại tủ",
             f"use one of: {', '.join(allowed)}; set up the sensor in the controller itself"),
        )  # fmt: skip
        return None
    return table.choice("type", allowed)


def _period(table: Table) -> Period | None:
    table.findings.unknown_keys(table.table, PERIOD, table.line)
    kind, on, off, level = _type(table, PERIODS), table.edge("on"), table.edge("off"), table.level()
    if kind is None or on is None or off is None:
        return None
    if on == off:
        table.error(
            "off",
            ("on và off trùng nhau: khoảng sáng không có độ dài",
             "on and off are the same: the period is empty"),
            ("sửa on hoặc off", "change on or off"),
        )  # fmt: skip
    suits = _is_clock(on) and _is_clock(off) if kind == PERIODS[0] else not (_is_clock(on) and _is_clock(off))
    if not suits:
        _astray(table, kind, PERIODS, "on")
    return Period(PERIODS[PERIODS.index(kind)], on, off, level)


def _control(table: Table) -> Control | None:
    table.findings.unknown_keys(table.table, CONTROL, table.line)
    kind, at, level = _type(table, CONTROLS), table.edge("at"), table.level(default=None)
    if kind is None or at is None:
        return None
    if _is_clock(at) != (kind == CONTROLS[0]):
        _astray(table, kind, CONTROLS, "at")
    return Control(CONTROLS[CONTROLS.index(kind)], at, level)


def _is_clock(edge: Edge) -> bool:
    return edge.anchor == "clock"


def _astray(table: Table, kind: str, kinds: tuple[str, ...], key: str) -> None:
    """The name says clock and the instant sun, or the other way round."""
    other = kinds[1] if kind == kinds[0] else kinds[0]
    table.error(
        key,
        (f"{kind} không hợp với thời điểm này", f"{kind} does not go with this instant"),
        (
            f'dùng giờ "22:00" với {kinds[0]}, mặt trời "sunset+10" với {kinds[1]}; ở đây có lẽ là {other}',
            f'use "22:00" with {kinds[0]} and "sunset+10" with {kinds[1]}; here perhaps {other}',
        ),
    )


def read_calendar(  # noqa: PLR0913  what a reader of this file is given
    findings: Findings,
    lines: Lines,
    calendars: dict[str, Calendar],
    programmes: Mapping[str, Programme],
    entry: dict[str, Any],
    line: int,
) -> None:
    """Add one calendar."""
    findings.unknown_keys(entry, CALENDAR, line)
    table, known = Table(findings, entry, line), tuple(programmes)
    starts = entry.get("starts_h", 12)
    if starts not in (0, 12) or isinstance(starts, bool):
        table.error(
            "starts_h",
            (f"starts_h = {starts!r} không hợp lệ", f"starts_h = {starts!r} is not understood"),
            ("ghi 12 (một đêm là một ngày) hoặc 0", "write 12 (a night is one day) or 0"),
        )
        starts = 12
    default = table.choice("default", known) if "default" in entry else None
    if "default" not in entry:
        findings.warning(
            line,
            ("lịch không có default: khi không quy tắc nào khớp, đèn ở trạng thái mặc định cả ngày lẫn đêm",
             "no default: where no rule fits, lamps are in their default state day and night"),
            ('thêm default = "…"', 'add default = "…"'),
        )  # fmt: skip
    rules = [_rule(one, known) for one in lines.within(entry, "calendar", "rule", line)]
    identity = _identity(findings, entry, calendars, line)
    if identity is not None:
        calendars[identity] = Calendar(identity, default, tuple(one for one in rules if one), starts)


def _rule(table: Table, programmes: tuple[str, ...]) -> CalendarRule | None:
    table.findings.unknown_keys(table.table, RULE, table.line)
    given = table.table
    chosen = table.choice("programme", programmes)
    days = table.names("days", dict.fromkeys(DAYS), ("ngày trong tuần", "day of the week"))
    dates = table.spans("dates", iso_day, '["2027-02-05/2027-02-11"]') if "dates" in given else None
    yearly = table.spans("yearly", yearly_day, '["12-24/12-26"]') if "yearly" in given else None
    for first, last in dates or ():
        if first > last:
            table.error(
                "dates",
                (f"{first} sau {last}", f"{first} is after {last}"),
                ("viết ngày đầu trước ngày cuối", "write the first day before the last"),
            )
    if chosen is None:
        return None
    numbers = None if days is None else tuple(DAYS.index(day) for day in days)
    return CalendarRule(chosen, numbers, dates, yearly)
