"""One sensor as a picture: series, thresholds, alerts, truth, doubtful readings, gaps. Pure; SVG as text.

What is drawn over time stands in an inner picture of 1000 × 100 that is stretched to its place
(`preserveAspectRatio="none"`, strokes keep their width), so that the page can zoom into all of them by moving
one number. Labels stand outside of it and are not stretched.

Severity is told by colour, by the height of its step in the lane below, and by words. A doubtful reading is a
ring, one that failed a square: shapes, not only colours.

Over 250 lines: the layers of one picture, which share its scales.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from services.observation.event import SEVERITIES
from services.observation.flags import Flag
from services.report.axes import duration, instants, number, values
from services.report.decimate import gaps, pieces
from services.report.model import Band, Chart, Threshold, Truth
from services.report.words import SEVERITY, esc

WIDTH, LEFT, RIGHT = 1240, 58, 222
PLOT_W, PLOT_H = WIDTH - LEFT - RIGHT, 170
LANE, LANE_GAP = 22, 4
COLUMNS = 900
MARKS = 400
"""So many doubtful readings are marked; of more, every n-th, and the caption says how many there are."""
_TOP = 10
_THIN_GAPS = 0.002
"""Gaps narrower than this share of the picture break the line and get no shade."""
_APART = 13.0
"""Labels at the right are at least so far apart."""


def draw(chart: Chart, first: int, last: int, zone: str) -> str:
    """A figure: caption, picture, legend line for readers who cannot see it."""
    low, high = _range(chart)
    lanes = (["told"] if chart.bands else []) + (["truth"] if chart.truths else [])
    height = _TOP + PLOT_H + len(lanes) * (LANE + LANE_GAP) + 26
    inner = "".join([
        *_shades(chart, first, last), *_behind(chart, first, last), *_levels(chart.thresholds, low, high),
        *_lines(chart, first, last, low, high), *_marks(chart, first, last, low, high),
    ])  # fmt: skip
    parts = [
        f'<svg class="chart" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{esc(_aria(chart))}">',
        *_grid(low, high),
        _stretch("plot", _TOP, PLOT_H, inner),
        f'<rect class="frame" x="{LEFT}" y="{_TOP}" width="{PLOT_W}" height="{PLOT_H}"/>',
        *_names(chart, low, high),
    ]
    y = _TOP + PLOT_H + LANE_GAP
    for lane in lanes:
        spans = chart.bands if lane == "told" else chart.truths
        parts += [_stretch("lane", y, LANE, _lane(spans, first, last, lane)), _lane_name(lane, y)]
        y += LANE + LANE_GAP
    parts += [*time_axis(first, last, zone, y + 4), "</svg>"]
    return "".join(parts)


def _stretch(kind: str, y: float, height: float, inner: str) -> str:
    return (
        f'<svg class="x {kind}" x="{LEFT}" y="{y}" width="{PLOT_W}" height="{height}" viewBox="0 0 1000 100" '
        f'preserveAspectRatio="none">{inner}</svg>'
    )


def _range(chart: Chart) -> tuple[float, float]:
    """Lowest and highest value of the picture: readings that were believed, thresholds near them."""
    believed = chart.value[(chart.flag < Flag.FAIL) & np.isfinite(chart.value)]
    shown = believed if len(believed) else chart.value[np.isfinite(chart.value)]
    low, high = (float(shown.min()), float(shown.max())) if len(shown) else (0.0, 1.0)
    reach = max(high - low, abs(high) * 0.05, 1e-9)
    near = [one.value for one in chart.thresholds if low - reach * 0.6 <= one.value <= high + reach * 0.6]
    low, high = min([low, *near]), max([high, *near])
    room = max(high - low, abs(high) * 0.02, 1e-9) * 0.06
    bottom = 0.0 if 0 <= low < (high - low) * 0.2 else low - room
    return bottom, high + room


def x_of(at: int, first: int, last: int) -> float:
    """An instant on the 1000 of an inner picture."""
    return (min(max(at, first), last) - first) / max(last - first, 1) * 1000


def _y(value: float, low: float, high: float) -> float:
    return (high - min(max(value, low), high)) / (high - low) * 100


def _lines(chart: Chart, first: int, last: int, low: float, high: float) -> Iterator[str]:
    plotted = chart.flag < Flag.FAIL
    if chart.momentary:
        yield _dots(chart, first, last, low, high)
        return
    for line in pieces(chart.time[plotted], chart.value[plotted], first, last, COLUMNS, chart.gap):
        xs = ((line.time - first) / max(last - first, 1) * 1000).tolist()
        ys = ((high - np.clip(line.value, low, high)) / (high - low) * 100).tolist()
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))
        yield f'<path class="line" d="M{points}{"h0" if len(xs) == 1 else ""}"/>'


def _dots(chart: Chart, first: int, last: int, low: float, high: float) -> str:
    """A stem for each instant, thinned like a line."""
    foot = _y(low, low, high)
    kept = [
        (x_of(t, first, last), _y(v, low, high))
        for line in pieces(chart.time, chart.value, first, last, COLUMNS, 1 << 61)
        for t, v in zip(line.time.tolist(), line.value.tolist(), strict=True)
    ]
    stems = "".join(f"M{x:.1f},{foot:.0f}V{y:.1f}" for x, y in kept)
    dots = "".join(f"M{x:.1f},{y:.1f}h0" for x, y in kept)
    return f'<path class="line stem" d="{stems}"/><path class="mark dot" d="{dots}"/>'


def _marks(chart: Chart, first: int, last: int, low: float, high: float) -> Iterator[str]:
    """Zero-length strokes: their caps are drawn round or square in any stretch."""
    for flag, kind in () if chart.momentary else ((Flag.SUSPECT, "suspect"), (Flag.FAIL, "fail")):
        at = np.flatnonzero((chart.flag == flag) & np.isfinite(chart.value))
        if len(at):
            at = at[:: -(-len(at) // MARKS)]
            dots = "".join(
                f"M{x_of(t, first, last):.1f},{_y(v, low, high):.1f}h0"
                for t, v in zip(chart.time[at].tolist(), chart.value[at].tolist(), strict=True)
            )
            yield f'<path class="mark {kind}" d="{dots}"/>'
            if kind == "suspect":
                yield f'<path class="mark hole" d="{dots}"/>'


def _shades(chart: Chart, first: int, last: int) -> Iterator[str]:
    heard = chart.time[chart.flag < Flag.MISSING]
    for start, end in gaps(heard, first, last, chart.gap) if not chart.momentary else ():
        x, width = x_of(start, first, last), x_of(end, first, last) - x_of(start, first, last)
        if width >= 1000 * _THIN_GAPS:
            yield f'<rect class="gap" x="{x:.1f}" y="0" width="{width:.1f}" height="100"/>'


def _behind(chart: Chart, first: int, last: int) -> Iterator[str]:
    for band in chart.bands:
        x, width = _span(band.start, band.end, first, last)
        yield f'<rect class="band {band.severity}" x="{x:.1f}" y="0" width="{width:.1f}" height="100"/>'


def _span(start: int, end: int, first: int, last: int) -> tuple[float, float]:
    x = x_of(start, first, last)
    return x, max(x_of(end, first, last) - x, 1.0)


def _lane(spans: Iterable[Band | Truth], first: int, last: int, lane: str) -> str:
    """A staircase: the higher the severity, the taller its step."""
    found = []
    for one in sorted(spans, key=lambda s: SEVERITIES.index(s.severity)):
        x, width = _span(one.start, one.end, first, last)
        tall = (SEVERITIES.index(one.severity) + 1) * 25
        blind = " blind" if isinstance(one, Band) and one.blind else ""
        found.append(
            f'<rect class="step {lane} {one.severity}{blind}" x="{x:.1f}" y="{100 - tall}" '
            f'width="{width:.1f}" height="{tall}"/>'
        )
    return f'<path class="base" d="M0,100h1000"/>{"".join(found)}'


def _lane_name(lane: str, y: float) -> str:
    vi, en = ("cảnh báo", "alerts") if lane == "told" else ("sự thật", "truth")
    return (
        f'<text class="lane" x="{LEFT + PLOT_W + 8}" y="{y + LANE / 2 + 4:.0f}">{vi}'
        f'<tspan class="en"> {en}</tspan></text>'
    )


def _levels(thresholds: Sequence[Threshold], low: float, high: float) -> Iterator[str]:
    for one in thresholds:
        if low <= one.value <= high:
            y = _y(one.value, low, high)
            yield f'<path class="level {one.severity}" d="M0,{y:.1f}h1000"/>'


def _names(chart: Chart, low: float, high: float) -> Iterator[str]:
    """Names of thresholds at the right, apart from each other; those out of sight are told with an arrow."""
    inside = sorted((t for t in chart.thresholds if low <= t.value <= high), key=lambda t: -t.value)
    above = sorted((t for t in chart.thresholds if t.value > high), key=lambda t: t.value)
    below = sorted((t for t in chart.thresholds if t.value < low), key=lambda t: -t.value)
    shown = [*((t, 0.0, "↑ ") for t in above[:1]), *((t, _y(t.value, low, high), "") for t in inside),
             *((t, 100.0, "↓ ") for t in below[:1])]  # fmt: skip
    places: list[float] = []
    for _, at, _ in shown:
        y = _TOP + at / 100 * PLOT_H + 4
        places.append(max(y, places[-1] + _APART) if places else max(y, _TOP + 9.0))
    over = places[-1] - (_TOP + PLOT_H + 2) if places else 0.0
    for back in range(len(places) - 1, -1, -1):  # what ran out at the bottom moves up
        if over > 0:
            room = places[back + 1] - _APART if back + 1 < len(places) else _TOP + PLOT_H + 2
            places[back] = min(places[back], room)
    for (one, _, arrow), y in zip(shown, places, strict=True):
        word = SEVERITY[one.severity]
        yield (
            f'<text class="name {one.severity}" x="{LEFT + PLOT_W + 8}" y="{y:.0f}">{arrow}{esc(word.vi)} '
            f'{number(one.value)}<tspan class="en"> {esc(word.en)}</tspan></text>'
        )


def _grid(low: float, high: float) -> Iterator[str]:
    for value in values(low, high):
        y = _TOP + _y(value, low, high) / 100 * PLOT_H
        yield f'<path class="grid" d="M{LEFT},{y:.1f}h{PLOT_W}"/>'
        yield f'<text class="tick" x="{LEFT - 7}" y="{y + 4:.1f}" text-anchor="end">{number(value)}</text>'


def time_axis(first: int, last: int, zone: str, y: float) -> Iterator[str]:
    """Labels of time under a picture; the page's script rewrites them when it zooms."""
    yield f'<g class="time" data-y="{y:.0f}">'
    for at, label in instants(first, last, zone):
        x = LEFT + x_of(at, first, last) / 1000 * PLOT_W
        yield f'<path class="grid" d="M{x:.1f},{y - 4:.0f}v5"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{y + 13:.0f}" text-anchor="middle">{label}</text>'
    yield "</g>"


