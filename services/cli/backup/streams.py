"""Streams into files and back, by the snapshot requests of JetStream.

The server sends a stream as it is at one moment, with sequences, times and metadata, while it goes on writing
to it; what comes is its own archive of message blocks, compressed and with checksums. Each piece is
acknowledged, so that a slow disk here never fills the server's memory. During a snapshot the server
deletes nothing from that stream; it makes up for it afterwards.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from services.cli.backup.format import BackupError, Manifest, Sink, StreamPart
from services.observation import tokens
from services.observation.text import Text
from services.runtime.position import EPOCH, hash_of
from services.runtime.streams import (
    ACTS,
    ALERTS,
    COMMANDS,
    DAY_S,
    DELIVERIES,
    DERIVED,
    DOWNLINK,
    PEOPLE,
    READINGS,
    REJECTS,
    REPORTS,
    RESTORED_AT,
    Limits,
)

BEFORE_TABLES = (DOWNLINK,)
BUCKETS = (f"KV_{PEOPLE}", f"OBJ_{REPORTS}")
"""Accounts and reports: their streams say all there is, older versions of an account too."""
BEFORE_READINGS = (DELIVERIES, ALERTS, COMMANDS, DERIVED, ACTS, REJECTS, *BUCKETS)
"""Whoever holds a position is taken before what it points into: `cli/backup/take.py` tells the order."""

CHUNK = 128 << 10
PIECE_S = 60.0
ANSWER_S = 60.0
OK_STATUS = "204"
AGE_KEPT = (READINGS, DERIVED)
BOUNDED = {READINGS: "readings", DERIVED: "derived", REJECTS: "rejects"}
NS = 1_000_000_000


async def save(js: JetStreamContext, name: str, sink: Sink, tell: Callable[[int], None]) -> StreamPart | None:
    """Write a snapshot of a stream; None where there is no such stream.

    Raises:
        BackupError: the server broke off.
        NatsError, TimeoutError: it did not answer.
    """
    path = f"streams/{name}.snapshot"
    with sink.open(path) as file:
        head = await _receive(js._nc, name, file, tell)  # noqa: SLF001  nats-py offers no other way to it
    if head is None:
        (sink.folder / path).unlink()
        del sink.files[path]
        return None
    state = head["state"]
    last = int(state["last_seq"])
    digest = ""
    if int(state["messages"]):
        digest = hash_of((await js.get_msg(name, seq=last)).data or b"")
    return StreamPart(
        file=path,
        epoch=(head["config"].get("metadata") or {}).get(EPOCH),
        first=int(state["first_seq"]),
        last=last,
        hash=digest,
        messages=int(state["messages"]),
        last_time=state.get("last_ts") if last else None,
        config=head["config"],
        state=state,
    )


async def _receive(
    nc: Client, name: str, file: IO[bytes], tell: Callable[[int], None]
) -> dict[str, Any] | None:
    inbox = nc.new_inbox()
    pieces = await nc.subscribe(inbox)
    try:
        asked = {"deliver_subject": inbox, "chunk_size": CHUNK, "no_consumers": True, "jsck": True}
        answer = await nc.request(
            f"$JS.API.STREAM.SNAPSHOT.{name}", json.dumps(asked).encode(), timeout=ANSWER_S
        )
        head: dict[str, Any] = json.loads(answer.data)
        if "error" in head:
            if head["error"].get("code") == 404:  # noqa: PLR2004  as in HTTP
                return None
            raise _refused(name, head["error"])
        done = 0
        while True:
            piece = await pieces.next_msg(timeout=PIECE_S)
            if not piece.data:
                status = (piece.headers or {}).get("Status", OK_STATUS)
                if status != OK_STATUS:
                    raise _refused(name, piece.headers)
                return head
            file.write(piece.data)
            done += len(piece.data)
            tell(done)
            if piece.reply:
                await nc.publish(piece.reply, b"")
    finally:
        await pieces.unsubscribe()


async def load(
    js: JetStreamContext, name: str, folder: Path, part: StreamPart, config: Mapping[str, Any]
) -> None:
    """Make a stream from its snapshot, with `config` in place of the one it had.

    Raises:
        BackupError: the server does not take it, or what came out is not what went in.
    """
    nc = js._nc  # noqa: SLF001
    asked = json.dumps({"config": dict(config), "state": part.state}).encode()
    answer = json.loads((await nc.request(f"$JS.API.STREAM.RESTORE.{name}", asked, timeout=ANSWER_S)).data)
    if "error" in answer:
        raise _refused(name, answer["error"])
    with (folder / part.file).open("rb") as file:
        while piece := file.read(CHUNK):
            taken = (await nc.request(answer["deliver_subject"], piece, timeout=PIECE_S)).data
            if taken:
                raise _refused(name, taken.decode("utf-8", "replace"))
    done = json.loads((await nc.request(answer["deliver_subject"], b"", timeout=ANSWER_S)).data)
    if "error" in done:
        raise _refused(name, done["error"])
    await _compare(js, name, part)


async def _compare(js: JetStreamContext, name: str, part: StreamPart) -> None:
    """What stands in the stream now must be what stood there then."""
    last = (await js.stream_info(name)).state.last_seq
    digest = ""
    if part.messages:
        try:
            digest = hash_of((await js.get_msg(name, seq=part.last)).data or b"")
        except (NatsError, NotFoundError) as error:
            raise _refused(name, repr(error)) from error
    if (last, digest) != (part.last, part.hash):
        raise _refused(name, f"ends at {last} {digest}, not at {part.last} {part.hash}")


def config_for(name: str, part: StreamPart, limits: Limits, age_s: float, now_iso: str) -> dict[str, Any]:
    """The configuration of a restored stream.

    A new epoch, drawn at random: what was published after the backup is gone, so a token or a position from
    there must not be taken for one of this stream, nor for one of another restore of the same backup. The
    bounds are those of this disk. A stream that forgets by age would forget at once what is in an old
    backup and unread; so its age grows by that of the backup, and `ensure_streams` takes it back in a week.
    """
    config = dict(part.config)
    metadata = dict(config.get("metadata") or {})
    if part.epoch:
        metadata[EPOCH] = tokens.new_epoch(secrets.token_bytes(4))
    if name in BOUNDED:
        held = int(part.state.get("bytes", 0))
        config["max_bytes"] = max(getattr(limits, BOUNDED[name]), held + held // 10)
    if name in AGE_KEPT and age_s > 0:
        config["max_age"] = int(config.get("max_age", 7 * DAY_S * NS)) + int(age_s) * NS
        metadata[RESTORED_AT] = now_iso
    config["metadata"] = metadata
    return config


async def load_all(  # noqa: PLR0913  from, to, and the moment
    js: JetStreamContext, folder: Path, manifest: Manifest, limits: Limits, age_s: float, now_iso: str
) -> dict[str, str]:
    """All streams of a backup; returns the new epochs by stream.

    The words `seen`, `want` and `stored` to gateways are left out: ingest and archive say them again from
    what was restored, and an older `stored` that the tables do not bear out would make agents forget.
    """
    epochs = {}
    for name, part in manifest.streams.items():
        config = config_for(name, part, limits, age_s, now_iso)
        await load(js, name, folder, part, config)
        if part.epoch:
            epochs[name] = config["metadata"][EPOCH]
    if DOWNLINK in manifest.streams:
        await js.purge_stream(DOWNLINK, subject="down.*.ack.>")
    return epochs


def _refused(name: str, why: object) -> BackupError:
    return BackupError(
        Text(f"luồng {name}: NATS từ chối: {why}", f"stream {name}: NATS refuses: {why}"),
        Text("xem đĩa và nhật ký của nats-server", "look at the disk and the log of nats-server"),
    )
