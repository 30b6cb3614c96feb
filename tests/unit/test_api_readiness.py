"""What ready means, and the page of metrics."""

from typing import Any

import pytest

from services.api import readiness
from services.api.exposition import exposition
from services.api.readiness import Seen
from services.observation.heartbeat import Heartbeat


def seen(**changed: Any) -> Seen:
    names = (*readiness.NEEDED, *readiness.SHOWN)
    well = Seen(
        connected=True,
        caught_up=True,
        database=True,
        site=True,
        beats={name: Heartbeat(name, 1, 0, ready=True, complaints=[], figures={}) for name in names},
        ages=dict.fromkeys(names, 1.0),
        silent=dict.fromkeys(names, False),
        canary_engine_s=3.0,
        canary_archive_s=3.0,
        up_s=1000.0,
    )
    return well._replace(**changed)


def states(what: Seen) -> dict[str, str]:
    return {check.name: check.state for check in readiness.look(what)}


def test_all_well_is_ready() -> None:
    checks = readiness.look(seen())
    assert readiness.ready(checks)
    assert {check.state for check in checks} == {"ok"}
    assert all(check.note is None for check in checks)


@pytest.mark.parametrize("service", readiness.NEEDED)
def test_a_silent_or_unready_service_that_alerting_needs_is_not_ready(service: str) -> None:
    names = (*readiness.NEEDED, *readiness.SHOWN)
    silent = seen(silent={name: name == service for name in names})
    assert (readiness.ready(readiness.look(silent)), states(silent)[service]) == (False, "away")
    beats = seen().beats
    unready = seen(beats={**beats, service: Heartbeat(service, 1, 0, ready=False, complaints=[], figures={})})
    assert (readiness.ready(readiness.look(unready)), states(unready)[service]) == (False, "degraded")


@pytest.mark.parametrize("service", readiness.SHOWN)
def test_the_keeper_and_the_archive_are_shown_and_change_nothing(service: str) -> None:
    names = (*readiness.NEEDED, *readiness.SHOWN)
    silent = seen(silent={name: name == service for name in names})
    assert readiness.ready(readiness.look(silent))
    assert states(silent)[service] == "degraded"


def test_a_database_that_is_away_is_shown_and_changes_nothing() -> None:
    away = seen(database=False, canary_archive_s=999.0)
    assert readiness.ready(readiness.look(away))
    assert (states(away)["database"], states(away)["canary_archive"]) == ("degraded", "degraded")


@pytest.mark.parametrize("missing", ["connected", "caught_up", "site"])
def test_without_stream_alerts_or_site_it_is_not_ready(missing: str) -> None:
    assert not readiness.ready(readiness.look(seen(**{missing: False})))


@pytest.mark.parametrize(
    ("age", "up", "well"),
    [(30.0, 1000.0, True), (30.1, 1000.0, False), (None, 30.0, True), (None, 30.1, False)],
)
def test_a_canary_that_does_not_reach_the_engine_says_that_the_path_is_broken(
    age: float | None, up: float, *, well: bool
) -> None:
    assert readiness.ready(readiness.look(seen(canary_engine_s=age, up_s=up))) is well


@pytest.mark.parametrize("up", [0.0, 30.0, 1000.0])
def test_an_archive_that_never_stored_a_canary_is_not_called_well(up: float) -> None:
    checks = {check.name: check for check in readiness.look(seen(canary_archive_s=None, up_s=up))}
    found = checks["canary_archive"]
    assert (found.state, found.age_s, found.needed) == ("degraded", None, False)
    assert found.note is not None
    assert "yet" in found.note.en
    assert readiness.ready(list(checks.values()))


def test_a_service_that_never_spoke_is_silent() -> None:
    nobody = seen(beats={}, ages={}, silent={})
    assert not readiness.ready(readiness.look(nobody))


def test_every_check_that_is_not_ok_says_why_in_both_languages() -> None:
    nothing = seen(
        connected=False,
        caught_up=False,
        database=False,
        site=False,
        beats={},
        ages={},
        silent={},
        canary_engine_s=None,
        canary_archive_s=None,
    )
    for check in readiness.look(nothing):
        assert check.note is not None, check.name
        assert check.note.vi
        assert check.note.en
        assert check.note.vi != check.note.en


def test_the_figures_of_all_services_stand_on_one_page_under_their_names() -> None:
    figures = {"packs_total": 7.0, 'haidang_rejects_total{reason="x"}': 2.0, "odd name": 1.0}
    beats = {"ingest": Heartbeat("ingest", 1, 0, ready=True, complaints=[], figures=figures)}
    own = b"# TYPE haidang_ready gauge\nhaidang_ready 1.0\n"
    text = exposition(own, beats, lambda _: 2.5).decode()
    assert text.startswith(own.decode())
    assert 'haidang_packs_total{service="ingest"} 7.0' in text
    assert 'haidang_rejects_total{reason="x",service="ingest"} 2.0' in text
    assert 'haidang_odd_name{service="ingest"} 1.0' in text
    assert 'haidang_heartbeat_age_seconds{service="ingest"} 2.5' in text
    assert text.count("# TYPE haidang_ready ") == 1
