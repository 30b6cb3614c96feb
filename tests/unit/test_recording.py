"""Reading recordings: what is in them, and what is said when they cannot be read."""

import base64
import gzip
import json
from pathlib import Path

import pytest

from services.observation.instants import micros
from simulators.recording import RecordingError, kind_of, read_messages, read_readings, read_strikes

HEAD = "time,sensor,value\n"


def _file(folder: Path, text: str, name: str = "r.csv") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def _refusal(file: Path) -> str:
    with pytest.raises(RecordingError) as raised:
        read_readings([file])
    return str(raised.value).removeprefix(str(file))


def test_readings_come_as_columns_with_a_channel_for_each_sensor_and_unit(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        "time,sensor,value,unit\n2025-11-20T08:00:00+07:00,a.p,1.5,m\n2025-11-20T01:00:01Z,a.p,150,cm\n",
    )
    readings = read_readings([file])
    assert readings.channels == [("a.p", "m"), ("a.p", "cm")]
    assert list(readings.time) == [micros("2025-11-20T01:00:00Z"), micros("2025-11-20T01:00:01Z")]
    assert list(readings.value) == [1.5, 150.0]


def test_several_files_are_merged_by_time_and_equal_times_stay_in_file_order(tmp_path: Path) -> None:
    one = _file(tmp_path, HEAD + "2025-01-01T00:00:02Z,a.p,2\n2025-01-01T00:00:01Z,a.p,1\n", "one.csv")
    two = _file(tmp_path, HEAD + "2025-01-01T00:00:01Z,b.p,11\n", "two.csv")
    assert list(read_readings([one, two]).value) == [1.0, 11.0, 2.0]
    assert list(read_readings([two, one]).value) == [11.0, 1.0, 2.0]


def test_rows_without_a_value_are_counted_and_left_out(tmp_path: Path) -> None:
    file = _file(
        tmp_path,
        HEAD + "2025-01-01T00:00:00Z,a.p,\n2025-01-01T00:00:01Z,a.p,nan\n2025-01-01T00:00:02Z,a.p,3\n",
    )
    readings = read_readings([file])
    assert list(readings.value) == [3.0]
    assert readings.skipped == {str(file): 2}


def test_gzip_is_told_by_the_bytes_and_not_by_the_name(tmp_path: Path) -> None:
    file = tmp_path / "r.csv"
    file.write_bytes(gzip.compress((HEAD + "2025-01-01T00:00:00Z,a.p,1\n").encode()))
    assert len(read_readings([file])) == 1
    assert kind_of(file) == "readings"


@pytest.mark.parametrize(
    ("row", "line", "words"),
    [
        ("2025-01-01T00:00:00,a.p,1", 2, "zone"),
        ("yesterday,a.p,1", 2, "ISO 8601"),
        ("2025-01-01T00:00:00Z,a.p,much", 2, "not a number"),
        ('2025-01-01T00:00:00Z,a.p,"1,5"', 2, "decimal point"),
        ("2025-01-01T00:00:00Z,a.p,inf", 2, "not finite"),
        ("2025-01-01T00:00:00Z,a.p", 2, "cells"),
        ("\n2025-01-01T00:00:00Z,a.p,1,m,x", 3, "cells"),
    ],
)
def test_a_bad_row_is_refused_with_its_line_and_a_remedy(
    tmp_path: Path, row: str, line: int, words: str
) -> None:
    said = _refusal(_file(tmp_path, HEAD + row + "\n"))
    assert said.startswith(f":{line}: ")
    assert words in said
    assert " → " in said


def test_a_missing_file_is_refused_by_name(tmp_path: Path) -> None:
    assert "cannot be opened" in _refusal(tmp_path / "nowhere.csv")


def test_a_broken_gzip_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "r.csv.gz"
    file.write_bytes(gzip.compress((HEAD * 1000).encode())[:30])
    assert "gzip is broken" in _refusal(file)


def test_strikes_come_in_order_of_time(tmp_path: Path) -> None:
    head = "time,source,lat,lon,type,ka\n"
    rows = "2025-01-01T00:00:01Z,net,10.5,107.1,cg,-12.5\n2025-01-01T00:00:00Z,net,10.6,107.2,,\n"
    first, second = read_strikes([_file(tmp_path, head + rows)])
    assert (first.lat, first.type, first.ka) == (10.6, None, None)
    assert (second.lon, second.type, second.ka) == (107.1, "cg", -12.5)


def test_messages_carry_text_or_bytes(tmp_path: Path) -> None:
    lines = [
        {"t": 1786149104.5, "topic": "a/b", "payload": "[1]"},
        {"t": "2025-01-01T00:00:00Z", "topic": "c", "payload_b64": base64.b64encode(b"\xff\x00").decode()},
    ]
    file = _file(tmp_path, "".join(json.dumps(line) + "\n" for line in lines), "m.jsonl")
    assert kind_of(file) == "messages"
    older, newer = read_messages([file])
    assert (older.topic, older.payload) == ("c", b"\xff\x00")
    assert (newer.time, newer.payload) == (1_786_149_104_500_000, b"[1]")


@pytest.mark.parametrize(
    "line",
    [
        '{"t": 1, "topic": "a"}',
        '{"t": 1, "topic": "a", "payload": "x", "payload_b64": "eA=="}',
        '{"t": 1, "topic": "a", "payload_b64": "%%%"}',
        '{"topic": "a", "payload": "x"}',
        '{"t": "2025-01-01", "topic": "a", "payload": "x"}',
        "[1]",
    ],
)
def test_a_bad_message_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    file = _file(tmp_path, '{"t": 1, "topic": "a", "payload": "x"}\n' + line + "\n", "m.jsonl")
    with pytest.raises(RecordingError, match=r"m\.jsonl:2: .* → "):
        read_messages([file])


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        ("time,sensor,value", "readings"),
        ("\ufefftime,sensor,value,unit", "readings"),
        ("time,source,lat,lon", "strikes"),
        ('{"t": 1}', "messages"),
    ],
)
def test_the_first_line_tells_the_kind(tmp_path: Path, first: str, kind: str) -> None:
    assert kind_of(_file(tmp_path, first + "\n")) == kind


def test_anything_else_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="not a recording"):
        kind_of(_file(tmp_path, "station;level\n"))
