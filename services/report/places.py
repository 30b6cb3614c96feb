"""Parts about stations and gateways, air and lamps: only where the history could be asked. Pure."""
# ruff: noqa: E501  sentences stay whole, in both languages

from services.alerts.load.case import Case
from services.observation.text import Text
from services.report.columns import AREA, count, lasting
from services.report.matter import Facts, Lamps, Matter, Station
from services.report.paper import Cell, Column, Part, Share, Table, Tile, Value

_WORST = 40
_LOW = 0.95
"""Below it a station's share of readings stands out. Design default."""


def parts(matter: Matter) -> list[Part]:
    """Heard and silent; air; lamps. A site without air stations or lamps has no such part."""
    facts = matter.facts
    heard = _heard(matter, facts)
    if facts is None:
        return [heard]
    return [
        heard,
        *([_air(matter, facts)] if facts.air else []),
        *([_lamps(matter, facts.lamps)] if facts.lamps else []),
    ]


def _heard(matter: Matter, facts: Facts | None) -> Part:
    stations = [] if facts is None else facts.stations
    known = [one for one in stations if one.expected]
    got = sum(min(one.got, one.expected or 0) for one in known)
    due = sum(one.expected or 0 for one in known)
    tiles = []
    if known:
        tiles.append(
            Tile(
                Text("số đo nhận được, trên số phải có", "readings that came, of those due"), Share(got, due), "share", 1,
                note=Text(f"{len(known)} trạm đo đều đặn", f"{len(known)} stations with an interval"),
            )
        )  # fmt: skip
    silent = _silences(matter)
    span = (matter.last - matter.first) / 1e6
    if matter.gateways:
        lost = sum(sum(seconds for _, seconds in found) for found in silent.values())
        total = span * len(matter.gateways)
        tiles.append(
            Tile(
                Text("thời gian gateway có tín hiệu", "time that gateways were heard"), Share((total - lost) / 3600, total / 3600), "share", 2,
                note=Text(f"giờ, của {len(matter.gateways)} gateway", f"hours, of {len(matter.gateways)} gateways"),
            )
        )  # fmt: skip
    blocks = [
        *([_station_table(matter, stations)] if stations else []),
        _gateway_table(matter, silent, stations),
    ]
    return Part(Text("Trạm và gateway", "Stations and gateways"), tiles, [*blocks])


def _station_table(matter: Matter, stations: list[Station]) -> Table:
    known = [(one, Share(min(one.got, one.expected), one.expected)) for one in stations if one.expected]
    low = [(one, share) for one, share in known if (share.ratio or 0.0) < _LOW]
    low.sort(key=lambda pair: (pair[1].ratio or 0.0, pair[0].station))
    rows: list[list[Cell | Value]] = [
        [
            matter.stations.get(one.station, Text(one.station, one.station)), one.station, matter.area(one.area),
            one.gateway or "", Cell(share, over=True),
        ]
        for one, share in low[:_WORST]
    ]  # fmt: skip
    well, rest = len(known) - len(low), len(stations) - len(known)
    table = Table(
        Text("Trạm thiếu số đo, kém nhất trước", "Stations that lack readings, the worst first"),
        [
            Column(Text("Trạm", "Station"), wide=1.5), Column(Text("Mã", "Id"), wide=1.0), AREA,
            Column(Text("Gateway", "Gateway"), wide=0.8), Column(Text("Số đo dùng được / phải có", "Usable readings / due"), "share", digits=1),
        ],
        rows,
        empty=Text("Trạm nào cũng đủ số đo.", "No station lacks readings."),
        note=Text(
            f"{well} trạm khác đạt từ 95 %; {rest} trạm không đo đều đặn nên không có số phải có. Phải có: khoảng thời gian chia cho chu kỳ khai báo, từ lúc cảm biến được biết đến; cảm biến chỉ gửi khi "
            "thay đổi không tính. Số đo bị loại hoặc thiếu (cờ 4, 9) không tính là dùng được.",
            f"{well} others have 95 % or more; {rest} have no interval, so nothing is due of them. Due: the span over the declared interval, from when the sensor was first known; sensors that send on "
            "change are not counted. Readings flagged fail or missing (4, 9) are not usable.",
        ),
    )  # fmt: skip
    table.more = max(len(low) - _WORST, 0)
    return table


def _silences(matter: Matter) -> dict[str, list[tuple[Case, float]]]:
    """Seconds of each gateway's silences within the span."""
    found: dict[str, list[tuple[Case, float]]] = {}
    for case in matter.cases:
        name = case.life.gateway
        if case.life.rule not in matter.silent_rules or name is None:
            continue
        end = min(matter.last if case.over_at is None else case.over_at, matter.last)
        seconds = (end - max(case.heard_at, matter.first)) / 1e6
        if seconds > 0:
            found.setdefault(name, []).append((case, seconds))
    return found


