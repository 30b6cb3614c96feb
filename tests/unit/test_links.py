"""Links between sites, without a server: what is decided."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.alerts.lifecycle.acts import DEFAULT
from services.alerts.link import bulletins as link_bulletins
from services.alerts.link import watch as link_watch
from services.alerts.link.bulletins import Bulletin
from services.alerts.link.core import Clock, Item, Known, Memory, Ways, item_of, marked
from services.alerts.link.index import Index, number
from services.alerts.link.requests import Event, answer
from services.alerts.link.watch import LinkWatch
from services.api.linked import Linked
from services.api.requests import Pending
from services.cli.up import links as up_links
from services.cli.up import planning as up_plan
from services.cli.up import relink
from services.cli.up.nats_child import Store
from services.cli.up.relink import changed
from services.observation import event as events
from services.observation.event import Alert
from services.observation.instants import SECOND, iso
from services.observation.lgsp import FIELDS, batch, record
from services.observation.links import FRESH_US, Beat, Below, Mark, Request, Standing, is_fresh
from services.observation.tally import Tally, differences
from services.observation.text import Text
from services.policy.alerting import read_alerting
from services.policy.links import Child, Links, Parent
from services.runtime import leaf
from services.runtime.leaf import Ends, Leaf, Listen, Ticket
from services.runtime.settings import Settings, SettingsError
from tests.support.site_folder import parsed

NOW = 1_792_458_600 * SECOND


def alert(name: str = "a" * 32, verb: str = "raised", at: int = NOW) -> bytes:
    data = Alert(
        alert_id="a" * 32,
        hazard="flood",
        area="x",
        severity="watch",
        rule="r",
        rule_version="1",
        time=iso(at),
        detected_at=iso(at),
        reason=Text("nước cao", "high water"),
    )
    return events.encode(events.make(site="xa", verb=verb, event=name, time=at, alert=data))


def history(*told: bytes) -> list[Event]:
    return [Event(10 + at, NOW, msgspec.json.decode(data)) for at, data in enumerate(told)]


# ---- counting


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3), st.text(min_size=1)), unique=True),
    st.randoms(),
)
def test_the_hash_of_a_day_does_not_depend_on_the_order(
    found: list[tuple[str, int, str]], chance: object
) -> None:
    def tallied(items: list[tuple[str, int, str]]) -> dict[str, dict[str, object]]:
        tally = Tally()
        for sequence, (site, day, name) in enumerate(items, 1):
            data = msgspec.json.encode({"id": name, "type": "t", "time": f"2026-10-0{day + 1}T00:00:00Z"})
            tally.take(sequence, f"alerts.{site}.x.{sequence}", data)
        return {site: dict(tally.days(site)) for site in tally.sites()}

    mixed = list(found)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    assert tallied(found) == tallied(mixed)


def test_a_day_that_lacks_an_event_is_told_apart_from_one_that_has_more() -> None:
    here, there = Tally(), Tally()
    for tally, names in ((here, "ab"), (there, "abc")):
        for sequence, name in enumerate(names, 1):
            tally.take(sequence, f"alerts.xa.x.{name}", alert(name))
    ours, theirs = dict(here.days("xa")), dict(there.days("xa"))
    assert [one.missing for one in differences(ours, theirs)] == [True]
    assert [one.missing for one in differences(theirs, ours)] == [False]
    assert differences(ours, ours) == []


def test_what_is_no_event_is_not_counted_and_a_sequence_counts_once() -> None:
    tally = Tally()
    tally.take(1, "alerts.xa.x.a", b"\x00nonsense")
    tally.take(2, "alerts.xa.x.a", alert())
    tally.take(2, "alerts.xa.x.a", alert())
    assert tally.total("xa").events == 1


# ---- copying


def test_a_site_has_one_way_and_our_own_events_none() -> None:
    ways = Ways("tinh")
    assert ways.take("a", "xa") is None
    assert ways.take("a", "xa") is None
    assert (refused := ways.take("b", "xa")) is not None
    assert refused.why == "two-ways"
    assert (refused := ways.take("a", "tinh")) is not None
    assert refused.why == "loop"
    assert ways.child_of("xa") == "a"


def test_a_childs_own_events_are_taken_from_itself_whoever_came_before() -> None:
    ways = Ways("tinh")
    ways.take("a", "b")
    assert ways.take("b", "b") is None
    assert ways.child_of("b") == "b"


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=300, unique=True).map(sorted))
def test_places_to_go_back_to_are_few_and_reach_far(sequences: list[int]) -> None:
    marks: list[Mark] = []
    for sequence in sequences:
        marks = marked(marks, Mark("e", sequence, "h"))
    places = [mark.sequence for mark in marks]
    assert places[0] == sequences[-1]
    assert places == sorted(places, reverse=True)
    assert len(places) <= 40


def test_memory_of_ids_is_bounded_and_keeps_what_was_used_last() -> None:
    memory = Memory(most=30)
    for at in range(100):
        memory.put(f"s{at}", Known({f"{at}-{n}" for n in range(4)}, at))
    assert memory.get("s99") is not None
    assert memory.get("s0") is None
    assert sum(memory.get(f"s{at}") is not None for at in range(100)) == 6
    memory.add("s99", "more", 5)
    assert memory.get("s99").ids >= {"more"}  # type: ignore[union-attr]


# ---- freshness


def beat(last: int, epoch: str = "e", **below: float) -> Beat:
    return Beat(
        site="xa", t=0, epoch=epoch, last=last, below=[Below(site=s, age_s=a) for s, a in below.items()]
    )


def test_a_copy_is_whole_as_of_when_we_asked_and_only_once_it_has_come_so_far() -> None:
    clock = Clock()
    clock.heard(NOW, beat(10))
    assert not clock.reached("e", 9)
    assert clock.as_of is None
    assert clock.reached("e", 10)
    assert clock.as_of == NOW


def test_a_copy_that_never_catches_up_grows_old_however_often_the_child_is_heard() -> None:
    clock = Clock()
    for second in range(1000):
        clock.heard(NOW + second * SECOND, beat(100 + second))
        clock.reached("e", 100)
    assert clock.as_of == NOW
    assert not is_fresh(clock.as_of, NOW + FRESH_US + SECOND)
    assert clock.reached("e", 2_000)
    assert clock.as_of == NOW + 999 * SECOND


def test_a_heartbeat_of_another_stream_proves_nothing() -> None:
    clock = Clock()
    clock.heard(NOW, beat(3, "old"))
    clock.reached("new", 50)
    assert clock.as_of is None


def test_a_site_two_levels_below_is_as_old_as_the_middle_says_and_the_way_up_took() -> None:
    clock = Clock()
    clock.heard(NOW, beat(1, thon=4.0))
    clock.reached("e", 1)
    assert clock.below == {"thon": NOW - 4 * SECOND}


@pytest.mark.parametrize(
    ("age", "fresh"), [(0, True), (FRESH_US, True), (FRESH_US + 1, False), (-5 * SECOND, False)]
)
def test_fresh_is_a_matter_of_seconds_and_never_of_the_future(age: int, fresh: bool) -> None:  # noqa: FBT001
    assert is_fresh(NOW - age, NOW) is fresh
    assert not is_fresh(None, NOW)


# ---- what is told


def test_silence_is_raised_once_after_its_time_and_ends_when_the_child_is_heard() -> None:
    watch = LinkWatch("tinh")
    standing = Standing(site="xa", heard=NOW)
    assert link_watch.look(standing, 60 * SECOND, 0, NOW + 59 * SECOND) == []
    late = link_watch.look(standing, 60 * SECOND, 0, NOW + 61 * SECOND)
    first = watch.update(late, NOW + 61 * SECOND)
    assert [(event.data.rule, event.data.hazard, event.source) for event in first] == [
        ("site-silent", "system", "/sites/tinh")
    ]
    assert watch.update(link_watch.look(standing, 60 * SECOND, 0, NOW + 90 * SECOND), NOW + 90 * SECOND) == []
    standing.heard = NOW + 95 * SECOND
    over = watch.update(link_watch.look(standing, 60 * SECOND, 0, NOW + 96 * SECOND), NOW + 96 * SECOND)
    assert [events.verb_of(event.type) for event in over] == ["cleared"]


def test_alerts_about_links_are_taken_up_by_the_next_link_and_by_nobody_else() -> None:
    first = LinkWatch("tinh")
    finding = link_watch.look(Standing(site="xa"), SECOND, NOW, NOW + 2 * SECOND)
    raised = first.update(finding, NOW + 2 * SECOND)
    second = LinkWatch("tinh")
    for event in raised:
        second.restore(event)
    assert second.update(finding, NOW + 3 * SECOND) == []
    assert second.update([], NOW + 3 * SECOND, frozenset({"xa"})) == []
    other = LinkWatch("xa")
    for event in raised:
        other.restore(event)
    assert other.open == {}


# ---- downward


def request(**given: object) -> Request:
    base = {"id": "1" * 32, "site": "xa", "area": "x", "alert": "a" * 32, "act": "acknowledge"}
    return msgspec.convert({**base, "by": "tinh/an", "t": NOW, "seen_event": "a" * 32, **given}, Request)


def test_a_request_becomes_the_event_of_its_own_id_by_the_person_above() -> None:
    (written,) = answer("xa", request(), history(alert()), NOW, DEFAULT)
    event = msgspec.json.decode(written.data)
    assert (written.id, event["id"]) == ("1" * 32, "1" * 32)
    assert written.subject == f"alerts.xa.x.{'a' * 32}"
    assert event["type"] == "vn.haidang.alert.acknowledged.v1"
    assert (event["source"], event["data"]["by"]) == ("/sites/xa", "tinh/an")


def test_a_request_is_decided_once() -> None:
    (written,) = answer("xa", request(), history(alert()), NOW, DEFAULT)
    assert answer("xa", request(), history(alert(), written.data), NOW, DEFAULT) == []


@pytest.mark.parametrize(
    ("asked", "told", "code"),
    [
        (request(seen_event="f" * 32), [alert()], "unseen"),
        (request(), [], "unknown-alert"),
        (request(), [alert(), alert("b" * 32, "escalated")], "alert-changed"),
        # It waited for days, and the alert is not the one that was seen any more.
        (request(), [alert(), alert("b" * 32, "cleared"), alert("c" * 32, "raised")], "alert-changed"),
        (request(act="shelve", why="x", until=NOW - SECOND), [alert()], "until-missing"),
        (request(act="close"), [alert()], "cause-missing"),
        (request(act="dance"), [alert()], "no-such-act"),
    ],
)
def test_a_refusal_says_why_on_a_subject_of_its_own(asked: Request, told: list[bytes], code: str) -> None:
    (written,) = answer("xa", asked, history(*told), NOW, DEFAULT)
    event = msgspec.json.decode(written.data)
    assert event["type"] == "vn.haidang.link.refused.v1"
    assert (event["data"]["code"], event["data"]["request"]) == (code, "1" * 32)
    assert event["data"]["reason"]["vi"]
    assert event["data"]["reason"]["en"]
    assert "alert_id" not in event["data"]
    assert written.subject == f"alerts.xa.x.{event['id']}"


def bulletin(**given: object) -> Bulletin:
    base = {"id": "2" * 32, "site": "tinh", "identifier": "i1", "msg_type": "alert", "hazard": "flood"}
    more = {"severity": "watch", "headline": {"vi": "Lũ", "en": "Flood"}, "sent": iso(NOW), "about": "t"}
    return msgspec.convert({**base, **more, **given}, Bulletin)


def test_a_bulletin_is_raised_moved_and_ended_as_one_alert_of_its_own_origin() -> None:
    told: list[bytes] = []
    verbs = []
    for one in (
        bulletin(),
        bulletin(),
        bulletin(identifier="i2", msg_type="update", severity="emergency"),
        bulletin(identifier="i3", msg_type="update", severity="watch"),
        bulletin(identifier="i4", msg_type="cancel"),
        bulletin(identifier="i5", msg_type="update"),
    ):
        written = link_bulletins.stated("xa", one, history(*told), NOW)
        if written is not None:
            told.append(written.data)
            event = msgspec.json.decode(written.data)
            verbs.append(events.verb_of(event["type"]))
            assert event["data"]["origin"] == "official_bulletin"
            assert event["source"] == "/sites/xa"
    assert verbs == ["raised", "escalated", "eased", "cleared"]


def test_two_sites_make_different_ids_of_one_bulletin() -> None:
    ids = {link_bulletins.stated(site, bulletin(), [], NOW).id for site in ("xa", "thanh-pho")}  # type: ignore[union-attr]
    assert len(ids) == 2


# ---- who is linked, and how


def read(text: str) -> tuple[Links | None, list[str]]:
    policy, problems = read_alerting(text.encode(), parsed(), ("flood",))
    return None if policy is None else policy.links, [problem.what.en for problem in problems]


def test_parent_and_children_are_read() -> None:
    found, problems = read(
        'format = 1\n[parent]\nsite = "tinh"\naddress = "10.0.0.1:7422"\n'
        '[[child]]\nsite = "xa"\nsilent_s = 30\n'
    )
    assert problems == []
    assert found == Links(
        parent=Parent(site="tinh", address="10.0.0.1:7422"), children=(Child(site="xa", silent_s=30.0),)
    )


@pytest.mark.parametrize(
    "text",
    [
        '[parent]\nsite = "vung-tau"\n',
        '[parent]\nsite = "tinh"\n[[child]]\nsite = "tinh"\n',
        '[[child]]\nsite = "xa"\n[[child]]\nsite = "xa"\n',
        '[[child]]\nsite = "Xã"\n',
        '[parent]\nsite = "tinh"\naddress = "somewhere"\n',
        '[parent]\nsite = "tinh"\npassword = "x"\n',
    ],
)
def test_a_site_has_one_place_in_the_tree_and_no_secret_stands_in_its_files(text: str) -> None:
    found, problems = read(f"format = 1\n{text}")
    assert found is None
    assert problems


def test_each_child_has_an_account_of_its_own_and_the_parent_may_only_read_alerts(tmp_path: Path) -> None:
    ends = Ends.keep(tmp_path, ("xa", "xb"))
    assert Ends.keep(tmp_path, ("xa", "xb")) == ends
    made = Leaf("tp", ends, ("xa", "xb"), Listen("127.0.0.1", 7422), Ticket("tp", "tinh", "h:1", "u", "p"))
    accounts = made.accounts("HD")
    assert set(accounts) == {"CHILD-xa", "CHILD-xb", "PARENT", "$SYS"}
    assert all("jetstream" not in account for account in accounts.values())
    assert all("imports" not in accounts[name] for name in ("CHILD-xa", "CHILD-xb"))
    given_away = [export["service"] for export in made.exports()]
    assert all("ALERTS" in service for service in given_away)
    assert not any(
        word in service for service in given_away for word in ("UPDATE", "PURGE", "MSG.DELETE", ">")
    )
    assert len({ends.leaves["xa"], ends.leaves["xb"], ends.children["xa"], ends.children["xb"]}) == 4


def test_what_is_carried_to_a_child_is_for_its_owner_only_and_read_back(tmp_path: Path) -> None:
    ends = Ends.keep(tmp_path, ("xa",))
    (file,) = leaf.write_tickets(tmp_path, "tinh", "10.0.0.1:7422", ends, ("xa",))
    assert file.stat().st_mode & 0o077 == 0
    assert leaf.write_tickets(tmp_path, "tinh", "10.0.0.1:7422", ends, ("xa",)) == []
    (tmp_path / leaf.PARENT).write_bytes(file.read_bytes())
    assert leaf.read_ticket(tmp_path) == Ticket("xa", "tinh", "10.0.0.1:7422", "leaf-xa", ends.leaves["xa"])


def prepared(data: Path, links: Links, **given: str) -> Leaf | None:
    return up_links.prepare(data, "tp", links, Settings.load(given, {}), own_server=True)


def test_up_listens_for_children_only_when_told_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    links = Links(children=(Child(site="xa"),))
    made = prepared(tmp_path, links, leaf="127.0.0.1:7422")
    assert made is not None
    assert made.listen == Listen("127.0.0.1", 7422)
    assert made.config()["server_name"] == "haidang-tp"
    assert (tmp_path / "children" / "xa.json").exists()
    told = capsys.readouterr().err
    assert "xa.json" in told
    assert made.ends.leaves["xa"] not in told
    without = prepared(tmp_path, links)
    assert without is not None
    assert (without.listen, without.config()) == (None, {"server_name": "haidang-tp"})
    assert "without --leaf" in capsys.readouterr().err
    alone = prepared(tmp_path, Links())
    assert alone is not None
    assert (alone.config(), set(alone.accounts("HD"))) == ({"server_name": "haidang-tp"}, {"$SYS"})
    ready = prepared(tmp_path, Links(), leaf="127.0.0.1:7422")
    assert ready is not None
    assert ready.config()["leafnodes"]["port"] == 7422
    assert "none is declared yet" in capsys.readouterr().err


def test_a_ticket_of_another_site_is_refused_and_a_missing_one_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    links = Links(parent=Parent(site="tinh", address="10.9.9.9:1"))
    made = prepared(tmp_path, links)
    assert made is not None
    assert made.ticket is None
    assert "parent.json is missing" in capsys.readouterr().err
    ticket = Ticket("tp", "tinh", "10.0.0.1:7422", "leaf-tp", "p")
    (tmp_path / leaf.PARENT).write_bytes(msgspec.json.encode(ticket))
    made = prepared(tmp_path, links)
    assert made is not None
    assert made.config()["leafnodes"]["remotes"][0]["urls"] == ["nats-leaf://leaf-tp:p@10.9.9.9:1"]
    (tmp_path / leaf.PARENT).write_bytes(msgspec.json.encode(msgspec.structs.replace(ticket, site="other")))
    with pytest.raises(SettingsError, match="is for site other"):
        prepared(tmp_path, links)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "h",
        "h:0",
        "h:70000",
        "h:1x",
        "http://10.0.0.1:7422",
        "a b:7422",
        "u@h:7422",
        "[::1:7422",
        "h:7422/x",
    ],
)
def test_a_ticket_with_which_no_server_starts_is_told_and_all_else_goes_on(
    tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    links = Links(parent=Parent(site="tinh"))
    good = Ticket("tp", "tinh", "[fe80::1]:7422", "leaf-tp", "p")
    (tmp_path / leaf.PARENT).write_bytes(msgspec.json.encode(good))
    made = prepared(tmp_path, links)
    assert made is not None
    assert made.ticket == good
    (tmp_path / leaf.PARENT).write_bytes(msgspec.json.encode(msgspec.structs.replace(good, address=address)))
    made = prepared(tmp_path, links)
    assert made is not None
    assert made.ticket is None
    assert "get a new one" in capsys.readouterr().err
    (tmp_path / leaf.PARENT).write_bytes(msgspec.json.encode(good))
    other = prepared(tmp_path, Links(parent=Parent(site="tinh", address=address or " ")))
    assert other is not None
    assert other.ticket is None


def test_a_configuration_with_which_no_server_starts_is_found_out_and_removed(tmp_path: Path) -> None:
    file = tmp_path / "nats.conf.tried"
    file.write_text('{"port": 1, "leafnodes": {"remotes": [{"urls": ["nats-leaf://u:p@x:y"]}]}}')
    assert relink._unfit(file)
    assert not file.exists()
    file.write_text('{"port": 1}')
    assert relink._unfit(file) == ""


def test_an_event_in_another_sites_name_is_never_copied() -> None:
    """A child whose server was broken into must not end the parent's own alerts."""
    ours = alert().replace(b"/sites/xa", b"/sites/tp")
    assert item_of(1, "alerts.xa.x.a", alert()) == Item(1, "alerts.xa.x.a", "a" * 32, alert())
    assert item_of(1, "alerts.xa.x.a", ours) is None
    assert item_of(1, "alerts.xa.x.a", b"no event") is not None


