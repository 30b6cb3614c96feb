"""Metrics: what a service counts about itself, one registry per process.

Every name is listed, with its meaning, in `services/api/metric_table.py`; that is what `/metrics` shows.
"""

from collections.abc import Callable, Sequence
from typing import TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.metrics import MetricWrapperBase

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
PER_FAMILY, PER_HEARTBEAT = 64, 400
"""Samples that a heartbeat carries at most: it is written every 5 s and kept in one message."""

# When each series began is a second series for each, and nobody asks.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]
registry = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=registry)
_known: dict[str, MetricWrapperBase] = {}
_Metric = TypeVar("_Metric", bound=MetricWrapperBase)


def counter(name: str, text: str, labels: Sequence[str] = ()) -> Counter:
    """Something that only grows; asking twice for one name gives the same counter."""
    return _once(Counter, name, lambda: Counter(name, text, labels, namespace="haidang", registry=registry))


def gauge(name: str, text: str, labels: Sequence[str] = ()) -> Gauge:
    """Something that goes up and down."""
    return _once(Gauge, name, lambda: Gauge(name, text, labels, namespace="haidang", registry=registry))


def histogram(name: str, text: str, labels: Sequence[str] = ()) -> Histogram:
    """How long things took, in seconds unless the name says otherwise."""
    return _once(
        Histogram,
        name,
        lambda: Histogram(name, text, labels, namespace="haidang", registry=registry, buckets=SECONDS),
    )


def render() -> bytes:
    """The text a Prometheus server reads."""
    return generate_latest(registry)


def samples() -> dict[str, float]:
    """Everything counted here as name{label="value"} → number, for a heartbeat's figures.

    A family of more than `PER_FAMILY` series is left out whole, and so is what goes beyond
    `PER_HEARTBEAT`: half a histogram would be worse than none.
    """
    found: dict[str, float] = {}
    for family in registry.collect():
        listed = [sample for sample in family.samples if not sample.name.endswith("_created")]
        if len(listed) > PER_FAMILY or len(found) + len(listed) > PER_HEARTBEAT:
            continue
        for sample in listed:
            labels = ",".join(f'{name}="{escaped(value)}"' for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}" if labels else sample.name] = sample.value
    return found


def escaped(value: str) -> str:
    """A label's value as the text format wants it."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _once(kind: type[_Metric], name: str, make: Callable[[], _Metric]) -> _Metric:
    """Modules are reloaded and imported twice in tests; the registry allows a name once."""
    metric = _known.get(name)
    if metric is None:
        metric = _known[name] = make()
    if not isinstance(metric, kind):
        msg = f"metric {name} exists already as {type(metric).__name__}"
        raise TypeError(msg)
    return metric
