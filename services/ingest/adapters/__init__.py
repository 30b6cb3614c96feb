"""Adapters: foreign formats → our packs. Pure functions of (topic, payload, received_at in µs UTC).

One file per format; each is registered here under the name that `site.toml` uses.
"""

from collections.abc import Callable, Mapping

from services.ingest.decode import Decoded, decode, decode_strikes

OURS = "haidang"
"""Our own format: SenML, bare or in the agent's envelope."""

Adapter = Callable[[str, bytes, int], Decoded]

strikes = decode_strikes


def _ours(_topic: str, payload: bytes, _received_at: int) -> Decoded:
    return decode(payload)


REGISTRY: Mapping[str, Adapter] = {OURS: _ours}
"""Adapters by name."""
