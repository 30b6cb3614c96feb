"""The edges of the API: who asks, what they may ask, what they are told when it is wrong."""

from pathlib import Path

import pytest
from starlette.exceptions import HTTPException

from services.api import params
from services.api.errors import MEDIA_TYPE, Problem, problem_of, stale
from services.api.identity import foreign_page, principal_of
from services.observation.instants import iso, micros
from services.observation.text import Text
from services.runtime.principal import ADMIN, LOCAL
from services.runtime.settings import Settings

SECRET = "s3cret-t0ken"


def settings(tmp_path: Path, **more: str) -> Settings:
    (tmp_path / "admin-token").write_text(SECRET + "\n")
    return Settings.load({"data": str(tmp_path), **more}, {})


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:80", "127.0.0.1"])
def test_whoever_is_on_this_machine_is_local(tmp_path: Path, host: str) -> None:
    assert principal_of("127.0.0.1", {"host": host}, settings(tmp_path)) is LOCAL


@pytest.mark.parametrize(
    ("peer", "headers"),
    [
        ("10.0.0.7", {"host": "127.0.0.1"}),  # another machine
        ("127.0.0.1", {"host": "127.0.0.1", "x-forwarded-for": "10.0.0.7"}),  # a proxy on this one
        ("127.0.0.1", {"host": "evil.example"}),  # a foreign page whose name points here
        ("127.0.0.1", {"host": ""}),
        (None, {"host": "127.0.0.1"}),
    ],
)
def test_whoever_is_not_must_show_a_token(tmp_path: Path, peer: str | None, headers: dict[str, str]) -> None:
    with pytest.raises(Problem) as refused:
        principal_of(peer, headers, settings(tmp_path))
    assert refused.value.status == 401
    assert "WWW-Authenticate" in refused.value.headers
    assert principal_of(peer, headers | {"authorization": f"Bearer {SECRET}"}, settings(tmp_path)) is ADMIN


@pytest.mark.parametrize(
    "given", ["Bearer wrong", "Bearer ", "Basic abc", SECRET, f"bearer {SECRET}x", "Bearer ế"]
)
def test_a_wrong_token_is_refused_even_on_this_machine(tmp_path: Path, given: str) -> None:
    with pytest.raises(Problem) as refused:
        principal_of("127.0.0.1", {"host": "127.0.0.1", "authorization": given}, settings(tmp_path))
    assert refused.value.status == 401


def test_without_a_token_file_no_token_is_right(tmp_path: Path) -> None:
    bare = Settings.load({"data": str(tmp_path)}, {})
    with pytest.raises(Problem):
        principal_of("127.0.0.1", {"host": "127.0.0.1", "authorization": "Bearer "}, bare)


def test_a_trusted_network_is_open(tmp_path: Path) -> None:
    trusted = settings(tmp_path, trusted_network="true")
    assert principal_of("172.18.0.5", {"host": "haidang:8080"}, trusted).subject == "network"


def test_a_page_of_another_origin_is_told_from_ours() -> None:
    assert foreign_page({"origin": "https://evil.example", "host": "127.0.0.1:80"})
    assert not foreign_page({"origin": "http://127.0.0.1:80", "host": "127.0.0.1:80"})
    assert not foreign_page({"host": "127.0.0.1:80"})


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31T00:00:00Z", "2026-01-31T00:00:00Z"),
        ("2026-01-31T07:00:00+07:00", "2026-01-31T00:00:00Z"),
        ("2026-01-31T07:00:00 07:00", "2026-01-31T00:00:00Z"),  # a browser makes + a space
        ("1990-01-01T00:00:00Z", "1990-01-01T00:00:00Z"),
    ],
)
def test_instants_are_read_with_any_zone(text: str, instant: str) -> None:
    assert iso(params.read_instant(text)) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-01-31",
        "2026-01-31T00:00:00",
        "1989-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
    ],
)
def test_an_instant_without_a_zone_or_out_of_reach_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"ISO 8601|1990"):
        params.read_instant(text)


@pytest.mark.parametrize(("text", "seconds"), [("1s", 1), ("10m", 600), ("1h", 3600), ("366d", 366 * 86_400)])
def test_widths_are_read(text: str, seconds: int) -> None:
    assert params.read_width(text) == seconds


@pytest.mark.parametrize("text", ["", "0s", "10", "m", "-1h", "1w", "367d", "1.5h", "99999999d", "1s\n"])
def test_a_width_out_of_reach_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="width"):
        params.read_width(text)


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "3,2,1,4", "1,4,3,2", "nan,0,1,1", "-181,0,1,1", "0,0,1,91", "a,b,c,d"]
)
def test_a_box_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(Problem):
        params.read_box(text)


def test_the_default_span_is_the_last_day_and_an_empty_one_is_refused() -> None:
    now = micros("2026-01-31T00:00:00Z")
    assert params.span(None, None, now) == (now - params.DAY_US, now)
    assert params.span(None, now - 5, now) == (now - 5 - params.DAY_US, now - 5)
    with pytest.raises(Problem):
        params.span(now, now, now)
    with pytest.raises(Problem):
        params.span(now + 1, None, now)


def test_what_is_not_in_the_table_is_a_fault_of_ours_and_tells_nothing_of_itself() -> None:
    problem = problem_of(RuntimeError("password=hunter2 at line 7"))
    assert problem.status == 500
    assert "hunter2" not in str(problem.document("/x"))


def test_a_stale_token_s_document_has_the_current_one_and_both_languages() -> None:
    found = stale(Text("cũ", "old"), "1f0c9a2b.7").document("/api/v1/events")
    assert (found["status"], found["token"], found["detail"], found["detail_vi"]) == (
        410,
        "1f0c9a2b.7",
        "old",
        "cũ",
    )
    assert found["type"].startswith("urn:haidang:problem:")
    assert found["instance"] == "/api/v1/events"


def test_the_framework_s_errors_become_problems() -> None:
    problem = problem_of(HTTPException(405, headers={"Allow": "GET"}))
    assert (problem.status, problem.code, problem.headers) == (405, "method-not-allowed", {"Allow": "GET"})
    assert problem.response("/x").media_type == MEDIA_TYPE
