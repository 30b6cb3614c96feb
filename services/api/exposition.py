"""One page of metrics: ours, what was looked up for it, and what the others say in heartbeats. Pure."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from services.api.metric_table import RATES, TABLE, family_of, of_figure
from services.observation.heartbeat import Heartbeat
from services.runtime.metrics import escaped

FOREIGN = 600
"""Series of one heartbeat that are shown at most; a service has some dozens."""


class Sample(NamedTuple):
    """One number: the name of its series, its labels, its value."""

    name: str
    labels: tuple[tuple[str, str], ...]
    value: float


class _Page:
    """Lines gathered by family, each series once: the first that was said of it stays."""

    def __init__(self, own: bytes) -> None:
        self._heads: dict[str, list[str]] = {}
        self._series: dict[str, dict[str, str]] = {}
        family = ""
        for line in own.decode().splitlines():
            if line.startswith("#"):
                family = line.split(" ", 3)[2]
                self._heads.setdefault(family, []).append(line)
                self._series.setdefault(family, {})
            elif line:
                series, _, value = line.rpartition(" ")
                self._series.setdefault(family, {})[series] = value

    def add(self, name: str, labels: str, value: float) -> None:
        """Add `name{labels} value`, under its family."""
        family = family_of(name)
        if family not in self._series:
            self._heads[family] = _head(family)
            self._series[family] = {}
        self._series[family].setdefault(f"{name}{{{labels}}}" if labels else name, repr(value))

    def text(self) -> bytes:
        """The whole, each family in one piece."""
        lines: list[str] = []
        for family, series in self._series.items():
            lines += self._heads.get(family, [])
            lines += [f"{name} {value}" for name, value in series.items()]
        return "\n".join([*lines, ""]).encode()


def exposition(
    own: bytes,
    beats: Mapping[str, Heartbeat],
    age_s: Callable[[str], float | None],
    measured: Iterable[Sample] = (),
) -> bytes:
    """Prometheus' text format; what comes from a heartbeat has the label `service`.

    Args:
        own: what this process counts, in the same format.
        beats: the last heartbeat of every service.
        age_s: seconds since a service spoke.
        measured: what the api has looked up for this answer.
    """
    page = _Page(own)
    for name, labels, value in measured:
        page.add(name, ",".join(f'{label}="{escaped(text)}"' for label, text in labels), value)
    for name, beat in sorted(beats.items()):
        label = f'service="{escaped(name)}"'
        page.add("haidang_heartbeat_age_seconds", label, age_s(name) or 0.0)
        page.add("haidang_ready", label, int(beat.ready))
        page.add("haidang_complaints", label, len(beat.complaints))
        for number, (series, inner, value) in enumerate(_figures(name, beat)):
            if number < FOREIGN:
                page.add(series, f"{inner},{label}" if inner else label, value)
    return page.text()


def _figures(service: str, beat: Heartbeat) -> Iterator[tuple[str, str, float]]:
    """Name, labels and value of each figure. Our own stand on the page already, but for the process's."""
    for figure, value in sorted(beat.figures.items()):
        if figure in RATES or (service == "api" and not figure.startswith("process_")):
            continue
        found = of_figure(figure)
        if found is not None:
            metric, first = found
            yield metric.name, "" if first is None else f'{metric.labels[0]}="{escaped(first)}"', value
        elif not figure.startswith("process_"):
            plain, brace, rest = figure.partition("{")
            yield _name(plain), rest.removesuffix("}") if brace else "", value


def _head(family: str) -> list[str]:
    metric = TABLE.get(family)
    if metric is None:  # of a release that is newer or older than we are
        return [f"# TYPE {family} untyped"]
    return [f"# HELP {family} {metric.text.en}", f"# TYPE {family} {metric.kind}"]


def _name(figure: str) -> str:
    """A name that Prometheus takes, under our namespace."""
    clean = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in figure)
    return clean if clean.startswith("haidang_") else f"haidang_{clean}"
