"""Taking a backup of servers that go on working.

The order is what makes it sound. Nothing is stopped, so each part is of another moment; but whoever holds
a position is taken before what it points into, so that no part knows more than the one it stands on:

1. DOWNLINK: what gateways were told. `stored` must not say more than the tables hold.
2. The tables: the archive's places in READINGS, DERIVED and ALERTS.
3. KV STATE and SNAPSHOTS: the places of engine, ingest and the MQTT road in READINGS and ALERTS.
4. DELIVERIES, which names events of ALERTS, then ALERTS, DERIVED, REJECTS, ACTS, accounts, reports. Every
   event of ALERTS follows from readings that the next step takes; the other way round an alert could be open
   whose readings are in no backup, and nothing would ever end it.
5. READINGS. What led to no event yet will: engine and archive go on from their places, and ids make the rest.
6. SITES, which only grows, so that it has every version that READINGS names; which one runs; files.
"""

import threading
import tomllib
from pathlib import Path

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from services.cli.backup import files as backup_files
from services.cli.backup import shelf as backup_shelf
from services.cli.backup import state as backup_state
from services.cli.backup import streams as backup_streams
from services.cli.backup import tables as backup_tables
from services.cli.backup.format import BackupError, DatabasePart, Manifest, Sink, StreamPart
from services.cli.backup.servers import Servers
from services.cli.backup.work import Progress, in_thread
from services.observation.instants import iso
from services.observation.text import Text
from services.runtime import formats, sites
from services.runtime.clock import now_us
from services.runtime.streams import MQTT_MESSAGES, READINGS, SITES

NOTES = (
    Text(
        "Số đo nhận sau thời điểm sao lưu không có ở đây. Sau khi khôi phục, gateway gửi lại"
        " những gì bộ đệm còn giữ; những gì hệ thống cũ đã báo là đã lưu thì gateway đã xóa và coi như mất,"
        " xem bằng: haidang restore --gaps --data THƯ_MỤC",
        "Readings received after the backup are not in it. After a restore agents send again what their"
        " buffers still hold; what the system of then called stored they have let go, and it is missing."
        " It is shown by: haidang restore --gaps --data DIR",
    ),
    Text(
        "Phiên làm việc của MQTT không được sao lưu: thiết bị đăng ký lại khi kết nối;"
        " bản tin broker đã nhận mà ingest chưa đọc không có ở đây",
        "MQTT sessions are not in it: devices subscribe again when they connect; what the broker had accepted"
        " and ingest had not read yet is not in it",
    ),
    Text(
        "Bản sao lưu chứa mật khẩu: giữ nó như giữ chìa khóa. Tài khoản trở lại như lúc sao lưu: mã truy cập"
        " đã hủy, tài khoản đã khóa sau đó lại có hiệu lực; xem bằng: haidang people list --data THƯ_MỤC",
        "It holds passwords: keep it as you keep keys. Accounts are as they were then: tokens dropped and"
        " accounts disabled since are in force again; look with: haidang people list --data DIR",
    ),
)


async def take(
    servers: Servers, data: Path | None, shelf: Path, progress: Progress, *, with_database: bool = True
) -> tuple[Path, Manifest]:
    """Write a backup onto a shelf; where it is, and what is in it.

    Raises:
        BackupError: there is nothing to back up, or a part can't be had.
        NatsError, TimeoutError, psycopg.Error, OSError: a server or the disk.
    """
    js, started = servers.js, _now()
    site = await running_site(js)
    with backup_shelf.half(shelf, backup_shelf.name_of(site, started)) as half:
        sink = Sink(half)
        streams = await _streams(js, sink, progress, backup_streams.BEFORE_TABLES)
        database = await _tables(servers, sink, progress, with_database=with_database)
        progress.step(Text("trạng thái của các dịch vụ", "state of the services"))
        state = await backup_state.read_state(js)
        streams |= await _streams(js, sink, progress, (*backup_streams.BEFORE_READINGS, READINGS))
        current = await backup_state.read_key(js, sites.CURRENT)
        if current is not None:
            state.keys[sites.CURRENT] = current
        state.save(sink)
        backup_state.save_objects(sink, SITES, await backup_state.read_sites(js))
        await _site_files(js, sink)
        if data is not None:
            backup_files.save(data, sink)
        manifest = Manifest(
            release=formats.release(),
            data=formats.DATA if data is None else formats.number(data),
            site=site,
            started=started,
            finished=_now(),
            streams=streams,
            state=sorted(state.keys),
            database=database,
            mqtt_waiting=await _waiting(js),
            notes=list(NOTES),
            files={},
        )
        sink.close(manifest)
    return shelf / backup_shelf.name_of(site, started), manifest


async def running_site(js: JetStreamContext) -> str:
    """Id of the site that runs here.

    Raises:
        BackupError: no site was ever published here.
    """
    running = await sites.current(js)
    if running is None:
        raise BackupError(
            Text("chưa có địa bàn nào chạy ở đây", "no site has ever run here"),
            Text("chạy haidang up trước", "run haidang up first"),
        )
    return str(tomllib.loads((await sites.files_of(js, running.version))["site.toml"].decode())["id"])


async def _streams(
    js: JetStreamContext, sink: Sink, progress: Progress, names: tuple[str, ...]
) -> dict[str, StreamPart]:
    taken = {}
    for name in names:
        progress.step(Text(f"luồng {name}", f"stream {name}"))
        part = await backup_streams.save(js, name, sink, progress.bytes(name))
        if part is not None:
            taken[name] = part
    return taken


async def _tables(
    servers: Servers, sink: Sink, progress: Progress, *, with_database: bool
) -> DatabasePart | None:
    if not with_database or servers.database is None:
        return None
    progress.step(Text("cơ sở dữ liệu", "database"))
    stop, url = threading.Event(), servers.database
    return await in_thread(stop, lambda: backup_tables.save(url, sink, progress.rows, stop))


async def _site_files(js: JetStreamContext, sink: Sink) -> None:
    """The running version as the files it was made of, for people and for `up --site`."""
    running = await sites.current(js)
    if running is not None:
        for name, content in (await sites.files_of(js, running.version)).items():
            sink.add(f"{backup_files.SITE_FOLDER}/{name}", content)


async def _waiting(js: JetStreamContext) -> int:
    try:
        return int((await js.stream_info(MQTT_MESSAGES)).state.messages)
    except NotFoundError:
        return 0


def _now() -> str:
    return iso(now_us())
