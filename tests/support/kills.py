"""Kill a part with 2,000 messages in flight, and see that every reading becomes exactly one row."""

from collections.abc import Callable

from edge.sender import Sender
from tests.support.up import Up
from tests.support.waiting import until
from tests.support.world import Reading, packs, readings_of, rows_of

PACKS = 500  # for each of four gateways
GATEWAYS = 4
DAY_US = 86_400_000_000


def rows_of_day(up: Up, start: int) -> list[Reading]:
    """Rows of the day that starts at `start` (µs)."""
    return [row for row in rows_of(up.database) if start <= row[1] < start + DAY_US]


def every_reading_becomes_one_row(up: Up, kill: Callable[[], object], start: int) -> None:
    """Hand 2,000 packs to four agents, kill as soon as some are on their way, and compare rows with readings.

    `start` (µs) is a day of its own, so that a row can't be taken for another's.
    """
    senders = [Sender(*up.mqtt, f"area-{g}", f"gw-{g}") for g in range(GATEWAYS)]
    sent = []
    try:
        for g, sender in enumerate(senders):
            mine = packs(g, PACKS, start=start)
            for pack in mine:
                sender.submit(pack)
            sent += mine
        until(lambda: sum(sender.sendings for sender in senders) > 0, 10, "the first pack to be sent")
        kill()
        for sender in senders:
            assert sender.wait_all_stored(120), f"{sender.gateway}: {sender.unstored} packs were never stored"
            assert sender.lost == 0
    finally:
        for sender in senders:
            sender.close()
    expected = readings_of(sent)
    rows = rows_of_day(up, start)
    assert len(rows) == len(set(rows)) == len(expected)
    assert set(rows) == expected
