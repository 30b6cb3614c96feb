"""The page itself: everything in one file, no font, picture or script from elsewhere."""
# ruff: noqa: E501  lines of HTML are broken where tags are

from collections.abc import Iterator

from services.observation.text import Text
from services.report import method, tables
from services.report.axes import clock, duration
from services.report.chart import LEFT, PLOT_W, WIDTH, caption, draw, spark, time_axis, x_of
from services.report.model import Chart, Report, Told
from services.report.style import SCRIPT, STYLE
from services.report.words import UNITS, badge, both, esc, head

_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">"
)
_ROWS = 40
_LISTED = 300
_LABEL = 33
"""Letters that fit beside a picture."""


def render(report: Report) -> str:
    """HTML of a report; the same report gives the same bytes."""
    title = f"{report.site.vi}: kiểm nghiệm cảnh báo / alert backtest"
    data = (
        f'data-first="{report.first // 1000}" data-last="{report.last // 1000}" data-left="{LEFT}" '
        f'data-width="{PLOT_W}" data-zone="{esc(report.zone)}"'
    )
    return "".join([
        '<!doctype html><html lang="vi"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        _POLICY,
        f'<title>{esc(title)}</title><link rel="icon" href="data:,"><style>{STYLE}</style></head>',
        f"<body {data}><main>",
        *_header(report), *_scores(report), *_load(report), *_overview(report), *_against(report),
        *_charts(report), *_alerts(report), *_others(report), *_method(report),
        f"</main><script>{SCRIPT}</script></body></html>\n",
    ])  # fmt: skip


def _header(report: Report) -> Iterator[str]:
    span = duration((report.last - report.first) / 1e6)
    yield (
        f'<header><h1><span lang="vi">{esc(report.site.vi)}: kiểm nghiệm cảnh báo</span> '
        f'<small lang="en">{esc(report.site.en)}: alert backtest</small></h1>'
    )
    strikes = f", <b>{report.strikes:,}</b> tia sét <i>strikes</i>" if report.strikes else ""
    yield (
        f'<p class="lede"><b>{clock(report.first, report.zone)} – {clock(report.last, report.zone)}</b> '
        f"({esc(report.zone)}), {span.vi} <i>{span.en}</i> · <b>{report.readings:,}</b> số đo <i>readings</i>, "
        f"<b>{report.sensors}</b> cảm biến <i>sensors</i>{strikes}</p>"
    )
    if report.about:
        yield f'<p class="lede">{esc(report.about)}</p>'
    yield f'</header><div class="tiles">{"".join(_tiles(report))}</div>'


def _tiles(report: Report) -> Iterator[str]:
    load = report.load
    yield _tile(f"{load.alerts:,}", "cảnh báo", "alerts")
    rate = "–" if load.per_day is None else f"{load.per_day:.2f}"
    yield _tile(rate, "mỗi ngày; chịu được 144", "a day; 144 can be borne")
    found = [one for by in report.scores.values() for one in by.values()]
    if found:
        hits, misses, false = (sum(getattr(x, n) for x in found) for n in ("hits", "misses", "false_alarms"))
        yield _tile(f"{hits} / {hits + misses}", "sự kiện được báo, mọi mức", "events told, all severities")
        yield _tile(str(false), "báo sai, mọi mức", "false alarms, all severities")
        leads = [s for one in found for s in one.lead_s]
        if leads:
            late = sum(s < 0 for s in leads)
            yield _tile(f"{late} / {len(leads)}", "báo muộn hơn sự kiện", "told later than the event began")
    elif report.truths is None:
        yield _tile("–", "không có dữ liệu sự thật để chấm điểm", "no truth given, so no scores")
    if report.bare is not None:
        yield _tile(f"{report.bare[1].alerts:,}", "nếu chỉ so ngưỡng trần", "by bare thresholds")


def _tile(figure: str, vi: str, en: str) -> str:
    return (
        f'<div class="tile"><strong>{figure}</strong><em lang="vi">{vi}</em><span lang="en">{en}</span></div>'
    )


def _scores(report: Report) -> Iterator[str]:
    table = tables.scores(report) + tables.lightning(report)
    if table:
        yield f"{head(2, 'Điểm số', 'Scores')}{table}"


