"""docs/figures.md: all between its markers is written here, from a document; the words are a person's."""

import json
import re
from collections.abc import Callable
from pathlib import Path

from bench import _plots, _table
from bench._rows import Document

ROOT = Path(__file__).resolve().parents[1]
PAGE = Path("docs/figures.md")
FOLDER = Path("docs/figures")
DATA = FOLDER / "figures.json"
SHOWN = 6
"""Functions of a service worth a line."""

WORTH = 0.04
"""Share of a service's time below which a function is not worth a line."""


def write(document: Document, root: Path = ROOT) -> None:
    """Draw the plots, keep the document beside them, and renew the page's tables.

    Raises:
        ValueError: the page has lost a marker.
    """
    _plots.draw(document, root / FOLDER)
    data = json.dumps(document, indent=1, ensure_ascii=False) + "\n"
    (root / DATA).write_text(data, "utf-8")
    page = root / PAGE
    page.write_text(renewed(page.read_text("utf-8"), document), "utf-8")


def renewed(text: str, document: Document) -> str:
    """The page with every block between its markers written again.

    Raises:
        ValueError: a marker is missing.
    """
    for name, block in BLOCKS.items():
        begin, end = f"<!-- bench:{name} -->", "<!-- /bench -->"
        pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
        whole = f"{begin}\n{block(document)}\n{end}"
        text, found = pattern.subn(lambda _, whole=whole: whole, text)  # type: ignore[misc]
        if found != 1:
            msg = f"{PAGE}: {found} times {begin} … {end} → write it once"
            raise ValueError(msg)
    return text


def _machine(document: Document) -> str:
    machine = document["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    begun, minutes = document["begun"][:16].replace("T", " "), document["took_s"] / 60
    said = (
        f"Measured {begun} UTC in {minutes:.0f} minutes on {machine['processors']} processors "
        f"({machine['processor']}), {machine['memory_gb']:.0f} GB, {machine['system']}, Python "
        f"{machine['python']}; generator, servers and services share them. {versions}."
    )
    if document["quick"]:
        said += "\n\n**A quick run: it shows that the bench works; its figures mean little.**"
    return said


def _promises(document: Document) -> str:
    table = _table.markdown(_table.HEAD, _table.lines(document))
    return f"{table}\n\n{_table.BUSY_NOTE}."


def _loads(document: Document) -> str:
    rows = [
        (name, f"{part['load_before'][0]:.1f}", f"{part['others_cores']:.2f}", f"{part['took_s']:.0f} s")
        for name, part in document["parts"].items()
    ]
    return _table.markdown(("part", "load before it", "cores that others kept busy meanwhile", "took"), rows)


def _cores(document: Document) -> str:
    """Of the parts with a whole machine: who was busy, and who waited for a processor."""
    rows = []
    for name in ("packs", "packs-strict", "single", "single-strict", "latency"):
        result = document["parts"].get(name, {}).get("result")
        if result:
            busy = sorted(result["cores"].items(), key=lambda one: -one[1])
            cells = ", ".join(
                f"{who} {cores:.2f} ({result['waited'][who]:.2f})"
                for who, cores in busy
                if cores >= 0.02  # noqa: PLR2004
            )
            rows.append((name, f"{sum(result['cores'].values()):.2f}", cells))
    return (
        _table.markdown(("part", "cores in all", "cores busy (and waited for) by process"), rows)
        if rows
        else "–"
    )


def _profile(document: Document) -> str:
    result = document["parts"].get("profile", {}).get("result")
    if not result:
        return "No profile in this run."
    rows = []
    for load, found in result.items():
        for service, one in found["services"].items():
            own = [f"`{name}` {share:.0%}" for name, share in one.get("own", {}).items() if share >= WORTH][
                :SHOWN
            ]
            whole = [
                f"`{name}` {share:.0%}" for name, share in one.get("whole", {}).items() if share >= 4 * WORTH
            ]
            rows.append(
                (load, service, _table.number(found["cores"].get(service)), _few(own), _few(whole[:SHOWN]))
            )
    head = ("load", "service", "cores", "own time, with the C code called there", "with all it calls")
    return _table.markdown(head, rows)


def _few(cells: list[str]) -> str:
    return "<br>".join(cells) or "–"


def _latency(document: Document) -> str:
    result = document["parts"].get("latency", {}).get("result")
    if not result:
        return "Not measured in this run."
    rows = [
        (name, f"{one['p50_ms']:.1f}", f"{one['p99_ms']:.1f}", f"{one['worst_ms']:.1f}")
        for name, one in result["stages"].items()
    ]
    rows.append(("in all", f"{result['p50_ms']:.1f}", f"{result['p99_ms']:.1f}", f"{result['worst_ms']:.1f}"))
    table = _table.markdown(("stage", "p50, ms", "p99, ms", "worst, ms"), rows)
    saves = ", ".join(f"{one['ms']:.0f} ms" for one in result["snapshots"]) or "none"
    within = sum(1 for one in result["tail"] if one["snapshot"])
    return (
        f"{table}\n\nSnapshots of the engine meanwhile, 16 partitions one after the other: {saves}. "
        f"Of the {len(result['tail'])} slowest events, {within} met one."
    )


BLOCKS: dict[str, Callable[[Document], str]] = {
    "machine": _machine,
    "promises": _promises,
    "loads": _loads,
    "cores": _cores,
    "profile": _profile,
    "latency": _latency,
}
