"""`haidang backtest` on real recordings: every flood at its minute, nothing where there was none."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.recordings import Recording, convert
from tests.recordings.stress import stressed
from tests.support.events import backtest


def verb(event: dict[str, Any]) -> str:
    return str(event["type"].split(".")[3])


def floods(answer: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """(verb, severity, station, time) of flood alerts."""
    return [
        (verb(event), event["data"]["severity"], event["data"]["station"], event["time"])
        for event in answer["events"]
        if event["data"]["hazard"] == "flood"
    ]


def judged(recording: Recording, *extra: str) -> dict[str, Any]:
    truth = ["--truth", str(recording.truth)] if recording.truth else []
    return backtest(recording.site, recording.files, *truth, *extra)


def test_the_boxing_day_flood_of_2015_is_one_alert_at_its_minute(tmp_path: Path) -> None:
    answer = judged(convert("aire", tmp_path))
    warnings = [line for line in floods(answer) if line[1] == "warning"]
    assert warnings[0] == ("raised", "warning", "armley", "2015-12-26T10:15:00Z")
    assert sum(line[0] == "raised" for line in floods(answer)) == 1
    score = answer["scores"]["flood"]["warning"]
    assert (score["hits"], score["misses"], score["false_alarms"], score["lead_s"]) == (1, 0, 0, [0.0])


def test_the_floods_of_november_2025_are_all_alerted_and_never_late(tmp_path: Path) -> None:
    answer = judged(convert("vndms", tmp_path))
    for severity in ("advisory", "watch", "warning", "emergency"):
        score = answer["scores"]["flood"][severity]
        assert (score["pod"], score["far"]) == (1.0, 0.0)
        assert min(score["lead_s"]) >= 0
    record = [line for line in floods(answer) if line[1:3] == ("emergency", "cung-son")]
    assert record[0][3] == "2025-11-19T09:00:00Z"


def test_a_month_without_flood_has_no_alert_of_flood_or_rain_not_even_at_a_near_miss(tmp_path: Path) -> None:
    for name in ("calder", "calder_near"):
        answer = judged(convert(name, tmp_path / name))
        assert {event["data"]["hazard"] for event in answer["events"]} <= {"system"}


def test_the_reservoir_that_filled_to_its_limit_is_told_with_its_river(tmp_path: Path) -> None:
    """Sông Ba Hạ stood at its raised level, 105.96 m, as Củng Sơn below it broke its record."""
    told = [line for line in floods(judged(convert("vndms", tmp_path))) if line[2] == "ho-song-ba-ha"]
    assert [line[:2] for line in told][:2] in (
        [("raised", "advisory"), ("escalated", "warning")],
        [("raised", "warning")],
    )
    assert "2025-11-19" <= next(line[3] for line in told if line[1] == "warning")[:10] <= "2025-11-20"


def test_a_surge_is_told_by_the_predicted_tide_of_its_own_station(tmp_path: Path) -> None:
    answer = judged(convert("vlissingen_tide", tmp_path))
    score = answer["scores"]["flood"]["watch"]
    assert score["pod"] == 1.0
    assert min(score["lead_s"]) >= 0
    told = [event for event in answer["events"] if event["data"]["rule"] == "tide-surge"]
    storm = [event for event in told if event["time"].startswith("2018-01-03")]
    assert any(event["data"]["severity"] == "watch" for event in storm)
    assert all(event["data"]["hazard"] in ("flood", "system") for event in answer["events"])


def test_spikes_that_a_bare_threshold_believes_raise_nothing(tmp_path: Path) -> None:
    """Leaps of a metre and more at Armley, beside the one flood."""
    worse = stressed(convert("aire", tmp_path / "clean"), tmp_path / "worse", "spikes", seed=1, spike=0.5)
    score = judged(worse)["scores"]["flood"]["warning"]
    assert (score["hits"], score["misses"], score["false_alarms"]) == (1, 0, 0)
    plain = judged(worse, "--bare")["bare"]["scores"]["flood"]["warning"]
    assert plain["hits"] == 1
    assert plain["false_alarms"] > 0


def test_readings_that_come_again_late_change_nothing(tmp_path: Path) -> None:
    recording = convert("aire", tmp_path / "clean")
    again = stressed(recording, tmp_path / "again", "duplicates", seed=1)
    assert again.counts["written"] > recording.counts["written"]
    assert floods(judged(again)) == floods(judged(recording))


def test_an_outage_of_the_tide_gauge_is_told_once_and_ends(tmp_path: Path) -> None:
    answer = judged(convert("vlissingen", tmp_path))
    silent = [(verb(e), e["time"]) for e in answer["events"] if e["data"]["rule"] == "sensor-silent"]
    assert silent == [("raised", "2018-01-17T05:50:00Z"), ("cleared", "2018-01-18T16:00:00Z")]


def test_other_rules_can_be_compared(tmp_path: Path) -> None:
    recording = convert("aire", tmp_path)
    rules = tmp_path / "rules.toml"
    rules.write_text(
        '[[rule]]\nid = "low"\nhazard = "flood"\nproperty = "water_level"\nwarning = 3.0\n', encoding="utf-8"
    )
    answer = judged(recording, "--against", str(rules))
    assert answer["against"]["load"]["alerts"] != answer["load"]["alerts"]
    assert {event["data"]["rule"] for event in answer["against"]["events"]} >= {"low"}


@pytest.mark.parametrize(
    "arguments", [["--truth", "no-such.csv"], ["--from", "yesterday"], ["--site", "no-such"]]
)
def test_what_cannot_be_done_is_refused_with_a_word(arguments: list[str], tmp_path: Path) -> None:
    recording = convert("aire", tmp_path)
    command = [
        sys.executable,
        "-m",
        "services.cli",
        "backtest",
        "--site",
        str(recording.site),
        str(recording.files[0]),
    ]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_span_can_be_cut_out(tmp_path: Path) -> None:
    recording = convert("aire", tmp_path)
    answer = judged(recording, "--from", "2015-11-01T00:00:00Z", "--to", "2015-12-01T00:00:00Z")
    assert floods(answer) == []
    assert json.dumps(answer["load"])


@pytest.mark.parametrize(("year", "spells"), [("2018", 215), ("2020", 140)])
def test_a_year_of_ha_noi_has_its_spells_told_and_far_fewer_that_were_none(
    year: str, spells: int, tmp_path: Path
) -> None:
    """Against the EPA's own NowCast of the same hours; at most one spell in forty is missed."""
    answer = judged(convert(f"airnow_{year}", tmp_path), "--bare")
    ours, bare = (found["environment"].values() for found in (answer["scores"], answer["bare"]["scores"]))
    assert sum(one["hits"] + one["misses"] for one in ours) == spells
    assert sum(one["misses"] for one in ours) * 40 <= spells
    raw = sum(one["false_alarms"] for one in bare)
    assert raw > 100
    assert sum(one["false_alarms"] for one in ours) * 3 <= raw