def test_up_may_close_leaves_in_the_servers_own_account_and_nothing_else(tmp_path: Path) -> None:
    (user,) = Leaf("tp", Ends.keep(tmp_path, ())).accounts("HD")["$SYS"]["users"]
    assert user["allowed_connection_types"] == ["STANDARD"]
    assert all("SERVER" in subject for subject in user["permissions"]["publish"]["allow"])


def test_a_leaf_listener_open_to_others_is_refused_like_any_other(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="--leaf"):
        up_plan._refuse_open(Settings.load({"leaf": "0.0.0.0:7422"}, {}), ("127.0.0.1", 1), None)


# ---- flat records


def test_a_flat_record_has_every_field_nothing_nested_and_hanoi_time() -> None:
    event = {**msgspec.json.decode(alert()), "epoch": "1f0c9a2b", "sequence": "7"}
    found = record(event)
    assert set(found) == set(FIELDS)
    assert all(value is None or isinstance(value, str | int | float) for value in found.values())
    assert found["thoiGian"] == datetime.fromtimestamp(NOW / SECOND, UTC).astimezone().astimezone(
        datetime.fromisoformat(found["thoiGian"]).tzinfo
    ).isoformat(timespec="seconds")
    assert (found["mucDo"], found["token"], found["tinhChat"]) == (2, "1f0c9a2b.7", "thuc")
    assert batch([event, event])["soLuong"] == 2


