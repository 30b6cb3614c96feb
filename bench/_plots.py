"""The figures as pictures: SVG with matplotlib, one file per question, all in one plain style.

matplotlib is the field's plotting library (its licence is of the BSD kind); it knows how to place log ticks
and labels, which is most of a plot that can be read. It is an extra: measuring needs none of it.

Over 250 lines: eight short pictures in one style; apart they would each say the style again.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from bench._rows import Document, Found, find
from bench._table import number

OURS, PEER, FAINT, INK, PAPER = "#0b5d8a", "#c7782b", "#b9c3cc", "#22303c", "#ffffff"
STAGES = ("#0b5d8a", "#4b97bd", "#c7782b", "#e3b37d")
STYLE: dict[str, Any] = {
    "svg.fonttype": "none",  # text stays text: it can be searched, and needs no font in the file
    "svg.hashsalt": "haidang",  # the same figures give the same file
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "sans-serif"],
    "font.size": 10,
    "text.color": INK, "axes.labelcolor": INK, "xtick.color": INK, "ytick.color": INK,
    "axes.edgecolor": FAINT, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "axes.axisbelow": True, "grid.color": "#e6eaee", "grid.linewidth": 0.8,
    "axes.titlesize": 12, "axes.titleweight": "bold", "axes.titlelocation": "left", "axes.titlepad": 12,
    "figure.facecolor": PAPER, "axes.facecolor": PAPER, "savefig.facecolor": PAPER,
    "legend.frameon": False, "lines.linewidth": 2, "lines.markersize": 5,
}  # fmt: skip


def draw(document: Document, folder: Path, suffix: str = ".svg") -> list[Path]:
    """Write each plot whose parts are in the document; the files written."""
    folder.mkdir(parents=True, exist_ok=True)
    results = {name: part["result"] for name, part in document["parts"].items() if "result" in part}
    written = []
    for name, (needs, plot) in PLOTS.items():
        if all(part in results for part in needs):
            with mpl.rc_context(STYLE):  # type: ignore[arg-type]  # its stubs list every key
                figure = plot(document, results)
                file = folder / f"{name}{suffix}"
                figure.savefig(file, metadata={"Date": None} if suffix == ".svg" else None, dpi=110)
            if suffix == ".svg":  # matplotlib leaves blanks at line ends
                file.write_text(
                    "\n".join(line.rstrip() for line in file.read_text("utf-8").splitlines()) + "\n"
                )
            written.append(file)
    return written


@contextmanager
def _panel(title: str, width: float = 8.0, height: float = 4.0) -> Iterator[tuple[Figure, Axes]]:
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.add_subplot()
    axes.set_title(title)
    yield figure, axes


def _log_counts(axis: Any) -> None:
    """1,000 and 10 k as a person writes them."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axis.set_minor_formatter(NullFormatter())


def _short(value: float) -> str:
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


def promises(document: Document, _results: dict[str, Any]) -> Figure:
    """How each figure stands to what is at least asked, and to the aim: right of the line is good."""
    rows = [found for found in find(document).values() if found.row.least is not None and found.value]
    with _panel("Measured, against what is asked", height=0.55 * len(rows) + 1.6) as (figure, axes):
        for at, found in enumerate(reversed(rows)):
            aim, value = _times(found, found.row.aim or found.row.least or 1), _times(found, found.value or 1)
            axes.plot([1, aim], [at, at], color=FAINT, linewidth=7, solid_capstyle="butt")
            axes.plot(value, at, "o", color=OURS if value >= 1 else PEER, markersize=9)
            axes.annotate(
                f"{number(found.value)} {found.row.unit}" + (" †" if found.busy else ""), (value, at),
                textcoords="offset points", xytext=(0, 8), ha="center", fontsize=9,
                bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.5},
            )  # fmt: skip
        axes.margins(x=0.14)
        axes.axvline(1, color=INK, linewidth=1)
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g} ×"))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(range(len(rows)), [_wrapped(found.row.text) for found in reversed(rows)])
        axes.set_ylim(-0.6, len(rows) - 0.2)
        axes.grid(visible=False, axis="y")
        axes.set_xlabel("times as good as “at least” (line); the bar ends at the aim")
    return figure


def _times(found: Found, value: float) -> float:
    least = found.row.least or 1
    return least / value if found.row.better == "less" else value / least


def _wrapped(text: str, width: int = 38) -> str:
    lines = [""]
    for word in text.replace("`", "").split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return "\n".join(lines)


