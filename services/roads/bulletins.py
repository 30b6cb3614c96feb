"""The one writer of what goes to the public: follows ALERTS, proposes, withdraws, issues.

A shell: `services.cap.desk` decides; here are the clock, the key and the stream. Every event is published as
the next one of its subject: what somebody else wrote meanwhile is read first, then decided again.
"""

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.cap import bulletin as nouns
from services.cap.compose import local
from services.cap.desk import Desk
from services.cap.draft import Out
from services.observation import event as events
from services.observation.instants import SECOND
from services.policy.running import Running
from services.roads.bulletin_key import Signer
from services.runtime import digest, logging
from services.runtime.clock import now_us
from services.runtime.follow import Follower, TailLost
from services.runtime.follow import Message as Stored
from services.runtime.health import Health
from services.runtime.nats import NatsError
from services.runtime.position import epoch_of, renew_epoch
from services.runtime.settings import Settings
from services.runtime.streams import ALERTS

ID, EXPECTED, WRONG_LAST = "Nats-Msg-Id", "Nats-Expected-Last-Subject-Sequence", 10071
BATCH, WAIT_S = 256, 0.5
STILL_EMPTY = 10
BROKEN, WAITING = "bulletin-invalid", "bulletin-waiting"
WAITS_US = 120 * SECOND
"""A warning that nobody has approved or refused after so long is told of [design default]."""
log = logging.get("bulletins")


async def run(
    js: JetStreamContext, running: Running, settings: Settings, health: Health, stop: asyncio.Event
) -> None:
    """Keep the public told until told to stop. `running` is kept up to date by whoever runs this.

    Raises:
        NatsError, APIError, TimeoutError: the stream is away; begin again.
    """
    if not await running.first(stop):
        return
    while not stop.is_set():
        try:
            await _follow(js, running, settings, health, stop)
        except TailLost as lost:
            epoch = await renew_epoch(js, ALERTS, await epoch_of(js, ALERTS))
            log.warning("tail_lost", read=lost.read, last=lost.last, epoch=epoch)


async def _follow(
    js: JetStreamContext, running: Running, settings: Settings, health: Health, stop: asyncio.Event
) -> None:
    """Read what ALERTS holds, and write what is missing from its end on."""
    signer = Signer(settings, running, health)
    desk = Desk(running.site.id, signer.document)

    def take(message: Stored) -> None:
        desk.take(message.sequence, message.time_us, _event(message.data))

    end = int((await js.stream_info(ALERTS)).state.last_seq)
    position, _ = await digest.begin(js, take)
    follower = Follower(js, ALERTS, [], position, batch=BATCH)
    quiet = 0
    try:
        while not stop.is_set():
            messages = await follower.fetch(BATCH, WAIT_S)
            for message in messages:
                position = message.sequence
                take(message)
            quiet = 0 if messages else quiet + 1
            if position >= end or quiet >= STILL_EMPTY:
                end = max(end if quiet < STILL_EMPTY else 0, await _write(js, desk, running))
                _complain(desk, health)
                _remind(desk, running, health, now_us())
                signer.look(datetime.now(UTC))
                health.figure("bulletins_waiting", len(desk.waiting))
                health.figure("bulletins_issued", desk.issued)
    finally:
        await follower.close()


async def _write(js: JetStreamContext, desk: Desk, running: Running) -> int:
    """Write each step that is due; returns the sequence that must be read before the next."""
    last = 0
    for out in desk.due(now_us(), running.site, running.policy.publication):
        last = max(last, await _put(js, running.site.id, out))
    return last


async def _put(js: JetStreamContext, site: str, out: Out) -> int:
    event = out.event
    subject = events.subject(site, out.area, event.subject)
    headers = {ID: event.id, EXPECTED: str(out.after)}
    try:
        ack = await js.publish(subject, nouns.encode(event), headers=headers)
    except (NatsError, APIError) as error:
        if getattr(error, "err_code", None) != WRONG_LAST:
            raise
        return 0  # somebody acted on it: read that first
    verb = event.type.split(".")[3]
    log.info("bulletin_written", verb=verb, bulletin=event.subject, sequence=ack.seq)
    return int(ack.seq)


def _complain(desk: Desk, health: Health) -> None:
    if not desk.broken:
        health.settle(BROKEN)
        return
    alert, violations = next(iter(desk.broken.items()))
    health.complain(
        BROKEN,
        f"Bản tin về cảnh báo {alert} không hợp lệ nên không phát được: {violations[0].path}"
        f" {violations[0].what.vi}",
        f"the message about alert {alert} breaks CAP's rules and can't go out: {violations[0].path}"
        f" {violations[0].what.en}",
    )


def _remind(desk: Desk, running: Running, health: Health, now: int) -> None:
    """Say that a warning waits for somebody: the keeper makes an alert of it, which roads carry to people."""
    waiting = [
        one
        for one in desk.waiting
        if one.time <= now - WAITS_US and one.data.status == "Actual" and not one.data.end
    ]
    if not waiting:
        health.settle(WAITING)
        return
    first = waiting[0]
    since = local(first.time, running.site)[11:16]
    health.complain(
        WAITING,
        f"Bản tin cho người dân chưa phát, chờ duyệt từ {since}: {first.data.headline.vi}"
        f" (tất cả {len(waiting)} bản; GET /api/v1/bulletins?state=pending)",
        f"a message to the public has not gone out, it waits for approval since {since}:"
        f" {first.data.headline.en} ({len(waiting)} in all; GET /api/v1/bulletins?state=pending)",
    )


def _event(data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}
