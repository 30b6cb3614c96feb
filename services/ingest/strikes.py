"""Lightning strikes: raw records → strikes and rejects. Pure."""

import math
from collections.abc import Sequence

from services.ingest.decode import RawStrike
from services.ingest.identify import wrong_time
from services.ingest.rejects import Reason, Reject
from services.ingest.site_index import SiteIndex
from services.observation.messages import Strike


def source_declared(index: SiteIndex, area: str, name: str) -> Reject | None:
    """Why no strikes may come under this name; None for a declared `[[source]]` or gateway."""
    if any(source.id == name for source in index.site.sources):
        return None
    reject = index.gateway(area, name)
    if reject is not None and reject.reason is Reason.UNKNOWN_GATEWAY:
        return Reject(Reason.UNKNOWN_SOURCE, None, name)
    return reject


def check(
    source: str, found: Sequence[tuple[int, RawStrike]], received_at: int
) -> tuple[list[Strike], list[Reject]]:
    """Usable strikes, and why the others are not. Per strike in Python: a storm brings tens a second."""
    strikes: list[Strike] = []
    rejects: list[Reject] = []
    for number, raw in found:
        reason = wrong_time(raw.t, received_at / 1e6)
        if reason is None and not (abs(raw.lat) <= 90 and abs(raw.lon) <= 180):  # noqa: PLR2004  degrees
            reason = Reason.BAD_POSITION
        if reason is None and not all(x is None or math.isfinite(x) for x in (raw.ka, raw.err_m)):
            reason = Reason.NOT_FINITE
        if reason is not None:
            rejects.append(Reject(reason, number))
            continue
        strikes.append(
            Strike(
                source=source,
                time=round(raw.t * 1e6),
                lat=raw.lat,
                lon=raw.lon,
                id=raw.id,
                type=raw.type,
                ka=raw.ka,
                err_m=raw.err_m,
            )
        )
    return strikes, rejects
