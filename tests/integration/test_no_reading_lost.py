"""Promise 1: from our agent to the disk nothing is lost and nothing is counted twice, whatever dies."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from edge.sender import Sender
from tests.support.up import Up, running
from tests.support.waiting import until
from tests.support.world import packs, readings_of, rows_of, write_site

PACKS = 500  # for each of four gateways: 2,000 messages in flight at every kill
GATEWAYS = 4


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    folder = tmp_path_factory.mktemp("city")
    with running(write_site(folder / "site", gateways=GATEWAYS), folder / "data") as up:
        yield up


def send_and_kill(city: Up, victim: str, start_s: float) -> tuple[set[tuple[str, int, float]], list[Sender]]:
    """Hand 2,000 packs to four agents and kill the victim as soon as some are on their way."""
    senders, sent = [], []
    for g in range(GATEWAYS):
        sender = Sender(*city.mqtt, f"area-{g}", f"gw-{g}")
        mine = packs(g, PACKS, start=int(start_s * 1_000_000))
        for pack in mine:
            sender.submit(pack)
        sent += mine
        senders.append(sender)
    until(lambda: sum(s.sendings for s in senders) > 0, 10, "the first pack to be sent")
    city.kill(victim)
    return readings_of(sent), senders


# Each victim gets readings of its own day, so that a row can't be taken for another's.
VICTIMS = {"ingest": 1_763_424_000, "archive": 1_763_510_400, "nats-server": 1_763_596_800, "postgres": 1_763_683_200}


@pytest.mark.parametrize("victim", VICTIMS)
def test_killing_any_part_with_2000_messages_in_flight_loses_and_doubles_nothing(city: Up, victim: str) -> None:
    expected, senders = send_and_kill(city, victim, VICTIMS[victim])
    try:
        for sender in senders:
            assert sender.wait_all_stored(90), f"{sender.gateway}: {sender.unstored} packs never stored"
            assert sender.lost == 0
    finally:
        for sender in senders:
            sender.close()
    day = VICTIMS[victim] * 1_000_000
    rows = [row for row in rows_of(city.database) if day <= row[1] < day + 86_400_000_000]
    assert len(rows) == len(set(rows)) == len(expected)
    assert set(rows) == expected


def test_a_broker_restart_never_acknowledges_a_plain_message_that_is_not_stored(city: Up, tmp_path: Path) -> None:
    start = 1_763_769_600
    mine = packs(0, 2000, stations=1, start=start * 1_000_000, step_s=30)
    sender = Sender(*city.mqtt, "area-0", "gw-0", plain=True)
    for pack in mine:
        sender.submit(pack)
    until(lambda: sender.stored > 200, 20, "the first PUBACKs")
    city.kill("nats-server")
    try:
        assert sender.wait_all_stored(60)
    finally:
        sender.close()
    expected = readings_of(mine)

    def stored() -> set[tuple[str, int, float]]:
        day = start * 1_000_000
        return {row for row in rows_of(city.database) if day <= row[1] < day + 86_400_000_000}

    until(lambda: stored() == expected, 60, "every PUBACKed reading to be a row")
