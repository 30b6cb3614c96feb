"""The agent's protocol as a script: what is said to it, and what it sends next."""

import msgspec

from edge.buffer import Lane, Pack
from edge.protocol import Protocol
from edge.settings import Settings
from services.observation.envelope import Ack, Envelope

SETTINGS = Settings(window=4, max_packs=50)


class Agent:
    """A protocol with a clock to turn, and the packs it sent."""

    def __init__(self, settings: Settings = SETTINGS, *, plain: bool = False) -> None:
        self.machine = Protocol("b1", settings, plain=plain)
        self.now = 100.0

    def add(self, count: int = 1) -> "Agent":
        for _ in range(count):
            self.machine.add(b'[{"n":"s.p","t":1700000000,"v":1}]', self.now)
        return self

    def connect(self) -> "Agent":
        self.machine.connect(self.now)
        return self

    def reconnect(self) -> "Agent":
        self.machine.disconnect()
        return self.connect()

    def wait(self, seconds: float) -> "Agent":
        for _ in range(round(seconds * 5)):
            self.now += 0.2
            self.machine.tick(self.now)
        return self

    def send(self) -> list[int]:
        """What goes out now, without PUBACK."""
        return [pack.seq for pack in self.packs()]

    def packs(self) -> list[Pack]:
        sent = []
        while (pack := self.machine.next(self.now)) is not None:
            sent.append(pack)
        return sent

    def deliver(self, *seqs: int) -> "Agent":
        for seq in seqs:
            self.machine.delivered(seq, self.now)
        return self

    def send_all(self) -> list[int]:
        """What goes out, each PUBACKed at once."""
        sent = []
        while (pack := self.machine.next(self.now)) is not None:
            sent.append(pack.seq)
            self.deliver(pack.seq)
        return sent

    def hear(
        self,
        seen: list[tuple[int, int]] | None = None,
        stored: list[tuple[int, int]] | None = None,
        want: list[tuple[int, int]] | None = None,
    ) -> "Agent":
        self.machine.hear(Ack(buf="b1", seen=seen, stored=stored, want=want), self.now)
        return self

    def envelope(self, pack: Pack) -> Envelope:
        return msgspec.json.decode(self.machine.payload(pack, self.now), type=Envelope)


def test_packs_go_out_in_order_as_far_as_the_window_reaches() -> None:
    agent = Agent().add(6).connect()
    assert agent.send() == [1, 2, 3, 4]
    assert agent.deliver(1, 2).send() == [5, 6]


def test_nothing_goes_out_without_a_connection() -> None:
    assert Agent().add(1).send() == []


def test_a_pack_is_kept_until_it_is_stored() -> None:
    agent = Agent().add(2).connect()
    agent.send_all()
    assert agent.hear(seen=[(1, 2)]).machine.unstored == 2
    assert agent.hear(stored=[(1, 1)]).machine.unstored == 1
    assert agent.machine.buffer.first == 2


def test_the_envelope_is_what_the_wire_says() -> None:
    agent = Agent().add(2).connect()
    first, second = (agent.envelope(pack) for pack in agent.packs())
    assert (first.v, first.buf, first.seq, first.prev, first.lane, first.first) == (1, "b1", 1, 0, "live", 1)
    assert (second.seq, second.prev, second.lost) == (2, 1, [])
    assert second.sent_at == agent.now
    assert second.records[0].n == "s.p"


def test_prev_stays_what_it_was_at_the_first_sending() -> None:
    agent = Agent().add(2).connect()
    agent.send()
    agent.reconnect()
    assert [agent.envelope(pack).prev for pack in agent.packs()] == [0, 1]


def test_after_a_reconnect_what_had_no_puback_goes_again_at_once() -> None:
    agent = Agent().add(3).connect()
    agent.send()
    agent.deliver(1)
    assert agent.reconnect().send() == [2, 3]


