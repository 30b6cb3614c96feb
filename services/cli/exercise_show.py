"""The score of an exercise on the terminal, in both languages."""

from typing import TYPE_CHECKING

from services.cli.words import out

if TYPE_CHECKING:
    from services.alerts.exercise_score import Met, Score

_SHOWN = 40


def show(score: "Score") -> None:
    """Print it: what had to be told, what people did, what it cost them."""
    one = score.exercise
    state = "runs / đang chạy" if one.running else f"{one.why} {one.ended_at}"
    out(f"DIỄN TẬP / EXERCISE  {one.name.vi} / {one.name.en}  {one.exercise_id}")
    out(f"{one.started_at} → {state}, ×{one.speed:g}, {one.by}")
    out("")
    out(
        f"{len(score.alerts)} alerts / cảnh báo → {score.things} new things to look at / việc mới cần nhìn:"
        f" {score.per_two_minutes:.2f} per 2 min, {score.most_in_10_min} in the worst 10 min"
    )
    out(f"from raised to sound / từ lúc phát hiện đến lúc báo: {_s(score.annunciate_s)}")
    out(f"from sound to acknowledgement / từ lúc báo đến lúc xác nhận: {_s(score.acknowledge_s)}")
    out(f"not acknowledged / chưa xác nhận: {score.unacknowledged}")
    if score.expected:
        out("")
        told = len(score.expected) - score.missed
        out(f"what had to be told / phải báo được: {told}/{len(score.expected)}, late / trễ: {score.late}")
        for met in sorted(score.expected, key=lambda met: (met.told, met.at))[:_SHOWN]:
            out(f"  {_mark(met)} {met.name.vi} / {met.name.en}  {_s(met.after_s)} (≤ {met.within_s:.0f} s)")
    if score.people:
        out("")
        for person in score.people:
            out(
                f"{person.name}: acknowledged / xác nhận {person.acknowledged} ({_s(person.acknowledge_s)}),"
                f" assigned / giao {person.assigned}, closed / đóng {person.closed}"
            )


def _mark(met: "Met") -> str:
    if not met.told:
        return "✗"
    return "✓" if met.in_time else "…"


def _s(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f} s"
