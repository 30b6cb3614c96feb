"""Streams: what JetStream keeps for a site, made once and checked at each start."""

import secrets
import time
from typing import NamedTuple

from nats.js import JetStreamContext
from nats.js.api import DiscardPolicy, KeyValueConfig, ObjectStoreConfig, StorageType, StreamConfig
from nats.js.errors import BucketNotFoundError, NotFoundError

from services.observation import tokens, topics
from services.observation.instants import micros
from services.observation.text import Text
from services.runtime import logging
from services.runtime.errors import OperatorError

READINGS, ALERTS, ACTS = "READINGS", "ALERTS", "ACTS"
DOWNLINK, DERIVED, REJECTS = "DOWNLINK", "DERIVED", "REJECTS"
COMMANDS = "COMMANDS"
DELIVERIES = "DELIVERIES"
MQTT_MESSAGES = "$MQTT_msgs"
STATE, HEALTH, PEOPLE = "STATE", "HEALTH", "PEOPLE"
SITES, SNAPSHOTS, REPORTS = "SITES", "SNAPSHOTS", "REPORTS"

EPOCH, PARTITIONS = "epoch", "partitions"
RESTORED_AT = (
    "restored_at"  # in the metadata of a stream that keeps more than its days because it was restored
)
DAY_S = 86_400.0
RESTORED_KEPT_S = 7 * DAY_S
MB = 1 << 20
GB = 1 << 30
log = logging.get("streams")


class StreamsError(OperatorError):
    """A stream that we must not start with."""


class Limits(NamedTuple):
    """Bytes that streams may take."""

    readings: int
    derived: int
    mqtt: int
    rejects: int = 256 * MB
    deliveries: int = 256 * MB

    @classmethod
    def of(cls, free: int) -> "Limits":
        """From the free disk: a quarter for readings, a tenth each for derived and for the broker.

        Rejects and deliveries take 256 MB each where there is room. Not less than a few megabytes, so that a
        nearly full disk still starts and says so.
        """
        tenth, small = max(free // 10, 16 * MB), min(256 * MB, max(free // 16, 8 * MB))
        return cls(max(free // 4, 64 * MB), tenth, tenth, small, small)


async def ensure_streams(js: JetStreamContext, limits: Limits) -> None:
    """Create what is missing; leave what is there as it is, but refuse another partition count.

    Limits are those of the day of creation: a disk that fills up must not shrink the stream.

    Raises:
        StreamsError: the stream is cut into another number of partitions.
    """
    for config in _configs(limits):
        name = config.name or ""
        try:
            info = await js.stream_info(name)
        except NotFoundError:
            await js.add_stream(config)
            log.info("stream_created", stream=name, max_bytes=config.max_bytes)
            continue
        if name == READINGS:
            _check_partitions((info.config.metadata or {}).get(PARTITIONS))
        if RESTORED_AT in (info.config.metadata or {}):
            await _forget_again(js, info.config, config.max_age or 0.0)
    await _ensure_buckets(js)


async def _forget_again(js: JetStreamContext, config: StreamConfig, days_s: float) -> None:
    """Give a restored stream its own age again, once what it brought has been read for a week."""
    metadata = dict(config.metadata or {})
    if time.time() - micros(metadata[RESTORED_AT]) / 1e6 < RESTORED_KEPT_S:
        return
    del metadata[RESTORED_AT]
    config.metadata, config.max_age = metadata, days_s
    await js.update_stream(config)
    log.info("stream_forgets_again", stream=config.name, max_age_s=days_s)


async def limit_mqtt(js: JetStreamContext, limits: Limits) -> bool:
    """Bound the broker's own stream; False while it does not exist (no MQTT client came yet).

    When it is full the broker withholds PUBACK and devices keep their readings; without the bound
    it would eat the disk while ingest is away.
    """
    try:
        config = (await js.stream_info(MQTT_MESSAGES)).config
    except NotFoundError:
        return False
    if config.discard != DiscardPolicy.NEW or (config.max_bytes or -1) < 0:
        config.discard, config.max_bytes = DiscardPolicy.NEW, limits.mqtt
        await js.update_stream(config)
        log.info("stream_limited", stream=MQTT_MESSAGES, max_bytes=limits.mqtt)
    return True


def _configs(limits: Limits) -> list[StreamConfig]:
    # Epochs are random here and only here; after a lost tail they follow from the old one.
    def stream(name: str, subjects: list[str], days: float, **more: object) -> StreamConfig:
        config = StreamConfig(name=name, subjects=subjects, max_age=days * DAY_S, allow_direct=True)
        return config.evolve(storage=StorageType.FILE, discard=DiscardPolicy.OLD, **more)

    def epoch() -> str:
        return tokens.new_epoch(secrets.token_bytes(4))

    cut = {EPOCH: epoch(), PARTITIONS: str(topics.PARTITIONS)}
    return [
        stream(READINGS, ["readings.>"], 7, max_bytes=limits.readings, metadata=cut),
        stream(ALERTS, ["alerts.>"], 400, metadata={EPOCH: epoch()}),
        stream(COMMANDS, ["commands.>"], 400, metadata={EPOCH: epoch()}),
        stream(ACTS, ["acts.>"], 30),
        stream(DELIVERIES, ["deliveries.>"], 90, max_bytes=limits.deliveries),
        stream(DOWNLINK, ["down.>"], 7, max_msgs_per_subject=1),
        stream(DERIVED, ["derived.>"], 7, max_bytes=limits.derived),
        stream(REJECTS, ["rejects.>"], 0, max_bytes=limits.rejects),
    ]


async def _ensure_buckets(js: JetStreamContext) -> None:
    # Heartbeats on disk too, though they are worth nothing after a restart: a stream in memory is
    # gone with its server, configuration and all, and nobody would be there to make it again.
    for bucket, history in ((STATE, 5), (HEALTH, 1), (PEOPLE, 5)):
        key_value = KeyValueConfig(bucket=bucket, history=history)
        try:
            await js.key_value(key_value.bucket)
        except (BucketNotFoundError, NotFoundError):
            await js.create_key_value(key_value)
    for bucket in (SITES, SNAPSHOTS, REPORTS):
        try:
            await js.object_store(bucket)
        except (BucketNotFoundError, NotFoundError):
            await js.create_object_store(bucket, ObjectStoreConfig(bucket=bucket))


def _check_partitions(found: str | None) -> None:
    wanted = str(topics.PARTITIONS)
    if found != wanted:
        raise StreamsError(
            Text(
                f"Luồng READINGS được chia thành {found} phần, chương trình này cần {wanted}",
                f"stream READINGS is cut into {found} partitions, this program needs {wanted}",
            ),
            Text(
                "dùng thư mục dữ liệu khác, hoặc phiên bản chương trình đã tạo nó",
                "use another data folder, or the release that made this one",
            ),
        )
