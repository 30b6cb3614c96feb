"""The agent against a world that loses, repeats and delays: nothing is forgotten before it is stored."""

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.protocol import Protocol
from edge.settings import Settings
from services.observation.envelope import Ack
from services.observation.ranges import Ranges

HAPPY = ("submit", "send", "puback", "ingest", "say seen")
ACTIONS = (
    *HAPPY * 3,  # most of the time things go well, else nothing gets far enough to be lost
    "archive",
    "say want",
    "say stored",
    "stale ack",
    "cut",
    "connect",
    "broker loses its tail",
    "stream loses its tail",
    "message vanishes",
    "wait",
)


class World:
    """Broker, stream and archive as sets of numbers; the agent is the real one."""

    def __init__(self, max_packs: int) -> None:
        self.agent = Protocol("b1", Settings(window=4, max_packs=max_packs))
        self.now = 0.0
        self.submitted: set[int] = set()
        self.flying: list[int] = []
        self.broker: list[int] = []
        self.seen = Ranges()
        self.stored = Ranges()
        self.told_lost = Ranges()
        self.said: list[Ack] = []

    def act(self, action: str) -> None:
        getattr(self, "do_" + action.replace(" ", "_"))()
        self.check()

    def check(self) -> None:
        """Every pack handed in is held, or stored, or named as lost."""
        for seq in self.submitted:
            held = self.agent.buffer.get(seq) is not None
            assert held or seq in self.stored or seq in self.agent.losses.all, f"{seq} was forgotten"

    def do_submit(self) -> None:
        self.submitted.add(self.agent.add(b"[]", self.now))

    def do_send(self) -> None:
        pack = self.agent.next(self.now)
        if pack is not None:
            assert pack.prev is not None
            assert pack.prev < pack.seq
            self.flying.append(pack.seq)
            for first, last in eval(self.agent.losses.text()):  # noqa: S307  our own list of pairs
                self.told_lost.add(first, last)
            if self.agent.buffer.first > 1:
                self.told_lost.add(1, self.agent.buffer.first - 1)

    def do_puback(self) -> None:
        if self.flying:
            seq = self.flying.pop(0)
            self.broker.append(seq)
            self.agent.delivered(seq, self.now)

    def do_ingest(self) -> None:
        if self.broker:
            self.seen.add(self.broker.pop(0))

    def do_archive(self) -> None:
        for first, last in self.seen:
            self.stored.add(first, last)

    def do_say_seen(self) -> None:
        self.say(Ack(buf="b1", seen=list(self.seen)))

    def do_say_stored(self) -> None:
        self.say(Ack(buf="b1", stored=list(self.stored)))

    def do_say_want(self) -> None:
        top = max((last for _, last in self.seen), default=0)
        closed = Ranges([*self.seen, *self.told_lost])
        self.say(Ack(buf="b1", want=closed.missing(1, top)))

    def do_stale_ack(self) -> None:
        if self.said and self.agent.connected:
            self.agent.hear(self.said[len(self.said) // 2], self.now)

    def say(self, ack: Ack) -> None:
        self.said.append(ack)
        if self.agent.connected:
            self.agent.hear(ack, self.now)

    def do_cut(self) -> None:
        self.flying.clear()
        self.agent.disconnect()

    def do_connect(self) -> None:
        if not self.agent.connected:
            self.agent.connect(self.now)

    def do_broker_loses_its_tail(self) -> None:
        self.do_cut()
        del self.broker[len(self.broker) // 2 :]

    def do_stream_loses_its_tail(self) -> None:
        last = max((b for _, b in self.seen), default=0)
        stored_last = max((b for _, b in self.stored), default=0)
        if last > stored_last:
            self.seen.remove(max(stored_last + 1, last - 1), last)

    def do_message_vanishes(self) -> None:
        if self.broker:
            self.broker.pop()

    def do_wait(self) -> None:
        self.now += 1.7
        if self.agent.connected:
            self.agent.tick(self.now)

    def heal(self) -> None:
        """From here on everything works; at most two minutes may pass."""
        self.do_connect()
        for _ in range(600):
            if self.agent.unstored == 0:
                return
            self.now += 0.2
            self.agent.tick(self.now)
            for _ in range(8):
                self.do_send()
            for action in (*["puback"] * 8, *["ingest"] * 8, "archive", "say seen", "say stored"):
                self.act(action)
            if round(self.now * 5) % 5 == 0:
                self.act("say want")


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(ACTIONS), min_size=20, max_size=100), st.sampled_from([3, 1000]))
def test_whatever_happens_each_pack_ends_stored_or_declared_lost(actions: list[str], max_packs: int) -> None:
    world = World(max_packs)
    world.do_connect()
    for action in actions:
        world.act(action)
    world.heal()
    assert world.agent.unstored == 0
    for seq in world.submitted:
        assert seq in world.stored or seq in world.agent.losses.all
    if max_packs == 1000:
        assert world.agent.dropped == 0


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([a for a in ACTIONS if a not in ("say want", "stale ack")]), min_size=20, max_size=100
    )
)
def test_even_an_ingest_that_never_asks_gets_everything(actions: list[str]) -> None:
    world = World(1000)
    world.do_connect()
    for action in actions:
        world.act(action)
    world.do_say_want = lambda: None  # type: ignore[method-assign]
    world.heal()
    assert world.agent.unstored == 0
    assert not world.agent.losses.all
