"""When an alert counts as hidden, asked of streams written by hand."""

from typing import Any

from bench._storm_chain import Stored
from bench._storm_heard import untold
from services.alerts.attention.annunciation import Thing
from services.observation.instants import SECOND
from services.observation.text import Text

MIN = 60


class Log:
    """A stream, in seconds."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []
        self.things: list[Thing] = []

    def says(self, at: float, verb: str, name: str, severity: str = "warning", **more: Any) -> None:
        """Something of an alert; of rain in area `a` unless said otherwise."""
        data = {"alert_id": name, "hazard": "flood", "rule": "rain", "sensor": "s.rain_1h", "area": "a"}
        data |= {"severity": severity, **more}
        event = {"type": f"vn.haidang.alert.{verb}.v1", "subject": name, "data": data}
        self.stored.append(Stored(len(self.stored) + 1, round(at * SECOND), event))

    def quiet(self, at: float, verb: str, name: str) -> None:
        """The keeper keeps it quiet, or no more."""
        self.says(at, verb, name, act={"quiet": {"kind": "maintenance", "what": "w"}})

    def told(self, at: float, *names: str) -> None:
        """A storm is told, with these."""
        text = Text("", "")
        self.things.append(
            Thing(round(at * SECOND), "situation", "s", "storm", "_", "warning", "Actual", text, 1, names)
        )

    def hidden(self) -> list[tuple[str, int]]:
        """Who was, and on which rung."""
        return [(one.alert, one.rung) for one in untold(self.stored, self.things)]


def test_a_storm_told_of_one_area_hides_what_it_does_to_another() -> None:
    log = Log()
    log.says(0, "raised", "here")
    log.told(3, "here")
    log.says(10, "raised", "there", "watch", area="b")
    log.says(10, "raised", "little", "advisory", area="c")
    log.says(10, "raised", "same-place")
    assert log.hidden() == [("there", 1)]
    log.told(300, "there")
    assert log.hidden() == []


def test_what_is_told_of_rain_says_nothing_of_a_river_there_nor_of_what_is_worse() -> None:
    log = Log()
    log.says(0, "raised", "rain", "watch")
    log.told(3, "rain")
    log.says(10, "raised", "river", rule="flood-level", sensor="s.water_level")
    log.says(20, "escalated", "rain", "emergency")
    assert log.hidden() == [("river", 1), ("river", 2), ("rain", 2), ("rain", 3)]


def test_told_too_late_or_before_an_hour_of_silence_is_not_told() -> None:
    late, again = Log(), Log()
    late.says(0, "raised", "a")
    late.told(6 * MIN, "a")
    assert {name for name, _ in late.hidden()} == {"a"}
    for pause, hidden in ((59 * MIN, False), (61 * MIN, True)):
        again = Log()
        again.says(0, "raised", "a")
        again.told(3, "a")
        again.says(100, "cleared", "a")
        again.says(100 + pause, "raised", "b")
        assert bool(again.hidden()) is hidden


def test_what_is_quiet_or_a_moment_only_is_not_hidden_until_it_is_let_go() -> None:
    log = Log()
    log.says(0, "raised", "moment")
    log.says(10, "cleared", "moment")
    log.says(20, "raised", "kept", area="b")
    log.quiet(21, "suppressed", "kept")
    assert log.hidden() == []
    log.quiet(500, "unsuppressed", "kept")
    assert {name for name, _ in log.hidden()} == {"kept"}
