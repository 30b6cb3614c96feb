"""A client of the event stream in a process of its own, so that its clock does not wait for the generator.

`python -m bench._listener http://HOST:PORT` writes one JSON list per event of a sensor to its output:
seconds when it came, sensor, verb, µs of the reading, µs when ingest had it, token.
"""

import asyncio
import json
import sys
import time

from services.observation.instants import micros
from tests.support.listeners import sse


async def listen(http: str) -> None:
    """Until the stream ends or we are killed."""
    async with sse(http) as stream:
        print("[]", flush=True)  # connected
        async for one in stream:
            now = time.time()
            alert = one.data.get("data", {})
            if alert.get("sensor"):
                told = [now, alert["sensor"], one.name, micros(alert["time"])]
                print(json.dumps([*told, micros(alert["detected_at"]), one.token]), flush=True)


if __name__ == "__main__":
    asyncio.run(listen(sys.argv[1]))
