"""What a service says about itself in KV HEALTH: that it lives, what it does, what troubles it."""

import msgspec

from services.observation.instants import SECOND
from services.observation.text import Text


class Complaint(msgspec.Struct, frozen=True):
    """Something a person should know, said in both languages until it is settled. `since` in µs."""

    code: str
    vi: str
    en: str
    since: int

    @property
    def text(self) -> Text:
        """For who shows it."""
        return Text(self.vi, self.en)


class Heartbeat(msgspec.Struct):
    """A service's word, written every five seconds and at each change. In µs UTC: `t`, `began` its work."""

    service: str
    pid: int
    t: int
    ready: bool = False
    complaints: list[Complaint] = []  # a struct copies its defaults
    figures: dict[str, float] = {}
    v: int = 1
    began: int = 0

    def age_s(self, now_us: int) -> float:
        """How long ago it was written."""
        return (now_us - self.t) / SECOND


_decoder = msgspec.json.Decoder(Heartbeat)


def decode(data: bytes) -> Heartbeat:
    """Read a heartbeat; raises msgspec.MsgspecError."""
    return _decoder.decode(data)
