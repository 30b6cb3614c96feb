"""The fast reader of recordings is equal to the slow one, whatever stands in the file."""

import gzip
import math
import re
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.cli.backtest import columns
from simulators.recording import RecordingError, read_readings

TIMES = st.one_of(
    st.datetimes().map(lambda t: t.isoformat() + "Z"),
    st.datetimes().map(lambda t: t.replace(microsecond=0).isoformat() + "Z"),
    st.datetimes().map(lambda t: t.isoformat(timespec="milliseconds") + "+07:00"),
    st.datetimes().map(lambda t: t.isoformat(sep=" ", timespec="seconds") + "-03:30"),
    st.sampled_from(
        [
            "2016-02-29T00:00:00Z",
            "2015-12-31T23:59:59.999999Z",
            "20151226T101500Z",
            "2015-12-26T10:15Z",
            "2015-12-26T10:15:00.5Z",
            "2015-12-26T10:15:00,5Z",
            "2015-12-26T10:15:00.1234567Z",
            "2015-12-26T10:15:00+0700",
            "2015-12-26T10:15:00+23:59",
            "2000-02-29t00:00:00z",
        ]
    ),
)
WRONG_TIMES = st.sampled_from(
    ["", "2015-02-29T00:00:00Z", "2015-13-01T00:00:00Z", "2015-01-01T24:00:01Z", "2015-01-01T00:00:00", "x"]
)
VALUES = st.one_of(
    st.floats(allow_infinity=False).map(repr),
    st.integers(-(10**9), 10**9).map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-9999, max_value=9999).map(str),
    st.sampled_from(
        ["", "nan", "NaN", "-0.0", "-0", ".5", "5.", "+1.5", " 1.5 ", "1e3", "0000001.5", "1_000"]
    ),
)
WRONG_VALUES = st.sampled_from(["x", "1,5", "1.2.3", "-", ".", "--1", "inf", "1..2", "NA"])
SENSORS = st.sampled_from(
    ["a.water_level", "b.p", "a-very-long-station-name-of-a-city-in-the-south.water_level", "x" * 70]
)
UNITS = st.sampled_from(["", "m", "cm", "µg/m³"])


def _bits(value: float) -> bytes:
    return struct.pack("<d", value)


def _same(file: Path) -> None:
    """Both readers say the same, be it columns or a complaint."""
    try:
        slow = read_readings([file])
    except RecordingError as error:
        with pytest.raises(RecordingError, match=f"^{re.escape(str(error))}$"):
            columns.read([file])
        return
    fast = columns.read([file])
    assert fast.channels == slow.channels
    assert fast.time.tolist() == list(slow.time)
    assert fast.channel.tolist() == list(slow.channel)
    assert [_bits(v) for v in fast.value.tolist()] == [_bits(v) for v in slow.value]
    assert fast.skipped == slow.skipped


def _write(folder: Path, lines: list[str], ending: str, *, last: bool = True) -> Path:
    file = folder / "recording.csv"
    file.write_bytes((ending.join(lines) + (ending if last else "")).encode())
    return file


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(TIMES, SENSORS, VALUES, UNITS), max_size=12),
    units=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
    last=st.booleans(),
)
def test_good_rows_read_the_same(
    tmp_path: Path, rows: list[tuple[str, str, str, str]], ending: str, *, units: bool, last: bool
) -> None:
    width = 4 if units else 3
    header = ["time", "sensor", "value", "unit"][:width]
    _same(_write(tmp_path, [",".join(row[:width]) for row in [header, *rows]], ending, last=last))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(st.one_of(TIMES, WRONG_TIMES), SENSORS, st.one_of(VALUES, WRONG_VALUES)),
        min_size=1,
        max_size=6,
    )
)
def test_bad_rows_are_refused_with_the_same_words(tmp_path: Path, rows: list[tuple[str, str, str]]) -> None:
    _same(_write(tmp_path, ["time,sensor,value", *(",".join(row) for row in rows)], "\n"))


@pytest.mark.parametrize(
    "text",
    [
        "time,sensor,value\n",
        "time,sensor,value",
        "time,sensor,value\n\n\n",
        "time,sensor,value\n2015-01-01T00:00:00Z,a.b,1\n\n",
        'time,sensor,value\n2015-01-01T00:00:00Z,"a.b",1\n',
        "time,sensor,value\n2015-01-01T00:00:00Z,a.b\n",
        "time,sensor,value\n2015-01-01T00:00:00Z,a.b,1,m\n",
        "time,sensor,value,unit\n2015-01-01T00:00:00Z,a.b,1\n2015-01-01T00:00:00Z,a.b,1,m\n",
        "\ufefftime,sensor,value\n2015-01-01T00:00:00Z,a.b,1\n",
        "time,sensor,value,colour\n",
        "sensor,time,value\n",
        "",
    ],
)
def test_odd_files_read_the_same(tmp_path: Path, text: str) -> None:
    file = tmp_path / "recording.csv"
    file.write_text(text, encoding="utf-8")
    _same(file)


def test_bytes_that_are_no_utf8_are_refused_with_the_same_words(tmp_path: Path) -> None:
    file = tmp_path / "recording.csv"
    file.write_bytes(b"time,sensor,value\n2015-01-01T00:00:00Z,a.b,1\n2015-01-01T00:00:00Z,\xff.b,1\n")
    _same(file)


def test_rows_out_of_order_are_put_in_order_and_equal_times_stay(tmp_path: Path) -> None:
    lines = [f"2015-01-01T00:00:{s:02d}Z,s{n}.p,{n}" for n, s in enumerate([5, 1, 5, 0, 1])]
    file = _write(tmp_path, ["time,sensor,value", *lines], "\n")
    assert columns.read([file]).value.tolist() == [3.0, 1.0, 4.0, 0.0, 2.0]
    _same(file)


def test_several_files_are_merged_and_share_their_channels(tmp_path: Path) -> None:
    first, second = tmp_path / "a.csv", tmp_path / "b.csv.gz"
    first.write_text("time,sensor,value\n2015-01-01T00:00:02Z,a.p,2\n2015-01-01T00:00:00Z,b.p,0\n")
    with gzip.open(second, "wt") as stream:
        stream.write('time,sensor,value\n2015-01-01T00:00:01Z,"b.p",1\n2015-01-01T00:00:03Z,c.p,\n')
    fast, slow = columns.read([first, second]), read_readings([first, second])
    assert fast.channels == slow.channels
    assert fast.value.tolist() == list(slow.value) == [0.0, 1.0, 2.0]
    assert fast.skipped == slow.skipped == {str(second): 1}


def test_a_file_over_many_blocks_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(columns, "BLOCK", 100)
    lines = [f"2015-01-01T00:{n // 60:02d}:{n % 60:02d}Z,s{n % 7}.p,{n / 8}" for n in range(600)]
    _same(_write(tmp_path, ["time,sensor,value", *lines], "\n"))
    lines[450] = "2015-01-01T00:00:00Z,s.p,oops"
    _same(_write(tmp_path, ["time,sensor,value", *lines], "\n"))


def test_many_names_are_told_apart(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    names = [f"s{n}" + "x" * int(rng.integers(0, 40)) + ".p" for n in range(6000)]
    _same(
        _write(tmp_path, ["time,sensor,value", *(f"2015-01-01T00:00:00Z,{name},1" for name in names)], "\n")
    )


def test_a_value_is_never_infinite(tmp_path: Path) -> None:
    file = _write(tmp_path, ["time,sensor,value", "2015-01-01T00:00:00Z,a.b,1e308"], "\n")
    assert math.isfinite(columns.read([file]).value[0])
