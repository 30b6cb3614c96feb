"""What goes to the public as it leaves the house: its key, the feed, and who is told that it waits."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from services.api.paces import READING, Paces
from services.api.published import Published, sent
from services.cap.read import parse
from services.cap.sign import new_keys
from services.cap.verify import verify
from services.observation.instants import SECOND
from services.policy.publication import Publication
from services.roads import bulletin_key, bulletins
from services.roads.bulletin_key import Signer
from services.runtime.health import Health
from tests.unit.test_cap_desk import MINUTE, POLICY, T0, World
from tests.unit.test_cap_messages import message


class Told(Health):
    """Complaints, without a stream."""

    def __init__(self) -> None:
        unused: Any = None
        super().__init__(unused, "roads")

    def codes(self) -> list[str]:
        return [one.code for one in self.complaints]


def _signer(folder: Path, health: Health) -> Signer:
    settings: Any = SimpleNamespace(data=folder)
    running: Any = SimpleNamespace(policy=SimpleNamespace(publication=Publication(sender="ioc.example.vn")))
    return Signer(settings, running, health)


def _put(folder: Path, name: str, content: bytes, age_s: int) -> None:
    file = folder / "cap" / name
    file.write_bytes(content)
    os.utime(file, (age_s, age_s))


def test_a_key_that_was_changed_signs_from_the_next_message_on(tmp_path: Path) -> None:
    health = Told()
    signer = _signer(tmp_path, health)
    first = signer.document(message())
    keys = new_keys("ioc.example.vn", datetime.now(UTC))
    _put(tmp_path, bulletin_key.KEY, keys.key, 1)
    between = signer.document(message())
    assert health.codes() == [bulletin_key.UNSIGNED], "the key is there, its certificate is not"
    _put(tmp_path, bulletin_key.CERTIFICATE, keys.certificate, 2)
    after = signer.document(message())
    assert health.codes() == []
    state = [verify(parse(one), {"new": keys.certificate.decode()}).state for one in (first, between, after)]
    assert state == ["unknown", "unknown", "valid"], "the last key that could sign went on"
    for name in (bulletin_key.KEY, bulletin_key.CERTIFICATE):
        (tmp_path / "cap" / name).unlink()
    again = signer.document(message())
    assert verify(parse(again), {"new": keys.certificate.decode()}).state == "valid"
    assert health.codes() == [bulletin_key.UNSIGNED], "no new key is made in passing"


def test_a_certificate_that_has_ended_is_told_of(tmp_path: Path) -> None:
    health = Told()
    signer = _signer(tmp_path, health)
    now = datetime.now(UTC)
    signer.look(now)
    signer.document(message())
    signer.look(now)
    assert health.codes() == []
    signer.look(now + timedelta(days=11 * 365))
    assert health.codes() == [bulletin_key.OUTDATED]
    signer.look(now)
    assert health.codes() == []


def test_a_warning_that_waits_for_approval_is_told_of() -> None:
    world, health = World(), Told()
    running: Any = SimpleNamespace(site=world.site)
    world.alert("raised", "warning")
    world.alert("raised", "warning", alert="a2", status="Exercise")
    world.turn()

    def look(minutes: int) -> list[str]:
        bulletins._remind(world.desk, running, health, T0 + minutes * MINUTE)
        return health.codes()

    assert look(1) == []
    assert look(5) == [bulletins.WAITING]
    (said,) = health.complaints
    assert "Cảnh báo: Lũ – Cầu A" in said.vi
    assert "(1 in all" in said.en, "an exercise is nobody's hurry"
    world.approve("lan")
    world.turn()
    assert look(6) == []


def _asked(published: Published, world: World, *, at: int) -> tuple[bytes, int]:
    shelf = world.shelves.of("vung-tau")
    found = published.feed(shelf, base="https://x", sender="ioc.example.vn", name=POLICY.name, now=at)
    return found.body, found.modified


def test_a_feed_changes_only_when_a_message_comes_or_leaves() -> None:
    world, published = World(), Published()
    empty = _asked(published, world, at=T0)
    assert empty == _asked(published, world, at=T0 + MINUTE)
    world.alert("raised", "watch")
    world.turn()
    issued = world.shelves.of("vung-tau").feed(world.now)[0]
    one, modified = _asked(published, world, at=T0 + 2 * MINUTE)
    assert modified == issued.time
    assert (one, modified) == _asked(published, world, at=T0 + 60 * MINUTE)
    gone, left = _asked(published, world, at=T0 + 49 * 60 * MINUTE)
    assert left == issued.time + 48 * 60 * MINUTE
    assert issued.data.identifier.encode() in one
    assert issued.data.identifier.encode() not in gone


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({}, 200),
        ({"if-none-match": '"other"'}, 200),
        ({"if-none-match": "*"}, 304),
        ({"if-modified-since": "Mon, 19 Oct 2026 10:00:00 GMT"}, 304),
        ({"if-modified-since": "Sun, 18 Oct 2026 10:00:00 GMT"}, 200),
        ({"if-modified-since": "yesterday"}, 200),
        ({"if-modified-since": "Mon, 19 Oct 2026 10:00:00"}, 200),
        ({"if-none-match": '"other"', "if-modified-since": "Mon, 19 Oct 2026 10:00:00 GMT"}, 200),
    ],
)
def test_whoever_has_it_is_not_sent_it_again(asked: dict[str, str], status: int) -> None:
    modified = round(datetime(2026, 10, 19, 9, tzinfo=UTC).timestamp()) * SECOND
    answer = sent(asked, b"x", "text/plain", seconds=5, public=True, modified=modified)
    assert (answer.status_code, answer.body) == (status, b"" if status == 304 else b"x")
    again = sent({"if-none-match": answer.headers["etag"]}, b"x", "", seconds=5, public=True, modified=0)
    assert again.status_code == 304


def test_one_address_that_asks_without_end_is_slowed_down_and_no_other() -> None:
    paces = Paces()
    many = int(READING.burst)
    waits = [paces.wait_s("203.0.113.7", 100.0, READING) for _ in range(many + 1)]
    assert waits[:-1] == [0.0] * many
    assert waits[-1] == 1 / READING.per_s
    assert paces.wait_s("203.0.113.8", 100.0, READING) == 0
    assert paces.wait_s("203.0.113.7", 100.0 + 1 / READING.per_s, READING) == 0
    assert paces.wait_s("203.0.113.7", 90.0, READING) > 0, "a clock that was set back gives nothing away"