def test_after_a_reconnect_the_next_seen_decides_what_goes_again() -> None:
    agent = Agent().add(3).connect()
    agent.send_all()
    agent.reconnect()
    assert agent.send() == []
    assert agent.hear(seen=[(1, 1)]).send() == [2, 3]


def test_after_a_reconnect_nobody_waits_for_seen_longer_than_the_grace() -> None:
    agent = Agent().add(2).connect()
    agent.send_all()
    agent.hear(seen=[(1, 1)])
    assert agent.reconnect().wait(1.2).send() == [2]


def test_what_is_seen_is_not_sent_again() -> None:
    agent = Agent().add(2).connect()
    agent.send_all()
    agent.hear(seen=[(1, 2)])
    assert agent.reconnect().wait(60).send() == []


def test_live_never_waits_for_what_has_piled_up() -> None:
    agent = Agent().add(20)
    agent.wait(11)
    agent.add(1).connect()
    first, *rest = agent.packs()
    assert (first.seq, first.lane) == (21, Lane.LIVE)
    assert [(pack.seq, pack.lane) for pack in rest] == [(1, Lane.BACKLOG), (2, Lane.BACKLOG)]
    # Half of the window stays free for live.
    assert [pack.seq for pack in agent.add(1).packs()] == [22]


def test_each_lane_counts_its_own_prev() -> None:
    agent = Agent().connect().add(1)
    agent.send_all()
    agent.machine.disconnect()
    agent.add(2).wait(11)
    agent.connect().add(1)
    assert [(p.seq, p.prev) for p in agent.packs()] == [(4, 1), (2, 0), (3, 2)]


def test_a_replay_keeps_everything_on_lane_live() -> None:
    agent = Agent(Settings(backlog_after_s=None)).add(3).wait(100)
    agent.connect()
    assert [(p.seq, p.lane) for p in agent.packs()] == [(1, Lane.LIVE), (2, Lane.LIVE), (3, Lane.LIVE)]


def test_what_is_wanted_goes_again() -> None:
    agent = Agent().add(3).connect()
    agent.send_all()
    assert agent.wait(3).hear(want=[(2, 2)]).send() == [2]


def test_a_want_that_was_on_its_way_while_the_pack_went_again_is_old() -> None:
    agent = Agent().add(1).connect()
    agent.send_all()
    agent.wait(3).hear(want=[(1, 1)]).send_all()
    assert agent.wait(0.2).hear(want=[(1, 1)]).send() == []


def test_a_pack_never_sent_is_not_sent_twice_for_being_wanted() -> None:
    agent = Agent(Settings(window=1)).add(2).connect()
    assert agent.send() == [1]
    agent.hear(want=[(2, 2)])
    agent.deliver(1)
    assert agent.send() == [2]
    assert agent.deliver(2).send() == []


def test_a_pack_sent_three_times_and_still_wanted_is_moved_aside_and_named() -> None:
    agent = Agent().add(2).connect()
    agent.send_all()
    agent.hear(seen=[(2, 2)])
    for _ in range(2):
        assert agent.wait(3).hear(want=[(1, 1)]).send_all() == [1]
    agent.wait(3).hear(want=[(1, 1)])
    assert [pack.seq for pack in agent.machine.aside] == [1]
    (carrier,) = agent.add(1).packs()
    assert agent.envelope(carrier).lost == [(1, 1)]
    assert agent.envelope(carrier).first == 2


def test_sendings_that_broke_off_do_not_count_against_a_pack() -> None:
    agent = Agent().add(1).connect()
    for _ in range(5):
        agent.send()
        agent.reconnect()
    agent.send_all()
    assert agent.wait(3).hear(want=[(1, 1)]).send_all() == [1]


