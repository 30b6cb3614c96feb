"""From publish to a client of the event stream (SSE) while 5,000 readings/s come in packs of 50.

Several times a second the packs of one gateway carry a gauge over its first rung or back. The way of
each of these readings is told apart by the clocks it passes, all of this machine:

- published → ingest: the broker, and ingest's MQTT session (`received_at`);
- ingest → READINGS: order, quality, and the server's store (the stream's own time);
- READINGS → ALERTS: the engine reads, judges, publishes (the stream's own time);
- ALERTS → client: the API reads, folds, sends; the client is a process of its own.
"""

import asyncio
import time
from typing import Any

import nats
import numpy as np

from bench._given import Given, quiet
from bench._rig import CALM, FLOOD, PATIENCE_S, Event, Rig, machine
from services.observation import batch
from services.observation.messages import READINGS as KIND
from services.runtime.follow import Follower
from services.runtime.streams import ALERTS, READINGS, STATE

RATE = 5_000
EVENT_EVERY_S = 0.1
SETTLE_S = 2.0
APART_S = 5.0
"""Pointers closer than this belong to one round of snapshots."""

STAGES = ("published → ingest", "ingest → READINGS", "READINGS → ALERTS", "ALERTS → client")


def measure(given: Given) -> dict[str, Any]:
    """Milliseconds, in all and by stage."""
    with machine(given.folder) as rig:
        return _flips(rig, given.part(60, 6), given)


def _flips(rig: Rig, seconds: float, given: Given) -> dict[str, Any]:
    every, mark = rig.stations / RATE, rig.marks[0]
    flips, level, asked, late = max(1, round(EVENT_EVERY_S / every)), CALM, 0, 0.0
    with rig.senders() as fleet:
        for g, sender in enumerate(fleet):
            sender.submit(rig.pack(g, time.time(), level))
        for sender in fleet:
            sender.wait_all_stored(PATIENCE_S)
        time.sleep(SETTLE_S)
        before = asyncio.run(_ends(rig))
        began = rig.start()
        for n in range(int(seconds / every)):
            late = max(late, time.time() - began - n * every)
            time.sleep(max(0.0, began + n * every - time.time()))
            if flip := n % flips == 0:
                level, asked = FLOOD + CALM - level, asked + 1
            g = 0 if flip else 1 + n % (len(fleet) - 1)
            fleet[g].submit(rig.pack(g, time.time(), level if g == 0 else CALM))
            if n % round(10 / every) == 0:
                given.say(f"latency: {n * every:.0f} of {seconds:.0f} s")
        machine_took = rig.taken()
        time.sleep(1.0)
    heard = [one for one in list(rig.events.heard) if one.sensor == mark and one.time > began * 1e6]
    lags = np.array([(one.at - one.time / 1e6) * 1000 for one in heard])
    with quiet():
        stages = _by_stage(heard, *asyncio.run(_stored(rig, before, mark)))
        saves = asyncio.run(_saves(rig, began))
    return {
        "rate": RATE, "events": asked, "lost": asked - len(heard), **_percentiles(lags),
        "generator_late_ms": late * 1000, **machine_took,
        "sorted_ms": [round(float(x), 2) for x in np.sort(lags)],
        "stages": {name: _percentiles(column) for name, column in zip(STAGES, stages.T, strict=True)},
        "snapshots": [{"second": round(a - began, 2), "ms": round((b - a) * 1000, 1)} for a, b in saves],
        "tail": _tail(heard, lags, stages, began, saves),
    }  # fmt: skip


def _percentiles(ms: np.ndarray) -> dict[str, float]:
    p50, p90, p99, worst = np.percentile(ms, [50, 90, 99, 100]).tolist()
    return {"p50_ms": p50, "p90_ms": p90, "p99_ms": p99, "worst_ms": worst}


Span = tuple[float, float]


def _tail(
    heard: list[Event], lags: np.ndarray, stages: np.ndarray, began: float, saves: list[Span]
) -> list[dict[str, Any]]:
    """The slowest hundredth: when, which stage held it, and whether the engine was saving its state."""
    slowest = np.argsort(lags)[::-1][: max(5, len(lags) // 100)]
    return [
        {
            "second": round(heard[at].time / 1e6 - began, 2), "ms": round(float(lags[at]), 1),
            "snapshot": any(heard[at].time / 1e6 < end and start < heard[at].at for start, end in saves),
        }
        | {name: round(float(ms), 1) for name, ms in zip(STAGES, stages[at], strict=True)}
        for at in slowest.tolist()
    ]  # fmt: skip


async def _saves(rig: Rig, since: float) -> list[Span]:
    """When the engine wrote its snapshots: first and last pointer of each round, seconds; a little short."""
    client = await nats.connect(rig.up.nats)
    follower = Follower(client.jetstream(), f"KV_{STATE}", [f"$KV.{STATE}.engine.*"], 0)
    spans: list[Span] = []
    while messages := await follower.fetch(1000, 1.0):
        for message in messages:
            at = message.time_us / 1e6
            if at < since:
                continue
            if spans and at - spans[-1][1] < APART_S:
                spans[-1] = (spans[-1][0], at)
            else:
                spans.append((at, at))
    await follower.close()
    await client.close()
    return spans


def _by_stage(heard: list[Event], readings: dict[int, int], alerts: dict[int, int]) -> np.ndarray:
    """(n, 4) milliseconds; NaN where a message was not found."""
    clocks = np.array(
        [
            [one.time, one.detected, readings.get(one.time, 0), alerts.get(_sequence(one), 0), one.at * 1e6]
            for one in heard
        ],
        np.float64,
    )
    clocks[clocks == 0] = np.nan
    return np.asarray(np.diff(clocks, axis=1) / 1000)


def _sequence(one: Event) -> int:
    return int(one.token.rpartition(".")[2])


async def _ends(rig: Rig) -> tuple[int, int]:
    client = await nats.connect(rig.up.nats)
    js = client.jetstream()
    found = [int((await js.stream_info(name)).state.last_seq) for name in (READINGS, ALERTS)]
    await client.close()
    return found[0], found[1]


async def _stored(rig: Rig, after: tuple[int, int], mark: str) -> tuple[dict[int, int], dict[int, int]]:
    """When the streams stored: readings of `mark` by their time (µs), and events by their sequence."""
    client = await nats.connect(rig.up.nats)
    js = client.jetstream()
    readings: dict[int, int] = {}
    alerts: dict[int, int] = {}
    for name, begin in zip((READINGS, ALERTS), after, strict=True):
        end = int((await js.stream_info(name)).state.last_seq)
        follower = Follower(js, name, [], begin)
        while (begin := follower.last) < end:
            for message in await follower.fetch(1000, 5.0):
                if name == ALERTS:
                    alerts[message.sequence] = message.time_us
                elif message.kind == KIND and mark in (rows := batch.decode(message.data)).sensors:
                    mine = rows.sensor == rows.sensors.index(mark)
                    readings.update(dict.fromkeys(rows.time[mine].tolist(), message.time_us))
        await follower.close()
    await client.close()
    return readings, alerts
