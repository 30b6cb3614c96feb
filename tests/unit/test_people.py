"""People, without a server: who may do what where, what opens a door, and how guessing slows down."""

from inspect import signature
from typing import Any

import msgspec
import pytest
from fastapi.routing import APIRoute
from hypothesis import given, settings
from hypothesis import strategies as st

from services.api.app import create_app
from services.api.context import Context
from services.api.database import Database
from services.api.errors import Problem
from services.api.fold import Fold
from services.api.identity import foreign_page, principal_of
from services.api.push.hub import Hub
from services.api.throttle import FORGET_S, Throttle
from services.ingest.rejects import Reason, Reject
from services.ingest.site_index import SiteIndex
from services.observation.sensor import CANARY, MANUAL_GATEWAY
from services.observation.site_files import parse
from services.runtime import passwords
from services.runtime.people import (
    MAX_SESSIONS,
    Account,
    Book,
    Session,
    Sessions,
    Token,
    begun,
    encode,
    ended,
    hash_of,
)
from services.runtime.people_changes import Change, Unfit, changed, new, with_token, without_token
from services.runtime.principal import (
    ADMINISTRATOR,
    APPROVER,
    MACHINE,
    OPERATOR,
    ROLES,
    VIEWER,
    Principal,
    allowed,
)
from services.runtime.settings import Settings
from tests.support.site_folder import good_site

NOW = 1_760_000_000_000_000
SECOND = 1_000_000
SECRET = "hd_secret"


def who(*roles: str, areas: list[str] | None = None) -> Principal:
    return Principal("lan", frozenset(roles), None if areas is None else frozenset(areas))


def lan(**given: object) -> Account:
    return msgspec.structs.replace(Account("lan", "Lan", ["operator"]), **given)


def book(account: Account, *sessions: Session) -> Book:
    made = Book()
    made.note_account(account)
    made.note_sessions(account.name, Sessions(list(sessions)))
    return made


# --- roles and areas


def test_who_approves_operates_and_who_operates_looks() -> None:
    may = {role: {other for other in ROLES if who(role).may(other)} for role in ROLES}
    assert may == {
        VIEWER: {VIEWER},
        OPERATOR: {OPERATOR, VIEWER},
        APPROVER: {APPROVER, OPERATOR, VIEWER},
        ADMINISTRATOR: {ADMINISTRATOR, VIEWER},
        MACHINE: {MACHINE},
    }


def test_the_whole_site_is_seen_by_all_and_moved_by_those_of_all_areas() -> None:
    held = who(OPERATOR, areas=["thang-tam"])
    assert all(allowed(held, VIEWER, area) for area in ("thang-tam", "_", "site"))
    assert allowed(held, OPERATOR, "thang-tam")
    assert not allowed(held, OPERATOR, "_")
    assert not allowed(held, VIEWER, "rach-dua")
    assert allowed(who(OPERATOR), OPERATOR, "_")


def test_an_area_of_a_linked_site_is_not_ours_of_the_same_name() -> None:
    ours = who(VIEWER, areas=["thang-tam"])
    theirs = who(VIEWER, areas=["phuong-1/thang-tam", "phuong-2/*"])
    assert ours.sees("thang-tam")
    assert not ours.sees("thang-tam", "phuong-1")
    assert not ours.sees("_", "phuong-1")
    assert not theirs.sees("thang-tam")
    assert theirs.sees("thang-tam", "phuong-1")
    assert not theirs.sees("rach-dua", "phuong-1")
    assert theirs.sees("rach-dua", "phuong-2")
    assert theirs.sees("_", "phuong-2")


OF_NO_AREA = {
    "list_rules",  # the site's configuration
    "list_exercises",
    "cap_feed",  # what was published to everybody
    "cap_message",
    "cap_certificate",
}
"""Operations that show nothing of a single area."""


def test_every_operation_asks_who_it_is_or_shows_nothing_of_an_area() -> None:
    unused: Any = None
    context = Context(
        Settings(), unused, lambda: False, Database(None), unused, Fold(), Hub(), unused, unused
    )
    app = create_app(context)
    routes = [inner for route in app.routes for inner in getattr(route, "original_router", app).routes]
    found = {
        str(route.name): set(signature(route.endpoint).parameters) & {"who", "call", "request"}
        for route in routes
        if isinstance(route, APIRoute)
    }
    documented = {each["operationId"] for path in app.openapi()["paths"].values() for each in path.values()}
    assert documented <= found.keys()
    unasked = {name for name in documented if not found[name]}
    assert unasked <= OF_NO_AREA | {"healthz", "readyz"}


# --- what opens a door


