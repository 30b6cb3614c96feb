"""What comes up about commands: read, or refused with a reason from the table."""

import json

import pytest

from services.ingest import downlink
from services.ingest.rejects import Reason, Reject
from services.ingest.results import MAX_REASON, decode
from services.observation import command as nouns
from services.observation.command import Result
from services.observation.instants import SECOND
from simulators.controllers import DEAD, SLOW, WELL, Controllers
from tests.support.streets import GATEWAY, LAMPS, T0, Street

GOOD = {"v": 1, "id": "abc-1", "state": "done", "at": T0}


def test_a_result_is_read_with_what_the_controller_reports() -> None:
    found = decode(json.dumps({**GOOD, "reported": {"levels": {"lamp-1": 60}}}).encode())
    assert isinstance(found, Result)
    assert found.reported is not None
    assert found.reported.levels == {"lamp-1": 60}


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (json.dumps({**GOOD, "state": "perhaps"}).encode(), Reason.BAD_RESULT),
        (json.dumps({**GOOD, "v": 2}).encode(), Reason.BAD_RESULT),
        (json.dumps({**GOOD, "id": "a.b"}).encode(), Reason.BAD_RESULT),
        (json.dumps({**GOOD, "id": ""}).encode(), Reason.BAD_RESULT),
        (json.dumps({**GOOD, "at": -1}).encode(), Reason.BAD_RESULT),
        (json.dumps({**GOOD, "at": 2**60}).encode(), Reason.BAD_RESULT),
        (json.dumps({"id": "x"}).encode(), Reason.BAD_RESULT),
        (b"[1]", Reason.BAD_RESULT),
        (b"{", Reason.NOT_JSON),
        (b"", Reason.NOT_JSON),
        (b"\xff{}", Reason.NOT_UTF8),
        (b'{"x":' + b"[" * 50_000, Reason.TOO_DEEP),
        (b" " * 70_000, Reason.TOO_LARGE),
    ],
)
def test_what_is_no_result_has_a_reason(payload: bytes, reason: Reason) -> None:
    found = decode(payload)
    assert isinstance(found, Reject)
    assert found.reason is reason


def test_a_controllers_words_are_kept_short() -> None:
    found = decode(json.dumps({**GOOD, "reason": "x" * 5_000}).encode())
    assert isinstance(found, Result)
    assert len(found.reason) == MAX_REASON


def controllers(**behaviours: object) -> Controllers:
    return Controllers({GATEWAY: list(LAMPS)}, behaviours)  # type: ignore[arg-type]  # as they come


def a_command() -> bytes:
    return nouns.encode(Street().override(30).command)


def test_a_slow_controller_accepts_first_and_says_everything_twice() -> None:
    cabinet = controllers(**{GATEWAY: SLOW})
    cabinet.hear(GATEWAY, a_command(), T0)
    states = [nouns.decode_result(payload).state for _, payload in cabinet.answers(T0)]
    assert states == ["accepted", "accepted"]
    assert cabinet.level("lamp-1", T0 + SECOND) == 100
    later = T0 + 21 * SECOND
    assert [nouns.decode_result(payload).state for _, payload in cabinet.answers(later)] == ["done", "done"]
    assert cabinet.level("lamp-1", later) == 30


def test_a_dead_controller_neither_hears_nor_answers() -> None:
    cabinet = controllers(**{GATEWAY: DEAD})
    cabinet.hear(GATEWAY, a_command(), T0)
    assert cabinet.answers(T0) == []
    assert cabinet.level("lamp-1", T0) == 100


def test_a_controller_without_a_clock_burns_by_its_fallback() -> None:
    street, cabinet = Street(), controllers(**{GATEWAY: WELL})
    cabinet.hear(GATEWAY, nouns.encode(street.programme(20).command), T0)
    assert cabinet.level("lamp-1", T0) == 20
    cabinet.of[GATEWAY].synchronised = False
    by_night, by_day = 1_760_029_200 * SECOND, 1_760_065_200 * SECOND  # 00:00 and 10:00 in Vũng Tàu
    assert cabinet.level("lamp-1", by_night) == 100
    assert cabinet.level("lamp-1", by_day) == 0


def test_what_is_no_command_is_not_answered() -> None:
    cabinet = controllers()
    cabinet.hear(GATEWAY, b"{}", T0)
    cabinet.hear("of-another", a_command(), T0)
    assert cabinet.answers(T0) == []


def test_an_expired_command_is_not_said_again_when_ingest_starts() -> None:
    street = Street()
    street.now = 2**52
    assert not downlink._expired(nouns.encode(street.override(30).command))
    assert downlink._expired(a_command())
    assert not downlink._expired(b'{"id": "of a newer release"}')
