"""The score of an exercise as a report for people. Pure."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from services.alerts.exercise.told import Called, Delivered, Met, Score
from services.observation.exercise import STATUS
from services.observation.instants import micros
from services.observation.text import Text
from services.report.axes import local
from services.report.paper import Cell, Column, Note, Paper, Part, Share, Table, Tile

_SHOWN = 200
_NAMED = 6  # receivers that a cell names
FLOOD_BEGINS = 10  # more in ten minutes are a flood (ISA-18.2)
_NOTE = Text(
    "Mọi cảnh báo dưới đây là của cuộc diễn tập, không phải sự việc thật.",
    "Every alert below is the exercise's, none is a real event.",
)
_LIMIT = Text(
    "Thời gian tính từ lúc việc xảy ra, theo đồng hồ thật. Hạn để phát hiện; báo sau đó ít nhất ba giây.",
    "Times count from the happening, by the wall clock. The limit is for detection; telling takes 3 s.",
)
_IN_TIME, _SETTLED_S = Text("kịp", "in time"), 5.0
_SITUATION = Text("cả tình huống", "its situation")


def paper_of(score: Score, site: Text, zone: str, now: int) -> Paper:
    """Its parts: how it went, what had to be told, whom it reached, what people did, every alert."""
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
        parts=[
            _whole(score),
            _expected(score, zone),
            _receivers(score),
            _people(score),
            _alerts(score, zone),
        ],
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
        Tile(
            Text("Đã báo được", "Told of what had to be"), Share(told, len(score.expected)), "share",
            over=score.missed > 0,
        ),
        Tile(Text("Phát hiện trễ", "Detected late"), score.late, over=score.late > 0),
        Tile(Text("Từ lúc báo đến lúc gửi tới", "From sound to delivery"), score.deliver_s, "span"),
        Tile(Text("Từ lúc báo đến xác nhận", "From sound to acknowledgement"), score.acknowledge_s, "span"),
        Tile(Text("Chưa xác nhận", "Not acknowledged"), score.unacknowledged, over=score.unacknowledged > 0),
        Tile(
            Text("Lần gọi không ai trả lời", "Calls not answered"), Share(score.unanswered, score.calls),
            "share", over=score.unanswered > 0,
        ),
    ]  # fmt: skip
    return Part(Text("Tổng quan", "Overview"), tiles, [Note(_NOTE)])


def _expected(score: Score, zone: str) -> Part:
    columns = [
        Column(Text("Việc xảy ra", "What happened"), wide=2.4),
        Column(Text("Kết quả", "Result")),
        Column(Text("Lúc", "At")),
        *(
            Column(title, "number", unit="s")
            for title in (
                Text("Hạn", "Limit"), Text("Phát hiện", "Detected"), Text("Báo", "Told"),
                Text("Gửi tới", "Delivered"), Text("Xác nhận", "Acknowledged"),
            )
        ),
        Column(Text("Bởi", "By")),
    ]  # fmt: skip
    every = sorted(score.expected, key=lambda one: one.at)
    rows: list[list[Cell | Text | str | int | float | Share | None]] = [
        [
            one.name, Cell(_result(one), over=not (one.told and one.in_time)), _clock(one.at, zone),
            one.within_s, Cell(one.after_s, over=not one.in_time),
            Cell(one.told_s, over=not one.told or _told_late(one)), one.delivered_s, one.acknowledged_s,
            one.acknowledged_by,
        ]
        for one in every
    ]  # fmt: skip
    whom = [
        Column(Text("Việc xảy ra", "What happened"), wide=1.4),
        Column(Text("Tin đã tới", "Reached"), wide=1.8),
        Column(Text("Gọi tiếp (✓ có người xác nhận)", "Escalated to (✓ answered)"), wide=1.4),
    ]
    brought: list[list[Cell | Text | str | int | float | Share | None]] = [
        [one.name, reached(one.deliveries), called(one.calls)] for one in every if one.deliveries or one.calls
    ]
    empty = Text("Không có danh sách việc phải báo.", "What had to be told was not given.")
    tables = [Table(Text("Phải báo", "Had to be told"), columns, rows, empty=empty, note=_LIMIT)]
    if brought:
        tables.append(Table(Text("Tới ai", "To whom"), whom, brought))
    return Part(Text("Những gì phải báo được", "What had to be told"), blocks=[*tables])


def _result(one: Met) -> Text:
    if one.quiet:
        return Text("phát hiện, không báo", "detected, not told")
    if not one.told:
        return Text("bỏ sót", "missed")
    if not one.in_time:
        return Text("trễ", "late")
    return Text("phát hiện kịp, báo trễ", "detected in time, told late") if _told_late(one) else _IN_TIME


def _told_late(one: Met) -> bool:
    """Whether it was heard after its limit and the moment that every alert settles, and a little."""
    return one.told_s is not None and one.told_s > one.within_s + _SETTLED_S


def reached(given: Sequence[Delivered]) -> str | None:
    """`ioc; mail: huong, minh`: roads and whom each had brought it; None: nobody."""
    parts = []
    for road, several in groupby(sorted(given, key=lambda one: one.road), key=lambda one: one.road):
        names = [one.to for one in several if one.to]
        parts.append(f"{road}: {_some(names)}" if names else road)
    return "; ".join(parts) or None


def called(calls: Sequence[Called]) -> str | None:
    """`1: huong ✓; 2: minh, tuan`: steps of escalation, ✓ where somebody answered before the next."""
    steps: dict[int, tuple[dict[str, None], bool]] = {}
    for call in calls:
        names, answered = steps.get(call.step, ({}, True))
        names |= dict.fromkeys([one.to for one in call.reached if one.to] or call.to)
        steps[call.step] = (names, answered and call.answered)
    parts = [f"{step}: {_some(names)}{' ✓' if done else ''}" for step, (names, done) in sorted(steps.items())]
    return "; ".join(parts) or None


def _some(names: Iterable[str]) -> str:
    every = list(dict.fromkeys(names))
    return ", ".join(every[:_NAMED]) + (f" +{len(every) - _NAMED}" if len(every) > _NAMED else "")


def _receivers(score: Score) -> Part:
    columns = [
        Column(Text("Đường gửi", "Road"), wide=1.4),
        Column(Text("Người nhận", "To"), wide=1.4),
        Column(Text("Tin đã tới", "Letters delivered"), "number"),
        Column(Text("Chưa tới", "Not delivered"), "number"),
        Column(Text("Cảnh báo", "Alerts"), "number"),
        Column(Text("Thường mất", "Median time"), "span"),
        Column(Text("Lâu nhất", "Longest"), "span"),
    ]
    rows: list[list[Cell | Text | str | int | float | Share | None]] = [
        [
            one.road, one.to or None, one.letters, Cell(one.waiting, over=one.waiting > 0), one.alerts,
            one.median_s, one.slowest_s,
        ]
        for one in score.receivers
    ]  # fmt: skip
    empty = Text(
        "Không đường gửi nào chuyển cuộc diễn tập này: thêm Exercise vào status của đường đó.",
        "No road carried this exercise: name Exercise in the status of one.",
    )
    table = Table(Text("Đường gửi và người nhận", "Roads and receivers"), columns, rows, empty=empty)
    return Part(Text("Tin đã tới ai", "Whom it reached"), blocks=[table])


def _people(score: Score) -> Part:
    columns = [
        Column(Text("Người", "Person"), wide=2),
        Column(Text("Được báo", "Told"), "number"),
        Column(Text("Xác nhận", "Acknowledged"), "number"),
        Column(Text("Thời gian xác nhận", "Time to acknowledge"), "span"),
        Column(Text("Được gọi", "Called"), "number"),
        Column(Text("Không ai trả lời", "Not answered"), "number"),
        Column(Text("Giao việc", "Assigned"), "number"),
        Column(Text("Đóng", "Closed"), "number"),
        Column(Text("Ghi chú", "Comments"), "number"),
    ]
    rows: list[list[Cell | Text | str | int | float | Share | None]] = [
        [
            one.name, one.told, one.acknowledged, one.acknowledge_s, one.called,
            Cell(one.unanswered, over=one.unanswered > 0), one.assigned, one.closed, one.commented,
        ]
        for one in score.people
    ]  # fmt: skip
    return Part(Text("Ai đã làm gì", "Who did what"), blocks=[Table(Text("Người", "People"), columns, rows)])


def _alerts(score: Score, zone: str) -> Part:
    columns = [
        Column(Text("Cảnh báo", "Alert"), wide=1.6),
        Column(Text("Nơi", "Where"), wide=1.6),
        Column(Text("Mức", "Severity"), "severity"),
        Column(Text("Phát hiện", "Detected")),
        *(
            Column(title, "number", unit="s")
            for title in (Text("Báo", "Told"), Text("Gửi tới", "Delivered"), Text("Xác nhận", "Acknowledged"))
        ),
        Column(Text("Bởi", "By")),
        Column(Text("Người nhận", "People reached"), "number"),
        Column(Text("Lần gọi", "Calls"), "number"),
        Column(Text("Hết", "Cleared")),
    ]
    rows: list[list[Cell | Text | str | int | float | Share | None]] = [
        [
            one.rule, one.station or one.gateway or one.area, one.severity, _clock(one.raised_at, zone),
            _after(one.raised_at, one.annunciated_at), _after(one.raised_at, one.delivered_at),
            _after(one.raised_at, one.acknowledged_at), one.acknowledged_by,
            _SITUATION if one.within else len({given.to for given in one.deliveries if given.to}),
            Cell(len(one.calls), over=any(not call.answered for call in one.calls)),
            None if one.cleared_at is None else _clock(one.cleared_at, zone),
        ]
        for one in score.alerts[:_SHOWN]
    ]  # fmt: skip
    note = Text(
        "Báo, gửi tới và xác nhận tính từ lúc phát hiện. “Cả tình huống”: vào một tình huống đã báo, không"
        " gửi tin riêng.",
        "Told, delivered and acknowledged count from detection. “Its situation”: it came into one that had"
        " been told, and nothing was sent for it alone.",
    )
    more = max(0, len(score.alerts) - _SHOWN)
    table = Table(Text("Cảnh báo", "Alerts"), columns, rows, note=note, more=more)
    return Part(Text("Từng cảnh báo", "Every alert"), blocks=[table])


def _clock(text: str, zone: str) -> str:
    """`21:44:08` on the site's wall clock: an exercise is a matter of seconds."""
    return f"{local(micros(text), zone):%H:%M:%S}"


def _after(first: str, then: str | None) -> float | None:
    return None if then is None else max(0.0, (micros(then) - micros(first)) / 1e6)
