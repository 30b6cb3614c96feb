"""What `haidang backtest` prints for a person: progress, events, load, scores."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from services.alerts.score import Score, lead
from services.cli.numerals import vietnamese
from services.cli.words import out, say
from services.observation.event import verb_of
from services.observation.instants import iso

if TYPE_CHECKING:
    from services.cli.backtest import Bare, Outcome
    from services.cli.recorded import Recorded

Scores = Mapping[str, Mapping[str, Score]]


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
    """Print events and a table of scores, those of bare thresholds beside ours."""
    for event in outcome.events:
        data = event.data
        verb, who = verb_of(event.type), data.sensor or data.gateway or data.area
        out(f"{event.time:<22}{verb:<11}{data.severity:<11}{who:<40}{data.reason.en}")
    load = outcome.load
    span = (
        f"{iso(int(recorded.arrival[0]))} … {iso(int(recorded.arrival[-1]))}" if len(recorded) else "nothing"
    )
    per_day = "–" if load.per_day is None else f"{load.per_day:.2f}"
    out(f"\n{len(recorded):,} readings, {span}")
    out(
        f"{load.alerts} alerts / cảnh báo, {per_day} per day, at most {load.most_in_10_min} in 10 minutes; "
        f"{load.by_rule}"
    )
    if bare is not None:
        out(f"{bare.alerts} alerts by bare thresholds / nếu chỉ so ngưỡng")
    if outcome.scores or (bare is not None and bare.scores):
        for line in table(outcome.scores, bare.scores if bare is not None else {}):
            out(line)


def table(ours: Scores, bare: Scores) -> list[str]:
    """Lines: of each hazard and severity our scores, and below them those of bare thresholds, if any."""
    head = f"{'hazard':<14}{'severity':<11}{'':<6}{'hits':>6}{'misses':>8}{'false':>7}{'POD':>7}{'FAR':>7}"
    lines = [
        "",
        f"{head}{'CSI':>7}{'lead':>8}{'p10':>8}  minutes: median, tenth percentile / phút: trung vị, p10",
    ]
    for hazard in sorted({*ours, *bare}):
        of_ours, of_bare = ours.get(hazard, {}), bare.get(hazard, {})
        for severity in dict.fromkeys([*of_ours, *of_bare]):
            for word, one in (("", of_ours.get(severity)), ("bare", of_bare.get(severity))):
                if one is not None:
                    lines.append(f"{hazard:<14}{severity:<11}{word:<6}{_line(one)}")
    return lines


def _line(one: Score) -> str:
    early = lead(one.lead_s)
    ratios = "".join(
        "      –" if ratio is None else f"{ratio:>7.2f}" for ratio in (one.pod, one.far, one.csi)
    )
    leads = "".join("       –" if s is None else f"{s / 60:>+8.0f}" for s in (early.median, early.p10))
    return f"{one.hits:>6}{one.misses:>8}{one.false_alarms:>7}{ratios}{leads}"
