"""The passing of time, as ingest tells it."""

from services.ingest.tick import Ticker


def dts(ticker: Ticker, *times: float) -> list[int | None]:
    return [tick.dt if (tick := ticker.tick(now, 7)) else None for now in times]


def connected() -> Ticker:
    ticker = Ticker()
    ticker.connected("broker")
    return ticker


def test_without_a_source_there_is_no_tick() -> None:
    assert dts(Ticker(), 0.0) == [None]


def test_the_first_tick_ages_nothing_and_the_next_what_passed() -> None:
    assert dts(connected(), 10.0, 11.0, 12.5) == [0, 1_000_000, 1_500_000]


def test_a_stall_ages_two_seconds_at_most() -> None:
    assert dts(connected(), 10.0, 100.0) == [0, 2_000_000]


def test_after_a_reconnect_the_first_tick_ages_nothing() -> None:
    ticker = connected()
    ticker.tick(10.0, 7)
    ticker.lost("broker")
    assert ticker.tick(11.0, 7) is None
    ticker.connected("broker")
    assert dts(ticker, 12.0, 13.0) == [0, 1_000_000]


def test_a_tick_names_the_sources_that_are_there() -> None:
    ticker = connected()
    ticker.connected("lora")
    tick = ticker.tick(1.0, 42)
    assert tick is not None
    assert (tick.t, tick.sources, tick.clocks) == (42, ["broker", "lora"], {})


def resumed(ticker: Ticker, *times: float) -> list[list[str]]:
    return [tick.resumed for now in times if (tick := ticker.tick(now, 60_000_000 + int(now)))]


def test_the_first_tick_names_the_sources_that_are_there_again_and_no_other_does() -> None:
    ticker = connected()
    assert ticker.resuming
    assert resumed(ticker, 1.0, 2.0) == [["broker"], []]
    ticker.connected("lora")
    assert resumed(ticker, 3.0, 4.0) == [["lora"], []]
    assert not ticker.resuming


def test_a_source_that_is_lost_before_the_tick_is_not_back() -> None:
    ticker = connected()
    ticker.connected("lora")
    ticker.lost("lora")
    assert resumed(ticker, 1.0) == [["broker"]]


def test_after_a_restart_everybody_is_there_again() -> None:
    ticker = connected()
    ticker.tick(1.0, 0)
    ticker.restart()
    assert resumed(ticker, 2.0, 3.0) == [["broker"], []]


def test_a_short_absence_is_no_outage() -> None:
    """A restart in the middle of a replay changes no event: hours may pass there in its few seconds."""
    ticker = connected()
    ticker.tick(1.0, 1_000_000)
    ticker.restart()
    again = ticker.tick(2.0, 60_000_000)
    assert again is not None
    assert (again.dt, again.resumed) == (0, [])


def test_an_absence_of_a_minute_is_an_outage_also_when_it_was_that_of_an_ingest_before_us() -> None:
    ticker = connected()
    ticker.since = 5_000_000
    tick = ticker.tick(1.0, 65_000_000)
    assert tick is not None
    assert tick.resumed == ["broker"]
    early = connected()
    early.since = 5_000_000
    other = early.tick(1.0, 64_000_000)
    assert other is not None
    assert other.resumed == []
