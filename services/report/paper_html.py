"""A report as one page of HTML: no font, picture or script from elsewhere; readable when printed. Pure."""
# ruff: noqa: E501  lines of HTML are broken where tags are

from collections.abc import Iterator

from services.observation.event import SEVERITIES
from services.report import phrases
from services.report.paper import (
    Bars,
    Cell,
    Column,
    Lang,
    Note,
    Paper,
    Part,
    Table,
    Tile,
    Value,
    cell_of,
    say,
)
from services.report.style import STYLE
from services.report.words import esc
from services.report.writing import figure, severity, write

_POLICY = (
    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:\">"
)
_PAPER = """
main.paper{max-width:1080px}.paper .tiles{grid-template-columns:repeat(4,1fr)}.paper h1{font-size:28px}.paper h3{font-size:15.5px;margin:20px 0 6px}
.paper .site{letter-spacing:.06em;text-transform:uppercase;font-size:12.5px;font-weight:600;color:var(--soft);margin:0}
.paper h2{margin-top:34px}.paper td{font-size:13.5px}.paper table{border-top:1.5px solid var(--soft)}
.paper .empty{color:var(--soft);margin:4px 0 10px}
.paper .note{margin:8px 0;padding:7px 12px;border-left:4px solid var(--line);background:var(--card)}
.paper .note.gap{border-left-color:var(--advisory)}.paper .note.do{border-left-color:var(--warning);font-weight:500}
.paper .banner{background:var(--emergency);color:#fff;padding:9px 14px;font-weight:700;letter-spacing:.05em;border-radius:6px;margin:0 0 14px}
.paper .tile.over strong{color:var(--warning)}.paper td.w{min-width:170px}
.paper .more{color:var(--soft);font-size:13px;margin:4px 0}
.paper .legend{justify-content:flex-end}.paper svg.bars{width:100%;height:auto}
.paper footer{margin-top:36px;border-top:1px solid var(--line);padding-top:8px;color:var(--soft);font-size:12.5px}
@media (max-width:760px){.paper td.w{min-width:0}.paper .tiles{grid-template-columns:repeat(2,1fr)}}
.paper .signed{display:none}
@media print{.paper .signed{display:grid;grid-template-columns:1fr 1fr;text-align:center;height:30mm;margin-top:24px;break-inside:avoid;font-weight:600}
.paper table{font-size:10px}.paper td,.paper th{padding:3px 6px;font-size:10px}.paper h1{font-size:21px}
.paper h2{font-size:15px;margin-top:18px}.paper h3{font-size:12px}.tile strong{font-size:19px}.tile{padding:7px 10px}
.paper .tiles{grid-template-columns:repeat(4,1fr);gap:8px}thead{display:table-header-group}.scroll{overflow:visible}
.paper th{white-space:normal}.paper td.w{min-width:46mm}.paper td.t{white-space:normal;min-width:17mm}.paper h3{break-after:avoid}
.paper rect.step{stroke:#000;stroke-width:.6}.paper .legend em{background-size:100% 100%;outline:1px solid #000}
.paper rect.advisory,.paper .legend .advisory em{opacity:.2}.paper rect.watch,.paper .legend .watch em{opacity:.45}
.paper rect.warning,.paper .legend .warning em{opacity:.72}@page{size:A4 portrait;margin:14mm 13mm}}
"""
_WIDE = 1.4
_BAR_W, _BAR_H, _LEFT = 1040.0, 150.0, 42.0


def render(paper: Paper, lang: Lang) -> str:
    """HTML of a report in one language; the same report gives the same bytes."""
    title = f"{say(paper.title, lang)} · {say(paper.site, lang)}"
    body = "".join([*_header(paper, lang), *(_part(part, paper, lang) for part in paper.parts)])
    return (
        f'<!doctype html><html lang="{lang}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'{_POLICY}<title>{esc(title)}</title><link rel="icon" href="data:,"><style>{STYLE}{_PAPER}</style></head>'
        f'<body><main class="paper">{body}{_signed(paper, lang)}<footer>{esc(phrases.made(paper, lang))}</footer></main></body></html>\n'
    )


def _header(paper: Paper, lang: Lang) -> Iterator[str]:
    if paper.status != "Actual":
        yield f'<p class="banner">{esc(say(phrases.BANNER[paper.status], lang))}</p>'
    yield f'<header><p class="site">{esc(say(paper.site, lang))}</p><h1>{esc(say(paper.title, lang))}</h1>'
    yield f'<p class="lede">{esc(phrases.spanning(paper, lang))}</p></header>'


def _signed(paper: Paper, lang: Lang) -> str:
    lines = "".join(f"<p>{esc(say(one, lang))}</p>" for one in phrases.signers(paper))
    return f'<div class="signed">{lines}</div>'


