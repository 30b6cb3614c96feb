"""How much one ingest takes: packs of 50 and single readings, over MQTT at QoS 1, into READINGS.

Run `python -m bench.ingest [--seconds S] [--gateways G] [--rows N …] [--rate R]`. Starts a server and
ingest of its own. The generator writes MQTT by hand, so that it costs less than what it measures; its
share is printed.

Over 250 lines: one benchmark is read from its table down, and its rig serves nothing else.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import nats
import numpy as np
import psutil  # type: ignore[import-untyped]
from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from services.observation import batch, topics
from tests.support.ingest_rig import Rig, running

WINDOW = 400
PATIENCE_S = 8
MORE = 0x80  # in a byte of the remaining length: another follows
STATIONS = 10


class Result(NamedTuple):
    """What one run gave."""

    messages: int
    readings: int
    took_s: float
    ingest_cpu_s: float
    server_cpu_s: float
    generator_cpu_s: float


def site(gateways: int, rows: int) -> dict[str, bytes]:
    """A site whose gateways have enough sensors for packs of `rows`."""
    per_station = max(1, -(-rows // STATIONS))
    properties = ["water_level", "rainfall", "air_temperature", "humidity", "wind_speed"]
    toml = ["format = 1", 'id = "bench"', 'name = { vi = "Đo", en = "Bench" }', "bounds = [107, 10, 108, 11]"]
    features, sensors = [], ["sensor"]
    for g in range(gateways):
        names = [f"g{g}-s{s}" for s in range(STATIONS)]
        toml += ["[[area]]", f'id = "a{g}"', f'name = {{ vi = "Khu {g}", en = "Area {g}" }}']
        toml += ["[[gateway]]", f'id = "gw-{g}"', f'area = "a{g}"', f"stations = {json.dumps(names)}"]
        for name in names:
            features.append(
                {
                    "type": "Feature",
                    "id": name,
                    "geometry": {"type": "Point", "coordinates": [107.5, 10.5]},
                    "properties": {"name_vi": name, "name_en": name, "area": f"a{g}"},
                }
            )
            sensors += [f"{name}.{p}" for p in properties[:per_station]]
    return {
        "site.toml": "\n".join(toml).encode(),
        "stations.geojson": json.dumps({"type": "FeatureCollection", "features": features}).encode(),
        "sensors.csv": "\n".join(sensors).encode(),
        "rules.toml": b"",
    }


def sensors_of(files: dict[str, bytes], gateway: int) -> list[str]:
    """Sensor ids of one gateway."""
    return [s for s in files["sensors.csv"].decode().split("\n")[1:] if s.startswith(f"g{gateway}-")]


class Gateway(asyncio.Protocol):
    """One MQTT connection that publishes as fast as PUBACKs come, or at a rate."""

    def __init__(self, number: int, names: list[str], rows: int, rate: float) -> None:
        topic = topics.readings(f"a{number}", f"gw-{number}").encode()
        self._topic = len(topic).to_bytes(2, "big") + topic
        self._names, self._rows, self._rate = names[:], rows, rate
        self._client = f"bench-{number}".encode()
        self.sent = self.acked = 0
        self.stop_at = 0.0
        self.done = asyncio.Event()
        self.ready = asyncio.Event()
        self._unread = b""
        self._began = 0.0
        now = time.time()
        self._time = now - 3600 * 24 * 300

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Introduce ourselves."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        body = b"\0\4MQTT\4\2\0\x3c" + len(self._client).to_bytes(2, "big") + self._client
        self.transport.write(b"\x10" + bytes([len(body)]) + body)

    def data_received(self, data: bytes) -> None:
        """Count PUBACKs, and send as many."""
        data = self._unread + data
        whole = len(data) // 4 * 4  # CONNACK and PUBACK are four bytes each
        self._unread = data[whole:]
        if data[:1] == b"\x20":
            self.ready.set()
            whole -= 4
        self.acked += whole // 4
        self.fill()

    def start(self, seconds: float) -> None:
        """Publish for so long."""
        self._began = time.monotonic()
        self.stop_at = self._began + seconds
        self.fill()

    def fill(self) -> None:
        """Publish what the window, or the rate, allows."""
        now = time.monotonic()
        if not self.stop_at:
            return
        if now >= self.stop_at:
            if self.acked >= self.sent:
                self.done.set()
            return
        may = WINDOW - (self.sent - self.acked)
        if self._rate:
            may = min(may, int((now - self._began) * self._rate) + 1 - self.sent)
            asyncio.get_running_loop().call_later(0.005, self.fill) if may <= 0 else None
        if may > 0:
            self.transport.write(b"".join([self.packet() for _ in range(min(may, 50))]))
            if self._rate:
                asyncio.get_running_loop().call_later(0.005, self.fill)

    def packet(self) -> bytes:
        """The next PUBLISH."""
        self.sent += 1
        self._time = time.time() if self._rate else self._time + 1
        if self._rows == 1:
            name = self._names[self.sent % len(self._names)]
            payload = f'[{{"n":"{name}","t":{self._time!r},"v":{self.sent % 100}.5}}]'.encode()
        else:
            records = [
                f'{{"n":"{n}","v":{self.sent % 97}.{k}}}' for k, n in enumerate(self._names[: self._rows])
            ]
            payload = f'[{{"bt":{self._time!r},{records[0][1:]},{",".join(records[1:])}]'.encode()
        mid = (self.sent % 65535 + 1).to_bytes(2, "big")
        length = len(self._topic) + 2 + len(payload)
        header = bytearray(b"\x32")
        while True:
            header.append(length % MORE | (MORE if length >= MORE else 0))
            length >>= 7
            if not length:
                break
        return bytes(header) + self._topic + mid + payload


async def generate(  # noqa: PLR0913  what a run is
    rig: Rig, files: dict[str, bytes], gateways: int, rows: int, seconds: float, rate: float
) -> int:
    """Send for `seconds`; how many messages that were. With a rate, also how long they took."""
    loop = asyncio.get_running_loop()
    fleet = []
    for g in range(gateways):
        gateway = Gateway(g, sensors_of(files, g), rows, rate / gateways / rows)
        await loop.create_connection(lambda one=gateway: one, "127.0.0.1", rig.mqtt_port)  # type: ignore[misc]
        await gateway.ready.wait()
        fleet.append(gateway)
    delays: list[float] = []
    if rate:
        client = await nats.connect(rig.url)
        await client.subscribe("readings.>", cb=partial(heard, delays))
    for gateway in fleet:
        gateway.start(seconds)
    await asyncio.sleep(seconds)
    for _ in range(100):
        for gateway in fleet:
            gateway.fill()
        if all(g.done.is_set() for g in fleet):
            break
        await asyncio.sleep(0.05)
    if rate:
        await client.close()
        p50, p99, worst = np.percentile(delays, [50, 99, 100]) * 1000
        sys.stdout.write(f"publish to READINGS: p50 {p50:.1f} ms, p99 {p99:.1f} ms, worst {worst:.1f} ms\n")
    return sum(g.sent for g in fleet)


async def heard(delays: list[float], message: Msg) -> None:
    """How old the readings are when they are in the stream."""
    if (message.headers or {}).get("kind") == "readings":
        one = batch.decode(message.data)
        delays.extend((time.time() - one.time / 1e6).tolist())


async def last_stored(js: JetStreamContext) -> float:
    """When the last readings came into the stream; heartbeats are too rare to tell."""
    times = [0.0]
    for partition in range(topics.PARTITIONS):
        with suppress(NotFoundError):
            message = await js.get_msg("READINGS", subject=f"readings.{partition}", direct=False)
            times.append(message.time.timestamp() if message.time else 0.0)
    return max(times)


def measure(  # noqa: PLR0913  as above
    rig: Rig, files: dict[str, bytes], gateways: int, rows: int, seconds: float, rate: float
) -> Result:
    """One run, to its last reading in the stream."""
    ingest, server, me = (psutil.Process(pid) for pid in (*rig.pids(), None))
    before = [sum(p.cpu_times()[:2]) for p in (ingest, server, me)]
    health = rig.health()
    readings_before = health.figures.get("readings", 0) if health else 0
    began = time.time()
    sent = asyncio.run(generate(rig, files, gateways, rows, seconds, rate))
    last, changed = -1.0, time.monotonic()
    while time.monotonic() - changed < PATIENCE_S and last - readings_before < sent * rows:
        health = rig.health()
        now = health.figures.get("readings", 0) if health else 0
        if now != last:
            last, changed = now, time.monotonic()
        time.sleep(0.2)
    after = [sum(p.cpu_times()[:2]) for p in (ingest, server, me)]
    ingest_s, server_s, me_s = (a - b for a, b in zip(after, before, strict=True))
    return Result(sent, int(last - readings_before), rig.ask(last_stored) - began, ingest_s, server_s, me_s)


def word(rows: int, r: Result) -> str:
    """One line about a run."""
    rates = f"{r.messages / r.took_s:,.0f} msg/s, {r.readings / r.took_s:,.0f} readings/s"
    each_us = r.ingest_cpu_s / max(1, r.messages) * 1e6
    return (
        f"{rows:3} a message: {r.readings} of {r.messages * rows} readings in {r.took_s:.1f} s = {rates}; "
        f"CPU ingest {r.ingest_cpu_s:.1f} s ({each_us:.0f} µs/msg), server {r.server_cpu_s:.1f} s, "
        f"generator {r.generator_cpu_s:.1f} s\n"
    )


def main() -> None:
    """Print one line per kind of traffic."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--gateways", type=int, default=8)
    parser.add_argument("--rows", type=int, nargs="*", default=[50, 1])
    parser.add_argument(
        "--rate", type=float, default=0, help="readings/s; 0: as fast as the broker acknowledges"
    )
    options = parser.parse_args()
    for rows in options.rows:
        with tempfile.TemporaryDirectory() as folder:
            files = site(options.gateways, max(rows, 50))
            with running(Path(folder), files) as rig:
                r = measure(rig, files, options.gateways, rows, options.seconds, options.rate)
                sys.stdout.write(word(rows, r))
                if r.readings != r.messages * rows:
                    sys.stdout.write((Path(folder) / "ingest.log").read_text()[-3000:])


if __name__ == "__main__":
    main()