def test_a_loss_is_told_by_an_empty_pack_when_no_other_comes() -> None:
    agent = Agent(Settings(max_packs=2)).add(3).connect()
    agent.send_all()
    agent.hear(seen=[(2, 3)], stored=[(2, 3)])
    assert agent.wait(10).send() == []
    agent = Agent().add(1).connect()
    agent.send_all()
    for _ in range(3):
        agent.wait(3).hear(want=[(1, 1)]).send_all()
    (carrier,) = agent.wait(6).packs()
    assert agent.envelope(carrier).records == []
    assert agent.envelope(carrier).lost == [(1, 1)]
    agent.deliver(carrier.seq).hear(stored=[(carrier.seq, carrier.seq)])
    assert agent.wait(60).send() == []


def test_what_the_full_buffer_dropped_is_named_in_every_envelope_until_stored() -> None:
    agent = Agent(Settings(max_packs=2)).add(4).connect()
    third, fourth = agent.packs()
    assert agent.envelope(third).lost == [(1, 2)]
    agent.deliver(3, 4).hear(stored=[(3, 3)])
    agent.add(1)
    (fifth,) = agent.packs()
    assert agent.envelope(fifth).lost == []
    assert agent.machine.dropped == 2
    assert fourth.seq == 4


def test_asked_for_what_is_gone_the_agent_says_so_once_in_five_seconds() -> None:
    agent = Agent(Settings(max_packs=2)).add(4).connect()
    agent.send_all()
    agent.hear(seen=[(3, 4)], stored=[(3, 4)])
    agent.wait(6)
    for _ in range(4):
        agent.hear(want=[(1, 2)]).wait(0.2)
    (answer,) = agent.packs()
    assert agent.envelope(answer).lost == [(1, 2)]


def test_when_ingest_knows_less_than_before_the_pack_goes_again() -> None:
    """The stream lost its tail in a power cut, and ingest rebuilt `seen` from the rest."""
    agent = Agent().add(3).connect()
    agent.send_all()
    agent.hear(seen=[(1, 3)])
    assert agent.hear(seen=[(1, 1)]).send() == [2, 3]


def test_a_word_about_another_buffer_is_none_of_ours() -> None:
    agent = Agent().add(1).connect()
    agent.send_all()
    agent.machine.hear(Ack(buf="old", stored=[(1, 99)], want=[(1, 99)]), agent.now)
    assert agent.machine.unstored == 1
    assert agent.send() == []


def test_a_pack_passed_over_by_its_lane_goes_again_without_being_asked_for() -> None:
    agent = Agent(Settings()).add(10).connect()
    agent.send_all()
    resent = []
    for last in range(3, 10):  # there is news all the time, so this is not the silence below
        agent.hear(seen=[(1, 1), (3, last)])
        resent += agent.wait(0.8).send()
    assert resent == [2]


def test_in_silence_the_last_pack_goes_again_and_asks_thereby() -> None:
    """The broker's tail was lost and nothing newer shows the gap: only the agent can know."""
    agent = Agent().add(3).connect()
    agent.send_all()
    assert agent.wait(5.4).send_all() == [3]
    assert agent.wait(9).send_all() == []
    assert agent.wait(2).send_all() == [3]


def test_an_answer_ends_the_silence() -> None:
    agent = Agent().add(3).connect()
    agent.send_all()
    agent.wait(5.4).send_all()
    agent.hear(seen=[(3, 3)])
    assert agent.wait(4.8).hear(want=[(1, 2)]).send_all() == [1, 2]


def test_a_plain_pack_is_done_at_its_puback() -> None:
    agent = Agent(plain=True).add(2).connect()
    packs = agent.packs()
    assert agent.machine.payload(packs[0], 0.0) == b'[{"n":"s.p","t":1700000000,"v":1}]'
    assert agent.deliver(1, 2).machine.unstored == 0


def test_a_plain_pack_without_puback_goes_again_on_the_next_connection() -> None:
    agent = Agent(plain=True).add(2).connect()
    agent.send()
    agent.deliver(1)
    assert agent.reconnect().send() == [2]


def test_an_acknowledgement_of_the_old_connection_counts_for_nothing() -> None:
    agent = Agent().add(1).connect()
    agent.send()
    agent.reconnect().deliver(1)
    (again,) = agent.packs()
    assert again.delivered == 0