@given(
    st.dictionaries(
        st.text(max_size=8), st.recursive(st.none() | st.text() | st.integers(), st.lists, max_leaves=4)
    )
)
def test_whatever_another_release_wrote_gives_a_record(event: dict[str, object]) -> None:
    assert set(record(event)) == set(FIELDS)
    assert set(record({"data": event})) == set(FIELDS)


def test_after_our_clock_was_set_back_an_old_proof_is_not_fresh_when_its_hour_comes() -> None:
    clock = Clock()
    clock.heard(NOW + 3_600 * SECOND, beat(10))
    clock.reached("e", 10)
    clock.heard(NOW, beat(10))  # an hour was taken back
    clock.reached("e", 10)
    assert clock.as_of == NOW
    assert not is_fresh(clock.as_of, NOW + 3_600 * SECOND)


def test_a_parent_can_not_act_in_the_name_of_one_of_ours() -> None:
    from services.alerts.link.above import from_above

    asked = Request(id="1", site="xa", area="a", alert="b", act="shelve", by="", t=NOW, seen_event="c")
    for said, taken in (
        ("tinh/anh.nguyen", "tinh/anh.nguyen"),
        ("huong", "thanh-pho/huong"),
        ("xa/huong", "thanh-pho/xa/huong"),
    ):
        assert from_above(msgspec.structs.replace(asked, by=said), "thanh-pho", "xa").by == taken