def _load(report: Report) -> Iterator[str]:
    yield f"{head(2, 'Tải cảnh báo', 'Load')}{tables.load(report)}"


def _against(report: Report) -> Iterator[str]:
    if report.against is not None:
        name, _, _, found = report.against
        yield head(2, "So với bộ quy tắc khác", "Against other rules")
        yield tables.against(name, found, report.zone)


def _overview(report: Report) -> Iterator[str]:
    """All alerts over time, one line per rule and place."""
    rows: dict[str, list[Told]] = {}
    for one in report.told:
        rows.setdefault(f"{one.where} · {one.rule}", []).append(one)
    if not rows:
        return
    shown = sorted(rows.items(), key=lambda row: row[1][0].start)[:_ROWS]
    tall = 18
    height = len(shown) * tall + 34
    parts = [f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="alerts over time">']
    for at, (name, found) in enumerate(shown):
        y = 6 + at * tall
        spans = "".join(
            f'<rect class="step {band.severity}{" blind" if band.blind else ""}" x="{x:.2f}" y="0" '
            f'width="{max(x_of(band.end, report.first, report.last) - x, 1.5):.2f}" height="100"/>'
            for one in found
            for band in one.bands
            for x in [x_of(band.start, report.first, report.last)]
        )
        parts.append(
            f'<svg class="x" x="{LEFT}" y="{y}" width="{PLOT_W}" height="{tall - 6}" viewBox="0 0 1000 100" '
            f'preserveAspectRatio="none"><path class="base" d="M0,100h1000"/>{spans}</svg>'
            f'<text class="lane" x="{LEFT + PLOT_W + 8}" y="{y + 10}">{esc(_short(name))}</text>'
        )
    parts += [*time_axis(report.first, report.last, report.zone, height - 24), "</svg>"]
    left = f"<p class=lede>… {len(rows) - _ROWS} dòng nữa <i>more</i></p>" if len(rows) > _ROWS else ""
    yield f"{head(2, 'Diễn biến cảnh báo', 'Alerts over time')}{_legend()}"
    yield f'<figure><div class="scroll">{"".join(parts)}</div>{left}</figure>'


def _short(name: str) -> str:
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"


def _legend() -> str:
    words = "".join(badge(word) for word in ("advisory", "watch", "warning", "emergency"))
    keys = (
        ("truth", "sự thật", "truth"), ("line", "số đo", "readings"), ("level", "ngưỡng", "threshold"),
        ("suspect", "nghi ngờ", "suspect"), ("fail", "bị loại", "failed"), ("hole", "không có số đo", "no readings"),
    )  # fmt: skip
    shown = "".join(f'<span><span class="key {k}"></span>{vi} <i>{en}</i></span>' for k, vi, en in keys)
    zoom = (
        '<span class="zoom">kéo trên hình để phóng to, nháy đúp để trở lại <i>drag on a picture to zoom, '
        "double-click to go back</i> <button type=button>↺</button></span>"
    )
    return f'<div class="legend">{words}{shown}{zoom}</div>'


def _charts(report: Report) -> Iterator[str]:
    if not report.charts:
        return
    yield head(2, "Số đo và cảnh báo", "Series and alerts")
    if not report.told:
        yield _legend()
    for chart in report.charts:
        yield (
            f"<figure><figcaption><h3>{_title(chart)}</h3><p>{caption(chart)}</p></figcaption>"
            f'<div class="scroll">{draw(chart, report.first, report.last, report.zone)}</div></figure>'
        )


def _title(chart: Chart) -> str:
    unit = "" if chart.unit == "1" else f", {esc(UNITS.get(chart.unit, chart.unit))}"
    name = Text(f"{chart.name.vi} – {chart.what.vi}", f"{chart.name.en} – {chart.what.en}")
    return f"{both(name)}{unit} <code>{esc(chart.sensor)}</code>"


def _alerts(report: Report) -> Iterator[str]:
    if not report.told:
        return
    yield head(2, "Danh sách cảnh báo", "The alerts")
    rows = []
    for one in report.told[:_LISTED]:
        end = "…" if one.end is None else clock(one.end, report.zone)
        lasted = "" if one.end is None else duration((one.end - one.start) / 1e6).vi
        rows.append(
            f'<tr><td class="t">{clock(one.start, report.zone)}</td><td class="t">{end}<i> {lasted}</i></td>'
            f"<td>{badge(one.severity)}</td><td>{esc(one.where)}<br><code>{esc(one.rule)}</code></td>"
            f'<td class="why"><span lang="vi">{esc(one.reason.vi)}</span><i lang="en">{esc(one.reason.en)}</i></td></tr>'
        )
    heads = (("Bắt đầu", "start"), ("Kết thúc", "end"), ("Mức cao nhất", "highest"), ("Nơi, quy tắc", "where, rule"),
             ("Vì sao ở mức ấy", "why at that severity"))  # fmt: skip
    cells = "".join(f'<th>{vi}<i lang="en">{en}</i></th>' for vi, en in heads)
    yield (
        f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    )
    if len(report.told) > _LISTED:
        yield f"<p class=lede>… {len(report.told) - _LISTED:,} cảnh báo nữa trong <i>more in</i> <code>--json</code></p>"


def _others(report: Report) -> Iterator[str]:
    if not report.others:
        return
    yield head(2, "Các cảm biến khác", "Other sensors")
    rows = []
    for chart in report.others:
        doubtful = int((chart.flag >= 3).sum())  # noqa: PLR2004  SUSPECT and worse
        rows.append(
            f"<tr><td><code>{esc(chart.sensor)}</code></td><td>{both(chart.name)}</td><td>{both(chart.what)}</td>"
            f'<td class="n">{len(chart.time):,}</td><td class="n">{doubtful:,}</td>'
            f"<td>{spark(chart, report.first, report.last)}</td></tr>"
        )
    heads = ("Cảm biến <i>sensor</i>", "Trạm <i>station</i>", "Đại lượng <i>property</i>", "Số đo <i>readings</i>",
             "Nghi ngờ, bị loại <i>doubtful</i>", "")  # fmt: skip
    cells = "".join(f"<th>{text}</th>" for text in heads)
    yield f'<div class="scroll"><table><thead><tr>{cells}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'


def _method(report: Report) -> Iterator[str]:
    yield head(2, "Phương pháp và nguồn dữ liệu", "Method and data")
    texts = [method.BASE, *((method.SCORES,) if report.scores else ()), method.LOAD, method.PICTURES]
    paragraphs = "".join(f'<p lang="vi">{one.vi}</p><p lang="en"><i>{one.en}</i></p>' for one in texts)
    yield f'<div class="method">{paragraphs}</div>'
    files = "".join(
        f'<tr><td><code>{esc(one.name)}</code></td><td class="n">{one.size:,} B</td><td><code>{one.digest}</code></td></tr>'
        for one in report.sources
    )
    yield (
        f'<div class="scroll"><table><thead><tr><th>Tệp <i>file</i></th><th class="n">Cỡ <i>size</i></th>'
        f"<th>SHA-256</th></tr></thead><tbody>{files}</tbody></table></div>"
    )
    if report.left_out:
        left = "; ".join(f"{esc(why)} ({count:,})" for why, count in list(report.left_out.items())[:20])
        yield f'<p class="lede">Bỏ qua <i>left out</i>: {left}</p>'
    rules = "".join(
        f"<tr><td><code>{esc(one.id)}</code></td><td>{esc(one.hazard)}</td><td>{esc(one.status)}</td>"
        f"<td>{esc(one.source)}</td></tr>"
        for one in report.rules
    )
    yield (
        "<details><summary>Quy tắc có cảm biến trong dữ liệu <i>rules with a sensor in the recording</i> "
        f"({len(report.rules)})</summary><div class=scroll><table><thead><tr><th>Quy tắc <i>rule</i></th>"
        "<th>Thiên tai <i>hazard</i></th><th>Căn cứ <i>status</i></th><th>Nguồn <i>source</i></th></tr></thead>"
        f"<tbody>{rules}</tbody></table></div></details>"
        f'<p class="lede">Cấu hình <i>site version</i> <code>{esc(report.version)}</code></p>'
    )
