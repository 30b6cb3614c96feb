"""How much an agent holds and how patient it is."""

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """Bounds and patience of the protocol. Durations in seconds.

    Attributes:
        max_packs: bound of the buffer; beyond, the oldest goes and is named in `lost`.
        max_bytes: the same in bytes of records.
        window: publishes without PUBACK at any time; backlog may use half of it.
        backlog_after_s: a pack older than this at its first sending travels as backlog; None: never.
        grace_s: after a reconnect, how long `seen` is waited for before what had a PUBACK is sent again.
        passed_over_s: a pack still unseen so long after its sending, while a later one of its lane is
            seen, is sent again. Longer than ingest holds a pack for its `prev`.
        passed_over_backlog_s: the same on lane backlog, where ingest holds longer.
        probe_s: no news for so long while packs are unseen: send the last one again, and ask thereby.
            Doubles up to `probe_max_s` while there is no answer.
        probe_max_s: the longest pause between probes.
        settle_s: a `want` so soon after the sending is an old one.
        sendings: a pack delivered so often and still wanted is moved aside.
        carry_s: at most one empty pack in so long, sent only to tell `first` and `lost`.
        patience_s: pause between sendings once a pack was delivered that often without being asked for.
        max_aside: packs moved aside that are kept for a person to look at.
    """

    max_packs: int = 1_000_000
    max_bytes: int = 256 * 1024 * 1024
    window: int = 128
    backlog_after_s: float | None = 10.0
    grace_s: float = 1.0
    passed_over_s: float = 5.0
    passed_over_backlog_s: float = 12.0
    probe_s: float = 5.0
    probe_max_s: float = 60.0
    settle_s: float = 2.0
    sendings: int = 3
    carry_s: float = 5.0
    patience_s: float = 60.0
    max_aside: int = 100