def peers(_document: Document, results: dict[str, Any]) -> Figure:
    """Three rates beside what one would otherwise run."""
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    packs, single, engine = results["packs"], results["single"], results["engine"]
    _bars(left, "Packs of 50", "readings/s", [
        ("the whole path", packs["per_s"], OURS), ("COPY alone", packs["copy_per_s"], PEER)])  # fmt: skip
    _bars(middle, "One reading per message", "messages/s", [
        ("the whole\npath", single["per_s"], OURS), ("bare paho", single["paho_per_s"], PEER),
        ("broker\nalone", single["broker_per_s"], PEER)])  # fmt: skip
    bars = [
        ("our engine", engine["crossing_0"]["wall_ms"], OURS),
        ("plain\nPython", engine["crossing_0"]["plain_ms"], PEER),
    ]
    if "prometheus" in results:
        bars.append(("Prometheus", results["prometheus"]["crossing_0"]["ms"], PEER))
    _bars(right, "100,000 sensors × 3", "ms a batch (less is better)", bars, log=True)
    return figure


def _bars(
    axes: Axes, title: str, unit: str, bars: list[tuple[str, float, str]], *, log: bool = False
) -> None:
    drawn = axes.bar(
        [name for name, *_ in bars], [value for _, value, _ in bars], color=[c for *_, c in bars], width=0.6
    )
    axes.bar_label(drawn, [number(value) for _, value, _ in bars], padding=2, fontsize=9)
    axes.set_title(title, fontsize=11)
    axes.set_ylabel(unit)
    axes.grid(visible=False, axis="x")
    axes.tick_params(axis="x", labelsize=9, length=0)
    if log:
        axes.set_yscale("log")
    axes.margins(y=0.12)
    _log_counts(axes.yaxis)


def growth(_document: Document, results: dict[str, Any]) -> Figure:
    """Time per reading as the city grows."""
    sizes = results["growth"]["sizes"]
    with _panel("Time per reading as the city grows") as (figure, axes):
        lines = (
            ("ns_per_reading", "our engine, gateways in a new order in each batch", OURS, "o-"),
            ("ns_known_ids", "our engine, the same list of ids as before", OURS, "o--"),
            ("plain_ns", "plain Python: a dict per sensor", PEER, "s-"),
        )
        for key, label, colour, form in lines:
            some = [(one["sensors"], one[key]) for one in sizes if one[key]]
            axes.plot(*zip(*some, strict=True), form, color=colour, label=label)
        _log_axes(axes, "sensors, one reading of each in a batch", "nanoseconds per reading")
        axes.set_ylim(10, 10_000)
        axes.legend(loc="upper left", fontsize=9)
    return figure


def memory(_document: Document, results: dict[str, Any]) -> Figure:
    """Resident memory of a process that holds the site and its engine."""
    sizes = results["growth"]["sizes"]
    with _panel("Memory of the engine's process") as (figure, axes):
        x, y = [one["sensors"] for one in sizes], [one["rss_bytes"] / 1e6 for one in sizes]
        axes.plot(x, y, "o-", color=OURS, label="resident, with interpreter and libraries")
        own = [one["sensors"] * one["bytes_per_sensor"] / 1e6 for one in sizes]
        axes.plot(x, own, "o--", color=OURS, label="of which site and engine")
        for one, at in zip(sizes, own, strict=True):
            axes.annotate(
                f"{one['bytes_per_sensor'] / 1e3:.1f} kB\na sensor", (one["sensors"], at),
                textcoords="offset points", xytext=(0, -28), ha="center", fontsize=8,
            )  # fmt: skip
        _log_axes(axes, "sensors", "MB")
        axes.set_ylim(1, max(y) * 3)
        axes.legend(loc="upper left", fontsize=9)
    return figure


def _log_axes(axes: Axes, x: str, y: str) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    _log_counts(axes.xaxis)
    _log_counts(axes.yaxis)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def latency(_document: Document, results: dict[str, Any]) -> Figure:
    """How the way to the client is distributed, and where it goes."""
    found = results["latency"]
    figure = Figure(figsize=(9, 4), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=[3, 2])
    ordered = np.array(found["sorted_ms"])
    beyond = 1 - (np.arange(len(ordered)) + 0.5) / len(ordered)
    left.plot(ordered, beyond, color=OURS)
    for name in ("p50_ms", "p99_ms"):
        share = 1 - int(name[1:3]) / 100
        left.plot(found[name], share, "o", color=OURS)
        left.annotate(
            f"p{name[1:3]} {number(found[name])} ms", (found[name], share), textcoords="offset points",
            xytext=(8, 2), fontsize=9,
        )  # fmt: skip
    left.set_xscale("log")
    left.set_yscale("log")
    left.set_title("Events later than …", fontsize=11)
    left.set_xlabel("ms from publish to the client")
    left.set_ylabel("share of events")
    left.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    _log_counts(left.xaxis)
    left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value * 100:g} %"))
    left.yaxis.set_minor_formatter(NullFormatter())
    tail = {name: float(np.mean([one[name] for one in found["tail"]])) for name in found["stages"]}
    bottom = np.zeros(2)
    for (name, stage), colour in zip(found["stages"].items(), STAGES, strict=True):
        height = np.array([stage["p50_ms"], tail[name]])
        right.bar(["median of\neach stage", "mean of the\nslowest 1 %"], height, bottom=bottom, color=colour,
                  label=name, width=0.6)  # fmt: skip
        bottom += height
    right.set_title("Where the time goes", fontsize=11)
    right.set_ylabel("ms")
    right.grid(visible=False, axis="x")
    right.legend(fontsize=8, loc="upper left")
    return figure