def _aria(chart: Chart) -> str:
    good = chart.value[np.isfinite(chart.value)]
    span = f"{number(float(good.min()))} … {number(float(good.max()))} {chart.unit}" if len(good) else "–"
    return f"{chart.name.vi} / {chart.name.en}: {span}; {chart.alerts} cảnh báo / alerts"


def caption(chart: Chart) -> str:
    """What is in the picture, in words."""
    suspect, failed = (int((chart.flag == flag).sum()) for flag in (Flag.SUSPECT, Flag.FAIL))
    heard = chart.time[chart.flag < Flag.MISSING]
    holes = gaps(heard, int(heard[0]), int(heard[-1]), chart.gap) if len(heard) else []
    parts = [f"{len(chart.time):,} số đo <i>readings</i>"]
    if suspect:
        parts.append(f'<span class="key suspect"></span>{suspect:,} nghi ngờ <i>suspect</i>')
    if failed:
        parts.append(f'<span class="key fail"></span>{failed:,} bị loại <i>failed</i>')
    if holes and not chart.momentary:
        longest = duration(max(end - start for start, end in holes) / 1e6)
        parts.append(
            f'<span class="key hole"></span>{len(holes)} khoảng trống, dài nhất {longest.vi} '
            f"<i>gaps, longest {longest.en}</i>"
        )
    if chart.derived:
        parts.append("do hệ thống tính <i>derived</i>")
    parts.append(f"{chart.alerts} cảnh báo <i>alerts</i>")
    return " · ".join(parts)


def spark(chart: Chart, first: int, last: int) -> str:
    """A sensor in a table cell."""
    plotted = (chart.flag < Flag.FAIL) & np.isfinite(chart.value)
    value = chart.value[plotted]
    if not len(value):
        return ""
    low, high = float(value.min()), float(value.max())
    high = high if high > low else low + 1
    found = []
    for line in pieces(chart.time[plotted], value, first, last, 90, chart.gap):
        xs = ((line.time - first) / max(last - first, 1) * 180).tolist()
        ys = (2 + (high - line.value) / (high - low) * 24).tolist()
        points = " ".join(f"{x:.0f},{y:.0f}" for x, y in zip(xs, ys, strict=True))
        found.append(f'<path class="line" d="M{points}{"h0" if len(xs) == 1 else ""}"/>')
    return f'<svg class="spark" viewBox="0 0 180 28" aria-hidden="true">{"".join(found)}</svg>'