# ---- read again


@given(st.sets(st.text(min_size=1, max_size=40)), st.lists(st.text(min_size=1, max_size=40), unique=True))
def test_only_what_is_not_there_is_asked_for_when_a_stream_is_read_again(
    there: set[str], read: list[str]
) -> None:
    items = [Item(at, f"alerts.xa.x.{at}", name, b"") for at, name in enumerate(read)]
    index = Index(number(name) for name in there)
    assert [item.id for item in index.lacking(items)] == [name for name in read if name not in there]
    assert index.lacking([]) == []


def test_an_id_is_its_first_sixteen_digits_and_any_other_text_has_a_number_too() -> None:
    assert number("00000000000000ff" + "e" * 16) == 255
    assert len({number("x" * 32), number("x"), number("ff")}) == 3


# ---- taken off, ill, a clock


def linked(**children: Standing) -> Linked:
    nothing: Any = None
    found = Linked(nothing, lambda: "tinh", lambda: NOW)
    for name, standing in children.items():
        found.take(f"link.child.{name}", msgspec.json.encode(standing))
    return found


def test_what_came_from_a_site_that_was_taken_off_stays_and_is_never_fresh() -> None:
    gone = Standing(
        site="xa", as_of=NOW - SECOND, sites=["xa", "thon"], below={"thon": NOW - SECOND}, removed=NOW
    )
    api = linked(xa=gone)
    assert [copy.site for copy in api.copies()] == ["thon", "xa"]
    for site in ("xa", "thon"):
        assert api.via(site) is None
        assert api.freshness(site) == {"site": site, "fresh": False, "as_of": iso(NOW - SECOND)}
    back = linked(xa=msgspec.structs.replace(gone, removed=None))
    assert (back.via("thon"), back.freshness("thon")["fresh"]) == ("xa", True)
    # The one below came by another way since: that one counts.
    moved = linked(xa=gone, xb=Standing(site="xb", sites=["xb", "thon"], below={"thon": NOW}))
    assert moved.via("thon") == "xb"
    assert moved.freshness("thon")["fresh"]