def partitions(_document: Document, results: dict[str, Any]) -> Figure:
    """What partitions cost in one process, and what more workers give here."""
    found = results["partitions"]
    figure = Figure(figsize=(8, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    _bars(left, "One process, no broker", "nanoseconds per reading", [
        ("1 partition", found["one_partition_ns"], FAINT),
        ("16 partitions", found["sixteen_partitions_ns"], OURS)])  # fmt: skip
    _bars(
        right, f"Workers, {found['processors']} processors with the server", "readings/s",
        [(str(one["workers"]), one["per_s"], OURS) for one in found["workers"]],
    )  # fmt: skip
    right.set_xlabel("processes `haidang alerts`")
    return figure


def backtest(_document: Document, results: dict[str, Any]) -> Figure:
    """Backtest by weather and by where the readings come from."""
    found = results["backtest"]
    with _panel("Backtest on one processor", height=3.8) as (figure, axes):
        names = ("from CSV", "from columns", "plain Python,\nfrom columns")
        keys = ("csv_per_s", "columns_per_s", "plain_per_s")
        for shift, (weather, label, colours) in enumerate(
            (("calm", "calm", OURS), ("flood_heavy", "flood-heavy", "#4b97bd"))
        ):
            values = [found[weather][key] for key in keys]
            drawn = axes.bar(np.arange(3) + (shift - 0.5) * 0.36, values, 0.34, color=colours, label=label)
            axes.bar_label(drawn, [number(value) for value in values], padding=2, fontsize=9)
        axes.axhline(2e6, color=INK, linewidth=1)
        axes.annotate("at least", (-0.4, 2e6), textcoords="offset points", xytext=(0, 3), fontsize=9)
        axes.set_xticks(range(3), names)
        axes.set_ylabel("readings/s")
        axes.grid(visible=False, axis="x")
        axes.set_ylim(0, 1.15 * max(2e6, *(found[w][key] for w in ("calm", "flood_heavy") for key in keys)))
        _log_counts(axes.yaxis)
        axes.legend(loc="upper right", fontsize=9, bbox_to_anchor=(1, 0.82))
    return figure


def storage(_document: Document, results: dict[str, Any]) -> Figure:
    """Bytes on disk per reading."""
    found = results["storage"]
    with _panel("Bytes on disk per stored reading", height=3.2) as (figure, axes):
        kinds = [("PostgreSQL", found["postgresql"])]
        if "bytes_per_reading" in found["timescaledb"]:
            kinds.append((f"TimescaleDB {found['timescaledb']['timescaledb']}", found["timescaledb"]))
        for at, (_name, kind) in enumerate(reversed(kinds)):
            index = kind.get("index_bytes_per_reading", 0.0)
            table = kind["bytes_per_reading"] - index
            axes.barh(at, table, color=OURS, height=0.5, label="table" if not at else None)
            axes.barh(at, index, left=table, color="#4b97bd", height=0.5, label="its key" if not at else None)
            axes.annotate(f"{kind['bytes_per_reading']:.0f}", (table + index, at), textcoords="offset points",
                          xytext=(4, -3), fontsize=9)  # fmt: skip
        axes.set_yticks(range(len(kinds)), [name for name, _ in reversed(kinds)])
        axes.set_xlabel("bytes")
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.1)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2, fontsize=9)
    return figure


Plot = Callable[[Document, dict[str, Any]], Figure]
PLOTS: dict[str, tuple[tuple[str, ...], Plot]] = {
    "promises": ((), promises),
    "peers": (("packs", "single", "engine"), peers),
    "growth": (("growth",), growth),
    "memory": (("growth",), memory),
    "latency": (("latency",), latency),
    "partitions": (("partitions",), partitions),
    "backtest": (("backtest",), backtest),
    "storage": (("storage",), storage),
}
"""By file name: the parts it needs, and who draws it."""
