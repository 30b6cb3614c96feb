"""Tables: scores with how sure they are, load beside its limits, what other rules would change.

Over 250 lines: four tables that must look alike.
"""
# ruff: noqa: E501  lines of HTML are broken where tags are

from collections.abc import Iterator
from statistics import median

from services.alerts.scoring.against import Differences, Pair, Single
from services.alerts.scoring.intervals import Interval, Rare
from services.alerts.scoring.load import BEARABLE_PER_HOUR, SPLIT, Load
from services.alerts.scoring.score import Score
from services.report.axes import clock, duration
from services.report.model import Report, Scores
from services.report.words import badge, both, esc

_MOST = 60


def named(report: Report, hazard: str) -> str:
    """A hazard for people; its token where no name is known."""
    text = report.hazards.get(hazard)
    return esc(hazard) if text is None else both(text)


def _head(*columns: tuple[str, str]) -> str:
    cells = "".join(
        f'<th{"" if at < 2 else " class=n"}>{esc(vi)}<i lang="en">{esc(en)}</i></th>'  # noqa: PLR2004
        for at, (vi, en) in enumerate(columns)
    )
    return f"<thead><tr>{cells}</tr></thead>"


def scores(report: Report) -> str:
    """Scores by hazard and severity; bare thresholds and other rules below each."""
    others: list[tuple[str, Scores]] = []
    if report.bare is not None:
        others.append(("ngưỡng trần <i>bare threshold</i>", report.bare[0]))
    if report.against is not None:
        others.append((f"{esc(report.against[0])}", report.against[1]))
    rows = []
    hazards = sorted({*report.scores, *(h for _, them in others for h in them)})
    for hazard in hazards:
        ours = report.scores.get(hazard, {})
        words = dict.fromkeys([*ours, *(w for _, them in others for w in them.get(hazard, {}))])
        for severity in words:
            first = f"<td>{named(report, hazard)}</td><td>{badge(severity)}</td>"
            if severity in ours:
                rows.append(f"<tr>{first}{_score(ours[severity])}</tr>")
            for name, them in others:
                one = them.get(hazard, {}).get(severity)
                if one is not None:
                    which = "" if severity in ours else f"{badge(severity)} "
                    rows.append(f'<tr class="other"><td></td><td>{which}{name}</td>{_score(one)}</tr>')
    if not rows:
        return ""
    head = _head(
        ("Thiên tai", "hazard"), ("Mức", "severity"), ("Đúng", "hits"), ("Sót", "misses"), ("Sai", "false"),
        ("Tỷ lệ bắt được", "POD [95 %]"), ("Tỷ lệ báo sai", "FAR [95 %]"), ("Chỉ số CSI", "CSI [95 %]"),
        ("Báo trước, trung vị", "lead, median"), ("p10 … p90", "p10 … p90"),
    )  # fmt: skip
    return (
        f'<div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>{_rare_table(report)}'
    )


def _score(one: Score) -> str:
    found = one.leads
    lead = spread = "–"
    if found is not None and found.median is not None:
        lead = f"{_minutes(found.median)}<i>{_sure_lead(found.n, found.median_95)}</i>"
        if found.p10 is not None and found.p90 is not None:
            late = f"<i>muộn / late {found.late:.0%}</i>" if found.late else ""
            spread = f"{_minutes(found.p10)} … {_minutes(found.p90)}{late}"
    cells = [
        str(one.hits), str(one.misses), str(one.false_alarms), _ratio(one.pod, one.pod_95),
        _ratio(one.far, one.far_95), _ratio(one.csi, one.csi_95), lead, spread,
    ]  # fmt: skip
    return "".join(f'<td class="n">{cell}</td>' for cell in cells)


def _minutes(seconds: float) -> str:
    if abs(seconds) < 30:  # noqa: PLR2004
        return "0 min"
    return f"{seconds / 60:+,.0f} min" if abs(seconds) < 3 * 3600 else f"{seconds / 3600:+,.0f} h"


def _sure_lead(n: int, interval: Interval | None) -> str:
    if interval is None:
        return f"n = {n}: quá ít / too few"
    return f"n = {n} [{_minutes(interval[0])}, {_minutes(interval[1])}]"


def _ratio(value: float | None, sure: Interval | None) -> str:
    if value is None or sure is None:
        return "–"
    return f"<b>{value:.2f}</b><i>{sure[0]:.2f} – {sure[1]:.2f}</i>"


