"""What `haidang backtest` prints for a person: progress, events, scores with how sure they are, load."""

from collections.abc import Callable, Mapping
from statistics import median
from typing import TYPE_CHECKING

from services.alerts.scoring.intervals import Interval, Leads, Rare
from services.alerts.scoring.load import BEARABLE_PER_HOUR, SPLIT, Load
from services.alerts.scoring.score import Score
from services.cli.numerals import vietnamese
from services.cli.words import out, say
from services.observation.event import CloudEvent, verb_of
from services.observation.instants import iso

if TYPE_CHECKING:
    from services.alerts.scoring.against import Differences
    from services.alerts.scoring.lightning import Score as LightningScore
    from services.cli.backtest import Bare, Outcome
    from services.cli.backtest.recorded import Recorded

Scores = Mapping[str, Mapping[str, Score]]
_MOST_LINES = 400
"""Events beyond are left to --json: a terminal is no log."""
_BARE, _THERE = "bare / trần", "those / kia"


class Meter:
    """Progress on stderr, at most ten lines."""

    def __init__(self, total: int) -> None:
        """So many readings are to be judged."""
        self._total, self._next = total, total // 10

    def at(self, done: int) -> None:
        """Say how far it is, now and then."""
        if done >= self._next < self._total:
            say(f"{done:,}/{self._total:,} readings")
            self._next = done + self._total // 10

    def done(self) -> None:
        """Say that all was read."""
        say(f"{self._total:,} readings judged / đã xét {vietnamese(self._total)} số đo")


def show(outcome: "Outcome", recorded: "Recorded", bare: "Bare | None") -> None:
    """Print events, scores and load, those of bare thresholds beside ours."""
    for event in outcome.events[:_MOST_LINES]:
        out(event_line(event))
    if len(outcome.events) > _MOST_LINES:
        more = len(outcome.events) - _MOST_LINES
        out(f"… {more:,} more events: --json / còn {vietnamese(more)} sự kiện: --json")
    first, last = recorded.span()
    span = f"{iso(first)} … {iso(last)}" if last else "–"
    strikes = f", {len(recorded.strikes):,} strikes / tia sét" if recorded.strikes else ""
    out(f"\n{len(recorded):,} readings / số đo{strikes}, {span}")
    if outcome.scores or (bare is not None and bare.scores):
        for line in table(outcome.scores, bare.scores if bare is not None else {}):
            out(line)
    for line in lightning_lines(outcome.lightning):
        out(line)
    for line in load_lines(outcome.load, bare.load if bare is not None else None):
        out(line)


def event_line(event: CloudEvent) -> str:
    """One event: when, what, how bad, where, why."""
    data = event.data
    verb, who = verb_of(event.type), data.sensor or data.gateway or data.area
    return f"{event.time:<22}{verb:<11}{data.severity:<11}{who:<40}{data.reason.en}"


def table(ours: Scores, bare: Scores, other: str = _BARE) -> list[str]:
    """Lines: of each hazard and severity our scores, and below them those of bare thresholds, if any."""
    ratios = "".join(f"{name:<17}" for name in ("POD 95 %", "FAR 95 %", "CSI 95 %"))
    lines = [
        "",
        "scores / điểm số          lead in minutes / báo trước, phút",
        (
            f"{'hazard':<13}{'severity':<11}{'':<12}{'hits':>5}{'misses':>7}{'false':>6}  "
            f"{ratios}{'lead':>7}{'p10':>7}{'p90':>7}  "
        ),
        (
            f"{'thiên tai':<13}{'mức':<11}{'':<12}{'đúng':>5}{'sót':>7}{'sai':>6}  "
            f"{'tỷ lệ bắt được':<17}{'tỷ lệ báo sai':<17}{'chỉ số CSI':<17}{'t.vị':>7}"
        ),
    ]
    for hazard in sorted({*ours, *bare}):
        of_ours, of_bare = ours.get(hazard, {}), bare.get(hazard, {})
        for severity in dict.fromkeys([*of_ours, *of_bare]):
            for word, one in (("", of_ours.get(severity)), (other, of_bare.get(severity))):
                if one is not None:
                    lines.append(f"{hazard:<13}{severity:<11}{word:<12}{_line(one)}")
                    if not word and one.rare is not None:
                        lines.append(f"{'':<36}{_rare(one.rare)}")
    return lines


def _line(one: Score) -> str:
    ratios = ((one.pod, one.pod_95), (one.far, one.far_95), (one.csi, one.csi_95))
    shown = "".join(f"{with_interval(ratio, sure):<17}" for ratio, sure in ratios)
    return f"{one.hits:>5}{one.misses:>7}{one.false_alarms:>6}  {shown}{_leads(one.leads)}".rstrip()


def with_interval(ratio: float | None, sure: Interval | None) -> str:
    """`0.83 [0.55 0.95]`; a dash where there is no denominator."""
    if ratio is None or sure is None:
        return "–"
    return f"{ratio:.2f} [{sure[0]:.2f} {sure[1]:.2f}]"