def _part(part: Part, paper: Paper, lang: Lang) -> str:
    tiles = "".join(_tile(tile, paper, lang) for tile in part.tiles)
    blocks = "".join(_block(block, paper, lang) for block in part.blocks)
    shown = f'<div class="tiles">{tiles}</div>' if tiles else ""
    return f"<section><h2>{esc(say(part.title, lang))}</h2>{shown}{blocks}</section>"


def _tile(tile: Tile, paper: Paper, lang: Lang) -> str:
    large, below = figure(tile, paper.zone, lang)
    note = f"<span>{esc(below)}</span>" if below else ""
    over = " over" if tile.over else ""
    return f'<div class="tile{over}"><strong>{esc(large)}</strong><em>{esc(say(tile.label, lang))}</em>{note}</div>'


def _block(block: Table | Bars | Note, paper: Paper, lang: Lang) -> str:
    match block:
        case Table():
            return _table(block, paper, lang)
        case Bars():
            return f"<h3>{esc(say(block.name, lang))}</h3>{_bars(block, lang)}"
        case Note():
            return f'<p class="note {block.kind}">{esc(say(block.text, lang))}</p>'


def _table(table: Table, paper: Paper, lang: Lang) -> str:
    name = f"<h3>{esc(say(table.name, lang))}</h3>"
    note = "" if table.note is None else f'<p class="more">{esc(say(table.note, lang))}</p>'
    if not table.rows:
        return f'{name}<p class="empty">{esc(say(table.empty, lang))}</p>{note}'
    columns, shown = table.shown()
    heads = "".join(
        f"<th{_class(column)}>{esc(say(column.title, lang))}{f'<i>{esc(column.unit)}</i>' if column.unit else ''}</th>"
        for column in columns
    )
    rows = "".join(_row(row, columns, paper, lang) for row in shown)
    more = f'<p class="more">{esc(phrases.more(table.more, lang))}</p>' if table.more else ""
    return (
        f'{name}<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'
        f"{more}{note}"
    )


def _class(column: Column) -> str:
    if column.kind in ("number", "share", "span"):
        return ' class="n"'
    return ' class="t"' if column.kind == "time" else ""


def _row(row: list[Cell | Value], columns: list[Column], paper: Paper, lang: Lang) -> str:
    cells = []
    for value, column in zip(row, columns, strict=True):
        cell = cell_of(value, column)
        text = esc(write(cell, paper.zone, lang))
        if cell.kind == "severity" and cell.value in SEVERITIES:
            text = f'<span class="sev {cell.value}"><em></em>{text}</span>'
        kinds = _class(column).removeprefix(' class="').removesuffix('"').split()
        kinds += ["over"] if cell.over else []
        kinds += ["w"] if column.kind == "text" and column.wide >= _WIDE else []
        cells.append(f'<td class="{" ".join(kinds)}">{text}</td>' if kinds else f"<td>{text}</td>")
    return f"<tr>{''.join(cells)}</tr>"


def _bars(bars: Bars, lang: Lang) -> str:
    """Stacked bars; each severity has its colour, and the words stand beside."""
    most = max((sum(column) for column in zip(*bars.series.values(), strict=True)), default=0)
    if not most:
        return f'<p class="empty">{esc(say(phrases.NO_ALERTS, lang))}</p>'
    step = (_BAR_W - _LEFT) / len(bars.labels)
    every = -(-len(bars.labels) // 16)
    parts = [
        (
            f'<svg class="bars" viewBox="0 0 {_BAR_W:.0f} {_BAR_H + 30:.0f}" role="img" '
            f'aria-label="{esc(say(bars.name, lang))}">'
        )
    ]
    for value in dict.fromkeys((0, most)):
        y = 8 + _BAR_H * (1 - value / most)
        parts.append(f'<path class="grid" d="M{_LEFT:.0f},{y:.1f}H{_BAR_W:.0f}"/>')
        parts.append(
            f'<text class="tick" x="{_LEFT - 8:.0f}" y="{y + 4:.1f}" text-anchor="end">{value}</text>'
        )
    for at, label in enumerate(bars.labels):
        x, foot = _LEFT + at * step, 8 + _BAR_H
        for word, counts in bars.series.items():
            tall = counts[at] / most * _BAR_H
            if tall:
                foot -= tall
                parts.append(
                    f'<rect class="step {word}" x="{x + step * 0.15:.1f}" y="{foot:.1f}" '
                    f'width="{step * 0.7:.1f}" height="{tall:.1f}"/>'
                )
        if at % every == 0:
            parts.append(
                f'<text class="tick" x="{x + step / 2:.1f}" y="{_BAR_H + 25:.1f}" text-anchor="middle">{esc(label)}</text>'
            )
    words = "".join(
        f'<span class="sev {word}"><em></em>{esc(severity(word, lang))}</span>' for word in bars.series
    )
    return f'<figure>{"".join(parts)}</svg><div class="legend">{words}</div></figure>'
