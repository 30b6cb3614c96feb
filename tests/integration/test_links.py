"""Three linked sites: what happens below is above, once, in order, and never called fresh when it is not."""

import asyncio
from collections import Counter
from pathlib import Path

from services.runtime import logging
from tests.support.levels import NAMES, Levels, Witness, disturb, levels, load, settled

UNDER_LOAD_S = 8.0


async def stormed(found: Levels, seconds: float, seed: int, rate: float = 150.0) -> list[Witness]:
    """Load at every level, with both ways cut and stalled at random, watched for lies."""
    until = asyncio.get_running_loop().time() + seconds
    watching = [
        Witness(found.city, found.commune),
        Witness(found.province, found.city),
        Witness(found.province, found.commune, below=NAMES[1]),
    ]
    await asyncio.gather(
        *(load(site, seed + at, until, rate) for at, site in enumerate(found.sites)),
        *(disturb(way, seed + 10 + at, until) for at, way in enumerate(found.ways)),
        *(witness.run(until + 3.0) for witness in watching),
    )
    return watching


async def is_whole(found: Levels) -> None:
    """Nothing lost, nothing twice, bytes unchanged, each subject in its order."""
    streams = [await site.all() for site in found.sites]
    for upper, stream in enumerate(streams):
        ids = Counter(event["id"] for _, event, _ in stream)
        assert [one for one, times in ids.items() if times > 1] == []
        for lower in range(upper):
            prefix = f"alerts.{NAMES[lower]}."
            there: dict[str, list[bytes]] = {}
            here: dict[str, list[bytes]] = {}
            for subject, _, data in streams[lower]:
                if subject.startswith(prefix):
                    there.setdefault(subject, []).append(data)
            for subject, _, data in stream:
                if subject.startswith(prefix):
                    here.setdefault(subject, []).append(data)
            assert here == there


def test_links_cut_at_random_under_load_end_with_equal_counts_and_hashes(tmp_path: Path) -> None:
    logging.configure(lowest="error")

    async def scene() -> None:
        async with levels(tmp_path) as found:
            watching = await stormed(found, UNDER_LOAD_S, seed=5)
            await settled(found)
            await is_whole(found)
            for witness in watching:
                assert witness.lies == []
                assert witness.looks > 10
            assert any(witness.fresh for witness in watching)

    asyncio.run(scene())