def test_an_alert_that_its_site_lost_is_not_of_now() -> None:
    api = linked(xa=Standing(site="xa", as_of=NOW, sites=["xa"], orphans=["a1"]))
    assert [api.freshness("xa", alert)["fresh"] for alert in ("a1", "a2", "")] == [False, True, True]


def test_a_parent_that_was_taken_off_is_shown_no_longer() -> None:
    api = linked()
    api.take("link.parent", b'{"site":"nuoc","heard":1}')
    assert api.parent is not None
    api.take("link.parent", b"")
    assert api.parent is None


def heard(at: int = NOW, clock: int = NOW, degraded: int | None = None, **said: Any) -> Standing:
    """A child that said something at `at`, by a clock of its own."""
    return Standing(
        site="xa", heard=at, degraded=degraded, beat=msgspec.structs.replace(beat(1), t=clock, **said)
    )


@pytest.mark.parametrize(
    ("standing", "rules"),
    [
        (heard(), []),
        (heard(degraded=NOW - 31 * SECOND, silent=["keeper"]), ["site-degraded"]),
        (heard(degraded=NOW, silent=["keeper"]), []),
        (heard(clock=NOW - 3_600 * SECOND), ["site-clock"]),
        (heard(at=NOW - 61 * SECOND, clock=NOW - 3_600 * SECOND), ["site-silent"]),
    ],
)
def test_a_child_that_is_heard_and_unwell_is_an_alert_of_its_own(
    standing: Standing, rules: list[str]
) -> None:
    assert [one.rule for one in link_watch.look(standing, 60 * SECOND, 0, NOW)] == rules