def _rare_table(report: Report) -> str:
    """The WMO's scores for rare events, where correct negatives are known."""
    rows = []
    for hazard, by in report.scores.items():
        for severity, one in by.items():
            if one.rare is not None:
                cells = "".join(f'<td class="n">{cell}</td>' for cell in _rare(one.rare, one.bias))
                rows.append(f"<tr><td>{named(report, hazard)}</td><td>{badge(severity)}</td>{cells}</tr>")
    if not rows:
        return ""
    names = ("Z", "FB", "PC", "POFD", "PSS", "ETS", "HSS", "EDI")
    head = _head(("Thiên tai", "hazard"), ("Mức", "severity"), *((name, "") for name in names))
    return (
        "<details><summary>Điểm số WMO cho hiện tượng hiếm <i>WMO scores of rare events</i></summary>"
        f'<div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div></details>'
    )


def _rare(one: Rare, bias: float | None) -> Iterator[str]:
    yield f"{one.correct_negatives:,}"
    for value in (bias, one.pc, one.pofd, one.pss, one.ets, one.hss, one.edi):
        yield "–" if value is None else f"{value:.3f}"


def lightning(report: Report) -> str:
    """Warnings of lightning by place, in the terms of IEC 62793."""
    rows = []
    for place, one in report.lightning.items():
        lead, dwell = (f"{median(v) / 60:.0f} min" if v else "–" for v in (one.lead_s, one.dwell_s))
        share = "–" if one.tiw_share is None else f"{one.tiw_share:.1%}"
        ratios = ("–" if x is None else f"<b>{x:.2f}</b>" for x in (one.pod, one.far))
        cells = (
            one.strikes,
            one.ea,
            one.fa,
            one.ftw,
            *ratios,
            lead,
            dwell,
            f"{one.tiw_s / 60:,.0f} min<i>{share}</i>",
        )
        rows.append(
            f"<tr><td>{esc(place)}</td><td></td>{''.join(f'<td class=n>{c}</td>' for c in cells)}</tr>"
        )
    if not rows:
        return ""
    head = _head(
        ("Nơi", "place"), ("", ""), ("Sét trong 10 km", "strikes in 10 km"), ("Hiệu quả", "EA"), ("Báo sai", "FA"),
        ("Không báo", "FTW"), ("POD", ""), ("FAR", ""), ("Báo trước", "lead"), ("Kéo dài thêm", "dwell"),
        ("Tổng thời gian báo", "TIW"),
    )  # fmt: skip
    title = "<h3>Cảnh báo sét <small>warnings of lightning, IEC 62793</small></h3>"
    return f'{title}<div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'


def load(report: Report) -> str:
    """What the alerts ask of the person on duty."""
    others = []
    if report.bare is not None:
        others.append(("Ngưỡng trần", "bare threshold", report.bare[1]))
    if report.against is not None:
        others.append((report.against[0], "", report.against[2]))
    head = _head(
        ("Tải cho người trực", "load on the operator"), ("", ""), ("Quy tắc này", "these rules"),
        *((vi, en) for vi, en, _ in others), ("Giới hạn", "limit"),
    )  # fmt: skip
    rows = []
    loads = [report.load, *(one for _, _, one in others)]
    for (vi, en, *_), values, limit in zip(
        _LOAD, zip(*map(_figures, loads), strict=True), _limits(), strict=True
    ):
        cells = "".join(f'<td class="n{" over" if over else ""}">{text}</td>' for text, over in values)
        rows.append(
            f'<tr><td>{esc(vi)} <i lang="en">{esc(en)}</i></td><td></td>{cells}<td class="n">{limit}</td></tr>'
        )
    return (
        f'<div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>{_actors(report.load)}'
    )


_LOAD = (
    ("Số cảnh báo", "alerts"),
    ("Cảnh báo mỗi ngày", "alerts per day"),
    ("Lần báo mỗi giờ trực", "annunciations per operator-hour"),
    ("Nhiều nhất trong 10 phút", "most in 10 minutes"),
    ("Đợt cảnh báo dồn dập (> 10 trong 10 phút)", "floods of alarms (> 10 in 10 min)"),
    ("Thời gian dồn dập", "time in them"),
    ("Chập chờn (≥ 3 trong 1 phút)", "chattering (≥ 3 in 1 min)"),
    ("Báo lại trong 15 phút", "raised again within 15 min"),
    ("Treo quá 24 giờ", "stale (> 24 h)"),
    ("Thấp – vừa – cao, %", "low – medium – high, %"),
)