def test_a_session_opens_until_it_ends_its_account_is_shut_or_its_password_is_another() -> None:
    session = Session(hash_of(SECRET), NOW, NOW + 60 * SECOND)
    assert book(lan(), session).whose(SECRET, NOW) is not None
    assert book(lan(), session).whose(SECRET, NOW + 60 * SECOND) is None
    assert book(lan(disabled=True), session).whose(SECRET, NOW) is None
    assert book(lan(sessions_since=NOW + 1), session).whose(SECRET, NOW) is None
    assert book(lan()).whose(SECRET, NOW) is None


def test_a_token_carries_its_own_roles_and_never_more_than_its_account() -> None:
    token = Token("script", hash_of(SECRET), ["operator", "viewer"], NOW, "x", NOW + SECOND)
    found = book(lan(tokens=[token], areas=["a"])).whose(SECRET, NOW)
    assert found is not None
    assert found.principal == Principal("lan", frozenset({"operator", "viewer"}), frozenset({"a"}))
    lowered = book(lan(tokens=[token], roles=["viewer"])).whose(SECRET, NOW)
    assert lowered is not None
    assert lowered.principal.roles == {"viewer"}
    assert book(lan(tokens=[token])).whose(SECRET, NOW + SECOND) is None


def test_an_account_that_can_not_be_read_opens_nothing() -> None:
    made = book(lan(), Session(hash_of(SECRET), NOW, NOW + SECOND))
    with pytest.raises(msgspec.MsgspecError):
        made.take("account.lan", b'{"name": 7}')
    assert made.whose(SECRET, NOW) is None
    made.take("account.lan", encode(lan()))
    assert made.whose(SECRET, NOW) is not None


def test_too_many_sessions_end_the_oldest() -> None:
    sessions = Sessions()
    for number in range(MAX_SESSIONS + 3):
        sessions = begun(sessions, Session(str(number), NOW, NOW + SECOND), NOW)
    assert [each.hash for each in sessions.sessions] == [str(n) for n in range(3, MAX_SESSIONS + 3)]
    assert len(ended(sessions, "5").sessions) == MAX_SESSIONS - 1
    assert begun(sessions, Session("new", NOW, NOW), NOW + SECOND).sessions == [Session("new", NOW, NOW)]


def test_what_a_book_shows_holds_no_password() -> None:
    kept = passwords.hashed("bốn từ bất kỳ là tốt")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.fits("bốn từ bất kỳ là tốt", kept)
    assert not passwords.fits("bon tu bat ky la tot", kept)
    assert not passwords.fits("anything", None)
    assert not passwords.fits("anything", "not a hash")


# --- changes


def test_disabling_and_a_new_password_end_sessions_and_other_changes_do_not() -> None:
    account = new("lan", Change(roles=["operator"], password="hash"), "local", NOW)
    same = changed(account, Change(roles=["viewer"]), "x", NOW + 1)
    assert same.sessions_since == account.sessions_since
    assert changed(account, Change(password="other"), "x", NOW + 1).sessions_since == NOW + 1
    shut = changed(account, Change(disabled=True), "x", NOW + 2)
    assert shut.sessions_since == NOW + 2
    assert changed(shut, Change(disabled=False), "x", NOW + 3).sessions_since == NOW + 2
    assert changed(account, Change(), "x", NOW + 4) == account


@pytest.mark.parametrize(
    ("name", "given", "field"),
    [
        ("keeper", {}, "name"),
        ("Lan", {}, "name"),
        ("l" * 41, {}, "name"),
        ("lan", {"roles": []}, "roles"),
        ("lan", {"roles": ["viewer", "viewer"]}, "roles"),
        ("lan", {"areas": []}, "areas"),
        ("lan", {"areas": ["a/b/c"]}, "areas"),
        ("lan", {"full_name": "a\nb"}, "full_name"),
    ],
)
def test_what_can_not_be_is_said_in_both_languages(name: str, given: dict[str, object], field: str) -> None:
    with pytest.raises(Unfit) as refused:
        new(name, msgspec.structs.replace(Change(roles=["viewer"]), **given), "x", NOW)
    assert refused.value.field == field
    assert refused.value.text.vi != refused.value.text.en


def test_tokens_have_names_once_and_can_be_dropped() -> None:
    token = Token("a", "h", ["viewer"], NOW, "x", NOW + SECOND)
    account = with_token(lan(), token)
    with pytest.raises(Unfit):
        with_token(account, token)
    again = msgspec.structs.replace(token, made_at=NOW + SECOND)
    assert with_token(account, again).tokens == [again], "one that expired leaves its name"
    assert without_token(account, "a", "x", NOW).tokens == []
    with pytest.raises(Unfit):
        without_token(account, "b", "x", NOW)
    with pytest.raises(Unfit):
        with_token(lan(), msgspec.structs.replace(token, roles=["approver"]))


# --- guessing


