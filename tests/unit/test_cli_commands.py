"""The command: what it lists, what it imports, and what a site's files get said about them."""

import argparse
import json
import subprocess
import sys
from pathlib import Path

import pytest

from services.cli import COMMANDS, main, site
from services.cli.folder import Refused, load_site, read_site_folder
from tests.support.world import write_site

HEAVY = ("nats", "numpy", "fastapi", "psycopg", "uvicorn", "prometheus_client")


def imported_by(*words: str) -> set[str]:
    """Which heavy modules a command pulls in until its help is printed."""
    code = (
        "import sys, contextlib, io\n"
        "from services.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        f"    main({list(words)!r})\n"
        f"print(' '.join(m for m in {HEAVY!r} if m in sys.modules))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    return set(done.stdout.split())


def test_help_lists_the_commands_and_imports_no_room() -> None:
    assert imported_by("--help") == set()


@pytest.mark.parametrize("command", ["replay", "edge"])
def test_what_runs_at_the_edge_needs_the_base_dependencies_only(command: str) -> None:
    if command not in COMMANDS:
        pytest.skip(f"{command} is not a command yet")
    assert imported_by(command, "--help") == set()


def test_help_is_for_who_uses_a_command_and_not_for_who_changes_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for command in COMMANDS:
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        said = capsys.readouterr().out
        assert ended.value.code == 0
        assert said.startswith(f"usage: haidang {command} ")
        assert "Over 250" not in said, command


def test_a_command_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


def test_site_check_counts_what_is_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_site(tmp_path / "site", gateways=2, stations=3)
    assert main(["site", "check", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "2 areas, 2 gateways, 0 sources, 6 stations, 6 sensors" in said
    assert "0 errors" in said


def test_site_check_names_file_and_line_of_every_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_site(tmp_path / "site", gateways=1, stations=1)
    with (folder / "sensors.csv").open("a", encoding="utf-8") as table:
        table.write("nowhere.water_level,m,60\nelsewhere.water_level,m,60\n")
    assert main(["site", "check", str(folder), "--json"]) == 2
    said = json.loads(capsys.readouterr().out)
    lines = [
        (problem["file"], problem["line"]) for problem in said["problems"] if problem["level"] == "error"
    ]
    assert lines == [("sensors.csv", 3), ("sensors.csv", 4)]
    assert all(problem["what"]["vi"] and problem["remedy"]["vi"] for problem in said["problems"])


def test_site_rules_lists_the_hazards_own_rules_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_site(tmp_path / "site", attributes={"bd1": 1.0, "bd2": 2.0, "bd3": 3.0})
    assert main(["site", "rules", str(folder), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {"flood"} <= {row["hazard"] for row in rows}
    assert all(row["default"] for row in rows)


def test_a_reader_who_had_enough_is_no_fault_of_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of `haidang site rules DIR | head`."""

    def closed(_: object) -> int:
        raise BrokenPipeError(32, "Broken pipe")

    monkeypatch.setattr("services.cli.site._rules", closed)
    given = argparse.Namespace(verb="rules", folder=tmp_path)
    with pytest.raises(BrokenPipeError):  # which `main` ends without a word
        site.run(given)
    assert capsys.readouterr().err == ""


def test_site_rules_counts_what_the_engine_judges(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    levels = {"bd1": 1.0, "bd2": 2.0, "bd3": 3.0}
    rules = """[[rule]]
id = "rises"
hazard = "flood"
property = "water_level_rate"
watch = 0.5
[[rule]]
id = "two"
hazard = "flood"
kind = "k_of_n"
property = "water_level"
watch = 2.0
[[rule]]
id = "never"
hazard = "flood"
kind = "k_of_n"
property = "water_level"
watch = 2.0
k = 4
"""
    folder = write_site(tmp_path / "site", gateways=2, stations=3, attributes=levels, rules=rules)
    assert main(["site", "rules", str(folder)]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "rises threshold water_level_rate on 6 sensors [" in said
    assert "two k_of_n water_level on 6 sensors in 2 areas [" in said
    assert "never k_of_n water_level on 0 sensors in 0 areas [" in said
    assert main(["site", "check", str(folder)]) == 0
    said = capsys.readouterr().out
    assert "rules.toml:12: rule never: 4 are needed, and at most 3 sensors" in said
    assert "0 errors, 1 warning / 0 lỗi, 1 cảnh báo" in said


def test_a_recording_of_no_sensor_of_the_site_is_refused_with_a_word(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_site(tmp_path / "site")
    file = tmp_path / "other.csv"
    file.write_text("time,sensor,value\n2025-11-20T01:00:00Z,x.water_level,1.0\n", "utf-8")
    assert main(["backtest", str(file), "--site", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "x.water_level: not a sensor of the site" in said
    assert "compare the names with sensors.csv" in said


def test_a_folder_that_is_not_there_is_refused_with_a_word(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Refused):
        read_site_folder("/no/such/folder")
    said = capsys.readouterr().err
    assert "there is no such folder" in said
    assert "không có thư mục này" in said


def test_loading_a_bad_site_says_all_problems_and_gives_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_site(tmp_path / "site")
    (folder / "sensors.csv").unlink()
    with pytest.raises(Refused) as refused:
        load_site(folder)
    assert refused.value.code == 2
    assert "sensors.csv:1: the file is missing" in capsys.readouterr().err


def test_push_without_a_running_machine_says_how_to_start_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_site(tmp_path / "site")
    assert main(["site", "push", str(folder), "--data", str(tmp_path)]) == 2
    assert f"haidang up --site DIR --data {tmp_path}" in capsys.readouterr().err