def _limits() -> tuple[str, ...]:
    split = " – ".join(f"{x * 100:.0f}" for x in SPLIT.values())
    return (
        "",
        f"{BEARABLE_PER_HOUR * 24:.0f}",
        f"{BEARABLE_PER_HOUR:.0f}",
        "10",
        "0",
        "1 %",
        "0",
        "",
        "",
        split,
    )


def _figures(one: Load) -> list[tuple[str, bool]]:
    """Text of each line, and whether it is beyond its limit."""
    day, hour, share = one.per_day, one.per_operator_hour, one.flood_share
    split = " – ".join(f"{one.split[name] * 100:.0f}" for name in SPLIT) if one.split else "–"
    return [
        (f"{one.alerts:,}", False),
        ("–" if day is None else f"{day:.2f}", day is not None and day > BEARABLE_PER_HOUR * 24),
        ("–" if hour is None else f"{hour:.2f}", hour is not None and hour > BEARABLE_PER_HOUR),
        (str(one.most_in_10_min), one.most_in_10_min > 10),  # noqa: PLR2004
        (str(one.floods), one.floods > 0),
        ("–" if share is None else f"{share * 100:.1f} %", share is not None and share > 0.01),  # noqa: PLR2004
        (str(len(one.chattering)), bool(one.chattering)),
        (str(one.again), False),
        (str(one.stale), False),
        (split, False),
    ]


def _actors(one: Load) -> str:
    if not one.actors or one.alerts < 5:  # noqa: PLR2004  of four, every one is a fifth
        return ""
    named = ", ".join(f"<code>{esc(name)}</code> {share:.0%}" for name, share in one.actors.items())
    return f'<p class="lede">Nhiều nhất <i lang="en">most frequent</i>: {named}</p>'


def against(name: str, found: Differences, zone: str) -> str:
    """What other rules would have changed, alert by alert."""
    head = _head(
        ("", ""), ("Bắt đầu", "start"), ("Nơi", "where"), ("Mức", "severity"), ("Quy tắc", "rule"), ("Khác gì", "change"),
    ).replace(" class=n", "")  # fmt: skip
    rows = [
        *(_single(one, "−", "minus", "chỉ bộ quy tắc này <i>only by these rules</i>", zone) for one in found.only_here[:_MOST]),
        *(_single(one, "+", "plus", "chỉ bộ quy tắc kia <i>only by the others</i>", zone) for one in found.only_there[:_MOST]),
        *(_single(pair.here, "~", "", "; ".join(_changes(pair)), zone) for pair in found.changed[:_MOST]),
    ]  # fmt: skip
    counts = (
        f'<p class="lede"><code>{esc(name)}</code>: <b>{found.same}</b> như nhau <i>the same</i>, '
        f"<b>{len(found.changed)}</b> khác <i>changed</i>, <b>{len(found.only_here)}</b> chỉ bộ này "
        f"<i>only here</i>, <b>{len(found.only_there)}</b> chỉ bộ kia <i>only there</i></p>"
    )
    if not rows:
        return counts
    return f'{counts}<div class="scroll"><table>{head}<tbody>{"".join(rows)}</tbody></table></div>'


def _single(one: Single, sign: str, kind: str, text: str, zone: str) -> str:
    return (
        f'<tr><td class="{kind}">{sign}</td><td class="t">{clock(one.start, zone)}</td>'
        f"<td>{esc(one.sensor or one.area)}</td><td>{badge(one.severity)}</td><td><code>{esc(one.rule)}</code></td>"
        f"<td>{text}</td></tr>"
    )


def _changes(pair: Pair) -> Iterator[str]:
    moved = {word: s for word, s in pair.by_severity.items() if s}
    if not moved and pair.earlier_s:
        moved = {pair.there.severity: pair.earlier_s}
    for word, seconds in moved.items():
        span = duration(seconds)
        vi, en = ("sớm hơn", "earlier") if seconds > 0 else ("muộn hơn", "later")
        yield f"{badge(word)} {span.vi} {vi} <i>{span.en} {en}</i>"
    if pair.here.severity != pair.there.severity:
        yield f"đạt <i>reaches</i> {badge(pair.there.severity)}"
    if pair.longer_s:
        span = duration(pair.longer_s)
        vi, en = ("lâu hơn", "longer") if pair.longer_s > 0 else ("ngắn hơn", "shorter")
        yield f"{span.vi} {vi} <i>{span.en} {en}</i>"
