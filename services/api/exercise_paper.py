"""The score of an exercise as a report for people. Pure."""

from services.alerts.exercise_score import Met, Score
from services.observation.exercise import STATUS
from services.observation.instants import micros
from services.observation.text import Text
from services.report.paper import Cell, Column, Note, Paper, Part, Share, Table, Tile

_SHOWN = 200
FLOOD_BEGINS = 10
"""More in ten minutes are a flood (ISA-18.2)."""
_NOTE = Text(
    "Mọi cảnh báo dưới đây là của cuộc diễn tập, không phải sự việc thật.",
    "Every alert below is the exercise's, none is a real event.",
)


def paper_of(score: Score, site: Text, zone: str, now: int) -> Paper:
    """Its parts: how it went, what had to be told, what people did, every alert."""
    one = score.exercise
    last = now if one.ended_at is None else micros(one.ended_at)
    return Paper(
        kind="exercise",
        title=Text(f"Kết quả diễn tập: {one.name.vi}", f"Score of the exercise: {one.name.en}"),
        site=site,
        zone=zone,
        first=micros(one.started_at),
        last=last,
        made_at=now,
        parts=[_whole(score), _expected(score), _people(score), _alerts(score)],
        status=STATUS,
    )


def _whole(score: Score) -> Part:
    told = len(score.expected) - score.missed
    tiles = [
        Tile(Text("Cảnh báo", "Alerts"), len(score.alerts)),
        Tile(Text("Việc mới phải nhìn", "New things to look at"), score.things),
        Tile(
            Text("Việc mới mỗi 2 phút", "New things per 2 min"), score.per_two_minutes, digits=2,
            over=score.per_two_minutes > 1,
        ),
        Tile(
            Text("10 phút dồn dập nhất", "Worst 10 minutes"), score.most_in_10_min,
            over=score.most_in_10_min > FLOOD_BEGINS,
        ),
        Tile(Text("Từ lúc báo đến xác nhận", "From sound to acknowledgement"), score.acknowledge_s, "span"),
        Tile(Text("Chưa xác nhận", "Not acknowledged"), score.unacknowledged, over=score.unacknowledged > 0),
        Tile(
            Text("Đã báo được", "Told of what had to be"), Share(told, len(score.expected)), "share",
            over=score.missed > 0,
        ),
    ]  # fmt: skip
    return Part(Text("Tổng quan", "Overview"), tiles, [Note(_NOTE)])


def _expected(score: Score) -> Part:
    columns = [
        Column(Text("Việc xảy ra", "What happened"), wide=3),
        Column(Text("Lúc", "At"), "time"),
        Column(Text("Phải báo trong", "To be told within"), "span"),
        Column(Text("Đã báo sau", "Told after"), "span"),
        Column(Text("Kết quả", "Result")),
    ]
    rows: list[list[Cell | Text | str | int | float | Share | None]] = [
        [one.name, micros(one.at), one.within_s, Cell(one.after_s, over=not one.in_time), _result(one)]
        for one in sorted(score.expected, key=lambda one: one.at)
    ]
    return Part(
        Text("Những gì phải báo được", "What had to be told"),
        blocks=[Table(Text("Phải báo", "Had to be told"), columns, rows)],
    )


def _result(one: Met) -> Text:
    if not one.told:
        return Text("không báo", "not told")
    return Text("kịp", "in time") if one.in_time else Text("trễ", "late")


def _people(score: Score) -> Part:
    columns = [
        Column(Text("Người", "Person"), wide=2),
        Column(Text("Xác nhận", "Acknowledged"), "number"),
        Column(Text("Thời gian xác nhận", "Time to acknowledge"), "span"),
        Column(Text("Giao việc", "Assigned"), "number"),
        Column(Text("Đóng", "Closed"), "number"),
        Column(Text("Ghi chú", "Comments"), "number"),
    ]
    rows: list[list[Cell | Text | str | int | float | Share | None]] = [
        [one.name, one.acknowledged, one.acknowledge_s, one.assigned, one.closed, one.commented]
        for one in score.people
    ]
    return Part(Text("Ai đã làm gì", "Who did what"), blocks=[Table(Text("Người", "People"), columns, rows)])


def _alerts(score: Score) -> Part:
    columns = [
        Column(Text("Cảnh báo", "Alert"), wide=2),
        Column(Text("Nơi", "Where"), wide=2),
        Column(Text("Mức", "Severity"), "severity"),
        Column(Text("Phát hiện", "Raised"), "time"),
        Column(Text("Báo", "Sound"), "time"),
        Column(Text("Xác nhận", "Acknowledged"), "time"),
        Column(Text("Bởi", "By")),
        Column(Text("Hết", "Cleared"), "time"),
    ]
    rows: list[list[Cell | Text | str | int | float | Share | None]] = [
        [
            one.rule, one.station or one.gateway or one.area, one.severity, micros(one.raised_at),
            _at(one.annunciated_at), _at(one.acknowledged_at), one.acknowledged_by, _at(one.cleared_at),
        ]
        for one in score.alerts[:_SHOWN]
    ]  # fmt: skip
    table = Table(Text("Cảnh báo", "Alerts"), columns, rows, more=max(0, len(score.alerts) - _SHOWN))
    return Part(Text("Từng cảnh báo", "Every alert"), blocks=[table])


def _at(text: str | None) -> int | None:
    return None if text is None else micros(text)
