"""The one writer of what goes to the public: follows ALERTS, proposes, withdraws, issues.

A shell: `services.cap.desk` decides; here are the clock, the key and the stream. Every event is published as
the next one of its subject: what somebody else wrote meanwhile is read first, then decided again.
"""

import asyncio
import os
import time
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from nats.js import JetStreamContext
from nats.js.errors import APIError

from services.cap import bulletin as nouns
from services.cap.build import build
from services.cap.desk import Desk, Out
from services.cap.message import Message
from services.cap.sign import Keys, check_keys, new_keys, sign
from services.observation import event as events
from services.policy.running import Running
from services.runtime import logging
from services.runtime.accounts import write_private
from services.runtime.follow import Follower, TailLost
from services.runtime.health import Health
from services.runtime.nats import NatsError
from services.runtime.position import epoch_of, renew_epoch
from services.runtime.settings import Settings
from services.runtime.streams import ALERTS

FOLDER, KEY, CERTIFICATE = "cap", "key.pem", "certificate.pem"
ID, EXPECTED, WRONG_LAST = "Nats-Msg-Id", "Nats-Expected-Last-Subject-Sequence", 10071
BATCH, WAIT_S = 256, 0.5
STILL_EMPTY = 10
UNSIGNED, BROKEN = "bulletins-unsigned", "bulletin-invalid"
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
    """Read ALERTS from its beginning, and write what is missing from its end on."""
    desk = Desk(running.site.id, partial(_document, _Signer(settings, running, health)))
    info = await js.stream_info(ALERTS)
    end, position = int(info.state.last_seq), max(int(info.state.first_seq) - 1, 0)
    follower = Follower(js, ALERTS, [], position, batch=BATCH)
    quiet = 0
    try:
        while not stop.is_set():
            messages = await follower.fetch(BATCH, WAIT_S)
            for message in messages:
                position = message.sequence
                desk.take(message.sequence, message.time_us, _event(message.data))
            quiet = 0 if messages else quiet + 1
            if position >= end or quiet >= STILL_EMPTY:
                end = max(end if quiet < STILL_EMPTY else 0, await _write(js, desk, running))
                _complain(desk, health)
                health.figure("bulletins_waiting", desk.waiting)
                health.figure("bulletins_issued", desk.issued)
    finally:
        await follower.close()


async def _write(js: JetStreamContext, desk: Desk, running: Running) -> int:
    """Write each step that is due; returns the sequence that must be read before the next."""
    last = 0
    for out in desk.due(time.time_ns() // 1000, running.site, running.policy.publication):
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


def _event(data: bytes) -> dict[str, Any]:
    try:
        found = msgspec.json.decode(data)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


class _Signer:
    """The site's own key: given in the data folder, or made there when the first message goes out."""

    def __init__(self, settings: Settings, running: Running, health: Health) -> None:
        self._folder = None if settings.data is None else settings.data / FOLDER
        self._running, self._health = running, health
        self._keys: Keys | None = None

    def keys(self) -> Keys | None:
        """The key and its certificate; None (and a complaint) where there can be none."""
        if self._keys is None and self._folder is not None:
            try:
                self._keys = keys_of(self._folder, self._running.policy.publication.sender)
                self._health.settle(UNSIGNED)
            except (OSError, ValueError) as error:
                self._complain(str(error))
        elif self._folder is None:
            self._complain("no data folder")
        return self._keys

    def _complain(self, why: str) -> None:
        self._health.complain(
            UNSIGNED,
            f"Bản tin công khai phát ra không có chữ ký: {why}; xem cap/{KEY} trong thư mục dữ liệu",
            f"public messages go out without a signature: {why}; see cap/{KEY} in the data folder",
        )


def keys_of(folder: Path, sender: str) -> Keys:
    """The key and certificate of a folder, made there if it has none.

    Raises:
        OSError: they can't be read or written. ValueError: they can't sign, or don't belong together.
    """
    key, certificate = folder / KEY, folder / CERTIFICATE
    if not key.exists() and not certificate.exists():
        made = new_keys(sender, datetime.now(UTC))
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(key, made.key.decode())
        write_private(certificate, made.certificate.decode())
        log.info("key_made", folder=os.fspath(folder))
    found = Keys(key.read_bytes(), certificate.read_bytes())
    check_keys(found)
    return found


def _document(signer: _Signer, message: Message) -> bytes:
    keys = signer.keys()
    return build(message) if keys is None else sign(message, keys)
