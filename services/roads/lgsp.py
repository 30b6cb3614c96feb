"""The body that a provincial integration platform (LGSP) takes.

flat records, pushed in batches. Pure but for the time.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import msgspec

from services.roads.ledger import now_us
from services.roads.signing import Format

MAPPING = "services.observation.lgsp"


def lgsp_of(site: str) -> Format:
    """The mapping of docs/links.md, as a webhook's body; the sender is the site."""

    def form(events: Sequence[dict[str, Any]]) -> bytes:
        if find_spec(MAPPING) is None:
            return msgspec.json.encode(events)
        mapping = import_module(MAPPING)
        records = [
            mapping.record(one, int(one.get("sequence", 0)), str(one.get("epoch", ""))) for one in events
        ]
        body: bytes = mapping.batch(records, site, now_us())
        return body

    return form