def test_every_storm_over_the_protected_places_is_told_and_ends_by_its_clock(tmp_path: Path) -> None:
    answer = judged(convert("glm_snapshots", tmp_path), "--bare")
    assert set(answer["lightning"]) == {"mazatlan", "guadalajara", "culiacan"}
    for one in answer["lightning"].values():
        assert (one["ftw"], one["pod"], one["far"]) == (0, 1.0, 0.0)
        assert min(one["dwell_s"]) == 1800.0  # half an hour after the last flash, by the network's clock
    assert answer["scores"]["lightning"]["warning"]["misses"] == 0
    assert answer["bare"]["load"]["chattering"]
    assert not answer["load"]["chattering"]


def test_moments_of_lightning_pass_and_a_minute_of_radio_sources_is_one_alert(tmp_path: Path) -> None:
    for name, most in (("glm_flashes", "watch"), ("wtlma", "emergency")):
        answer = judged(convert(name, tmp_path / name))
        raised = [event for event in answer["events"] if verb(event) == "raised"]
        assert len(raised) == 1
        assert most in {event["data"]["severity"] for event in answer["events"]}


def test_a_beach_under_the_waves_of_a_buoy_has_few_alerts_and_says_what_is_missing(tmp_path: Path) -> None:
    answer = judged(convert("ndbc", tmp_path))
    rips = [event for event in answer["events"] if event["data"]["hazard"] == "rip_current"]
    assert rips
    assert sum(verb(event) == "raised" for event in rips) <= 5
    assert "tide" in next(event for event in rips if verb(event) == "raised")["data"]["reason"]["en"]


def test_a_node_of_low_cost_raises_a_fifth_of_what_its_raw_values_would(tmp_path: Path) -> None:
    answer = judged(convert("sensor_community", tmp_path), "--bare")
    told = [e for e in answer["events"] if verb(e) == "raised" and e["data"]["hazard"] == "environment"]
    assert len(told) * 5 <= answer["bare"]["alerts"]


def test_what_other_rules_would_change_is_told_alert_by_alert(tmp_path: Path) -> None:
    recording = convert("aire", tmp_path)
    rules = tmp_path / "rules.toml"
    text = (recording.site / "rules.toml").read_text("utf-8").replace("3.9", "3.6", 1)
    rules.write_text(text.replace("warning = 3.9", "warning = 3.6"), encoding="utf-8")
    found = judged(recording, "--against", str(rules))["against"]["differences"]
    (pair,) = found["changed"]
    assert 0 < pair["earlier_s"] < 4 * 3600
    assert found["only_here"] == []
    assert [
        one["start"] for one in found["only_there"]
    ]  # rises of November and December that stay below 3.9 m


def test_the_report_of_a_flood_is_one_small_page(tmp_path: Path) -> None:
    page = tmp_path / "aire.html"
    judged(convert("aire", tmp_path), "--report", str(page), "--about", "Environment Agency, OGL v3")
    text = page.read_text("utf-8")
    assert len(text) < 200_000
    assert "Environment Agency, OGL v3" in text
    assert 'class="level warning"' in text


def test_why_and_why_not_at_a_minute_of_the_boxing_day_flood(tmp_path: Path) -> None:
    recording = convert("aire", tmp_path)
    before, during = (why(recording, f"2015-12-26T10:{minute}:00Z") for minute in ("00", "20"))
    assert before["rules"][0]["severity"] is None
    assert "0.036 m below the warning threshold 3.9 m" in before["rules"][0]["why"]["en"]
    assert during["rules"][0]["severity"] == "warning"
    assert during["last"]["quality"]["en"] == "Passed every test of quality."


def why(recording: Recording, at: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "services.cli", "explain", "armley.water_level", str(recording.files[0])]
    done = subprocess.run(
        [*command, "--site", str(recording.site), "--at", at, "--json"],
        capture_output=True,
        timeout=60,
        check=True,
    )
    return dict(json.loads(done.stdout))
