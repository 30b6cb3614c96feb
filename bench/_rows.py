"""The promises: what is measured, what is at least asked, what is aimed at, and what was found.

A row takes its figure out of the document that `_parts.run` made (or that was read from a file). Where a part
is not there, the row says why.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

Document = dict[str, Any]
Peer = tuple[str, float]
"""A name, and how many times as good as it we are."""

BUSY = 0.2
"""Cores that others kept busy during a part, from which its figure says so."""


class Row(NamedTuple):
    """One promise. `least` and `aim` None: measured and printed, nothing asked."""

    text: str
    part: str
    unit: str
    least: float | None
    aim: float | None
    better: Literal["more", "less"]
    value: Callable[[Any], float]
    peers: Callable[[Any, Document], list[Peer]] = lambda _result, _document: []


class Found(NamedTuple):
    """A row with what was measured; `value` None: `why` says why not."""

    row: Row
    value: float | None
    peers: list[Peer]
    others: float
    why: str = ""
    quick: bool = False

    @property
    def verdict(self) -> str:
        """In a word."""
        if self.value is None:
            return self.why
        if self.quick:
            return "a quick run"
        if self.row.least is None:
            return "measured"
        if self.row.aim is not None and self._meets(self.row.aim):
            return "reaches the aim"
        return "reaches at least" if self._meets(self.row.least) else "BELOW at least"

    def _meets(self, bound: float) -> bool:
        value = self.value or 0.0
        return value <= bound if self.row.better == "less" else value >= bound

    @property
    def busy(self) -> bool:
        """Whether the machine had other work when this was taken."""
        return self.others >= BUSY


def _none_lost(per_s: str) -> Callable[[Any], float]:
    """A rate that counts for nothing when something was lost."""
    return lambda result: 0.0 if result["lost"] else float(result[per_s])


def _copy(result: Any, _document: Document) -> list[Peer]:
    return [("COPY alone", result["ratio"])]


def _paho(result: Any, _document: Document) -> list[Peer]:
    return [
        ("paho alone", result["per_s"] / result["paho_per_s"]),
        ("broker alone", result["per_s"] / result["broker_per_s"]),
    ]


def _engines(result: Any, document: Document) -> list[Peer]:
    ours = result["crossing_0"]
    peers = [("plain Python", ours["plain_ratio"])]
    prometheus = document["parts"].get("prometheus", {}).get("result")
    if prometheus and prometheus["sensors"] == result["sensors"]:
        peers.insert(
            0, (f"Prometheus {prometheus['version']}", prometheus["crossing_0"]["ms"] / ours["wall_ms"])
        )
    return peers


def _plain(weather: str, per_s: str) -> Callable[[Any, Document], list[Peer]]:
    return lambda result, _: [("plain Python", result[weather][per_s] / result[weather]["plain_per_s"])]


def _storage(result: Any, _document: Document) -> list[Peer]:
    other = result["timescaledb"].get("bytes_per_reading")
    return [("TimescaleDB", other / result["postgresql"]["bytes_per_reading"])] if other else []


ROWS: dict[str, Row] = {
    "packs": Row(
        "packs of 50 → stored and evaluated, sustained, none lost",
        "packs", "readings/s", 60_000, 150_000, "more", _none_lost("per_s"), _copy,
    ),
    "packs-strict": Row(
        "the same, every message flushed (`--strict`)",
        "packs-strict", "readings/s", None, None, "more", _none_lost("per_s"), _copy,
    ),
    "single": Row(
        "one reading per message, QoS 1, the same path",
        "single", "msg/s", 4_000, 15_000, "more", _none_lost("per_s"), _paho,
    ),
    "single-strict": Row(
        "the same, every message flushed (`--strict`)",
        "single-strict", "msg/s", 800, None, "more", _none_lost("per_s"), _paho,
    ),
    "evaluate": Row(
        "evaluate 100,000 sensors × 3 thresholds in one batch",
        "engine", "ms", 30, 10, "less", lambda r: r["crossing_0"]["ms"], _engines,
    ),
    "growth": Row(
        "cost per reading from 1,000 to 1,000,000 sensors, worst ÷ at 1,000",
        "growth", "×", 3, 1, "less", lambda r: r["worst_ratio"],
    ),
    "latency": Row(
        "publish → event in an SSE client at 5,000 readings/s in packs of 50, p99",
        "latency", "ms", 250, 60, "less", lambda r: float("inf") if r["lost"] else r["p99_ms"],
    ),
    "backtest-csv": Row(
        "backtest, one core, calm, from CSV",
        "backtest", "readings/s", 2e6, 8e6, "more", lambda r: r["calm"]["csv_per_s"],
        _plain("calm", "csv_per_s"),
    ),
    "backtest-columns": Row(
        "backtest, one core, calm, from columns",
        "backtest", "readings/s", 2e6, 8e6, "more", lambda r: r["calm"]["columns_per_s"],
        _plain("calm", "columns_per_s"),
    ),
    "backtest-flood": Row(
        "backtest, one core, flood-heavy, from columns",
        "backtest", "readings/s", 2e6, 8e6, "more", lambda r: r["flood_heavy"]["columns_per_s"],
        _plain("flood_heavy", "columns_per_s"),
    ),
    "ready-warm": Row(
        "`haidang up` to ready, warm", "ready", "s", 15, 5, "less", lambda r: r["warm_s"],
    ),
    "ready-cold": Row(
        "`haidang up` to ready, on an empty folder", "ready", "s", None, None, "less", lambda r: r["cold_s"],
    ),
    "storm": Row(
        "new things for an operator per 2 minutes of a storm over 2,000 stations, none hidden",
        "storm", "things", 1, 0.5, "less",
        lambda r: float("inf") if r["hidden"] else r["table"]["situations"]["per_two_minutes"],
    ),
    "memory": Row(
        "memory of the engine's process per sensor, at 1,000,000",
        "growth", "bytes", None, None, "less", lambda r: r["sizes"][-1]["bytes_per_sensor"],
    ),
    "storage": Row(
        "bytes on disk per stored reading, PostgreSQL",
        "storage", "bytes", None, None, "less", lambda r: r["postgresql"]["bytes_per_reading"], _storage,
    ),
    "workers": Row(
        "one `haidang alerts` that catches up over 16 partitions",
        "partitions", "readings/s", None, None, "more", lambda r: r["workers"][0]["per_s"],
    ),
}  # fmt: skip


def find(document: Document) -> dict[str, Found]:
    """All rows whose part was asked for."""
    return {name: _found(row, document) for name, row in ROWS.items() if row.part in document["parts"]}


def _found(row: Row, document: Document) -> Found:
    part = document["parts"][row.part]
    others, quick = float(part["others_cores"]), bool(document["quick"])
    if "result" not in part:
        why = "skipped: " + part["skipped"] if "skipped" in part else "FAILED: " + part["failed"]
        return Found(row, None, [], others, why)
    return Found(row, row.value(part["result"]), row.peers(part["result"], document), others, "", quick)
