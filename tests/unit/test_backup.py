"""Backups as files: what is whole, what is refused, what is kept; formats; what a restore has cost."""

import asyncio
import json
import re
import threading
from pathlib import Path

import pytest

from services import schema
from services.alerts import snapshot, snapshots
from services.cli import main
from services.cli.backup import format as backup_format
from services.cli.backup import shelf as backup_shelf
from services.cli.backup.files import kept, load, save
from services.cli.backup.format import BackupError, Manifest, Sink, StreamPart
from services.cli.backup.gaps import HOUR, by_hour
from services.cli.backup.put import put
from services.cli.backup.state import named
from services.cli.backup.streams import BEFORE_READINGS, BEFORE_TABLES, config_for
from services.cli.backup.work import in_thread
from services.ingest import book
from services.observation.instants import SECOND
from services.observation.site import Site
from services.observation.site_files import parse
from services.observation.text import Text
from services.runtime import formats, streams
from services.runtime.formats import FormatError
from services.runtime.streams import Limits
from tests.support.logs import log_as_before  # noqa: F401  a fixture
from tests.support.world import T0, write_site

DAY = 86_400.0


def manifest(**more: object) -> Manifest:
    given: dict[str, object] = {
        "release": "0.2.0", "data": formats.DATA, "site": "thu-nghiem", "started": "2026-11-22T02:15:00Z",
        "finished": "2026-11-22T02:15:01Z", "streams": {}, "state": [], "database": None, "mqtt_waiting": 0,
        "notes": [Text("vi", "en")], "files": {},
    }  # fmt: skip
    return Manifest(**{**given, **more})  # type: ignore[arg-type]


def written(shelf: Path, stamp: str = "2026-11-22T02:15:00.25Z", **more: object) -> Path:
    """A backup without streams or tables, on a shelf."""
    name = backup_shelf.name_of("thu-nghiem", stamp)
    with backup_shelf.half(shelf, name) as half:
        sink = Sink(half)
        sink.add("state.json", b'{"v":1,"keys":{}}')
        with sink.open("database/sensor.copy.gz", zipped=True) as file:
            file.write(b"1\tg0-s0.water_level\n" * 1000)
        sink.close(manifest(**more))
    return shelf / name


def checked(folder: Path) -> Manifest:
    found = backup_format.read(folder)
    backup_format.check(folder, found, lambda _: None)
    return found


def test_a_backup_is_read_as_it_was_written_and_for_its_owner_alone(tmp_path: Path) -> None:
    folder = written(tmp_path / "shelf")
    assert folder.name == "haidang-thu-nghiem-20261122T021500Z"
    found = checked(folder)
    assert set(found.files) == {"state.json", "database/sensor.copy.gz"}
    open_to_others = [p for p in folder.rglob("*") if p.stat().st_mode & 0o077]
    assert open_to_others == []


@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_one_changed_byte_is_enough_to_refuse_a_backup_and_nothing_is_made(tmp_path: Path, harm: str) -> None:
    folder = written(tmp_path / "shelf")
    victim = folder / "database/sensor.copy.gz"
    content = bytearray(victim.read_bytes())
    if harm == "remove":
        victim.unlink()
    else:
        content[40] ^= 1
        victim.write_bytes(bytes(content) if harm == "flip" else bytes(content[:-1]))
    with pytest.raises(BackupError, match=r"sensor\.copy\.gz.* broken or missing"):
        asyncio.run(put(folder, tmp_path / "new", None))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["shelf"]


def test_a_backup_of_a_newer_release_is_refused_by_name(tmp_path: Path) -> None:
    folder = written(tmp_path / "shelf", data=formats.DATA + 1, release="9.9.0")
    with pytest.raises(FormatError, match=r"9\.9\.0.*install that newer release"):
        backup_format.read(folder)
    content = json.loads((folder / "manifest.json").read_text())
    content |= {"data": formats.DATA, "format": 99}
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(BackupError, match=r"backup format 99"):
        backup_format.read(folder)


def test_restoring_over_something_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = written(tmp_path / "shelf")
    (tmp_path / "used").mkdir()
    (tmp_path / "used" / "credentials.json").write_text("{}")
    assert main(["restore", str(folder), "--data", str(tmp_path / "used")]) == 2
    said = capsys.readouterr().err
    assert "is not empty" in said
    assert "không trống" in said
    assert (tmp_path / "used" / "credentials.json").read_text() == "{}"


