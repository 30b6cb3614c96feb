"""The score of an exercise on the terminal, in both languages."""

from typing import TYPE_CHECKING

from services.cli.words import out

if TYPE_CHECKING:
    from services.alerts.exercise.told import Met, Score

_SHOWN = 60
_HEAD = (
    ("limit", "hạn"), ("detected", "phát hiện"), ("told", "báo"), ("carried", "gửi tới"), ("ack", "xác nhận"),
)  # fmt: skip
_WIDE = 10


def show(score: "Score") -> None:
    """Print it: what it cost, what had to be told, whom it reached, what people did."""
    one = score.exercise
    state = "runs / đang chạy" if one.running else f"{one.why} {one.ended_at}"
    out(f"DIỄN TẬP / EXERCISE  {one.name.vi} / {one.name.en}  {one.exercise_id}")
    out(f"{one.started_at} → {state}, ×{one.speed:g}, {one.by}")
    out("")
    out(
        f"{len(score.alerts)} alerts / cảnh báo → {score.things} new things to look at / việc mới cần nhìn:"
        f" {score.per_two_minutes:.2f} per 2 min, {score.most_in_10_min} in the worst 10 min"
    )
    out(f"from detection to sound / từ lúc phát hiện đến lúc báo: {_s(score.annunciate_s)}")
    out(f"from sound to delivery / từ lúc báo đến lúc gửi tới: {_s(score.deliver_s)}")
    out(f"from sound to acknowledgement / từ lúc báo đến lúc xác nhận: {_s(score.acknowledge_s)}")
    out(f"not acknowledged / chưa xác nhận: {score.unacknowledged}")
    out(f"calls not answered / lần gọi không ai trả lời: {score.unanswered}/{score.calls}")
    if score.expected:
        _expected(score)
    if score.receivers:
        _receivers(score)
    if score.people:
        _people(score)


def _expected(score: "Score") -> None:
    from services.api.exercise_paper import called, reached

    told = len(score.expected) - score.missed
    out("")
    out(f"what had to be told / phải báo được: {told}/{len(score.expected)}, late / trễ: {score.late}")
    for words in zip(*_HEAD, strict=True):
        out("  " + "".join(f"{word:>{_WIDE}}" for word in words))
    shown = sorted(score.expected, key=lambda met: (met.told and met.in_time, met.at))
    for met in shown[:_SHOWN]:
        spans = (met.within_s, met.after_s, met.told_s, met.delivered_s, met.acknowledged_s)
        by = f" {met.acknowledged_by}" if met.acknowledged_by else ""
        figures = "".join(f"{_s(seconds):>{_WIDE}}" for seconds in spans)
        out(f"{_mark(met)} {figures}{by}  {met.name.vi} / {met.name.en}")
        given = [part for part in (reached(met.deliveries), called(met.calls)) if part]
        if given:
            out(f"    → {' ↑ '.join(given)}")
    if len(shown) > _SHOWN:
        out(f"  … +{len(shown) - _SHOWN}: --json")


def _receivers(score: "Score") -> None:
    out("")
    out("whom it reached / tin đã tới ai:")
    for one in score.receivers:
        waiting = f", not delivered / chưa tới {one.waiting}" if one.waiting else ""
        out(
            f"  {one.road} {one.to}".rstrip()
            + f": {one.letters} letters / tin, {one.alerts} alerts / cảnh báo{waiting};"
            f" {_s(one.median_s)}, at most / lâu nhất {_s(one.slowest_s)}"
        )


def _people(score: "Score") -> None:
    out("")
    for one in score.people:
        out(
            f"{one.name}: told / được báo {one.told},"
            f" acknowledged / xác nhận {one.acknowledged} ({_s(one.acknowledge_s)}),"
            f" called / được gọi {one.called}, not answered / không ai trả lời {one.unanswered},"
            f" assigned / giao {one.assigned}, closed / đóng {one.closed}"
        )


def _mark(met: "Met") -> str:
    if not met.told:
        return "✗"
    return "✓" if met.in_time else "…"


def _s(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.1f} s"
