"""Packs of 50 readings from agents to the disk and through the rules, as fast as it goes.

Eight gateways hand over packs until the time is up. It ends when every pack is `stored` and the alert of
each gateway's last reading has come to a client, so everything before it was evaluated. What is then in the
database is counted: whatever is missing is an error. Afterwards COPY alone writes the very same rows into a
table with the same key, in the same database.
"""

import asyncio
import threading
import time
from typing import Any

import nats

from bench._given import Given
from bench._peers import copy_alone
from bench._rig import CALM, DAY_S, FLOOD, PATIENCE_S, Rig, machine
from edge.sender import Sender
from services.runtime.streams import READINGS


def measure(given: Given) -> dict[str, Any]:
    """Readings per second, stored and evaluated."""
    with machine(given.folder) as rig:
        return flood(rig, given, given.part(60, 4))


def measure_strict(given: Given) -> dict[str, Any]:
    """The same with every message flushed to the disk before it is acknowledged (`up --strict`)."""
    with machine(given.folder, strict=True) as rig:
        return flood(rig, given, given.part(20, 4))


def flood(rig: Rig, given: Given, seconds: float) -> dict[str, Any]:
    """Send for so long, wait for the end, count."""
    base = float(int(time.time())) - 20 * DAY_S
    with rig.senders() as fleet:
        before = asyncio.run(_stream(rig))
        began = rig.start()

        def feed(g: int, sender: Sender) -> None:
            shapes = [rig.pack(g, 0.0, CALM, 1 + k / 100).partition(b",") for k in range(97)]
            n = 0
            while time.time() < began + seconds:
                n += 1
                sender.submit(b'[{"bt":%d,%b' % (base + n, shapes[n % 97][2]))
            sender.submit(rig.pack(g, base + n + 1, FLOOD))
            sent[g] = n + 1

        sent = [0] * len(fleet)
        threads = [threading.Thread(target=feed, args=each) for each in enumerate(fleet)]
        for thread in threads:
            thread.start()
        while threads[0].is_alive():
            threads[0].join(10)
            given.say(f"packs: {min(time.time() - began, seconds):.0f} of {seconds:.0f} s")
        for thread in threads:
            thread.join()
        evaluated = rig.events.wait(rig.marks, base)
        for sender in fleet:
            sender.wait_all_stored(PATIENCE_S)
        took, machine_took = time.time() - began, rig.taken()
        rig.wait_applied()
        again = sum(s.sendings for s in fleet) - sum(sent)
    given.say("packs: stored; counting, then COPY alone")
    readings = sum(sent) * rig.stations
    after = asyncio.run(_stream(rig))
    stored = rig.rows(base)
    alone = copy_alone(rig.up.database, base)
    return {
        "readings": readings, "lost": readings - stored, "sent_again": again, "seconds": took,
        "per_s": readings / took, "evaluated_per_s": readings / (evaluated - began),
        "copy_per_s": alone, "ratio": readings / took / alone,
        "stream_bytes_per_reading": (after[1] - before[1]) / readings,
        "readings_per_message": readings / max(1, after[0] - before[0]),
        **machine_took,
    }  # fmt: skip


async def _stream(rig: Rig) -> tuple[int, int]:
    """Messages and bytes of READINGS."""
    client = await nats.connect(rig.up.nats)
    state = (await client.jetstream().stream_info(READINGS)).state
    await client.close()
    return int(state.messages), int(state.bytes)
