"""Three linked sites for minutes, under load: ways cut and stalled, servers killed, links restarted."""

import asyncio
import sys
from pathlib import Path

import pytest

from services.runtime import logging
from tests.support.levels import is_whole, levels, settled, stormed, trouble


@pytest.mark.parametrize(("seconds", "rate"), [(60.0, 150.0), (300.0, 50.0)])
def test_sites_end_equal_after_minutes_of_trouble(tmp_path: Path, seconds: float, rate: float) -> None:
    logging.configure(lowest="error")

    async def scene() -> None:
        async with levels(tmp_path) as found:
            until = asyncio.get_running_loop().time() + seconds
            troubling = asyncio.ensure_future(trouble(found, 77, until))
            watching = await stormed(found, seconds, seed=7, rate=rate, also=troubling)
            took = await settled(found, 120.0)
            await is_whole(found)
            for witness in watching:
                assert witness.lies == []
            told = sum(len(site.published) for site in found.sites)
            cuts = sum(way.cuts for way in found.ways)
            fresh = [f"{witness.fresh}/{witness.looks}" for witness in watching]
            sys.stdout.write(
                f"\n{seconds:g} s: {told} events, {cuts} cuts, {await troubling}, equal {took:.1f} s after,"
                f" called fresh {', '.join(fresh)}, never wrongly\n"
            )

    asyncio.run(scene())