def _gateway_table(
    matter: Matter, silent: dict[str, list[tuple[Case, float]]], stations: list[Station]
) -> Table:
    span = (matter.last - matter.first) / 1e6
    rows: list[list[Cell | Value]] = []
    order = sorted(matter.gateways, key=lambda name: (-sum(s for _, s in silent.get(name, [])), name))
    for name in order:
        found = silent.get(name, [])
        lost = sum(seconds for _, seconds in found)
        own = [one for one in stations if one.gateway == name and one.expected]
        due = sum(one.expected or 0 for one in own)
        readings = Share(sum(min(one.got, one.expected or 0) for one in own), due) if due else None
        if not found and (readings is None or (readings.ratio or 0.0) >= _LOW):
            continue
        now = any(case.open_at(matter.last) for case, _ in found)
        rows.append([
            name, len(found), lost or None, Cell(Share((span - lost) / 3600, span / 3600), over=lost > span * 0.01),
            Cell(Text("mất tín hiệu", "silent"), over=True) if now else Text("có tín hiệu", "heard"), readings,
        ])  # fmt: skip
    well = len(order) - len(rows)
    return Table(
        Text("Gateway mất tín hiệu hoặc thiếu số đo", "Gateways that were silent or lack readings"),
        [
            Column(Text("Gateway", "Gateway"), wide=1.2), count(Text("Lần mất tín hiệu", "Silences")),
            lasting(Text("Tổng cộng", "In all")), Column(Text("Có tín hiệu, giờ", "Heard, hours"), "share", digits=2),
            Column(Text("Cuối kỳ", "At the end"), wide=0.8), Column(Text("Số đo / phải có", "Readings / due"), "share", digits=1),
        ],
        rows[:_WORST],
        empty=Text("Gateway nào cũng có tín hiệu suốt kỳ.", "Every gateway was heard all the time."),
        more=max(len(rows) - _WORST, 0),
        note=Text(
            f"{well} gateway khác có tín hiệu suốt kỳ. Mất tín hiệu: thời gian cảnh báo “gateway mất tín hiệu” còn mở, tức là sau ba chu kỳ gửi.",
            f"{well} others were heard all the time. Silent: while the alert “gateway silent” was open, which is after three of its intervals.",
        ),
    )  # fmt: skip


def _air(matter: Matter, facts: Facts) -> Part:
    rows: list[list[Cell | Value]] = []
    for one in facts.air:
        known = sum(one.by_class.values())
        rows.append([
            matter.stations.get(one.station, Text(one.station, one.station)), matter.area(one.area),
            *(one.by_class.get(name.en, 0) for name in facts.air_classes), Share(known, one.days),
        ])  # fmt: skip
    good = sum(one.by_class.get(name.en, 0) for one in facts.air for name in facts.air_classes[:2])
    total = sum(sum(one.by_class.values()) for one in facts.air)
    return Part(
        Text("Chất lượng không khí", "Air quality"),
        [
            Tile(
                Text("ngày trạm Tốt hoặc Trung bình", "station days Good or Moderate"), Share(good, total), "share", 0,
                note=Text("trên số ngày có chỉ số", "of days with an index"),
            )
        ],
        [
            Table(
                Text("Ngày theo mức VN_AQI", "Days by class of VN_AQI"),
                [
                    Column(Text("Trạm", "Station"), wide=1.6), AREA, *(count(name) for name in facts.air_classes),
                    Column(Text("Ngày có chỉ số", "Days with an index"), "share", digits=0),
                ],
                rows,
                note=Text(
                    "VN_AQI ngày theo Quyết định 1459/QĐ-TCMT: tính lúc hết 24 giờ, khi đủ số liệu bụi PM2.5 hoặc PM10.",
                    "VN_AQI of the day after Decision 1459/QĐ-TCMT: at the end of 24 hours, where PM2.5 or PM10 suffice.",
                ),
            )
        ],
    )  # fmt: skip


def _lamps(matter: Matter, lamps: list[Lamps]) -> Part:
    rows: list[list[Cell | Value]] = [
        [
            matter.area(one.area), one.lamps, Share(one.out, one.told), Share(one.out_readings, one.readings),
            one.metered, one.kwh, one.full_kwh, _saved(one),
        ]
        for one in lamps
    ]  # fmt: skip
    out, told = sum(one.out for one in lamps), sum(one.told for one in lamps)
    metered = [one for one in lamps if one.kwh is not None]
    tiles = [
        Tile(
            Text("đèn tắt cuối kỳ", "lamps out at the end"), Share(out, told), "share", 1,
            note=Text("trên số đèn có báo tình trạng", "of lamps that tell"), over=out > 0,
        ),
        Tile(
            Text("điện năng, kWh", "energy, kWh"), sum(one.kwh or 0.0 for one in metered) if metered else None, digits=0,
            note=Text(
                f"{sum(one.metered for one in lamps)} trên {sum(one.lamps for one in lamps)} đèn có số đo",
                f"{sum(one.metered for one in lamps)} of {sum(one.lamps for one in lamps)} lamps are measured",
            ),
        ),
    ]  # fmt: skip
    return Part(
        Text("Chiếu sáng", "Street lighting"),
        tiles,
        [
            Table(
                Text("Đèn và điện năng theo khu vực", "Lamps and energy by area"),
                [
                    Column(AREA.title, wide=1.2), count(Text("Đèn", "Lamps")), Column(Text("Tắt cuối kỳ", "Out at the end"), "share"),
                    Column(Text("Số đo báo tắt", "Readings that said out"), "share"), count(Text("Đèn có số đo", "Lamps measured")),
                    Column(Text("Điện năng", "Energy"), "number", unit="kWh", digits=1),
                    Column(Text("Cả đêm sáng hết", "All night in full"), "number", unit="kWh", digits=1),
                    Column(Text("Tiết kiệm", "Saved"), "share"),
                ],
                rows,
                note=Text(
                    "Mức so sánh: chính các đèn có số đo, sáng hết công suất từ lúc mặt trời lặn đến lúc mọc. Âm: dùng nhiều hơn thế.",
                    "The baseline: the lamps that are measured, in full light from sunset to sunrise. Negative: they took more.",
                ),
            )
        ],
    )  # fmt: skip


def _saved(one: Lamps) -> Share | None:
    if one.kwh is None or not one.full_kwh:
        return None
    return Share(round(one.full_kwh - one.kwh, 3), round(one.full_kwh, 3))