def test_a_backup_that_fails_leaves_nothing_on_the_shelf(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    with backup_shelf.half(shelf, "haidang-a-20260101T000000Z") as half:
        Sink(half).add("x", b"x")
    with pytest.raises(FileExistsError), backup_shelf.half(shelf, "haidang-b-20260101T000000Z") as half:
        Sink(half).add(backup_shelf.LOCK, b"")  # is there: refused in the middle of the work
    assert [place.name for place in shelf.iterdir()] == ["haidang-a-20260101T000000Z"]


def test_what_a_killed_backup_left_is_swept_and_one_being_written_is_not(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    (shelf / "haidang-a-20260101T000000Z.partial").mkdir(parents=True)
    with backup_shelf.half(shelf, "haidang-a-20260102T000000Z") as half:
        written(shelf)
        assert half.is_dir()
        assert sorted(p.name for p in shelf.glob("*.partial")) == [half.name]


def test_keep_removes_the_oldest_of_this_site_and_nothing_else(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    made = [written(shelf, f"2026-11-{day}T02:15:00Z").name for day in ("19", "21", "20")]
    other = shelf / "haidang-thu-nghiem-b-20200101T000000Z"
    for foreign in (other, shelf / "haidang-thu-nghiem-20200101T000000Z.partial", shelf / "photos"):
        foreign.mkdir()
        (foreign / "manifest.json").write_text("{}")
    assert backup_shelf.keep(shelf, "thu-nghiem", 2) == [made[0]]
    assert {p.name for p in shelf.iterdir()} == {
        made[1], made[2], other.name, "haidang-thu-nghiem-20200101T000000Z.partial", "photos",
    }  # fmt: skip


def test_a_shelf_stands_for_its_newest_backup(tmp_path: Path) -> None:
    shelf = tmp_path / "shelf"
    names = [written(shelf, f"2026-{month}-22T02:15:00Z") for month in ("11", "12", "10")]
    assert backup_shelf.newest(shelf) == names[1]
    assert backup_shelf.newest(names[2]) == names[2]
    other = shelf / "haidang-bien-20261122T021500Z"
    other.mkdir()
    (other / "manifest.json").write_text("{}")
    with pytest.raises(BackupError, match="several sites: bien, thu-nghiem"):
        backup_shelf.newest(shelf)


def test_keys_and_accounts_are_taken_and_stores_are_not(tmp_path: Path) -> None:
    for name in ("credentials.json", "admin-token", "tls/key.pem", "cap/key.pem", "cap/certificate.pem",
                 "secrets.toml", "nats/nats.conf", "postgres/PG_VERSION",
                 "logs/up.log", "run.json", "last-backup", "lock", "formats.json", "tls/nats"):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = {file.as_posix() for file in kept(tmp_path)}
    kept_too = {"cap/key.pem", "cap/certificate.pem", "secrets.toml"}
    assert found == {"credentials.json", "admin-token", "tls/key.pem", "tls/nats"} | kept_too


def test_the_key_that_signs_comes_back_for_its_owner_alone(tmp_path: Path) -> None:
    data, shelf, back = tmp_path / "data", tmp_path / "shelf", tmp_path / "back"
    (data / "cap").mkdir(parents=True)
    (data / "cap" / "key.pem").write_text("key")
    (data / "cap" / "key.pem").chmod(0o644)
    shelf.mkdir(mode=0o700)
    save(data, Sink(shelf))
    load(shelf, back)
    for place in (shelf / "files" / "cap" / "key.pem", back / "cap" / "key.pem"):
        assert place.read_text() == "key"
        assert place.stat().st_mode & 0o077 == 0, place


def test_every_stream_of_a_site_is_in_a_backup() -> None:
    known = {config.name for config in streams._configs(Limits.of(0))} | {"KV_PEOPLE", "OBJ_REPORTS"}
    assert {*BEFORE_TABLES, *BEFORE_READINGS, streams.READINGS} == known


def test_the_snapshots_that_a_key_names_are_found() -> None:
    assert list(named("engine.1", b'{"object":"engine.1.aa.7","readings_seq":7,"v":1}')) == ["engine.1.aa.7"]
    ingest = b'{"owner":"x","snapshots":[["ingest.1.ab",{"epoch":"e"}],["ingest.2.cd",{}]],"v":1}'
    assert list(named("ingest", ingest)) == ["ingest.1.ab", "ingest.2.cd"]
    assert list(named("site.current", b'{"version":"0f"}')) == []
    assert list(named("odd", b"\xff")) == []


def part(name: str, **config: object) -> StreamPart:
    given = {
        "name": name,
        "max_bytes": 1 << 40,
        "max_age": int(7 * DAY * 1e9),
        "metadata": {"epoch": "0a0b0c0d"},
    }
    return StreamPart(
        file="", epoch="0a0b0c0d", first=1, last=9, hash="", messages=9, last_time=None,
        config={**given, **config}, state={"bytes": 100 << 20},
    )  # fmt: skip


def test_a_restored_stream_has_its_own_epoch_the_bounds_of_its_disk_and_time_to_be_read() -> None:
    limits = Limits.of(1 << 30)
    one, two = (
        config_for("READINGS", part("READINGS"), limits, 30 * DAY, "2026-12-22T00:00:00Z") for _ in "ab"
    )
    assert len({"0a0b0c0d", one["metadata"]["epoch"], two["metadata"]["epoch"]}) == 3
    assert one["max_bytes"] == limits.readings
    assert one["max_age"] == int(37 * DAY * 1e9)
    assert one["metadata"][streams.RESTORED_AT] == "2026-12-22T00:00:00Z"
    small = config_for("READINGS", part("READINGS"), Limits(1, 1, 1), 0, "")
    assert small["max_bytes"] > 100 << 20, "what is in the backup must fit"
    alerts = config_for("ALERTS", part("ALERTS"), limits, 30 * DAY, "")
    assert alerts["max_age"] == int(7 * DAY * 1e9)


def test_blocking_work_is_told_to_stop_and_waited_for() -> None:
    stop, ended = threading.Event(), threading.Event()

    def work() -> None:
        stop.wait(10)
        ended.set()

    async def cancelled() -> None:
        task = asyncio.ensure_future(in_thread(stop, work))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()

    asyncio.run(cancelled())


# --- what a restore has cost -----------------------------------------------------------------------


def site(tmp_path: Path) -> Site:
    folder = write_site(tmp_path / "site", gateways=2, stations=1, interval_s=60)
    found, problems = parse({file.name: file.read_bytes() for file in folder.iterdir()})
    assert found is not None, problems
    return found


def test_missing_readings_are_shown_by_gateway_and_hour(tmp_path: Path) -> None:
    taken, restored = T0 + HOUR // 2, T0 + 3 * HOUR - HOUR // 4
    full, first, last = 60, 30, 45
    counts = {("g0-s0.water_level", T0 + n * HOUR): n_ for n, n_ in enumerate((first, full, last))}
    counts |= {("g1-s0.water_level", T0): 10, ("g1-s0.water_level", T0 + 2 * HOUR): 44}
    found = [
        (h.gateway, (h.start - T0) // HOUR, h.expected - h.stored)
        for h in by_hour(site(tmp_path), counts, taken, restored)
    ]
    assert found == [("gw-1", 0, 20), ("gw-1", 1, 60), ("gw-1", 2, 1)]


def test_too_many_readings_of_one_sensor_do_not_hide_those_of_another(tmp_path: Path) -> None:
    folder = write_site(tmp_path / "two", gateways=1, stations=2, interval_s=60)
    found, _ = parse({file.name: file.read_bytes() for file in folder.iterdir()})
    assert found is not None
    hours = by_hour(found, {("g0-s0.water_level", T0): 500}, T0, T0 + 600 * SECOND)
    assert [(h.expected, h.stored) for h in hours] == [(20, 10)]


# --- formats ---------------------------------------------------------------------------------------


def test_whoever_changes_a_form_gives_the_data_folder_a_new_number() -> None:
    now = formats.KNOWN[formats.DATA]
    code = (schema.LATEST, snapshot.FORMAT, book.FORMAT, snapshots.FORMAT)
    assert code == (now.schema, now.engine, now.ingest, 1), "add a line to formats.KNOWN"
    assert list(formats.KNOWN) == list(range(1, formats.DATA + 1))
    assert formats.release().split(".")[:2] >= now.release.split(".")[:2]


def test_a_data_folder_tells_its_number(tmp_path: Path) -> None:
    assert formats.number(tmp_path) == 0
    (tmp_path / "credentials.json").write_text("{}")
    assert formats.number(tmp_path) == 1, "the first release wrote no mark"
    formats.write(tmp_path, 2, before=1)
    formats.write(tmp_path, 2)
    mark = formats.read(tmp_path)
    assert mark is not None
    assert (mark.data, mark.before) == (2, 1)
    (tmp_path / formats.FILE).write_text("{")
    with pytest.raises(FormatError, match="can't be read"):
        formats.number(tmp_path)


@pytest.mark.parametrize("command", ["up", "backup", "upgrade"])
def test_a_data_folder_of_a_newer_release_is_left_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / formats.FILE).write_text(
        json.dumps(
            {"format": 1, "data": formats.DATA + 1, "release": "9.9.0", "since": "2030-01-01T00:00:00Z"}
        )
    )
    before = sorted(p.name for p in data.iterdir())
    more = {
        "up": ["--site", str(write_site(tmp_path / "site"))],
        "backup": [str(tmp_path / "shelf")],
        "upgrade": [],
    }
    assert main([command, "--data", str(data), *more[command]]) == 2
    said = capsys.readouterr().err
    assert re.search(r"format \d, of a newer release", said)
    assert "phiên bản mới hơn" in said
    assert [p for p in sorted(p.name for p in data.iterdir()) if p != "lock"] == before


def test_an_upgrade_that_must_be_asked_for_is_named_by_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    slow = formats.KNOWN[formats.DATA]._replace(by_itself=False)
    monkeypatch.setitem(formats.KNOWN, formats.DATA, slow)
    (tmp_path / "credentials.json").write_text("{}")
    folder = write_site(tmp_path / "site")
    assert main(["up", "--data", str(tmp_path), "--site", str(folder)]) == 2
    assert f"haidang upgrade --data {tmp_path}" in capsys.readouterr().err