def test_children_whose_connection_must_not_stay_are_the_gone_the_new_and_those_with_another_password() -> (
    None
):
    def of(**passwords: str) -> Leaf:
        return Leaf("tinh", Ends(leaves=passwords), tuple(passwords))

    assert changed(of(a="1", b="1", c="1"), of(b="1", c="2", d="1")) == {"a", "c", "d"}
    assert changed(None, of(a="1")) == {"a"}


def test_what_the_server_says_of_links_is_told_once_in_our_words_and_not_at_each_try() -> None:
    store = Store()
    assert store.hear("[1] 2026/11/22 [INF] Reloaded server configuration (sha256:1)")
    assert (store.leaves.reloads, store.leaves.refusal) == (1, "")
    assert store.hear("[1] [ERR] Failed to reload server configuration: config reload not supported for X")
    assert (store.leaves.reloads, store.leaves.refusal) == (2, "config reload not supported for X")
    assert store.hear('[1] [ERR] 127.0.0.1:1 - lid:2 - authentication error - User "leaf-xa"')
    assert store.hear('[1] [ERR] 127.0.0.1:1 - cid:3 - authentication error - User "link-xb"')
    assert set(store.leaves.turned_away) == {"xa"}
    assert store.hear("[1] [ERR] 127.0.0.1:1 - lid:2 - Leafnode Error 'Authorization Violation'")
    assert store.leaves.refused > 0
    assert not store.hear("[1] [ERR] something else")


def test_a_request_says_how_long_it_waits_and_when_nobody_will_fetch_it_any_more() -> None:
    pending = Pending("1", "a", "acknowledge", "an", NOW)
    told = [pending.shown(NOW + age * SECOND)["text"]["en"] for age in (5, 300, 3 * 3_600, 31 * 86_400)]
    assert told[0] == "sent, not confirmed"
    assert "5 min ago" in told[1]
    assert "3 h ago" in told[2]
    assert "expired" in told[3]
