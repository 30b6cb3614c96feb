"""One reading per message at QoS 1 through the whole path: what devices without an agent cost.

The generator writes MQTT by hand, so that it is not what is measured. Beside it, in the same run: the same
generator to a topic nobody reads (the broker alone), and a bare paho publisher to such a topic.
"""

import asyncio
import contextlib
import time
from typing import Any

from bench._given import Given
from bench._peers import paho, publish
from bench._rig import CALM, DAY_S, FLOOD, PATIENCE_S, Rig, machine
from tests.support.waiting import until


def measure(given: Given) -> dict[str, Any]:
    """Messages per second, stored and evaluated."""
    with machine(given.folder) as rig:
        return singles(rig, given, given.part(20, 3))


def measure_strict(given: Given) -> dict[str, Any]:
    """The same with every message flushed to the disk before it is acknowledged (`up --strict`)."""
    with machine(given.folder, strict=True) as rig:
        return singles(rig, given, given.part(15, 3))


def singles(rig: Rig, given: Given, seconds: float) -> dict[str, Any]:
    """Publish for so long, wait for the end, count."""
    base = float(int(time.time())) - 10 * DAY_S
    with rig.senders(plain=True) as fleet:
        began = rig.start()
        messages = asyncio.run(publish(rig, seconds, base, unread=False))
        acked = time.time()
        last = base + messages / 10 + 1  # later than any gateway's own count
        for g, sender in enumerate(fleet):
            sender.submit(rig.pack(g, last, CALM))
            sender.submit(rig.pack(g, last + 1, FLOOD))
        evaluated = rig.events.wait(rig.marks, last - 0.5)
        wanted = messages + 2 * rig.gateways * rig.stations
        with contextlib.suppress(AssertionError):
            until(lambda: rig.rows(base) >= wanted, PATIENCE_S / 4, "all rows")
        took, machine_took = time.time() - began, rig.taken()
        rig.wait_applied()
        lost = wanted - rig.rows(base)
    given.say("single: stored; now the broker alone, and paho alone")
    broker_began = time.time()
    broker = asyncio.run(publish(rig, seconds / 4, base, unread=True)) / (time.time() - broker_began)
    bare = paho(rig, seconds / 4)
    return {
        "messages": messages, "lost": lost, "seconds": took, "per_s": messages / took,
        "acked_per_s": messages / (acked - began), "evaluated_per_s": messages / (evaluated - began),
        "broker_per_s": broker, "paho_per_s": bare, "ratio": messages / took / bare, **machine_took,
    }  # fmt: skip
