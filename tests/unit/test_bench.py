"""The bench without its servers: what it says of figures, and that its peer is an honest one."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from bench import _main, _parts, _rows, _table
from bench._facts import Others, facts
from bench._given import Given, Skipped
from bench._plain_engine import PlainEngine
from bench.engine import plain_wide, wide
from bench.profile import shares
from services.cli import bench as command
from services.cli import main

MINUTE = 60_000_000


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """What a run would have written, with figures of the right order and one part that was skipped."""
    return made_up()


def made_up() -> dict[str, Any]:
    """A document with every part; its figures are invented."""
    cores = {"cores": {"ingest": 0.6, "postgres": 0.5}, "waited": {"ingest": 0.1, "postgres": 0.0}}
    packs = {"lost": 0, "per_s": 90_000.0, "copy_per_s": 200_000.0, "ratio": 0.45, **cores}
    single = {"lost": 0, "per_s": 9_876.0, "paho_per_s": 8_000.0, "broker_per_s": 50_000.0, **cores}
    stage = {"p50_ms": 2.0, "p90_ms": 4.0, "p99_ms": 9.0, "worst_ms": 20.0}
    names = ("published → ingest", "ingest → READINGS", "READINGS → ALERTS", "ALERTS → client")
    slowest = {"second": 3.0, "ms": 50.0, "snapshot": True, **dict.fromkeys(names, 12.0)}
    spied = {
        "own": {"services/ingest/decode.py decode": 0.2},
        "whole": {"services/ingest/build.py build": 0.4},
    }
    sizes = [
        {"sensors": n, "ns_per_reading": 200.0, "ns_known_ids": 50.0, "plain_ns": 1800.0 if n < 2e5 else None,
         "rss_bytes": 6e7 + 1500 * n, "bytes_per_sensor": 1500.0}
        for n in (1_000, 100_000, 1_000_000)
    ]  # fmt: skip
    weather = {"csv_per_s": 1.5e6, "columns_per_s": 2.5e6, "plain_per_s": 5e5}
    stored = {"bytes_per_reading": 120.0, "index_bytes_per_reading": 50.0}
    results: dict[str, dict[str, Any]] = {
        "ready": {"cold_s": 4.0, "warm_s": 2.0},
        "packs": packs,
        "packs-strict": packs,
        "single": single,
        "single-strict": {**single, "lost": 3},
        "latency": {
            "lost": 0, **stage, **cores, "sorted_ms": [8.0, 9.0, 10.0, 30.0], "tail": [slowest],
            "stages": dict.fromkeys(names, stage), "snapshots": [{"second": 2.0, "ms": 90.0}],
        },
        "engine": {
            "sensors": 100_000,
            "crossing_0": {"ms": 20.0, "wall_ms": 22.0, "plain_ms": 200.0, "plain_ratio": 10.0},
        },
        "growth": {"sizes": sizes, "worst_ratio": 1.2},
        "partitions": {
            "one_partition_ns": 120.0, "sixteen_partitions_ns": 100.0, "processors": 2,
            "workers": [{"workers": 1, "per_s": 5e6}, {"workers": 2, "per_s": 6e6}],
        },
        "backtest": {"calm": weather, "flood_heavy": weather},
        "storage": {"postgresql": stored, "timescaledb": {**stored, "timescaledb": "2.19"}},
        "profile": {"packs": {**cores, "services": {"ingest": spied}}},
    }  # fmt: skip
    about = {"load_before": [0.1, 0.2], "others_cores": 0.05, "took_s": 3.0}
    parts: dict[str, Any] = {name: {**about, "result": result} for name, result in results.items()}
    parts["prometheus"] = {**about, "skipped": "no `prometheus` on PATH → apt-get install prometheus"}
    parts["packs"]["others_cores"] = 0.9
    return {
        "format": _parts.FORMAT, "begun": "2026-01-01T00:00:00+00:00", "seconds": 60.0, "quick": False,
        "took_s": 600.0, "machine": facts(), "parts": parts,
    }  # fmt: skip


@pytest.fixture
def no_measuring(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts take no time; in a quick run they work, in a full one they break."""

    def works(_: _parts.Part, given: Given) -> dict[str, Any]:
        if not given.quick:
            msg = "the disk is gone"
            raise OSError(msg)
        return {"cold_s": 4.0, "warm_s": 2.0}

    monkeypatch.setattr(_parts.Part, "measure", works)


def test_a_verdict_is_what_the_bounds_say(document: dict[str, Any]) -> None:
    found = _rows.find(document)
    assert found["packs"].verdict == "reaches at least"
    assert found["ready-warm"].verdict == "reaches the aim"
    assert found["backtest-csv"].verdict == "BELOW at least"
    assert found["memory"].verdict == "measured"


def test_a_rate_that_lost_a_reading_counts_for_nothing(document: dict[str, Any]) -> None:
    found = _rows.find(document)["single-strict"]
    assert found.value == 0.0
    assert found.verdict == "BELOW at least"


def test_a_figure_taken_beside_other_work_says_so(document: dict[str, Any]) -> None:
    lines = {line[0]: line[3] for line in _table.lines(document)}
    assert lines[_rows.ROWS["packs"].text].endswith("†")
    assert not lines[_rows.ROWS["evaluate"].text].endswith("†")
    assert _table.BUSY_NOTE in _table.text(document)


def test_a_part_that_was_skipped_or_failed_is_told_and_has_no_figure(document: dict[str, Any]) -> None:
    parts = {"ready": {**document["parts"]["prometheus"]}, "storage": {**document["parts"]["prometheus"]}}
    parts["storage"] = {"failed": "OSError: disk", "load_before": [0.0, 0.0], "others_cores": 0.0}
    text = _table.text({**document, "parts": parts})
    assert "apt-get install prometheus" in text
    assert "FAILED: OSError: disk" in text