def _leads(found: Leads | None) -> str:
    if found is None or found.n == 0:
        return f"{'–':>7}{'–':>7}{'–':>7}"
    shown = "".join(
        "      –" if s is None else f"{s / 60:>+7.0f}" for s in (found.median, found.p10, found.p90)
    )
    late = f"  late / muộn {found.late:.0%}" if found.late else ""
    if found.median_95 is None:
        return f"{shown}  n = {found.n}: too few / quá ít{late}"
    low, high = (f"{s / 60:+.0f}" for s in found.median_95)
    return f"{shown}  n = {found.n}, median [{low} {high}]{late}"


def _rare(one: Rare) -> str:
    parts = (("PC", one.pc), ("POFD", one.pofd), ("PSS", one.pss), ("ETS", one.ets), ("HSS", one.hss),
             ("EDI", one.edi))  # fmt: skip
    shown = "  ".join(f"{name} {'–' if value is None else f'{value:.3f}'}" for name, value in parts)
    return f"WMO rare events: Z = {one.correct_negatives:,} quiet 6-h windows; {shown}"


def lightning_lines(found: "Mapping[str, LightningScore]") -> list[str]:
    """Warnings of lightning by place, in the terms of IEC 62793."""
    if not found:
        return []
    lines = [
        "",
        "lightning, IEC 62793: warnings against strikes within 10 km / cảnh báo sét so với sét trong 10 km",
        (
            f"{'place / nơi':<24}{'EA':>5}{'FA':>5}{'FTW':>5}{'POD':>7}{'FAR':>7}"
            f"{'lead':>7}{'dwell':>7}{'TIW':>8}  min"
        ),
    ]
    for place, one in found.items():
        lead, dwell = (_middle(values) for values in (one.lead_s, one.dwell_s))
        lines.append(
            f"{place:<24}{one.ea:>5}{one.fa:>5}{one.ftw:>5}{_rate(one.pod):>7}{_rate(one.far):>7}"
            f"{lead:>7}{dwell:>7}{one.tiw_s / 60:>8.0f}"
        )
    return lines


def _middle(values: list[float]) -> str:
    return "–" if not values else f"{median(values) / 60:.0f}"


def load_lines(load: Load, bare: Load | None = None, other: str = _BARE) -> list[str]:
    """What the alerts ask of an operator, each beside what can be borne, and that of bare thresholds."""
    head = f"{'load on the operator / tải cho người trực':<52}{'':>16}{'limit / mức':>16}"
    lines = ["", head + (f"{other:>16}" if bare is not None else "")]
    for name, value, limit, theirs in load_rows(load, bare):
        lines.append(f"  {name:<50}{value:>16}{limit:>16}" + (f"{theirs:>16}" if bare is not None else ""))
    if load.by_rule:
        often = sorted(load.by_rule.items(), key=lambda one: -one[1])[:5]
        lines.append("  by rule / theo quy tắc: " + ", ".join(f"{name} {count}" for name, count in often))
    if load.chattering:
        lines.append("  chattering / báo lặp: " + ", ".join(load.chattering[:5]))
    return lines


def load_rows(load: Load, bare: Load | None) -> list[tuple[str, str, str, str]]:
    """Name in both languages, our value, the limit, that of bare thresholds."""

    def many(value: Callable[[Load], str]) -> str:
        return "" if bare is None else value(bare)

    split = " – ".join(f"{share * 100:.0f}" for share in SPLIT.values())
    rows: list[tuple[str, Callable[[Load], str], str]] = [
        ("alerts / số cảnh báo", lambda one: f"{one.alerts:,}", ""),
        ("alerts per day / cảnh báo mỗi ngày", lambda one: _rate(one.per_day),
         f"{BEARABLE_PER_HOUR * 24:.0f}"),
        ("told per operator-hour / lần báo mỗi giờ trực", lambda one: _rate(one.per_operator_hour),
         f"{BEARABLE_PER_HOUR:.0f}"),
        ("most in 10 min / nhiều nhất trong 10 phút", lambda one: str(one.most_in_10_min), "10"),
        ("floods of alarms (> 10 in 10 min) / đợt cảnh báo dồn dập", lambda one: str(one.floods), "0"),
        ("time in them / thời gian trong bão", lambda one: _share(one.flood_share), "1 %"),
        ("chattering (≥ 3 in 1 min) / báo lặp", lambda one: str(len(one.chattering)), "0"),
        ("raised again within 15 min / báo lại trong 15 phút", lambda one: str(one.again), ""),
        ("stale (> 24 h) / treo quá 24 giờ", lambda one: str(one.stale), ""),
        ("low – medium – high, % / thấp – vừa – cao", _split, split),
    ]  # fmt: skip
    return [(name, value(load), limit, many(value)) for name, value, limit in rows]


def _split(load: Load) -> str:
    return " – ".join(f"{load.split[name] * 100:.0f}" for name in SPLIT) if load.split else "–"


def _rate(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"


def show_against(found: "Differences", ours: "Outcome", theirs: "Outcome", name: str) -> None:
    """What other rules would have changed, and the scores and load of both."""
    from services.cli.backtest.against import lines

    for line in lines(found, name):
        out(line)
    if ours.scores or theirs.scores:
        for line in table(ours.scores, theirs.scores, _THERE):
            out(line)
    for line in load_lines(ours.load, theirs.load, _THERE):
        out(line)
