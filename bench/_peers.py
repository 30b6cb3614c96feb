"""What the path is compared with: COPY alone, the broker alone, a bare paho publisher."""

import asyncio
import threading
import time

import psycopg
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from bench._rig import DAY_S, PATIENCE_S, Rig
from bench.archive_write import COPY, PLAIN, ROUND
from bench.ingest import WINDOW, Gateway
from services.observation import topics


def copy_alone(database: str, base: float, most: int = 2_000_000) -> float:
    """Rows per second of COPY into a table with the same key, of rows that the archive wrote before."""
    columns = "sensor_id, time, value, flag, received_at"
    query = f"copy (select {columns} from {{}} order by 1, 2) to stdout (format binary)"  # noqa: S608  ours
    took, rows = 0.0, 0
    with psycopg.connect(database, autocommit=True) as conn, conn.cursor() as cursor:
        cursor.execute("drop table if exists plain").execute(PLAIN)
        where = f"time > to_timestamp({base}) and time < to_timestamp({base + DAY_S})"
        ask = f"select count(*), extract(epoch from max(time))::float8 from observation where {where}"  # noqa: S608
        count, last = cursor.execute(ask).fetchone() or (0, base)
        if count > most:  # the first of them, by time of the reading: that many come at an even pace
            until = base + (last - base) * most / count
            where = f"time > to_timestamp({base}) and time < to_timestamp({until})"
        cut = f"row_number() over (order by time) / {ROUND} as part"
        cursor.execute(f"create temp table source as select {columns}, {cut} from observation where {where}")  # noqa: S608
        parts = cursor.execute("select count(distinct part) from source").fetchone() or (0,)
        for part in range(min(parts[0], most // ROUND)):
            with cursor.copy(query.format(f"source where part = {part}")) as out:
                data = b"".join(bytes(chunk) for chunk in out)
            begun = time.perf_counter()
            with conn.transaction(), cursor.copy(COPY) as into:
                into.write(data)
            took += time.perf_counter() - begun
        rows = int((cursor.execute("select count(*) from plain").fetchone() or (0,))[0])
        cursor.execute("drop table plain")
    return rows / max(took, 1e-9)


class Single(Gateway):
    """A connection of the hand-written generator, to a topic of our choice."""

    def __init__(self, number: int, names: list[str], topic: str, base: float) -> None:
        """One reading per message, a tenth of a second after the one before."""
        super().__init__(number, names, 1, 0.0)
        text = topic.encode()
        self._topic, self._base = len(text).to_bytes(2, "big") + text, base

    def packet(self) -> bytes:
        """The next PUBLISH; short of 128 bytes it has one byte of length."""
        self.sent += 1
        name = self._names[self.sent % len(self._names)]
        payload = f'[{{"n":"{name}","t":{self._base + self.sent / 10:.1f},"v":1.{self.sent % 97}}}]'.encode()
        body = self._topic + (self.sent % 65535 + 1).to_bytes(2, "big") + payload
        return b"\x32" + bytes([len(body)]) + body


async def publish(rig: Rig, seconds: float, base: float, *, unread: bool) -> int:
    """All gateways at once, as fast as PUBACKs come; how many messages that were."""
    fleet = []
    for g in range(rig.gateways):
        names = [f"g{g}-s{s}.water_level" for s in range(rig.stations)]
        topic = f"bench/nobody/{g}" if unread else topics.readings(f"area-{g}", f"gw-{g}")
        gateway = Single(g, names, topic, base)
        await asyncio.get_running_loop().create_connection(lambda one=gateway: one, *rig.up.mqtt)  # type: ignore[misc]
        await gateway.ready.wait()
        fleet.append(gateway)
    for gateway in fleet:
        gateway.start(seconds)
    await asyncio.sleep(seconds)
    for gateway in fleet:
        gateway.fill()  # sets `done` when all is acknowledged already
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.gather(*(g.done.wait() for g in fleet))
    for gateway in fleet:
        gateway.transport.close()
    return sum(g.sent for g in fleet)


def paho(rig: Rig, seconds: float) -> float:
    """Messages per second of a bare paho publisher to a topic nobody reads."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(WINDOW)
    room = threading.Semaphore(WINDOW)
    client.on_publish = lambda *_: room.release()
    client.connect(*rig.up.mqtt)
    client.loop_start()
    sent, began = 0, time.time()
    while time.time() < began + seconds:
        room.acquire()
        client.publish("bench/nobody/paho", b'[{"n":"g0-s0.water_level","t":1763600400.1,"v":1.23}]', qos=1)
        sent += 1
    for _ in range(WINDOW):
        room.acquire()
    took = time.time() - began
    client.disconnect()
    client.loop_stop()
    return sent / took