def test_a_quick_run_judges_nothing(document: dict[str, Any]) -> None:
    text = _table.text({**document, "quick": True})
    assert "reaches" not in text
    assert "these figures mean little" in text


def test_every_row_belongs_to_a_part_that_runs() -> None:
    assert {row.part for row in _rows.ROWS.values()} <= set(_parts.PARTS)


def test_the_plain_engine_and_ours_tell_the_same() -> None:
    _, _, ours = wide(300, 0.05)
    _, plain = plain_wide(300, 0.05)
    assert [sorted(turn) for turn in ours] == [sorted(turn) for turn in plain]
    assert {verb for turn in ours for verb, *_ in turn} >= {"raised", "cleared"}


def test_the_plain_engine_knows_delays_hysteresis_and_late_readings() -> None:
    engine = PlainEngine((1.0,), hysteresis=0.5, on_delay_s=60.0, off_delay_s=120.0)
    values = [1.2, 1.2, 0.8, 0.4, 0.4, 0.4]
    names = ["s"] * len(values)
    told = engine.apply(names, [MINUTE * at for at in range(len(values))], values)
    assert told == [("raised", "s", "advisory", MINUTE), ("cleared", "s", "advisory", 5 * MINUTE)]
    assert engine.apply(["s", "s"], [0, MINUTE], [9.0, 9.0]) == []


def test_shares_of_a_profile_are_of_what_was_seen() -> None:
    frame = "decode (/x/services/ingest/decode.py:10)"
    found = shares([f"main (/x/a.py:1);{frame} 3", "main (/x/a.py:1);other (/x/services/b.py:2) 1"], 10)
    assert found["own"] == {"services/ingest/decode.py decode": 0.75, "services/b.py other": 0.25}
    assert found["busy"] == 0.4


def test_others_are_not_we() -> None:
    others = Others()
    sum(range(300_000))
    assert others.cores() >= 0.0


def test_a_part_that_fails_does_not_end_the_others(no_measuring: None) -> None:
    found = _parts.run(["ready", "packs"], 60.0, quick=False)
    assert [part["failed"] for part in found["parts"].values()] == ["OSError: the disk is gone"] * 2
    assert "result" in _parts.run(["ready"], 60.0, quick=True)["parts"]["ready"]


def test_a_run_writes_its_figures_as_json_and_shows_them_again(
    no_measuring: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    assert main(["bench", "ready", "--quick", "--json", str(file)]) == 0
    first = capsys.readouterr().out
    assert "`haidang up` to ready, warm" in first
    assert json.loads(file.read_text())["machine"]["python"]
    assert main(["bench", "--from", str(file)]) == 0
    assert capsys.readouterr().out == first


def test_a_part_nobody_knows_is_refused_with_the_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["bench", "speed"]) == 2
    assert "packs-strict" in capsys.readouterr().err


def test_without_a_checkout_the_command_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "ROOT", tmp_path)
    assert main(["bench"]) == 2
    assert "checkout" in capsys.readouterr().err


def test_figures_of_another_format_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "old.json"
    file.write_text('{"format": 0}')
    assert main(["bench", "--from", str(file)]) == 2
    assert "measure again" in capsys.readouterr().err


def drawing(module: str) -> Any:
    """A module that needs matplotlib: a second to import, and nobody else here wants it."""
    return pytest.importorskip(module, reason="no matplotlib: pip install -e .[bench]")


def test_plots_are_whole_pictures_and_come_out_the_same_each_time(
    document: dict[str, Any], tmp_path: Path
) -> None:
    plots = drawing("bench._plots")
    written = plots.draw(document, tmp_path / "a")
    assert {file.stem for file in written} == set(plots.PLOTS)
    for file in written:
        assert ET.parse(file).getroot().tag.endswith("svg")  # noqa: S314  our own file
        assert not any(line != line.rstrip() for line in file.read_text("utf-8").splitlines())
    part = {"backtest": document["parts"]["backtest"]}
    again = plots.draw({**document, "parts": part}, tmp_path / "b")
    assert [file.stem for file in again] == ["promises", "backtest"]
    assert again[1].read_bytes() == (tmp_path / "a" / "backtest.svg").read_bytes()


def test_the_page_is_renewed_between_its_markers_and_nowhere_else(document: dict[str, Any]) -> None:
    pages = drawing("bench._page")
    page = (pages.ROOT / pages.PAGE).read_text("utf-8")
    once = pages.renewed(page, document)
    assert pages.renewed(once, document) == once
    assert "90,000 readings/s †" in once
    assert [part.partition("<!-- bench:")[0] for part in once.split("<!-- /bench -->")] == [
        part.partition("<!-- bench:")[0] for part in page.split("<!-- /bench -->")
    ]
    with pytest.raises(ValueError, match="write it once"):
        pages.renewed("# Figures\n", document)


def test_the_page_shows_every_plot_that_is_drawn() -> None:
    plots, pages = drawing("bench._plots"), drawing("bench._page")
    page = (pages.ROOT / pages.PAGE).read_text("utf-8")
    assert all(f"](figures/{name}.svg)" in page for name in plots.PLOTS)


def test_where_prometheus_is_missing_the_part_is_skipped_by_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from bench import prometheus

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Skipped, match="apt-get install prometheus"):
        prometheus.measure(Given(tmp_path))


def test_a_signal_ends_the_bench_through_its_own_doors() -> None:
    with pytest.raises(SystemExit) as ended:
        _main._told_to_end(15, None)
    assert ended.value.code == 143
