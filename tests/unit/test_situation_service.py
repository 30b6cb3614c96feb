"""Alerts under maintenance or test are in no situation: what is worked at says nothing of the weather."""

from services.observation import act as acts
from services.observation.act import Act, Acted, ActEvent, Quiet
from services.observation.event import CloudEvent
from services.observation.instants import SECOND, micros
from tests.support.situations import SITE, T0, Stored, Stream, alert, verbs


def served(one: CloudEvent, verb: str, window: str = "w", kind: acts.QuietKind = "maintenance") -> ActEvent:
    data = Acted(
        **{name: getattr(one.data, name) for name in one.data.__struct_fields__},
        act=Act(quiet=Quiet(kind, window, "2030-01-01T00:00:00Z")),
    )
    return acts.make(
        site=SITE, verb=verb, event=f"{verb}/{window}/{one.id}", time=micros(one.time), data=data
    )


def keep(stream: Stream, *told: ActEvent) -> None:
    """The keeper of alerts writes; the one of situations reads and tells."""
    stream.messages += [Stored(T0 + 600 * SECOND, acts.encode(one)) for one in told]
    stream.read()
    stream.tell()
    stream.read()


def test_an_alert_under_maintenance_opens_nothing_and_joins_when_it_is_given_back() -> None:
    stream = Stream()
    rain, tree = alert("r", sort="rain"), alert("t", sort="tree", minute=1)
    stream.live(rain)
    keep(stream, served(rain, "suppressed"))
    assert stream.live(tree) == []
    keep(stream, served(rain, "unsuppressed"))
    assert verbs(stream.situations) == ["storm@a opened 2"]


def test_a_member_that_goes_into_maintenance_is_set_aside_and_said_so() -> None:
    stream = Stream()
    rain = alert("r", sort="rain")
    stream.live(rain, alert("t", sort="tree", minute=1))
    keep(stream, served(rain, "suppressed", kind="test"))
    (_, updated) = stream.situations
    assert [(gone.alert_id, gone.why) for gone in updated.data.left] == [("r", "aside")]
    assert "bảo trì hoặc thử" in updated.data.reason.vi
    assert stream.live(alert("r", "escalated", sort="rain", severity="emergency", minute=3)) == []


def test_two_windows_over_one_alert_both_must_end() -> None:
    stream = Stream()
    rain = alert("r", sort="rain")
    stream.live(rain, alert("t", sort="tree", minute=1))
    keep(stream, served(rain, "suppressed"), served(rain, "suppressed", "w2"))
    keep(stream, served(rain, "unsuppressed"))
    assert len(stream.situations) == 2
    keep(stream, served(rain, "unsuppressed", "w2"))
    assert [one.alert_id for one in stream.situations[-1].data.joined] == ["r"]


def test_chattering_and_inhibition_leave_a_member_where_it_is() -> None:
    stream = Stream()
    rain = alert("r", sort="rain")
    stream.live(rain, alert("t", sort="tree", minute=1))
    keep(stream, served(rain, "suppressed", kind="chattering"), served(rain, "inhibited", kind="inhibition"))
    assert len(stream.situations) == 1


def test_a_keeper_that_begins_anew_tells_nothing_twice_of_what_was_set_aside() -> None:
    stream = Stream()
    rain = alert("r", sort="rain")
    stream.live(rain, alert("t", sort="tree", minute=1))
    keep(stream, served(rain, "suppressed"))
    for decided in (0, 3, len(stream.messages)):
        stream.restart(decided)
        assert stream.tell() == []
        assert {one.situation_id for one in stream.reader.grouper.open_situations} == {
            stream.situations[0].data.situation_id
        }
    stream.live(alert("r", "cleared", sort="rain", minute=4))
    assert not stream.reader.grouper._aside
    assert not stream.reader.grouper._out


def test_another_sites_alerts_make_no_situation_here() -> None:
    stream = Stream()
    for one in (alert("r", sort="rain"), alert("t", sort="tree")):
        one.source = "/sites/child"
        stream.live(one)
    assert stream.situations == []