def test_a_guesser_waits_longer_and_longer_and_is_forgiven_in_the_end() -> None:
    pace, now, waits = Throttle(), 0.0, []
    for _ in range(14):
        waits.append(pace.wait_s("lan", "10.0.0.1", now))
        now += waits[-1]
        pace.failed("lan", "10.0.0.1", now)
    assert waits[:8] == [0, 0, 0, 0, 0, 1, 2, 4]
    assert waits == sorted(waits)
    assert waits[-1] == 60
    assert pace.wait_s("lan", "10.0.0.1", now + FORGET_S) == 0


def test_a_stranger_keeps_nobody_out_who_was_in_before() -> None:
    pace = Throttle()
    pace.succeeded("lan", "10.0.0.7")
    for number in range(1000):
        pace.failed("lan", f"10.1.{number // 250}.{number % 250}", 0.0)
    assert pace.wait_s("lan", "10.0.0.7", 0.1) == 0
    assert 0 < pace.wait_s("lan", "10.9.9.9", 0.1) <= 15
    for number in range(1000):  # behind the same address as she is
        pace.failed(f"nobody-{number}", "10.0.0.7", 0.0)
    assert pace.wait_s("lan", "10.0.0.7", 0.1) == 0


@pytest.mark.parametrize(
    ("headers", "local"),
    [
        ({"host": "127.0.0.1:8080"}, True),
        ({"host": "localhost"}, True),
        ({"host": "[::1]:8080"}, True),
        ({"host": "127.0.0.1.example.org"}, False),
        ({"host": "127.example.org:8080"}, False),
        ({"host": "127.0.0.1@example.org"}, False),
        ({"host": "[::1].example.org"}, False),
        ({}, False),
        *[({"host": "127.0.0.1", name: "x"}, False) for name in ("via", "forwarded", "x-forwarded-host")],
    ],
)
def test_only_who_sits_at_the_machine_and_calls_it_by_its_own_name_is_local(
    headers: dict[str, str], *, local: bool
) -> None:
    """A name that anybody can point at 127.0.0.1 opens the page of a stranger, not that of who sits here."""
    try:
        found = principal_of("127.0.0.1", headers, Settings()).subject
    except Problem:
        found = "nobody"
    assert found == ("local" if local else "nobody")


def test_a_page_elsewhere_is_known_by_its_origin_or_by_what_the_browser_says_of_it() -> None:
    here = {"host": "127.0.0.1:8080"}
    assert not foreign_page(here)
    assert not foreign_page({**here, "origin": "http://127.0.0.1:8080", "sec-fetch-site": "same-origin"})
    for more in ({"origin": "null"}, {"origin": "http://127.0.0.1:3000"}, {"sec-fetch-site": "cross-site"}):
        assert foreign_page({**here, **more}), more


def test_behind_a_proxy_one_bad_guesser_slows_one_name_only() -> None:
    pace = Throttle()
    for _ in range(50):
        pace.failed("lan", None, 0.0)
    assert 0 < pace.wait_s("lan", None, 0.1) <= 15
    assert pace.wait_s("minh", None, 0.1) == 0


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=5), st.ip_addresses().map(str)), max_size=50))
def test_counting_failures_takes_bounded_memory(tries: list[tuple[str, str]]) -> None:
    pace = Throttle(keep=10)
    for name, peer in tries:
        pace.failed(name, peer, 0.0)
        pace.succeeded(name, peer)
        pace.failed(name, peer, 0.0)
    assert len(pace) <= 40


def test_addresses_of_one_ipv6_network_are_one_peer() -> None:
    pace = Throttle()
    for number in range(20):
        pace.failed(f"name-{number}", f"2001:db8::{number:x}", 0.0)
    assert pace.wait_s("lan", "2001:db8::ffff", 0.1) > 0
    assert pace.wait_s("lan", "2001:db8:0:1::1", 0.1) == 0


# --- manual readings at ingest


def test_what_people_read_comes_of_any_station_but_under_its_own_name_alone() -> None:
    found, _ = parse(good_site())
    assert found is not None
    index = SiteIndex(found)
    assert index.gateway(MANUAL_GATEWAY, MANUAL_GATEWAY) is None
    plan = index.plan(MANUAL_GATEWAY, ["vt-flood-001.water_level", "vt-sea-001.tide_level"], ["m", "m"])
    assert plan.keep is None
    assert reasons(index, MANUAL_GATEWAY, CANARY) == [Reason.FOREIGN_STATION]
    assert reasons(index, "gw-02", "vt-flood-001.water_level") == [Reason.FOREIGN_STATION]


def reasons(index: SiteIndex, gateway: str, name: str) -> list[Reason]:
    rejects: tuple[Reject, ...] = index.plan(gateway, [name], [None]).rejects
    return [reject.reason for reject in rejects]
