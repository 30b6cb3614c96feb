"""The canary: a reading of our own, sent like any gateway's, that proves the path alive.

Over MQTT and not straight into a stream: what it must find out is whether a gateway's reading would
arrive. It never appears in observations, lists, counts or alerts.
"""

import asyncio
import secrets
import ssl
import time

import msgspec
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from services.observation import topics
from services.observation.sensor import CANARY, CANARY_GATEWAY
from services.runtime import logging
from services.runtime.settings import Settings

EVERY_S = 5.0
SEND_S = 3.0
TOPIC = topics.readings(CANARY_GATEWAY, CANARY_GATEWAY)
log = logging.get("canary")


def pack(number: int, now_s: float) -> bytes:
    """One reading as a plain SenML pack."""
    return msgspec.json.encode([{"n": CANARY, "u": "1", "t": round(now_s, 6), "v": number}])


class Canary:
    """Publishes; a client of its own with a clean session, in paho's own thread."""

    def __init__(self, settings: Settings) -> None:
        """Prepare the client; `run` connects."""
        self._settings = settings
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=f"haidang-canary-{secrets.token_hex(4)}",
            clean_session=True,
        )
        self._client.reconnect_delay_set(1, 5)
        self._client.max_queued_messages_set(20)
        if settings.mqtt_user:
            self._client.username_pw_set(settings.mqtt_user, settings.mqtt_password)
        if settings.mqtt_tls:
            self._client.tls_set_context(ssl.create_default_context())
        self.sent_us: int | None = None

    async def send(self, topic: str, payload: bytes) -> bool:
        """Publish something else that a person handed in; whether the broker has it."""
        if not self._client.is_connected():
            return False
        told = self._client.publish(topic, payload, qos=1)

        def confirmed() -> bool:
            try:
                told.wait_for_publish(SEND_S)
            except (RuntimeError, ValueError):  # the connection went away, or too much waits already
                return False
            return told.is_published()

        return await asyncio.to_thread(confirmed)

    async def run(self, stop: asyncio.Event) -> None:
        """Send every five seconds until told to stop; what can't be sent now is not sent later."""
        self._client.connect_async(self._settings.mqtt_host, self._settings.mqtt_port, keepalive=15)
        self._client.loop_start()
        number = 0
        try:
            while not stop.is_set():
                if self._client.is_connected():
                    number += 1
                    now = time.time()
                    self._client.publish(TOPIC, pack(number, now), qos=1)
                    self.sent_us = int(now * 1e6)
                try:
                    # Soon after the start, so that readiness need not wait for the second one.
                    async with asyncio.timeout(EVERY_S if number else 0.2):
                        await stop.wait()
                except TimeoutError:
                    continue
        finally:
            self._client.disconnect()
            # Joins paho's thread, which may be waiting on a socket.
            await asyncio.to_thread(self._client.loop_stop)
